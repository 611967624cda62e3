import type { OtlpError } from "../../errors.ts";
import type { AnySignal } from "../../model/signal.ts";
import type { Batch } from "../batch.ts";
import type { ResolvedSettings } from "../settings.ts";

/** What came of one try to send a batch. */
export type SendOutcome =
  | {
      readonly kind: "accepted";
      /** Items that the receiver took the batch without; they are lost. */
      readonly rejectedCount: number;
      /** What the receiver, or we, have to say about it. */
      readonly problem?: OtlpError | undefined;
    }
  | {
      readonly kind: "retry";
      readonly problem: OtlpError;
      /** How long the receiver wants to be left alone. */
      readonly retryAfterMs?: number | undefined;
    }
  /** It will not be accepted, however often it is tried. */
  | { readonly kind: "refused"; readonly problem: OtlpError };

/** Sends batches to one receiver, one at a time, over a connection that it keeps. */
export interface Transport {
  /** Never fails: whatever happens is an outcome. Aborting is one to retry. */
  send(batch: Batch, abort: AbortSignal): Promise<SendOutcome>;
  /** Lets go of the connection. */
  close(): void;
}

/**
 * The transport for a protocol; only its own modules of Node.js are loaded.
 *
 * @throws OtlpError of code `configuration` for certificates or keys that cannot be used.
 */
export async function openTransport(signal: AnySignal, settings: ResolvedSettings): Promise<Transport> {
  if (settings.endpoint.protocol === "https:") {
    const { checkTls } = await import("./check-tls.ts");
    checkTls(settings.tls);
  }
  if (settings.protocol === "grpc") {
    const { GrpcTransport } = await import("./grpc-transport.ts");
    return new GrpcTransport(signal, settings);
  }
  const { openHttpTransport } = await import("./http-transport.ts");
  return openHttpTransport(signal, settings);
}
