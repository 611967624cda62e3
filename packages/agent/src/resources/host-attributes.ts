import { readFileSync } from "node:fs";
import { arch, hostname } from "node:os";
import type { ResourceAttributes } from "./telemetry-resource.ts";

/** What Node.js calls an architecture, in the words of OpenTelemetry (`host.arch`). */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", arm64: "arm64" };

/** The machine, as a part of every resource. */
export function hostAttributes(): ResourceAttributes {
  const id = machineId();
  return {
    "host.name": hostname(),
    ...(id !== undefined && { "host.id": id }),
    "host.arch": ARCHITECTURES[arch()] ?? arch(),
    "os.type": "linux",
  };
}

/** See machine-id(5). The second place is that of systems without systemd. */
function machineId(): string | undefined {
  for (const path of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
    try {
      const id = readFileSync(path, "latin1").trim();
      if (/^[0-9a-f]{32}$/.test(id)) return id;
    } catch {
      // Not there: the next one, or none. A container often has neither.
    }
  }
  return undefined;
}
