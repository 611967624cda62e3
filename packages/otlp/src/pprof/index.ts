export { encodePprof } from "./encode.ts";
export type { Frame, Mapping, ProcessInfo, Profile, ProfileSample, ValueType } from "./profile.ts";
