import assert from "node:assert/strict";
import { test } from "node:test";
import { SyscallNames } from "../syscalls/kernel-names.ts";
import { type RequestCall, requestCallTables } from "./request-calls.ts";

const NONE = 0xff;

test("calls are known by the numbers of each architecture and interface", () => {
  const x64 = requestCallTables(new SyscallNames("x64"));
  const arm64 = requestCallTables(new SyscallNames("arm64"));
  const recvfrom = { kind: 1, direction: 0, flags: 3, name: 4 };
  const sendmsg = { kind: 3, direction: 1, flags: 2, name: NONE };
  const cases: [readonly RequestCall[], number, RequestCall][] = [
    [x64.calls, 0, { kind: 1, direction: 0, flags: NONE, name: NONE }],
    [x64.calls, 3, { kind: 7, direction: 1, flags: NONE, name: NONE }],
    [x64.calls, 45, recvfrom],
    [x64.calls, 46, sendmsg],
    [x64.calls, 20, { kind: 2, direction: 1, flags: NONE, name: NONE }],
    [x64.calls, 307, { kind: 4, direction: 1, flags: 3, name: NONE }],
    [x64.compatCalls, 371, recvfrom],
    [x64.compatCalls, 102, { kind: 10, direction: 1, flags: NONE, name: NONE }],
    [arm64.calls, 207, recvfrom],
    [arm64.calls, 211, sendmsg],
  ];
  for (const [calls, number, call] of cases) assert.deepEqual(calls[number], call, String(number));
});

test("no call is looked at but those that may be on sockets", () => {
  const { calls } = requestCallTables(new SyscallNames("x64"));
  assert.equal(calls.length, 512);
  const names = new SyscallNames("x64");
  assert.deepEqual(calls.flatMap(({ kind }, number) => (kind === 0 ? [] : [names.name(number)])).sort(), [
    ...["close", "io_uring_enter", "preadv2", "pwritev2", "read", "readv", "recvfrom", "recvmmsg", "recvmsg"],
    ...["sendfile", "sendmmsg", "sendmsg", "sendto", "shutdown", "splice", "write", "writev"],
  ]);
});
