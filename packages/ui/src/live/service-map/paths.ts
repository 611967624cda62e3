/** How the boxes of the map are joined: by lines, and by the arrow keys. */

import type { Layout, LayoutLink, Point } from "./layout.ts";

const ARROW_PX = 8;

/** Where an arrow key leads from a box; undefined for other keys, and at the edge. */
export function neighbourOf({ columns, nodes }: Layout, id: string, key: string): string | undefined {
  const column = columns.findIndex((ids) => ids.includes(id));
  const row = columns[column]?.indexOf(id) ?? -1;
  if (row < 0) return undefined;
  switch (key) {
    case "ArrowUp":
      return columns[column]?.[row - 1];
    case "ArrowDown":
      return columns[column]?.[row + 1];
    case "ArrowLeft":
    case "ArrowRight": {
      const others = columns[column + (key === "ArrowLeft" ? -1 : 1)] ?? [];
      const y = nodes.get(id)?.y ?? 0;
      const distance = (other: string) => Math.abs((nodes.get(other)?.y ?? 0) - y);
      return others.toSorted((a, b) => distance(a) - distance(b))[0];
    }
    default:
      return undefined;
  }
}

/** What leads from a box to itself goes around its upper right corner. */
export function pointsOf({ id, from, to }: LayoutLink, { nodes, links, nodeWidthPx }: Layout): readonly Point[] {
  if (from !== to) return links.get(id) ?? [];
  const { x, y } = nodes.get(from) ?? { x: 0, y: 0 };
  return [
    { x: x + nodeWidthPx - 26, y },
    { x: x + nodeWidthPx, y: y + 16 },
  ];
}

export function pathOf(points: readonly Point[]): string {
  const [first, second] = points;
  if (first === undefined || second === undefined) return "";
  if (points.length === 2 && isLoop(first, second)) {
    return `M ${xy(first)} C ${first.x} ${first.y - 20} ${second.x + 20} ${second.y - 26} ${second.x + ARROW_PX - 2} ${second.y - 3}`;
  }
  const shortened = points.with(-1, beforeArrow(points));
  const pieces = shortened.map((point, index) => {
    const before = shortened[index - 1];
    if (before === undefined) return `M ${xy(point)}`;
    if (index % 2 === 0) return `L ${xy(point)}`;
    const middle = (before.x + point.x) / 2;
    return `C ${middle} ${before.y} ${middle} ${point.y} ${xy(point)}`;
  });
  return pieces.join(" ");
}

/** The arrow's point would be wider than its line. */
function beforeArrow(points: readonly Point[]): Point {
  const [from, to] = points.slice(-2);
  if (from === undefined || to === undefined) return { x: 0, y: 0 };
  return { x: to.x - (ARROW_PX - 1) * Math.sign(to.x - from.x), y: to.y };
}

export function arrowOf(points: readonly Point[]): string {
  const [from, to] = points.slice(-2);
  if (from === undefined || to === undefined) return "";
  const side = points.length === 2 && isLoop(from, to) ? -1 : Math.sign(to.x - from.x);
  const x = to.x - side * ARROW_PX;
  return `M ${xy(to)} L ${x} ${to.y - 4.5} L ${x} ${to.y + 4.5} Z`;
}

function isLoop(first: Point, second: Point): boolean {
  return second.x - first.x < 40 && second.x > first.x;
}

export function xy(point: Point | undefined): string {
  return `${(point?.x ?? 0).toFixed(1)} ${(point?.y ?? 0).toFixed(1)}`;
}
