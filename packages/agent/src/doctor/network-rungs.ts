/** What the tracers of the network use on this machine, found out by starting them. */

import { probeFeature } from "@skep/ebpf/features";
import { ConnectionTracer, PacketTracer, RequestTracer, type TlsReport } from "@skep/tracers/networking";
import type { Check } from "./report.ts";
import { type Outcome, type Trial, tryAll } from "./trial.ts";

const trials: readonly Trial[] = [
  { name: "connections", attempt: tryConnections },
  { name: "HTTP, DNS, UDP", attempt: tryRequests },
  { name: "TLS", attempt: tryTls },
  { name: "packets", attempt: tryPackets },
];

/** Starts and ends each of them. */
export function tryNetwork(): Promise<Check[]> {
  return tryAll(trials);
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
  return { status: "yes", detail: "tp_btf/sys_enter and sys_exit: what sockets send and receive" };
}

async function tryTls(): Promise<Outcome> {
  await using tracer = await RequestTracer.start();
  const report = tracer.tls();
  if (report === undefined || !probeFeature("uprobe").supported) {
    return { status: "limited", detail: "requests that are encrypted are not seen: this kernel has no uprobes" };
  }
  return describeTls(report, probeFeature("uprobe-multi").supported);
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
