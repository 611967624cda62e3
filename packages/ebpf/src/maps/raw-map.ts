import { BpfMap } from "./bpf-map.ts";

/** A map that programs use among themselves, or of a type that this library has no way to read: made, and held. */
export class RawMap extends BpfMap {}
