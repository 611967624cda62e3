import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import * as pprof from "pprof-format";
import type { Frame, Mapping, ProcessInfo, Profile, ProfileSample } from "../profiles/profile.ts";
import { cpuProfiles } from "../testing/profile-arbitraries.ts";
import { encodePprof } from "./encode.ts";

const node: Mapping = {
  name: "node",
  path: "/usr/bin/node",
  buildId: "00a1ff",
  startAddress: 0x40_0000n,
  limitAddress: 0x90_0000n,
  fileOffset: 0x1000n,
};
const libc: Mapping = {
  name: "libc.so.6",
  path: "/lib/libc.so.6",
  startAddress: 0x7f00_0000_0000n,
  limitAddress: 0x7f00_0020_0000n,
  fileOffset: 0n,
};
const kernel: Mapping = {
  name: "[kernel]",
  path: "/proc/kallsyms",
  startAddress: 0xffff_ffff_8000_0000n,
  limitAddress: 0xffff_ffff_ffff_ffffn,
  fileOffset: 0n,
};
const scavenge: Frame = {
  name: "v8::internal::Scavenge()",
  systemName: "_ZN2v88internal8ScavengeEv",
  address: 0x41_0000n,
  mapping: node,
  kind: "native",
  symbolized: true,
};
const memcpy: Frame = {
  name: "memcpy",
  address: 0x7f00_0000_1000n,
  mapping: libc,
  kind: "native",
  symbolized: true,
};
const unknown: Frame = { ...memcpy, name: "libc.so.6+0x2000", address: 0x7f00_0000_2000n, symbolized: false };
const copyUser: Frame = {
  name: "copy_user_generic",
  address: 0xffff_ffff_8100_0001n,
  mapping: kernel,
  kind: "kernel",
  symbolized: true,
};
const api: ProcessInfo = { pid: 4242, name: "api", containerId: "c0ffee", executablePath: "/usr/bin/node" };
const shell: ProcessInfo = { pid: 7, name: "sh", executablePath: "/bin/sh" };

const periodNs = 10_101_010;

function profileOf(samples: readonly ProfileSample[], changes: Partial<Profile> = {}): Profile {
  return {
    timeUnixNs: 1_795_000_000_123_456_789n,
    durationNs: 10_000_000_000,
    sampleTypes: [
      { type: "samples", unit: "count" },
      { type: "cpu", unit: "nanoseconds" },
    ],
    periodType: { type: "cpu", unit: "nanoseconds" },
    period: periodNs,
    defaultSampleType: "cpu",
    samples,
    ...changes,
  };
}

function sampleOf(stack: readonly Frame[], count: number, process: ProcessInfo, threadName = "main"): ProfileSample {
  return { stack, values: [count, count * periodNs], process, threadId: process.pid, threadName };
}

function decode(profile: Profile): pprof.Profile {
  return pprof.Profile.decode(gunzipSync(encodePprof(profile)));
}

/** The decoded profile in plain data with the names in place of the indexes. */
function resolved(decoded: pprof.Profile) {
  const text = (index: number | bigint) => {
    const found = decoded.stringTable.strings[Number(index)];
    assert.ok(found !== undefined, `string ${index} is in the table`);
    return found;
  };
  const byId = <T extends { id: number | bigint }>(entries: readonly T[]) => {
    const map = new Map(entries.map((entry) => [Number(entry.id), entry]));
    assert.equal(map.size, entries.length, "ids are unique");
    assert.ok(!map.has(0), "no id is zero");
    return (id: number | bigint) => {
      const found = map.get(Number(id));
      assert.ok(found !== undefined, `id ${id} is in the table`);
      return found;
    };
  };
  const mapping = byId(decoded.mapping);
  const location = byId(decoded.location);
  const functionOf = byId(decoded.function);
  return {
    text,
    samples: decoded.sample.map((sample) => ({
      stack: sample.locationId.map((id) => {
        const { address, mappingId, line } = location(id);
        assert.equal(line.length, 1);
        const [only] = line;
        assert.ok(only);
        const { name, systemName, filename } = functionOf(only.functionId);
        return {
          address: BigInt.asUintN(64, BigInt(address)),
          mapping: text(mapping(mappingId).filename),
          name: text(name),
          systemName: text(systemName),
          file: text(filename),
          line: Number(only.line),
        };
      }),
      values: sample.value.map(Number),
      labels: Object.fromEntries(
        sample.label.map((label) => [text(label.key), Number(label.str) === 0 ? Number(label.num) : text(label.str)]),
      ),
    })),
  };
}

