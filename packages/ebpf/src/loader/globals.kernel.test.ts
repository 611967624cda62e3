import assert from "node:assert/strict";
import { test } from "node:test";
import { run, testObject } from "../testing/objects.ts";
import { Collection } from "./collection.ts";

/** A fresh load each, as constants differ. */
const load = (globals?: Record<string, unknown>): Promise<Collection> =>
  Collection.load(testObject("globals"), globals === undefined ? {} : { globals });

test("globals have their initial values, of their types", async () => {
  using collection = await load();
  const { globals } = collection;
  assert.deepEqual(Object.fromEntries(Array.from(globals, (name) => [name, globals.get(name)])), {
    factor: 3n,
    enabled: true,
    mode: 0,
    limits: { low: 1, high: 10 },
    greeting: "hello",
    offset: -2,
    has_impossible_helper: false,
    initialised: 41n,
    result: 0n,
    runs: 0,
    bytes: new Uint8Array(4),
    negative: 0n,
  });
});

test("programs and user space see each other's writes at once", async () => {
  using collection = await load();
  const { globals, programs } = collection;
  assert.equal(run(programs.get("compute")), 1);
  // 41 + 1 * 3 - 2
  assert.equal(globals.get("result"), 42n);
  assert.equal(globals.get("negative"), -42n);
  assert.equal(globals.get("runs"), 1);
  globals.set("initialised", 1000n);
  globals.set("runs", 9);
  assert.equal(run(programs.get("compute")), 1);
  assert.equal(globals.get("result"), 1028n);
  assert.equal(run(programs.get("compute")), 0, "11 is above the limit");
  assert.equal(
    new BigUint64Array(globals.view("initialised").buffer, globals.view("initialised").byteOffset, 1)[0],
    1000n,
  );
});

test("constants are what load() was told, in calls to other functions too", async () => {
  using collection = await load({
    factor: 10n,
    mode: 1,
    offset: 5,
    limits: { low: 5, high: 6 },
    greeting: "HELLO",
    initialised: 2n,
  });
  assert.equal(run(collection.programs.get("compute")), 0, "1 is below the limit");
  // 2 * (1 * 10 + 5)
  assert.equal(collection.globals.get("result"), 30n);
  assert.deepEqual(collection.globals.get("bytes"), Uint8Array.from([0, "E".charCodeAt(0), 0, 0]));
  assert.equal(collection.globals.get("factor"), 10n);
});

test("the verifier takes constants for what they are", async () => {
  using disabled = await load({ enabled: false });
  run(disabled.programs.get("compute"));
  assert.equal(disabled.globals.get("result"), 0n);
  await assert.rejects(load({ has_impossible_helper: true }), {
    name: "VerifierError",
    code: "verifier",
    reason: /^invalid func unknown#99999$|helper/,
  });
});

test("constants cannot be set after the load, nor variables that are not there", async () => {
  using collection = await load();
  assert.throws(() => collection.globals.set("factor", 1n), {
    code: "invalid-argument",
    message: 'global variable "factor" is constant once the object is loaded',
    hint: "give its value at load: Collection.load(object, { globals: { ... } })",
  });
  assert.throws(() => collection.globals.get("faktor"), { code: "not-found" });
  await assert.rejects(load({ faktor: 1n }), {
    code: "not-found",
    message: 'the object has no global variable "faktor"',
  });
  await assert.rejects(load({ offset: 40_000 }), { code: "invalid-argument" });
});

test("memory of globals is gone with the collection, and its views throw", async () => {
  const collection = await load();
  const view = collection.globals.view("result");
  collection[Symbol.dispose]();
  assert.throws(() => view.getUint8(0), TypeError);
  assert.throws(() => collection.globals.get("result"), TypeError);
});
