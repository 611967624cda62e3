import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Demangler, type SymbolizedFrame, Symbolizer } from "./index.ts";
import { type MemoryRange, parseMaps } from "./process/maps.ts";

const directory = mkdtempSync(join(tmpdir(), "skep-peer-"));
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

const source = `
#include <stdio.h>
#include <unistd.h>
__attribute__((noinline)) static int static_function(int x) { return x * 3 + getpid(); }
__attribute__((noinline)) int global_function(int x) { return static_function(x) + 1; }
__attribute__((weak, noinline)) int weak_function(int x) { return x - 1; }
extern int alias_function(int) __attribute__((alias("global_function")));
__asm__(".text\\n.globl sizeless\\nsizeless:\\n nop\\n nop\\n ret\\n.type sizeless, @function\\n");
int main(void) { printf("%d\\n", global_function(weak_function(2))); fflush(stdout); pause(); return 0; }
`;

function tool(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: "utf8", maxBuffer: 2 ** 28 });
}

function compile(name: string, ...options: string[]): string {
  const path = join(directory, name);
  tool("gcc", "-O1", "-x", "c", join(directory, "source.c"), "-o", path, ...options);
  return path;
}

/** Starts a program that prints a line and waits; `command` ends in becoming it. */
async function start(command: string, ...args: string[]): Promise<number> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout, "data");
  return child.pid ?? 0;
}

function rangeOf(pid: number, name: string): MemoryRange {
  const maps = parseMaps(readFileSync(`/proc/${pid}/maps`, "utf8"));
  const range = maps.find(({ path, kind }) => kind === "file" && path.endsWith(name));
  assert.ok(range !== undefined, `${name} is mapped`);
  return range;
}

interface NamedAddress {
  readonly address: number;
  readonly name: string;
  readonly type: string;
}

function symbolsByNm(path: string): NamedAddress[] {
  return tool("nm", path)
    .split("\n")
    .map((line) => /^([0-9a-f]+) (\w) (\S+)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, address = "", type = "", name = ""]) => ({ address: Number.parseInt(address, 16), name, type }));
}

const functionNames = ["global_function", "static_function", "weak_function", "main", "sizeless"];

/** Looks up the program's functions where it is loaded; `symbols` come from a file that is not stripped. */
function lookUpFunctions(pid: number, program: string, symbols: readonly NamedAddress[]): Map<string, SymbolizedFrame> {
  using symbolizer = new Symbolizer();
  const image = symbolizer.captureProcess(pid);
  assert.ok(image !== undefined);
  const range = rangeOf(pid, program);
  // Position-independent code: file offset and virtual address of the text are the same in these small files.
  const bias = range.start - range.fileOffset;
  return new Map(
    functionNames.map((name) => {
      const symbol = symbols.find((candidate) => candidate.name === name);
      assert.ok(symbol !== undefined, `nm knows ${name}`);
      return [name, symbolizer.resolveUser(image, bias + symbol.address + 1)];
    }),
  );
}

function assertNamed(frames: ReadonlyMap<string, SymbolizedFrame>): void {
  for (const [name, frame] of frames) {
    const expected = name === "global_function" ? ["global_function", "alias_function"] : [name];
    assert.ok(expected.includes(frame.name), `${frame.name} is ${name}`);
  }
}

