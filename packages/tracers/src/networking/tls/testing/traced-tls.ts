import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { createAuthority, createIdentity } from "../../../../../otlp/src/testing/certificates.ts";
import { Workload } from "../../../profiling/testing/workload.ts";
import type { HttpRequestEvent, RequestReport } from "../../request-report.ts";
import { RequestTracer } from "../../request-tracer.ts";
import type { RequestTracerOptions } from "../../request-tracer-options.ts";
import type { TlsReport } from "../tls-report.ts";

/** A request as a client logs it. */
export type LoggedTlsRequest = readonly [path: string, localPort: number, serverPort: number];

/** A folder with `key.pem` and `cert.pem`, which goes with the tests of the file. */
export function identityFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "skep-tls-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const { key, certificate } = createIdentity("localhost", createAuthority("authority"));
  writeFileSync(join(folder, "key.pem"), key);
  writeFileSync(join(folder, "cert.pem"), certificate);
  return folder;
}

export function nodeProgram(name: string, ...args: readonly string[]): Workload {
  return new Workload(process.execPath, [fileURLToPath(new URL(name, import.meta.url)), ...args]);
}

export interface TracedTls {
  /** Those over TLS. */
  readonly requests: readonly HttpRequestEvent[];
  readonly report: RequestReport;
  readonly tls: TlsReport;
}

/** What was traced while `work` ran. */
export async function traceTls(options: RequestTracerOptions, work: () => Promise<void>): Promise<TracedTls> {
  // Bodies that come at once, before it is told that they are not wanted, have to find room.
  await using tracer = await RequestTracer.start({ ringBytes: 64 * 1024 * 1024, ...options });
  const events = tracer.events({ capacity: 1_000_000 });
  await work();
  const tls = tracer.tls() ?? assert.fail("TLS is traced");
  tracer.stop();
  const requests: HttpRequestEvent[] = [];
  for await (const event of events) if (event.kind === "http" && event.tls) requests.push(event);
  return { requests, report: await tracer.snapshot(), tls };
}

export interface Comparison {
  /** Requests of which one side, or both, was not found. */
  readonly missing: readonly string[];
  /** Found more than once. */
  readonly repeated: readonly string[];
  /** Found with a port that is not theirs. */
  readonly wrong: readonly string[];
  /** Found without ports. */
  readonly portsAbsent: number;
  readonly found: number;
}

/** What was traced of one side against what the clients have logged; requests of others are passed over. */
export function compare(
  requests: readonly HttpRequestEvent[],
  log: readonly LoggedTlsRequest[],
  side: "client" | "server",
): Comparison {
  const expected = new Map(
    log.map(([path, local, server]) => [path, side === "client" ? [local, server] : [server, local]]),
  );
  const found = new Map<string, number>();
  const wrong: string[] = [];
  let portsAbsent = 0;
  for (const { side: theirs, path = "?", local, peer } of requests) {
    const ports = expected.get(path);
    if (theirs !== side || ports === undefined) continue;
    found.set(path, (found.get(path) ?? 0) + 1);
    if (local === undefined || peer === undefined) portsAbsent++;
    else if (local.port !== ports[0] || peer.port !== ports[1]) {
      wrong.push(`${path}: ${local.port} and ${peer.port} instead of ${ports.join(" and ")}`);
    }
  }
  return {
    missing: Array.from(expected.keys()).filter((path) => !found.has(path)),
    repeated: Array.from(found).flatMap(([path, count]) => (count > 1 ? [path] : [])),
    wrong,
    portsAbsent,
    found: found.size,
  };
}
