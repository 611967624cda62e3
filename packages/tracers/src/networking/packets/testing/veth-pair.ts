import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Workload } from "../../../profiling/testing/workload.ts";
import { namespaceOf } from "./namespace-workload.ts";

const programPath = fileURLToPath(new URL("echo.mjs", import.meta.url));
const lossyPath = fileURLToPath(new URL("../../testing/lossy.bpf.o", import.meta.url));

/** A network namespace, with one end of the pair in it. */
export class VethEnd {
  readonly #pid: number;
  readonly networkNamespace: number;
  readonly address: string;

  constructor(pid: number, address: string) {
    this.#pid = pid;
    this.networkNamespace = namespaceOf(pid);
    this.address = address;
  }

  run(command: string, ...args: readonly string[]): string {
    return execFileSync("nsenter", [...this.#inside, command, ...args], { encoding: "utf8" });
  }

  /** With the interface, which has the same name at either end. */
  link(...args: readonly string[]): void {
    this.run("ip", "link", "set", "dev", "veth", ...args);
  }

  /**
   * One of the programs of echo.mjs. All on one CPU: each CPU has a queue of its own for what goes by the pair, so that
   * packets of a program that moves arrive out of order, and TCP then says more in its acknowledgements.
   */
  start(...args: readonly string[]): Workload {
    return new Workload("nsenter", [...this.#inside, "taskset", "-c", "0", process.execPath, programPath, ...args]);
  }

  /** What the interface counts itself. */
  counters(): { rxBytes: number; rxPackets: number; txBytes: number; txPackets: number; txDropped: number } {
    const line = /^ *veth: *(.*)$/m.exec(readFileSync(`/proc/${this.#pid}/net/dev`, "latin1"));
    const numbers = (line?.[1] ?? "").trim().split(/ +/).map(Number);
    const [rxBytes = 0, rxPackets = 0] = numbers;
    const [txBytes = 0, txPackets = 0, , txDropped = 0] = numbers.slice(8);
    return { rxBytes, rxPackets, txBytes, txPackets, txDropped };
  }

  /** A counter of this namespace: `Tcp`, `OutSegs`. */
  snmp(group: string, name: string): number {
    const lines = readFileSync(`/proc/${this.#pid}/net/snmp`, "latin1").split("\n");
    const [names = "", values = ""] = lines.filter((line) => line.startsWith(`${group}: `));
    return Number(values.split(" ")[names.split(" ").indexOf(name)]);
  }

  get #inside(): string[] {
    return ["-t", String(this.#pid), "-n", "-m"];
  }
}

/** Two network namespaces, with a pair of virtual interfaces from the one to the other. They go with the processes. */
export class VethPair implements AsyncDisposable {
  readonly left: VethEnd;
  readonly right: VethEnd;
  readonly #holders: readonly Workload[];

  private constructor(holders: readonly Workload[], [left, right]: readonly [VethEnd, VethEnd]) {
    this.#holders = holders;
    this.left = left;
    this.right = right;
  }

  static async create(): Promise<VethPair> {
    const [first, second] = [holder(), holder()] as const;
    await Promise.all([first.ready, second.ready]);
    const ends = [new VethEnd(first.pid, "10.77.0.1"), new VethEnd(second.pid, "10.77.0.2")] as const;
    const pair = new VethPair([first, second], ends);
    execFileSync("ip", [
      ...["link", "add", "veth", "netns", String(first.pid), "type", "veth"],
      ...["peer", "name", "veth", "netns", String(second.pid)],
    ]);
    return pair;
  }

  /** Nothing has gone by them until here. */
  up(): void {
    for (const end of [this.left, this.right]) {
      end.run("ip", "address", "add", `${end.address}/24`, "dev", "veth");
      end.link("up");
    }
  }

  /**
   * TCP sends nothing again because its peer takes its time, as it does on a busy machine; and has no more on its way than
   * the kernel has room for between the two ends (net.core.netdev_max_backlog).
   */
  neverAgain(): void {
    for (const end of [this.left, this.right]) {
      end.run("sh", "-c", "cd /proc/sys/net/ipv4 && echo 0 > tcp_early_retrans && echo 4096 65536 262144 > tcp_rmem");
      end.run("ip", "route", "change", "10.77.0.0/24", "dev", "veth", "src", end.address, "rto_min", "10s");
    }
  }

  /** From here on the left end loses one in 50 of the packets that come in. */
  loseAtLeft(): void {
    this.left.link("xdpgeneric", "obj", lossyPath, "sec", "xdp");
  }

  /** The left end takes packets out of a queue, by a thread that is scheduled for it. */
  queueAtLeft(): void {
    this.left.link("xdp", "obj", lossyPath, "sec", "xdp/pass");
    this.left.run("sh", "-c", "echo 1 > /sys/class/net/veth/threaded");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#holders) await process[Symbol.asyncDispose]();
  }
}

/**
 * A namespace lives as long as a process in it. No IPv6: it would send when it likes. /sys shows the interfaces of who
 * mounts it, and `ip` wants a BPF file system to load programs.
 */
function holder(): Workload {
  const script = `
    echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
    mount -t sysfs sysfs /sys && mount -t bpf bpf /sys/fs/bpf && ip link set lo up && echo ready && exec sleep 1000`;
  return new Workload("unshare", ["-n", "-m", "sh", "-c", script]);
}
