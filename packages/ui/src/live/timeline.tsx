import { Chart } from "./chart.tsx";
import { usePage } from "./context.ts";
import { levelOf } from "./curves.ts";
import { share } from "./format.ts";
import { rangeText } from "./range.ts";

/** The machine's load as far back as the history goes, to choose a time in. */
export function Timeline() {
  const { live, route, times, go } = usePage();
  const retentionMs = live.status?.history?.retentionMs ?? 900_000;
  const window = { fromMs: live.endMs - retentionMs, toMs: live.endMs };
  const text = rangeText(route.range);
  return (
    <div class="timeline">
      <p>
        <span class="what">CPU busy</span> <span class="when">{text}</span>
        <span class="hint">drag to choose a time</span>
      </p>
      <Chart
        label={`CPU busy share over time, with ${text} chosen`}
        curves={[{ label: "busy", curve: levelOf(live.points, "cpuBusyShare"), color: "--series-1" }]}
        points={live.points}
        format={share}
        heightPx={40}
        window={window}
        selected={times}
        onSelect={({ fromMs, toMs }) => go({ range: { kind: "fixed", fromMs, toMs } })}
        minimumTop={1}
        isSmall
      />
    </div>
  );
}
