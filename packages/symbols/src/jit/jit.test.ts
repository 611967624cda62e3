import assert from "node:assert/strict";
import { appendFileSync, chownSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { after, describe, it } from "node:test";
import fc from "fast-check";
import { parseJitName } from "./jit-name.ts";
import { PerfMap } from "./perf-map.ts";
import { PerfMapTable } from "./perf-map-table.ts";

/** Takes in a whole text and gives the name at an address, read back from the text by the offset that is kept. */
function nameIn(text: string, address: number, maxEntries: number = 1000): string | undefined {
  const bytes = Buffer.from(text);
  const table = new PerfMapTable(maxEntries);
  table.append(bytes, 0);
  const offset = table.nameOffset(address);
  return offset === undefined ? undefined : bytes.subarray(offset, bytes.indexOf("\n", offset)).toString();
}

describe("PerfMapTable", () => {
  it("reads start, size and name, with and without 0x", () => {
    const text = "1000 20 JS:*f /a b.js:1:2\n0x2000 0x10 void Foo::bar(int)\n";
    assert.equal(nameIn(text, 0x1000), "JS:*f /a b.js:1:2");
    assert.equal(nameIn(text, 0x101f), "JS:*f /a b.js:1:2");
    assert.equal(nameIn(text, 0x1020), undefined);
    assert.equal(nameIn(text, 0x200f), "void Foo::bar(int)");
  });

  it("believes the last of the lines that overlap", () => {
    const text = "1000 100 old\n2000 10 other\n1040 40 new\n10f0 20 newest\n";
    for (const [address, name] of [
      [0x103f, "old"],
      [0x1040, "new"],
      [0x107f, "new"],
      [0x1080, "old"],
      [0x10ef, "old"],
      [0x10f0, "newest"],
      [0x110f, "newest"],
      [0x1110, undefined],
      [0x2000, "other"],
    ] as const) {
      assert.equal(nameIn(text, address), name, `at 0x${address.toString(16)}`);
    }
  });

  it("passes over lines that are none", () => {
    const lines = [
      "",
      " ",
      "1000",
      "1000 10",
      "1000 10 ",
      "g000 10 x",
      "1000 1g x",
      "1000 0 x",
      "0x 10 x",
      "1000 100000000 x",
    ];
    const text = `${lines.join("\n")}\nfffffffffffffffff 10 x\n${"9".repeat(5000)} 10 x\n1000 10 good\n`;
    assert.equal(nameIn(text, 0x1000), "good");
  });

  it("takes whole lines only, and says how much it took", () => {
    const table = new PerfMapTable(10);
    assert.equal(table.append(Buffer.from("1000 10 a\n2000 1"), 0), 10);
    assert.equal(table.append(Buffer.from("2000 10 b\n"), 10), 10);
    assert.equal(table.nameOffset(0x1000), 8);
    assert.equal(table.nameOffset(0x2000), 18);
  });

  it("drops the oldest half when there are too many", () => {
    const text = Array.from({ length: 11 }, (_, index) => `${(0x1000 + 16 * index).toString(16)} 10 f${index}\n`).join(
      "",
    );
    assert.equal(nameIn(text, 0x1000, 10), undefined);
    assert.equal(nameIn(text, 0x1050, 10), undefined);
    assert.equal(nameIn(text, 0x1060, 10), "f6");
    assert.equal(nameIn(text, 0x10a0, 10), "f10");
  });

  it("says for any lines, in any pieces, what the last writer of an address wrote", () => {
    const line = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 20 }));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 60 }), fc.integer({ min: 1, max: 60 }), (lines, perPiece) => {
        const table = new PerfMapTable(10_000);
        const expected = new Map<number, number>();
        let fileOffset = 0;
        for (let from = 0; from < lines.length; from += perPiece) {
          let piece = "";
          for (const [start, size] of lines.slice(from, from + perPiece)) {
            piece += `${start.toString(16)} ${size.toString(16)} `;
            for (let address = start; address < start + size; address++)
              expected.set(address, fileOffset + piece.length);
            piece += "name\n";
          }
          table.append(Buffer.from(piece), fileOffset);
          fileOffset += piece.length;
        }
        for (let address = 0; address < 90; address++) assert.equal(table.nameOffset(address), expected.get(address));
      }),
    );
  });

  it("meets any bytes without an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.ok(new PerfMapTable(10).append(bytes, 0) <= bytes.length);
      }),
    );
  });
});

