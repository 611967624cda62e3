import type { ServedRow, ServiceEdge } from "skep/answers";

/** A service of this machine, a peer elsewhere, or several of these that are alike. */
export interface MapNode {
  readonly id: string;
  readonly kind: "service" | "elsewhere" | "group";
  /** What stands in its box. */
  readonly name: string;
  /** Of a group: addresses of its members; else the name alone. */
  readonly members: readonly string[];
  /** What it answered, where that is known. */
  readonly served: ServedRow | undefined;
}

/** All that one node asked of another. */
export interface MapLink {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly requests: number;
  readonly errors: number;
  /** The highest of its edges: what all of them together have is no higher. */
  readonly p99Ns: number | undefined;
  readonly opened: number;
  readonly failed: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly retransmits: number;
}

export interface ServiceMap {
  /** By their names, as the links: so that nothing moves while only numbers change. */
  readonly nodes: readonly MapNode[];
  readonly links: readonly MapLink[];
  /** Nodes that found no room. */
  readonly leftOut: number;
}

/** More boxes nobody can read. */
export const MAXIMUM_NODES = 40;
/** So many peers that are alike become one box. */
const LEAST_GROUP = 4;

interface Draft {
  readonly id: string;
  readonly name: string;
  readonly isHere: boolean;
}

/** What is drawn of who calls whom: services and peers elsewhere, those alike as one, the busiest where there are too many. */
export function serviceMap(
  edges: readonly ServiceEdge[],
  served: readonly ServedRow[],
  maximumNodes: number = MAXIMUM_NODES,
): ServiceMap {
  const drafts = new Map<string, Draft>();
  const draft = (name: string, isHere: boolean) => {
    const id = nodeId(name, isHere);
    if (!drafts.has(id)) drafts.set(id, { id, name, isHere });
  };
  for (const { from, fromHere, to, toHere } of edges) {
    draft(from, fromHere);
    draft(to, toHere);
  }
  // Whoever answers somebody is there, even if it isn't known whom.
  for (const { service } of served) draft(service, true);

  const { nodes, nodeOf } = grouped([...drafts.values()], edges, served);
  const shown = nodes.slice(0, maximumNodes);
  const shownIds = new Set(shown.map(({ id }) => id));
  return {
    nodes: shown.sort(byId),
    links: linksOf(edges, nodeOf)
      .filter(({ from, to }) => shownIds.has(from) && shownIds.has(to))
      .sort(byId),
    leftOut: Math.max(0, nodes.length - maximumNodes),
  };
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

export function nodeId(name: string, isHere: boolean): string {
  return `${isHere ? "here" : "elsewhere"} ${name}`;
}

/** Nodes in the order of their drafts, which is that of their traffic, and which one each draft went into. */
function grouped(drafts: readonly Draft[], edges: readonly ServiceEdge[], served: readonly ServedRow[]) {
  const surroundings = surroundingsOf(edges);
  const alike = Map.groupBy(drafts, ({ id, isHere }) => (isHere ? id : (surroundings.get(id) ?? id)));
  const servedBy = new Map(served.map((row) => [row.service, row]));
  const nodes: MapNode[] = [];
  const nodeOf = new Map<string, string>();
  for (const [signature, members] of alike) {
    const isGroup = members.length >= LEAST_GROUP;
    if (isGroup) {
      const id = `group ${signature}`;
      const names = members.map(({ name }) => name);
      nodes.push({ id, kind: "group", name: groupName(names), members: names, served: undefined });
      for (const member of members) nodeOf.set(member.id, id);
      continue;
    }
    for (const { id, name, isHere } of members) {
      const kind = isHere ? "service" : "elsewhere";
      nodes.push({ id, kind, name, members: [name], served: isHere ? servedBy.get(name) : undefined });
      nodeOf.set(id, id);
    }
  }
  return { nodes, nodeOf };
}

/** Who is around each peer elsewhere: its callers with its port, and those that it calls. */
function surroundingsOf(edges: readonly ServiceEdge[]): ReadonlyMap<string, string> {
  const parts = new Map<string, Set<string>>();
  const add = (id: string, part: string) => parts.set(id, (parts.get(id) ?? new Set()).add(part));
  for (const { from, fromHere, to, toHere } of edges) {
    if (!fromHere) add(nodeId(from, false), `to ${nodeId(to, toHere)}`);
    if (!toHere) add(nodeId(to, false), `from ${nodeId(from, fromHere)} ${portOf(to)}`);
  }
  return new Map(Array.from(parts, ([id, set]) => [id, [...set].sort().join("\n")]));
}

function portOf(address: string): string {
  return /:\d+$/.exec(address)?.[0] ?? "";
}

/** `12 clients`, `7 peers :443` */
function groupName(names: readonly string[]): string {
  const port = portOf(names[0] ?? "");
  return port === "" ? `${names.length} clients` : `${names.length} peers ${port}`;
}

type Mutable<Value> = { -readonly [Name in keyof Value]: Value[Name] };

function linksOf(edges: readonly ServiceEdge[], nodeOf: ReadonlyMap<string, string>): MapLink[] {
  const links = new Map<string, Mutable<MapLink>>();
  for (const edge of edges) {
    const from = nodeOf.get(nodeId(edge.from, edge.fromHere)) ?? "";
    const to = nodeOf.get(nodeId(edge.to, edge.toHere)) ?? "";
    const id = JSON.stringify([from, to]);
    const link: Mutable<MapLink> = links.get(id) ?? { id, from, to, ...NOTHING };
    links.set(id, link);
    for (const name of SUMS) link[name] += edge[name];
    if (edge.p99Ns !== undefined) link.p99Ns = Math.max(link.p99Ns ?? 0, edge.p99Ns);
  }
  return [...links.values()];
}

const SUMS = ["requests", "errors", "opened", "failed", "sentBytes", "receivedBytes", "retransmits"] as const;
const NOTHING = {
  requests: 0,
  errors: 0,
  p99Ns: undefined,
  opened: 0,
  failed: 0,
  sentBytes: 0,
  receivedBytes: 0,
  retransmits: 0,
};
