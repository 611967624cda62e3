import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { parseKallsyms } from "./kallsyms.ts";
import { KernelFrames } from "./kernel-frames.ts";
import { KernelSymbols, moduleBuildId } from "./kernel-symbols.ts";

const text = `ffffffff81000000 T _stext
ffffffff81000000 T _text
ffffffff81000000 T startup_64
ffffffff81000100 t __pfx_one
ffffffff81000110 t one
ffffffff81000200 T __se_two
ffffffff81000200 T two
ffffffff81000200 W a
ffffffff81000300 d data
ffffffff81000400 T _etext
ffffffff82000000 T _sinittext
ffffffff82000010 t early
ffffffff82000040 T _einittext
ffffffffc0200000 t last_of_net\t[net]
ffffffffc0100010 t second\t[net]
ffffffffc0100000 t first\t[net]
ffffffffc0300ff0 t bpf_prog_6deef7357e7b4530_count\t[bpf]
`;

function load(contents: string): KernelSymbols {
  const directory = mkdtempSync(join(tmpdir(), "skep-kallsyms-"));
  try {
    const path = join(directory, "kallsyms");
    writeFileSync(path, contents);
    return KernelSymbols.load({ path });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function parse(contents: Uint8Array, chunkBytes: number): ReturnType<typeof parseKallsyms> {
  let at = 0;
  return parseKallsyms((buffer, offset) => {
    const piece = contents.subarray(at, at + Math.min(chunkBytes, buffer.length - offset));
    buffer.set(piece, offset);
    at += piece.length;
    return piece.length;
  });
}

describe("KernelSymbols", () => {
  const symbols = load(text);
  const cases: readonly (readonly [string, bigint, string | undefined, number?, string?])[] = [
    ["one of several names: no leading underscore", 0xffffffff81000000n, "startup_64", 0, ""],
    ["offset in the function", 0xffffffff81000044n, "startup_64", 0x44, ""],
    ["padding belongs to no function", 0xffffffff81000108n, undefined],
    ["after the padding", 0xffffffff81000111n, "one", 1, ""],
    ["global over weak and over underscores", 0xffffffff81000200n, "two", 0, ""],
    ["data ends no function", 0xffffffff81000350n, "two", 0x150, ""],
    ["nothing after the end of text", 0xffffffff81000400n, undefined],
    ["initialisation code", 0xffffffff82000011n, "early", 1, ""],
    ["nothing after its end", 0xffffffff82000041n, undefined],
    ["modules come in any order", 0xffffffffc0100005n, "first", 5, "net"],
    ["a function reaches to the next of its module", 0xffffffffc01fffffn, "second", 0xfffef, "net"],
    ["the last function of a module ends with its page", 0xffffffffc0200fffn, "last_of_net", 0xfff, "net"],
    ["and not later", 0xffffffffc0201000n, undefined],
    ["BPF programs", 0xffffffffc0300ff4n, "bpf_prog_6deef7357e7b4530_count", 4, "bpf"],
    ["below everything", 0xffffffff80ffffffn, undefined],
    ["zero", 0n, undefined],
  ];
  for (const [name, address, expected, offset, module] of cases) {
    it(name, () => {
      const resolved = symbols.resolve(address);
      assert.deepEqual(resolved, expected === undefined ? undefined : { name: expected, offset, module });
    });
  }

  it("knows where the kernel and each module lie", () => {
    assert.deepEqual(symbols.region(0xffffffffc0100100n), {
      module: "net",
      startAddress: 0xffffffffc0100000n,
      limitAddress: 0xffffffffc0201000n,
    });
    assert.equal(symbols.region(0xffffffff81000350n)?.module, "");
    assert.equal(symbols.region(0xffffffff80000000n), undefined);
    assert.equal(symbols.region(0xffffffffc0201000n), undefined);
  });

  it("says when the kernel hides its addresses", () => {
    const hidden = load("0000000000000000 T _stext\n0000000000000000 t one\n");
    assert.equal(hidden.hidden, true);
    assert.equal(hidden.count, 0);
    assert.equal(hidden.resolve(0n), undefined);
    assert.equal(symbols.hidden, false);
    assert.equal(load("").hidden, false);
  });
});

describe("parseKallsyms", () => {
  it("gives the same however the text is cut into pieces", () => {
    const bytes = Buffer.from(text);
    const whole = parse(bytes, 1 << 16);
    for (const chunkBytes of [1, 2, 7, 30, 100]) assert.deepEqual(parse(bytes, chunkBytes), whole);
  });

  it("takes a last line without its newline", () => {
    assert.equal(load(text.trimEnd()).count, load(text).count);
  });

  it("passes over lines that are no symbols", () => {
    const noise = `${"x".repeat(200_000)}\nffffffff8100000g T bad\nffffffff81000000 T \nffffffff81000000Tname\n\n`;
    assert.equal(load(`${noise}ffffffff81000000 T good\n`).resolve(0xffffffff81000000n)?.name, "good");
  });

  it("meets any bytes without an error", () => {
    const line = fc.oneof(
      fc.string(),
      fc
        .tuple(
          fc.nat(0xffff),
          fc.constantFrom("t", "T", "W", "d"),
          fc.string(),
          fc.constantFrom("", "\t[m]", "\t[", "\t"),
        )
        .map(
          ([address, type, name, module]) =>
            `ffffffff8100${address.toString(16).padStart(4, "0")} ${type} ${name}${module}`,
        ),
    );
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const { ranges } = parse(Buffer.from(lines.join("\n")), 1 << 16);
        for (let index = 1; index < ranges.length; index++) {
          const previousEnd = (ranges.starts[index - 1] ?? 0) + (ranges.sizesBytes[index - 1] ?? 0);
          assert.ok((ranges.starts[index] ?? 0) >= previousEnd);
        }
      }),
    );
  });
});

