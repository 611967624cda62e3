import type { MessageSink } from "../encoding/message-sink.ts";
import { type Attributes, describeAttributes } from "./attributes.ts";

/** Whom telemetry is about: a process, a container, a host. */
export interface Resource {
  readonly attributes: Attributes;
  readonly droppedAttributesCount?: number;
  /** Version of the semantic conventions that `attributes` follow, as a URL. */
  readonly schemaUrl?: string;
}

/** Who made the telemetry: a library or a tracer, with its version. */
export interface Scope {
  readonly name: string;
  readonly version?: string;
  readonly attributes?: Attributes;
  readonly droppedAttributesCount?: number;
  /** Version of the semantic conventions that the telemetry of this scope follows, as a URL. */
  readonly schemaUrl?: string;
}

/** opentelemetry.proto.resource.v1.Resource */
export function describeResource(sink: MessageSink, resource: Resource): void {
  describeAttributes(sink, 1, "attributes", resource.attributes);
  sink.uint32(2, "droppedAttributesCount", resource.droppedAttributesCount);
}

/** opentelemetry.proto.common.v1.InstrumentationScope */
export function describeScope(sink: MessageSink, scope: Scope): void {
  sink.string(1, "name", scope.name);
  sink.string(2, "version", scope.version);
  describeAttributes(sink, 3, "attributes", scope.attributes);
  sink.uint32(4, "droppedAttributesCount", scope.droppedAttributesCount);
}
