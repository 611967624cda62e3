// Says "ready", waits for a line on its standard input, then does what its first argument names in the folder that is its
// second one, with nothing but known calls to files there. Prints what it found out, as JSON, and ends.
import {
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  readvSync,
  renameSync,
  unlinkSync,
  writeSync,
  writevSync,
} from "node:fs";
import { Worker } from "node:worker_threads";
import { IoUring, Opcode } from "./io-uring.mjs";
import { addressOf, libcFunction } from "./libc.mjs";

const [, , scenario, folder] = process.argv;
const buffer = Buffer.alloc(4096);
const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY } = constants;

/** Each way that Node.js has to read and write, on one file. */
function mixed() {
  const file = openSync(`${folder}/mixed`, O_RDWR | O_CREAT);
  writeSync(file, buffer, 0, 1000); // write
  writeSync(file, buffer, 0, 24, 1000); // pwrite64
  writevSync(file, [buffer.subarray(0, 10), buffer.subarray(0, 20)], 1024); // pwritev
  fsyncSync(file);
  readSync(file, buffer, 0, 500, 0); // pread64
  readSync(file, buffer, 0, 4096, 1000); // pread64: 54 of them are there
  readvSync(file, [buffer.subarray(0, 100), buffer.subarray(0, 200)], 0); // preadv
  readSync(file, buffer, 0, 30, null); // read: from where the write has ended
  readSync(file, buffer, 0, 30, null); // read: 24 to the end of the file
  readSync(file, buffer, 0, 30, null); // read: at the end
  closeSync(file);
  const directory = openSync(folder, O_RDONLY | O_DIRECTORY);
  attempt(() => readSync(directory, buffer, 0, 1, null)); // EISDIR
  closeSync(directory);
}

/** All that /proc/PID/io knows, and then goes on until it is ended. */
async function held() {
  mixed();
  transfers();
  mkdirSync(`${folder}/done`);
  await new Promise((resolve) => setTimeout(resolve, 1_000_000));
}

/** One file by all the names it has in turn, and one that takes the place of another. */
function names() {
  process.chdir(folder);
  const file = openSync("first", O_WRONLY | O_CREAT);
  writeSync(file, buffer, 0, 1);
  linkSync("first", "second");
  const other = openSync("second", O_WRONLY);
  writeSync(other, buffer, 0, 20);
  closeSync(other);
  renameSync("first", "third");
  writeSync(file, buffer, 0, 300);
  unlinkSync("third");
  writeSync(file, buffer, 0, 4000);
  closeSync(file);
  for (const size of [5, 6]) {
    const recreated = openSync("recreated", O_WRONLY | O_CREAT);
    writeSync(recreated, buffer, 0, size);
    unlinkSync("recreated");
    writeSync(recreated, buffer, 0, 10 * size);
    closeSync(recreated);
  }
}

function failures() {
  process.chdir(folder);
  const long = "x".repeat(200);
  for (const [path, flags] of [
    ["missing", O_RDONLY],
    ["./missing", O_RDONLY],
    [`${folder}/missing`, O_RDONLY],
    [`${long}/a/${long}`, O_RDONLY],
    [`${long}/b/${long}`, O_RDONLY],
    [`${long}/b/${long}/c`, O_RDONLY],
    [`${long}/b/${long}/d`, O_RDONLY],
    ["x".repeat(300), O_RDONLY],
    ["file/below", O_RDONLY],
    ["file", O_WRONLY | O_CREAT | O_EXCL],
    ["link", O_RDONLY | O_NOFOLLOW],
    [".", O_WRONLY],
  ]) {
    attempt(() => openSync(path, flags));
  }
}

