import { viewOf } from "../elf/byte-source.ts";
import type { Btf } from "./btf.ts";
import { BtfKind, trailingBytes } from "./types.ts";

/** Kinds of BTF that the kernel accepts in BPF_BTF_LOAD, with the version that they came with. */
export interface BtfFeatures {
  /** FUNC with global linkage: 5.6. */
  readonly globalFunctions: boolean;
  /** DATASEC without variables, which clang writes for string literals and the like: 5.12. */
  readonly emptyDataSections: boolean;
  /** FLOAT: 5.13. */
  readonly floats: boolean;
  /** DECL_TAG: 5.16. */
  readonly declarationTags: boolean;
  /** TYPE_TAG: 5.17. */
  readonly typeTags: boolean;
  /** ENUM64, and signedness of ENUM: 6.0. */
  readonly enum64: boolean;
}

const headerBytes = 24;
const placeholderName = "enum64_placeholder";

/**
 * BTF that an older kernel accepts: each kind that it doesn't know becomes one that it does, of the same size and under the
 * same id, as libbpf has it (`bpf_object__sanitize_btf`). The header is written anew with 24 bytes, without the layout
 * section that Linux 7 knows.
 *
 * @returns bytes for BPF_BTF_LOAD.
 */
export function sanitizeBtf(btf: Btf, features: BtfFeatures): Uint8Array {
  const types = btf.typeBytes.slice();
  const view = viewOf(types);
  const { littleEndian } = btf;
  // An ENUM64 becomes a union with a member for each enumerator; its members need a type, which is appended.
  const placeholderId = btf.typeCount;
  let needsPlaceholder = false;
  for (let offset = 0; offset < types.byteLength; ) {
    const info = view.getUint32(offset + 4, littleEndian);
    const kind = (info >> 24) & 0x1f;
    const vlen = info & 0xffff;
    const kindFlag = info >>> 31 === 1;
    const end = offset + 12 + (trailingBytes(kind, vlen) ?? 0);
    const become = (newKind: BtfKind, count: number): void =>
      view.setUint32(offset + 4, (newKind << 24) | count, littleEndian);
    switch (kind) {
      case BtfKind.function:
        if (!features.globalFunctions) become(BtfKind.function, 0);
        break;
      case BtfKind.dataSection:
        if (features.emptyDataSections || vlen > 0) break;
        // A struct needs a name that is an identifier, or none.
        view.setUint32(offset, 0, littleEndian);
        become(BtfKind.struct, 0);
        break;
      case BtfKind.float:
        if (features.floats) break;
        view.setUint32(offset, 0, littleEndian);
        become(BtfKind.struct, 0);
        break;
      case BtfKind.declarationTag:
        if (features.declarationTags) break;
        // An integer of one byte: no kernel finds it larger than what the tag was on.
        become(BtfKind.int, 0);
        view.setUint32(offset + 8, 1, littleEndian);
        view.setUint32(offset + 12, 8, littleEndian);
        break;
      case BtfKind.typeTag:
        if (features.typeTags) break;
        view.setUint32(offset, 0, littleEndian);
        become(BtfKind.const, 0);
        break;
      case BtfKind.enum:
        if (kindFlag && !features.enum64) become(BtfKind.enum, vlen);
        break;
      case BtfKind.enum64:
        if (features.enum64) break;
        become(BtfKind.union, vlen);
        for (let at = offset + 12; at < end; at += 12) {
          view.setUint32(at + 4, placeholderId, littleEndian);
          view.setUint32(at + 8, 0, littleEndian);
        }
        needsPlaceholder = true;
        break;
      default:
        break;
    }
    offset = end;
  }
  return encodeBtf(btf, types, needsPlaceholder);
}

/** Header, types and strings; and at the end of both an integer type for the placeholder, where it is needed. */
function encodeBtf(btf: Btf, types: Uint8Array, withPlaceholder: boolean): Uint8Array {
  const strings = btf.stringBytes;
  const name = withPlaceholder ? new TextEncoder().encode(`${placeholderName}\0`) : new Uint8Array(0);
  const placeholder = new Uint8Array(withPlaceholder ? 16 : 0);
  const { littleEndian } = btf;
  if (withPlaceholder) {
    const view = viewOf(placeholder);
    view.setUint32(0, strings.byteLength, littleEndian);
    view.setUint32(4, BtfKind.int << 24, littleEndian);
    view.setUint32(8, 1, littleEndian);
    view.setUint32(12, 8, littleEndian);
  }
  const typeSize = types.byteLength + placeholder.byteLength;
  const bytes = new Uint8Array(headerBytes + typeSize + strings.byteLength + name.byteLength);
  const header = viewOf(bytes);
  header.setUint16(0, 0xeb9f, littleEndian);
  header.setUint8(2, 1);
  header.setUint32(4, headerBytes, littleEndian);
  header.setUint32(8, 0, littleEndian);
  header.setUint32(12, typeSize, littleEndian);
  header.setUint32(16, typeSize, littleEndian);
  header.setUint32(20, strings.byteLength + name.byteLength, littleEndian);
  bytes.set(types, headerBytes);
  bytes.set(placeholder, headerBytes + types.byteLength);
  bytes.set(strings, headerBytes + typeSize);
  bytes.set(name, headerBytes + typeSize + strings.byteLength);
  return bytes;
}
