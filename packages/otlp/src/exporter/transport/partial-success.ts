import type { Encoding } from "../../encoding/encode.ts";
import { messageOf, OtlpError } from "../../errors.ts";
import type { AnySignal } from "../../model/signal.ts";
import { protobufFields, signedIntegerOf, stringOf } from "../../protobuf/reader.ts";
import type { Batch } from "../batch.ts";
import type { SendOutcome } from "./transport.ts";

interface PartialSuccess {
  readonly rejectedCount: number;
  readonly message: string;
}

const NOTHING_REJECTED: PartialSuccess = { rejectedCount: 0, message: "" };

/** The outcome of a batch that was taken, from the body of the answer: an `Export…ServiceResponse`. */
export function acceptedOutcome(signal: AnySignal, batch: Batch, answer: Uint8Array, encoding: Encoding): SendOutcome {
  let partial: PartialSuccess;
  try {
    partial = encoding === "json" ? readJson(answer) : readProtobuf(answer);
  } catch (cause) {
    // The status was that of a success, so the batch was taken.
    const problem = new OtlpError("response", `the receiver's answer cannot be read: ${messageOf(cause)}`, { cause });
    return { kind: "accepted", rejectedCount: 0, problem };
  }
  // More than there were can't have been rejected, nor fewer than none.
  const rejectedCount = Math.min(Math.max(partial.rejectedCount, 0), batch.itemCount);
  if (rejectedCount === 0 && partial.message === "") return { kind: "accepted", rejectedCount };
  const message = `the receiver rejected ${rejectedCount} of ${batch.itemCount} ${signal.itemName}: ${partial.message || "it did not say why"}`;
  return { kind: "accepted", rejectedCount, problem: new OtlpError("partial-success", message) };
}

/** Field 1 of every response is partial_success; in it, 1 counts the rejected items, and 2 is a message. */
function readProtobuf(bytes: Uint8Array): PartialSuccess {
  let { rejectedCount, message } = NOTHING_REJECTED;
  for (const { number, value } of protobufFields(bytes)) {
    if (number !== 1 || typeof value === "bigint") continue;
    for (const field of protobufFields(value)) {
      if (field.number === 1) rejectedCount = Number(signedIntegerOf(field.value));
      if (field.number === 2) message = stringOf(field.value);
    }
  }
  return { rejectedCount, message };
}

function readJson(bytes: Uint8Array): PartialSuccess {
  if (bytes.length === 0) return NOTHING_REJECTED;
  const answer: unknown = JSON.parse(Buffer.from(bytes).toString());
  const partial = memberOf(answer, "partialSuccess");
  if (typeof partial !== "object" || partial === null) return NOTHING_REJECTED;
  let { rejectedCount, message } = NOTHING_REJECTED;
  for (const [name, value] of Object.entries(partial)) {
    // rejectedSpans, rejectedDataPoints, rejectedLogRecords, rejectedProfiles
    if (name.startsWith("rejected") && Number.isFinite(Number(value))) rejectedCount = Math.trunc(Number(value));
    if (name === "errorMessage" && typeof value === "string") message = value;
  }
  return { rejectedCount, message };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
