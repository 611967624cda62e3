import { useEffect, useState } from "preact/hooks";
import type { ProfileAnswer, TimeRange } from "skep/answers";
import { apiPath } from "../client.ts";
import { useAnswer, useDetails, usePage } from "../context.ts";
import { FlameGraphView } from "../flame-graph-view.tsx";
import { clock, count, duration, share } from "../format.ts";
import { emptyText } from "../notices.ts";
import { Choice, ErrorLine, FilterField, Notices, ProcessSelect } from "../parts.tsx";
import { spanBefore } from "../range.ts";

type Mode = "on-cpu" | "off-cpu";

const MODES: readonly (readonly [Mode, string])[] = [
  ["on-cpu", "On CPU"],
  ["off-cpu", "Off CPU"],
];

export function FlameView() {
  const { live, route, times, go } = usePage();
  const [details, setDetails] = useDetails();
  const [search, setSearch] = useState("");
  const [matched, setMatched] = useState("");
  const mode: Mode = details["mode"] === "off-cpu" ? "off-cpu" : "on-cpu";
  const baseline = baselineOf(details["compare"], times);
  const { answer, error } = useAnswer<ProfileAnswer>(
    apiPath("profile", {
      mode,
      from: times.fromMs,
      to: times.toMs,
      process: route.pid,
      baselineFrom: baseline?.fromMs,
      baselineTo: baseline?.toMs,
    }),
  );
  const total = (answer?.processes ?? []).reduce((sum, { value }) => sum + value, 0);
  const choices = (answer?.processes ?? []).map(({ process, value }) => ({ process, note: share(value / total) }));
  useEffect(() => {
    const onKey = ({ key }: KeyboardEvent) => {
      if (key === "Escape") setSearch("");
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <div class="toolbar">
        <Choice label="Mode" value={mode} options={MODES} onChange={(value) => setDetails({ mode: value })} />
        <ProcessSelect pid={route.pid} choices={choices} onChange={(pid) => go({ pid })} />
        <FilterField label="Search functions and modules" value={search} onInput={setSearch} />
        <output class="matched">{matched}</output>
        <Comparison times={times} compare={details["compare"]} onChange={(compare) => setDetails({ compare })} />
      </div>
      <ErrorLine error={error} />
      <Notices answer={answer} times={times} history={live.status?.history} />
      {baseline !== undefined && answer !== undefined && answer.graph?.baseline === undefined && (
        <p class="remark">
          There is no profile from {clock(baseline.fromMs)} to {clock(baseline.toMs)} to compare with.
        </p>
      )}
      {answer?.graph === undefined || total === 0 ? (
        <p class="empty">{emptyText(answer, mode === "on-cpu" ? "Nothing ran on a CPU" : "Nothing waited")}</p>
      ) : (
        <FlameGraphView graph={answer.graph} about={aboutText(answer, times)} search={search} onMatched={setMatched} />
      )}
    </>
  );
}

function aboutText({ graph, measuredNs }: ProfileAnswer, times: TimeRange): string {
  if (graph === undefined) return "";
  const { mode, sampleCount, frequencyHz, cpuCount } = graph;
  const when = `${clock(times.fromMs)} to ${clock(times.toMs)}`;
  return mode === "on-cpu"
    ? `${count(sampleCount)} samples at ${frequencyHz} Hz on ${cpuCount} CPUs in ${duration(measuredNs)}, ${when}`
    : `${count(sampleCount)} waits in ${duration(measuredNs)}, ${when}`;
}

/** `before`: the span of the same length just before; `FROM-TO`: one that was kept. */
function baselineOf(compare: string | undefined, times: TimeRange): TimeRange | undefined {
  if (compare === undefined) return undefined;
  if (compare === "before") return spanBefore(times);
  const [fromMs, toMs] = compare.split("-").map(Number);
  return fromMs !== undefined && toMs !== undefined && fromMs < toMs ? { fromMs, toMs } : undefined;
}

function Comparison(props: {
  readonly times: TimeRange;
  readonly compare: string | undefined;
  readonly onChange: (compare: string | undefined) => void;
}) {
  const { times, compare, onChange } = props;
  const kept = compare === undefined || compare === "before" ? undefined : baselineOf(compare, times);
  return (
    <select
      aria-label="Compare with"
      value={compare ?? ""}
      onChange={({ currentTarget }) => {
        const { value } = currentTarget;
        const now = `${Math.round(times.fromMs)}-${Math.round(times.toMs)}`;
        onChange(value === "" ? undefined : value === "now" ? now : value);
      }}
    >
      <option value="">no comparison</option>
      <option value="before">compare with the {duration((times.toMs - times.fromMs) * 1e6)} before</option>
      <option value="now">compare what follows with this time</option>
      {kept && compare && (
        <option value={compare}>
          compare with {clock(kept.fromMs)} to {clock(kept.toMs)}
        </option>
      )}
    </select>
  );
}
