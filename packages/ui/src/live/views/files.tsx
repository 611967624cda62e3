import { useMemo, useState } from "preact/hooks";
import type { FileRow, FilesAnswer, KeptProcess } from "skep/answers";
import { apiPath } from "../client.ts";
import { useAnswer, usePage } from "../context.ts";
import { type Column, DataTable } from "../data-table.tsx";
import { bytes, count, duration } from "../format.ts";
import { emptyText } from "../notices.ts";
import { ErrorLine, FilterField, Notices, ProcessSelect } from "../parts.tsx";

export function FilesView() {
  const { live, route, times, go } = usePage();
  const [filter, setFilter] = useState("");
  const { answer, error } = useAnswer<FilesAnswer>(
    apiPath("files", { from: times.fromMs, to: times.toMs, process: route.pid }),
  );
  const rows = useMemo(() => {
    const needle = filter.trim().toLowerCase();
    return (answer?.files ?? []).filter(({ file, process }) =>
      `${file.path}\n${process.name}`.toLowerCase().includes(needle),
    );
  }, [answer, filter]);
  const others = answer?.others;
  return (
    <>
      <div class="toolbar">
        <FilterField label="Filter by path or process" value={filter} onInput={setFilter} />
        <ProcessSelect pid={route.pid} choices={choicesOf(answer)} onChange={(pid) => go({ pid })} />
        {answer && (
          <p class="sums">
            <b>{count(answer.fileCount)}</b> files · read <b>{bytes(sum(answer.files, "readBytes"))}</b> · written{" "}
            <b>{bytes(sum(answer.files, "writtenBytes"))}</b>
          </p>
        )}
      </div>
      <ErrorLine error={error} />
      <Notices answer={answer} times={times} history={live.status?.history} />
      <DataTable
        label="Files"
        columns={COLUMNS}
        rows={rows}
        keyOf={({ process, file }) => `${process.pid} ${process.name} ${file.path} ${file.type} ${file.deleted}`}
        initial={{ column: "time", descending: true }}
        empty={filter === "" ? emptyText(answer, "No files were opened, read or written") : "No path matches."}
      />
      {others && others.reads + others.writes + others.opens > 0 && (
        <p class="remark">
          Files that found no room here, together: {count(others.opens)} opened, {bytes(others.readBytes)} read,{" "}
          {bytes(others.writtenBytes)} written.
        </p>
      )}
    </>
  );
}

const COLUMNS: readonly Column<FileRow>[] = [
  {
    key: "path",
    title: "Path",
    isText: true,
    isWide: true,
    text: ({ file }) => (
      <span title={file.path}>
        {file.path}
        {file.deleted && <span class="tag">deleted</span>}
      </span>
    ),
    sortBy: ({ file }) => file.path,
  },
  {
    key: "process",
    title: "Process",
    isText: true,
    text: ({ process }) => (
      <>
        {process.name} <span class="muted">{process.pid}</span>
      </>
    ),
    sortBy: ({ process }) => process.name,
  },
  {
    key: "kind",
    title: "On",
    isText: true,
    text: ({ file }) => (file.type === "file" ? file.fileSystem : file.type),
    sortBy: ({ file }) => (file.type === "file" ? file.fileSystem : file.type),
  },
  { key: "opens", title: "Opened", text: ({ opens }) => zeroless(opens), sortBy: ({ opens }) => opens },
  { key: "reads", title: "Reads", text: ({ reads }) => zeroless(reads), sortBy: ({ reads }) => reads },
  {
    key: "readBytes",
    title: "Read",
    text: ({ readBytes }) => (readBytes === 0 ? "" : bytes(readBytes)),
    sortBy: ({ readBytes }) => readBytes,
  },
  { key: "writes", title: "Writes", text: ({ writes }) => zeroless(writes), sortBy: ({ writes }) => writes },
  {
    key: "writtenBytes",
    title: "Written",
    text: ({ writtenBytes }) => (writtenBytes === 0 ? "" : bytes(writtenBytes)),
    sortBy: ({ writtenBytes }) => writtenBytes,
  },
  {
    key: "time",
    title: "Time",
    hint: "Spent in open, read, write and sync",
    text: ({ durationNs }) => duration(durationNs),
    sortBy: ({ durationNs }) => durationNs,
  },
  { key: "errors", title: "Failed", text: ({ errors }) => zeroless(errors), sortBy: ({ errors }) => errors },
];

function zeroless(value: number): string {
  return value === 0 ? "" : count(value);
}

function sum(files: readonly FileRow[], key: "readBytes" | "writtenBytes"): number {
  return files.reduce((total, row) => total + row[key], 0);
}

/** Of those with a process chosen, the list holds only that one. */
function choicesOf(answer: FilesAnswer | undefined) {
  const processes = new Map<string, { readonly process: KeptProcess; files: number }>();
  for (const { process } of answer?.files ?? []) {
    const key = `${process.pid} ${process.name}`;
    const choice = processes.get(key) ?? { process, files: 0 };
    choice.files++;
    processes.set(key, choice);
  }
  return [...processes.values()]
    .sort((a, b) => b.files - a.files)
    .map(({ process, files }) => ({ process, note: `${count(files)} files` }));
}
