import assert from "node:assert/strict";
import { test } from "node:test";
import { Flag } from "./connection-records.ts";
import { connectFailure, connectionEnd, stateName } from "./connection-states.ts";

const ECONNRESET = 104;
const ETIMEDOUT = 110;
const EHOSTUNREACH = 113;

test("what ended a connection: a reset before all, then who closed first", () => {
  const end = (flags: number, error = 0): string | undefined => connectionEnd({ flags, error });
  assert.equal(end(Flag.localClosed), "local");
  assert.equal(end(Flag.peerClosed), "peer");
  assert.equal(end(Flag.peerClosed | Flag.resetReceived, ECONNRESET), "reset-received");
  assert.equal(end(Flag.localClosed | Flag.resetSent), "reset-sent");
  assert.equal(end(Flag.resetSent, ETIMEDOUT), "timeout");
  assert.equal(end(0, EHOSTUNREACH), "error");
  assert.equal(end(0), undefined);
});

test("errors of connect have a reason, those without one are others", () => {
  const reasons = [0, 111, 104, 110, 101, 113, 99, 13, 2, 11, 22].map(connectFailure);
  assert.deepEqual(reasons, [
    ...["cancelled", "refused", "reset", "timeout", "unreachable", "unreachable"],
    ...["no-address", "denied", "not-found", "busy", "other"],
  ]);
});

test("states have the names that ss has for them", () => {
  assert.deepEqual([1, 8, 10, 99].map(stateName), ["ESTAB", "CLOSE-WAIT", "LISTEN", "UNKNOWN"]);
});
