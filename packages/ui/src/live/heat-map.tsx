import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { HeatMap } from "skep/answers";
import { usePage, useWidth } from "./context.ts";
import { clock, count, duration } from "./format.ts";
import { type HeatCell, labelledRows, layoutCells, rowStartNs, rowText } from "./heat-map-layout.ts";

const HEIGHT_PX = 190;
const LABEL_GAP_PX = 24;

/** How long calls took, over time. */
export function HeatMapView(props: {
  readonly map: HeatMap | undefined;
  readonly call: string | undefined;
  readonly pid: number | undefined;
  readonly onClear: () => void;
}) {
  const { map, call, pid, onClear } = props;
  const of = call ?? "all calls";
  return (
    <section class="heat-map" aria-label={`Latency of ${of}`}>
      <h2>
        Latency of <b>{of}</b>
        {pid !== undefined && <span class="note">of all processes: it is not kept for each one</span>}
        {call !== undefined && (
          <button type="button" class="quiet" onClick={onClear}>
            Show all calls
          </button>
        )}
        {call === undefined && <span class="note">choose a call below to see it alone</span>}
      </h2>
      {map === undefined ? (
        <p class="empty" style={{ height: `${HEIGHT_PX + 20}px` }}>
          No latencies were measured in this time.
        </p>
      ) : (
        <Picture map={map} of={of} />
      )}
    </section>
  );
}

function Picture({ map, of }: { readonly map: HeatMap; readonly of: string }) {
  const { theme } = usePage();
  const [frame, width] = useWidth<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [pointed, setPointed] = useState<HeatCell>();
  const cells = useMemo(() => layoutCells(map, width, HEIGHT_PX), [map, width]);

  // A theme has other colors.
  useEffect(() => {
    if (canvas.current !== null && width > 0) draw(canvas.current, cells, width);
  }, [cells, width, theme]);

  const [fromMs, toMs] = [map.columns.at(0)?.fromMs ?? 0, map.columns.at(-1)?.toMs ?? 0];
  const rowHeight = HEIGHT_PX / Math.max(1, map.counts[0]?.length ?? 1);
  return (
    <div class="heat-frame">
      <ol class="latencies" aria-hidden="true" style={{ height: `${HEIGHT_PX}px` }}>
        {labelledRows(map, HEIGHT_PX, LABEL_GAP_PX).map((row) => (
          <li key={row} style={{ bottom: `${row * rowHeight}px` }}>
            {duration(rowStartNs(map, row))}
          </li>
        ))}
      </ol>
      <div ref={frame} class="heat-canvas">
        <canvas
          ref={canvas}
          role="img"
          aria-label={`Latency of ${of}: ${summary(map)}`}
          style={{ width: `${width}px`, height: `${HEIGHT_PX}px` }}
          onPointerMove={({ offsetX, offsetY }) => setPointed(cellAt(cells, offsetX, offsetY))}
          onPointerLeave={() => setPointed(undefined)}
        />
        <p class="times" aria-hidden="true">
          <span>{clock(fromMs)}</span>
          <span class="pointed">{pointed && cellText(map, pointed)}</span>
          <span>{clock(toMs)}</span>
        </p>
      </div>
    </div>
  );
}

function draw(canvas: HTMLCanvasElement, cells: readonly HeatCell[], width: number): void {
  const scale = devicePixelRatio;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(HEIGHT_PX * scale);
  const context = canvas.getContext("2d");
  if (context === null) return;
  const hot = getComputedStyle(canvas).color;
  context.scale(scale, scale);
  for (const { left, top, width: cellWidth, height, intensity } of cells) {
    context.globalAlpha = intensity;
    context.fillStyle = hot;
    context.fillRect(left, top + 0.5, Math.max(1, cellWidth - 1), height - 1);
  }
}

function cellAt(cells: readonly HeatCell[], x: number, y: number): HeatCell | undefined {
  return cells.find(({ left, top, width, height }) => x >= left && x < left + width && y >= top && y < top + height);
}

function cellText(map: HeatMap, { column, row, count: calls }: HeatCell): string {
  const range = map.columns[column];
  return `${count(calls)} calls of ${rowText(map, row)}, ${clock(range?.fromMs ?? 0)} to ${clock(range?.toMs ?? 0)}`;
}

/** For those who do not see the picture. */
function summary(map: HeatMap): string {
  const byRow = (map.counts[0] ?? []).map((_, row) => map.counts.reduce((sum, counts) => sum + (counts[row] ?? 0), 0));
  const used = byRow.flatMap((calls, row) => (calls > 0 ? [`${count(calls)} calls of ${rowText(map, row)}`] : []));
  return used.join(", ");
}
