import { useMemo, useState } from "preact/hooks";
import type { ServedRow, ServiceEdge } from "skep/answers";
import { useWidth } from "../context.ts";
import { plural } from "../format.ts";
import { BOX_HEIGHT_PX, Drawing, MARGIN_PX } from "./drawing.tsx";
import { type LayoutSizes, layoutMap } from "./layout.ts";
import { type MapNode, type ServiceMap, serviceMap } from "./model.ts";
import { linkText, nodeText } from "./words.ts";

/** Below it boxes are narrower. */
const NARROW_PX = 640;

export interface ServiceMapProps {
  readonly edges: readonly ServiceEdge[];
  readonly served: readonly ServedRow[];
  readonly seconds: number;
  readonly empty: string;
  /** The box that the reader chose, by id. */
  readonly chosen: string | undefined;
  readonly onChoose: (node: MapNode | undefined) => void;
}

/** Who calls whom, drawn. The table below it has the same for those who don't see it. */
export function ServiceMapView(props: ServiceMapProps) {
  const { edges, served, seconds, empty, chosen, onChoose } = props;
  const [frame, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState<string>();
  const map = useMemo(() => serviceMap(edges, served), [edges, served]);
  const sizes = useMemo(() => sizesFor(width), [width]);
  const layout = useMemo(
    () => layoutMap({ nodes: map.nodes.map(({ id }) => id), links: map.links }, sizes),
    [map, sizes],
  );
  const names = new Map(map.nodes.map(({ id, name }) => [id, name]));
  const about = pointed ?? (chosen !== undefined && names.has(chosen) ? chosen : undefined);
  return (
    <section class="service-map" aria-label="Drawn service map">
      <div class="map-frame" ref={frame}>
        {map.nodes.length === 0 ? (
          <p class="empty">{empty}</p>
        ) : (
          width > 0 && (
            <Drawing
              map={map}
              layout={layout}
              seconds={seconds}
              names={names}
              chosen={chosen}
              about={about}
              onPoint={setPointed}
              onChoose={onChoose}
            />
          )
        )}
      </div>
      <p class={`map-note${about === undefined ? "" : " about"}`} aria-live="polite">
        {textOf(about, map, names, seconds) ?? hintOf(map)}
      </p>
      {map.leftOut > 0 && (
        <p class="remark">{plural(map.leftOut, "node")} with less traffic left out; filter to see them.</p>
      )}
    </section>
  );
}

function sizesFor(frameWidthPx: number): LayoutSizes {
  const isNarrow = frameWidthPx < NARROW_PX;
  return {
    widthPx: frameWidthPx - 2 * MARGIN_PX,
    leastNodeWidthPx: isNarrow ? 104 : 124,
    mostNodeWidthPx: isNarrow ? 136 : 176,
    nodeHeightPx: BOX_HEIGHT_PX,
    gapPx: 16,
    columnGapsPx: [260, isNarrow ? 96 : 124, 44],
  };
}

function hintOf({ nodes, links }: ServiceMap): string {
  if (nodes.length === 0) return "";
  const lines = links.some(({ requests }) => requests > 0)
    ? "Lines: requests per second and the time that 99 of 100 took at most; dashed ones carry bytes of which no requests are known."
    : "Lines: bytes per second; no requests are known.";
  return `${lines} Point at a box, or walk with the arrow keys; Enter chooses one.`;
}

function textOf(
  id: string | undefined,
  map: ServiceMap,
  names: ReadonlyMap<string, string>,
  seconds: number,
): string | undefined {
  if (id === undefined) return undefined;
  const node = map.nodes.find((candidate) => candidate.id === id);
  if (node !== undefined) return nodeText(node, map, seconds);
  const link = map.links.find((candidate) => candidate.id === id);
  return link && linkText(link, names, seconds);
}
