import { useMemo, useState } from "preact/hooks";
import type {
  DropRow,
  InterfaceRow,
  KeptProcess,
  NetworkAnswer,
  PeerRow,
  QueryRow,
  RequestRow,
  ServedRow,
  ServiceEdge,
} from "skep/answers";
import { apiPath } from "../client.ts";
import { useAnswer, useDetails, usePage } from "../context.ts";
import { type Column, DataTable } from "../data-table.tsx";
import { bytes, count, duration, perSecond, share } from "../format.ts";
import { emptyText } from "../notices.ts";
import { Choice, ErrorLine, FilterField, Notices, ProcessSelect } from "../parts.tsx";
import { serviceMap } from "../service-map/model.ts";
import { ServiceMapView } from "../service-map/service-map.tsx";
import { ConnectionsPart } from "./connections.tsx";

const PARTS = [
  ["requests", "Requests"],
  ["map", "Service map"],
  ["connections", "Connections"],
  ["peers", "Peers"],
  ["dns", "DNS"],
  ["packets", "Packets"],
] as const;

type Part = (typeof PARTS)[number][0];

export function NetworkView() {
  const { live, route, times, go } = usePage();
  const [details, setDetails] = useDetails();
  const [filter, setFilter] = useState("");
  const { answer, error } = useAnswer<NetworkAnswer>(
    apiPath("network", { from: times.fromMs, to: times.toMs, process: route.pid }),
  );
  const part: Part = PARTS.find(([name]) => name === details["part"])?.[0] ?? "requests";
  const seconds = Math.max(1, (answer?.measuredNs ?? 0) / 1e9);
  const sums = useMemo(() => sumsOf(answer?.requests ?? []), [answer]);
  return (
    <>
      <div class="toolbar">
        <Choice
          label="Part"
          value={part}
          options={PARTS}
          onChange={(chosen) => setDetails({ part: chosen === "requests" ? undefined : chosen })}
        />
        <FilterField label="Filter by service, route or address" hint="Filter" value={filter} onInput={setFilter} />
        <ProcessSelect pid={route.pid} choices={choicesOf(answer)} onChange={(pid) => go({ pid })} />
        {answer && part === "requests" && (
          <p class="sums">
            <b>{count(sums.requests)}</b> requests, {perSecond(sums.requests / seconds)} · <b>{count(sums.errors)}</b>{" "}
            failed ({share(sums.requests === 0 ? 0 : sums.errors / sums.requests)})
          </p>
        )}
      </div>
      <ErrorLine error={error} />
      <Notices answer={answer} times={times} history={live.status?.history} />
      <PartTables part={part} answer={answer} filter={filter.trim().toLowerCase()} seconds={seconds} />
    </>
  );
}

function PartTables(props: {
  readonly part: Part;
  readonly answer: NetworkAnswer | undefined;
  readonly filter: string;
  readonly seconds: number;
}) {
  const { part, answer, filter, seconds } = props;
  const empty = (what: string) => (filter === "" ? emptyText(answer, what) : "Nothing matches.");
  switch (part) {
    case "requests":
      return (
        <DataTable
          label="Requests"
          columns={requestColumns(seconds)}
          rows={matching(answer?.requests, filter, requestText)}
          keyOf={requestText}
          initial={{ column: "requests", descending: true }}
          empty={empty("No requests ended")}
        />
      );
    case "map":
      return <MapPart answer={answer} filter={filter} seconds={seconds} empty={empty("Nobody called anybody")} />;
    case "connections":
      return <ConnectionsPart filter={filter} />;
    case "peers":
      return (
        <DataTable
          label="Peers"
          columns={PEER_COLUMNS}
          rows={matching(answer?.peers, filter, peerText)}
          keyOf={peerText}
          initial={{ column: "sent", descending: true }}
          empty={empty("No connection did anything")}
        />
      );
    case "dns":
      return (
        <DataTable
          label="DNS queries"
          columns={QUERY_COLUMNS}
          rows={matching(answer?.queries, filter, queryText)}
          keyOf={queryText}
          initial={{ column: "queries", descending: true }}
          empty={empty("No names were asked for")}
        />
      );
    case "packets":
      return (
        <>
          <h2>Interfaces</h2>
          <DataTable
            label="Interfaces"
            columns={interfaceColumns(seconds)}
            rows={matching(answer?.interfaces, filter, interfaceText)}
            keyOf={interfaceText}
            initial={{ column: "bytes", descending: true }}
            empty={empty("No packets went")}
          />
          <h2 class="next">Packets thrown away</h2>
          <DataTable
            label="Packets thrown away"
            columns={DROP_COLUMNS}
            rows={matching(answer?.drops, filter, dropText)}
            keyOf={dropText}
            initial={{ column: "packets", descending: true }}
            empty={empty("No packets were thrown away")}
          />
        </>
      );
    default:
      return part satisfies never;
  }
}