describe("KernelFrames", () => {
  const directory = mkdtempSync(join(tmpdir(), "skep-kernel-frames-"));
  after(() => rmSync(directory, { recursive: true }));

  function framesOf(contents: string | undefined): { readonly frames: KernelFrames; readonly warnings: string[] } {
    const path = join(directory, "kallsyms");
    rmSync(path, { force: true });
    if (contents !== undefined) writeFileSync(path, contents);
    const warnings: string[] = [];
    return { frames: new KernelFrames((message) => warnings.push(message), { path }), warnings };
  }

  it("names functions, and places in modules where there is none", () => {
    const { frames, warnings } = framesOf(text);
    assert.equal(frames.frame(0xffffffff81000111n).name, "one");
    assert.equal(frames.frame(0xffffffff81000111n), frames.frame(0xffffffff81000111n));
    assert.equal(frames.frame(0xffffffff81000108n).name, "[kernel]+0x108");
    const inModule = frames.frame(0xffffffffc0100005n);
    assert.equal(inModule.name, "first");
    assert.equal(inModule.mapping.name, "[net]");
    assert.equal(inModule.mapping.startAddress, 0xffffffffc0100000n);
    assert.equal(frames.frame(0xffffffffd0000000n).symbolized, false);
    assert.equal(frames.frameCount, 4);
    assert.deepEqual(warnings, []);
  });

  it("says once that the kernel hides its addresses, and shows them as numbers", () => {
    const { frames, warnings } = framesOf("0000000000000000 T _stext\n");
    for (const address of [0xffffffff81000111n, 0xffffffff81000222n]) {
      assert.equal(frames.frame(address).name, `[kernel]+0x${address.toString(16)}`);
    }
    assert.deepEqual(warnings, [
      "kernel functions have no names: the kernel hides its addresses from this process " +
        "(run it as root or with CAP_SYSLOG, and with kernel.kptr_restrict below 2)",
    ]);
  });

  it("says once that there are no kernel symbols", () => {
    const { frames, warnings } = framesOf(undefined);
    assert.equal(frames.frame(0xffffffff81000111n).symbolized, false);
    assert.equal(frames.memoryBytes, 0);
    assert.match(
      warnings.join(),
      /^kernel functions have no names: ENOENT: no such file or directory, open '.*kallsyms'$/,
    );
  });
});

describe("moduleBuildId", () => {
  it("knows none for what is no module, and makes no path of it", () => {
    for (const module of ["bpf", "__builtin__ftrace", "../../../etc", ""])
      assert.equal(moduleBuildId(module), undefined);
  });
});
