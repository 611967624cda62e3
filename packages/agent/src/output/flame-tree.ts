import type { Frame, ProcessInfo } from "@skep/otlp/pprof";
import type { FlameFrameKind, FlameGraphData, FlameProcess } from "./flame-graph-data.ts";
import { type ProfileReport, reportUnit, reportValueIndex } from "./report.ts";
import { printable } from "./text.ts";

/** Folds the report's stacks into one call tree per process. */
export function flameGraphData(report: ProfileReport, hostName: string): FlameGraphData {
  const valueIndex = reportValueIndex(report);
  const frames = new FlameFrameTable();
  const roots = new Map<ProcessInfo, TreeNode>();
  for (const { process, stack, values } of report.samples) {
    let node = roots.get(process);
    if (node === undefined) {
      node = new TreeNode();
      roots.set(process, node);
    }
    const value = values[valueIndex] ?? 0;
    node.total += value;
    for (const frame of stack.toReversed()) {
      node = node.child(frames.index(frame));
      node.total += value;
    }
    node.self += value;
  }

  return {
    subject: printable(report.subject ?? "the whole machine"),
    hostName: printable(hostName),
    startedAtMs: Number(report.timeUnixNs / 1_000_000n),
    durationNs: report.durationNs,
    mode: report.mode,
    unit: reportUnit(report),
    frequencyHz: report.frequencyHz,
    cpuCount: report.cpuCount,
    sampleCount: report.sampleCount,
    lost: report.lost,
    names: frames.names.values,
    modules: frames.modules.values,
    kinds: frames.kinds.values,
    frames: frames.frames,
    processes: [...roots].sort(([, a], [, b]) => b.total - a.total).map(([process, root]) => toProcess(process, root)),
  };
}

class TreeNode {
  self = 0;
  total = 0;
  readonly children = new Map<number, TreeNode>();

  child(frame: number): TreeNode {
    let child = this.children.get(frame);
    if (child === undefined) {
      child = new TreeNode();
      this.children.set(frame, child);
    }
    return child;
  }
}

function toProcess({ pid, name, containerId }: ProcessInfo, root: TreeNode): FlameProcess {
  const nodes: number[] = [];
  // A stack of its own: profiles of other origin than the kernel's may be deeper than calls can nest.
  const pending: { readonly depth: number; readonly frame: number; readonly node: TreeNode }[] = [];
  const pushChildren = (parent: TreeNode, depth: number) => {
    const lightestFirst = [...parent.children].sort(([, a], [, b]) => a.total - b.total);
    for (const [frame, node] of lightestFirst) pending.push({ depth, frame, node });
  };
  pushChildren(root, 0);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    nodes.push(next.depth, next.frame, next.node.self);
    pushChildren(next.node, next.depth + 1);
  }
  return {
    pid,
    name: printable(name),
    ...(containerId !== undefined && { containerId: printable(containerId) }),
    self: root.self,
    nodes,
  };
}

class IndexTable<Value> {
  readonly values: Value[] = [];
  readonly #indexes = new Map<Value, number>();

  index(value: Value): number {
    let index = this.#indexes.get(value);
    if (index === undefined) {
      index = this.values.push(value) - 1;
      this.#indexes.set(value, index);
    }
    return index;
  }
}

/** Frames of one function are one frame here, at whatever address it was. */
class FlameFrameTable {
  readonly names = new IndexTable<string>();
  readonly modules = new IndexTable<string>();
  readonly kinds = new IndexTable<FlameFrameKind>();
  readonly frames: number[] = [];
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

  #indexByKey(frame: Frame): number {
    const entry = [
      this.names.index(printable(frame.name)),
      this.modules.index(printable(frame.mapping.name)),
      this.kinds.index(frame.symbolized ? frame.kind : "unnamed"),
    ];
    const key = entry.join();
    let index = this.#indexesByKey.get(key);
    if (index === undefined) {
      index = this.frames.length / 3;
      this.frames.push(...entry);
      this.#indexesByKey.set(key, index);
    }
    return index;
  }
}
