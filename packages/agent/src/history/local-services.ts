import { isIPv4 } from "node:net";
import type { ConnectionReport, Endpoint } from "@skep/tracers/networking";

/** Which service of this machine is at an address, as far as the connections and listening sockets of a round tell. */
export class LocalServices {
  readonly #byEndpoint = new Map<string, string>();
  /** Of those that listen on all addresses, by namespace and port. */
  readonly #byPort = new Map<string, string>();
  /** Of Unix sockets. */
  readonly #byPath = new Map<string, string>();
  /** The namespaces that the machine's own addresses are in, but for loopback. */
  readonly #namespaceByAddress = new Map<string, number>();

  constructor(report: ConnectionReport | undefined) {
    for (const { role, local, process, networkNamespace } of report?.connections ?? []) {
      if (local === undefined) continue;
      if (!isLoopback(local.address)) this.#namespaceByAddress.set(local.address, networkNamespace);
      if (role === "server" && process !== undefined) this.#byEndpoint.set(textOf(local), process);
    }
    for (const { local, path, process, networkNamespace } of report?.listeners ?? []) {
      if (process === undefined) continue;
      if (path !== undefined) addUnique(this.#byPath, path, process);
      if (local === undefined) continue;
      if (!isWildcard(local.address)) {
        this.#byEndpoint.set(textOf(local), process);
        continue;
      }
      addUnique(this.#byPort, `${networkNamespace} ${local.port}`, process);
      addUnique(this.#byPort, `any ${local.port}`, process);
    }
  }

  /** Undefined where it is elsewhere, or not known. */
  at(end: Endpoint | undefined): string | undefined {
    if (end === undefined) return undefined;
    const found = this.#byEndpoint.get(textOf(end));
    if (found !== undefined) return found;
    // Of a connection to a loopback address the namespace is not known, nor would it need one if there is one candidate.
    const namespace = isLoopback(end.address) ? "any" : this.#namespaceByAddress.get(end.address);
    return namespace === undefined ? undefined : this.#byPort.get(`${namespace} ${end.port}`) || undefined;
  }

  /** Who listens at the path of a Unix socket. */
  atPath(path: string): string | undefined {
    return this.#byPath.get(path) || undefined;
  }

  /** Whether it is an address of this machine, by its connections of this round. */
  isHere(address: string): boolean {
    return isLoopback(address) || this.#namespaceByAddress.has(address);
  }
}

/** Empty where there are several, in different namespaces. */
function addUnique(services: Map<string, string>, key: string, process: string): void {
  const other = services.get(key);
  services.set(key, other === undefined || other === process ? process : "");
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
