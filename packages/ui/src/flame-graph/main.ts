import type { FlameGraphData } from "skep/flame-graph-data";
import { at, ROOT } from "./call-tree.ts";
import { FlameGraph } from "./flame-graph.ts";
import { FRAME_CATEGORIES } from "./frame-category.ts";
import { circumstances, loss, measurement, percent, title } from "./wording.ts";

const element = <Type extends HTMLElement>(id: string, type: new () => Type): Type => {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return found;
};

const data: FlameGraphData = JSON.parse(element("profile", HTMLScriptElement).text);
const graph = new FlameGraph(data, element("graph", HTMLElement), element("tooltip", HTMLElement));

describe();
fillLegend();
connectProcesses();
connectSearch();
connectButtons();
document.addEventListener("keydown", onKey);

function describe(): void {
  document.title = `${title(data)} · ${data.hostName}`;
  element("title", HTMLElement).textContent = title(data);
  element("circumstances", HTMLElement).textContent = circumstances(data);
  const lost = document.createElement("span");
  const { count, text } = loss(data);
  lost.textContent = text;
  lost.className = count === 0 ? "nothing-lost" : "lost";
  element("measurement", HTMLElement).append(`${measurement(data)} · `, lost);
  const empty = element("empty", HTMLElement);
  empty.hidden = at(graph.tree.total, ROOT) > 0;
  empty.textContent = data.mode === "on-cpu" ? "Nothing ran on a CPU." : "Nothing waited.";
}

function fillLegend(): void {
  const used = new Set(graph.tree.labels.map(({ category }) => category));
  for (const [category, text] of FRAME_CATEGORIES) {
    if (!used.has(category)) continue;
    const item = document.createElement("li");
    item.className = category;
    item.textContent = text;
    element("legend", HTMLElement).append(item);
  }
}

function connectProcesses(): void {
  const select = element("process", HTMLSelectElement);
  const whole = at(graph.tree.total, ROOT);
  select.add(new Option(`all processes (${data.processes.length})`, String(ROOT)));
  for (const node of graph.tree.children(ROOT)) {
    const share = percent(at(graph.tree.total, node), whole);
    select.add(new Option(`${graph.tree.label(node).name} · ${share}`, String(node)));
  }
  select.addEventListener("change", () => {
    graph.showProcess(Number(select.value));
    showMatched();
  });
}

function connectSearch(): void {
  const input = element("search", HTMLInputElement);
  input.addEventListener("input", () => {
    graph.search(input.value.trim());
    showMatched();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") graph.focusWidestMatch();
  });
}

function showMatched(): void {
  const result = graph.matched();
  element("matched", HTMLElement).textContent =
    result === undefined ? "" : result.matched === 0 ? "no match" : `${percent(result.matched, result.whole)} matched`;
}

function connectButtons(): void {
  const reset = element("reset", HTMLButtonElement);
  reset.disabled = true;
  reset.addEventListener("click", () => graph.resetZoom());
  graph.onZoom = (isZoomed) => {
    reset.disabled = !isZoomed;
  };

  const orientation = element("orientation", HTMLButtonElement);
  const show = () => {
    orientation.textContent = graph.orientation === "icicle" ? "Root at the bottom" : "Root at the top";
  };
  show();
  orientation.addEventListener("click", () => {
    graph.setOrientation(graph.orientation === "icicle" ? "flame" : "icicle");
    show();
  });
}

/** Keys that work wherever the focus is. */
function onKey(event: KeyboardEvent): void {
  const input = element("search", HTMLInputElement);
  if (event.key === "/" && document.activeElement !== input && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    input.select();
  } else if (event.key === "Escape") {
    // In the search field the browser itself empties it, with an input event.
    if (document.activeElement === input && input.value !== "") return;
    graph.resetZoom();
  }
}
