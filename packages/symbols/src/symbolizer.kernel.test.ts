import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { KernelSymbols, type ProcessImage, type SymbolizedFrame, Symbolizer } from "./index.ts";
import { type MemoryRange, parseMaps } from "./process/maps.ts";

const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
});

/** Where the programs run, and V8 leaves its logs. */
const folder = mkdtempSync(join(tmpdir(), "skep-symbols-"));
after(() => rmSync(folder, { recursive: true }));

async function start(code: string, options: readonly string[] = []): Promise<{ child: ChildProcess; pid: number }> {
  const child = spawn(process.execPath, [...options, "--eval", code], {
    stdio: ["pipe", "pipe", "inherit"],
    cwd: folder,
  });
  children.push(child);
  // It has printed something: it has loaded all its libraries, and runs our code.
  await once(child.stdout ?? child, "data");
  assert.ok(child.pid !== undefined);
  return { child, pid: child.pid };
}

function captured(symbolizer: Symbolizer, pid: number): ProcessImage {
  const image = symbolizer.captureProcess(pid);
  assert.ok(image !== undefined);
  return image;
}

/** The largest executable mapping whose path has this part: some linkers put stubs into one of their own. */
function largestRange(process_: number | "self", part: string): MemoryRange {
  const ranges = parseMaps(readFileSync(`/proc/${process_}/maps`, "utf8")).filter(({ path }) => path.includes(part));
  const [largest] = ranges.sort((a, b) => b.end - b.start - (a.end - a.start));
  assert.ok(largest !== undefined, `${part} is mapped`);
  return largest;
}

/** Looks up `count` addresses that are spread over a mapping of this process. */
function lookUp(symbolizer: Symbolizer, part: string, count: number): SymbolizedFrame[] {
  const image = captured(symbolizer, process.pid);
  const range = largestRange("self", part);
  const step = Math.ceil((range.end - range.start) / count);
  return Array.from({ length: count - 1 }, (_, index) => symbolizer.resolveUser(image, range.start + index * step));
}

