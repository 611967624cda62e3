import type { MessageSink } from "../encoding/message-sink.ts";
import { describeResource, describeScope } from "../model/resource.ts";
import { describeDictionary } from "./describe-dictionary.ts";
import { ProfilesDictionary } from "./dictionary.ts";
import type { Profile } from "./profile.ts";
import type { ResourceProfiles, ScopeProfiles } from "./resource-profiles.ts";
import { type SampleRow, sampleRows } from "./sample-rows.ts";

/**
 * opentelemetry.proto.collector.profiles.v1development.ExportProfilesServiceRequest, as of opentelemetry-proto 1.10
 * to 1.11. In 1.9 and before `Sample.values` had another number, and receivers of that age see no values.
 */
export function describeProfiles(sink: MessageSink, resources: readonly ResourceProfiles[]): void {
  new ProfilesDescription(sink).describe(resources);
}

/** Describes the profiles, and meanwhile collects the dictionary that comes after them. */
class ProfilesDescription {
  readonly #sink: MessageSink;
  readonly #dictionary = new ProfilesDictionary();

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  describe(resources: readonly ResourceProfiles[]): void {
    const sink = this.#sink;
    for (const { resource, scopes } of resources) {
      sink.beginElement(1, "resourceProfiles");
      sink.message(1, "resource", resource, describeResource);
      for (const scope of scopes) this.#scopeProfiles(scope);
      sink.string(3, "schemaUrl", resource.schemaUrl);
      sink.end();
    }
    sink.message(2, "dictionary", this.#dictionary, describeDictionary);
  }

  #scopeProfiles({ scope, profiles }: ScopeProfiles): void {
    const sink = this.#sink;
    sink.beginElement(2, "scopeProfiles");
    sink.message(1, "scope", scope, describeScope);
    for (const profile of profiles) {
      const rows = sampleRows(profile, this.#dictionary);
      for (const valueIndex of profile.sampleTypes.keys()) this.#profile(profile, rows, valueIndex);
    }
    sink.string(3, "schemaUrl", scope.schemaUrl);
    sink.end();
  }

  #profile(profile: Profile, rows: readonly SampleRow[], valueIndex: number): void {
    const sink = this.#sink;
    sink.beginElement(2, "profiles");
    this.#valueType(1, "sampleType", profile.sampleTypes[valueIndex]);
    for (const row of rows) this.#sample(row, Math.round(row.values[valueIndex] ?? 0));
    sink.fixed64(3, "timeUnixNano", profile.timeUnixNs);
    sink.uint64(4, "durationNano", Math.round(profile.durationNs));
    this.#valueType(5, "periodType", profile.periodType);
    // Pyroscope refuses a profile whose period is 0.
    sink.int64(6, "period", Math.max(1, Math.round(profile.period)));
    if (profile.comments !== undefined) {
      sink.int32s(11, "attributeIndices", [this.#dictionary.attributeIndex("pprof.profile.comment", profile.comments)]);
    }
    sink.end();
  }

  #sample({ stackIndex, attributeIndices, linkIndex }: SampleRow, value: number): void {
    // Nothing of this type was measured there.
    if (value === 0) return;
    const sink = this.#sink;
    sink.beginElement(2, "samples");
    sink.int32(1, "stackIndex", stackIndex);
    sink.int32s(2, "attributeIndices", attributeIndices);
    if (linkIndex !== 0) sink.int32(3, "linkIndex", linkIndex);
    sink.int64s(4, "values", [value]);
    sink.end();
  }

  #valueType(field: number, name: string, valueType: Profile["periodType"] | undefined): void {
    if (valueType === undefined) return;
    const sink = this.#sink;
    sink.begin(field, name);
    sink.int32(1, "typeStrindex", this.#dictionary.tables.string(valueType.type));
    sink.int32(2, "unitStrindex", this.#dictionary.tables.string(valueType.unit));
    sink.end();
  }
}
