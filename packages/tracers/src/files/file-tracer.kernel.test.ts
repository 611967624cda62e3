import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { release } from "node:os";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { KernelBtf } from "@skep/ebpf";
import { ioUringPrograms } from "../io-uring-hooks.ts";
import { exactTest } from "../testing/exact-test.ts";
import type { FileOperations, FileReport, FileStatistics, SlowOperation } from "./file-report.ts";
import { operationCount, sumOperations } from "./file-store.ts";
import { FileTracer } from "./file-tracer.ts";
import { filesBelow, scenario, shell, takeReport, testFolder, traceToEnd } from "./testing/traced-workload.ts";

/** Counts and bytes alone. */
function counts(file: FileStatistics | undefined): Record<string, unknown> {
  assert.ok(file !== undefined, "the file is in the report");
  const { opens, reads, writes, syncs, readBytes, writtenBytes, errors } = file;
  return { opens, reads, writes, syncs, readBytes, writtenBytes, errors };
}

const nothing = { opens: 0, reads: 0, writes: 0, syncs: 0, readBytes: 0, writtenBytes: 0, errors: {} };

/** Whether this kernel lets us see the requests of io_uring one by one. Node.js itself makes some, which open no file. */
const seesIoUring = ((): boolean => {
  using kernelBtf = KernelBtf.open();
  return ioUringPrograms(kernelBtf.vmlinux).length > 0;
})();

function nothingLost({
  lost: { recursion: _, ...lost },
  incomplete: { ioUringNotSeen, ...incomplete },
}: FileReport): void {
  for (const [reason, count] of Object.entries({ ...lost, ...incomplete })) assert.equal(count, 0, reason);
  if (seesIoUring) assert.equal(ioUringNotSeen, 0);
}

function total({ files, unattributed }: FileReport): FileOperations {
  return files.reduce(sumOperations, unattributed);
}

exactTest("what was done to each file is counted to the byte", async () => {
  const folder = testFolder();
  await using workload = scenario("mixed", folder);
  const { report } = await traceToEnd(workload);
  const files = filesBelow(folder, report);
  const mixed = files.get("mixed");
  assert.deepEqual(counts(mixed), {
    opens: 1,
    reads: 6,
    writes: 3,
    syncs: 1,
    readBytes: 500 + 54 + 300 + 30 + 24 + 0,
    writtenBytes: 1000 + 24 + 30,
    errors: {},
  });
  assert.equal(mixed?.type, "file");
  assert.ok(mixed.readNs > 0 && mixed.writeNs > 0 && mixed.openNs > 0 && mixed.syncNs > 0);
  assert.deepEqual([mixed.process.pid, mixed.process.executablePath], [workload.pid, process.execPath]);
  const directory = report.files.find(({ path }) => path === folder);
  assert.equal(directory?.type, "directory");
  assert.deepEqual(counts(directory), { ...nothing, opens: 1, reads: 1, errors: { EISDIR: 1 } });
  nothingLost(report);
});

exactTest("a file goes by the name it has at the time, and by none of another", async () => {
  const folder = testFolder();
  await using workload = scenario("names", folder);
  const { report } = await traceToEnd(workload);
  const written = Array.from(filesBelow(folder, report), ([name, file]) => [name, file.opens, file.writtenBytes]);
  assert.deepEqual(
    new Set(written.map(String)),
    new Set([
      "first,1,1",
      "second,1,20",
      "third,0,300",
      "third (deleted),0,4000",
      "recreated,2,11",
      "recreated (deleted),0,110",
    ]),
  );
  nothingLost(report);
});

exactTest("what moves from file to file is read from the one and written to the other", async () => {
  const folder = testFolder();
  execFileSync("mkfifo", [`${folder}/pipe`]);
  await using workload = scenario("transfers", folder);
  const { report, lastLine } = await traceToEnd(workload);
  assert.deepEqual(JSON.parse(lastLine), [600, 400, 0, -1, 50, 50]);
  const files = filesBelow(folder, report);
  assert.deepEqual(counts(files.get("from")), {
    opens: 1,
    reads: 5,
    writes: 1,
    syncs: 0,
    readBytes: 600 + 400 + 50,
    writtenBytes: 1000,
    errors: { EBADF: 1 },
  });
  assert.deepEqual(counts(files.get("to")), { ...nothing, opens: 1, writes: 4, writtenBytes: 600 + 400 + 50 });
  assert.deepEqual(counts(files.get("pipe")), {
    ...nothing,
    opens: 1,
    reads: 1,
    writes: 1,
    readBytes: 50,
    writtenBytes: 50,
  });
  const absent = report.files.find(({ path }) => path === "bad descriptor");
  assert.deepEqual(counts(absent), { ...nothing, writes: 1, errors: { EBADF: 1 } });
  nothingLost(report);
});

