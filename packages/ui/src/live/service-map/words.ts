import { bytes, bytesPerSecond, count, duration, perSecond, plural, share } from "../format.ts";
import type { LabelLine } from "./labels.ts";
import type { MapLink, MapNode, ServiceMap } from "./model.ts";

/** Beside a line: what goes over it, and what of it failed. */
export function linkLabel({ requests, errors, p99Ns, opened, failed, ...link }: MapLink, seconds: number): LabelLine[] {
  if (requests > 0) {
    const rate = perSecond(requests / seconds);
    return [
      { text: p99Ns === undefined ? rate : `${rate} · ${duration(p99Ns)}`, isTrouble: false },
      { text: errors === 0 ? "" : `${share(errors / requests)} failed`, isTrouble: true },
    ];
  }
  const moved = link.sentBytes + link.receivedBytes;
  const opens = opened > 0 ? `${count(opened)} opened` : "";
  return [
    { text: moved > 0 ? bytesPerSecond(moved / seconds) : opens, isTrouble: false },
    { text: failed === 0 ? "" : `${count(failed)} failed`, isTrouble: true },
  ];
}

/** Below the name in a box, in so many characters where that is possible. */
export function nodeLabel({ kind, name, served, members }: MapNode, seconds: number, characters: number): string {
  if (kind === "group") return members[0] === undefined ? "" : `${members[0]} …`;
  if (kind === "elsewhere") return isUnixSocket(name) ? "Unix socket" : "elsewhere";
  if (served === undefined) return "";
  const { requests, p99Ns } = served;
  const text = `${perSecond(requests / seconds)}${p99Ns === undefined ? "" : ` · ${duration(p99Ns)}`}`;
  const long = `answers ${text}`;
  return long.length <= characters ? long : text;
}

/** All that is known of a line, in a sentence. */
export function linkText(link: MapLink, names: ReadonlyMap<string, string>, seconds: number): string {
  const { requests, errors, p99Ns, opened, failed, sentBytes, receivedBytes, retransmits } = link;
  const parts = [
    requests > 0 && `${plural(requests, "request")}, ${perSecond(requests / seconds)}`,
    errors > 0 && `${count(errors)} failed (${share(errors / requests)})`,
    p99Ns !== undefined && `99 of 100 took ${duration(p99Ns)} at most`,
    opened > 0 && `${plural(opened, "connection")} opened`,
    failed > 0 && `${count(failed)} not made`,
    sentBytes + receivedBytes > 0 && `${bytes(sentBytes)} sent, ${bytes(receivedBytes)} received`,
    retransmits > 0 && `${plural(retransmits, "segment")} sent again`,
  ].filter((part) => part !== false);
  return `${names.get(link.from) ?? ""} → ${names.get(link.to) ?? ""}: ${parts.join("; ")}`;
}

/** The same of a box. */
export function nodeText(node: MapNode, { links }: ServiceMap, seconds: number): string {
  const { id, name, kind, served, members } = node;
  const callers = links.filter(({ to, from }) => to === id && from !== id).length;
  const callees = links.filter(({ to, from }) => from === id && to !== id).length;
  const parts = [
    kind === "elsewhere" &&
      (isUnixSocket(name) ? "nobody is known to listen there" : "not a process that is known here"),
    kind === "group" && `${members.slice(0, 5).join(", ")}${members.length > 5 ? " and others" : ""}`,
    served !== undefined && `answers ${perSecond(served.requests / seconds)}`,
    served !== undefined && served.errors > 0 && `${share(served.errors / served.requests)} of it failed`,
    served?.p99Ns !== undefined && `99 of 100 took ${duration(served.p99Ns)} at most`,
    callers > 0 && `called by ${callers}`,
    callees > 0 && `calls ${callees}`,
    links.some(({ from, to }) => from === id && to === id) && "calls itself",
  ].filter((part) => part !== false);
  return parts.length === 0 ? name : `${name}: ${parts.join("; ")}`;
}

/** By a path, or an abstract name. */
function isUnixSocket(name: string): boolean {
  return /^[/@]/.test(name);
}

/** As much of a text as there is room for. */
export function cut(text: string, characters: number): string {
  return text.length <= characters ? text : `${text.slice(0, Math.max(1, characters - 1))}…`;
}
