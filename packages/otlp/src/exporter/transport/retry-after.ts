/**
 * The header `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date. Milliseconds from now; undefined when it
 * says nothing that can be understood.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  // Dates only: Date.parse takes many other things for one.
  if (!/^[A-Z][a-z]{2,8}, .*GMT$/.test(text)) return undefined;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
