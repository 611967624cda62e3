import { misfit, type Part } from "./part.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** `char[n]`: text that ends at the first NUL, or with the array. */
export function textPart(length: number): Part {
  return {
    sizeBytes: length,
    valueCount: 1,
    decode(view, offset) {
      const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, length);
      const end = bytes.indexOf(0);
      return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
    },
    encode(value, view, offset, path) {
      const bytes = typeof value === "string" ? encoder.encode(value) : undefined;
      if (bytes === undefined || bytes.byteLength > length)
        throw misfit(path, `a string of up to ${length} bytes`, value);
      new Uint8Array(view.buffer, view.byteOffset + offset, length).set(bytes);
    },
  };
}

/** `unsigned char[n]`: bytes, copied. */
export function bytesPart(length: number): Part {
  return {
    sizeBytes: length,
    valueCount: 1,
    decode: (view, offset) => new Uint8Array(view.buffer, view.byteOffset + offset, length).slice(),
    encode(value, view, offset, path) {
      if (!(value instanceof Uint8Array) || value.byteLength !== length) {
        throw misfit(path, `a Uint8Array of ${length} bytes`, value);
      }
      new Uint8Array(view.buffer, view.byteOffset + offset, length).set(value);
    },
  };
}

export function arrayPart(element: Part, length: number): Part {
  const { sizeBytes } = element;
  return {
    sizeBytes: sizeBytes * length,
    valueCount: Math.max(1, element.valueCount) * length,
    decode: (view, offset) => Array.from({ length }, (_, index) => element.decode(view, offset + index * sizeBytes)),
    encode(value, view, offset, path) {
      if (!Array.isArray(value) || value.length !== length) throw misfit(path, `an array of ${length}`, value);
      for (const [index, item] of value.entries()) {
        element.encode(item, view, offset + index * sizeBytes, `${path}[${index}]`);
      }
    },
  };
}
