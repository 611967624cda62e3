/** What the tracers of the network use on this machine, found out by starting them. */

import { probeFeature } from "@skep/ebpf/features";
import { ConnectionTracer, PacketTracer, RequestTracer, type TlsFile, type TlsReport } from "@skep/tracers/networking";
import { printable } from "../output/text.ts";
import type { Check } from "./report.ts";
import { type Outcome, type Trial, tryAll } from "./trial.ts";

export interface NetworkChecks {
  readonly network: readonly Check[];
  /** One for each file that has a TLS library. */
  readonly tlsFiles: readonly Check[];
}

/** Starts and ends each of them. */
export async function tryNetwork(): Promise<NetworkChecks> {
  let files: readonly TlsFile[] = [];
  const trials: readonly Trial[] = [
    { name: "connections", attempt: tryConnections },
    { name: "HTTP, DNS, UDP", attempt: tryRequests },
    {
      name: "TLS",
      attempt: async () => {
        const { outcome, report } = await tryTls();
        files = report?.files ?? [];
        return outcome;
      },
    },
    { name: "packets", attempt: tryPackets },
  ];
  return { network: await tryAll(trials), tlsFiles: listTlsFiles(files) };
}

/** More lines nobody reads. */
const MOST_TLS_FILES = 24;

/** Which files what is encrypted is read from, and which it cannot be read from: these first. */
export function listTlsFiles(files: readonly TlsFile[]): Check[] {
  const ordered = files.toSorted(
    (a, b) => Number(a.state === "attached") - Number(b.state === "attached") || (a.path < b.path ? -1 : 1),
  );
  const checks = ordered.slice(0, MOST_TLS_FILES).map(({ library, path, state, problem, pid }): Check => {
    const where = `${printable(path)}${pid === undefined ? "" : `, mapped by process ${pid}`}`;
    if (state === "attached") return { name: library, status: "yes", detail: where };
    return { name: library, status: "limited", detail: `${where}: ${problem ?? state}` };
  });
  const more = ordered.length - checks.length;
  return more === 0
    ? checks
    : [...checks, { name: "more", status: "yes", detail: `${more} files that are not listed` }];
}

async function tryConnections(): Promise<Outcome> {
  await using tracer = await ConnectionTracer.start();
  await tracer.snapshot();
  return {
    status: "yes",
    detail:
      "tp_btf/inet_sock_set_state, tcp_destroy_sock and sys_exit; iter/task_file for those that were there before",
  };
}

async function tryRequests(): Promise<Outcome> {
  await using tracer = await RequestTracer.start({ tls: false });
  await tracer.snapshot();
  const detail = "tp_btf/sys_enter and sys_exit: what sockets send and receive";
  return tracer.seesIoUring
    ? { status: "yes", detail: `${detail}; fentry/tcp_sendmsg and tcp_recvmsg for what io_uring does` }
    : { status: "limited", detail: `${detail}; not what io_uring does, which is counted: there is no fentry here` };
}

async function tryTls(): Promise<{ readonly outcome: Outcome; readonly report?: TlsReport }> {
  await using tracer = await RequestTracer.start();
  const report = tracer.tls();
  if (report === undefined || !probeFeature("uprobe").supported) {
    const detail = "requests that are encrypted are not seen: this kernel has no uprobes";
    return { outcome: { status: "limited", detail } };
  }
  return { outcome: describeTls(report, probeFeature("uprobe-multi").supported), report };
}

/** @param manyAtOnce this kernel attaches a program to many functions by one link */
export function describeTls({ files }: Pick<TlsReport, "files">, manyAtOnce: boolean): Outcome {
  const failed = files.filter(({ state }) => state === "failed");
  const attached = files.length - failed.length;
  const means = manyAtOnce ? "uprobe.multi" : "uprobes, one for each function";
  const where = attached === 0 ? "no file with a TLS library is there" : `${attached} with a TLS library`;
  const detail = `${means}: ${where}`;
  const [first] = failed;
  if (first === undefined) return { status: "yes", detail };
  return {
    status: "limited",
    detail: `${detail}; ${failed.length} cannot be attached to, such as ${first.path}: ${first.problem ?? "for an unknown reason"}`,
  };
}

async function tryPackets(): Promise<Outcome> {
  await using tracer = await PacketTracer.start();
  await tracer.snapshot();
  const detail = "tp_btf/net_dev_start_xmit, netif_receive_skb, kfree_skb and tcp_retransmit_skb";
  return tracer.seesDropReasons
    ? { status: "yes", detail }
    : { status: "limited", detail: `${detail}: dropped packets have no reason (Linux 5.17 tells it)` };
}
