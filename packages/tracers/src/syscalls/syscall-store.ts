import type { TracedProcess } from "../traced-process.ts";
import { CallTally, UNKNOWN_ERROR } from "./call-tally.ts";
import type { SyscallNames } from "./kernel-names.ts";
import { identityOf, type ProcessNames } from "./process-names.ts";
import type { ProcessSyscalls, SyscallStatistics } from "./syscall-report.ts";
import type { CallKey, CallSums, ProcessKey } from "./syscall-table.ts";

/** How much the store holds between two snapshots. */
export interface StoreLimits {
  readonly processes: number;
  /** Calls, summed over the processes: some 300 bytes each. */
  readonly calls: number;
}

export interface StoredSyscalls {
  readonly syscalls: readonly SyscallStatistics[];
  readonly processes: readonly ProcessSyscalls[];
  /** Calls of no process, since the kernel half had no room for them. */
  readonly unattributed: number;
  /** Calls of processes that the store had no room for. */
  readonly evicted: number;
}

interface ProcessEntry {
  process: TracedProcess;
  readonly tallies: Map<number, CallTally>;
}

/** Adds up rows from the kernel by process and call. */
export class SyscallStore {
  readonly #names: SyscallNames;
  readonly #processNames: ProcessNames;
  readonly #limits: StoreLimits;
  readonly #timed: boolean;
  /** The ones without a call for longest are first. */
  #processes = new Map<number, ProcessEntry>();
  #callCount = 0;
  /** Of no process any more, or never of one. */
  #others = new Map<number, CallTally>();
  #unattributed = 0;
  #evicted = 0;

  constructor(names: SyscallNames, processNames: ProcessNames, limits: StoreLimits, timed: boolean) {
    this.#names = names;
    this.#processNames = processNames;
    this.#limits = limits;
    this.#timed = timed;
  }

  add(key: CallKey, sums: CallSums): void {
    this.#tally(key).add(sums);
  }

  addErrors(key: CallKey, errno: number, calls: number): void {
    this.#tally(key).addErrors(errno, calls);
  }

  addUnattributed(call: number, calls: number, errors: number): void {
    const tally = tallyIn(this.#others, call);
    tally.add({ calls, totalNs: 0, maxNs: 0, histogram: [] });
    if (errors > 0) tally.addErrors(UNKNOWN_ERROR, errors);
    this.#unattributed += calls;
  }

  /**
   * Makes room, and takes in what processes are called now: to be called when all rows of a read were added. What made
   * no call for longest goes first, as those that ended do; its calls stay in the totals.
   */
  settle(): void {
    for (const [identity, entry] of this.#processes) {
      if (this.#processes.size <= this.#limits.processes && this.#callCount <= this.#limits.calls) return;
      this.#processes.delete(identity);
      this.#callCount -= entry.tallies.size;
      for (const [call, tally] of entry.tallies) {
        this.#evicted += tally.calls;
        tallyIn(this.#others, call).merge(tally);
      }
    }
  }

  /** All that was added since the last call, with the calls that are under way now. */
  take(underWay: Iterable<CallKey>): StoredSyscalls {
    for (const key of underWay) this.#tally(key).running++;
    const totals = this.#others;
    const processes: { readonly process: ProcessSyscalls; readonly weight: number }[] = [];
    for (const { process, tallies } of this.#processes.values()) {
      let weight = 0;
      tallies.forEach((tally, call) => {
        tallyIn(totals, call).merge(tally);
        weight += this.#weight(tally);
      });
      processes.push({ process: { process, syscalls: this.#statistics(tallies) }, weight });
    }
    const taken = {
      syscalls: this.#statistics(totals),
      processes: processes.sort((a, b) => b.weight - a.weight).map(({ process }) => process),
      unattributed: this.#unattributed,
      evicted: this.#evicted,
    };
    this.#processes = new Map();
    this.#callCount = 0;
    this.#others = new Map();
    this.#unattributed = 0;
    this.#evicted = 0;
    return taken;
  }

  #tally(key: CallKey): CallTally {
    const { tallies } = this.#entry(key);
    const known = tallies.get(key.call);
    if (known !== undefined) return known;
    this.#callCount++;
    return tallyIn(tallies, key.call);
  }

  #entry(key: ProcessKey): ProcessEntry {
    const identity = identityOf(key);
    const known = this.#processes.get(identity);
    const process = this.#processNames.get(key);
    const entry = known ?? { process, tallies: new Map<number, CallTally>() };
    entry.process = process;
    // Insertion order is order of use.
    this.#processes.delete(identity);
    this.#processes.set(identity, entry);
    return entry;
  }

  #statistics(tallies: ReadonlyMap<number, CallTally>): SyscallStatistics[] {
    // Not of the map's entries: to take each apart in a comparison makes ten times as much garbage as there is data.
    const calls: { readonly call: number; readonly tally: CallTally }[] = [];
    tallies.forEach((tally, call) => void calls.push({ call, tally }));
    calls.sort((a, b) => this.#weight(b.tally) - this.#weight(a.tally) || b.tally.calls - a.tally.calls);
    return calls.map(({ call, tally }) => tally.statistics(call, this.#names, this.#timed));
  }

  #weight(tally: CallTally): number {
    return this.#timed ? tally.totalNs : tally.calls;
  }
}

function tallyIn(tallies: Map<number, CallTally>, call: number): CallTally {
  let tally = tallies.get(call);
  if (tally === undefined) {
    tally = new CallTally();
    tallies.set(call, tally);
  }
  return tally;
}
