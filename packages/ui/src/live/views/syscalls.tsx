import { useMemo, useState } from "preact/hooks";
import type { CallRow, SyscallsAnswer } from "skep/answers";
import { apiPath } from "../client.ts";
import { useAnswer, useDetails, usePage } from "../context.ts";
import { type Column, DataTable } from "../data-table.tsx";
import { count, duration, share } from "../format.ts";
import { HeatMapView } from "../heat-map.tsx";
import { emptyText, reasonsText } from "../notices.ts";
import { ErrorLine, FilterField, Notices, ProcessSelect } from "../parts.tsx";

export function SyscallsView() {
  const { live, route, times, go } = usePage();
  const [{ call }, setDetails] = useDetails();
  const [filter, setFilter] = useState("");
  const { answer, error } = useAnswer<SyscallsAnswer>(
    apiPath("syscalls", { from: times.fromMs, to: times.toMs, process: route.pid, call }),
  );
  const seconds = Math.max(0.001, (answer?.measuredNs ?? 0) / 1e9);
  const columns = useMemo(() => columnsOf(seconds), [seconds]);
  const rows = useMemo(
    () => (answer?.calls ?? []).filter(({ name }) => name.includes(filter.trim().toLowerCase())),
    [answer, filter],
  );
  const choices = (answer?.processes ?? []).map(({ process, calls }) => ({
    process,
    note: `${count(calls / seconds)}/s`,
  }));
  return (
    <>
      <div class="toolbar">
        <FilterField label="Filter by name" value={filter} onInput={setFilter} />
        <ProcessSelect pid={route.pid} choices={choices} onChange={(pid) => go({ pid })} />
        <Sums answer={answer} seconds={seconds} />
      </div>
      <ErrorLine error={error} />
      <Notices answer={answer} times={times} history={live.status?.history} />
      <HeatMapView map={answer?.heatMap} call={call} pid={route.pid} onClear={() => setDetails({ call: undefined })} />
      <DataTable
        label="System calls"
        columns={columns}
        rows={rows}
        keyOf={({ name }) => name}
        initial={{ column: "calls", descending: true }}
        selectedKey={call}
        onSelect={({ name }) => setDetails({ call: name === call ? undefined : name })}
        empty={filter === "" ? emptyText(answer, "No calls were made") : "No call has such a name."}
      />
    </>
  );
}

function Sums({ answer, seconds }: { readonly answer: SyscallsAnswer | undefined; readonly seconds: number }) {
  if (answer === undefined) return null;
  const sum = (key: "calls" | "errors") => answer.calls.reduce((total, row) => total + row[key], 0);
  const [calls, errors] = [sum("calls"), sum("errors")];
  return (
    <p class="sums">
      <b>{count(calls)}</b> calls, {count(calls / seconds)}/s · <b>{count(errors)}</b> failed
      {calls > 0 && ` (${share(errors / calls)})`}
    </p>
  );
}

function columnsOf(seconds: number): readonly Column<CallRow>[] {
  const optional = (value: number | undefined) => (value === undefined ? "" : duration(value));
  return [
    { key: "name", title: "Call", isText: true, text: ({ name }) => name, sortBy: ({ name }) => name },
    { key: "calls", title: "Calls", text: ({ calls }) => count(calls), sortBy: ({ calls }) => calls },
    { key: "rate", title: "Per second", text: ({ calls }) => count(calls / seconds), sortBy: ({ calls }) => calls },
    {
      key: "errors",
      title: "Failed",
      text: ({ errors, calls }) => (errors === 0 ? "" : `${count(errors)} · ${share(errors / calls)}`),
      sortBy: ({ errors }) => errors,
    },
    {
      key: "total",
      title: "Time",
      hint: "Spent in the call, by all threads together",
      text: ({ totalNs }) => optional(totalNs),
      sortBy: ({ totalNs = 0 }) => totalNs,
    },
    {
      key: "mean",
      title: "Mean",
      text: (row) => optional(meanNs(row)),
      sortBy: (row) => meanNs(row) ?? 0,
    },
    {
      key: "median",
      title: "Half below",
      hint: "The power of two that half of the calls stay below",
      text: ({ medianBelowNs }) => optional(medianBelowNs),
      sortBy: ({ medianBelowNs = 0 }) => medianBelowNs,
    },
    {
      key: "p99",
      title: "99% below",
      hint: "The power of two that 99 of 100 calls stay below",
      text: ({ p99BelowNs }) => optional(p99BelowNs),
      sortBy: ({ p99BelowNs = 0 }) => p99BelowNs,
    },
    { key: "max", title: "Longest", text: ({ maxNs }) => optional(maxNs), sortBy: ({ maxNs = 0 }) => maxNs },
    {
      key: "reasons",
      title: "Errors",
      isText: true,
      isWide: true,
      text: ({ errorsByName = {} }) => reasonsText(errorsByName),
    },
  ];
}

function meanNs({ totalNs, timedCalls }: CallRow): number | undefined {
  return totalNs === undefined || !timedCalls ? undefined : totalNs / timedCalls;
}
