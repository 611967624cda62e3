import { type Btf, BtfKind, type BtfType } from "@skep/ebpf/btf";

/**
 * Names of what a tracepoint's arguments are, or point to; "" for what has none. Empty where this kernel has no such
 * tracepoint.
 */
export function tracepointArguments(kernel: Btf, tracepoint: string): string[] {
  const typedef = kernel.findByName(`btf_trace_${tracepoint}`, BtfKind.typedef);
  if (typedef === undefined) return [];
  const prototype = target(kernel, typedef);
  if (prototype.kind !== BtfKind.functionPrototype) return [];
  // The first one is for who registered the function.
  return prototype.parameters.slice(1).map(({ typeId }) => {
    const type = target(kernel, typeId);
    return "name" in type ? type.name : "";
  });
}

/** The type behind typedefs, pointers and `const`. */
function target(kernel: Btf, typeId: number): BtfType {
  const type = kernel.type(typeId);
  return type.kind === BtfKind.typedef || type.kind === BtfKind.pointer || type.kind === BtfKind.const
    ? target(kernel, type.typeId)
    : type;
}
