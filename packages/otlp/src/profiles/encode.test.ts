import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { someTime } from "../testing/arbitraries.ts";
import { decodeJson, decodeProtobuf } from "../testing/decode.ts";
import { cpuProfiles } from "../testing/profile-arbitraries.ts";
import { type ResolvedSample, resolveProfiles } from "../testing/resolve-profiles.ts";
import {
  encodeProfiles,
  type Frame,
  groupByResource,
  type Mapping,
  type ProcessInfo,
  type Profile,
  type ProfileSample,
  profiles,
} from "./index.ts";

const REQUEST = "ExportProfilesServiceRequest";
const scope = { name: "skep", version: "0.1.0" };

const node: Mapping = {
  name: "node",
  path: "/usr/bin/node",
  buildId: "00a1ff",
  startAddress: 0x40_0000n,
  limitAddress: 0x90_0000n,
  fileOffset: 0x1000n,
};
const kernel: Mapping = {
  name: "[kernel]",
  path: "/proc/kallsyms",
  startAddress: 0xffff_ffff_8000_0000n,
  limitAddress: 0xffff_ffff_ffff_ffffn,
  fileOffset: 0n,
};
const main: Frame = {
  name: "main()",
  systemName: "_Z4mainv",
  address: 0x41_0000n,
  mapping: node,
  kind: "native",
  symbolized: true,
};
const unknown: Frame = { name: "node+0x2000", address: 0x42_0000n, mapping: node, kind: "native", symbolized: false };
const script: Frame = {
  name: "hash",
  address: 0x3a_0000n,
  mapping: { name: "[jit]", path: "[jit]", startAddress: 0x3a_0000n, limitAddress: 0x3b_0000n, fileOffset: 0n },
  kind: "jit",
  runtime: "v8js",
  symbolized: true,
  file: "/app/hash.js",
  line: 3,
};
const copyUser: Frame = {
  name: "copy_user",
  address: 0xffff_ffff_8100_0001n,
  mapping: kernel,
  kind: "kernel",
  symbolized: true,
};
const api: ProcessInfo = { pid: 4242, name: "api", containerId: "c0ffee", executablePath: "/usr/bin/node" };
const shell: ProcessInfo = { pid: 7, name: "sh", executablePath: "/bin/sh" };

function sampleOf(stack: readonly Frame[], count: number, changes: Partial<ProfileSample> = {}): ProfileSample {
  return { stack, values: [count, count * 10_000_000], process: api, threadId: 4243, threadName: "worker", ...changes };
}

function profileOf(samples: readonly ProfileSample[], changes: Partial<Profile> = {}): Profile {
  return {
    timeUnixNs: someTime,
    durationNs: 10_000_000_000,
    sampleTypes: [
      { type: "samples", unit: "count" },
      { type: "cpu", unit: "nanoseconds" },
    ],
    periodType: { type: "cpu", unit: "nanoseconds" },
    period: 10_000_000,
    samples,
    ...changes,
  };
}

/** What the published schema reads of the profiles, the same from both encodings, with names in place of indexes. */
function decoded(taken: readonly Profile[], options: Partial<Parameters<typeof groupByResource>[1]> = {}) {
  const resources = groupByResource(taken, { scope, ...options });
  const fromProtobuf = decodeProtobuf(REQUEST, encodeProfiles(resources));
  assert.deepEqual(decodeJson(REQUEST, encodeProfiles(resources, "json")), fromProtobuf);
  return resolveProfiles(fromProtobuf);
}

test("a profile of two sample types is two profiles of one value a sample", () => {
  const [resource, ...others] = decoded([profileOf([sampleOf([copyUser, main], 3)])]);
  assert.deepEqual(others, []);
  const sample = {
    stack: [
      {
        name: "copy_user",
        systemName: "copy_user",
        file: "",
        line: 0,
        address: 0xffff_ffff_8100_0001n,
        mapping: {
          file: "[kernel.kallsyms]",
          range: [0xffff_ffff_8000_0000n, 0xffff_ffff_ffff_ffffn],
          offset: 0n,
          attributes: {},
        },
        attributes: { "profile.frame.type": "kernel" },
      },
      {
        name: "main()",
        systemName: "_Z4mainv",
        file: "",
        line: 0,
        address: 0x41_0000n,
        mapping: {
          file: "/usr/bin/node",
          range: [0x40_0000n, 0x90_0000n],
          offset: 0x1000n,
          attributes: { "process.executable.build_id.gnu": "00a1ff" },
        },
        attributes: { "profile.frame.type": "native" },
      },
    ],
    attributes: { "thread.id": 4243, "thread.name": "worker" },
    span: undefined,
  };
  const common = {
    timeUnixNs: someTime,
    durationNs: 10_000_000_000n,
    periodType: ["cpu", "nanoseconds"],
    period: 10_000_000n,
    attributes: {},
  };
  assert.deepEqual(resource, {
    attributes: {
      "service.name": "unknown_service:node",
      "process.pid": 4242,
      "process.executable.name": "node",
      "process.executable.path": "/usr/bin/node",
      "container.id": "c0ffee",
    },
    scope: { name: "skep", version: "0.1.0" },
    profiles: [
      { ...common, sampleType: ["samples", "count"], samples: [{ ...sample, values: [3n] }] },
      { ...common, sampleType: ["cpu", "nanoseconds"], samples: [{ ...sample, values: [30_000_000n] }] },
    ],
  });
});