describe("parseJitName", () => {
  const cases: readonly (readonly [string, ReturnType<typeof parseJitName>])[] = [
    ["JS:*hot /app/t.js:1:13", { name: "hot", file: "/app/t.js", line: 1, tier: "optimized" }],
    ["JS:+hot file:///app/t.mjs:7:2", { name: "hot", file: "/app/t.mjs", line: 7, tier: "optimized" }],
    ["JS:+'hot /app/t.js:1:13", { name: "hot", file: "/app/t.js", line: 1, tier: "optimized" }],
    ["JS:^get y /my app/t.js:2:42", { name: "get y", file: "/my app/t.js", line: 2, tier: "baseline" }],
    ["JS:~ /app/t.js:3:82", { name: "(anonymous)", file: "/app/t.js", line: 3, tier: "interpreted" }],
    [
      "JS:~afterWrite node:internal/streams/writable:701:20",
      { name: "afterWrite", file: "node:internal/streams/writable", line: 701, tier: "interpreted" },
    ],
    ["JS:~anonymous :1:20", { name: "anonymous", line: 1, tier: "interpreted" }],
    ["Script:~ file:///app/main.mjs:1:1", { name: "(script)", file: "/app/main.mjs", line: 1, tier: "interpreted" }],
    ["Eval:~ /app/t.js:1:1", { name: "(eval)", file: "/app/t.js", line: 1, tier: "interpreted" }],
    [
      "LazyCompile:*f evalmachine.<anonymous>:3",
      { name: "f", file: "evalmachine.<anonymous>", line: 3, tier: "optimized" },
    ],
    ["Function:f", { name: "f" }],
    ["Builtin:ArrayMap", { name: "Builtin:ArrayMap" }],
    ["RegExp:a+b(c|d)*", { name: "RegExp:a+b(c|d)*" }],
    ["Ljava/lang/String;::hashCode", { name: "Ljava/lang/String;::hashCode" }],
  ];
  for (const [text, expected] of cases) it(text, () => assert.deepEqual(parseJitName(text), expected));

  it("always gives a name", () => {
    const tail = fc.string();
    fc.assert(fc.property(tail, (text) => assert.notEqual(parseJitName(`JS:*${text}`).name, "")));
  });
});

describe("PerfMap", () => {
  // A number that no process has: the file is found by the number in the namespace.
  const number = 2 ** 22 + 1 + process.pid;
  const path = `/tmp/perf-${number}.map`;
  const identity = { innermostPid: number, userIds: [process.getuid?.() ?? 0] };
  const hidden = mkdtempSync("/tmp/skep-perf-map-");
  after(() => {
    rmSync(path, { force: true });
    rmSync(hidden, { recursive: true });
  });

  it("reads on from where it was, and keeps half a line for later", () => {
    writeFileSync(path, "1000 10 first\n2000 10 sec");
    const map = PerfMap.open(process.pid, identity);
    assert.ok(map !== undefined);
    assert.equal(map.name(0x1000), undefined);
    assert.equal(map.refresh(), true);
    assert.equal(map.name(0x1000), "first");
    assert.equal(map.name(0x2000), undefined);
    assert.equal(map.refresh(), false);
    appendFileSync(path, "ond\n1000 10 again\n");
    assert.equal(map.refresh(), true);
    assert.equal(map.name(0x2000), "second");
    assert.equal(map.name(0x1000), "again");
    assert.equal(map.memoryBytes, 32);
    rmSync(path);
    assert.equal(map.name(0x1000), "again", "after the file was deleted");
    map.close();
    map.close();
    assert.equal(map.name(0x1000), undefined);
    assert.equal(map.refresh(), false);
  });

  it("starts over when the file does", () => {
    writeFileSync(path, "1000 10 first\n2000 10 second\n");
    const map = PerfMap.open(process.pid, identity);
    map?.refresh();
    truncateSync(path, 0);
    appendFileSync(path, "3000 10 third\n");
    map?.refresh();
    assert.equal(map?.name(0x1000), undefined);
    assert.equal(map?.name(0x3000), "third");
    map?.close();
  });

  it("reads files that are larger than one piece", () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `${(index * 32).toString(16)} 20 function_${index}\n`);
    writeFileSync(path, lines.join(""));
    const map = PerfMap.open(process.pid, identity);
    map?.refresh();
    for (const index of [0, 9_999, 19_999]) assert.equal(map?.name(index * 32 + 31), `function_${index}`);
    map?.close();
  });

  it("follows no link", () => {
    rmSync(path, { force: true });
    writeFileSync(`${hidden}/map`, "1000 10 planted\n");
    symlinkSync(`${hidden}/map`, path);
    assert.equal(PerfMap.open(process.pid, identity), undefined);
    rmSync(path);
  });

  it("does not believe the file of another user", {
    skip: process.getuid?.() === 0 ? false : "needs root to give a file away",
  }, () => {
    writeFileSync(path, "1000 10 planted\n");
    chownSync(path, 12_345, 12_345);
    assert.equal(PerfMap.open(process.pid, identity), undefined);
    rmSync(path);
  });
});