describe("a program built by gcc", () => {
  let program = "";
  let symbols: NamedAddress[] = [];
  before(() => {
    writeFileSync(join(directory, "source.c"), source);
    program = compile("program", "-Wl,--build-id");
    symbols = symbolsByNm(program);
  });

  it("has the names that nm gives", async () => {
    const pid = await start(program);
    assertNamed(lookUpFunctions(pid, "/program", symbols));
    const buildId = /Build ID: ([0-9a-f]+)/.exec(tool("readelf", "-n", program))?.[1];
    const frame = lookUpFunctions(pid, "/program", symbols).get("main");
    assert.equal(frame?.mapping.buildId, buildId);
    assert.equal(frame?.mapping.path, program);
  });

  it("has the names that addr2line gives, at every address", async () => {
    const pid = await start(program);
    const { start: start_, fileOffset, end } = rangeOf(pid, "/program");
    const text = symbols.filter(({ name }) => name === "_start" || name === "_fini").map(({ address }) => address);
    const addresses: number[] = [];
    for (let address = Math.min(...text); address < Math.max(...text); address++) addresses.push(address);
    assert.ok(addresses.length > 100 && addresses.length < end - start_);
    const expected = tool("addr2line", "-f", "-e", program, ...addresses.map((address) => address.toString(16)))
      .split("\n")
      .filter((_, index) => index % 2 === 0);
    using symbolizer = new Symbolizer();
    const image = symbolizer.captureProcess(pid);
    assert.ok(image !== undefined);
    const aliases = (name: string): string => (name === "alias_function" ? "global_function" : name);
    let compared = 0;
    for (const [index, address] of addresses.entries()) {
      const frame = symbolizer.resolveUser(image, start_ - fileOffset + address);
      // binutils goes on naming the padding after a function; we don't.
      if (!frame.symbolized) continue;
      assert.equal(aliases(frame.name), aliases(expected[index] ?? ""), `at 0x${address.toString(16)}`);
      compared++;
    }
    assert.ok(compared > addresses.length * 0.6, `${compared} of ${addresses.length}`);
  });

  it("has names for its PLT stubs, as objdump has", async () => {
    const lazy = compile("lazy", "-Wl,-z,lazy", "-fcf-protection=full");
    const pid = await start(lazy);
    const stubs = [...tool("objdump", "-d", lazy).matchAll(/^([0-9a-f]+) <(\w+)@plt>:$/gm)];
    assert.ok(stubs.length >= 2);
    using symbolizer = new Symbolizer();
    const image = symbolizer.captureProcess(pid);
    assert.ok(image !== undefined);
    const { start: start_, fileOffset } = rangeOf(pid, "/lazy");
    for (const [, address = "", name] of stubs) {
      // __cxa_finalize has its stub in .plt.got, which no relocation index leads to.
      if (name === "__cxa_finalize") continue;
      const frame = symbolizer.resolveUser(image, start_ - fileOffset + Number.parseInt(address, 16));
      assert.equal(frame.name, `${name}@plt`);
    }
  });

  it("has names when its file was deleted", async () => {
    const path = join(directory, "deleted");
    copyFileSync(program, path);
    const pid = await start(path);
    rmSync(path);
    assertNamed(lookUpFunctions(pid, "/deleted", symbols));
  });

  it("has names when its file was replaced by another", async () => {
    const path = join(directory, "replaced");
    copyFileSync(program, path);
    const pid = await start(path);
    rmSync(path);
    writeFileSync(path, "not the program");
    assertNamed(lookUpFunctions(pid, "/replaced", symbols));
  });

  it("has names when only its own mount namespace has the file", async () => {
    const mountPoint = join(directory, "mount");
    mkdirSync(mountPoint);
    const script = `mount -t tmpfs none ${mountPoint} && cp ${program} ${mountPoint}/hidden && exec ${mountPoint}/hidden`;
    const pid = await start("unshare", "--mount", "sh", "-c", script);
    assert.equal(existsSync(`${mountPoint}/hidden`), false);
    assertNamed(lookUpFunctions(pid, "/hidden", symbols));
  });

  it("has names for addresses after it has exited", async () => {
    const pid = await start(program);
    using symbolizer = new Symbolizer();
    const image = symbolizer.captureProcess(pid);
    const { start: start_, fileOffset } = rangeOf(pid, "/program");
    const child = children.find((candidate) => candidate.pid === pid);
    child?.kill("SIGKILL");
    if (child !== undefined) await once(child, "exit");
    const main = symbols.find(({ name }) => name === "main")?.address ?? 0;
    assert.ok(image !== undefined);
    assert.equal(symbolizer.resolveUser(image, start_ - fileOffset + main).name, "main");
  });

  for (const [kind, buildIdOption, debugPath] of [
    ["build id", "-Wl,--build-id=0xabcdef0123456789", "usr/lib/debug/.build-id/ab/cdef0123456789.debug"],
    ["debug link", "-Wl,--build-id=none", "opt/.debug/stripped.debug"],
  ] as const) {
    it(`has names from a separate debug file in its own root, found by ${kind}`, async () => {
      const root = join(directory, `root-${kind.replace(" ", "-")}`);
      mkdirSync(join(root, "opt"), { recursive: true });
      mkdirSync(join(root, debugPath, ".."), { recursive: true });
      // Static, so that nothing else has to be in the root.
      const whole = compile(`whole-${kind.replace(" ", "-")}`, "-static-pie", buildIdOption);
      const stripped = join(root, "opt/stripped");
      const debugFile = join(directory, "stripped.debug");
      tool("objcopy", "--only-keep-debug", whole, debugFile);
      tool("objcopy", "--strip-all", `--add-gnu-debuglink=${debugFile}`, whole, stripped);
      copyFileSync(debugFile, join(root, debugPath));
      assert.match(execFileSync("nm", [stripped], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }), /^$/);
      const pid = await start("chroot", root, "/opt/stripped");
      assertNamed(lookUpFunctions(pid, "/opt/stripped", symbolsByNm(whole)));
      rmSync(join(root, debugPath));
      for (const frame of lookUpFunctions(pid, "/opt/stripped", symbolsByNm(whole)).values()) {
        assert.equal(frame.symbolized, false);
        assert.match(frame.name, /^stripped\+0x[0-9a-f]+$/);
      }
    });
  }
});

