/** Boxes in columns, so that lines lead to the right wherever that is possible. */

export interface LayoutInput {
  /** Equal ones keep this order. */
  readonly nodes: readonly string[];
  readonly links: readonly LayoutLink[];
}

export interface LayoutLink {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

export interface LayoutSizes {
  /** What there is; more is taken where that is too little. */
  readonly widthPx: number;
  readonly leastNodeWidthPx: number;
  readonly mostNodeWidthPx: number;
  readonly nodeHeightPx: number;
  /** Between two boxes of a column. */
  readonly gapPx: number;
  /** Between two columns: it first shrinks to the second one, then boxes shrink, then it does. */
  readonly columnGapsPx: readonly [most: number, wanted: number, least: number];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly nodeWidthPx: number;
  /** Left upper corners. */
  readonly nodes: ReadonlyMap<string, Point>;
  /** Columns from left to right, each from top to bottom. */
  readonly columns: readonly (readonly string[])[];
  /** From the box where it begins to the one where it ends, in pairs: each pair is a curve, with straight pieces between. */
  readonly links: ReadonlyMap<string, readonly Point[]>;
}

/** A box, or a place in a column that a line passes. */
interface Place {
  readonly id: string;
  readonly isNode: boolean;
  readonly column: number;
  readonly heightPx: number;
  centerY: number;
}

/** Between two neighbouring columns, in the direction of the columns. */
interface Piece {
  readonly link: string;
  readonly left: Place;
  readonly right: Place;
}

const SWEEPS = 6;
const PASSAGE_HEIGHT_PX = 12;
/** Of a box's side, for the ends of lines. */
const SIDE_SHARE = 0.7;

/** Deterministic: the same graph looks the same each time. */
export function layoutMap({ nodes, links }: LayoutInput, sizes: LayoutSizes): Layout {
  const between = links.filter(({ from, to }) => from !== to);
  const forward = withoutCycles(nodes, between);
  const columnOf = columnsOf(nodes, forward);
  const { columns, pieces } = placed(nodes, forward, columnOf, sizes);
  orderColumns(columns, pieces);
  const heightPx = setHeights(columns, pieces, sizes);
  const { nodeWidthPx, columnGapPx } = widthsOf(columns.length, sizes);
  const xOf = (column: number) => column * (nodeWidthPx + columnGapPx);
  const corners = columns.flatMap((column) =>
    column
      .filter(({ isNode }) => isNode)
      .map((place): [string, Point] => [place.id, { x: xOf(place.column), y: place.centerY - sizes.nodeHeightPx / 2 }]),
  );
  const columnsOfNodes = columns.map((column) => column.filter(({ isNode }) => isNode).map(({ id }) => id));
  return {
    widthPx: xOf(Math.max(0, columns.length - 1)) + nodeWidthPx,
    heightPx,
    nodeWidthPx,
    nodes: new Map(corners),
    columns: columnsOfNodes,
    links: linkPoints(between, forward, pieces, xOf, nodeWidthPx),
  };
}

function widthsOf(
  count: number,
  { widthPx, leastNodeWidthPx, mostNodeWidthPx, columnGapsPx: [most, wanted, least] }: LayoutSizes,
): { readonly nodeWidthPx: number; readonly columnGapPx: number } {
  const gaps = Math.max(1, count - 1);
  const fitting = (widthPx - gaps * wanted) / Math.max(1, count);
  const nodeWidthPx = Math.min(mostNodeWidthPx, Math.max(leastNodeWidthPx, fitting));
  const columnGapPx = Math.min(most, Math.max(least, (widthPx - count * nodeWidthPx) / gaps));
  return { nodeWidthPx, columnGapPx };
}

/** The links with those turned around that would close a circle. */
function withoutCycles(nodes: readonly string[], links: readonly LayoutLink[]): LayoutLink[] {
  const outgoing = Map.groupBy(links, ({ from }) => from);
  const called = new Set(links.map(({ to }) => to));
  const state = new Map<string, "open" | "done">();
  const turned = new Set<string>();
  const visit = (root: string) => {
    const path: { readonly id: string; readonly rest: LayoutLink[] }[] = [];
    const enter = (id: string) => {
      state.set(id, "open");
      path.push({ id, rest: [...(outgoing.get(id) ?? [])] });
    };
    enter(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const link = top.rest.shift();
      if (link === undefined) {
        state.set(top.id, "done");
        path.pop();
      } else if (state.get(link.to) === "open") turned.add(link.id);
      else if (!state.has(link.to)) enter(link.to);
    }
  };
  // From those that nobody calls: what leads back to where one came from is then what closes the circle.
  for (const id of [...nodes.filter((node) => !called.has(node)), ...nodes]) if (!state.has(id)) visit(id);
  return links.map((link) => (turned.has(link.id) ? { ...link, from: link.to, to: link.from } : link));
}

/** As far to the left as its callers allow; those without callers next to whom they call. */
function columnsOf(nodes: readonly string[], links: readonly LayoutLink[]): ReadonlyMap<string, number> {
  const outgoing = Map.groupBy(links, ({ from }) => from);
  const incoming = Map.groupBy(links, ({ to }) => to);
  const columns = new Map<string, number>();
  const waiting = new Map(nodes.map((id) => [id, incoming.get(id)?.length ?? 0]));
  const ready = nodes.filter((id) => waiting.get(id) === 0);
  for (let id = ready.shift(); id !== undefined; id = ready.shift()) {
    const before = (incoming.get(id) ?? []).map(({ from }) => columns.get(from) ?? 0);
    columns.set(id, before.length === 0 ? 0 : Math.max(...before) + 1);
    for (const { to } of outgoing.get(id) ?? []) {
      const count = (waiting.get(to) ?? 0) - 1;
      waiting.set(to, count);
      if (count === 0) ready.push(to);
    }
  }
  for (const id of nodes) {
    const after = (outgoing.get(id) ?? []).map(({ to }) => columns.get(to) ?? 0);
    if (!incoming.has(id) && after.length > 0) columns.set(id, Math.min(...after) - 1);
  }
  return columns;
}

function placed(
  nodes: readonly string[],
  links: readonly LayoutLink[],
  columnOf: ReadonlyMap<string, number>,
  { nodeHeightPx }: LayoutSizes,
): { readonly columns: Place[][]; readonly pieces: Piece[] } {
  const count = Math.max(0, ...columnOf.values()) + 1;
  const columns: Place[][] = Array.from({ length: nodes.length === 0 ? 0 : count }, () => []);
  const add = (id: string, column: number, isNode: boolean): Place => {
    const place = { id, isNode, column, heightPx: isNode ? nodeHeightPx : PASSAGE_HEIGHT_PX, centerY: 0 };
    columns[column]?.push(place);
    return place;
  };
  const places = new Map(nodes.map((id) => [id, add(id, columnOf.get(id) ?? 0, true)]));
  const pieces: Piece[] = [];
  for (const { id, from, to } of links) {
    const [begin, end] = [places.get(from), places.get(to)];
    if (begin === undefined || end === undefined) continue;
    let left = begin;
    for (let column = begin.column + 1; column < end.column; column++) {
      const passage = add(`${id} ${column}`, column, false);
      pieces.push({ link: id, left, right: passage });
      left = passage;
    }
    pieces.push({ link: id, left, right: end });
  }
  return { columns, pieces };
}

/** So that few lines cross: each place near the middle of those that it is joined to, in the column before and the one behind. */
function orderColumns(columns: Place[][], pieces: readonly Piece[]): void {
  const toLeft = Map.groupBy(pieces, ({ right }) => right);
  const toRight = Map.groupBy(pieces, ({ left }) => left);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isForward = sweep % 2 === 0;
    const order = isForward ? columns.keys() : [...columns.keys()].reverse();
    for (const index of order) {
      const column = columns[index] ?? [];
      const others = columns[index + (isForward ? -1 : 1)] ?? [];
      const rankOf = new Map(others.map((place, rank) => [place, (rank + 0.5) / others.length]));
      const middles = new Map(
        column.map((place, rank) => {
          const joined = isForward
            ? (toLeft.get(place) ?? []).map(({ left }) => left)
            : (toRight.get(place) ?? []).map(({ right }) => right);
          return [place, mean(joined.map((other) => rankOf.get(other) ?? 0)) ?? (rank + 0.5) / column.length];
        }),
      );
      column.sort((a, b) => (middles.get(a) ?? 0) - (middles.get(b) ?? 0));
    }
  }
}

