import assert from "node:assert/strict";
import { appendFileSync, chmodSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { OtlpError } from "../../errors.ts";
import { temporaryDirectory } from "../../testing/temporary-directory.ts";
import type { Batch } from "../batch.ts";
import type { DropReason } from "../counts.ts";
import { FRAME_HEADER_BYTES } from "./frame.ts";
import { Spool } from "./spool.ts";

const MAX_BYTES = 64 * 1024;

/** A spool of traces with what it gave up and said. */
async function open(directory: string, maxBytes = MAX_BYTES) {
  const dropped: [DropReason, number][] = [];
  const problems: OtlpError[] = [];
  const spool = await Spool.open(
    { directory, maxBytes },
    "traces",
    (reason, itemCount) => dropped.push([reason, itemCount]),
    (problem) => problems.push(problem),
  );
  return { spool, dropped, problems };
}

function batchOf(text: string, itemCount = 1, changes: Partial<Batch> = {}): Batch {
  return { body: Buffer.from(text), encoding: "protobuf", compression: "none", itemCount, ...changes };
}

/** Takes and settles all that waits. */
function drain(spool: Spool): string[] {
  const texts: string[] = [];
  for (let batch = spool.take(); batch !== undefined; batch = spool.take()) {
    texts.push(Buffer.from(batch.body).toString());
    spool.settle();
  }
  return texts;
}

function filesIn(directory: string): string[] {
  return readdirSync(join(directory, "traces")).map((name) => join(directory, "traces", name));
}

test("what is put in comes out in its order, and leaves no file behind", async () => {
  using directory = temporaryDirectory();
  const { spool } = await open(directory.path);
  spool.put(batchOf("one", 2, { encoding: "json", compression: "gzip" }));
  spool.put(batchOf("two", 3));
  assert.deepEqual([spool.itemCount, spool.batchCount], [5, 2]);
  const first = spool.take();
  assert.deepEqual(
    { ...first, body: Buffer.from(first?.body ?? []).toString() },
    batchOf("one", 2, { encoding: "json", compression: "gzip", body: "one" as unknown as Uint8Array }),
  );
  assert.deepEqual([spool.itemCount, spool.takenBytes], [5, 3], "what is taken still waits");
  spool.settle();
  assert.deepEqual([spool.itemCount, spool.takenBytes], [3, 0]);
  assert.deepEqual(drain(spool), ["two"]);
  assert.equal(spool.sizeBytes, 0);
  spool[Symbol.dispose]();
  assert.deepEqual(filesIn(directory.path), []);
});

test("what waits is there after a restart, what was done is not", async () => {
  using directory = temporaryDirectory();
  {
    using spool = (await open(directory.path)).spool;
    for (const text of ["one", "two", "three"]) spool.put(batchOf(text));
    spool.take();
    spool.settle();
    spool.take();
  }
  const { spool, problems } = await open(directory.path);
  using _ = spool;
  assert.deepEqual([spool.itemCount, spool.batchCount], [2, 2]);
  spool.put(batchOf("four"));
  assert.deepEqual(drain(spool), ["two", "three", "four"]);
  assert.deepEqual(problems, []);
});

test("only its owner may read it", async () => {
  using directory = temporaryDirectory();
  using spool = (await open(directory.path)).spool;
  spool.put(batchOf("one"));
  assert.equal(statSync(join(directory.path, "traces")).mode & 0o777, 0o700);
  assert.equal(statSync(filesIn(directory.path)[0] ?? "").mode & 0o777, 0o600);
});

test("the files stay within the bound; the oldest are dropped, and counted", async () => {
  using directory = temporaryDirectory();
  const { spool, dropped } = await open(directory.path);
  using _ = spool;
  const texts = Array.from({ length: 300 }, (_, index) => `${index}`.padEnd(1_000));
  for (const text of texts) {
    spool.put(batchOf(text, 2));
    const onDisk = filesIn(directory.path).reduce((sum, file) => sum + statSync(file).size, 0);
    assert.equal(spool.sizeBytes, onDisk);
    assert.ok(onDisk <= MAX_BYTES);
  }
  const droppedItems = dropped.reduce((sum, [, count]) => sum + count, 0);
  assert.ok(dropped.every(([reason]) => reason === "spoolFull"));
  assert.equal(droppedItems + spool.itemCount, 600);
  const kept = drain(spool);
  assert.deepEqual(kept, texts.slice(-kept.length));
  assert.ok(kept.length * 1_000 > MAX_BYTES * 0.8, "little room is given up at a time");
  spool.put(batchOf("x".repeat(MAX_BYTES), 7));
  assert.deepEqual(dropped.at(-1), ["spoolFull", 7]);
});

test("the batch that is being sent is not dropped with its file", async () => {
  using directory = temporaryDirectory();
  const { spool, dropped } = await open(directory.path);
  using _ = spool;
  spool.put(batchOf("taken", 5));
  spool.take();
  for (let index = 0; index < 100; index++) spool.put(batchOf("x".repeat(1_000)));
  const droppedItems = dropped.reduce((sum, [, count]) => sum + count, 0);
  assert.equal(droppedItems + spool.itemCount, 105);
  assert.equal(spool.takenBytes, 5);
  const before = spool.itemCount;
  spool.settle();
  assert.equal(spool.itemCount, before - 5);

  spool.take();
  for (let index = 0; index < 100; index++) spool.put(batchOf("x".repeat(1_000)));
  assert.equal(spool.takeOrphan()?.body.length, 1_000);
  assert.equal(spool.takeOrphan(), undefined);
});

test("wherever the end is torn off, the whole batches before it are there, and it is said", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 }),
      fc.nat(),
      async (texts, cut) => {
        using directory = temporaryDirectory();
        {
          using spool = (await open(directory.path)).spool;
          for (const text of texts) spool.put(batchOf(text));
        }
        const [file = ""] = filesIn(directory.path);
        const wholeBytes = statSync(file).size;
        const keptBytes = cut % (wholeBytes + 1);
        truncateSync(file, keptBytes);
        let end = 0;
        const kept = texts.filter((text) => {
          end += FRAME_HEADER_BYTES + Buffer.byteLength(text);
          return end <= keptBytes;
        });
        const { spool, problems } = await open(directory.path);
        using _ = spool;
        const tornBytes = keptBytes - kept.reduce((sum, text) => sum + FRAME_HEADER_BYTES + Buffer.byteLength(text), 0);
        assert.deepEqual(
          problems.map(({ message }) => message),
          tornBytes === 0 ? [] : [`${file} ends within a batch; its last ${tornBytes} bytes are left out`],
        );
        spool.put(batchOf("after"));
        assert.deepEqual(
          drain(spool),
          [...kept, "after"].map((text) => text.toWellFormed()),
        );
      },
    ),
    { numRuns: 50 },
  );
});

