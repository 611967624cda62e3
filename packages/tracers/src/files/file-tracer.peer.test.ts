/** The file tracer against strace, on the same run. */

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Workload } from "../profiling/testing/workload.ts";
import { exactTest } from "../testing/exact-test.ts";
import type { FileReport } from "./file-report.ts";
import { FileTracer } from "./file-tracer.ts";
import { readStraceLog, STRACED_CALLS, type StracedFile } from "./testing/strace-log.ts";
import { scenario, shell, takeReport, testFolder } from "./testing/traced-workload.ts";

/** Lets the workload run to its end while both look at it. */
async function traceWithStrace(workload: Workload): Promise<{ report: FileReport; strace: Map<string, StracedFile> }> {
  await workload.ready;
  const log = join(testFolder(), "strace.log");
  // Before strace, which interrupts the call that the workload waits in: it then enters it again, as both see.
  await using tracer = await FileTracer.start({ pids: [workload.pid] });
  const strace = spawn(
    "strace",
    ["-f", "-y", "-s", "4096", "-e", `trace=${STRACED_CALLS}`, "-o", log, "-p", String(workload.pid)],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const ended = once(strace, "close");
  // "strace: Process 4242 attached"
  await once(strace.stderr, "data");
  workload.release();
  await Promise.all([tracer.exited, ended]);
  tracer.stop();
  return { report: await takeReport(tracer), strace: readStraceLog(readFileSync(log, "utf8")) };
}

/** Of all processes, by path, as strace names it. */
function byPath({ files }: FileReport): Map<string, StracedFile> {
  const sums = new Map<string, StracedFile>();
  for (const { path, deleted, opens, reads, writes, syncs, readBytes, writtenBytes, errors } of files) {
    const name = deleted ? `${path} (deleted)` : path;
    const sum = sums.get(name) ?? {
      opens: 0,
      reads: 0,
      writes: 0,
      syncs: 0,
      readBytes: 0,
      writtenBytes: 0,
      errors: {},
    };
    sums.set(name, sum);
    sum.opens += opens;
    sum.reads += reads;
    sum.writes += writes;
    sum.syncs += syncs;
    sum.readBytes += readBytes;
    sum.writtenBytes += writtenBytes;
    for (const [error, count] of Object.entries(errors)) sum.errors[error] = (sum.errors[error] ?? 0) + count;
  }
  return sums;
}

function assertSame(report: FileReport, strace: Map<string, StracedFile>): void {
  const ours = byPath(report);
  assert.ok(strace.size > 3, `${strace.size} paths`);
  assert.deepEqual(Object.fromEntries([...ours].sort()), Object.fromEntries([...strace].sort()));
  for (const [reason, count] of Object.entries(report.lost)) assert.equal(count, 0, reason);
}

exactTest("a Node.js program does with each file what strace says", async () => {
  for (const name of ["mixed", "names", "failures", "transfers", "relative", "reuse", "many"]) {
    const folder = testFolder();
    mkdirSync(`${folder}/directory`);
    for (const file of ["directory/there", "file", "other"]) writeFileSync(`${folder}/${file}`, "contents");
    execFileSync("mkfifo", [`${folder}/pipe`]);
    await using workload = scenario(name, folder);
    const { report, strace } = await traceWithStrace(workload);
    assertSame(report, strace);
  }
});

exactTest("a shell's children, pipes and links do, too", async () => {
  const folder = testFolder();
  await using workload = shell(`cd ${folder}
    seq 1000 > numbers; ln numbers linked; mkdir sub; (cd sub; cat ../linked ./missing 2>/dev/null) | sort -r | head -n 3 > head
    cp numbers copy; mv copy moved; tail -n 5 moved | wc -c; exec 5> gone; rm gone; echo more >&5
    for i in 1 2 3 4 5; do dd if=numbers of=part.$i bs=100 count=$i conv=fsync 2>/dev/null; done; ls -R /usr/share/doc > listing; :`);
  const { report, strace } = await traceWithStrace(workload);
  assertSame(report, strace);
});

exactTest("a Python program that builds an archive with threads does, too", async () => {
  const folder = testFolder();
  const program = `
import sys, os, tarfile, threading
sys.stdin.readline()
os.chdir(sys.argv[1])
def work(number):
    for i in range(50):
        with open(f"file-{number}-{i}", "wb") as file: file.write(bytes(1000 + i))
        with open(f"file-{number}-{i}", "rb", 0) as file:
            while file.read(300): pass
        try: open(f"missing-{number}/{i}")
        except OSError: pass
threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with tarfile.open("all.tar.gz", "w:gz") as archive: archive.add(".")
`;
  await using workload = shell(`echo | exec python3 -c '${program}' ${folder}`);
  const { report, strace } = await traceWithStrace(workload);
  assertSame(report, strace);
});
