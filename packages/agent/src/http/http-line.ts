import type { HttpOutcome, HttpRequestEvent } from "@skep/tracers/networking";
import { cutMiddle, displayWidth, printable } from "../output/text.ts";
import { formatClockTime } from "../terminal/clock-time.ts";
import { formatBytes, formatDuration } from "../terminal/numbers.ts";
import { cutProcess, formatProcess } from "../terminal/process-name.ts";

/** Terminals that are as wide have room for the size of the response. */
const WIDE = 100;

/** What stands in the place of a status that there is none of. */
const OUTCOMES = {
  complete: "?",
  aborted: "aborted",
  upgraded: "101",
  tunnelled: "tunnel",
  unanswered: "open",
} as const satisfies Record<HttpOutcome, string>;

/**
 * One line on a request.
 *
 * @param columns width of the terminal; undefined: as long as it takes
 */
export function formatHttpRequest(event: HttpRequestEvent, columns: number | undefined): string {
  const { timeUnixNs, durationNs, responseBytes, side, tls } = event;
  const begin = line(
    {
      time: formatClockTime(timeUnixNs),
      took: durationNs === undefined ? "" : formatDuration(durationNs),
      status: statusOf(event),
      size: responseBytes === undefined ? "" : formatBytes(responseBytes),
      side,
      tls: tls ? "tls" : "",
      what: "",
    },
    columns,
  );
  const process = formatProcess(event.process);
  const request = printable(requestOf(event));
  if (columns === undefined) return `${begin}${request}  ${process}`;
  const room = Math.max(30, columns - displayWidth(begin));
  const shortProcess = cutProcess(process, Math.max(14, Math.floor(room * 0.35)));
  return `${begin}${cutMiddle(request, room - displayWidth(shortProcess) - 2, 0.6)}  ${shortProcess}`;
}

interface Cells {
  readonly time: string;
  readonly took: string;
  readonly status: string;
  readonly size: string;
  readonly side: string;
  readonly tls: string;
  readonly what: string;
}

const titles: Cells = {
  time: "TIME",
  took: "TOOK",
  status: "STATUS",
  size: "SIZE",
  side: "SIDE",
  tls: "",
  what: "REQUEST AND PROCESS",
};

function line({ time, took, status, size, side, tls, what }: Cells, columns = WIDE): string {
  const sizeCell = columns >= WIDE ? `  ${size.padStart(6)}` : "";
  return `${time.padEnd(12)} ${took.padStart(7)}  ${status.padEnd(7)}${sizeCell}  ${side.padEnd(6)} ${tls.padEnd(3)}  ${what}`;
}

function statusOf({ status, grpcStatus, outcome }: HttpRequestEvent): string {
  if (grpcStatus !== undefined) return `grpc ${grpcStatus}`;
  if (outcome === "aborted" || status === undefined) return OUTCOMES[outcome];
  return String(status);
}

function requestOf({ method, path, query, host, grpcMethod }: HttpRequestEvent): string {
  if (grpcMethod !== undefined) return grpcMethod;
  const target = path === undefined ? (host ?? "?") : path;
  return `${method ?? "?"} ${target}${query === undefined ? "" : `?${query}`}`;
}

/** A function that gives the line of each request, the first one below titles. */
export function requestLines(columns: () => number | undefined): (event: HttpRequestEvent) => string {
  let first = true;
  return (event) => {
    const width = columns();
    const text = `${first ? `${line(titles, width)}\n` : ""}${formatHttpRequest(event, width)}\n`;
    first = false;
    return text;
  };
}
