import { HTTP_LOSSES, type NetworkReport, type TlsReport } from "@skep/tracers/networking";

type Counts = Readonly<Record<string, number>>;

/** What `NetworkTracer.counts()` counts as lost, which need not be told twice. */
const COUNTED: Readonly<Record<"connections" | "requests", ReadonlySet<string>>> = {
  // Nobody reads the single events of connections.
  connections: new Set(["opened", "closed", "failed", "unread"]),
  requests: new Set([...HTTP_LOSSES, "serverRingFull", "clientRingFull", "dnsWaiting", "eventsUnread"]),
};

/** What of TLS adds up, and means that something is missing. */
const TLS_REASONS = ["callsLost", "conflicts", "tooBusy"] as const;

/**
 * What the report may lack something for, by part and reason. What is lost without that anybody could say how many events it
 * was is among it.
 *
 * @param tlsBefore at the last report: what is known of TLS adds up
 */
export function networkIncomplete(
  { connections, requests, packets, tls }: NetworkReport,
  tlsBefore: TlsReport | undefined,
): Counts {
  const tlsCounts = TLS_REASONS.map((reason) => [reason, (tls?.[reason] ?? 0) - (tlsBefore?.[reason] ?? 0)]);
  return {
    ...named("connections", connections?.incomplete),
    ...named("connections", without(connections?.lost, COUNTED.connections)),
    ...named("requests", requests?.incomplete),
    ...named("requests", without(requests?.lost, COUNTED.requests)),
    ...named("packets", packets?.incomplete),
    ...named("packets", packets?.lost),
    ...named("tls", Object.fromEntries(tlsCounts)),
  };
}

/** `requests.gaps`; those that never happened are left out. */
export function named(part: string, counts: Counts = {}): Counts {
  return Object.fromEntries(
    Object.entries(counts).flatMap(([reason, count]) => (count > 0 ? [[`${part}.${reason}`, count]] : [])),
  );
}

function without(counts: Counts = {}, reasons: ReadonlySet<string>): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([reason]) => !reasons.has(reason)));
}

/** By how much they grew. */
export function grownBy(counts: Counts, before: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count - (before[name] ?? 0)]));
}
