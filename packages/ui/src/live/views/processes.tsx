import { useMemo, useState } from "preact/hooks";
import type { ProcessesAnswer, ProcessLogEntry, RunningProcess } from "skep/answers";
import { apiPath } from "../client.ts";
import { useAnswer, usePage } from "../context.ts";
import { bytes, clock, count, duration, share } from "../format.ts";
import { emptyText } from "../notices.ts";
import { Bar, ErrorLine, FilterField, Notices } from "../parts.tsx";
import { isKernelThread, matching, type TreeRow, treeRows } from "../process-tree.ts";
import { formatRoute } from "../route.ts";

const MAXIMUM_ROWS = 600;

export function ProcessesView() {
  const { live, times } = usePage();
  const [filter, setFilter] = useState("");
  const [withKernel, setWithKernel] = useState(false);
  const { answer, error } = useAnswer<ProcessesAnswer>(apiPath("processes", { from: times.fromMs, to: times.toMs }));
  const needle = filter.trim().toLowerCase();
  const log = (answer?.log ?? []).filter(
    ({ name, pid, command = "" }) => `${name}\n${command}`.toLowerCase().includes(needle) || String(pid) === needle,
  );
  const running = (answer?.running ?? []).filter((process) => withKernel || !isKernelThread(process));
  return (
    <>
      <div class="toolbar">
        <FilterField label="Filter by name or PID" value={filter} onInput={setFilter} />
        <label class="check">
          <input
            type="checkbox"
            checked={withKernel}
            onChange={({ currentTarget }) => setWithKernel(currentTarget.checked)}
          />
          Kernel threads
        </label>
        <p class="sums">
          <b>{count(running.length)}</b> running{answer?.runningCut && " (the first)"} ·{" "}
          <b>{count(answer?.logSize ?? 0)}</b> events kept
        </p>
      </div>
      <ErrorLine error={error} />
      <Notices answer={answer} times={times} history={live.status?.history} />
      <div class="split">
        <Tree processes={matching(running, filter)} seconds={Math.max(0.001, (answer?.measuredNs ?? 0) / 1e9)} />
        <Log entries={log} empty={needle === "" ? emptyText(answer, "Nothing started or ended") : "Nothing matches."} />
      </div>
    </>
  );
}

function Tree({ processes, seconds }: { readonly processes: readonly RunningProcess[]; readonly seconds: number }) {
  const { route } = usePage();
  const [collapsed, setCollapsed] = useState<ReadonlySet<number>>(new Set());
  const rows = useMemo(() => treeRows(processes, collapsed), [processes, collapsed]);
  const toggle = (pid: number) => {
    setCollapsed((before) =>
      before.has(pid) ? new Set([...before].filter((other) => other !== pid)) : new Set([...before, pid]),
    );
  };
  return (
    <section aria-label="Running processes">
      <h2>Running now</h2>
      <div class="table-frame">
        <table aria-label="Process tree">
          <thead>
            <tr>
              <th scope="col" class="text wide">
                Process
              </th>
              <th scope="col" class="number">
                PID
              </th>
              <th scope="col" class="number" title="Of one CPU, in the chosen time, by the profiler">
                CPU
              </th>
              <th scope="col" class="number">
                Memory
              </th>
              <th scope="col" class="number">
                Threads
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MAXIMUM_ROWS).map((row) => (
              <TreeLine
                key={row.process.pid}
                row={row}
                seconds={seconds}
                href={formatRoute({ ...route, view: "flame", pid: row.process.pid, details: {} })}
                onToggle={() => toggle(row.process.pid)}
              />
            ))}
          </tbody>
        </table>
        {rows.length > MAXIMUM_ROWS && (
          <p class="remark">{count(rows.length - MAXIMUM_ROWS)} more: filter to see them.</p>
        )}
        {rows.length === 0 && <p class="empty">No process matches.</p>}
      </div>
    </section>
  );
}