test("what a profile says about itself is in its place", () => {
  const decoded = decode(profileOf([sampleOf([memcpy], 1, api)], { comments: ["skep 0.1.0", "99 Hz"] }));
  const { text } = resolved(decoded);
  assert.equal(decoded.stringTable.strings[0], "");
  assert.deepEqual(
    decoded.sampleType.map(({ type, unit }) => [text(type), text(unit)]),
    [
      ["samples", "count"],
      ["cpu", "nanoseconds"],
    ],
  );
  assert.equal(BigInt(decoded.timeNanos), 1_795_000_000_123_456_789n);
  assert.equal(Number(decoded.durationNanos), 10_000_000_000);
  assert.ok(decoded.periodType);
  assert.deepEqual([text(decoded.periodType.type), text(decoded.periodType.unit)], ["cpu", "nanoseconds"]);
  assert.equal(Number(decoded.period), periodNs);
  assert.equal(text(decoded.defaultSampleType), "cpu");
  assert.deepEqual(decoded.comment.map(text), ["skep 0.1.0", "99 Hz"]);
});

test("a sample keeps its stack, values and labels", () => {
  const { samples } = resolved(decode(profileOf([sampleOf([copyUser, memcpy, scavenge], 3, api, "worker-1")])));
  assert.deepEqual(samples, [
    {
      stack: [
        {
          address: 0xffff_ffff_8100_0001n,
          mapping: "[kernel.kallsyms]",
          name: "copy_user_generic",
          systemName: "copy_user_generic",
          file: "",
          line: 0,
        },
        {
          address: 0x7f00_0000_1000n,
          mapping: "/lib/libc.so.6",
          name: "memcpy",
          systemName: "memcpy",
          file: "",
          line: 0,
        },
        {
          address: 0x41_0000n,
          mapping: "/usr/bin/node",
          name: "v8::internal::Scavenge()",
          systemName: "_ZN2v88internal8ScavengeEv",
          file: "",
          line: 0,
        },
      ],
      values: [3, 3 * periodNs],
      labels: { pid: 4242, tid: 4242, process: "api", thread: "worker-1", container: "c0ffee" },
    },
  ]);
});

test("labels without a text are left out, since they would read as the number 0", () => {
  const { samples } = resolved(decode(profileOf([sampleOf([memcpy], 1, { pid: 9, name: "" }, "")])));
  assert.deepEqual(samples[0]?.labels, { pid: 9, tid: 9 });
});

test("mappings carry range, offset and build id", () => {
  const decoded = decode(profileOf([sampleOf([copyUser, scavenge], 1, api)]));
  const { text } = resolved(decoded);
  assert.deepEqual(
    decoded.mapping.map((mapping) => ({
      file: text(mapping.filename),
      buildId: text(mapping.buildId),
      range: [mapping.memoryStart, mapping.memoryLimit].map((address) => BigInt.asUintN(64, BigInt(address))),
      offset: Number(mapping.fileOffset),
    })),
    [
      { file: "/usr/bin/node", buildId: "00a1ff", range: [0x40_0000n, 0x90_0000n], offset: 0x1000 },
      {
        file: "[kernel.kallsyms]",
        buildId: "",
        range: [0xffff_ffff_8000_0000n, 0xffff_ffff_ffff_ffffn],
        offset: 0,
      },
    ],
  );
});

