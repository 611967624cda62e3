import { isIPv4 } from "node:net";
import type { ConnectionReport, Endpoint } from "@skep/tracers/networking";

/** Which service of this machine is at an address, as far as the connections and listening sockets of a round tell. */
export class LocalServices {
  readonly #byEndpoint = new Map<string, string>();
  /** Of those that listen on all addresses; empty where there are several, in different namespaces. */
  readonly #byPort = new Map<number, string>();

  constructor(report: ConnectionReport | undefined) {
    for (const { role, local, process } of report?.connections ?? []) {
      if (role === "server" && local !== undefined && process !== undefined)
        this.#byEndpoint.set(textOf(local), process);
    }
    for (const { local, process } of report?.listeners ?? []) {
      if (local === undefined || process === undefined) continue;
      if (!isWildcard(local.address)) {
        this.#byEndpoint.set(textOf(local), process);
        continue;
      }
      const other = this.#byPort.get(local.port);
      this.#byPort.set(local.port, other === undefined || other === process ? process : "");
    }
  }

  /** Undefined where it is elsewhere, or not known. */
  at(end: Endpoint | undefined): string | undefined {
    if (end === undefined) return undefined;
    const found = this.#byEndpoint.get(textOf(end));
    return found ?? (isLoopback(end.address) ? this.#byPort.get(end.port) || undefined : undefined);
  }
}

/** `10.0.0.1:80`, `[::1]:80` */
export function textOf({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

export function isLoopback(address: string): boolean {
  return address === "::1" || (isIPv4(address) && address.startsWith("127."));
}

function isWildcard(address: string): boolean {
  return address === "::" || address === "0.0.0.0";
}
