import { at, type CallTree, ROOT } from "./call-tree.ts";
import { changeText, comparisonOf, deltaStep } from "./comparison.ts";
import type { Box } from "./layout.ts";
import type { SearchResult } from "./search.ts";
import { shortName } from "./short-name.ts";
import { percent } from "./wording.ts";

export type Orientation = "icicle" | "flame";

const ROW_PX = 20;
/** Narrower boxes have no room for a letter and its ellipsis. */
const MIN_LABEL_PX = 26;
/** Of the average character; the styles cut what turns out too long. */
const CHARACTER_PX = 6.4;
/** Moving more boxes than this at once would stutter. */
const MAX_ANIMATED_BOXES = 1500;
/** Shades of each color, so that neighbours differ. */
const SHADES = 5;

/** Draws boxes as elements: one for each, which stays the same as long as its box has the same key. */
export class GraphView {
  readonly element: HTMLElement;
  readonly #tree: CallTree;
  #base = ROOT;
  #boxes: readonly Box[] = [];
  readonly #elements = new Map<number, HTMLElement>();
  readonly #boxesByKey = new Map<number, Box>();
  /** The one box that the Tab key reaches. */
  #activeKey = 0;

  constructor(element: HTMLElement, tree: CallTree) {
    this.element = element;
    this.#tree = tree;
  }

  get boxes(): readonly Box[] {
    return this.#boxes;
  }

  get activeBox(): Box | undefined {
    return this.#boxesByKey.get(this.#activeKey);
  }

  /** The element's box; undefined for anything that is not part of a box. */
  boxAt(target: EventTarget | null): Box | undefined {
    if (!(target instanceof HTMLElement)) return undefined;
    return this.#boxesByKey.get(Number(target.dataset["key"]));
  }

  elementOf(box: Box): HTMLElement | undefined {
    return this.#elements.get(box.key);
  }

  /** Draws the boxes of the processes below `base`. */
  render(boxes: readonly Box[], base: number, orientation: Orientation, found: SearchResult | undefined): void {
    if (base !== this.#base) this.clear();
    this.#base = base;
    this.#boxes = boxes;
    const rows = 1 + boxes.reduce((highest, { row }) => Math.max(highest, row), 0);
    this.element.style.height = `${rows * ROW_PX}px`;
    this.element.classList.toggle("animated", boxes.length <= MAX_ANIMATED_BOXES);
    this.element.classList.toggle("searching", found !== undefined);

    const added: HTMLElement[] = [];
    this.#boxesByKey.clear();
    for (const box of boxes) {
      this.#boxesByKey.set(box.key, box);
      let element = this.#elements.get(box.key);
      if (element === undefined) {
        element = this.#create(box);
        this.#elements.set(box.key, element);
        added.push(element);
      }
      this.#update(element, box, orientation === "icicle" ? box.row : rows - 1 - box.row, found);
    }
    for (const [key, element] of this.#elements) {
      if (this.#boxesByKey.has(key)) continue;
      element.remove();
      this.#elements.delete(key);
    }
    this.element.append(...added);
    if (!this.#boxesByKey.has(this.#activeKey)) this.#activeKey = boxes[0]?.key ?? 0;
    this.#elements.get(this.#activeKey)?.setAttribute("tabindex", "0");
  }

  /** Removes all boxes: levels and shares, as a screen reader tells them, are relative to the base. */
  clear(): void {
    this.element.replaceChildren();
    this.#elements.clear();
  }

  /** Makes the box the one that has, or will get, the keyboard focus. */
  activate(box: Box): void {
    this.#elements.get(this.#activeKey)?.setAttribute("tabindex", "-1");
    this.#activeKey = box.key;
    this.#elements.get(box.key)?.setAttribute("tabindex", "0");
  }

  #create(box: Box): HTMLElement {
    const element = document.createElement("div");
    element.dataset["key"] = String(box.key);
    element.className = `box ${box.merged === undefined ? this.#colorOf(box) : "merged"}`;
    element.setAttribute("role", "treeitem");
    element.setAttribute("tabindex", "-1");
    element.setAttribute("aria-level", String(box.row + 1));
    const share = percent(box.value, at(this.#tree.total, this.#base));
    const comparison = box.merged === undefined ? comparisonOf(this.#tree, box.node) : undefined;
    const change = comparison === undefined ? "" : `, ${changeText(comparison)}`;
    element.setAttribute("aria-label", `${boxText(this.#tree, box)}, ${share}${change}`);
    return element;
  }

  #colorOf({ node }: Box): string {
    const comparison = comparisonOf(this.#tree, node);
    if (comparison !== undefined) return `delta-${deltaStep(comparison)}`;
    const { name, category } = this.#tree.label(node);
    return `${category} shade-${shadeOf(name)}`;
  }

  #update(element: HTMLElement, box: Box, line: number, found: SearchResult | undefined): void {
    // One pixel is left free between neighbours where there is room for it.
    const widthPx = box.width >= 4 ? box.width - 1 : box.width;
    element.style.transform = `translate(${box.left.toFixed(2)}px, ${line * ROW_PX}px)`;
    element.style.width = `${widthPx.toFixed(2)}px`;
    const text = widthPx < MIN_LABEL_PX ? "" : shortName(boxText(this.#tree, box), widthPx / CHARACTER_PX);
    // An equal text would still be a new node, to be laid out again.
    if (element.textContent !== text) element.textContent = text;
    element.classList.toggle("ancestor", box.isAncestor);
    element.classList.toggle("match", found !== undefined && this.#isMatch(box, found));
  }

  #isMatch(box: Box, found: SearchResult): boolean {
    if (box.merged === undefined) return at(found.labels, at(this.#tree.labelOf, box.node)) === 1;
    for (const child of this.#tree.children(box.node, box.merged.firstChild)) {
      if (at(found.subtrees, child) === 1) return true;
    }
    return false;
  }
}

export function boxText(tree: CallTree, { node, merged }: Box): string {
  if (merged === undefined) return tree.label(node).name;
  return merged.count === 1 ? "1 narrower function" : `${merged.count.toLocaleString("en-US")} narrower functions`;
}

function shadeOf(name: string): number {
  let hash = 0;
  for (let index = 0; index < name.length; index++) hash = (Math.imul(hash, 31) + name.charCodeAt(index)) | 0;
  return Math.abs(hash) % SHADES;
}
