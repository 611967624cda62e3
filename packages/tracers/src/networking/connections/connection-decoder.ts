import { CgroupNames } from "../../cgroup-names.ts";
import { errorName } from "../../syscalls/kernel-names.ts";
import type { UnixClock } from "../../unix-clock.ts";
import type { Connection, ConnectionEvent, Listener, LiveConnection } from "./connection.ts";
import {
  type ConnectionRecord,
  Flag,
  RecordKind,
  Role,
  readConnection,
  readKind,
  readListenerCounts,
  readPath,
  readTraffic,
  Transport,
} from "./connection-records.ts";
import { connectFailure, connectionEnd, stateName } from "./connection-states.ts";

/** A connection is known by its socket, and by its start where the socket was used before. */
interface Known {
  readonly id: number;
  readonly startNs: bigint;
  readonly isUnix: boolean;
  /** Of a Unix socket, which has none any more when it is closed. */
  path: string | undefined;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };
type Owner = Pick<Connection, "pid" | "process" | "cgroupPath" | "containerId">;

/** Makes connections and events of the kernel half's records, and numbers them. */
export class ConnectionDecoder {
  readonly #clock: UnixClock;
  readonly #cgroups = new CgroupNames();
  readonly #known = new Map<bigint, Known>();
  #lastId = 0;

  constructor(clock: UnixClock) {
    this.#clock = clock;
  }

  /** Takes a record that says something about others to come. Says false for all other kinds. */
  takeCgroup(view: DataView, offset: number): boolean {
    if (readKind(view, offset) !== RecordKind.cgroup) return false;
    this.#cgroups.takeRecord(view, offset);
    return true;
  }

