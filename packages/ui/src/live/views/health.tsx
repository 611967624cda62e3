import type { HealthAnswer, HistoryExtent, SelfSample, TlsAnswer, TlsFileRow, TracerState } from "skep/answers";
import { apiPath } from "../client.ts";
import { useAnswer, usePage } from "../context.ts";
import { type Column, DataTable } from "../data-table.tsx";
import { bytes, clock, count, duration, plural } from "../format.ts";
import { inWords, reasonsText, sumOf } from "../notices.ts";
import { ErrorLine } from "../parts.tsx";

export function HealthView() {
  const { times } = usePage();
  const { answer, error } = useAnswer<HealthAnswer>(apiPath("health", { from: times.fromMs, to: times.toMs }));
  if (answer === undefined) return <p class="empty">{error ?? "Loading …"}</p>;
  return (
    <>
      <ErrorLine error={error} />
      <Tracers answer={answer} />
      <div class="split even">
        <Own self={answer.self} />
        <HistoryFacts history={answer.history} />
      </div>
      <Tls tls={answer.tls} />
      <Exporters self={answer.self} />
      <Changes changes={answer.changes} />
    </>
  );
}

function Tracers({ answer }: { readonly answer: HealthAnswer }) {
  return (
    <section aria-label="Tracers">
      <h2>
        Tracers<span class="note">losses in the chosen time; seen and delivered since the start</span>
      </h2>
      <div class="table-frame">
        <table aria-label="Tracers">
          <thead>
            <tr>
              {["Tracer", "State", "Works by"].map((title) => (
                <th key={title} scope="col" class="text">
                  {title}
                </th>
              ))}
              {["Seen", "Delivered", "Lost, ever", "Maps"].map((title) => (
                <th key={title} scope="col" class="number">
                  {title}
                </th>
              ))}
              <th scope="col" class="text wide">
                Lost, or not whole
              </th>
            </tr>
          </thead>
          <tbody>
            {answer.tracers.map((tracer) => (
              <TracerLine key={tracer.name} tracer={tracer} answer={answer} />
            ))}
          </tbody>
        </table>
        {answer.tracers.length === 0 && <p class="empty">The first round is still being measured.</p>}
      </div>
    </section>
  );
}

function TracerLine({ tracer, answer }: { readonly tracer: TracerState; readonly answer: HealthAnswer }) {
  const counts = answer.self?.tracers.find(({ name }) => name === tracer.name);
  const lost = answer.lost[tracer.name] ?? {};
  const incomplete = answer.incomplete[tracer.name] ?? {};
  const everLost = sumOf(counts?.lost ?? {});
  return (
    <tr>
      <td class="text">{tracer.name}</td>
      <td class="text">
        <StateBadge tracer={tracer} />
      </td>
      <td class="text muted">{tracer.rung ?? ""}</td>
      <td class="number">{counts && count(counts.seen)}</td>
      <td class="number">{counts && count(counts.delivered)}</td>
      <td class={`number${everLost > 0 ? " lost" : ""}`} title={reasonsText(counts?.lost ?? {})}>
        {counts && count(everLost)}
      </td>
      <td class="number">{counts && bytes(counts.mapBytes)}</td>
      <td class="text wide wrap">
        {tracer.reason && (
          <span class="reason">
            {tracer.reason}
            {tracer.hint && `; ${tracer.hint}`}
          </span>
        )}
        {sumOf(lost) > 0 && <span class="lost">lost: {reasonsText(lost)} </span>}
        {sumOf(incomplete) > 0 && <span class="muted">not whole: {reasonsText(incomplete)}</span>}
      </td>
    </tr>
  );
}

function StateBadge({ tracer }: { readonly tracer: TracerState }) {
  return (
    <>
      <span class={`state ${tracer.state}`}>{tracer.state}</span>
      {tracer.samplingFactor > 1 && <span class="tag">1 in {count(tracer.samplingFactor)}</span>}{" "}
      <span class="muted">since {clock(tracer.sinceUnixMs)}</span>
    </>
  );
}