test("each process is a resource, by default", () => {
  const samples = [sampleOf([main], 1), sampleOf([main], 2, { process: shell }), sampleOf([unknown], 3)];
  const resources = decoded([profileOf(samples)]);
  assert.deepEqual(
    resources.map(({ attributes, profiles: [counts] }) => [
      attributes["process.pid"],
      counts?.samples.map(({ stack, values }) => [stack[0]?.name, values]),
    ]),
    [
      [
        4242,
        [
          ["main()", [1n]],
          ["node+0x2000", [3n]],
        ],
      ],
      [7, [["main()", [2n]]]],
    ],
  );
});

test("processes of one resource are told apart by attributes of their samples", () => {
  const container = { attributes: { "container.id": "c0ffee" } };
  const samples = [sampleOf([main], 1), sampleOf([main], 2, { process: shell })];
  const [resource, ...others] = decoded([profileOf(samples)], { resourceOf: () => container });
  assert.deepEqual(others, []);
  assert.deepEqual(resource?.attributes, { "container.id": "c0ffee" });
  const thread = { "thread.id": 4243, "thread.name": "worker" };
  assert.deepEqual(
    resource?.profiles[0]?.samples.map(({ attributes }) => attributes),
    [
      { ...thread, "process.pid": 4242, "process.executable.name": "api" },
      { ...thread, "process.pid": 7, "process.executable.name": "sh" },
    ],
  );
});

test("equal samples are added up, since OTLP takes them for one", () => {
  const samples = [
    sampleOf([main], 1),
    sampleOf([{ ...main }], 2),
    sampleOf([main], 4, { threadId: 1 }),
    sampleOf([main], 0, { threadId: 2 }),
  ];
  const [resource] = decoded([profileOf(samples)]);
  assert.deepEqual(
    resource?.profiles.map(({ samples: rows }) => rows.map(({ values }) => values)),
    [
      [[3n], [4n]],
      [[30_000_000n], [40_000_000n]],
    ],
  );
});

test("the profiles of one request share the dictionary", () => {
  const offCpu = profileOf([sampleOf([main], 1)], {
    sampleTypes: [
      { type: "samples", unit: "count" },
      { type: "off_cpu", unit: "nanoseconds" },
    ],
    periodType: { type: "off_cpu", unit: "nanoseconds" },
    period: 0,
    comments: ["one", "two"],
  });
  const [resource, ...others] = decoded([profileOf([sampleOf([main], 1)]), offCpu]);
  assert.deepEqual(others, []);
  assert.deepEqual(
    resource?.profiles.map(({ sampleType, period, attributes }) => [sampleType[0], period, attributes]),
    [
      ["samples", 10_000_000n, {}],
      ["cpu", 10_000_000n, {}],
      // A period of 0 would be refused by Pyroscope.
      ["samples", 1n, { "pprof.profile.comment": ["one", "two"] }],
      ["off_cpu", 1n, { "pprof.profile.comment": ["one", "two"] }],
    ],
  );
});

test("a JIT's frame has the type of its runtime, its file and line; a sample its span", () => {
  const span = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
  const { runtime, ...unknownRuntime } = script;
  const [resource] = decoded([profileOf([sampleOf([script, unknownRuntime], 1, { span })])]);
  const [sample] = resource?.profiles[0]?.samples ?? [];
  assert.deepEqual(sample?.span, span);
  assert.deepEqual(
    sample?.stack.map(({ file, line, attributes }) => [file, line, attributes]),
    [
      ["/app/hash.js", 3, { "profile.frame.type": runtime }],
      ["/app/hash.js", 3, {}],
    ],
  );
});

test("the wrong number of values is refused", () => {
  const resources = groupByResource([profileOf([{ ...sampleOf([main], 1), values: [1] }])], { scope });
  assert.throws(() => encodeProfiles(resources), new RangeError("a sample has 1 values for 2 sample types"));
});

test("the items of a request are OTLP's profiles", () => {
  const taken = profileOf([sampleOf([main], 1), sampleOf([main], 1, { process: shell })]);
  assert.equal(profiles.itemCount(groupByResource([taken], { scope })), 4);
  assert.deepEqual(groupByResource([profileOf([])], { scope }), []);
});

test("any profile comes back: sums by stack conserved, nothing dangles, no entry without use or twice", () => {
  fc.assert(
    fc.property(cpuProfiles, (profile) => {
      // resolveProfiles checks the tables.
      const resources = decoded([profile]);
      const keyOf = (names: readonly string[], pid: unknown, thread: unknown) => JSON.stringify([names, pid, thread]);
      for (const [valueIndex, { type }] of profile.sampleTypes.entries()) {
        const expected = new Map<string, number>();
        for (const { stack, process, threadId, values } of profile.samples) {
          const key = keyOf(
            stack.map(({ name }) => name.toWellFormed()),
            process.pid,
            threadId,
          );
          const value = values[valueIndex] ?? 0;
          if (value > 0) expected.set(key, (expected.get(key) ?? 0) + value);
        }
        const found = new Map<string, number>();
        for (const { attributes, profiles: ofResource } of resources) {
          const samples: readonly ResolvedSample[] = ofResource
            .filter(({ sampleType }) => sampleType[0] === type)
            .flatMap((each) => each.samples);
          for (const sample of samples) {
            const names = sample.stack.map(({ name }) => name);
            const key = keyOf(names, attributes["process.pid"], sample.attributes["thread.id"]);
            found.set(key, (found.get(key) ?? 0) + Number(sample.values[0]));
          }
        }
        assert.deepEqual(found, expected);
      }
    }),
  );
});
