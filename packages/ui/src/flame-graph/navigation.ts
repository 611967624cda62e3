import type { Box } from "./layout.ts";

export type Direction = "towards-root" | "away-from-root" | "left" | "right";

/** The box next to `from`: the one below or above its middle, or its neighbour in the row. */
export function neighbour(boxes: readonly Box[], from: Box, direction: Direction): Box | undefined {
  switch (direction) {
    case "towards-root":
      return inRow(boxes, from.row - 1).find((box) => box.left + box.width > from.left + from.width / 2);
    case "away-from-root":
      // Heavier siblings stand first.
      return inRow(boxes, from.row + 1).find(
        (box) => box.left >= from.left - 0.5 && box.left + box.width <= from.left + from.width + 0.5,
      );
    case "left":
      return inRow(boxes, from.row).findLast((box) => box.left < from.left);
    case "right":
      return inRow(boxes, from.row).find((box) => box.left > from.left);
    default:
      return direction satisfies never;
  }
}

function inRow(boxes: readonly Box[], row: number): readonly Box[] {
  return boxes.filter((box) => box.row === row).sort((a, b) => a.left - b.left);
}