test("the first mapping is the executable of the busiest process", () => {
  const sh: Frame = { ...scavenge, name: "execute", mapping: { ...node, name: "sh", path: "/bin/sh" } };
  const samples = [sampleOf([memcpy, sh], 1, shell), sampleOf([memcpy, scavenge], 5, api), sampleOf([sh], 3, shell)];
  const decoded = decode(profileOf(samples));
  assert.equal(resolved(decoded).text(decoded.mapping[0]?.filename ?? 0), "/usr/bin/node");
});

test("a mapping has functions only if every one of its locations has a name", () => {
  const jit: Frame = {
    name: "LazyCompile:*hash /app/hash.js:3:15",
    address: 0x3a_0000n,
    mapping: { ...node, name: "[jit]", path: "[jit]" },
    kind: "jit",
    symbolized: true,
    file: "/app/hash.js",
    line: 3,
  };
  const decoded = decode(profileOf([sampleOf([memcpy, unknown, scavenge, jit], 1, api)]));
  const { text, samples } = resolved(decoded);
  assert.deepEqual(
    Object.fromEntries(
      decoded.mapping.map((mapping) => [
        text(mapping.filename),
        [mapping.hasFunctions, mapping.hasFilenames, mapping.hasLineNumbers].map(Boolean),
      ]),
    ),
    {
      "/usr/bin/node": [true, false, false],
      "/lib/libc.so.6": [false, false, false],
      "[jit]": [true, true, true],
    },
  );
  assert.deepEqual(samples[0]?.stack[3]?.file, "/app/hash.js");
  assert.deepEqual(samples[0]?.stack[3]?.line, 3);
});

test("equal frames are one location; another function at the same address is another one", () => {
  const decoded = decode(
    profileOf([
      sampleOf([memcpy, { ...memcpy, mapping: { ...libc } }], 1, api),
      sampleOf([{ ...memcpy, name: "moved_here_later" }], 1, api),
    ]),
  );
  assert.equal(decoded.location.length, 2);
  assert.equal(decoded.mapping.length, 1);
  assert.deepEqual(decoded.sample[0]?.locationId, [1, 1]);
});

test("a profile without samples is still a profile", () => {
  const decoded = decode(profileOf([]));
  assert.equal(decoded.sample.length, 0);
  assert.equal(decoded.sampleType.length, 2);
});

test("the wrong number of values is refused", () => {
  const sample = { ...sampleOf([memcpy], 1, api), values: [1] };
  assert.throws(() => encodePprof(profileOf([sample])), new RangeError("a sample has 1 values for 2 sample types"));
});

test("any profile comes back: sums conserved, nothing dangles, nothing is left over", () => {
  fc.assert(
    fc.property(cpuProfiles, (profile) => {
      const decoded = decode(profile);
      const { samples, text } = resolved(decoded);

      const sum = (rows: readonly { values: readonly number[] }[], index: number) =>
        rows.reduce((total, { values }) => total + (values[index] ?? 0), 0);
      assert.equal(sum(samples, 0), sum(profile.samples, 0));
      assert.equal(sum(samples, 1), sum(profile.samples, 1));
      assert.deepEqual(
        samples.map(({ stack }) => stack.map(({ name, address }) => [name, address])),
        profile.samples.map(({ stack }) => stack.map(({ name, address }) => [name.toWellFormed(), address])),
      );
      assert.deepEqual(
        samples.map(({ labels }) => labels),
        profile.samples.map(({ process, threadId, threadName }) => ({
          pid: process.pid,
          tid: threadId,
          process: process.name.toWellFormed(),
          thread: threadName.toWellFormed(),
        })),
      );

      const used = <T>(values: Iterable<T>) => new Set(values).size;
      assert.equal(used(decoded.sample.flatMap(({ locationId }) => locationId)), decoded.location.length);
      assert.equal(used(decoded.location.map(({ mappingId }) => mappingId)), decoded.mapping.length);
      assert.equal(
        used(decoded.location.flatMap(({ line }) => line.map(({ functionId }) => functionId))),
        decoded.function.length,
      );
      assert.equal(text(0), "");
    }),
  );
});
