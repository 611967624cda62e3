import { useRef, useState } from "preact/hooks";
import { plural } from "../format.ts";
import { LABEL_LINE_PX, placeLabels } from "./labels.ts";
import type { Layout, Point } from "./layout.ts";
import type { MapLink, MapNode, ServiceMap } from "./model.ts";
import { arrowOf, neighbourOf, pathOf, pointsOf, xy } from "./paths.ts";
import { cut, linkLabel, linkText, nodeLabel, nodeText } from "./words.ts";

/** Around all boxes, for their outlines and for the lines that lead from a box to itself. */
export const MARGIN_PX = 22;
export const BOX_HEIGHT_PX = 44;
/** Of more lines only those of the box in question have words beside them. */
const MOST_LABELS = 32;
const NAME_PX = 7.9;
const NOTE_PX = 6.1;
/** Of its requests, from which on a line is drawn as one that fails. */
const FAILING_SHARE = 0.01;

export interface DrawingProps {
  readonly map: ServiceMap;
  readonly layout: Layout;
  readonly seconds: number;
  readonly names: ReadonlyMap<string, string>;
  readonly chosen: string | undefined;
  /** The box or line in question. */
  readonly about: string | undefined;
  readonly onPoint: (id: string | undefined) => void;
  readonly onChoose: (node: MapNode | undefined) => void;
}

/** Boxes and lines. */
export function Drawing(props: DrawingProps) {
  const { map, layout, seconds, names, chosen, about, onPoint, onChoose } = props;
  const boxes = useRef(new Map<string, SVGGElement>());
  const [focused, setFocused] = useState<string>();
  // One stop for the tab key: inside, the arrow keys walk.
  const first = layout.columns[0]?.[0];
  const stop = [focused, chosen].find((id) => id !== undefined && layout.nodes.has(id)) ?? first;
  const isOf = ({ id, from, to }: MapLink) => about === id || about === from || about === to;
  const lines = map.links.map((link) => ({ link, points: pointsOf(link, layout), isAbout: isOf(link) }));
  const worded = lines.length > MOST_LABELS || about !== undefined ? lines.filter(({ isAbout }) => isAbout) : lines;
  const onKeyDown = (event: KeyboardEvent, node: MapNode) => {
    const next = neighbourOf(layout, node.id, event.key);
    if (next !== undefined) boxes.current.get(next)?.focus();
    else if (event.key === "Enter" || event.key === " ") onChoose(node.id === chosen ? undefined : node);
    else if (event.key === "Escape") onChoose(undefined);
    else return;
    event.preventDefault();
  };
  const [width, height] = [layout.widthPx + 2 * MARGIN_PX, layout.heightPx + 2 * MARGIN_PX];
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no field sets.
    <svg
      role="group"
      aria-label={`Service map: ${plural(map.nodes.length, "node")}, ${plural(map.links.length, "line")}`}
      class={about === undefined ? "" : "has-focus"}
      width={width}
      height={height}
      viewBox={`${-MARGIN_PX} ${-MARGIN_PX} ${width} ${height}`}
    >
      {lines.map(({ link, points, isAbout }) => (
        <Line
          key={link.id}
          link={link}
          points={points}
          text={linkText(link, names, seconds)}
          isAbout={isAbout}
          seconds={seconds}
          onPoint={onPoint}
        />
      ))}
      <Labels lines={worded} seconds={seconds} />
      {map.nodes.map((node) => (
        // biome-ignore lint/a11y/useSemanticElements: SVG has no buttons.
        <g
          key={node.id}
          ref={(element) => {
            if (element === null) boxes.current.delete(node.id);
            else boxes.current.set(node.id, element);
          }}
          class={`box ${node.kind}${isAround(node, about, map.links) ? " about" : ""}`}
          role="button"
          tabIndex={node.id === stop ? 0 : -1}
          aria-pressed={node.id === chosen}
          aria-label={nodeText(node, map, seconds)}
          transform={`translate(${xy(layout.nodes.get(node.id))})`}
          onClick={() => onChoose(node.id === chosen ? undefined : node)}
          onKeyDown={(event) => onKeyDown(event, node)}
          onMouseEnter={() => onPoint(node.id)}
          onMouseLeave={() => onPoint(undefined)}
          onFocus={() => {
            setFocused(node.id);
            onPoint(node.id);
          }}
          onBlur={() => onPoint(undefined)}
        >
          <Box node={node} width={layout.nodeWidthPx} seconds={seconds} />
        </g>
      ))}
    </svg>
  );
}

