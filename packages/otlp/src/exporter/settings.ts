import type { Compression, Encoding } from "../encoding/encode.ts";
import { OtlpError } from "../errors.ts";
import type { AnySignal } from "../model/signal.ts";
import { type Clock, systemClock } from "./clock.ts";
import { checkHeaders } from "./headers.ts";

export type Protocol = "grpc" | "http/protobuf" | "http/json";

/** How an exporter reaches its receiver, and what it does while it cannot. Everything has a default. */
export interface ExporterSettings {
  /**
   * Where to send: a URL with `http:` or `https:`. For HTTP it is used as it is, path included; for gRPC it has no path.
   * Default: `http://localhost:4318/v1/traces` (or the path of the other signals), `http://localhost:4317` for gRPC.
   */
  readonly endpoint?: string;
  /** Default: `http/protobuf`. */
  readonly protocol?: Protocol;
  /** Sent with each request, as metadata with gRPC: for authorization. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of one try, from connecting to the end of the answer; 0 is no limit. Default: 10,000. */
  readonly timeoutMs?: number;
  /** Default: `none`, as the specification has it. */
  readonly compression?: Compression;
  /** For `https:` endpoints. */
  readonly tls?: TlsSettings;
  readonly retry?: RetrySettings;
  readonly queue?: QueueSettings;
  /** Keeps what waits in files. Default: none, all that waits is in memory. */
  readonly spool?: SpoolSettings;
  /** How long disposing waits for what is left to be sent. Default: 5,000. */
  readonly shutdownTimeoutMs?: number;
  /** Stands in front of this package's own name and version in `User-Agent`: `skep/0.1.0`. */
  readonly userAgent?: string;
  /** Is told of what goes wrong; the same in a row is told once. */
  readonly onProblem?: (problem: OtlpError) => void;
  /** For tests: what time it is, and how to wait. */
  readonly clock?: Clock;
}

/** Texts in PEM, not names of files. */
export interface TlsSettings {
  /** The authorities to trust, in place of those that Node.js trusts. */
  readonly ca?: string;
  /** The client's own certificate, with `key`. */
  readonly certificate?: string;
  readonly key?: string;
}

/**
 * Tries come at intervals that double from `initialDelayMs` up to `maxDelayMs`, each shortened by chance by up to half.
 * A receiver that says when to come back is obeyed, for up to an hour.
 */
export interface RetrySettings {
  /** Default: 1,000. */
  readonly initialDelayMs?: number;
  /** Default: 30,000. */
  readonly maxDelayMs?: number;
}

/** What may wait in memory, the batch that is being sent included; beyond it the oldest are dropped. */
export interface QueueSettings {
  /** Default: 8 MiB. */
  readonly maxBytes?: number;
  /** Default: 1,000. */
  readonly maxBatches?: number;
}

export interface SpoolSettings {
  /** Created where it does not exist; each signal has its own folder in it, which one exporter at a time may use. */
  readonly directory: string;
  /** Beyond it the oldest are dropped. Default: 256 MiB. */
  readonly maxBytes?: number;
}

/** {@link ExporterSettings} with the defaults in place, checked. */
export interface ResolvedSettings {
  readonly endpoint: URL;
  readonly protocol: Protocol;
  readonly encoding: Encoding;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly compression: Compression;
  readonly tls: TlsSettings;
  readonly retry: Required<RetrySettings>;
  readonly queue: Required<QueueSettings>;
  readonly spool: Required<SpoolSettings> | undefined;
  readonly shutdownTimeoutMs: number;
  readonly userAgent: string;
  readonly onProblem: (problem: OtlpError) => void;
  readonly clock: Clock;
}

export const PROTOCOLS: readonly Protocol[] = ["grpc", "http/protobuf", "http/json"];

