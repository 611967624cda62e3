import { useMemo } from "preact/hooks";
import type { ConnectionRow, ConnectionsAnswer } from "skep/answers";
import { apiPath } from "../client.ts";
import { useAnswer, usePage } from "../context.ts";
import { type Column, DataTable } from "../data-table.tsx";
import { bytes, bytesPerSecond, clock, count, duration, plural } from "../format.ts";
import { ErrorLine } from "../parts.tsx";
import type { Sorting } from "../sorting.ts";

/** The busiest first, until the reader wants another order. */
const AS_THEY_COME: Sorting = { column: "", descending: true };

/** The connections that there are now. */
export function ConnectionsPart({ filter }: { readonly filter: string }) {
  const { live, route } = usePage();
  const { answer, error } = useAnswer<ConnectionsAnswer>(apiPath("connections", { process: route.pid }));
  const rows = useMemo(
    () => (answer?.connections ?? []).filter((row) => filter === "" || textOf(row).toLowerCase().includes(filter)),
    [answer, filter],
  );
  const columns = useMemo(() => columnsOf(live.endMs), [live.endMs]);
  const leftOut = (answer?.count ?? 0) - (answer?.connections.length ?? 0);
  return (
    <>
      <ErrorLine error={error} />
      <p class="note above">{noteOf(answer)}</p>
      <DataTable
        label="Connections"
        columns={columns}
        rows={rows}
        keyOf={({ id }) => String(id)}
        initial={AS_THEY_COME}
        empty={filter === "" ? emptyOf(answer) : "Nothing matches."}
        maximumRows={500}
      />
      {leftOut > 0 && (
        <p class="remark below">
          {count(leftOut)} more, with less traffic, are left out: choose a process to see its own.
        </p>
      )}
    </>
  );
}

function textOf({ process, pid, transport, local, peer, path, state }: ConnectionRow): string {
  return [process, pid, transport, local, peer, path, state].join(" ");
}

function noteOf(answer: ConnectionsAnswer | undefined): string {
  if (answer?.timeMs === undefined) return "";
  const rates = answer.hasRates ? "" : "; bytes a second are known from the next round on";
  return `${plural(answer.count, "end")} of connections at ${clock(answer.timeMs)}, whatever time is chosen above${rates}.`;
}

function emptyOf(answer: ConnectionsAnswer | undefined): string {
  if (answer === undefined) return "Loading …";
  if (answer.tracer?.state === "off") return "Nothing is known: the network tracer is off.";
  return answer.timeMs === undefined ? "Connections are not traced." : "There are no connections.";
}

/** @param nowMs of the last round, for how old connections are */
function columnsOf(nowMs: number): readonly Column<ConnectionRow>[] {
  return [
    {
      key: "process",
      title: "Process",
      isText: true,
      text: ({ process = "nobody", pid }) => (
        <>
          {process} <span class="muted">{pid}</span>
        </>
      ),
      sortBy: ({ process = "" }) => process,
    },
    {
      key: "local",
      title: "Local",
      isText: true,
      text: ({ transport, local }) => (transport === "unix" ? <span class="muted">unix</span> : local),
      sortBy: ({ local = "" }) => local,
    },
    {
      key: "peer",
      title: "Peer",
      hint: "→ it was connected to, ← it connected",
      isText: true,
      isWide: true,
      text: ({ role, peer, path }) => (
        <>
          <span class="muted">{role === "client" ? "→" : role === "server" ? "←" : "–"}</span> {peer ?? path}
        </>
      ),
      sortBy: ({ peer, path = "" }) => peer ?? path,
    },
    { key: "state", title: "State", isText: true, text: ({ state }) => state, sortBy: ({ state }) => state },
    {
      key: "age",
      title: "Age",
      hint: "Absent where it was there before Skep",
      text: ({ openedMs }) => (openedMs === undefined ? "" : duration(Math.max(0, nowMs - openedMs) * 1e6)),
      sortBy: ({ openedMs }) => (openedMs === undefined ? -1 : nowMs - openedMs),
    },
    {
      key: "sentRate",
      title: "Sending",
      text: ({ sentPerSecond }) => maybeRate(sentPerSecond),
      sortBy: ({ sentPerSecond = -1 }) => sentPerSecond,
    },
    {
      key: "receivedRate",
      title: "Receiving",
      text: ({ receivedPerSecond }) => maybeRate(receivedPerSecond),
      sortBy: ({ receivedPerSecond = -1 }) => receivedPerSecond,
    },
    {
      key: "sent",
      title: "Sent",
      text: ({ sentBytes = 0 }) => (sentBytes === 0 ? "" : bytes(sentBytes)),
      sortBy: ({ sentBytes = -1 }) => sentBytes,
    },
    {
      key: "received",
      title: "Received",
      text: ({ receivedBytes = 0 }) => (receivedBytes === 0 ? "" : bytes(receivedBytes)),
      sortBy: ({ receivedBytes = -1 }) => receivedBytes,
    },
    {
      key: "rtt",
      title: "RTT",
      hint: "Round trip, smoothed",
      text: ({ roundTripUs }) => (roundTripUs === undefined ? "" : duration(roundTripUs * 1000)),
      sortBy: ({ roundTripUs = -1 }) => roundTripUs,
    },
    {
      key: "retransmits",
      title: "Sent again",
      hint: "Segments",
      text: ({ retransmits = 0 }) => (retransmits === 0 ? "" : count(retransmits)),
      sortBy: ({ retransmits = -1 }) => retransmits,
    },
  ];
}

function maybeRate(perSecond: number | undefined): string {
  return perSecond === undefined || perSecond === 0 ? "" : bytesPerSecond(perSecond);
}
