import type { FileOperations, FileReport } from "@skep/tracers/files";
import type { TelemetryResource } from "../resources/telemetry-resource.ts";
import type { MetricDefinition } from "./metric-definition.ts";
import type { MetricRegistry } from "./metric-registry.ts";
import type { MetricResources } from "./metric-resources.ts";
import type { SeriesAttributes } from "./series-table.ts";

type FileAttribute = "linux.file.type" | "system.filesystem.type";

const FILE_ATTRIBUTES = ["linux.file.type", "system.filesystem.type"] as const;

export const FILE_IO: MetricDefinition<"linux.file.io.direction" | FileAttribute> = {
  name: "linux.file.io",
  kind: "counter",
  unit: "By",
  description: "Bytes that system calls moved from and to files, sockets, pipes and devices.",
  attributes: ["linux.file.io.direction", ...FILE_ATTRIBUTES],
  of: "program",
  convention: "skep",
};

export const FILE_OPERATION_COUNT: MetricDefinition<"linux.file.operation" | FileAttribute> = {
  name: "linux.file.operation.count",
  kind: "counter",
  unit: "{operation}",
  description: "Operations that returned, those that failed included.",
  attributes: ["linux.file.operation", ...FILE_ATTRIBUTES],
  of: "program",
  convention: "skep",
};

export const FILE_OPERATION_TIME: MetricDefinition<"linux.file.operation" | FileAttribute> = {
  name: "linux.file.operation.time",
  kind: "counter",
  unit: "s",
  description: "Time in these operations, from entry to return.",
  attributes: ["linux.file.operation", ...FILE_ATTRIBUTES],
  of: "program",
  convention: "skep",
};

export const FILE_ERROR_COUNT: MetricDefinition<"error.type" | FileAttribute> = {
  name: "linux.file.error.count",
  kind: "counter",
  unit: "{operation}",
  description: "Operations that failed; error.type is the name of the errno.",
  attributes: ["error.type", ...FILE_ATTRIBUTES],
  of: "program",
  convention: "skep",
};

/** By process and kind of file. Paths are without bound, and stay in the report. */
export function recordFiles(
  registry: MetricRegistry,
  { files, unattributed }: FileReport,
  resources: MetricResources,
): void {
  for (const file of files) {
    const resource = resources.of(file.process);
    const attributes = {
      "linux.file.type": file.type,
      ...(file.fileSystem !== "" && { "system.filesystem.type": file.fileSystem }),
    };
    recordOperations(registry, resource, file, attributes);
    for (const error in file.errors) {
      const failed = file.errors[error] ?? 0;
      registry.number(FILE_ERROR_COUNT).add(resource, failed, { ...attributes, "error.type": error });
    }
  }
  // Of which process they were is forgotten, for lack of room.
  recordOperations(registry, resources.host, unattributed, {});
}

function recordOperations(
  registry: MetricRegistry,
  resource: TelemetryResource,
  operations: FileOperations,
  file: SeriesAttributes<FileAttribute>,
): void {
  const io = registry.number(FILE_IO);
  io.add(resource, operations.readBytes, { ...file, "linux.file.io.direction": "read" });
  io.add(resource, operations.writtenBytes, { ...file, "linux.file.io.direction": "write" });
  const rows = [
    ["open", operations.opens, operations.openNs],
    ["read", operations.reads, operations.readNs],
    ["write", operations.writes, operations.writeNs],
    ["sync", operations.syncs, operations.syncNs],
  ] as const;
  for (const [operation, count, timeNs] of rows) {
    // As for most files: of what never happened there is no series, and no need for its attributes.
    if (count === 0 && timeNs === 0) continue;
    const attributes = { ...file, "linux.file.operation": operation };
    registry.number(FILE_OPERATION_COUNT).add(resource, count, attributes);
    registry.number(FILE_OPERATION_TIME).add(resource, timeNs / 1e9, attributes);
  }
}