exactTest("a relative path is resolved from the directory that its descriptor stands for", async () => {
  const folder = testFolder();
  mkdirSync(`${folder}/directory`);
  writeFileSync(`${folder}/directory/there`, "");
  await using workload = scenario("relative", folder);
  const { report } = await traceToEnd(workload);
  const files = filesBelow(folder, report);
  assert.deepEqual(counts(files.get("directory/there")), { ...nothing, opens: 2 });
  for (const name of ["directory/missing", "directory/../missing"]) {
    assert.deepEqual(counts(files.get(name)), { ...nothing, opens: 1, errors: { ENOENT: 1 } });
  }
  const nowhere = report.files.find(({ path }) => path === "missing");
  assert.deepEqual(counts(nowhere), { ...nothing, opens: 1, errors: { EBADF: 1 } });
  const absent = report.files.find(({ path }) => path === "bad descriptor");
  assert.deepEqual([absent?.type, counts(absent)], ["none", { ...nothing, reads: 1, errors: { EBADF: 1 } }]);
  nothingLost(report);
});

exactTest("what could not be opened shows by the path that was asked for, and by why", async () => {
  const folder = testFolder();
  writeFileSync(`${folder}/file`, "");
  symlinkSync("file", `${folder}/link`);
  await using workload = scenario("failures", folder);
  const { report } = await traceToEnd(workload);
  const long = "x".repeat(200);
  assert.deepEqual(
    Array.from(filesBelow(folder, report), ([name, { opens, errors, type }]) => [name, opens, errors, type]).sort(),
    [
      [".", 1, { EISDIR: 1 }, "none"],
      ["file", 1, { EEXIST: 1 }, "none"],
      ["file/below", 1, { ENOTDIR: 1 }, "none"],
      ["link", 1, { ELOOP: 1 }, "none"],
      ["missing", 3, { ENOENT: 3 }, "none"],
      [`${long}/a/${long}`, 1, { ENOENT: 1 }, "none"],
      [`${long}/b/${long}`, 1, { ENOENT: 1 }, "none"],
      [`${long}/b/${long}/c`, 1, { ENOENT: 1 }, "none"],
      [`${long}/b/${long}/d`, 1, { ENOENT: 1 }, "none"],
      ["x".repeat(300), 1, { ENAMETOOLONG: 1 }, "none"],
    ],
  );
  nothingLost(report);
});

exactTest("a path is the one that the process sees: below its root, in its mounts", async () => {
  const folder = testFolder();
  for (const name of ["jail", "mount", "original"]) mkdirSync(`${folder}/${name}`);
  writeFileSync(`${folder}/original/inside`, "seven b");
  await using workload = shell(`cd ${folder}
    exec unshare -m sh -c 'mount -o bind original mount && cat mount/inside && mount -o rbind / jail &&
      exec chroot jail cat ${folder}/original/inside ${folder}/mount/inside'`);
  const { report } = await traceToEnd(workload);
  const read = report.files
    .filter(({ path, readBytes }) => path.endsWith("/inside") && readBytes > 0)
    .map(({ path, opens, readBytes, process: { pid } }) => [path, opens, readBytes, pid === workload.pid]);
  assert.deepEqual(
    new Set(read.map(String)),
    new Set([
      `${folder}/mount/inside,1,7,false`,
      `${folder}/original/inside,1,7,true`,
      `${folder}/mount/inside,1,7,true`,
    ]),
  );
});

exactTest("a read counts for the file that it began with, whatever becomes of the descriptor", async () => {
  const folder = testFolder();
  execFileSync("mkfifo", [`${folder}/pipe`]);
  writeFileSync(`${folder}/other`, "other");
  await using workload = scenario("reuse", folder);
  const { report, lastLine } = await traceToEnd(workload);
  assert.deepEqual(JSON.parse(lastLine), { reused: true, read: 77 });
  const files = filesBelow(folder, report);
  assert.equal(files.get("pipe")?.type, "pipe");
  assert.deepEqual(counts(files.get("pipe")), {
    ...nothing,
    opens: 2,
    reads: 1,
    writes: 1,
    readBytes: 77,
    writtenBytes: 77,
  });
  assert.deepEqual(counts(files.get("other")), { ...nothing, opens: 1, reads: 1, readBytes: 5 });
  nothingLost(report);
});

