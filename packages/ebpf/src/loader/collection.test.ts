import assert from "node:assert/strict";
import { test } from "node:test";
import { Errno } from "../sys/failure.ts";
import { BpfCommand, MapType } from "../sys/uapi.ts";
import { FakeSys, failingAt } from "../testing/fake-sys.ts";
import { testObject } from "../testing/objects.ts";
import { Collection } from "./collection.ts";
import type { LoadOptions } from "./load.ts";
import { parseObject } from "./object.ts";

/** Objects whose programs need no kernel types: their loads meet the fake alone. */
const OBJECTS = ["maps", "globals", "ring"];

const PROG_LOAD = `bpf:${BpfCommand.PROG_LOAD}`;

for (const name of OBJECTS) {
  test(`loading and disposing of "${name}" opens and closes the same descriptors and mappings`, async () => {
    const sys = new FakeSys();
    const collection = await Collection.load(testObject(name), { sys });
    assert.ok(sys.openFds.size > 0);
    collection[Symbol.dispose]();
    assert.equal(sys.openFds.size, 0);
    assert.equal(sys.mappings.size, 0);
  });

  test(`nothing of "${name}" stays behind, whichever call fails`, async () => {
    const whole = new FakeSys();
    (await Collection.load(testObject(name), { sys: whole }))[Symbol.dispose]();
    assert.ok(whole.calls.length > 5);
    for (const [index, call] of whole.calls.entries()) {
      const sys = new FakeSys(failingAt(index));
      if (call.name === PROG_LOAD) {
        // It is tried a second time, to get a log, and then succeeds.
        using _ = await Collection.load(testObject(name), { sys });
        continue;
      }
      await assert.rejects(
        Collection.load(testObject(name), { sys }),
        { name: "BpfError", errnoName: "EIO" },
        `call ${index}: ${call.name}`,
      );
      assert.equal(sys.openFds.size, 0, `call ${index}: ${call.name}`);
      assert.equal(sys.mappings.size, 0, `call ${index}: ${call.name}`);
    }
  });
}

test("nothing stays behind when a program is refused", async () => {
  const sys = new FakeSys({ respond: ({ name }) => (name === PROG_LOAD ? -Errno.EINVAL : undefined) });
  await assert.rejects(Collection.load(testObject("globals"), { sys }), {
    code: "invalid-argument",
    message: 'loading program "compute" failed: bpf(BPF_PROG_LOAD) refused its arguments (EINVAL)',
  });
  assert.equal(sys.openFds.size, 0);
  assert.equal(sys.mappings.size, 0);
});

test("a load that a signal interrupts is tried again, a bounded number of times", async () => {
  let interruptions = 0;
  const sys = new FakeSys({
    respond: ({ name }) => (name === PROG_LOAD && interruptions++ < 5 ? -Errno.EAGAIN : undefined),
  });
  using _ = await Collection.load(testObject("globals"), { sys });
  assert.equal(interruptions, 6);

  const always = new FakeSys({ respond: ({ name }) => (name === PROG_LOAD ? -Errno.EAGAIN : undefined) });
  await assert.rejects(Collection.load(testObject("globals"), { sys: always }), { errnoName: "EAGAIN" });
  assert.equal(always.callNames.filter((name) => name === PROG_LOAD).length, 20);
});

test("the log grows to the size that the kernel asks for", async () => {
  const sizes: number[] = [];
  const sys: FakeSys = new FakeSys({
    respond: ({ name, attributes }) => {
      if (name !== PROG_LOAD) return undefined;
      if (attributes.byteLength < 144) return -Errno.EACCES;
      const sizeBytes = attributes.getUint32(28, true);
      sizes.push(sizeBytes);
      if (sizeBytes < 1_000_000) return -Errno.ENOSPC;
      sys
        .memoryAt(attributes.getBigUint64(32, true))
        ?.set(Buffer.from("0: (95) exit\nR0 !read_ok\nprocessed 1 insns\n\0"));
      return -Errno.EACCES;
    },
  });
  await assert.rejects(Collection.load(testObject("globals"), { sys }), {
    name: "VerifierError",
    reason: "R0 !read_ok",
    errnoName: "EACCES",
    log: "0: (95) exit\nR0 !read_ok\nprocessed 1 insns",
  });
  assert.deepEqual(sizes, [65536, 262144, 1048576]);
});

