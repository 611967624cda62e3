import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { extractVmlinux } from "./kernel-image.ts";

const vmlinux = Buffer.from("\x7fELF and the rest of a kernel");

for (const [name, compress] of Object.entries({ gzip: gzipSync, zstd: zstdCompressSync })) {
  test(`the payload of an image compressed with ${name} is unpacked`, () => {
    assert.deepEqual(extractVmlinux(bzImage(compress(vmlinux))), vmlinux);
  });
}

test("an unknown compression is named by its first bytes", () => {
  assert.throws(() => extractVmlinux(bzImage(Buffer.from("BZh91AY&SY"))), {
    message: "kernel image in an unknown compression: 425a68393141",
  });
});

test("a file that ends before its boot header does is refused", () => {
  assert.throws(() => extractVmlinux(Buffer.alloc(512)), RangeError);
});

/** An image with two setup sectors, 16 bytes of protected-mode code, and the payload followed by its size. */
function bzImage(payload: Buffer): Buffer {
  const setup = Buffer.alloc(3 * 512);
  setup[0x1f1] = 2;
  setup.writeUInt32LE(16, 0x248);
  setup.writeUInt32LE(payload.length + 4, 0x24c);
  return Buffer.concat([setup, Buffer.alloc(16), payload, Buffer.from([1, 2, 3, 4])]);
}
