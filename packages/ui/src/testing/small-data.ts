import type { FlameGraphData } from "skep/flame-graph-data";

/** Indexes of `frames` below. */
const MAIN = 0;
const WALK = 1;
const MEMCPY = 2;
const COPY_USER = 3;

/**
 * Ten samples of two processes:
 *
 *     api (42) 7: main 7 -> Tree::walk() 5 -> { Tree::walk() 3, memcpy 2 }
 *     sh (7) 3: memcpy 2 -> copy_user_generic 2
 */
export function smallData(changes: Partial<FlameGraphData> = {}): FlameGraphData {
  return {
    subject: "process 42",
    hostName: "box",
    startedAtMs: 1_795_000_000_000,
    durationNs: 10_000_000_000,
    mode: "on-cpu",
    unit: "samples",
    frequencyHz: 99,
    cpuCount: 2,
    sampleCount: 10,
    lost: { "stacks-full": 0 },
    names: ["main", "Tree::walk()", "memcpy", "copy_user_generic"],
    modules: ["app", "libc.so.6", "[kernel]"],
    kinds: ["native", "kernel"],
    frames: [0, 0, 0, 1, 0, 0, 2, 1, 0, 3, 2, 1],
    processes: [
      { pid: 42, name: "api", self: 0, nodes: [0, MAIN, 2, 1, WALK, 0, 2, WALK, 3, 2, MEMCPY, 2] },
      { pid: 7, name: "sh", self: 1, nodes: [0, MEMCPY, 0, 1, COPY_USER, 2] },
    ],
    ...changes,
  };
}

/** One process that calls `count` functions, each for one sample; half of them also call `memcpy` once. */
export function wideData(count: number): FlameGraphData {
  const nodes = Array.from({ length: count }, (_, index) =>
    index < count / 2 ? [0, index + 1, 1, 1, 0, 1] : [0, index + 1, 1],
  );
  return smallData({
    names: ["memcpy", ...Array.from({ length: count }, (_, index) => `function_${index}`)],
    frames: Array.from({ length: count + 1 }, (_, index) => [index, 0, 0]).flat(),
    processes: [{ pid: 42, name: "api", self: 0, nodes: nodes.flat() }],
  });
}