/** Gives each place its height, the order kept; and the height of all. */
function setHeights(columns: readonly Place[][], pieces: readonly Piece[], { gapPx }: LayoutSizes): number {
  const lengthOf = (column: readonly Place[]) =>
    column.reduce((sum, { heightPx }) => sum + heightPx, 0) + gapPx * Math.max(0, column.length - 1);
  const heightPx = Math.max(0, ...columns.map(lengthOf));
  for (const column of columns) {
    let y = (heightPx - lengthOf(column)) / 2;
    for (const place of column) {
      place.centerY = y + place.heightPx / 2;
      y += place.heightPx + gapPx;
    }
  }
  const neighbours = new Map<Place, Place[]>();
  for (const { left, right } of pieces) {
    neighbours.set(left, [...(neighbours.get(left) ?? []), right]);
    neighbours.set(right, [...(neighbours.get(right) ?? []), left]);
  }
  for (let pass = 0; pass < SWEEPS; pass++) {
    for (const column of columns) {
      for (const place of column) {
        place.centerY = mean((neighbours.get(place) ?? []).map(({ centerY }) => centerY)) ?? place.centerY;
      }
      moveApart(column, heightPx, gapPx);
    }
  }
  return heightPx;
}

function moveApart(column: readonly Place[], heightPx: number, gapPx: number): void {
  let top = 0;
  for (const place of column) {
    place.centerY = Math.max(place.centerY, top + place.heightPx / 2);
    top = place.centerY + place.heightPx / 2 + gapPx;
  }
  let bottom = heightPx;
  for (const place of column.toReversed()) {
    place.centerY = Math.min(place.centerY, bottom - place.heightPx / 2);
    bottom = place.centerY - place.heightPx / 2 - gapPx;
  }
}