/** Timers of Node.js end at once when they are to take longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const OWN_USER_AGENT = "OTel-OTLP-Exporter-Skep/0.1.0";

/** @throws OtlpError of code `configuration`, which names the setting and what is allowed. */
export function resolveSettings(signal: AnySignal, settings: ExporterSettings): ResolvedSettings {
  const { protocol = "http/protobuf", compression = "none", headers = {}, tls = {}, retry, queue, spool } = settings;
  if (!PROTOCOLS.includes(protocol)) throw notAllowed("protocol", protocol, PROTOCOLS.join(", "));
  if (compression !== "gzip" && compression !== "none") throw notAllowed("compression", compression, "gzip, none");
  checkHeaders(headers);
  if ((tls.certificate === undefined) !== (tls.key === undefined)) {
    throw new OtlpError("configuration", "a client certificate and its key go together, and one is missing");
  }
  const initialDelayMs = milliseconds("retry.initialDelayMs", retry?.initialDelayMs ?? 1_000, 1);
  return {
    endpoint: parseEndpoint(settings.endpoint ?? defaultEndpoint(signal, protocol), protocol),
    protocol,
    encoding: protocol === "http/json" ? "json" : "protobuf",
    headers,
    timeoutMs: milliseconds("timeoutMs", settings.timeoutMs ?? 10_000, 0),
    compression,
    tls,
    retry: { initialDelayMs, maxDelayMs: milliseconds("retry.maxDelayMs", retry?.maxDelayMs ?? 30_000, 1) },
    queue: {
      maxBytes: positive("queue.maxBytes", queue?.maxBytes ?? 8 * 2 ** 20),
      maxBatches: positive("queue.maxBatches", queue?.maxBatches ?? 1_000),
    },
    spool:
      spool === undefined
        ? undefined
        : { directory: spool.directory, maxBytes: positive("spool.maxBytes", spool.maxBytes ?? 256 * 2 ** 20) },
    shutdownTimeoutMs: milliseconds("shutdownTimeoutMs", settings.shutdownTimeoutMs ?? 5_000, 0),
    userAgent: settings.userAgent === undefined ? OWN_USER_AGENT : `${settings.userAgent} ${OWN_USER_AGENT}`,
    onProblem: settings.onProblem ?? (() => undefined),
    clock: settings.clock ?? systemClock,
  };
}

/** The URL of a signal below a base URL that all signals share, for HTTP: `…/v1/traces`. */
export function signalEndpoint(base: string, signal: Pick<AnySignal, "httpPath">): string {
  const url = parseEndpoint(base, "http/protobuf");
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${signal.httpPath}`;
  return url.href;
}

function defaultEndpoint(signal: AnySignal, protocol: Protocol): string {
  return protocol === "grpc" ? "http://localhost:4317" : signalEndpoint("http://localhost:4318", signal);
}

/** @throws OtlpError of code `configuration` */
export function parseEndpoint(text: string, protocol: Protocol): URL {
  const hint = protocol === "grpc" ? "such as http://localhost:4317" : "such as http://localhost:4318";
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new OtlpError("configuration", `"${text}" is no endpoint: a URL with http: or https: is wanted`, { hint });
  }
  if (url.username !== "" || url.password !== "") {
    // Not repeated here, since messages go to logs.
    throw new OtlpError("configuration", `the endpoint at ${url.host} has a user name or password in its URL`, {
      hint: "send them as a header: authorization",
    });
  }
  if (protocol === "grpc" && url.pathname !== "/") {
    throw new OtlpError("configuration", `"${text}" has a path, and gRPC knows none`, { hint });
  }
  return url;
}

function notAllowed(setting: string, value: unknown, allowed: string): OtlpError {
  return new OtlpError("configuration", `${setting} is ${typeof value === "number" ? value : JSON.stringify(value)}`, {
    hint: `allowed: ${allowed}`,
  });
}

function positive(setting: string, value: number): number {
  if (!(Number.isFinite(value) && value > 0)) throw notAllowed(setting, value, "numbers above 0");
  return value;
}

function milliseconds(setting: string, value: number, least: number): number {
  if (!(value >= least && value <= LONGEST_TIMER_MS)) {
    throw notAllowed(setting, value, `milliseconds from ${least} to ${LONGEST_TIMER_MS}`);
  }
  return value;
}
