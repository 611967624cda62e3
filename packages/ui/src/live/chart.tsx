import { useEffect, useRef } from "preact/hooks";
import type { SeriesPoint, TimeRange } from "skep/answers";
import uPlot from "uplot";
import { usePage, useWidth } from "./context.ts";
import type { Curve } from "./curves.ts";

export interface ChartCurve {
  readonly label: string;
  readonly curve: Curve;
  /** A color of the page: `--series-1`. */
  readonly color: string;
}

export interface ChartProps {
  readonly label: string;
  readonly curves: readonly ChartCurve[];
  readonly points: readonly SeriesPoint[];
  readonly format: (value: number) => string;
  readonly heightPx: number;
  /** What the axis shows. */
  readonly window: TimeRange;
  /** Drawn lighter outside of it. */
  readonly selected?: TimeRange | undefined;
  readonly onSelect: (range: TimeRange) => void;
  /** Without axes, to choose a time in. */
  readonly isSmall?: boolean;
  /** The axis reaches at least so far, so that noise near zero looks like noise. */
  readonly minimumTop?: number;
}

/** Dragged over fewer pixels, it was meant as a click. */
const MINIMUM_DRAG_PX = 6;

/** Curves over time; dragging over them chooses a span. */
export function Chart(props: ChartProps) {
  const { theme } = usePage();
  const [frame, widthPx] = useWidth<HTMLDivElement>();
  const plot = useRef<uPlot>(null);
  const latest = useRef(props);
  latest.current = props;
  const { heightPx, isSmall, curves, points, window: shown, selected } = props;

  // A theme has other colors.
  useEffect(() => {
    const element = frame.current;
    if (element === null || widthPx === 0) return;
    const made = new uPlot(optionsOf(element, latest, widthPx), columnsOf(latest.current), element);
    plot.current = made;
    return () => {
      plot.current = null;
      made.destroy();
    };
  }, [theme, widthPx === 0, heightPx, isSmall, curves.length]);

  useEffect(() => {
    if (widthPx > 0) plot.current?.setSize({ width: widthPx, height: heightPx });
  }, [widthPx, heightPx]);

  // The curves are new in every round, with the points.
  useEffect(() => {
    plot.current?.setData(columnsOf(latest.current), true);
  }, [points, shown.fromMs, shown.toMs, selected?.fromMs, selected?.toMs]);

  return (
    <div
      class={`chart${isSmall ? " small" : ""}`}
      ref={frame}
      role="img"
      aria-label={props.label}
      style={{ height: `${heightPx}px` }}
    />
  );
}

/** A point stands at the end of its time. */
function columnsOf({ points, curves }: ChartProps): uPlot.AlignedData {
  return [points.map(({ endMs }) => endMs / 1000), ...curves.map(({ curve }) => [...curve])];
}

function optionsOf(element: HTMLElement, latest: { readonly current: ChartProps }, width: number): uPlot.Options {
  const { heightPx, isSmall, curves } = latest.current;
  const style = getComputedStyle(element);
  const color = (name: string) => resolved(element, style.getPropertyValue(name));
  const axis: uPlot.Axis = {
    stroke: color("--muted"),
    font: `11px ${style.fontFamily}`,
    grid: { stroke: color("--grid"), width: 1 },
    ticks: { show: false },
    gap: 6,
  };
  return {
    width,
    height: heightPx,
    padding: isSmall ? [2, 0, 0, 0] : [10, 4, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6 },
      drag: { x: true, y: false, setScale: false, dist: MINIMUM_DRAG_PX },
      ...(isSmall ? {} : { sync: { key: "overview" } }),
    },
    scales: {
      x: { time: true, range: () => [latest.current.window.fromMs / 1000, latest.current.window.toMs / 1000] },
      y: { range: (_, __, highest) => [0, Math.max((highest ?? 0) * 1.12, latest.current.minimumTop ?? 0) || 1] },
    },
    axes: isSmall
      ? [{ show: false }, { show: false }]
      : [
          { ...axis, space: 70, size: 26, values: (_, splits) => splits.map((second) => timeText(second)) },
          {
            ...axis,
            size: 62,
            space: 34,
            values: (_, splits) => splits.map((value) => latest.current.format(value)),
          },
        ],
    series: [
      {},
      ...curves.map(({ label, color: name }) => ({
        label,
        stroke: color(name),
        fill: fade(color(name), isSmall ? 0.3 : 0.14),
        width: 1.6,
        points: { show: false },
        spanGaps: false,
      })),
    ],
    hooks: {
      draw: [(plot) => shadeOutside(plot, latest.current.selected, color("--ground"))],
      setCursor: [(plot) => showValues(element, plot, latest.current)],
      setSelect: [
        (plot) => {
          const { left, width: dragged } = plot.select;
          if (dragged < MINIMUM_DRAG_PX) return;
          const at = (px: number) => plot.posToVal(px, "x") * 1000;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onSelect({ fromMs: at(left), toMs: at(left + dragged) });
        },
      ],
    },
  };
}

/** The values under the cursor, as text of the card around the chart. */
function showValues(element: HTMLElement, plot: uPlot, { curves, format, points }: ChartProps): void {
  const output = element.parentElement?.querySelector("[data-cursor]");
  if (!(output instanceof HTMLElement)) return;
  const { idx } = plot.cursor;
  const point = idx === null || idx === undefined ? undefined : points[idx];
  output.textContent =
    point === undefined
      ? ""
      : `${timeText(point.endMs / 1000)}  ${curves
          .map(({ label, curve }) => {
            const value = curve[idx ?? 0];
            return `${label} ${value === null || value === undefined ? "not measured" : format(value)}`;
          })
          .join(" · ")}`;
}

function shadeOutside(plot: uPlot, selected: TimeRange | undefined, ground: string): void {
  if (selected === undefined) return;
  const { left, top, width, height } = plot.bbox;
  const at = (timeMs: number) => Math.min(left + width, Math.max(left, plot.valToPos(timeMs / 1000, "x", true)));
  const [from, to] = [at(selected.fromMs), at(selected.toMs)];
  plot.ctx.save();
  plot.ctx.fillStyle = fade(ground, 0.72);
  plot.ctx.fillRect(left, top, from - left, height);
  plot.ctx.fillRect(to, top, left + width - to, height);
  plot.ctx.restore();
}

/** A canvas knows nothing of `light-dark()`. */
function resolved(element: HTMLElement, value: string): string {
  const probe = document.createElement("i");
  probe.style.color = value;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function fade(color: string, opacity: number): string {
  const channels = /^rgb\((.*)\)$/.exec(color)?.[1];
  return channels === undefined ? color : `rgba(${channels}, ${opacity})`;
}

function timeText(second: number): string {
  return new Date(second * 1000).toLocaleTimeString("en-GB");
}
