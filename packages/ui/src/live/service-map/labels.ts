import type { Point } from "./layout.ts";

/** Words for a line, and where they may stand: along its last curve. */
export interface LabelInput {
  readonly id: string;
  readonly points: readonly Point[];
  /** One below the other; empty ones take no room. */
  readonly lines: readonly LabelLine[];
}

export interface LabelLine {
  readonly text: string;
  /** It tells of failures. */
  readonly isTrouble: boolean;
}

export interface PlacedLabel {
  readonly id: string;
  /** Of its middle. */
  readonly x: number;
  readonly y: number;
  readonly widthPx: number;
  readonly heightPx: number;
  readonly lines: readonly LabelLine[];
}

export const LABEL_LINE_PX = 13;
const CHARACTER_PX = 6.2;
/** Shares of the way, in the order in which they are tried. */
const PLACES = [0.5, 0.36, 0.64, 0.25, 0.75, 0.16];

/** Finds places where no label hides another one or a box; those that find none are left out. The first ones go first. */
export function placeLabels(inputs: readonly LabelInput[]): readonly PlacedLabel[] {
  const placed: PlacedLabel[] = [];
  for (const { id, points, lines } of inputs) {
    const [from, to] = points.slice(-2);
    const words = lines.filter(({ text }) => text !== "");
    if (from === undefined || to === undefined || words.length === 0) continue;
    const widthPx = Math.max(...words.map(({ text }) => text.length)) * CHARACTER_PX + 6;
    const heightPx = words.length * LABEL_LINE_PX + 2;
    const [leftX, rightX] = [Math.min(from.x, to.x), Math.max(from.x, to.x)];
    const label = PLACES.map((share) => ({ id, ...curvePoint(from, to, share), widthPx, heightPx, lines: words })).find(
      (candidate) =>
        candidate.x - widthPx / 2 >= leftX &&
        candidate.x + widthPx / 2 <= rightX &&
        placed.every((other) => !overlaps(candidate, other)),
    );
    if (label !== undefined) placed.push(label);
  }
  return placed;
}

/** The curves of the map leave and arrive horizontally. */
function curvePoint(from: Point, to: Point, share: number): Point {
  const rest = 1 - share;
  const [first, second, third, fourth] = [rest ** 3, 3 * rest ** 2 * share, 3 * rest * share ** 2, share ** 3];
  const middleX = (from.x + to.x) / 2;
  return {
    x: first * from.x + (second + third) * middleX + fourth * to.x,
    y: (first + second) * from.y + (third + fourth) * to.y,
  };
}

function overlaps(a: PlacedLabel, b: PlacedLabel): boolean {
  return Math.abs(a.x - b.x) < (a.widthPx + b.widthPx) / 2 && Math.abs(a.y - b.y) < (a.heightPx + b.heightPx) / 2;
}
