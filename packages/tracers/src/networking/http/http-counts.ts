/** Why a request whose head was seen is not delivered. */
export const HTTP_LOSSES = [
  /** Bytes of its first line, or of its header block, were not captured. */
  "headCut",
  /** Its first line, or its header block, is longer than what is kept of one. */
  "headTooLong",
  /** More requests were under way on its connection than are kept. */
  "underWayLimit",
] as const;

export type HttpLoss = (typeof HTTP_LOSSES)[number];

/** What happened that cost no request, but may have cost a status or a size. */
export const HTTP_TROUBLES = [
  /** Gaps in the streams, without those that were asked for. */
  "gaps",
  "gapBytes",
  /** Bytes that came twice. */
  "repeatedBytes",
  /** Bytes in which no protocol was recognised. */
  "ignoredBytes",
  /** How often the next head had to be looked for. */
  "framingLost",
  "malformedHeads",
  /**
   * How often the header table of a direction of HTTP/2 became unknown, as a block was missed, cut or malformed: what
   * later ones name by its number in the table has no method, path or status.
   */
  "headerTablesLost",
  /** Responses whose request was not seen, or could not be told. */
  "unpairedResponses",
] as const;

export type HttpTrouble = (typeof HTTP_TROUBLES)[number];

/**
 * Counts of requests, by what became of them. `seen` is counted when a request's head is recognised, so once all
 * connections are closed, seen = delivered + the sum of lost; before, the difference is what is under way.
 */
export class HttpCounts {
  seen = 0;
  delivered = 0;
  readonly lost: Record<HttpLoss, number> = zeros(HTTP_LOSSES);
  readonly trouble: Record<HttpTrouble, number> = zeros(HTTP_TROUBLES);

  get underWay(): number {
    return this.seen - this.delivered - HTTP_LOSSES.reduce((sum, reason) => sum + this.lost[reason], 0);
  }
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
}