exactTest("sums are those that the kernel keeps of the process", async () => {
  const folder = testFolder();
  execFileSync("mkfifo", [`${folder}/pipe`]);
  await using workload = scenario("held", folder);
  await workload.ready;
  // Stopped while either of them begins or ends to look, it is seen by both for the same time.
  await stop(workload.pid);
  await using tracer = await FileTracer.start({ pids: [workload.pid] });
  const before = ioCounters(workload.pid);
  process.kill(workload.pid, "SIGCONT");
  workload.release();
  const reports: FileReport[] = [];
  while (!existsSync(`${folder}/done`)) reports.push(await takeReport(tracer));
  await stop(workload.pid);
  const after = ioCounters(workload.pid);
  tracer.stop();
  reports.push(await takeReport(tracer));
  for (const report of reports) nothingLost(report);
  const { reads, writes, readBytes, writtenBytes } = reports.map(total).reduce(sumOperations);
  // The kernel leaves out splice() (50 bytes each), and a sendfile() that finds no file (fs/splice.c, fs/read_write.c).
  assert.deepEqual(
    { rchar: readBytes - 2 * 50, wchar: writtenBytes - 2 * 50, syscr: reads - 3, syscw: writes - 3 },
    Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)])),
  );
});

/** Stops a process; resolves when it is. */
async function stop(pid: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  while (!/^State:\tT/m.test(readFileSync(`/proc/${pid}/status`, "latin1"))) await setTimeout(10);
}

/** What the kernel counts in vfs_read() and its like. */
function ioCounters(pid: number): Record<string, number> {
  const lines = readFileSync(`/proc/${pid}/io`, "latin1").matchAll(/^(rchar|wchar|syscr|syscw): (\d+)$/gm);
  return Object.fromEntries(Array.from(lines, ([, name = "", value]) => [name, Number(value)]));
}

exactTest("each slow operation is an event that says what it was", async () => {
  const folder = testFolder();
  await using workload = scenario("mixed", folder);
  await workload.ready;
  // No operation is faster than that.
  await using tracer = await FileTracer.start({ pids: [workload.pid], slowNs: 1 });
  const before = BigInt(Date.now() - 1) * 1_000_000n;
  workload.release();
  await tracer.exited;
  tracer.stop();
  const after = BigInt(Date.now() + 1) * 1_000_000n;
  const report = await takeReport(tracer);
  const events: SlowOperation[] = [];
  for await (const event of tracer.events()) events.push(event);
  assert.equal(events.length, operationCount(total(report)));
  for (const { timeUnixNs } of events) assert.ok(before <= timeUnixNs && timeUnixNs <= after);
  const mixed = events.filter(({ path }) => path === `${folder}/mixed`);
  assert.deepEqual(
    mixed.map(({ operation, call, offset, bytes }) => [operation, call.replace(/v2$/, "v"), offset, bytes]),
    [
      ["open", process.arch === "arm64" ? "openat" : "open", undefined, 0],
      ["write", "write", 0, 1000],
      ["write", "pwrite64", 1000, 24],
      ["write", "pwritev", 1024, 30],
      ["sync", "fsync", undefined, 0],
      ["read", "pread64", 0, 500],
      ["read", "pread64", 1000, 54],
      ["read", "preadv", 0, 300],
      ["read", "read", 1000, 30],
      ["read", "read", 1030, 24],
      ["read", "read", 1054, 0],
    ].map(([operation, call, ...rest]) => [operation, call === "open" ? mixed[0]?.call : call, ...rest]),
  );
  const durationNs = mixed.reduce((sum, event) => sum + event.durationNs, 0);
  const { openNs = 0, readNs = 0, writeNs = 0, syncNs = 0 } = filesBelow(folder, report).get("mixed") ?? {};
  assert.equal(durationNs, openNs + readNs + writeNs + syncNs);
  const failed = events.filter(({ error }) => error !== undefined).filter(({ path }) => path === folder);
  assert.deepEqual(
    failed.map(({ call, error, type, bytes }) => [call, error, type, bytes]),
    [["read", "EISDIR", "directory", 0]],
  );
  nothingLost(report);
});