function TreeLine(props: {
  readonly row: TreeRow;
  readonly seconds: number;
  readonly href: string;
  readonly onToggle: () => void;
}) {
  const { row, seconds, href, onToggle } = props;
  const { pid, name, state, userId, threads, residentBytes, onCpuNs } = row.process;
  return (
    <tr aria-level={row.depth + 1}>
      <td class="text wide">
        <span class="tree" style={{ "--depth": row.depth }}>
          {row.childCount > 0 ? (
            <button
              type="button"
              class="twist"
              aria-expanded={!row.isCollapsed}
              aria-label={`Children of ${name}`}
              onClick={onToggle}
            >
              {row.isCollapsed ? "▸" : "▾"}
            </button>
          ) : (
            <span class="twist" />
          )}
          <a href={href} title={`User ${userId}, state ${state}`}>
            {name}
          </a>
          {row.isCollapsed && <span class="tag">+{row.childCount}</span>}
          {(state === "D" || state === "Z" || state === "T") && <span class="tag">{STATES[state]}</span>}
        </span>
      </td>
      <td class="number muted">{pid}</td>
      <td class="number">{onCpuNs !== undefined && onCpuNs > 0 && <Bar value={onCpuNs / 1e9 / seconds} />}</td>
      <td class="number">{residentBytes !== undefined && bytes(residentBytes)}</td>
      <td class="number muted">{threads}</td>
    </tr>
  );
}

const STATES = { D: "waits for storage", Z: "zombie", T: "stopped" } as const;

function Log({ entries, empty }: { readonly entries: readonly ProcessLogEntry[]; readonly empty: string }) {
  return (
    <section aria-label="Log of processes">
      <h2>Started and ended</h2>
      <div class="table-frame">
        <table aria-label="Process log">
          <thead>
            <tr>
              <th scope="col" class="text">
                Time
              </th>
              <th scope="col" class="text">
                Event
              </th>
              <th scope="col" class="text">
                Process
              </th>
              <th scope="col" class="text wide">
                What
              </th>
            </tr>
          </thead>
          <tbody>
            {entries.slice(0, MAXIMUM_ROWS).map((entry) => (
              <tr key={entry.number}>
                <td class="text muted">{clock(entry.timeMs)}</td>
                <td class="text">
                  <span class={`event ${eventKind(entry)}`}>{eventText(entry)}</span>
                </td>
                <td class="text">
                  {entry.name} <span class="muted">{entry.pid}</span>
                </td>
                <td class="text wide" title={entry.command}>
                  {detailText(entry)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        {entries.length === 0 && <p class="empty">{empty}</p>}
        {entries.length > MAXIMUM_ROWS && (
          <p class="remark">{count(entries.length - MAXIMUM_ROWS)} older ones: filter to see them.</p>
        )}
      </div>
    </section>
  );
}

function eventKind({ kind, exitCode }: ProcessLogEntry): string {
  return kind === "exec-failure" || (kind === "exit" && exitCode !== 0) ? "failed" : kind;
}

function eventText({ kind, exitCode, signal, coreDumped }: ProcessLogEntry): string {
  switch (kind) {
    case "start":
      return "started";
    case "exec":
      return "runs";
    case "exec-failure":
      return "cannot run";
    case "exit":
      if (exitCode === undefined) return `${signal || "signal"}${coreDumped ? ", core" : ""}`;
      return exitCode === 0 ? "ended" : `exit ${exitCode}`;
    default:
      return kind satisfies never;
  }
}

function detailText(entry: ProcessLogEntry): string {
  const { kind, command = "", error = "", parentPid, lifetimeNs = 0, cpuTimeNs = 0, peakResidentBytes = 0 } = entry;
  switch (kind) {
    case "start":
      return `by ${parentPid}`;
    case "exec":
      return command;
    case "exec-failure":
      return `${error}: ${command}`;
    case "exit": {
      const cpu = lifetimeNs > 0 ? ` (${share(cpuTimeNs / lifetimeNs)})` : "";
      return `after ${duration(lifetimeNs)}, ${duration(cpuTimeNs)} of CPU${cpu}, ${bytes(peakResidentBytes)} at most`;
    }
    default:
      return kind satisfies never;
  }
}