  decodeEvent(view: DataView, offset: number): ConnectionEvent {
    const record = readConnection(view, offset);
    const connection = this.#connection(record, view, offset);
    const { timeNs, establishedNs, closedNs, startNs, error, flags } = record;
    const isTcp = record.transport === Transport.tcp;
    switch (readKind(view, offset)) {
      case RecordKind.opened: {
        // Those that were accepted unseen are told late.
        const openedNs = record.acceptedNs || establishedNs || timeNs;
        return { kind: "opened", timeUnixNs: this.#clock.toUnixNs(openedNs), ...connection };
      }
      case RecordKind.failed: {
        this.#known.delete(record.socket);
        return {
          kind: "failed",
          timeUnixNs: this.#clock.toUnixNs(timeNs),
          ...connection,
          reason: connectFailure(error),
          ...(error !== 0 && { error: errorName(error) }),
          ...(startNs !== 0n && { durationNs: Number(timeNs - startNs) }),
          retransmits: isTcp && hasTraffic(record) ? readTraffic(view, offset).retransmits : 0,
        };
      }
      case RecordKind.closed: {
        this.#known.delete(record.socket);
        const endNs = closedNs === 0n ? timeNs : closedNs;
        const end = isTcp ? connectionEnd(record) : undefined;
        return {
          kind: "closed",
          timeUnixNs: this.#clock.toUnixNs(endNs),
          ...connection,
          ...(establishedNs !== 0n && { durationNs: Number(endNs - establishedNs) }),
          ...(end !== undefined && { end }),
          ...(error !== 0 && { error: errorName(error) }),
          neverAccepted: (flags & Flag.neverAccepted) !== 0,
          ...(isTcp && { traffic: readTraffic(view, offset) }),
        };
      }
      default:
        throw new RangeError(`the kernel half sent a record of kind ${readKind(view, offset)}`);
    }
  }

  /** Of a live record: a connection, or a listening socket. */
  decodeLive(view: DataView, offset: number): { live: LiveConnection; held: boolean } | { listener: Listener } {
    const record = readConnection(view, offset);
    if (record.role === Role.listener) return { listener: this.#listener(record, view, offset) };
    const connection = this.#connection(record, view, offset);
    const state = stateName(record.socketState);
    const isTcp = record.transport === Transport.tcp;
    const live = { ...connection, state, ...(isTcp && { traffic: readTraffic(view, offset) }) };
    return { live, held: (record.flags & Flag.held) !== 0 };
  }

  /** The Unix sockets that are not closed yet, as far as is known. */
  unixSockets(): bigint[] {
    return [...this.#known].filter(([, { isUnix }]) => isUnix).map(([socket]) => socket);
  }

  /** Of the connection that came last; those to come have higher ones. */
  get lastId(): number {
    return this.#lastId;
  }

  /** Forgets the connections up to `lastId` that are not among these: their end was lost. */
  retain(ids: ReadonlySet<number>, lastId: number): void {
    for (const [socket, { id }] of this.#known) if (id <= lastId && !ids.has(id)) this.#known.delete(socket);
  }

  #connection(record: ConnectionRecord, view: DataView, offset: number): Connection {
    const { transport, role, flags, startNs, establishedNs, acceptedNs, local, peer } = record;
    const isUnix = transport === Transport.unix;
    const known = this.#find(record);
    if (isUnix) known.path = readPath(view, offset) ?? known.path;
    // Set one by one: there are thousands a second, and to spread what may be absent takes several times as long.
    const connection: Mutable<Connection> = {
      id: known.id,
      transport: isUnix ? "unix" : "tcp",
      networkNamespace: record.networkNamespace,
      existed: (flags & Flag.existed) !== 0,
    };
    if (role !== Role.unknown) connection.role = role === Role.client ? "client" : "server";
    this.#setOwner(connection, record);
    if (known.path !== undefined) connection.path = known.path;
    if (establishedNs !== 0n) connection.openedUnixNs = this.#clock.toUnixNs(establishedNs);
    if (isUnix) return connection;
    if (local !== undefined) connection.local = local;
    if (peer !== undefined) connection.peer = peer;
    if (establishedNs === 0n) return connection;
    if (role === Role.client && startNs !== 0n) connection.connectLatencyNs = Number(establishedNs - startNs);
    if (role === Role.server && acceptedNs !== 0n) connection.acceptDelayNs = Number(acceptedNs - establishedNs);
    return connection;
  }

  #listener(record: ConnectionRecord, view: DataView, offset: number): Listener {
    const { dropped, queued, capacity } = readListenerCounts(view, offset);
    const isUnix = record.transport === Transport.unix;
    const path = isUnix ? readPath(view, offset) : undefined;
    const listener: Mutable<Listener> = {
      transport: isUnix ? "unix" : "tcp",
      networkNamespace: record.networkNamespace,
      capacity,
      ...(record.local !== undefined && !isUnix && { local: record.local }),
      ...(path !== undefined && { path }),
      ...(!isUnix && { queued, dropped }),
    };
    this.#setOwner(listener, record);
    return listener;
  }

  #setOwner(target: Mutable<Owner>, { flags, pid, process, cgroupId }: ConnectionRecord): void {
    if ((flags & Flag.owned) === 0) return;
    target.pid = pid;
    target.process = process;
    const cgroup = this.#cgroups.get(cgroupId);
    if (cgroup === undefined) return;
    target.cgroupPath = cgroup.cgroupPath;
    if (cgroup.containerId !== undefined) target.containerId = cgroup.containerId;
  }

  #find({ socket, startNs, transport }: ConnectionRecord): Known {
    const known = this.#known.get(socket);
    if (known?.startNs === startNs) return known;
    const fresh: Known = { id: ++this.#lastId, startNs, isUnix: transport === Transport.unix, path: undefined };
    this.#known.set(socket, fresh);
    return fresh;
  }
}

/** One that failed before there was a SYN has its peer from the call, and no counters. */
function hasTraffic({ flags }: ConnectionRecord): boolean {
  return (flags & Flag.failureTold) !== 0;
}
