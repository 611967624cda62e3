/** `version-trace-parent-flags`; a later version may have more behind them. */
const SHAPE = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const MAX_CHARS = 255;

/** A header's value, if it is a well-formed `traceparent` of W3C Trace Context. */
export function wellFormedTraceparent(value: string): string | undefined {
  if (value.length > MAX_CHARS) return undefined;
  const [whole, version, trace = "", parent = "", rest] = SHAPE.exec(value) ?? [];
  if (whole === undefined || version === "ff" || /^0+$/.test(trace) || /^0+$/.test(parent)) return undefined;
  return version === "00" && rest !== undefined ? undefined : value;
}
