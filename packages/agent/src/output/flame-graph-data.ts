/**
 * What a flame graph page is made of: the contract between the sink that writes it and the page that reads it.
 * Names are stored once and referred to by index; trees are flat, since a profile has tens of thousands of nodes.
 */
export interface FlameGraphData {
  /** What was profiled, in words. */
  readonly subject: string;
  readonly hostName: string;
  /** Milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
  readonly durationNs: number;
  readonly mode: "on-cpu" | "off-cpu";
  readonly unit: "samples" | "nanoseconds";
  readonly frequencyHz: number;
  readonly cpuCount: number;
  readonly sampleCount: number;
  readonly lost: Readonly<Record<string, number>>;
  readonly names: readonly string[];
  readonly modules: readonly string[];
  readonly kinds: readonly FlameFrameKind[];
  /** Three numbers for each frame: its indexes in `names`, `modules` and `kinds`. */
  readonly frames: readonly number[];
  /** Where two spans are compared: how the earlier one was taken. */
  readonly baseline?: FlameBaseline;
  /** Heaviest first. */
  readonly processes: readonly FlameProcess[];
}

/** `unnamed`: no symbol was found, so that the name is a module and an offset. */
export type FlameFrameKind = "kernel" | "native" | "jit" | "vdso" | "unnamed";

export interface FlameBaseline {
  /** Milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
  readonly durationNs: number;
  readonly sampleCount: number;
}

export interface FlameProcess {
  readonly pid: number;
  readonly name: string;
  readonly containerId?: string;
  /** The value of samples without any stack. */
  readonly self: number;
  /**
   * The call tree, parents before children, heavier siblings first. Three numbers for each node: depth from 0, index
   * of the frame, and the value of samples that end here.
   */
  readonly nodes: readonly number[];
  /**
   * Where two spans are compared: what `self` and the third number of each node are in the baseline, in their order.
   * The tree is that of both.
   */
  readonly baseline?: readonly number[];
}
