import assert from "node:assert/strict";
import { isIPv6 } from "node:net";
import { test } from "node:test";
import fc from "fast-check";
import { addressText, endpointText } from "./addresses.ts";

function ipv6(...groups: number[]): Uint8Array {
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

test("addresses are written in their canonical form", () => {
  for (const [bytes, text] of [
    [Uint8Array.of(127, 0, 0, 1), "127.0.0.1"],
    [ipv6(0, 0, 0, 0, 0, 0, 0, 0), "::"],
    [ipv6(0, 0, 0, 0, 0, 0, 0, 1), "::1"],
    [ipv6(1, 0, 0, 0, 0, 0, 0, 0), "1::"],
    [ipv6(0x2001, 0xdb8, 0, 0, 1, 0, 0, 1), "2001:db8::1:0:0:1"],
    [ipv6(0x2001, 0, 0, 1, 0, 0, 0, 1), "2001:0:0:1::1"],
    [ipv6(0x2001, 0xdb8, 0, 1, 1, 1, 1, 1), "2001:db8:0:1:1:1:1:1"],
    [ipv6(0, 0, 0, 0, 0, 0xffff, 0xc000, 0x201), "192.0.2.1"],
    [ipv6(0xfe80, 0, 0, 0, 0xa, 0xb, 0xc, 0xd), "fe80::a:b:c:d"],
  ] as const) {
    assert.equal(addressText(bytes), text);
  }
});

test("an address of another size is refused", () => {
  assert.throws(() => addressText(new Uint8Array(5)), /4 or 16 bytes, not 5/);
});

test("what is written of an IPv6 address means the same to the system's own parser", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 0, 1, 0xab, 0xffff), { minLength: 8, maxLength: 8 }), (groups) => {
      const text = addressText(ipv6(...groups));
      if (text.includes(".")) return;
      assert.ok(isIPv6(text));
      assert.equal(new URL(`http://[${text}]/`).hostname, `[${text}]`);
    }),
  );
});

test("an IPv6 address stands in brackets before its port", () => {
  assert.equal(endpointText({ address: "::1", port: 80 }), "[::1]:80");
  assert.equal(endpointText({ address: "127.0.0.1", port: 80 }), "127.0.0.1:80");
});
