import assert from "node:assert/strict";
import { it } from "node:test";
import { printable } from "./printable.ts";

it("takes from names what could steer a terminal, and leaves all else", () => {
  assert.equal(printable("\u001b[31mred\u0007\u009b2J"), "\ufffd[31mred\ufffd\ufffd2J");
  assert.equal(printable("abc\u202edef\n"), "abc\ufffddef\ufffd");
  assert.equal(printable("größe::π<T> 名前"), "größe::π<T> 名前");
});
