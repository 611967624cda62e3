import { type Encoding, encodeMessage } from "../encoding/encode.ts";
import type { Signal } from "../model/signal.ts";
import { describeProfiles } from "./describe.ts";
import type { ResourceProfiles } from "./resource-profiles.ts";

export type { Encoding } from "../encoding/encode.ts";
export { type AnyValue, type Attributes, DoubleValue } from "../model/attributes.ts";
export type { Resource, Scope } from "../model/resource.ts";
export type { Signal } from "../model/signal.ts";
export type {
  Frame,
  Mapping,
  ProcessInfo,
  Profile,
  ProfileSample,
  SpanReference,
  ValueType,
} from "./profile.ts";
export {
  type GroupingOptions,
  groupByResource,
  type ResourceProfiles,
  resourceOfProcess,
  type ScopeProfiles,
} from "./resource-profiles.ts";

/** The signal of profiles, `v1development` of opentelemetry-proto 1.10 or newer; its items are OTLP's profiles. */
export const profiles: Signal<readonly ResourceProfiles[]> = {
  name: "profiles",
  httpPath: "v1development/profiles",
  grpcPath: "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
  itemName: "profiles",
  describe: describeProfiles,
  itemCount: (resources) => {
    let count = 0;
    for (const { scopes } of resources) {
      for (const { profiles } of scopes) for (const { sampleTypes } of profiles) count += sampleTypes.length;
    }
    return count;
  },
};

/**
 * The body of an export request: `ExportProfilesServiceRequest`. {@link groupByResource} makes its input from the
 * profile of a whole machine.
 *
 * @throws OtlpError of code `invalid-data` for an id or a number that OTLP cannot say.
 * @throws RangeError if a sample does not have one value for each sample type.
 */
export function encodeProfiles(resources: readonly ResourceProfiles[], encoding: Encoding = "protobuf"): Uint8Array {
  return encodeMessage(describeProfiles, resources, encoding);
}
