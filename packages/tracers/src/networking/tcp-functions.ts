import { type Btf, BtfKind } from "@skep/ebpf/btf";
import { probeFeature } from "@skep/ebpf/features";
import { tracepointsArePreemptible } from "../syscall-forms.ts";

/** The programs of requests.bpf.c at TCP's own functions: optional, all of them or none. Each has a `_second` one. */
export const tcpFunctionPrograms = [
  "on_tcp_send",
  "on_tcp_sent",
  "on_tcp_receive",
  "on_tcp_received",
  "on_tcp_close",
] as const;

/** Those that this kernel is to load: the second ones, too, where it may switch to another task in the middle of a program. */
export function tcpFunctionProgramNames(): string[] {
  const names = [...tcpFunctionPrograms];
  return tracepointsArePreemptible() ? names.flatMap((name) => [name, `${name}_second`]) : names;
}

/** In words of a program's context: `receive_flags_at` and `receive_result_at` of requests.bpf.c. */
export interface ReceiveWords {
  readonly flagsAt: number;
  readonly resultAt: number;
}

/**
 * Where tcp_recvmsg() has its flags and, as words behind the last argument, its result. Undefined where the kernel's
 * functions are none that can be looked at, or where it refuses such programs.
 */
export function tcpFunctionsOf(kernel: Btf): ReceiveWords | undefined {
  const words = receiveWords(parameterNames(kernel, "tcp_recvmsg"));
  const send = parameterNames(kernel, "tcp_sendmsg");
  if (words === undefined || send.length !== 3 || parameterNames(kernel, "tcp_close")[0] !== "sk") return undefined;
  return probeFeature("fentry").supported ? words : undefined;
}

/** By the names of the function's arguments, as the kernel half knows them. */
export function receiveWords(names: readonly string[]): ReceiveWords | undefined {
  const flagsAt = names.indexOf("flags");
  const resultAt = names.length;
  const isKnown = names[0] === "sk" && names[1] === "msg" && names[2] === "len";
  return isKnown && flagsAt >= 3 && flagsAt < resultAt && resultAt <= 6 ? { flagsAt, resultAt } : undefined;
}

function parameterNames(kernel: Btf, name: string): string[] {
  const id = kernel.findByName(name, BtfKind.function);
  const type = id === undefined ? undefined : kernel.type(id);
  const prototype = type?.kind === BtfKind.function ? kernel.type(type.typeId) : undefined;
  return prototype?.kind === BtfKind.functionPrototype ? prototype.parameters.map((each) => each.name) : [];
}
