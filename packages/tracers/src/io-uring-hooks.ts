import type { Btf } from "@skep/ebpf/btf";
import { tracepointArguments } from "./tracepoint-arguments.ts";

/** The programs of files.bpf.c and requests.bpf.c that see requests of io_uring begin and end. */
export const ioUringProgramNames = [
  "on_request",
  "on_request_before_6_4",
  "on_completion",
  "on_completion_with_result",
] as const;

export type IoUringProgram = (typeof ioUringProgramNames)[number];

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
