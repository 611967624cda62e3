import type { Frame, SpanReference } from "./profile.ts";
import { ProfileTables } from "./tables.ts";

/** An attribute of a sample, a location, a mapping or a profile. */
export interface AttributeEntry {
  readonly keyIndex: number;
  readonly value: string | number | readonly string[];
}

/**
 * The tables of a ProfilesDictionary, which all profiles of a request share.
 *
 * What the arrays hold begins at index 1: index 0 of each table is an empty entry, and means "none".
 */
export class ProfilesDictionary {
  /** Strings (with the empty one), functions, locations, mappings. */
  readonly tables: ProfileTables = new ProfileTables();
  /** Location indexes of each stack, leaf first. */
  readonly stacks: (readonly number[])[] = [];
  readonly attributes: AttributeEntry[] = [];
  readonly links: SpanReference[] = [];

  /** Samples of a profiler share their stacks as objects; equal stacks meet at the key. */
  readonly #stackIndexesByObject = new Map<readonly Frame[], number>();
  readonly #stackIndexes = new Map<string, number>();
  readonly #attributeIndexes = new Map<string, number>();
  readonly #linkIndexes = new Map<string, number>();

  stackIndex(frames: readonly Frame[]): number {
    if (frames.length === 0) return 0;
    let index = this.#stackIndexesByObject.get(frames);
    if (index === undefined) {
      const locations = frames.map((frame) => this.tables.locationId(frame));
      index = intern(this.#stackIndexes, locations.join(" "), this.stacks, () => locations);
      this.#stackIndexesByObject.set(frames, index);
    }
    return index;
  }

  attributeIndex(key: string, value: string | number | readonly string[]): number {
    return intern(this.#attributeIndexes, JSON.stringify([key, value]), this.attributes, () => ({
      keyIndex: this.tables.string(key),
      value,
    }));
  }

  linkIndex(span: SpanReference | undefined): number {
    if (span === undefined) return 0;
    return intern(this.#linkIndexes, `${span.traceId} ${span.spanId}`, this.links, () => span);
  }
}

/** The index of an entry, counted from 1. */
function intern<Entry>(indexes: Map<string, number>, key: string, entries: Entry[], create: () => Entry): number {
  let index = indexes.get(key);
  if (index === undefined) {
    index = entries.push(create());
    indexes.set(key, index);
  }
  return index;
}
