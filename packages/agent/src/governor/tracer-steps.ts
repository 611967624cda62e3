import type { TracerName } from "../pipeline/round.ts";
import type { SettingsOf, TracerChange } from "../pipeline/tracer-settings.ts";

/** One way to make a tracer cheaper, on top of those before it. */
export interface TracerStep<Name extends TracerName> {
  /** What it does then, as the end of a sentence: `system calls are counted without their times`. */
  readonly effect: string;
  /** What is left of its cost then, compared to the step before: 0 to 1. A guess; the next round tells. */
  readonly remaining: number;
  /** Undefined: it is off. */
  readonly settings: (configured: SettingsOf<Name>) => SettingsOf<Name> | undefined;
}

export type TracerSteps = { readonly [Name in TracerName]: readonly TracerStep<Name>[] };

const DEFAULT_FREQUENCY_HZ = 19;

/**
 * How each tracer is turned down, in order. Each step leaves numbers that are right for what they say: samples that are
 * rarer stand for more time each, a count is complete or absent. None shows a part of the events as all of them.
 */
export const tracerSteps: TracerSteps = {
  cpu: [
    {
      effect: "it samples half as often",
      remaining: 0.5,
      settings: (configured) => ({ ...configured, frequencyHz: frequencyOf(configured, 2) }),
    },
    {
      effect: "it samples a fourth as often",
      remaining: 0.5,
      settings: (configured) => ({ ...configured, frequencyHz: frequencyOf(configured, 4) }),
    },
    { effect: "it is off", remaining: 0, settings: off },
  ],
  "off-cpu": [{ effect: "it is off", remaining: 0, settings: off }],
  syscalls: [
    {
      effect: "system calls are counted without their times",
      remaining: 0.5,
      settings: (configured) => ({ ...configured, latencies: false }),
    },
    { effect: "it is off", remaining: 0, settings: off },
  ],
  files: [{ effect: "it is off", remaining: 0, settings: off }],
  network: [
    {
      effect: "no request becomes a span",
      remaining: 0.8,
      settings: (configured) => ({ ...configured, singleRequests: 0 }),
    },
    {
      effect: "requests over TLS are not seen",
      remaining: 0.9,
      settings: (configured) => ({ ...configured, singleRequests: 0, requests: withoutTls(configured) }),
    },
    {
      effect: "requests, DNS and UDP are not seen",
      remaining: 0.4,
      settings: (configured) => ({ ...configured, singleRequests: 0, requests: false }),
    },
    {
      effect: "connections are all that is seen",
      remaining: 0.5,
      settings: (configured) => ({ ...configured, singleRequests: 0, requests: false, packets: false }),
    },
    { effect: "it is off", remaining: 0, settings: off },
  ],
  processes: [
    {
      effect: "failed execs are not seen",
      remaining: 0.5,
      settings: (configured) => ({ ...configured, execFailures: false }),
    },
    { effect: "it is off", remaining: 0, settings: off },
  ],
};

/** What a tracer does after so many steps down. */
export function changeTo<Name extends TracerName>(
  name: Name,
  configured: SettingsOf<Name>,
  level: number,
  why: string,
): TracerChange<Name> {
  const steps: readonly TracerStep<Name>[] = tracerSteps[name];
  const step = steps[level - 1];
  if (step === undefined) return { settings: configured };
  return { settings: step.settings(configured), reason: `${why}: ${step.effect}` };
}

function off(): undefined {
  return undefined;
}

/** Those without it go on: all of them are `http`, and those over it `https`. */
function withoutTls({ requests = true }: SettingsOf<"network">): NonNullable<SettingsOf<"network">["requests"]> {
  return requests && { ...(requests === true ? {} : requests), tls: false };
}

function frequencyOf({ frequencyHz = DEFAULT_FREQUENCY_HZ }: SettingsOf<"cpu">, divisor: number): number {
  return Math.max(1, Math.round(frequencyHz / divisor));
}