test("the same spec can be loaded many times, with other constants and sizes", async () => {
  const spec = parseObject(testObject("maps"));
  for (const entries of [16, 32]) {
    const sys = new FakeSys();
    using collection = await Collection.load(spec, { sys, maxEntries: { hash: entries } });
    assert.equal(collection.maps.get("hash").maxEntries, entries);
    const created = sys.calls.find(
      ({ name, attributes }) => name === "bpf:0" && attributes.getUint32(12, true) === entries,
    );
    assert.equal(created?.attributes.getUint32(0, true), MapType.HASH);
  }
  assert.equal(spec.maps.get("hash")?.maxEntries, 20000);
});

test("a ring buffer is rounded up to a power of two and whole pages", async () => {
  for (const [wanted, expected] of [
    [1, 4096],
    [4097, 8192],
    [300_000, 524_288],
  ] as const) {
    const sys = new FakeSys();
    using collection = await Collection.load(testObject("ring"), { sys, maxEntries: { ring: wanted } });
    assert.equal(collection.maps.ringBuffer("ring").sizeBytes, expected);
  }
});

test("only the programs that are asked for are loaded", async () => {
  const sys = new FakeSys();
  using collection = await Collection.load(testObject("maps"), { sys, programs: ({ name }) => name === "tail" });
  assert.deepEqual(
    Array.from(collection.programs, ({ name }) => name),
    ["tail"],
  );
  assert.throws(() => collection.programs.get("fill_hash"), {
    message: 'the object has no loaded program "fill_hash"',
    hint: 'it has "tail"',
  });
});

for (const { name, options, message } of [
  { name: "a map", options: { maxEntries: { hsh: 1 } }, message: 'the object has no map "hsh"' },
  { name: "a variable", options: { globals: { cont: 1 } }, message: 'the object has no global variable "cont"' },
] satisfies { name: string; options: LoadOptions; message: string }[]) {
  test(`an option for ${name} that is not there is an error before anything is made`, async () => {
    const sys = new FakeSys();
    await assert.rejects(Collection.load(testObject("maps"), { sys, ...options }), { code: "not-found", message });
    assert.deepEqual(sys.calls, []);
  });
}

for (const entries of [-1, 1.5, Number.NaN, 2 ** 32]) {
  test(`a map cannot have ${entries} entries`, async () => {
    const sys = new FakeSys();
    await assert.rejects(Collection.load(testObject("maps"), { sys, maxEntries: { hash: entries } }), {
      code: "invalid-argument",
      message: `map "hash" cannot have ${entries} entries`,
    });
    assert.equal(sys.openFds.size, 0);
  });
}

test("types that are replaced for an older kernel stay as they are in the spec, and in the caller's Buffer", async () => {
  const object = Buffer.from(testObject("new-types"));
  const before = Buffer.copyBytesFrom(object);
  const spec = parseObject(object);
  const types = Buffer.copyBytesFrom(spec.btf?.bytes ?? assert.fail());
  let loads = 0;
  const sys = new FakeSys({
    // The first try and the probe of each feature fail; what is left is then accepted.
    respond: ({ name }) => (name === `bpf:${BpfCommand.BTF_LOAD}` && loads++ < 7 ? -Errno.EINVAL : undefined),
  });
  using _ = await Collection.load(spec, { sys });
  assert.equal(loads, 8);
  assert.deepEqual(object, before);
  assert.deepEqual(Buffer.from(spec.btf?.bytes ?? []), types);
});
