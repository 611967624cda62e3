import type { Direction } from "../http/segment.ts";
import { type DnsMessage, parseDnsMessage } from "./dns-message.ts";

const MDNS_PORT = 5353;
const OPCODE_QUERY = 0;

/** Queries that may wait with one id on one socket. More are an attack, or a bug. */
const MAX_WAITING_BY_ID = 64;

/** Answers that are held for a query whose call has not returned yet: its thread lost its CPU on the way out of the kernel. */
const MAX_EARLY_ANSWERS = 64;

/** What one query asked, and what came of it. */
export interface DnsExchange {
  /** `client`: the traced process asked; `server`: it was asked. */
  readonly side: "client" | "server";
  readonly transport: "udp" | "tcp";
  /** In lower case, without the dot at its end. */
  readonly name: string;
  /** `A`, `AAAA`, `HTTPS` ... */
  readonly type: string;
  /**
   * - `answered`
   * - `timedOut`: no answer came in time; one that comes later is counted as unpaired.
   * - `multicast`: asked of the whole network (mDNS), where any number of answers may come.
   */
  readonly outcome: "answered" | "timedOut" | "multicast";
  /** How often it was sent before it was answered. */
  readonly attemptCount: number;
  /** `NOERROR`, `NXDOMAIN` ... This and what follows only when answered. */
  readonly rcode?: string;
  /** Answers by type. Some may be missing when `isTruncated`, or the answer was not captured to its end. */
  readonly answers?: Readonly<Record<string, number>>;
  readonly addresses?: readonly string[];
  /** The answer did not fit (TC): it is asked for again over TCP. */
  readonly isTruncated?: boolean;
  /** By CLOCK_MONOTONIC: when the call that sent or received the query was entered. */
  readonly startNs: bigint;
  /** To the return of the call that received or sent the answer. */
  readonly durationNs?: number;
}

/** Why a query that was seen is not delivered. */
export type DnsLoss =
  /** More waited than are kept. */
  | "waitingLimit"
  /** It waited when tracing ended. */
  | "untraced";

/** Counts of queries: seen = answered + timedOut + multicast + the sum of lost, and those that wait. */
export class DnsCounts {
  seen = 0;
  answered = 0;
  timedOut = 0;
  multicast = 0;
  readonly lost: Record<DnsLoss, number> = { waitingLimit: 0, untraced: 0 };
  /** A query that was sent again while it waited. */
  repeated = 0;
  /** Answers that nobody waits for: to queries from before tracing, too late, or the second one. */
  unpairedAnswers = 0;
  /** Messages that are no DNS. */
  malformed = 0;
  /** Messages that are no matter of queries: updates, notifications, multicast answers, and what others ask by multicast. */
  ignored = 0;
}

export interface DnsExchangesOptions<Owner> {
  /** Called once for each query that is over. */
  readonly onExchange: (exchange: DnsExchange, owner: Owner) => void;
  /** How long a query waits for its answer; 5 s by default. */
  readonly timeoutNs?: bigint;
  /** How many queries may wait; 4,096 by default. The oldest is given up for a new one. */
  readonly maxWaiting?: number;
}

/** A message, and how it went. `Owner` is whatever is to be known of the query when it is over. */
export interface DnsPacket<Owner> {
  /** Identifies the socket that it went over. */
  readonly socket: string | number;
  readonly owner: Owner;
  readonly transport: "udp" | "tcp";
  readonly direction: Direction;
  readonly localPort: number;
  readonly peerPort: number;
  /** Without the length that it has before it on TCP. */
  readonly message: Uint8Array;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

interface Waiting<Owner> {
  readonly key: string;
  readonly owner: Owner;
  readonly side: "client" | "server";
  readonly transport: "udp" | "tcp";
  readonly name: string;
  readonly type: string;
  readonly startNs: bigint;
  attemptCount: number;
}

interface EarlyAnswer {
  readonly message: DnsMessage;
  readonly endNs: bigint;
}

/** Pairs queries and answers by socket, id, name and type, of all sockets of a tracer. */
export class DnsExchanges<Owner> {
  readonly counts: DnsCounts = new DnsCounts();
  readonly #options: DnsExchangesOptions<Owner>;
  readonly #timeoutNs: bigint;
  readonly #maxWaiting: number;
  /** In the order in which they began. */
  readonly #waiting = new Set<Waiting<Owner>>();
  /** The same, by socket, side and id: one, unless a message had more questions or an id was used again. */
  readonly #byId = new Map<string, Waiting<Owner>[]>();
  /** The last answers that nobody waited for, by the same key. */
  readonly #early = new Map<string, EarlyAnswer>();

  constructor(options: DnsExchangesOptions<Owner>) {
    this.#options = options;
    this.#timeoutNs = options.timeoutNs ?? 5_000_000_000n;
    this.#maxWaiting = options.maxWaiting ?? 4_096;
  }

  get waitingCount(): number {
    return this.#waiting.size;
  }