exactTest("only what takes as long as is asked for is an event", async () => {
  const folder = testFolder();
  execFileSync("mkfifo", [`${folder}/pipe`]);
  await using workload = shell(`exec cat ${folder}/pipe`);
  await workload.ready;
  await using tracer = await FileTracer.start({ pids: [workload.pid], slowNs: 150_000_000 });
  workload.release();
  // It has opened the pipe when this comes back.
  const pipe = openSync(`${folder}/pipe`, "w");
  await setTimeout(400);
  writeSync(pipe, "late");
  closeSync(pipe);
  const slow: SlowOperation[] = [];
  for await (const event of tracer.events()) {
    slow.push(event);
    if (event.path === `${folder}/pipe` && event.operation === "read" && event.bytes === 4) break;
  }
  for (const { durationNs } of slow) assert.ok(durationNs >= 150_000_000);
  const { type, fileSystem, offset, process: reader } = slow.at(-1) ?? {};
  assert.deepEqual([type, offset, reader?.pid, reader?.name], ["pipe", undefined, workload.pid, "cat"]);
  assert.notEqual(fileSystem, "pipefs");
});

exactTest("what finds no room is in the sums", async () => {
  const folder = testFolder();
  const limits = [{ rows: 8 }, { files: 8 }, {}];
  for (const limit of limits) {
    await using workload = scenario("many", folder);
    const { report } = await traceToEnd(workload, { limits: limit });
    const below = Array.from(filesBelow(folder, report).values());
    const apart = below.reduce<FileOperations>(sumOperations, { ...total({ ...report, files: [] }) });
    assert.ok(apart.opens >= 200 && apart.writes >= 600 && apart.writtenBytes >= 6000, JSON.stringify(apart));
    if ("files" in limit) {
      assert.equal(report.files.length, 8);
      assert.ok(report.incomplete.evicted >= 192);
    }
    if (Object.keys(limit).length > 0) {
      assert.ok(report.unattributed.writes > 0);
      continue;
    }
    assert.equal(below.length, 200);
    for (const file of below) assert.deepEqual(counts(file), { ...nothing, opens: 1, writes: 3, writtenBytes: 30 });
    nothingLost(report);
  }
});

exactTest("a table that fills up is emptied before it is full", async () => {
  const folder = testFolder();
  const batch = `read -r _; for i in 1 2 3 4 5 6 7 8 9 10; do : > ${folder}/$batch.$i; done;`;
  await using workload = shell(`for batch in 1 2 3 4 5; do ${batch} done`);
  await workload.ready;
  // Nothing else has it emptied.
  const limits = { rows: 16, readIntervalMs: 1_000_000 };
  await using tracer = await FileTracer.start({ pids: [workload.pid], limits });
  for (let released = 0; released <= 5; released++) {
    workload.release();
    await setTimeout(500);
  }
  await tracer.exited;
  const report = await takeReport(tracer);
  const files = Array.from(filesBelow(folder, report).values());
  for (const { opens, path } of files) assert.equal(opens, 1, path);
  // Where the machine has other things to do the table may fill up before it is emptied: that is counted, too.
  assert.equal(files.length + report.unattributed.opens, 50);
  assert.ok(files.length > limits.rows, `${files.length} files`);
});

exactTest("calls of threads without room are counted as lost", async () => {
  const folder = testFolder();
  writeFileSync(`${folder}/file`, "x".repeat(100));
  const total: number[] = [];
  // The shell takes the only place, and its child finds none.
  for (const limits of [{ threads: 1 }, {}]) {
    await using workload = shell(`read -r _ < ${folder}/file; dd if=${folder}/file of=/dev/null bs=1 2>/dev/null; :`);
    const { report } = await traceToEnd(workload, { limits });
    total.push(report.files.reduce((sum, file) => sum + operationCount(file), report.lost.threadsFull));
    assert.equal(report.lost.threadsFull > 200, "threads" in limits);
  }
  assert.equal(total[0], total[1]);
});