function linkPoints(
  links: readonly LayoutLink[],
  forward: readonly LayoutLink[],
  pieces: readonly Piece[],
  xOf: (column: number) => number,
  nodeWidthPx: number,
): ReadonlyMap<string, readonly Point[]> {
  const begins = endsOn(pieces, "left", "right");
  const ends = endsOn(pieces, "right", "left");
  const points = new Map<string, Point[]>();
  for (const piece of pieces) {
    const ofLink = points.get(piece.link) ?? [];
    points.set(piece.link, ofLink);
    ofLink.push(
      { x: xOf(piece.left.column) + nodeWidthPx, y: begins.get(piece) ?? piece.left.centerY },
      { x: xOf(piece.right.column), y: ends.get(piece) ?? piece.right.centerY },
    );
  }
  const turned = new Set(links.filter(({ from }, index) => forward[index]?.from !== from).map(({ id }) => id));
  return new Map(Array.from(points, ([id, ofLink]) => [id, turned.has(id) ? ofLink.reverse() : ofLink]));
}

/** Where on the side of its box each line ends: one below the other, as what they lead to is. */
function endsOn(pieces: readonly Piece[], side: "left" | "right", other: "left" | "right"): ReadonlyMap<Piece, number> {
  const ends = new Map<Piece, number>();
  for (const [place, ofPlace] of Map.groupBy(pieces, (piece) => piece[side])) {
    const ordered = ofPlace.toSorted((a, b) => a[other].centerY - b[other].centerY);
    const stepPx = place.isNode ? (place.heightPx * SIDE_SHARE) / Math.max(1, ordered.length) : 0;
    for (const [index, piece] of ordered.entries()) {
      ends.set(piece, place.centerY + (index - (ordered.length - 1) / 2) * stepPx);
    }
  }
  return ends;
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}
