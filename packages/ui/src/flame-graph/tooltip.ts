import { at, type CallTree } from "./call-tree.ts";
import { type Comparison, changeText, comparisonOf, wholeOf } from "./comparison.ts";
import { FRAME_CATEGORIES } from "./frame-category.ts";
import { boxText } from "./graph-view.ts";
import type { Box } from "./layout.ts";
import { amount, percent } from "./wording.ts";

const MARGIN_PX = 12;

/** What the shares in a tooltip are of. */
export interface Whole {
  readonly value: number;
  readonly unit: "samples" | "nanoseconds";
}

/** Says of a box what does not fit into it. */
export class Tooltip {
  readonly #element: HTMLElement;
  readonly #tree: CallTree;

  constructor(element: HTMLElement, tree: CallTree) {
    this.#element = element;
    this.#tree = tree;
  }

  /** Shows it near a point of the viewport, or rather where it fits. */
  show(box: Box, whole: Whole, leftPx: number, topPx: number): void {
    const element = this.#element;
    element.replaceChildren(...this.#lines(box, whole));
    element.hidden = false;
    const { offsetWidth, offsetHeight } = element;
    const left = Math.min(leftPx + MARGIN_PX, innerWidth - offsetWidth - MARGIN_PX);
    const below = topPx + MARGIN_PX * 1.5;
    const top = below + offsetHeight > innerHeight ? topPx - offsetHeight - MARGIN_PX : below;
    element.style.transform = `translate(${Math.max(MARGIN_PX, left)}px, ${Math.max(0, top)}px)`;
  }

  hide(): void {
    this.#element.hidden = true;
  }

  #lines(box: Box, { value, unit }: Whole): readonly HTMLElement[] {
    const comparison = box.merged === undefined ? comparisonOf(this.#tree, box.node) : undefined;
    const total =
      comparison === undefined
        ? line("numbers", `${amount(box.value, unit)} · ${percent(box.value, value)}`)
        : line("numbers", this.#comparisonText(comparison, unit));
    const name = line("name", boxText(this.#tree, box));
    if (box.merged !== undefined) return [name, total, line("module", "Enter or click to see them")];

    const { module, category } = this.#tree.label(box.node);
    const self = at(this.#tree.self, box.node);
    const kind = FRAME_CATEGORIES.find(([known]) => known === category)?.[1];
    return [
      name,
      ...(kind === undefined ? [] : [line("module", `${module} · ${kind}`)]),
      total,
      ...(self === 0 || comparison !== undefined
        ? []
        : [line("numbers", `itself ${amount(self, unit)} · ${percent(self, value)}`)]),
    ];
  }

  #comparisonText(comparison: Comparison, unit: Whole["unit"]): string {
    const whole = wholeOf(this.#tree);
    const part = (when: keyof Comparison) =>
      `${amount(Math.round(comparison[when]), unit)} (${percent(comparison[when], whole?.[when] ?? 0)})`;
    return `${part("now")}, before ${part("before")} · ${changeText(comparison)}`;
  }
}

function line(className: string, text: string): HTMLElement {
  const element = document.createElement("p");
  element.className = className;
  element.textContent = text;
  return element;
}
