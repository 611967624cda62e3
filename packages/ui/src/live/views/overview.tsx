import type { ProcessesAnswer, SyscallsAnswer } from "skep/answers";
import { Chart, type ChartCurve } from "../chart.tsx";
import { apiPath } from "../client.ts";
import { useAnswer, usePage } from "../context.ts";
import { type Curve, last, levelOf, ownCpuShare, ownMemory, rateOf } from "../curves.ts";
import { bytes, bytesPerSecond, count, perSecond, share } from "../format.ts";
import { Bar } from "../parts.tsx";
import { formatRoute } from "../route.ts";

export function OverviewView() {
  const { live } = usePage();
  const { points } = live;
  const cpuCount = live.status?.cpuCount ?? 0;
  return (
    <div class="cards">
      <Card title="CPU" format={share} minimumTop={1} curves={[["busy", levelOf(points, "cpuBusyShare")]]} />
      <Card
        title="System calls"
        format={perSecond}
        curves={[
          ["calls", rateOf(points, "syscalls")],
          ["errors", rateOf(points, "syscallErrors")],
        ]}
      />
      <Card
        title="Process starts"
        format={perSecond}
        minimumTop={1}
        curves={[["starts", rateOf(points, "processStarts")]]}
      />
      <Card
        title="File bytes"
        format={bytesPerSecond}
        curves={[
          ["read", rateOf(points, "readBytes")],
          ["written", rateOf(points, "writtenBytes")],
        ]}
      />
      <Card
        title="Requests"
        format={perSecond}
        curves={[
          ["requests", rateOf(points, "requests")],
          ["failed", rateOf(points, "requestErrors")],
        ]}
      />
      <Card title="Lost by Skep" format={perSecond} minimumTop={1} curves={[["lost", rateOf(points, "lost")]]} />
      <Card
        title="What Skep costs: CPU"
        note="of all CPUs"
        format={share}
        minimumTop={0.01}
        curves={[["Skep", ownCpuShare(points, cpuCount)]]}
      />
      <Card
        title="What Skep costs: memory"
        note="resident, and BPF maps"
        format={bytes}
        minimumTop={50e6}
        curves={[["Skep", ownMemory(points)]]}
      />
      <BusiestProcesses />
      <BusiestCalls />
    </div>
  );
}

const COLORS = ["--series-1", "--series-2"];

function Card(props: {
  readonly title: string;
  readonly note?: string;
  readonly curves: readonly (readonly [label: string, curve: Curve])[];
  readonly format: (value: number) => string;
  readonly minimumTop?: number;
}) {
  const { live, times, go } = usePage();
  const { title, note, format, minimumTop = 0 } = props;
  const curves = props.curves.map(
    ([label, curve], index): ChartCurve => ({ label, curve, color: COLORS[index] ?? "--series-1" }),
  );
  const isMeasured = curves.some(({ curve }) => curve.some((value) => value !== null));
  return (
    <section class="card" aria-label={title}>
      <h2>
        {title}
        {note && <span class="note">{note}</span>}
      </h2>
      <p class="now">
        {curves.map(({ label, curve, color }) => {
          const value = last(curve);
          return (
            <span key={label}>
              <b>{value === undefined ? "–" : format(value)}</b>{" "}
              <span class="label" style={{ color: `var(${color})` }}>
                {label}
              </span>
            </span>
          );
        })}
      </p>
      <p class="cursor" data-cursor />
      {isMeasured || live.points.length === 0 ? (
        <Chart
          label={`${title} over time`}
          curves={curves}
          points={live.points}
          format={format}
          heightPx={132}
          window={times}
          onSelect={({ fromMs, toMs }) => go({ range: { kind: "fixed", fromMs, toMs } })}
          minimumTop={minimumTop}
        />
      ) : (
        <p class="empty chart-high">Not measured: its tracer is off, see Health.</p>
      )}
    </section>
  );
}

const TOP = 8;

function BusiestProcesses() {
  const { route, times } = usePage();
  const { answer } = useAnswer<ProcessesAnswer>(apiPath("processes", { from: times.fromMs, to: times.toMs }));
  const busy = (answer?.running ?? []).filter(({ onCpuNs = 0 }) => onCpuNs > 0);
  const top = busy.toSorted((a, b) => (b.onCpuNs ?? 0) - (a.onCpuNs ?? 0)).slice(0, TOP);
  const seconds = Math.max(1, (answer?.measuredNs ?? 0) / 1e9);
  return (
    <section class="card list" aria-label="Busiest processes">
      <h2>
        Busiest processes<span class="note">of one CPU, among those that still run</span>
      </h2>
      <ol>
        {top.map(({ pid, name, onCpuNs = 0 }) => (
          <li key={pid}>
            <a href={formatRoute({ ...route, view: "flame", pid, details: {} })}>{name}</a>
            <span class="muted">{pid}</span>
            <Bar value={onCpuNs / 1e9 / seconds} />
          </li>
        ))}
      </ol>
      {top.length === 0 && <p class="empty">{answer === undefined ? "Loading …" : "Nothing ran on a CPU."}</p>}
    </section>
  );
}

function BusiestCalls() {
  const { route, times } = usePage();
  const { answer } = useAnswer<SyscallsAnswer>(apiPath("syscalls", { from: times.fromMs, to: times.toMs }));
  const top = (answer?.calls ?? []).slice(0, TOP);
  const highest = top[0]?.calls ?? 1;
  const seconds = Math.max(1, (answer?.measuredNs ?? 0) / 1e9);
  return (
    <section class="card list" aria-label="Most frequent system calls">
      <h2>
        Most frequent system calls<span class="note">per second</span>
      </h2>
      <ol>
        {top.map(({ name, calls, errors }) => (
          <li key={name}>
            <a href={formatRoute({ ...route, view: "syscalls", details: { call: name } })}>{name}</a>
            <span class="muted">{errors > 0 && `${share(errors / calls)} failed`}</span>
            <Bar value={calls / highest} text={count(calls / seconds)} />
          </li>
        ))}
      </ol>
      {top.length === 0 && <p class="empty">{answer === undefined ? "Loading …" : "No calls were counted."}</p>}
    </section>
  );
}
