import type { Endpoint } from "../addresses.ts";

export type HttpSide = "server" | "client";

/** `grpc` goes over HTTP/2. */
export type HttpProtocol = "http/1.0" | "http/1.1" | "h2" | "grpc";

/**
 * How a request ended.
 *
 * - `complete`: its response came. That response's end may have been missed: then there is no `durationNs`.
 * - `aborted`: the connection or stream ended before the response did.
 * - `upgraded`: 101; what the connection carries from there on is not looked at. Not so where that is HTTP/2: the request is
 *   answered there.
 * - `tunnelled`: CONNECT that was granted; the same.
 * - `unanswered`: its response was lost, or had not come when tracing ended.
 */
export type HttpOutcome = "complete" | "aborted" | "upgraded" | "tunnelled" | "unanswered";

/** A request and its response, as far as their connection tells. What is not known is absent, never guessed. */
export interface HttpExchange {
  readonly side: HttpSide;
  readonly protocol: HttpProtocol;
  /** At most 32 bytes. */
  readonly method?: string;
  /** As it was sent, without query, fragment, scheme and authority; at most 1,024 characters. Absent for CONNECT. */
  readonly path?: string;
  /** Only when it was asked for; without the question mark; at most 1,024 characters. */
  readonly query?: string;
  /** Host or :authority, without user and password; at most 255 characters. */
  readonly host?: string;
  readonly scheme?: "http" | "https";
  /** Of the final response: no 1xx but 101. */
  readonly status?: number;
  /** Of the trailers, or of a response that has nothing else. */
  readonly grpcStatus?: number;
  /** `package.Service/Method`. */
  readonly grpcMethod?: string;
  /** Bytes of the body that went, without framing. Absent where framing was lost. */
  readonly requestBytes?: number;
  readonly responseBytes?: number;
  /** At most 256 characters. */
  readonly userAgent?: string;
  /** The header's value, if it is a well-formed one of W3C Trace Context. */
  readonly traceparent?: string;
  /** When the call with its first byte was entered, by CLOCK_MONOTONIC. */
  readonly startNs: bigint;
  /** To the last byte of the response; of an aborted request to the end of its connection or stream. */
  readonly durationNs?: number;
  readonly outcome: HttpOutcome;
  readonly tls: boolean;
}

/** An exchange, and whose it was. */
export interface HttpRequest extends HttpExchange {
  readonly pid: number;
  /** Its name, as the kernel has it. */
  readonly process: string;
  readonly local?: Endpoint;
  readonly peer?: Endpoint;
}