exactTest("only files on the file systems that are asked for are looked at", async () => {
  const folder = testFolder();
  await using workload = shell(`cat /proc/self/stat /proc/missing < ${folder} > ${folder}/copy 2>&1; :`);
  const { report } = await traceToEnd(workload, { fileSystems: ["proc"] });
  const stat = report.files.find(({ path }) => path.endsWith("/stat"));
  assert.deepEqual([stat?.opens, stat?.fileSystem], [1, "proc"]);
  for (const { fileSystem, path } of report.files) assert.equal(fileSystem, "proc", path);
});

exactTest("all sockets of a process are one, and so are all its nameless pipes", async () => {
  await using workload = shell("echo one | cat | cat; echo two | cat; :");
  const { report } = await traceToEnd(workload);
  const pipes = report.files.filter(({ type }) => type === "pipe");
  for (const { path, fileSystem } of pipes) assert.deepEqual([path, fileSystem], ["pipe", "pipefs"]);
  const { readBytes, writtenBytes } = pipes.reduce<FileOperations>(sumOperations, { ...report.unattributed });
  assert.deepEqual([readBytes, writtenBytes], [12, 12]);
  assert.equal(new Set(pipes.map(({ process: { pid } }) => pid)).size, pipes.length);
  // Node.js hands its children sockets for their standard output.
  const sockets = report.files.filter(({ type }) => type === "socket");
  assert.equal(
    sockets.reduce((sum, socket) => sum + socket.writtenBytes, 0),
    8,
  );
  for (const { path, fileSystem } of sockets) assert.deepEqual([path, fileSystem], ["socket", "sockfs"]);
});

exactTest("requests of io_uring are counted as calls are, or counted as not seen", async (context) => {
  if (!ioUringWorks()) return context.skip("io_uring is switched off on this machine");
  const folder = testFolder();
  await using workload = scenario("requests", folder);
  await workload.ready;
  await using tracer = await FileTracer.start({ pids: [workload.pid], slowNs: 1 });
  workload.release();
  await tracer.exited;
  tracer.stop();
  const report = await takeReport(tracer);
  const results: number[] = JSON.parse(await workload.lastLine);
  assert.deepEqual(results, [-2, ...Array(10).fill(100), ...Array(5).fill(300), 250, 100, -9, 0]);
  const file = filesBelow(folder, report).get("requested");
  if (!seesIoUring) {
    assert.equal(file, undefined);
    // One more for the file itself.
    assert.ok(report.incomplete.ioUringNotSeen > results.length);
    return;
  }
  assert.deepEqual(counts(file), {
    opens: 1,
    reads: 7,
    writes: 10,
    syncs: 1,
    readBytes: 5 * 300 + 250 + 100,
    writtenBytes: 10 * 100,
    errors: {},
  });
  const events: SlowOperation[] = [];
  for await (const event of tracer.events()) if (event.call === "io_uring") events.push(event);
  assert.equal(events.length, results.length + 1);
  const ofFile = events.filter(({ path }) => path === `${folder}/requested`);
  assert.equal(
    ofFile.reduce((sum, { durationNs }) => sum + durationNs, 0),
    [file?.openNs, file?.readNs, file?.writeNs, file?.syncNs].reduce<number>((sum, ns) => sum + (ns ?? 0), 0),
  );
  const failed = events.filter(({ error }) => error !== undefined);
  assert.deepEqual(
    failed.map(({ path, operation, error }) => [path, operation, error]),
    [
      ["[unknown]", "open", "ENOENT"],
      ["bad descriptor", "read", "EBADF"],
    ],
  );
  assert.equal(report.incomplete.pathUnknown, 1);
});

test("requests of io_uring are seen from 5.19 on", () => {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  assert.equal(seesIoUring, major * 1000 + minor >= 5019);
});

test("options out of range are refused with what to do", async () => {
  for (const [options, message] of [
    [{ slowNs: 0 }, "no operation takes 0 ns"],
    [{ fileSystems: ["ext5"] }, 'this kernel has no file system "ext5"'],
    [{ pids: [4_194_304] }, "there is no process 4194304"],
    [{ cgroupPath: "/proc" }, '"/proc" is not a cgroup of the v2 hierarchy'],
  ] as const) {
    await assert.rejects(FileTracer.start(options), { message });
  }
});

/** kernel.io_uring_disabled (6.6): 0 for all, 1 for those with CAP_SYS_ADMIN alone, 2 for nobody. */
function ioUringWorks(): boolean {
  try {
    return readFileSync("/proc/sys/kernel/io_uring_disabled", "latin1").trim() !== "2";
  } catch {
    return true;
  }
}
