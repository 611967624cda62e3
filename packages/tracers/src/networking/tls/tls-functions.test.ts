import assert from "node:assert/strict";
import { closeSync, openSync, readSync } from "node:fs";
import { test } from "node:test";
import { FormatError } from "@skep/ebpf";
import { bytesSource, fileSource } from "@skep/ebpf/elf";
import fc from "fast-check";
import { elfFile, type TestSymbol } from "./testing/elf-file.ts";
import { findTlsLibraries, TlsFunctionKind } from "./tls-functions.ts";

function librariesOf(symbols: readonly TestSymbol[], table: "dynsym" | "symtab" = "dynsym") {
  return findTlsLibraries(bytesSource(elfFile(symbols, table)));
}

const both: readonly TestSymbol[] = [
  { name: "SSL_write", address: 0x1100 },
  { name: "SSL_read", address: 0x1200 },
];

test("the Node.js that runs this has OpenSSL in it", () => {
  const descriptor = openSync(process.execPath, "r");
  const [library, ...more] = findTlsLibraries(fileSource(descriptor));
  closeSync(descriptor);
  assert.equal(more.length, 0);
  assert.equal(library?.name, "OpenSSL");
  const symbols = library?.points.map(({ symbol }) => symbol) ?? [];
  for (const symbol of ["SSL_read", "SSL_read_ex", "SSL_write", "SSL_write_ex", "SSL_do_handshake", "SSL_free"]) {
    assert.ok(symbols.includes(symbol), symbol);
  }
  // So that no end is missed of a session that is known.
  assert.equal(symbols[0], "SSL_free");
});

for (const table of ["dynsym", "symtab"] as const) {
  test(`functions of a library are found in .${table}, with their place in the file`, () => {
    assert.deepEqual(librariesOf([{ name: "other", address: 0x1000 }, ...both], table), [
      {
        name: "OpenSSL",
        points: [
          { symbol: "SSL_write", kind: TlsFunctionKind.write, fileOffset: 0x1100, returns: true },
          { symbol: "SSL_read", kind: TlsFunctionKind.read, fileOffset: 0x1200, returns: true },
        ],
      },
    ]);
  });
}

test("a file may hold two libraries", () => {
  const gnutls = ["gnutls_record_recv", "gnutls_record_send", "gnutls_deinit"].map((name, index) => ({
    name,
    address: 0x1300 + index * 16,
  }));
  assert.deepEqual(
    librariesOf([...both, ...gnutls]).map(({ name, points }) => [name, points.length]),
    [
      ["OpenSSL", 2],
      ["GnuTLS", 3],
    ],
  );
});

test("what is imported, and what only ends like a name, is none", () => {
  assert.deepEqual(librariesOf(both.map(({ name }) => ({ name, address: 0, section: 0 }))), []);
  assert.deepEqual(librariesOf(both.map(({ name, address }) => ({ name: `MY_${name}`, address }))), []);
  assert.deepEqual(librariesOf(both.slice(1)), []);
});

test("of several functions with a name the global one counts, and of several of those none", () => {
  const local = { name: "SSL_read", address: 0x1500, local: true };
  const points = librariesOf([local, ...both], "symtab")[0]?.points ?? [];
  assert.equal(points.find(({ symbol }) => symbol === "SSL_read")?.fileOffset, 0x1200);
  assert.deepEqual(librariesOf([{ name: "SSL_read", address: 0x1600 }, ...both], "symtab"), []);
});

test("a function outside of what is mapped to run is none", () => {
  assert.deepEqual(librariesOf([both[0] as TestSymbol, { name: "SSL_read", address: 0x9000_0000 }]), []);
});

test("cut and changed files meet an error or nothing, never a hang", () => {
  const whole = elfFile(both, "dynsym");
  const noCrash = (bytes: Uint8Array): void => {
    try {
      findTlsLibraries(bytesSource(bytes));
    } catch (error) {
      assert.ok(error instanceof FormatError, String(error));
    }
  };
  for (let length = 0; length < whole.length; length += 3) noCrash(whole.subarray(0, length));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
      const bytes = whole.slice();
      for (const [at, value] of changes) bytes[at] = value;
      noCrash(bytes);
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), noCrash));
});

test("the beginning of a real program is no hazard", () => {
  const descriptor = openSync(process.execPath, "r");
  const bytes = new Uint8Array(1 << 20);
  readSync(descriptor, bytes);
  closeSync(descriptor);
  assert.throws(() => findTlsLibraries(bytesSource(bytes)), FormatError);
});