/** The drawn map, and as a table what the chosen box of it has to do with, or all of it. */
function MapPart(props: {
  readonly answer: NetworkAnswer | undefined;
  readonly filter: string;
  readonly seconds: number;
  readonly empty: string;
}) {
  const { answer, filter, seconds, empty } = props;
  const [details, setDetails] = useDetails();
  const edges = useMemo(() => matching(answer?.edges, filter, edgeText), [answer, filter]);
  const served = useMemo(() => matching(answer?.served, filter, ({ service }) => service), [answer, filter]);
  const chosen = details["node"];
  const ofChosen = useMemo(() => edgesOf(chosen, edges, served), [chosen, edges, served]);
  const unsent = (answer?.edgeCount ?? 0) - (answer?.edges.length ?? 0);
  return (
    <>
      <ServiceMapView
        edges={edges}
        served={served}
        seconds={seconds}
        empty={empty}
        chosen={chosen}
        onChoose={(node) => setDetails({ node: node?.id })}
      />
      <DataTable
        label="Service map"
        columns={edgeColumns(seconds)}
        rows={ofChosen}
        keyOf={edgeText}
        initial={{ column: "requests", descending: true }}
        empty={empty}
      />
      {unsent > 0 && <p class="remark below">{count(unsent)} more, with less traffic, are left out.</p>}
    </>
  );
}

/** Those that a box of the map is an end of. */
function edgesOf(
  chosen: string | undefined,
  edges: readonly ServiceEdge[],
  served: readonly ServedRow[],
): readonly ServiceEdge[] {
  const node = serviceMap(edges, served).nodes.find(({ id }) => id === chosen);
  if (node === undefined) return edges;
  const isHere = node.kind === "service";
  const isMember = (name: string, here: boolean) => here === isHere && node.members.includes(name);
  return edges.filter(({ from, fromHere, to, toHere }) => isMember(from, fromHere) || isMember(to, toHere));
}

function matching<Row>(rows: readonly Row[] | undefined, filter: string, textOf: (row: Row) => string): readonly Row[] {
  return (rows ?? []).filter((row) => filter === "" || textOf(row).toLowerCase().includes(filter));
}

const requestText = ({ service, side, protocol, tls, method, route, status, grpcStatus }: RequestRow) =>
  [service, side, protocol, tls ? "tls" : "", method, route, status, grpcStatus].join(" ");
const edgeText = ({ from, to, server }: ServiceEdge) => [from, to, server].join(" ");
const peerText = ({ process, role, transport, peer, port, callee }: PeerRow) =>
  [process.name, process.pid, role, transport, peer, port, callee].join(" ");
const queryText = ({ process, name, type, side, rcode }: QueryRow) =>
  [process.name, process.pid, name, type, side, rcode].join(" ");
const interfaceText = ({ name, direction }: InterfaceRow) => `${name} ${direction}`;
const dropText = ({ reason, protocol }: DropRow) => `${reason} ${protocol}`;

