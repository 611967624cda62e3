import { useEffect, useRef, useState } from "preact/hooks";
import type { FlameGraphData } from "skep/answers";
import { FlameGraph } from "../flame-graph/flame-graph.ts";
import { FRAME_CATEGORIES } from "../flame-graph/frame-category.ts";
import { share } from "./format.ts";

/** A graph and how to hold it: newer data waits while somebody looks closely. */
export interface FlameGraphViewProps {
  readonly graph: FlameGraphData;
  readonly about: string;
  readonly search: string;
  readonly onMatched: (text: string) => void;
}

export function FlameGraphView({ graph: offered, about, search, onMatched }: FlameGraphViewProps) {
  const element = useRef<HTMLDivElement>(null);
  const tooltip = useRef<HTMLDivElement>(null);
  const drawn = useRef<FlameGraph>(null);
  const [shown, setShown] = useState({ graph: offered, about });
  const [isUpright, setUpright] = useState(false);
  const [isZoomed, setZoomed] = useState(false);
  const [isPointed, setPointed] = useState(false);
  const [isFocused, setFocused] = useState(false);

  // Boxes under the pointer or the keyboard must not run away.
  const isFree = !isZoomed && !isPointed && !isFocused;
  useEffect(() => {
    if (isFree || subjectOf(offered) !== subjectOf(shown.graph)) setShown({ graph: offered, about });
  }, [offered, about, isFree, shown.graph]);

  useEffect(() => {
    if (element.current === null || tooltip.current === null) return;
    const graph = new FlameGraph(shown.graph, element.current, tooltip.current);
    graph.onZoom = setZoomed;
    drawn.current = graph;
    setZoomed(false);
    setFocused(false);
    return () => {
      drawn.current = null;
      graph.dispose();
    };
  }, [shown.graph]);

  // A new graph is searched again.
  useEffect(() => {
    const found = drawn.current?.search(search.trim());
    onMatched(
      found === undefined ? "" : found.matched === 0 ? "no match" : `${share(found.matched / found.whole)} matched`,
    );
  }, [search, shown.graph, onMatched]);

  // A new graph is turned again.
  useEffect(() => {
    drawn.current?.setOrientation(isUpright ? "flame" : "icicle");
  }, [isUpright, shown.graph]);

  useEffect(() => {
    const onKey = ({ key }: KeyboardEvent) => {
      if (key === "Escape") drawn.current?.resetZoom();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  const waits = offered !== shown.graph && !isFree;
  return (
    <section class="flame" aria-label="Flame graph">
      <div class="flame-head">
        <p class="about">
          {shown.about}
          {waits && <span class="waits"> · newer data waits while you look</span>}
        </p>
        {shown.graph.baseline === undefined ? <CategoryLegend graph={shown.graph} /> : <DeltaLegend />}
        <button type="button" onClick={() => setUpright(!isUpright)}>
          {isUpright ? "Root at the top" : "Root at the bottom"}
        </button>
        <button type="button" disabled={!isZoomed} onClick={() => drawn.current?.resetZoom()}>
          Reset zoom{" "}
          <span class="key" aria-hidden="true">
            Esc
          </span>
        </button>
      </div>
      <div
        class="flame-frame"
        onPointerEnter={() => setPointed(true)}
        onPointerLeave={() => setPointed(false)}
        onFocusIn={() => setFocused(true)}
        onFocusOut={() => setFocused(false)}
      >
        <div ref={element} class="flame-graph" role="tree" aria-label="Call tree" />
      </div>
      <div ref={tooltip} class="tooltip" role="tooltip" hidden />
    </section>
  );
}

/** A graph of something else is what was asked for, and does not wait. */
function subjectOf({ mode, subject, baseline }: FlameGraphData): string {
  return `${mode} ${subject} ${baseline === undefined ? "" : "compared"}`;
}

function CategoryLegend({ graph }: { readonly graph: FlameGraphData }) {
  const used = new Set(graph.kinds);
  const shown = FRAME_CATEGORIES.filter(([category]) => {
    if (category === "kernel") return used.has("kernel") || used.has("vdso");
    return category === "qualified" || category === "native" ? used.has("native") : used.has(category);
  });
  return (
    <ul class="legend" aria-label="Colors">
      {shown.map(([category, text]) => (
        <li key={category} class={category}>
          {text}
        </li>
      ))}
    </ul>
  );
}

const DELTAS: readonly (readonly [step: number, text: string])[] = [
  [-4, "gone"],
  [-2, "less"],
  [0, "the same"],
  [2, "more"],
  [4, "new"],
];

function DeltaLegend() {
  return (
    <ul class="legend" aria-label="Colors">
      {DELTAS.map(([step, text]) => (
        <li key={step} class={`delta-${step}`}>
          {text}
        </li>
      ))}
    </ul>
  );
}
