export type {
  Frame,
  Mapping,
  ProcessInfo,
  Profile,
  ProfileSample,
  SpanReference,
  ValueType,
} from "../profiles/profile.ts";
export { encodePprof } from "./encode.ts";
