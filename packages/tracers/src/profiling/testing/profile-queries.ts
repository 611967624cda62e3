import type { CpuProfile, ProfileSample } from "../profile.ts";

/** Sum of a profile's counts over the samples that `matches` picks. */
export function countWhere(profile: CpuProfile, matches: (sample: ProfileSample) => boolean): number {
  return sumWhere(profile, 0, matches);
}

/** The same of their nanoseconds. */
export function nanosecondsWhere(profile: CpuProfile, matches: (sample: ProfileSample) => boolean): number {
  return sumWhere(profile, 1, matches);
}

function sumWhere(profile: CpuProfile, value: number, matches: (sample: ProfileSample) => boolean): number {
  let sum = 0;
  for (const sample of profile.samples) if (matches(sample)) sum += sample.values[value] ?? 0;
  return sum;
}

/** Picks samples with a function of this name anywhere on the stack. */
export function onStack(name: string | RegExp): (sample: ProfileSample) => boolean {
  const matches = typeof name === "string" ? (text: string) => text === name : (text: string) => name.test(text);
  return ({ stack }) => stack.some((frame) => matches(frame.name));
}

/** Share of the samples in which each function is the leaf. */
export function leafShares(profile: CpuProfile): Map<string, number> {
  const shares = new Map<string, number>();
  for (const { stack, values } of profile.samples) {
    const name = stack[0]?.name ?? "";
    shares.set(name, (shares.get(name) ?? 0) + (values[0] ?? 0) / profile.sampleCount);
  }
  return shares;
}

/** Three standard deviations of the share that `count` samples give of something with this true share. */
export function threeSigma(share: number, count: number): number {
  return 3 * Math.sqrt((share * (1 - share)) / count);
}
