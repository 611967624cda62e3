/** How the keys or values of a map become JavaScript values and back. */
export interface ValueCodec<T> {
  readonly sizeBytes: number;
  decode(view: DataView, offset: number): T;
  encode(value: T, view: DataView, offset: number): void;
}

/** Bytes as they are, for maps whose types are not known. Decodes to a copy. */
export function bytesCodec(sizeBytes: number): ValueCodec<Uint8Array> {
  return {
    sizeBytes,
    decode: (view, offset) => new Uint8Array(view.buffer, view.byteOffset + offset, sizeBytes).slice(),
    encode(value, view, offset) {
      if (value.length !== sizeBytes) throw new RangeError(`expected ${sizeBytes} bytes, not ${value.length}`);
      new Uint8Array(view.buffer, view.byteOffset + offset, sizeBytes).set(value);
    },
  };
}

/** An unsigned 32-bit number: the index of an array, a descriptor. */
export const u32Codec: ValueCodec<number> = {
  sizeBytes: 4,
  decode: (view, offset) => view.getUint32(offset, true),
  encode: (value, view, offset) => view.setUint32(offset, value, true),
};

/**
 * The value of a per-CPU map: one element for each possible CPU, each padded to 8 bytes as the kernel does
 * (bpf_percpu_hash_copy in kernel/bpf/hashtab.c).
 */
export function perCpuCodec<T>(element: ValueCodec<T>, cpuCount: number): ValueCodec<T[]> {
  const strideBytes = Math.ceil(element.sizeBytes / 8) * 8;
  return {
    sizeBytes: strideBytes * cpuCount,
    decode: (view, offset) =>
      Array.from({ length: cpuCount }, (_, cpu) => element.decode(view, offset + cpu * strideBytes)),
    encode(values, view, offset) {
      if (values.length !== cpuCount) {
        throw new RangeError(`expected one value for each of ${cpuCount} possible CPUs, not ${values.length}`);
      }
      values.forEach((value, cpu) => {
        element.encode(value, view, offset + cpu * strideBytes);
      });
    },
  };
}
