import type { Btf } from "../btf/btf.ts";
import { type BtfFeatures, sanitizeBtf } from "../btf/sanitize.ts";
import { BtfKind } from "../btf/types.ts";
import { btfLoad } from "../sys/bpf.ts";
import { Errno, failure } from "../sys/failure.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";

const LOG_SIZE_BYTES = 64 * 1024;
const ALL_FEATURES: BtfFeatures = {
  globalFunctions: true,
  emptyDataSections: true,
  floats: true,
  declarationTags: true,
  typeTags: true,
  enum64: true,
};

/**
 * Gives an object's BTF to the kernel. An older kernel refuses BTF with kinds of types that it does not know; then these
 * are replaced by others of the same size, which programs cannot tell.
 */
export function loadObjectBtf(sys: Sys, btf: Btf): FileDescriptor {
  const action = "loading the object's types";
  const first = btfLoad(sys, sanitizeBtf(btf, ALL_FEATURES));
  if (first !== -Errno.EINVAL) return FileDescriptor.own(sys, first, "bpf(BPF_BTF_LOAD)", action);
  const sanitized = sanitizeBtf(btf, probeBtfFeatures(sys));
  const log = new Uint8Array(LOG_SIZE_BYTES);
  const second = btfLoad(sys, sanitized);
  if (second >= 0) return FileDescriptor.own(sys, second, "bpf(BPF_BTF_LOAD)", action);
  btfLoad(sys, sanitized, log);
  const text = new TextDecoder().decode(log.subarray(0, Math.max(0, log.indexOf(0)))).trim();
  const reason = text.split("\n").at(-1);
  throw failure(second, "bpf(BPF_BTF_LOAD)", reason === undefined || reason === "" ? action : `${action} (${reason})`);
}

/** Tries each kind on the kernel. */
export function probeBtfFeatures(sys: Sys): BtfFeatures {
  const name = 1;
  const header = (kind: number, length: number) => (kind << 24) | length;
  const int = [name, header(BtfKind.int, 0), 4, (1 << 24) | 32];
  const supports = (...types: number[][]): boolean => {
    const fd = btfLoad(sys, encodeBtf(types.flat(), "\0x\0"));
    if (fd < 0) return false;
    sys.close(fd);
    return true;
  };
  return {
    globalFunctions: supports(
      int,
      [0, header(BtfKind.functionPrototype, 1), 0, name, 1],
      [name, header(BtfKind.function, 1), 2],
    ),
    emptyDataSections: supports([name, header(BtfKind.dataSection, 0), 4]),
    floats: supports([name, header(BtfKind.float, 0), 4]),
    // On a typedef: those on variables came one release earlier.
    declarationTags: supports(
      int,
      [name, header(BtfKind.typedef, 0), 1],
      [name, header(BtfKind.declarationTag, 0), 2, 0xffff_ffff],
    ),
    typeTags: supports(int, [name, header(BtfKind.typeTag, 0), 1], [0, header(BtfKind.pointer, 0), 2]),
    enum64: supports([name, header(BtfKind.enum64, 1), 8, name, 0, 0]),
  };
}

/** BTF of types given as 32-bit words. */
export function encodeBtf(typeWords: readonly number[], strings: string): Uint8Array {
  const headerSizeBytes = 24;
  const typeSizeBytes = typeWords.length * 4;
  const stringBytes = new TextEncoder().encode(strings);
  const bytes = new Uint8Array(headerSizeBytes + typeSizeBytes + stringBytes.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  view.setUint32(4, headerSizeBytes, true);
  view.setUint32(12, typeSizeBytes, true);
  view.setUint32(16, typeSizeBytes, true);
  view.setUint32(20, stringBytes.length, true);
  typeWords.forEach((word, index) => {
    view.setUint32(headerSizeBytes + index * 4, word >>> 0, true);
  });
  bytes.set(stringBytes, headerSizeBytes + typeSizeBytes);
  return bytes;
}