describe("Symbolizer", () => {
  it("describes a process", () => {
    using symbolizer = new Symbolizer();
    const image = captured(symbolizer, process.pid);
    assert.equal(image.pid, process.pid);
    assert.equal(image.name, "node", "not what Node.js calls its first thread");
    assert.equal(image.executablePath, process.execPath);
    assert.equal(captured(symbolizer, process.pid), image, "the same object as long as it is the same");
  });

  it("names the C library's and our own functions", () => {
    using symbolizer = new Symbolizer();
    // musl's library is its loader, ld-musl-*.so.1.
    const library = readFileSync("/proc/self/maps", "utf8").includes("/ld-musl") ? "/ld-musl" : "/libc.so.6";
    for (const [part, atLeast] of [
      // A stripped library only has names for the third of it that others may call.
      [library, 0.2],
      ["/node", 0.8],
    ] as const) {
      const frames = lookUp(symbolizer, part, 500);
      const named = frames.filter(({ symbolized }) => symbolized).length;
      assert.ok(named > frames.length * atLeast, `${named} of ${frames.length} in ${part}`);
      for (const frame of frames) {
        assert.equal(frame.kind, "native");
        assert.match(frame.mapping.buildId ?? "", /^[0-9a-f]{16,}$/);
        if (!frame.symbolized) assert.match(frame.name, /^[\w.+-]+\+0x[0-9a-f]+$/);
      }
    }
  });

  it("names the vdso's functions", () => {
    using symbolizer = new Symbolizer();
    const names = new Set(lookUp(symbolizer, "[vdso]", 1000).map(({ name }) => name));
    assert.ok(
      names.has(process.arch === "x64" ? "__vdso_gettimeofday" : "__kernel_gettimeofday") || names.has("gettimeofday"),
    );
  });

  it("gives the same object for the same address, and looks up the call for a return address", () => {
    using symbolizer = new Symbolizer();
    const image = captured(symbolizer, process.pid);
    const [frame] = lookUp(symbolizer, "/node", 3);
    assert.ok(frame !== undefined);
    assert.equal(symbolizer.resolveUser(image, frame.address), frame);
    assert.equal(symbolizer.resolveUser(image, frame.address + 1n, { isReturnAddress: true }), frame);
  });

  it("shows addresses that belong to nothing as what they are", () => {
    using symbolizer = new Symbolizer();
    const frame = symbolizer.resolveUser(captured(symbolizer, process.pid), 0x1234);
    assert.equal(frame.name, "[unknown]+0x1234");
    assert.equal(frame.symbolized, false);
  });

  it("says of a process that is gone that it is gone", async () => {
    using symbolizer = new Symbolizer();
    const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
    await once(child, "exit");
    assert.equal(symbolizer.captureProcess(child.pid ?? 0), undefined);
  });

  it("looks up addresses of a process that has exited since", async () => {
    using symbolizer = new Symbolizer();
    const { child, pid } = await start("console.log(1); process.stdin.resume()");
    const image = captured(symbolizer, pid);
    const { start: start_ } = largestRange(pid, process.execPath);
    child.kill("SIGKILL");
    await once(child, "exit");
    const named = Array.from({ length: 200 }, (_, index) => symbolizer.resolveUser(image, start_ + index * 64));
    assert.ok(named.some(({ symbolized }) => symbolized));
    assert.ok(named.every(({ mapping }) => mapping.name === "node"));
  });

  it("tells one program from the next that a process runs", async () => {
    using symbolizer = new Symbolizer();
    const shell = spawn("/bin/sh", [
      "-c",
      `read line; exec "${process.execPath}" --eval 'console.log(1); process.stdin.resume()'`,
    ]);
    children.push(shell);
    const pid = shell.pid ?? 0;
    await setTimeout(50);
    const before = captured(symbolizer, pid);
    shell.stdin.write("\n");
    await once(shell.stdout, "data");
    const after_ = captured(symbolizer, pid);
    assert.notEqual(after_, before);
    assert.equal(after_.startTimeTicks, before.startTimeTicks);
    assert.equal(after_.executablePath, process.execPath);
  });

  it("names JavaScript functions of a process with --perf-basic-prof, new ones too", async ({ signal }) => {
    const code = `
      const script = (name) => \`(function \${name}(n) { let s = 0; for (let i = 0; i < n; i++) s += i % 7; return s; })\`;
      const run = (name) => { const f = eval(script(name)); setInterval(() => { for (let i = 0; i < 100; i++) f(1e4); }, 1); };
      run("burnFirst");
      console.log(1);
      process.stdin.on("data", () => { run("burnSecond"); console.log(2); });
    `;
    const { child, pid } = await start(code, ["--perf-basic-prof"]);
    const path = `/tmp/perf-${pid}.map`;
    try {
      using symbolizer = new Symbolizer();
      const find = (name: string): SymbolizedFrame | undefined => {
        const line = readFileSync(path, "utf8")
          .split("\n")
          // With a ' where it was first compiled inside of its loop.
          .findLast((text) => text.includes(`:*${name} `) || text.includes(`:*'${name} `));
        return line === undefined
          ? undefined
          : symbolizer.resolveUser(captured(symbolizer, pid), BigInt(`0x${line.split(" ")[0]}`) + 2n);
      };
      // Another thread compiles it, and takes its time on a busy machine.
      const untilNamed = async (name: string): Promise<SymbolizedFrame> => {
        for (;;) {
          const frame = find(name);
          if (frame?.name === name) return frame;
          await setTimeout(20, undefined, { signal });
        }
      };
      const first = await untilNamed("burnFirst");
      assert.equal(first.kind, "jit");
      assert.equal(first.mapping.name, "[jit]");
      assert.equal(first.jitTier, "optimized");
      assert.equal(first.line, 1);
      child.stdin?.write("go\n");
      await once(child.stdout ?? child, "data");
      const second = await untilNamed("burnSecond");

      // What was there goes, and other code takes its place. The program, which does not append, must write no more.
      child.kill("SIGSTOP");
      const image = captured(symbolizer, pid);
      appendFileSync(path, `\n${second.address.toString(16)} 10 JS:*burnThird /app.js:7:1\n`);
      assert.equal(symbolizer.resolveUser(image, second.address).name, "burnSecond");
      symbolizer.refreshJitNames(image);
      assert.equal(symbolizer.resolveUser(image, second.address).name, "burnThird");
    } finally {
      rmSync(path, { force: true });
    }
  });

  it("keeps its caches within their limits", () => {
    using symbolizer = new Symbolizer({ maxFrames: 100, maxFiles: 2, maxSymbolBytes: 1, maxProcesses: 1 });
    for (const part of ["/node", "[vdso]", "/node"]) assert.equal(lookUp(symbolizer, part, 150).length, 149);
    // The table of one file is always kept, however large.
    assert.ok(symbolizer.memoryBytes() < 4 * 2 ** 20);
    const image = captured(symbolizer, process.pid);
    symbolizer.captureProcess(process.ppid);
    assert.notEqual(symbolizer.resolveUser(image, 0x1234).name, "");
  });

  it("lets go of every descriptor", () => {
    const { length: before } = openDescriptors();
    {
      using symbolizer = new Symbolizer();
      lookUp(symbolizer, "/node", 10);
      assert.ok(openDescriptors().length > before);
    }
    assert.equal(openDescriptors().length, before);
  });
});