function requestColumns(seconds: number): readonly Column<RequestRow>[] {
  return [
    {
      key: "service",
      title: "Service",
      isText: true,
      text: ({ service }) => service,
      sortBy: ({ service }) => service,
    },
    {
      key: "side",
      title: "Side",
      isText: true,
      text: ({ side, tls }) => (
        <>
          {side === "server" ? "served" : "sent"}
          {tls && <span class="tag">TLS</span>}
        </>
      ),
      sortBy: ({ side }) => side,
    },
    {
      key: "route",
      title: "Route",
      hint: "Guessed from paths; of gRPC the method",
      isText: true,
      isWide: true,
      text: ({ method, route }) => [method, route].filter((text) => text !== undefined).join(" "),
      sortBy: ({ method = "", route = "" }) => `${route} ${method}`,
    },
    {
      key: "status",
      title: "Status",
      isText: true,
      text: ({ status, grpcStatus }) => (grpcStatus === undefined ? (status ?? "") : `gRPC ${grpcStatus}`),
      sortBy: ({ status = 0, grpcStatus = 0 }) => status + grpcStatus,
    },
    { key: "requests", title: "Requests", text: ({ requests }) => count(requests), sortBy: ({ requests }) => requests },
    {
      key: "rate",
      title: "Per second",
      text: ({ requests }) => count(requests / seconds),
      sortBy: ({ requests }) => requests,
    },
    { key: "errors", title: "Failed", text: ({ errors }) => zeroless(errors), sortBy: ({ errors }) => errors },
    { key: "p50", title: "p50", text: ({ p50Ns }) => maybeDuration(p50Ns), sortBy: ({ p50Ns = -1 }) => p50Ns },
    { key: "p90", title: "p90", text: ({ p90Ns }) => maybeDuration(p90Ns), sortBy: ({ p90Ns = -1 }) => p90Ns },
    { key: "p99", title: "p99", text: ({ p99Ns }) => maybeDuration(p99Ns), sortBy: ({ p99Ns = -1 }) => p99Ns },
    {
      key: "max",
      title: "Longest",
      text: ({ maxNs }) => maybeDuration(maxNs || undefined),
      sortBy: ({ maxNs }) => maxNs,
    },
  ];
}

function edgeColumns(seconds: number): readonly Column<ServiceEdge>[] {
  return [
    { key: "from", title: "From", isText: true, text: ({ from }) => from, sortBy: ({ from }) => from },
    {
      key: "to",
      title: "To",
      isText: true,
      isWide: true,
      text: ({ to, server }) => (
        <>
          → {to} {to !== server && <span class="muted">{server}</span>}
        </>
      ),
      sortBy: ({ to }) => to,
    },
    {
      key: "requests",
      title: "Requests",
      text: ({ requests }) => zeroless(requests),
      sortBy: ({ requests }) => requests,
    },
    {
      key: "rate",
      title: "Per second",
      text: ({ requests }) => (requests === 0 ? "" : count(requests / seconds)),
      sortBy: ({ requests }) => requests,
    },
    { key: "errors", title: "Failed", text: ({ errors }) => zeroless(errors), sortBy: ({ errors }) => errors },
    {
      key: "mean",
      title: "Mean",
      text: ({ timed, totalNs }) => maybeDuration(timed === 0 ? undefined : totalNs / timed),
      sortBy: ({ timed, totalNs }) => (timed === 0 ? -1 : totalNs / timed),
    },
    { key: "p99", title: "p99", text: ({ p99Ns }) => maybeDuration(p99Ns), sortBy: ({ p99Ns = -1 }) => p99Ns },
    { key: "opened", title: "Connected", text: ({ opened }) => zeroless(opened), sortBy: ({ opened }) => opened },
    {
      key: "sent",
      title: "Sent",
      text: ({ sentBytes }) => maybeBytes(sentBytes),
      sortBy: ({ sentBytes }) => sentBytes,
    },
    {
      key: "received",
      title: "Received",
      text: ({ receivedBytes }) => maybeBytes(receivedBytes),
      sortBy: ({ receivedBytes }) => receivedBytes,
    },
  ];
}

const PROCESS_COLUMN: Column<{ readonly process: KeptProcess }> = {
  key: "process",
  title: "Process",
  isText: true,
  text: ({ process }) => (
    <>
      {process.name} <span class="muted">{process.pid}</span>
    </>
  ),
  sortBy: ({ process }) => process.name,
};

const PEER_COLUMNS: readonly Column<PeerRow>[] = [
  PROCESS_COLUMN,
  { key: "role", title: "Role", isText: true, text: ({ role }) => role, sortBy: ({ role }) => role },
  {
    key: "peer",
    title: "Peer",
    isText: true,
    isWide: true,
    text: ({ peer, port, role, callee }) => (
      <>
        {peer}
        {role === "server" && port !== undefined && ` at ${port}`}{" "}
        {callee !== undefined && <span class="muted">{callee}</span>}
      </>
    ),
    sortBy: ({ peer }) => peer,
  },
  { key: "opened", title: "Opened", text: ({ opened }) => zeroless(opened), sortBy: ({ opened }) => opened },
  { key: "failed", title: "Failed", text: ({ failed }) => zeroless(failed), sortBy: ({ failed }) => failed },
  {
    key: "connect",
    title: "Connect",
    hint: "Mean time until the other side answered",
    text: ({ connects, connectNs }) => maybeDuration(connects === 0 ? undefined : connectNs / connects),
    sortBy: ({ connects, connectNs }) => (connects === 0 ? -1 : connectNs / connects),
  },
  { key: "sent", title: "Sent", text: ({ sentBytes }) => maybeBytes(sentBytes), sortBy: ({ sentBytes }) => sentBytes },
  {
    key: "received",
    title: "Received",
    text: ({ receivedBytes }) => maybeBytes(receivedBytes),
    sortBy: ({ receivedBytes }) => receivedBytes,
  },
  {
    key: "retransmits",
    title: "Sent again",
    text: ({ retransmits }) => zeroless(retransmits),
    sortBy: ({ retransmits }) => retransmits,
  },
];

