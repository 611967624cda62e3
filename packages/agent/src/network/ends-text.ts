import { type Connection, type Endpoint, endpointText, type UdpFlow } from "@skep/tracers/networking";
import { printable } from "../output/text.ts";

type Ends = Pick<Connection, "transport" | "role" | "local" | "peer" | "path">;

/** The arrow points to the server. */
const ARROWS = { client: "→", server: "←", unknown: "–" } as const;

/**
 * Both ends of a connection, as its process sees it: `:51234 → 192.0.2.1:443`, `:80 ← 192.0.2.7:51234`.
 *
 * @param whole with the local address, and not its port alone
 */
export function connectionEnds({ transport, role = undefined, local, peer, path }: Ends, whole: boolean): string {
  const arrow = ARROWS[role ?? "unknown"];
  if (transport === "unix") return `unix ${arrow} ${printable(path ?? "?")}`;
  return `${localEnd(local, whole)} ${arrow} ${end(peer)}`;
}

/** The same of many connections: the port that clients were given is left out. */
export function manyConnectionEnds({ transport, role, local, peer, path }: Ends, whole: boolean): string {
  if (transport === "unix" || role === undefined)
    return connectionEnds({ transport, role, local, peer, path } as Ends, whole);
  if (role === "client") return `→ ${end(peer)}`;
  return `${localEnd(local, whole)} ← ${peer?.address ?? "?"}`;
}

/** Both ends of datagrams. */
export function flowEnds({ local, peer }: UdpFlow, whole: boolean): string {
  return `udp ${localEnd(local, whole)} ↔ ${peer === undefined ? "*" : end(peer)}`;
}

function localEnd(local: Endpoint | undefined, whole: boolean): string {
  if (local === undefined) return "*";
  return whole ? endpointText(local) : `:${local.port}`;
}

function end(endpoint: Endpoint | undefined): string {
  return endpoint === undefined ? "?" : endpointText(endpoint);
}