function openDescriptors(): string[] {
  return readdirSync("/proc/self/fd");
}

describe("kernel symbols", () => {
  // Addresses are hidden from all but root, and from root too where kptr_restrict is 2.
  const symbols = KernelSymbols.load();
  const skip = symbols.hidden ? "this kernel hides its addresses (kernel.kptr_restrict)" : false;
  const functions = skip === false ? symbolsOfKallsyms() : [];

  it("agree with /proc/kallsyms at the start of functions and within them", { skip }, () => {
    for (const { address, names, nextAddress } of functions) {
      const start_ = symbols.resolve(address);
      assert.ok(start_ !== undefined && names.includes(start_.name), `${start_?.name} is one of ${names}`);
      assert.equal(start_.offset, 0);
      const last = symbols.resolve(nextAddress - 1n);
      assert.equal(last?.name, start_.name);
    }
    assert.ok(functions.length > 1000);
  });

  it("give frames with the kernel's build id, the same for the same address", { skip }, () => {
    using symbolizer = new Symbolizer();
    const address = functions[0]?.address ?? 0n;
    const frame = symbolizer.resolveKernel(address);
    assert.equal(frame.kind, "kernel");
    assert.equal(frame.symbolized, true);
    assert.equal(frame.mapping.name, "[kernel]");
    assert.equal(frame.mapping.path, "[kernel.kallsyms]");
    assert.match(frame.mapping.buildId ?? "", /^[0-9a-f]{16,}$/);
    assert.equal(symbolizer.resolveKernel(address + 1n, { isReturnAddress: true }), frame);
    assert.match(symbolizer.resolveKernel(1n << 63n).name, /^\[kernel\]\+0x[0-9a-f]+$/);
  });

  it("are found for a BPF program's or module's address by its name", { skip }, () => {
    const line = readFileSync("/proc/kallsyms", "latin1")
      .split("\n")
      .find((text) => /^[0-9a-f]+ [tT] .*\t\[/.test(text));
    if (line === undefined) return;
    const [, address, name, module] = /^([0-9a-f]+) . (.*)\t\[(.*)\]$/.exec(line) ?? [];
    assert.deepEqual(symbols.resolve(BigInt(`0x${address}`)), { name, offset: 0, module });
  });
});

interface KernelFunction {
  readonly address: bigint;
  readonly names: readonly string[];
  readonly nextAddress: bigint;
}

/** Functions of the kernel's main text that something follows, read the simple way. */
function symbolsOfKallsyms(): KernelFunction[] {
  const byAddress = new Map<bigint, string[]>();
  for (const line of readFileSync("/proc/kallsyms", "latin1").split("\n")) {
    const [, hex, name = ""] = /^([0-9a-f]{16}) [tTwW] (\S+)$/.exec(line) ?? [];
    if (hex === undefined) continue;
    const address = BigInt(`0x${hex}`);
    byAddress.set(address, [...(byAddress.get(address) ?? []), name]);
  }
  const sorted = [...byAddress].sort(([a], [b]) => (a < b ? -1 : 1));
  const end = sorted.findIndex(([, names]) => names.includes("_etext"));
  return sorted
    .slice(0, end - 1)
    .map(([address, names], index) => ({ address, names, nextAddress: sorted[index + 1]?.[0] ?? 0n }))
    .filter(({ names }) => !names.some((name) => name.startsWith("__pfx_")));
}
