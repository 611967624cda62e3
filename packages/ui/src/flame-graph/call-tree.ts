import type { FlameGraphData } from "skep/flame-graph-data";
import { type FrameCategory, frameCategory } from "./frame-category.ts";

/** The node that all processes are children of. */
export const ROOT = 0;

/** The text and color of a node. */
export interface NodeLabel {
  readonly name: string;
  /** Empty for the root and for processes. */
  readonly module: string;
  readonly category: FrameCategory | "root" | "process";
}

/**
 * The whole profile as one tree: root, processes, frames.
 *
 * Columns, not objects: there may be hundreds of thousands of nodes. A node is its index. Nodes stand in preorder,
 * heavier siblings first, so that a subtree is a range: from the node to its `end`.
 */
export class CallTree {
  readonly size: number;
  readonly parent: Int32Array;
  /** The root has depth 0, a process 1. */
  readonly depth: Uint16Array;
  /** The first node after the subtree. */
  readonly end: Int32Array;
  /**
   * Of the node alone, and with all that it called; in the unit of the profile. Where two spans are compared, of both
   * together, the baseline as if it had been as long as the other: so nothing that is in one of them alone is missing.
   */
  readonly self: Float64Array;
  readonly total: Float64Array;
  /** The part of `total` that the baseline has. Absent where nothing is compared. */
  readonly baselineTotal?: Float64Array;
  /** Distinct labels; nodes of the same function share one. */
  readonly labels: readonly NodeLabel[];
  /** Index in `labels`. */
  readonly labelOf: Int32Array;

  constructor(data: FlameGraphData) {
    const { labels, firstProcessLabel } = labelsOf(data);
    this.labels = labels;
    this.size = 1 + data.processes.reduce((sum, { nodes }) => sum + 1 + nodes.length / 3, 0);
    this.parent = new Int32Array(this.size).fill(-1);
    this.depth = new Uint16Array(this.size);
    this.end = new Int32Array(this.size);
    this.self = new Float64Array(this.size);
    this.labelOf = new Int32Array(this.size).fill(firstProcessLabel - 1);
    this.#addNodes(data, firstProcessLabel);
    const baseline = this.#baselineOf(data);
    for (const [node, value] of baseline?.entries() ?? []) this.self[node] = at(this.self, node) + value;
    this.total = this.self.slice();
    this.#findEnds();
    this.#addUp(this.total);
    if (baseline !== undefined) {
      this.baselineTotal = baseline;
      this.#addUp(baseline);
    }
  }

  label(node: number): NodeLabel {
    const label = this.labels[this.labelOf[node] ?? -1];
    if (label === undefined) throw new RangeError(`the tree has no node ${node}`);
    return label;
  }

  /** The children from `first` on, which is one of them; by default all. */
  *children(node: number, first = node + 1): Generator<number> {
    const end = at(this.end, node);
    for (let child = first; child < end; child = at(this.end, child)) yield child;
  }

  #addNodes(data: FlameGraphData, firstProcessLabel: number): void {
    /** The node last seen at each depth. */
    const path = [ROOT];
    let node = ROOT;
    const add = (depth: number, label: number, self: number) => {
      node++;
      this.parent[node] = path[depth - 1] ?? ROOT;
      this.depth[node] = depth;
      this.labelOf[node] = label;
      this.self[node] = self;
      path[depth] = node;
    };
    for (const [index, { nodes, self }] of data.processes.entries()) {
      add(1, firstProcessLabel + index, self);
      for (let offset = 0; offset < nodes.length; offset += 3) {
        add((nodes[offset] ?? 0) + 2, nodes[offset + 1] ?? 0, nodes[offset + 2] ?? 0);
      }
    }
  }

  /** What each node itself had in the baseline. */
  #baselineOf({ baseline, durationNs, processes }: FlameGraphData): Float64Array | undefined {
    if (baseline === undefined) return undefined;
    const scale = baseline.durationNs === 0 ? 0 : durationNs / baseline.durationNs;
    const values = [0, ...processes.flatMap(({ nodes, baseline: own = [] }) => padded(own, 1 + nodes.length / 3))];
    return Float64Array.from(values, (value) => value * scale);
  }

  /** Backwards every node comes after its children: one pass gives the ends of the subtrees. */
  #findEnds(): void {
    for (let node = this.size - 1; node >= 0; node--) {
      this.end[node] = Math.max(at(this.end, node), node + 1);
      const parent = at(this.parent, node);
      if (parent >= 0) this.end[parent] = Math.max(at(this.end, parent), at(this.end, node));
    }
  }

  /** Adds to each node what is below it. */
  #addUp(values: Float64Array): void {
    for (let node = this.size - 1; node > 0; node--) {
      const parent = at(this.parent, node);
      values[parent] = at(values, parent) + at(values, node);
    }
  }
}

function padded(values: readonly number[], length: number): readonly number[] {
  return Array.from({ length }, (_, index) => values[index] ?? 0);
}

/** The element of a column at an index that is known to be in it. */
export function at(column: Int32Array | Float64Array | Uint16Array | Uint8Array, index: number): number {
  const value = column[index];
  if (value === undefined) throw new RangeError(`no element ${index} in a column of ${column.length}`);
  return value;
}

/** Frames first, by their index in the data; then the root; then the processes. */
function labelsOf(data: FlameGraphData): { labels: NodeLabel[]; firstProcessLabel: number } {
  const labels: NodeLabel[] = [];
  for (let offset = 0; offset < data.frames.length; offset += 3) {
    const [name = -1, module = -1, kind = -1] = data.frames.slice(offset, offset + 3);
    const text = data.names[name] ?? "";
    labels.push({
      name: text,
      module: data.modules[module] ?? "",
      category: frameCategory(text, data.kinds[kind] ?? "unnamed"),
    });
  }
  labels.push({ name: "all processes", module: "", category: "root" });
  const firstProcessLabel = labels.length;
  for (const { name, pid } of data.processes)
    labels.push({ name: `${name} (${pid})`, module: "", category: "process" });
  return { labels, firstProcessLabel };
}
