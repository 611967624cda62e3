import type { FlameFrameKind } from "skep/flame-graph-data";

/** What colors tell apart. */
export type FrameCategory = "kernel" | "native" | "qualified" | "jit" | "unnamed";

export const FRAME_CATEGORIES: readonly (readonly [FrameCategory, string])[] = [
  ["kernel", "Kernel"],
  ["native", "C and assembly"],
  ["qualified", "C++ and Rust"],
  ["jit", "JIT"],
  ["unnamed", "No symbol"],
];

export function frameCategory(name: string, kind: FlameFrameKind): FrameCategory {
  switch (kind) {
    case "kernel":
    case "vdso":
      return "kernel";
    case "native":
      return name.includes("::") ? "qualified" : "native";
    case "jit":
    case "unnamed":
      return kind;
    default:
      return kind satisfies never;
  }
}
