import fc from "fast-check";
import type { Frame, Mapping, Profile } from "../profiles/profile.ts";
import { texts } from "./arbitraries.ts";

const PERIOD_NS = 10_101_010;

const names = fc.oneof(fc.string({ minLength: 1 }), texts({ minLength: 1, maxLength: 200 }));

const mappings: fc.Arbitrary<Mapping> = fc
  .record({
    name: names,
    path: fc.string(),
    startAddress: fc.bigInt({ min: 0n, max: 2n ** 63n }),
    sizeBytes: fc.bigInt({ min: 1n, max: 2n ** 62n }),
    fileOffset: fc.bigInt({ min: 0n, max: 2n ** 40n }),
  })
  .map(({ sizeBytes, ...mapping }) => ({ ...mapping, limitAddress: mapping.startAddress + sizeBytes }));

/** Profiles of the CPU with up to four mappings, and stacks that share their frames. */
export const cpuProfiles: fc.Arbitrary<Profile> = fc.array(mappings, { minLength: 1, maxLength: 4 }).chain((ranges) => {
  const frames: fc.Arbitrary<Frame> = fc
    .record({ name: names, mapping: fc.constantFrom(...ranges), offset: fc.nat(5), symbolized: fc.boolean() })
    .map(({ offset, ...frame }) => ({
      ...frame,
      kind: "native",
      address: frame.mapping.startAddress + BigInt(offset),
    }));
  return fc
    .array(
      fc.record({
        stack: fc.array(frames, { maxLength: 20 }),
        count: fc.nat({ max: 1_000_000 }),
        process: fc.record({ pid: fc.nat(), name: names, executablePath: names }),
        threadId: fc.nat(),
        threadName: names,
      }),
    )
    .map((samples) => ({
      timeUnixNs: 1_795_000_000_123_456_789n,
      durationNs: 10_000_000_000,
      sampleTypes: [
        { type: "samples", unit: "count" },
        { type: "cpu", unit: "nanoseconds" },
      ],
      periodType: { type: "cpu", unit: "nanoseconds" },
      period: PERIOD_NS,
      defaultSampleType: "cpu",
      samples: samples.map(({ count, ...sample }) => ({ ...sample, values: [count, count * PERIOD_NS] })),
    }));
});
