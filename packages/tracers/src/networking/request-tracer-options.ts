import { BpfError } from "@skep/ebpf";
import type { TargetOptions } from "../filters/target-options.ts";
import { tracepointsArePreemptible } from "../syscall-forms.ts";
import type { TlsOptions } from "./tls/tls-report.ts";

export interface RequestTracerOptions extends TargetOptions {
  /** Requests of HTTP and gRPC. Without them there are DNS and datagrams, and TLS is left alone. Defaults to true. */
  readonly http?: boolean;
  /** Keep the queries of URLs, which may hold secrets. Defaults to false. */
  readonly keepQuery?: boolean;
  /** Size of the ring buffer, rounded up to a power of two; 256 KiB or more. Defaults to 4 MiB. */
  readonly ringBytes?: number;
  /** What goes over TLS, too, see {@link TlsOptions}; false for not. Defaults to true. */
  readonly tls?: boolean | TlsOptions;
  /** Trace this very process, too: what sends traces by HTTP then makes more of them. Defaults to false. */
  readonly traceSelf?: boolean;
  /** In reports, tell requests of clients apart by the server that they went to, and those aborted from the others. Defaults to false. */
  readonly byServer?: boolean;
  /** How much is kept; for tests of what happens when it is full. */
  readonly limits?: Partial<RequestTracerLimits>;
}

export interface RequestTracerLimits {
  /** Connections that are followed at the same time. Those that were silent longest are let go, and found again. */
  readonly streams: number;
  /** Threads that live at the same time, of those that have used sockets. */
  readonly threads: number;
  /** Processes x ends of UDP between two reads of the kernel's tables. */
  readonly flows: number;
  /** Rows of a report: of requests, of DNS queries, and of flows. */
  readonly rows: number;
  /** Time between two reads of the flows. */
  readonly readIntervalMs: number;
}

export const DEFAULT_RING_BYTES: number = 4 * 1024 * 1024;
/** Room for some records of 64 KiB. */
const LEAST_RING_BYTES = 256 * 1024;

/** @throws BpfError `invalid-argument` for a ring that is too small */
export function assertRequestTracerOptions({ ringBytes = DEFAULT_RING_BYTES }: RequestTracerOptions): void {
  if (Number.isSafeInteger(ringBytes) && ringBytes >= LEAST_RING_BYTES && ringBytes <= 2 ** 30) return;
  throw new BpfError("invalid-argument", `a ring buffer of ${ringBytes} bytes is not possible`, {
    hint: `give ${LEAST_RING_BYTES} to ${2 ** 30}`,
  });
}

/** @param threadCount threads on the machine now */
export function requestTracerLimits(threadCount: number, { limits }: RequestTracerOptions): RequestTracerLimits {
  return {
    streams: 8192,
    threads: Math.max(4096, 2 * threadCount),
    flows: 4096,
    rows: 4096,
    readIntervalMs: 1000,
    ...limits,
  };
}

/**
 * Places for each CPU where records are put together: `scratch_places` of payload.h. One for a call and one for TLS, which
 * may interrupt each other; and where any program may be preempted, more.
 */
export function scratchPlacesPerCpu(): number {
  return tracepointsArePreemptible() ? 4 : 2;
}
