import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SocketProcess } from "./socket-process.ts";

const lossyPath = fileURLToPath(new URL("../../testing/lossy.bpf.o", import.meta.url));

/** A process alone in a network namespace with an interface "veth", the other end of which another one has. */
export interface VethEnd {
  readonly sockets: SocketProcess;
  readonly address: string;
}

/** They go with the processes. */
export async function vethPair(): Promise<readonly [VethEnd, VethEnd]> {
  // No IPv6: it would send when it likes.
  const ownNetwork = "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6";
  const left = { sockets: await SocketProcess.start({ ownNetwork }), address: "10.78.0.1" };
  const right = { sockets: await SocketProcess.start({ ownNetwork }), address: "10.78.0.2" };
  execFileSync("ip", [
    ...["link", "add", "veth", "netns", String(left.sockets.pid), "type", "veth"],
    ...["peer", "name", "veth", "netns", String(right.sockets.pid)],
  ]);
  for (const { sockets, address } of [left, right]) {
    inNetworkOf(sockets.pid, "ip", "address", "add", `${address}/24`, "dev", "veth");
    inNetworkOf(sockets.pid, "ip", "link", "set", "veth", "up");
  }
  return [left, right];
}

export function inNetworkOf(pid: number, command: string, ...args: readonly string[]): string {
  return execFileSync("nsenter", [`--net=/proc/${pid}/ns/net`, command, ...args], { encoding: "utf8" });
}

/** From here on this end loses one in 50 of the packets that come in. `ip` wants a BPF file system to load programs. */
export function loseAt({ sockets }: VethEnd): void {
  const script = `mount -t bpf bpf /sys/fs/bpf && exec ip link set veth xdpgeneric obj "${lossyPath}" sec xdp`;
  inNetworkOf(sockets.pid, "unshare", "-m", "sh", "-c", script);
}

/** A counter of /proc/PID/net/netstat or snmp, by the names in its lines. */
export function networkCounter(pid: number, file: "netstat" | "snmp", group: string, name: string): number {
  const lines = readFileSync(`/proc/${pid}/net/${file}`, "utf8").split("\n");
  const [names = "", values = ""] = lines.filter((line) => line.startsWith(`${group}: `));
  return Number(values.split(" ")[names.split(" ").indexOf(name)]);
}
