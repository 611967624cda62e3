import type { Frame, ProcessInfo } from "@skep/otlp/pprof";
import { type ProfileReport, reportUnit, reportValueIndex } from "./report.ts";
import { printableJson } from "./text.ts";

/** Speedscope's file format, github.com/jlfwong/speedscope/blob/main/src/lib/file-format-spec.ts. */
interface SpeedscopeFile {
  readonly $schema: "https://www.speedscope.app/file-format-schema.json";
  readonly name: string;
  readonly exporter: string;
  readonly activeProfileIndex: number;
  readonly shared: { readonly frames: readonly SpeedscopeFrame[] };
  readonly profiles: readonly SpeedscopeProfile[];
}

interface SpeedscopeFrame {
  readonly name: string;
  readonly file: string;
  readonly line?: number;
}

interface SpeedscopeProfile {
  readonly type: "sampled";
  readonly name: string;
  readonly unit: "nanoseconds" | "none";
  readonly startValue: number;
  readonly endValue: number;
  /** Indexes of `shared.frames`, root first. */
  readonly samples: readonly (readonly number[])[];
  readonly weights: readonly number[];
}

/** The report for speedscope.app: one profile per process, the heaviest first. */
export function encodeSpeedscope(report: ProfileReport): string {
  const valueIndex = reportValueIndex(report);
  const frames = new FrameTable();
  const groups = new Map<ProcessInfo, { samples: number[][]; weights: number[]; sum: number }>();
  for (const { process, stack, values } of report.samples) {
    let group = groups.get(process);
    if (group === undefined) {
      group = { samples: [], weights: [], sum: 0 };
      groups.set(process, group);
    }
    const weight = values[valueIndex] ?? 0;
    group.samples.push(stack.map((frame) => frames.index(frame)).reverse());
    group.weights.push(weight);
    group.sum += weight;
  }

  const file: SpeedscopeFile = {
    $schema: "https://www.speedscope.app/file-format-schema.json",
    name: `${report.mode === "on-cpu" ? "CPU" : "Off-CPU"} profile of ${report.subject ?? "the whole machine"}`,
    exporter: "skep",
    activeProfileIndex: 0,
    shared: { frames: frames.frames },
    profiles: [...groups]
      .sort(([, a], [, b]) => b.sum - a.sum)
      .map(([process, { samples, weights, sum }]) => ({
        type: "sampled",
        name: `${process.name} (${process.pid})`,
        unit: reportUnit(report) === "nanoseconds" ? "nanoseconds" : "none",
        startValue: 0,
        endValue: sum,
        samples,
        weights,
      })),
  };
  return `${printableJson(file)}\n`;
}

class FrameTable {
  readonly frames: SpeedscopeFrame[] = [];
  readonly #indexes = new Map<Frame, number>();
  readonly #indexesByKey = new Map<string, number>();

  index(frame: Frame): number {
    let index = this.#indexes.get(frame);
    if (index === undefined) {
      index = this.#indexByKey(frame);
      this.#indexes.set(frame, index);
    }
    return index;
  }

  /** Speedscope takes entries for functions: addresses of one function share an entry. */
  #indexByKey({ name, file, line, mapping }: Frame): number {
    const frame: SpeedscopeFrame = { name, file: file ?? mapping.path, ...(line !== undefined && { line }) };
    const key = JSON.stringify([frame.name, frame.file, line]);
    let index = this.#indexesByKey.get(key);
    if (index === undefined) {
      index = this.frames.push(frame) - 1;
      this.#indexesByKey.set(key, index);
    }
    return index;
  }
}
