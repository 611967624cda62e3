// The C library's functions, for calls that Node.js doesn't make.
import { createRequire } from "node:module";

const koffi = createRequire(import.meta.url)("koffi");
const libc = koffi.load(null);

/** @param {string} declaration as in C */
export function libcFunction(declaration) {
  return libc.func(declaration);
}

/** Where a buffer is. */
export function addressOf(buffer) {
  return BigInt(koffi.address(buffer));
}

/** Memory at an address. */
export function memoryAt(address, sizeBytes) {
  return koffi.view(address, sizeBytes);
}
