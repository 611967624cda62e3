import { BpfError } from "../errors.ts";

/**
 * Why something is not there.
 *
 * - `old-kernel`: it came with a later kernel
 * - `not-built-in`: the kernel is built without it
 * - `not-permitted`: it is there, but not for this process
 * - `no-hardware`: this machine, often a virtual one, does not have it
 */
export type UnsupportedCause = "old-kernel" | "not-built-in" | "not-permitted" | "no-hardware";

export type FeatureSupport =
  | { readonly supported: true }
  | { readonly supported: false; readonly cause: UnsupportedCause; readonly reason: string };

export const YES: FeatureSupport = { supported: true };

export function no(cause: UnsupportedCause, reason: string): FeatureSupport {
  return { supported: false, cause, reason };
}

/** What an error of the kernel says about a feature; `cause` unless it is about permission. */
export function explain(error: unknown, cause: UnsupportedCause): FeatureSupport {
  if (!(error instanceof BpfError)) throw error;
  return no(error.code === "not-permitted" ? "not-permitted" : cause, error.message);
}
