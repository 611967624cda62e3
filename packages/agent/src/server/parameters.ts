import type { TimeRange } from "../history/history.ts";
import { HttpError } from "./http-error.ts";

const MAXIMUM_TEXT = 200;

/** What a request asks for beyond its path. What it should not ask for is refused, so that no typing error is silent. */
export class Parameters {
  readonly #values: ReadonlyMap<string, string>;

  /** @throws HttpError 400 for a name that is not one of `names`, or that comes twice. */
  constructor(query: string, names: readonly string[]) {
    const values = new Map<string, string>();
    for (const [name, value] of new URLSearchParams(query)) {
      if (!names.includes(name)) {
        throw new HttpError(400, `unknown parameter ${JSON.stringify(name)}; there are: ${names.join(", ") || "none"}`);
      }
      if (values.has(name)) throw new HttpError(400, `${name} is given twice`);
      values.set(name, value);
    }
    this.#values = values;
  }

  /** A whole or decimal number of at least 0. */
  number(name: string, maximum: number): number | undefined {
    const text = this.#values.get(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value <= maximum)) throw new HttpError(400, `${name} must be a number from 0 to ${maximum}`);
    return value;
  }

  text(name: string): string | undefined {
    const text = this.#values.get(name);
    if (text !== undefined && (text === "" || text.length > MAXIMUM_TEXT)) {
      throw new HttpError(400, `${name} must have from 1 to ${MAXIMUM_TEXT} characters`);
    }
    return text;
  }

  oneOf<Value extends string>(name: string, allowed: readonly [Value, ...Value[]]): Value {
    const text = this.#values.get(name);
    if (text === undefined) return allowed[0];
    const value = allowed.find((candidate) => candidate === text);
    if (value === undefined) throw new HttpError(400, `${name} must be one of ${allowed.join(", ")}`);
    return value;
  }

  /** `from` and `to`, or with a prefix `baselineFrom` and `baselineTo`: milliseconds since 1970. */
  range(prefix = ""): Partial<TimeRange> {
    const [from, to] = prefix === "" ? ["from", "to"] : [`${prefix}From`, `${prefix}To`];
    const fromMs = this.number(from, Number.MAX_SAFE_INTEGER);
    const toMs = this.number(to, Number.MAX_SAFE_INTEGER);
    if (fromMs !== undefined && toMs !== undefined && fromMs > toMs) {
      throw new HttpError(400, `${from} is after ${to}`);
    }
    return { ...(fromMs !== undefined && { fromMs }), ...(toMs !== undefined && { toMs }) };
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }
}