  add(packet: DnsPacket<Owner>): void {
    const message = parseDnsMessage(packet.message);
    if (message === undefined) this.counts.malformed++;
    else if (message.opcode !== OPCODE_QUERY) this.counts.ignored++;
    else if (packet.localPort === MDNS_PORT) this.#addMulticast(packet, message);
    else if (message.isResponse) this.#addAnswer(packet, message);
    else this.#addQuery(packet, message);
  }

  /** Gives up what has waited too long. */
  tick(nowNs: bigint): void {
    for (const waiting of this.#waiting) {
      if (nowNs - waiting.startNs < this.#timeoutNs) return;
      this.#remove(waiting);
      this.counts.timedOut++;
      this.#deliver(waiting, { outcome: "timedOut" });
    }
  }

  /** Tracing ends. */
  end(): void {
    this.counts.lost.untraced += this.#waiting.size;
    this.#waiting.clear();
    this.#byId.clear();
    this.#early.clear();
  }

  /** Of a responder's own socket: its ids are zero and its questions go to everyone, so that no answer belongs to any of them. */
  #addMulticast(packet: DnsPacket<Owner>, message: DnsMessage): void {
    if (message.isResponse || packet.direction === "received") {
      this.counts.ignored++;
      return;
    }
    for (const { name, type } of message.questions) {
      this.counts.seen++;
      this.counts.multicast++;
      this.#deliver(newWaiting(packet, "", name, type), { outcome: "multicast" });
    }
  }

  #addQuery(packet: DnsPacket<Owner>, message: DnsMessage): void {
    const key = keyOf(packet, packet.direction === "sent", message.id);
    for (const { name, type } of message.questions) {
      const same = this.#byId.get(key) ?? [];
      const repeated = same.find((waiting) => waiting.name === name && waiting.type === type);
      if (repeated !== undefined) {
        repeated.attemptCount++;
        this.counts.repeated++;
        continue;
      }
      this.counts.seen++;
      if (same.length >= MAX_WAITING_BY_ID) this.#giveUp(same[0]);
      else if (this.#waiting.size >= this.#maxWaiting) this.#giveUp(this.#waiting.values().next().value);
      const waiting = newWaiting(packet, key, name, type);
      this.#waiting.add(waiting);
      this.#byId.set(key, [...(this.#byId.get(key) ?? []), waiting]);
    }
    const early = this.#early.get(key);
    if (early === undefined || early.endNs < packet.startNs) return;
    if (this.#answer(key, early)) {
      this.#early.delete(key);
      this.counts.unpairedAnswers--;
    }
  }

  #addAnswer(packet: DnsPacket<Owner>, message: DnsMessage): void {
    const key = keyOf(packet, packet.direction === "received", message.id);
    const answer = { message, endNs: packet.endNs };
    if (this.#answer(key, answer)) return;
    this.counts.unpairedAnswers++;
    this.#early.delete(key);
    this.#early.set(key, answer);
    const [oldest] = this.#early.keys();
    if (this.#early.size > MAX_EARLY_ANSWERS && oldest !== undefined) this.#early.delete(oldest);
  }

  /** @returns whether a query waited for it */
  #answer(key: string, { message, endNs }: EarlyAnswer): boolean {
    // An answer to a query that could not be read may repeat no question.
    const answered = (this.#byId.get(key) ?? []).filter(
      ({ name, type }) =>
        message.questionCount === 0 ||
        message.questions.some((question) => question.name === name && question.type === type),
    );
    for (const waiting of answered) {
      this.#remove(waiting);
      this.counts.answered++;
      this.#deliver(waiting, {
        outcome: "answered",
        rcode: message.rcode,
        answers: message.answers,
        addresses: message.addresses,
        isTruncated: message.isTruncated,
        durationNs: Math.max(0, Number(endNs - waiting.startNs)),
      });
    }
    return answered.length > 0;
  }

  #giveUp(waiting: Waiting<Owner> | undefined): void {
    if (waiting === undefined) return;
    this.#remove(waiting);
    this.counts.lost.waitingLimit++;
  }

  #remove(waiting: Waiting<Owner>): void {
    this.#waiting.delete(waiting);
    const rest = (this.#byId.get(waiting.key) ?? []).filter((other) => other !== waiting);
    if (rest.length > 0) this.#byId.set(waiting.key, rest);
    else this.#byId.delete(waiting.key);
  }

  #deliver(waiting: Waiting<Owner>, result: Pick<DnsExchange, "outcome"> & Partial<DnsExchange>): void {
    const { side, transport, name, type, attemptCount, startNs, owner } = waiting;
    this.#options.onExchange({ side, transport, name, type, attemptCount, startNs, ...result }, owner);
  }
}

function keyOf(packet: DnsPacket<unknown>, isClient: boolean, id: number): string {
  return `${packet.socket}/${isClient ? "client" : "server"}/${id}`;
}

function newWaiting<Owner>(packet: DnsPacket<Owner>, key: string, name: string, type: string): Waiting<Owner> {
  const { owner, transport, startNs, direction } = packet;
  return {
    key,
    owner,
    side: direction === "sent" ? "client" : "server",
    transport,
    name,
    type,
    startNs,
    attemptCount: 1,
  };
}
