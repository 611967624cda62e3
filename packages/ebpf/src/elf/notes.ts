import { viewOf } from "./byte-source.ts";

/** One entry of an ELF note section or segment. */
export interface ElfNote {
  /** Owner, such as `GNU`, `stapsdt`. */
  readonly name: string;
  /** Meaning depends on the owner. */
  readonly type: number;
  readonly descriptor: Uint8Array;
}

const decoder = new TextDecoder();
const noteHeaderBytes = 12;

/**
 * The notes in the bytes of one note section or segment. Stops without an error at an entry that does not fit: linkers
 * pad note segments, and a broken note must not hide the ones before it.
 *
 * @param alignment of name and descriptor: 4, or 8 where the section says so (`.note.gnu.property`).
 */
export function* parseNotes(bytes: Uint8Array, littleEndian: boolean, alignment: number): Generator<ElfNote> {
  const view = viewOf(bytes);
  const align = (offset: number): number => Math.ceil(offset / alignment) * alignment;
  let offset = 0;
  while (offset + noteHeaderBytes <= bytes.byteLength) {
    const nameLength = view.getUint32(offset, littleEndian);
    const descriptorLength = view.getUint32(offset + 4, littleEndian);
    const type = view.getUint32(offset + 8, littleEndian);
    const nameOffset = offset + noteHeaderBytes;
    const descriptorOffset = align(nameOffset + nameLength);
    const end = descriptorOffset + descriptorLength;
    if (end > bytes.byteLength) return;
    const name = decoder.decode(bytes.subarray(nameOffset, nameOffset + Math.max(0, nameLength - 1)));
    yield { name, type, descriptor: bytes.subarray(descriptorOffset, end) };
    offset = align(end);
  }
}