/** Reads a pipe in a thread while this one gives its descriptor to another file. */
async function reuse() {
  const pipe = openSync(`${folder}/pipe`, O_RDWR);
  const writer = openSync(`${folder}/pipe`, O_WRONLY);
  const code = `
    const { readSync } = require("node:fs");
    const { parentPort } = require("node:worker_threads");
    parentPort.postMessage(readSync(${pipe}, Buffer.alloc(100), 0, 100, null));`;
  const worker = new Worker(code, { eval: true });
  const messages = [];
  worker.on("message", (message) => messages.push(message));
  while (!isRead(pipe)) await new Promise((resolve) => setTimeout(resolve, 20));
  closeSync(pipe);
  const other = openSync(`${folder}/other`, O_RDONLY);
  writeSync(writer, buffer, 0, 77);
  while (messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  readSync(other, buffer, 0, 5, null);
  return { reused: other === pipe, read: messages[0] };
}

/** Whether a thread of this process is inside of a read of the descriptor. */
function isRead(descriptor) {
  const call = `${process.arch === "arm64" ? 63 : 0} 0x${descriptor.toString(16)} `;
  return readdirSync("/proc/self/task").some((tid) =>
    readFileSync(`/proc/self/task/${tid}/syscall`, "latin1").startsWith(call),
  );
}

/** From file to file without a copy, and by descriptors of directories. */
function transfers() {
  const copyFileRange = libcFunction("int64_t copy_file_range(int, void *, int, void *, size_t, uint32_t)");
  const sendfile = libcFunction("int64_t sendfile(int, int, void *, size_t)");
  const splice = libcFunction("int64_t splice(int, void *, int, void *, size_t, uint32_t)");
  const from = openSync(`${folder}/from`, O_RDWR | O_CREAT);
  const to = openSync(`${folder}/to`, O_RDWR | O_CREAT);
  writeSync(from, buffer, 0, 1000, 0);
  const moved = [
    sendfile(to, from, null, 600),
    copyFileRange(from, null, to, null, 4096, 0), // 400 are there
    sendfile(to, from, null, 600), // at the end
    sendfile(-1, from, null, 600), // EBADF
  ];
  const pipe = openSync(`${folder}/pipe`, O_RDWR);
  moved.push(splice(from, addressOf(new BigInt64Array(1)), pipe, null, 50, 0), splice(pipe, null, to, null, 50, 0));
  closeSync(pipe);
  closeSync(from);
  closeSync(to);
  return moved;
}

/** By descriptors of directories, and by none. */
function relative() {
  const openat = libcFunction("int openat(int, const char *, int, int)");
  const read = libcFunction("int64_t read(int, void *, size_t)");
  const directory = openSync(`${folder}/directory`, O_RDONLY | O_DIRECTORY);
  process.chdir("/");
  closeSync(openat(directory, "there", O_RDONLY, 0));
  closeSync(openat(directory, "../directory/./there", O_RDONLY, 0));
  openat(directory, "missing", O_RDONLY, 0);
  openat(directory, "../missing", O_RDONLY, 0);
  openat(12345, "missing", O_RDONLY, 0); // EBADF
  read(12345, buffer, 1); // EBADF
}

/** By io_uring. */
function requests() {
  const ring = new IoUring();
  const missing = Buffer.from(`${folder}/missing\0`);
  const path = Buffer.from(`${folder}/requested\0`);
  const fd = ring.run({ opcode: Opcode.openat, fd: -100, buffer: path, length: 0o600, flags: O_RDWR | O_CREAT });
  const results = [ring.run({ opcode: Opcode.openat, fd: -100, buffer: missing, length: 0 })];
  for (let i = 0; i < 10; i++) {
    results.push(ring.run({ opcode: Opcode.write, fd, buffer: buffer.subarray(0, 100), offset: i * 100 }));
  }
  for (let i = 0; i < 7; i++) {
    results.push(ring.run({ opcode: Opcode.read, fd, buffer: buffer.subarray(0, 300), offset: i * 150 }));
  }
  results.push(ring.run({ opcode: Opcode.read, fd: 12345, buffer }), ring.run({ opcode: Opcode.fsync, fd }));
  return results;
}

function many() {
  for (let i = 0; i < 200; i++) {
    const file = openSync(`${folder}/many-${i}`, O_RDWR | O_CREAT);
    for (let write = 0; write < 3; write++) writeSync(file, buffer, 0, 10);
    closeSync(file);
  }
}

function attempt(call) {
  try {
    call();
  } catch (error) {
    if (error.code === undefined) throw error;
  }
}

console.log("ready");
process.stdin.once("data", async () => {
  const found = await { mixed, held, names, failures, reuse, transfers, relative, requests, many }[scenario]();
  console.log(JSON.stringify(found ?? {}));
  process.stdin.destroy();
});
