import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { ProcessEvent } from "@skep/tracers/processes";
import { Telemetry } from "../export/telemetry.ts";
import { History } from "../history/history.ts";
import {
  call,
  FIRST_ROUND_MS,
  file,
  files,
  frame,
  processes,
  profile,
  ROUND_MS,
  round,
  sample,
  syscalls,
} from "../history/testing/rounds.ts";
import type { Round } from "../pipeline/round.ts";

/** Rounds are 100 s apart, and each is as busy as ten. */
const STRIDE = 10;
const HOUR_ROUNDS = 3_600_000 / ROUND_MS / STRIDE;
const STARTS_A_ROUND = 40;
/** Above what Linux gives to any process: nothing is found in /proc. */
const FIRST_PID = 4_194_305;
const MEGABYTE = 1024 * 1024;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** A program that nobody has run before, from its start to its end within one round. */
function shortLived(number: number, timeMs: number): { events: ProcessEvent[]; round: Partial<Round> } {
  const of = { pid: FIRST_PID + number, parentPid: 7, userId: 1000, timeUnixNs: BigInt(timeMs) * 1_000_000n };
  const name = `job-${number}`;
  const path = `/opt/jobs/${number}/${name}`;
  const process = { pid: of.pid, name, executablePath: path };
  const exec = { executableDeleted: false, argumentCount: 2, argumentsTruncated: false, workingDirectory: "/" };
  const taken = { peakResidentBytes: 3e6, readBytes: 0, writtenBytes: 0, readChars: 0, writtenChars: 0 };
  return {
    events: [
      { ...of, kind: "start", name: "sh" },
      { ...of, kind: "exec", name, path, executablePath: path, arguments: [path, `${number}`], ...exec },
      { ...of, kind: "exit", name, exitCode: 0, coreDumped: false, lifetimeNs: 5e6, cpuTimeNs: 2e6, ...taken },
    ],
    round: {
      cpu: profile([sample(process, 1, frame(`run ${number}`), frame("main"))]),
      syscalls: syscalls({ processes: [{ process, syscalls: [call("read", number % 100)] }] }),
      files: files([file(process, `/tmp/job-${number}`)]),
    },
  };
}

function busyRound(index: number): Round {
  const jobs = Array.from({ length: STARTS_A_ROUND }, (_, job) =>
    shortLived(index * STARTS_A_ROUND + job, FIRST_ROUND_MS + index * STRIDE * ROUND_MS),
  );
  return round(index * STRIDE, {
    cpu: profile(jobs.flatMap((job) => job.round.cpu?.samples ?? [])),
    syscalls: syscalls({ processes: jobs.flatMap((job) => job.round.syscalls?.processes ?? []) }),
    files: files(jobs.flatMap((job) => job.round.files?.files ?? [])),
    processes: processes(jobs.flatMap(({ events }) => events)),
  });
}

test("a day of programs that nobody has run before takes no more memory than its third hour did", async (t) => {
  mock.timers.enable({ apis: ["Date"], now: FIRST_ROUND_MS });
  t.after(() => mock.timers.reset());
  const history = new History();
  await using telemetry = await Telemetry.open({ version: "1.0", retentionMs: 60_000 });

  const passHours = (from: number, to: number): number => {
    for (let index = from * HOUR_ROUNDS; index < to * HOUR_ROUNDS; index++) {
      const seen = busyRound(index);
      for (const event of seen.processes?.events ?? []) telemetry.observe(event);
      mock.timers.setTime(FIRST_ROUND_MS + (index + 1) * STRIDE * ROUND_MS);
      history.read(seen);
      telemetry.read(seen);
    }
    // The first may end a marking that began earlier, and keeps what was dropped since: up to 3 MB.
    collectGarbage();
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };

  const thirdHour = passHours(0, 3);
  const day = passHours(3, 24);
  t.diagnostic(`${(thirdHour / MEGABYTE).toFixed(1)} MB after 3 hours, ${(day / MEGABYTE).toFixed(1)} MB after 24`);
  // If each of the 30,000 programs of these 21 hours left 100 bytes behind, that would be more; V8 itself takes some.
  assert.ok(day - thirdHour < 2.5 * MEGABYTE, `${day - thirdHour} bytes more`);
});
