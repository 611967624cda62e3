import { type Btf, BtfKind, type BtfType } from "@skep/ebpf/btf";

/** The programs of files.bpf.c that see requests of io_uring begin and end. */
export type IoUringProgram = "on_request" | "on_request_before_6_4" | "on_completion" | "on_completion_with_result";

/**
 * Which of the programs fit this kernel: by what it hands to its tracepoints, which has changed often. None where the
 * request is not among it (below 5.19), or where there is no io_uring.
 */
export function ioUringPrograms(kernel: Btf): readonly IoUringProgram[] {
  const request = requestProgram(kernel);
  const completion = completionProgram(kernel);
  return request === undefined || completion === undefined ? [] : [request, completion];
}

function requestProgram(kernel: Btf): IoUringProgram | undefined {
  if (tracepointArguments(kernel, "io_uring_submit_req")[0] === "io_kiocb") return "on_request";
  if (tracepointArguments(kernel, "io_uring_submit_sqe")[0] === "io_kiocb") return "on_request_before_6_4";
  return undefined;
}

function completionProgram(kernel: Btf): IoUringProgram | undefined {
  const completion = tracepointArguments(kernel, "io_uring_complete");
  if (completion.length === 3 && completion[2] === "io_uring_cqe") return "on_completion";
  // Ring, request, user data, result, flags, and two words of large completions.
  if (completion.length === 7) return "on_completion_with_result";
  return undefined;
}

/** Names of what a tracepoint's arguments are, or point to; none where there is no such tracepoint. */
function tracepointArguments(kernel: Btf, tracepoint: string): string[] {
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

/** The type behind typedefs and pointers. */
function target(kernel: Btf, typeId: number): BtfType {
  const type = kernel.type(typeId);
  return type.kind === BtfKind.typedef || type.kind === BtfKind.pointer ? target(kernel, type.typeId) : type;
}
