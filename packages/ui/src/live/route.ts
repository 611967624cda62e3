import { formatRange, parseRange, type Range } from "./range.ts";

export const VIEWS = ["overview", "flame", "syscalls", "processes", "files", "network", "health"] as const;

export type ViewName = (typeof VIEWS)[number];

/** Where in the page one is: all of it is in the address, so that it can be kept and sent. */
export interface Route {
  readonly view: ViewName;
  readonly range: Range;
  /** The process that the view is of; undefined: all. */
  readonly pid: number | undefined;
  /** Of the view alone: the mode of the flame graph, the system call of the heat map ... */
  readonly details: Readonly<Record<string, string>>;
}

const SHARED = ["last", "from", "to", "process"];

/** `#/flame?last=300&process=42&mode=off-cpu` */
export function formatRoute({ view, range, pid, details }: Route): string {
  const parameters = new URLSearchParams(formatRange(range));
  if (pid !== undefined) parameters.set("process", String(pid));
  for (const [name, value] of Object.entries(details)) parameters.set(name, value);
  return `#/${view}?${parameters}`;
}

/** Whatever is wrong in an address is left out. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const parameters = new URLSearchParams(query);
  const process = parameters.get("process") ?? "";
  return {
    view: VIEWS.find((name) => name === path) ?? "overview",
    range: parseRange(parameters),
    pid: /^\d{1,7}$/.test(process) ? Number(process) : undefined,
    details: Object.fromEntries([...parameters].filter(([name]) => !SHARED.includes(name))),
  };
}