test("a file of other bytes is no batch, and no obstacle", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      using directory = temporaryDirectory();
      {
        using spool = (await open(directory.path)).spool;
        spool.put(batchOf("one"));
      }
      appendFileSync(filesIn(directory.path)[0] ?? "", bytes);
      writeFileSync(join(directory.path, "traces", "000000000007.spool"), bytes);
      writeFileSync(join(directory.path, "traces", "notes.txt"), bytes);
      using spool = (await open(directory.path)).spool;
      spool.put(batchOf("two"));
      assert.deepEqual(drain(spool), ["one", "two"]);
    }),
    { numRuns: 50 },
  );
});

test("a batch whose bytes changed on disk is left out, counted, and said", async () => {
  using directory = temporaryDirectory();
  const { spool, dropped, problems } = await open(directory.path);
  using _ = spool;
  for (const text of ["one", "two", "three"]) spool.put(batchOf(text, 4));
  const [file = ""] = filesIn(directory.path);
  const bytes = readFileSync(file);
  bytes.writeUInt8(0x21, bytes.indexOf("two"));
  writeFileSync(file, bytes);
  assert.deepEqual(drain(spool), ["one", "three"]);
  assert.deepEqual(dropped, [["spoolFailed", 4]]);
  assert.deepEqual(
    problems.map(({ message }) => message),
    [`${file}: a batch in it is damaged; it is left out`],
  );
  assert.equal(spool.itemCount, 0);
});

test("a file that is no longer what it was is given up, and those after it go on", async () => {
  using directory = temporaryDirectory();
  const { spool, dropped, problems } = await open(directory.path);
  using _ = spool;
  const large = "x".repeat(MAX_BYTES / 16);
  for (const text of [large, large, "last"]) spool.put(batchOf(text, 4));
  const [first = "", second = ""] = filesIn(directory.path).sort();
  writeFileSync(second, Buffer.alloc(statSync(second).size));
  assert.deepEqual(drain(spool), [large, "last"]);
  assert.deepEqual(dropped, [["spoolFailed", 4]]);
  assert.deepEqual(
    problems.map(({ message }) => message),
    [`${second}: what waits in it is not found any more; it is left out`],
  );
  assert.notEqual(first, second);
});

test("two exporters cannot use one spool, one after the other can", async () => {
  using directory = temporaryDirectory();
  {
    using _ = (await open(directory.path)).spool;
    await assert.rejects(open(directory.path), (error) => {
      assert.ok(error instanceof OtlpError);
      assert.equal(error.code, "spool");
      assert.equal(error.message, `another exporter is using the spool in ${directory.path}/traces`);
      return true;
    });
  }
  using _ = (await open(directory.path)).spool;
});

test("a directory that cannot be one is refused", async () => {
  using directory = temporaryDirectory();
  const file = join(directory.path, "file");
  writeFileSync(file, "");
  chmodSync(file, 0o600);
  await assert.rejects(
    open(file),
    (error) => error instanceof OtlpError && error.code === "spool" && /cannot be used: ENOTDIR/.test(error.message),
  );
});
