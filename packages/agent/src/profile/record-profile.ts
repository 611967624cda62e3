import { type CpuProfile, CpuProfiler } from "@skep/tracers/profiling";
import { Progress } from "../run/progress.ts";
import type { Run } from "../run/run.ts";
import { subjectOf } from "../run/target.ts";
import type { ProfileRequest } from "./profile-request.ts";

/** Measures from now until the run ends. */
export async function recordProfile(request: ProfileRequest, run: Run): Promise<CpuProfile> {
  const { mode, frequencyHz } = request;
  await using profiler = await CpuProfiler.start({ mode, frequencyHz, ...run.targetOptions });
  {
    using _progress = new Progress(describeRun(request), request.durationMs, run.sharesTerminal);
    await run.untilEnd(profiler.exited);
  }
  profiler.stop();
  return await profiler.snapshot();
}

function describeRun({ target, mode, frequencyHz }: ProfileRequest): string {
  const subject = subjectOf(target) ?? "every process";
  return mode === "on-cpu" ? `Profiling ${subject} at ${frequencyHz} Hz` : `Profiling what ${subject} waits for`;
}