describe("Demangler", () => {
  const demangler = new Demangler();

  it("agrees with c++filt on the names of the C++ library", () => {
    const library = tool("gcc", "-print-file-name=libstdc++.so.6").trim();
    const names = tool("nm", "-D", library)
      .split("\n")
      .map((line) => /^[0-9a-f]+ [TtWw] (_Z[^@\s]+)/.exec(line)?.[1] ?? "")
      .filter((name) => name !== "");
    const some = names.filter((_, index) => index % 7 === 0);
    assert.ok(some.length > 300);
    const expected = execFileSync("c++filt", { input: some.join("\n"), encoding: "utf8" }).split("\n");
    for (const [index, name] of some.entries()) {
      assert.equal(withShortStreams(demangler.demangle(name)), withShortStreams(expected[index] ?? ""));
    }
  });

  it("agrees with c++filt on Rust names, without what the terse form leaves out", () => {
    const names = [
      "_RINvMNtNtCsgEmfK2I1SDS_4core4cell4onceINtB3_8OnceCellINtNtB7_6option6OptionhEE8try_initNCNvMB29_3foo4barEB2_",
      "_RINvCs6GmmlP4bgsG_1r7genericINtNtCslNYArtu3iFV_5alloc3vec3VechENCNvB2_4mains0_0EB2_",
      "_RINvMNtCsgEmfK2I1SDS_4core5sliceSh11copy_withinINtNtNtB5_3ops5range14RangeInclusivejEECsfEOYDRpO4Ta_11miniz_oxide",
      "_RINvCs6GmmlP4bgsG_1r2gxINtNtCslNYArtu3iFV_5alloc5boxed3BoxDG_INtNtNtCsgEmfK2I1SDS_4core3ops8function2FnTRL0_hEEp6OutputRL0_hEL_EEB2_",
      "_RINvCs6GmmlP4bgsG_1r2gxRSINtNtCsgEmfK2I1SDS_4core6option6OptionTnyEEEB2_",
      "_RINvCs6GmmlP4bgsG_1r2ccKc3c0_Kb1_Kan5_EB2_",
      "_RNvCs6GmmlP4bgsG_1ru9gre_6ka8i",
      "_RINvCs6GmmlP4bgsG_1r2gxFUKChEuEB2_",
    ];
    const verbose = execFileSync("c++filt", { input: names.join("\n"), encoding: "utf8" }).split("\n");
    for (const [index, name] of names.entries()) {
      const terse = verbose[index]
        ?.replaceAll(/\[[0-9a-f]{4,16}\]/g, "")
        .replaceAll(/: (char|bool|[iu](8|16|32|64|128|size))(?=[,>\]])/g, "");
      assert.equal(demangler.demangle(name), terse);
    }
  });
});

/** c++filt spells out what the ABI's function calls `std::string`, `std::ostream` and so on. */
function withShortStreams(name: string): string {
  return name
    .replaceAll("std::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string")
    .replaceAll(/std::basic_(istream|ostream|iostream)<char, std::char_traits<char> >/g, "std::$1")
    .replaceAll(" >", ">");
}