function Box(props: { readonly node: MapNode; readonly width: number; readonly seconds: number }) {
  const { node, width, seconds } = props;
  const height = BOX_HEIGHT_PX;
  const hasTrouble = node.served !== undefined && node.served.errors >= FAILING_SHARE * node.served.requests;
  const room = width - 20;
  const note = nodeLabel(node, seconds, Math.floor(room / NOTE_PX));
  return (
    <>
      {node.kind === "group" && <rect class="behind" x="4" y="-4" width={width} height={height} rx="8" />}
      <rect width={width} height={height} rx="8" />
      <text x="11" y={note === "" ? height / 2 + 5 : 19} class="name">
        {cut(node.name, Math.floor(room / NAME_PX))}
      </text>
      {note !== "" && (
        <text x="11" y="35" class={`note${hasTrouble ? " trouble" : ""}`}>
          {cut(note, Math.floor(room / NOTE_PX))}
        </text>
      )}
    </>
  );
}

function Line(props: {
  readonly link: MapLink;
  readonly points: readonly Point[];
  readonly text: string;
  readonly isAbout: boolean;
  readonly seconds: number;
  readonly onPoint: (id: string | undefined) => void;
}) {
  const { link, points, text, isAbout, seconds, onPoint } = props;
  const { requests, errors, failed } = link;
  const isFailing = requests > 0 ? errors >= FAILING_SHARE * requests && errors > 0 : failed > 0;
  const kind = `${requests > 0 ? "" : " bytes"}${isFailing ? " failing" : ""}${isAbout ? " about" : ""}`;
  const width = requests > 0 ? Math.min(6, 1.4 + Math.log10(1 + requests / seconds) * 1.3) : 1.4;
  const path = pathOf(points);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the table has what pointing at a line tells.
    <g class={`line${kind}`} onMouseEnter={() => onPoint(link.id)} onMouseLeave={() => onPoint(undefined)}>
      <title>{text}</title>
      <path class="reach" d={path} />
      <path class="stroke" d={path} stroke-width={width} />
      <path class="arrow" d={arrowOf(points)} />
    </g>
  );
}

/** The busiest first: where there is no room, the others go without. */
function Labels(props: {
  readonly lines: readonly { readonly link: MapLink; readonly points: readonly Point[] }[];
  readonly seconds: number;
}) {
  const { lines, seconds } = props;
  const inputs = lines
    .filter(({ link }) => link.from !== link.to)
    .toSorted((a, b) => b.link.requests - a.link.requests)
    .map(({ link, points }) => ({ id: link.id, points, lines: linkLabel(link, seconds) }));
  return (
    <>
      {placeLabels(inputs).map(({ id, x, y, widthPx, heightPx, lines: words }) => (
        <g key={id} class="label">
          <rect x={x - widthPx / 2} y={y - heightPx / 2} width={widthPx} height={heightPx} rx="3" />
          {words.map(({ text, isTrouble }, index) => (
            <text
              key={text}
              x={x}
              y={y - heightPx / 2 + LABEL_LINE_PX * (index + 0.85)}
              class={isTrouble ? "trouble" : ""}
            >
              {text}
            </text>
          ))}
        </g>
      ))}
    </>
  );
}

/** Whether it is the box in question, or joined to it by a line, or at an end of the line in question. */
function isAround({ id }: MapNode, about: string | undefined, links: readonly MapLink[]): boolean {
  if (about === undefined) return false;
  return (
    id === about ||
    links.some(({ id: link, from, to }) =>
      link === about ? from === id || to === id : (from === about && to === id) || (to === about && from === id),
    )
  );
}
