import { type CpuProfile, CpuProfiler, type CpuProfilerOptions } from "@skep/tracers/profiling";
import { releaseFilePages } from "../system/release-pages.ts";
import type { LaunchedCommand } from "./launched-command.ts";
import { type ProfileRequest, subjectOf } from "./profile-request.ts";
import { Progress } from "./progress.ts";

/** `setTimeout` takes no longer than this, 24 days. With no end in sight it is this timer that keeps Skep running. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Measures until the first of: the duration is over, all that was to be profiled has exited, a signal came. */
export async function recordProfile(
  request: ProfileRequest,
  launched: LaunchedCommand | undefined,
  interrupted: Promise<unknown>,
): Promise<CpuProfile> {
  await using profiler = await CpuProfiler.start(profilerOptions(request, launched));
  launched?.release();
  // What started Skep, and loaded the kernel half, is behind it.
  releaseFilePages();
  const ends = [interrupted];
  if (request.target.kind === "pids") ends.push(profiler.exited);
  if (launched !== undefined) ends.push(Promise.all([profiler.exited, launched.exited]));
  const { promise: elapsed, resolve } = Promise.withResolvers<void>();
  using _timer = setTimeout(resolve, request.durationMs ?? LONGEST_TIMER_MS);
  {
    using _progress = new Progress(describeRun(request), request.durationMs, launched !== undefined);
    await Promise.race([elapsed, ...ends]);
  }
  profiler.stop();
  return await profiler.snapshot();
}

function profilerOptions(request: ProfileRequest, launched: LaunchedCommand | undefined): CpuProfilerOptions {
  const { mode, frequencyHz, target } = request;
  if (launched !== undefined) return { mode, frequencyHz, pids: [launched.pid], startOnExec: true };
  switch (target.kind) {
    case "all":
    case "command":
      return { mode, frequencyHz };
    case "pids":
      return { mode, frequencyHz, pids: target.pids };
    case "cgroup":
      return { mode, frequencyHz, cgroupPath: target.path };
    default:
      return target satisfies never;
  }
}

function describeRun({ target, mode, frequencyHz }: ProfileRequest): string {
  const subject = subjectOf(target) ?? "every process";
  return mode === "on-cpu" ? `Profiling ${subject} at ${frequencyHz} Hz` : `Profiling what ${subject} waits for`;
}
