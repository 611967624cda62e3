/** A statistical profile with resolved names, as plain data: what a profiler gives and every encoder takes. */
export interface Profile {
  /** When it started, in nanoseconds since the Unix epoch. */
  readonly timeUnixNs: bigint;
  readonly durationNs: number;
  /** What `ProfileSample.values` hold, in their order; the count comes first. */
  readonly sampleTypes: readonly ValueType[];
  /** What triggers a sample, such as `{ type: "cpu", unit: "nanoseconds" }`. */
  readonly periodType: ValueType;
  /** How much of `periodType` lies between two samples. */
  readonly period: number;
  /** The `type` of the sample type that a viewer shows first; the last one when absent. */
  readonly defaultSampleType?: string;
  readonly comments?: readonly string[];
  readonly samples: readonly ProfileSample[];
}

export interface ValueType {
  readonly type: string;
  readonly unit: string;
}

export interface ProfileSample {
  /** Leaf first. Frame objects are shared: the same object is the same location. */
  readonly stack: readonly Frame[];
  /** One per sample type, non-negative. */
  readonly values: readonly number[];
  /** One shared object per process image. */
  readonly process: ProcessInfo;
  readonly threadId: number;
  readonly threadName: string;
  /** The span that the thread was working on; of the two formats, only OTLP keeps it. */
  readonly span?: SpanReference;
}

export interface SpanReference {
  /** 32 lowercase hex digits. */
  readonly traceId: string;
  /** 16 lowercase hex digits. */
  readonly spanId: string;
}

export interface ProcessInfo {
  readonly pid: number;
  readonly name: string;
  readonly containerId?: string;
  readonly executablePath?: string;
}

export interface Frame {
  /** Demangled; never empty: `module+0x123` where there is no symbol. */
  readonly name: string;
  /** The linkage (mangled) name, where it differs. */
  readonly systemName?: string;
  /** Virtual address in the process or the kernel; of a caller it is the return address minus one. */
  readonly address: bigint;
  readonly mapping: Mapping;
  readonly kind: "kernel" | "native" | "jit" | "vdso";
  /** The runtime of a `jit` frame, where it is known: `v8js`, `jvm` ... (semantic conventions, `profile.frame.type`). */
  readonly runtime?: string;
  /** False where `name` is made up of module and offset. */
  readonly symbolized: boolean;
  /** Source file and line, where the map of a JIT tells. */
  readonly file?: string;
  readonly line?: number;
}

/** A range of addresses and the file that backs it. */
export interface Mapping {
  /** Short: `libc.so.6`, `[kernel]`, `[vdso]`, `[jit]`. */
  readonly name: string;
  readonly path: string;
  /** GNU build id, in hex. */
  readonly buildId?: string;
  readonly startAddress: bigint;
  readonly limitAddress: bigint;
  /** Offset in the file of what lies at `startAddress`. */
  readonly fileOffset: bigint;
}