function Facts({ title, facts }: { readonly title: string; readonly facts: readonly (readonly [string, string])[] }) {
  return (
    <section class="facts" aria-label={title}>
      <h2>{title}</h2>
      <dl>
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Own({ self }: { readonly self: SelfSample | undefined }) {
  if (self === undefined) return <Facts title="Skep itself" facts={[]} />;
  const { cpuUserNs, cpuSystemNs, bpfRunTimeNs, residentBytes, anonymousBytes, mapBytes, lateRounds } = self;
  return (
    <Facts
      title="Skep itself"
      facts={[
        ["CPU in the last round", `${duration(cpuUserNs)} user, ${duration(cpuSystemNs)} system`],
        ["BPF programs", bpfRunTimeNs === undefined ? "not measured: BPF statistics are off" : duration(bpfRunTimeNs)],
        ["Resident memory", bytes(residentBytes)],
        ["of it anonymous", bytes(anonymousBytes)],
        ["BPF maps", bytes(mapBytes)],
        ["Late rounds", count(lateRounds)],
      ]}
    />
  );
}

function HistoryFacts({ history }: { readonly history: HistoryExtent | undefined }) {
  if (history === undefined) return <Facts title="History" facts={[]} />;
  const { fromMs, toMs, sizeBytes, limitBytes, roundCount, spanCount, detailsFromMs } = history;
  const joined = spanCount === roundCount ? "" : `, older ones joined to ${plural(spanCount, "span")}`;
  return (
    <Facts
      title="History"
      facts={[
        ["Reaches back", `${duration((toMs - fromMs) * 1e6)}, to ${clock(fromMs)}`],
        ["Details", `${plural(roundCount, "round")}${joined}`],
        ["Dropped", detailsFromMs === undefined ? "nothing" : `details from before ${clock(detailsFromMs)}`],
        ["Memory", `${bytes(sizeBytes)} of ${bytes(limitBytes)}`],
        ["Light rows added up as one", count(history.foldedRows)],
        ["Rounds with names that found no room", count(history.cutRounds)],
        ["Process events that made room", count(history.forgottenEvents)],
      ]}
    />
  );
}

function Exporters({ self }: { readonly self: SelfSample | undefined }) {
  const exporters = self?.exporters ?? [];
  return (
    <section aria-label="Exporters">
      <h2>Exporters</h2>
      {exporters.length === 0 ? (
        <p class="remark">Nothing is sent from this machine: no endpoint is configured.</p>
      ) : (
        <div class="table-frame">
          <table aria-label="Exporters">
            <thead>
              <tr>
                <th scope="col" class="text">
                  Signal
                </th>
                <th scope="col" class="text">
                  To
                </th>
                {["Delivered", "Waiting", "In memory", "On disk", "Lost"].map((title) => (
                  <th key={title} scope="col" class="number">
                    {title}
                  </th>
                ))}
                <th scope="col" class="text wide">
                  State
                </th>
              </tr>
            </thead>
            <tbody>
              {exporters.map((exporter) => (
                <tr key={`${exporter.signal} ${exporter.endpoint}`}>
                  <td class="text">{exporter.signal}</td>
                  <td class="text muted">{exporter.endpoint}</td>
                  <td class="number">{count(exporter.deliveredItems)}</td>
                  <td class="number">{count(exporter.waitingItems)}</td>
                  <td class="number">{bytes(exporter.memoryBytes)}</td>
                  <td class="number">{bytes(exporter.spoolBytes)}</td>
                  <td class={`number${sumOf(exporter.lostItems) > 0 ? " lost" : ""}`}>
                    {count(sumOf(exporter.lostItems))}
                  </td>
                  <td class="text wide wrap">
                    {exporter.problem ?? "delivering"}
                    {sumOf(exporter.lostItems) > 0 && ` · lost: ${reasonsText(exporter.lostItems)}`}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

const TLS_COLUMNS: readonly Column<TlsFileRow>[] = [
  {
    key: "state",
    title: "State",
    isText: true,
    text: ({ state }) => (
      <span class={`state ${state === "attached" ? "on" : state === "failed" ? "off" : "reduced"}`}>
        {state === "attached" ? "read" : state}
      </span>
    ),
    sortBy: ({ state }) => state,
  },
  { key: "library", title: "Library", isText: true, text: ({ library }) => library, sortBy: ({ library }) => library },
  { key: "path", title: "File", isText: true, text: ({ path }) => path, sortBy: ({ path }) => path },
  {
    key: "problem",
    title: "Why not",
    isText: true,
    isWide: true,
    text: ({ problem }) => problem,
    sortBy: ({ problem = "" }) => problem,
  },
  {
    key: "pid",
    title: "First seen in",
    text: ({ pid }) => pid,
    sortBy: ({ pid = 0 }) => pid,
  },
];

/** What is encrypted is read where programs encrypt it; nothing where it isn't looked at. */
function Tls({ tls }: { readonly tls: TlsAnswer | undefined }) {
  if (tls === undefined) return null;
  const { files, hits, sessions, sessionsKnown } = tls;
  return (
    <section aria-label="TLS libraries">
      <h2>
        TLS libraries
        <span class="note">
          requests are read in these files; {plural(sessions, "session")}, of {count(sessionsKnown)} the connection is
          known; {count(hits)} calls looked at
        </span>
      </h2>
      <DataTable
        label="TLS libraries"
        columns={TLS_COLUMNS}
        rows={files}
        keyOf={({ path, pid }) => `${path} ${pid}`}
        initial={{ column: "state", descending: true }}
        empty="No program or library that is in use has TLS functions that could be found."
        maximumRows={20}
      />
    </section>
  );
}

function Changes({ changes }: { readonly changes: readonly TracerState[] }) {
  return (
    <section aria-label="Changes of tracers">
      <h2>Turned on, down and off</h2>
      <ol class="changes">
        {changes.map((change) => (
          <li key={`${change.name} ${change.sinceUnixMs} ${change.state}`}>
            <span class="muted">{clock(change.sinceUnixMs)}</span> <b>{inWords(change.name)}</b>{" "}
            <span class={`state ${change.state}`}>{change.state}</span>
            {change.samplingFactor > 1 && <span class="tag">1 in {count(change.samplingFactor)}</span>} {change.reason}
          </li>
        ))}
      </ol>
    </section>
  );
}
