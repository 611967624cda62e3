import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseObject } from "../loader/object.ts";
import { testObject } from "../testing/objects.ts";
import { generateModule } from "./generate.ts";
import { main } from "./main.ts";

const EXAMPLE = fileURLToPath(new URL("../../../../examples/count-syscalls/count-syscalls.bpf.o", import.meta.url));

describe("a generated module", () => {
  test("is what the example has", () => {
    const spec = parseObject(readFileSync(EXAMPLE));
    const source = generateModule(spec, { objectFileName: "count-syscalls.bpf.o", records: { execs: "exec" } });
    assert.equal(source, readFileSync(EXAMPLE.replace(/\.o$/, ".ts"), "utf8"));
  });

  test("knows each family of maps", () => {
    const source = generateModule(parseObject(testObject("maps")), { objectFileName: "maps.bpf.o" });
    for (const line of [
      "    readonly hash: KeyedMap<Key, Value>;",
      "    readonly percpu_hash: KeyedMap<number, number[]>;",
      "    readonly array: KeyedMap<number, Value>;",
      "    readonly untyped: KeyedMap<Uint8Array, Uint8Array>;",
      "    readonly queue: BpfMap;",
      "    readonly array_of_maps: DescriptorMap;",
      '      queue: collection.maps.raw("queue"),',
      "export interface Key {",
      "  next: number;",
    ]) {
      assert.ok(source.split("\n").includes(line), `${line}\nis not in\n${source}`);
    }
    assert.match(
      generateModule(parseObject(testObject("task-storage")), { objectFileName: "x" }),
      /calls: TaskStorageMap<bigint>;/,
    );
    assert.match(
      generateModule(parseObject(testObject("attach")), { objectFileName: "x" }),
      /stacks: StackTraceMap;[\s\S]*readonly on_fentry: Program \| undefined;/,
    );
  });

  test("of an object without global variables has none", () => {
    const source = generateModule(parseObject(testObject("new-types")), { objectFileName: "x" });
    assert.match(source, /export type Variables = Record<never, never>;/);
  });

  for (const { name, records, message } of [
    { name: "map", records: { exes: "exec" }, message: 'the object has no map "exes"' },
    { name: "ring buffer", records: { calls_by_pid: "exec" }, message: 'map "calls_by_pid" is not a ring buffer' },
    { name: "struct", records: { execs: "exce" }, message: "the object has no struct exce" },
  ] as const) {
    test(`is refused for records of a ${name} that is not there`, () => {
      const spec = parseObject(readFileSync(EXAMPLE));
      assert.throws(() => generateModule(spec, { objectFileName: "x", records: { ...records } }), { message });
    });
  }
});

describe("skep-ebpf", () => {
  let folder: string;
  let output: string;
  const write = { stdout: process.stdout.write, stderr: process.stderr.write };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "skep-generate-"));
    output = "";
    const capture = (text: string | Uint8Array): boolean => {
      output += text;
      return true;
    };
    process.stdout.write = capture;
    process.stderr.write = capture;
  });
  afterEach(() => {
    Object.assign(process.stdout, { write: write.stdout });
    Object.assign(process.stderr, { write: write.stderr });
    rmSync(folder, { recursive: true });
  });

  test("generate writes a module beside the object", () => {
    const object = join(folder, "count.bpf.o");
    copyFileSync(EXAMPLE, object);
    assert.equal(main(["generate", object, "--records", "execs=exec"]), 0);
    assert.equal(output, `Wrote ${join(folder, "count.bpf.ts")}\n`);
    assert.match(readFileSync(join(folder, "count.bpf.ts"), "utf8"), /new URL\(".\/count.bpf.o", import.meta.url\)/);
  });

  for (const { args, code, expected } of [
    { args: ["--help"], code: 0, expected: /^Usage: skep-ebpf generate/ },
    { args: [], code: 1, expected: /^Usage: skep-ebpf generate/ },
    { args: ["generate", "x.o"], code: 1, expected: /^skep-ebpf: x\.o does not end in \.bpf\.o\n$/ },
    { args: ["generate", "/no/such.bpf.o"], code: 1, expected: /^skep-ebpf: ENOENT: no such file or directory, open / },
    {
      args: ["generate", EXAMPLE, "--records", "x"],
      code: 1,
      expected: /^skep-ebpf: --records takes MAP=STRUCT, not x\n$/,
    },
    { args: ["generate", "--nonsense"], code: 1, expected: /^skep-ebpf: Unknown option '--nonsense'/ },
    {
      args: ["generate", EXAMPLE, "--records", "execs=exce"],
      code: 1,
      expected: /^skep-ebpf: the object has no struct exce\n {11}a type is only there if something uses it/,
    },
  ]) {
    test(`${args.join(" ").replace(EXAMPLE, "OBJECT")} answers ${code} and says why`, () => {
      const answer = main(args);
      assert.match(output, expected);
      assert.equal(answer, code);
    });
  }
});
