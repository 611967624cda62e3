import type { FlameGraphData } from "skep/flame-graph-data";
import { at, CallTree, ROOT } from "./call-tree.ts";
import { GraphView, type Orientation } from "./graph-view.ts";
import { type Box, type Focus, focusOn, layoutBoxes } from "./layout.ts";
import { type Direction, neighbour } from "./navigation.ts";
import { matchedValue, type SearchResult, search } from "./search.ts";
import { Tooltip } from "./tooltip.ts";

/** The graph and its state: which processes, how far zoomed in, what is searched for, which way up. */
export class FlameGraph {
  readonly tree: CallTree;
  readonly #unit: FlameGraphData["unit"];
  readonly #view: GraphView;
  readonly #tooltip: Tooltip;
  /** Called after the zoom has changed. */
  onZoom: (isZoomed: boolean) => void = () => undefined;
  #base = ROOT;
  #focus: Focus = focusOn(ROOT);
  #orientation: Orientation = "icicle";
  #found: SearchResult | undefined;
  readonly #resizes = new ResizeObserver(() => this.#render());
  readonly #listening = new AbortController();

  constructor(data: FlameGraphData, graph: HTMLElement, tooltip: HTMLElement) {
    this.tree = new CallTree(data);
    this.#unit = data.unit;
    this.#view = new GraphView(graph, this.tree);
    this.#tooltip = new Tooltip(tooltip, this.tree);
    this.#listen(graph);
    this.#resizes.observe(graph.parentElement ?? graph);
  }

  /** Leaves the element empty, for another graph. */
  dispose(): void {
    this.#resizes.disconnect();
    this.#listening.abort();
    this.#tooltip.hide();
    this.#view.clear();
  }

  get orientation(): Orientation {
    return this.#orientation;
  }

  get isZoomed(): boolean {
    return this.#focus.node !== this.#base || this.#focus.firstChild !== this.#base + 1;
  }

  /** Shows one process, or with {@link ROOT} all. */
  showProcess(node: number): void {
    this.#base = node;
    this.#zoom(focusOn(node));
  }

  resetZoom(): void {
    this.#zoom(focusOn(this.#base));
  }

  setOrientation(orientation: Orientation): void {
    this.#orientation = orientation;
    this.#render();
    // A deep graph is taller than the window: the root is where reading starts.
    scrollTo({ top: orientation === "icicle" ? 0 : document.body.scrollHeight });
  }

  /** Highlights what matches; gives the matched value and the whole that it is a part of. An empty text ends it. */
  search(text: string): { readonly matched: number; readonly whole: number } | undefined {
    this.#found = text === "" ? undefined : search(this.tree, text);
    this.#render();
    return this.matched();
  }

  matched(): { readonly matched: number; readonly whole: number } | undefined {
    if (this.#found === undefined) return undefined;
    return { matched: matchedValue(this.tree, this.#found, this.#base), whole: at(this.tree.total, this.#base) };
  }

  /** Moves the keyboard into the graph, to the widest match if there is a search. */
  focusWidestMatch(): void {
    const matches = this.#view.boxes.filter((box) => this.#view.elementOf(box)?.classList.contains("match"));
    const widest = matches.sort((a, b) => b.width - a.width)[0] ?? this.#view.activeBox;
    if (widest !== undefined) this.#moveTo(widest);
  }

  #render(): void {
    const boxes = layoutBoxes(this.tree, this.#base, this.#focus, this.#view.element.clientWidth);
    this.#view.render(boxes, this.#base, this.#orientation, this.#found);
  }

  #zoom(focus: Focus): void {
    this.#focus = focus;
    this.#tooltip.hide();
    this.#render();
    this.onZoom(this.isZoomed);
  }

  #zoomInto({ node, merged }: Box): void {
    this.#zoom(merged === undefined ? focusOn(node) : { node, firstChild: merged.firstChild });
    const box = this.#view.boxes.find((candidate) => candidate.key === node);
    if (box !== undefined) this.#view.activate(box);
  }

  #moveTo(box: Box): void {
    this.#view.activate(box);
    this.#view.elementOf(box)?.focus();
  }

  #listen(graph: HTMLElement): void {
    const { signal } = this.#listening;
    const on = <Name extends keyof HTMLElementEventMap>(
      name: Name,
      handle: (event: HTMLElementEventMap[Name]) => void,
    ) => graph.addEventListener(name, handle, { signal });
    on("pointermove", (event) => {
      const box = this.#view.boxAt(event.target);
      if (box === undefined) this.#tooltip.hide();
      else this.#tooltip.show(box, this.#whole(), event.clientX, event.clientY);
    });
    on("pointerleave", () => this.#tooltip.hide());
    on("click", (event) => {
      const box = this.#view.boxAt(event.target);
      if (box === undefined) return;
      this.#zoomInto(box);
      const active = this.#view.activeBox;
      if (active !== undefined) this.#view.elementOf(active)?.focus({ preventScroll: true });
    });
    on("focusin", (event) => this.#showTooltipBelow(event.target));
    on("focusout", () => this.#tooltip.hide());
    on("keydown", (event) => {
      if (this.#onKey(event)) event.preventDefault();
    });
  }

  /** Whether the key was one of the graph's. */
  #onKey({ key, altKey, ctrlKey, metaKey }: KeyboardEvent): boolean {
    const box = this.#view.activeBox;
    if (box === undefined || altKey || ctrlKey || metaKey) return false;
    if (key === "Enter" || key === " ") {
      this.#zoomInto(box);
      const active = this.#view.activeBox;
      if (active !== undefined) this.#moveTo(active);
      return true;
    }
    const direction = this.#direction(key);
    if (direction === undefined) return false;
    const next = neighbour(this.#view.boxes, box, direction);
    if (next !== undefined) this.#moveTo(next);
    return true;
  }

  #direction(key: string): Direction | undefined {
    const isIcicle = this.#orientation === "icicle";
    switch (key) {
      case "ArrowLeft":
        return "left";
      case "ArrowRight":
        return "right";
      case "ArrowUp":
        return isIcicle ? "towards-root" : "away-from-root";
      case "ArrowDown":
        return isIcicle ? "away-from-root" : "towards-root";
      default:
        return undefined;
    }
  }

  #showTooltipBelow(target: EventTarget | null): void {
    const box = this.#view.boxAt(target);
    if (box === undefined || !(target instanceof HTMLElement) || !target.matches(":focus-visible")) return;
    const { left, bottom } = target.getBoundingClientRect();
    this.#tooltip.show(box, this.#whole(), left, bottom);
  }

  #whole(): { readonly value: number; readonly unit: FlameGraphData["unit"] } {
    return { value: at(this.tree.total, this.#base), unit: this.#unit };
  }
}