const QUERY_COLUMNS: readonly Column<QueryRow>[] = [
  PROCESS_COLUMN,
  { key: "name", title: "Name", isText: true, isWide: true, text: ({ name }) => name, sortBy: ({ name }) => name },
  { key: "type", title: "Type", isText: true, text: ({ type }) => type, sortBy: ({ type }) => type },
  {
    key: "rcode",
    title: "Answer",
    isText: true,
    text: ({ rcode }) => rcode ?? "none",
    sortBy: ({ rcode = "" }) => rcode,
  },
  { key: "queries", title: "Queries", text: ({ queries }) => count(queries), sortBy: ({ queries }) => queries },
  {
    key: "mean",
    title: "Mean",
    text: ({ timed, totalNs }) => maybeDuration(timed === 0 ? undefined : totalNs / timed),
    sortBy: ({ timed, totalNs }) => (timed === 0 ? -1 : totalNs / timed),
  },
  {
    key: "max",
    title: "Longest",
    text: ({ maxNs }) => maybeDuration(maxNs || undefined),
    sortBy: ({ maxNs }) => maxNs,
  },
];

function interfaceColumns(seconds: number): readonly Column<InterfaceRow>[] {
  return [
    {
      key: "name",
      title: "Interface",
      isText: true,
      isWide: true,
      text: ({ name }) => name,
      sortBy: ({ name }) => name,
    },
    {
      key: "direction",
      title: "Direction",
      isText: true,
      text: ({ direction }) => direction,
      sortBy: ({ direction }) => direction,
    },
    { key: "packets", title: "Packets", text: ({ packets }) => count(packets), sortBy: ({ packets }) => packets },
    {
      key: "rate",
      title: "Per second",
      text: ({ packets }) => count(packets / seconds),
      sortBy: ({ packets }) => packets,
    },
    { key: "bytes", title: "Bytes", text: (row) => bytes(row.bytes), sortBy: (row) => row.bytes },
  ];
}

const DROP_COLUMNS: readonly Column<DropRow>[] = [
  {
    key: "reason",
    title: "Reason",
    isText: true,
    isWide: true,
    text: ({ reason }) => reason,
    sortBy: ({ reason }) => reason,
  },
  {
    key: "protocol",
    title: "Protocol",
    isText: true,
    text: ({ protocol }) => protocol,
    sortBy: ({ protocol }) => protocol,
  },
  { key: "packets", title: "Packets", text: ({ packets }) => count(packets), sortBy: ({ packets }) => packets },
];

function zeroless(value: number): string {
  return value === 0 ? "" : count(value);
}

function maybeBytes(value: number): string {
  return value === 0 ? "" : bytes(value);
}

function maybeDuration(durationNs: number | undefined): string {
  return durationNs === undefined ? "" : duration(durationNs);
}

function sumsOf(rows: readonly RequestRow[]): { readonly requests: number; readonly errors: number } {
  return rows.reduce(
    (sum, { requests, errors }) => ({ requests: sum.requests + requests, errors: sum.errors + errors }),
    { requests: 0, errors: 0 },
  );
}

/** Those that have connections. */
function choicesOf(answer: NetworkAnswer | undefined) {
  const processes = new Map<string, { readonly process: KeptProcess; bytes: number }>();
  for (const { process, sentBytes, receivedBytes } of answer?.peers ?? []) {
    const key = `${process.pid} ${process.name}`;
    const choice = processes.get(key) ?? { process, bytes: 0 };
    choice.bytes += sentBytes + receivedBytes;
    processes.set(key, choice);
  }
  return [...processes.values()]
    .sort((a, b) => b.bytes - a.bytes)
    .map(({ process, bytes: total }) => ({ process, note: bytes(total) }));
}
