import assert from "node:assert/strict";
import { test } from "node:test";
import { receiveWords } from "./tcp-functions.ts";

test("where tcp_recvmsg() has its flags and its result follows from its arguments", () => {
  const until5_18 = ["sk", "msg", "len", "nonblock", "flags", "addr_len"];
  assert.deepEqual(receiveWords(until5_18), { flagsAt: 4, resultAt: 6 });
  assert.deepEqual(receiveWords(["sk", "msg", "len", "flags", "addr_len"]), { flagsAt: 3, resultAt: 5 });
  assert.deepEqual(receiveWords(["sk", "msg", "len", "flags"]), { flagsAt: 3, resultAt: 4 });
});

test("a tcp_recvmsg() with other arguments is left alone", () => {
  for (const names of [
    [],
    ["sk", "msg", "len"],
    ["iocb", "sk", "msg", "len", "flags"],
    ["sk", "msg", "size", "flags"],
  ]) {
    assert.equal(receiveWords(names), undefined);
  }
});
