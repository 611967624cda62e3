import {
  attachPerfEvent,
  BpfError,
  type Link,
  onlineCpus,
  PerfHardware,
  PerfSoftware,
  PerfType,
  type Program,
} from "@skep/ebpf";
import type { SamplingEvent } from "./profile.ts";

/** What perf_event_open() answers where there is no PMU, or none that can interrupt. */
const NO_PMU: ReadonlySet<string | undefined> = new Set(["ENOENT", "ENODEV", "EOPNOTSUPP", "EINVAL"]);

/** One sampling event per online CPU, each of which runs the program. */
export class SamplingEvents implements Disposable {
  readonly event: SamplingEvent;
  readonly #program: Program;
  #frequencyHz: number;
  #paused = false;
  readonly #links = new Map<number, Link>();
  #cpuCount = 0;

  private constructor(program: Program, frequencyHz: number, event: SamplingEvent) {
    this.#program = program;
    this.#frequencyHz = frequencyHz;
    this.event = event;
  }

  /**
   * Samples all online CPUs: hardware cycles where there is a PMU, else the CPU clock.
   *
   * @throws BpfError `not-permitted` without CAP_PERFMON (CAP_SYS_ADMIN below 5.9)
   */
  static open(program: Program, frequencyHz: number): SamplingEvents {
    try {
      return SamplingEvents.#openAll(program, frequencyHz, "cycles");
    } catch (error) {
      if (!(error instanceof BpfError) || !NO_PMU.has(error.errnoName)) throw error;
      return SamplingEvents.#openAll(program, frequencyHz, "cpu-clock");
    }
  }

  static #openAll(program: Program, frequencyHz: number, event: SamplingEvent): SamplingEvents {
    const events = new SamplingEvents(program, frequencyHz, event);
    try {
      events.refresh();
      return events;
    } catch (error) {
      events[Symbol.dispose]();
      throw error;
    }
  }

  /** CPUs that are sampled, or were when it was disposed of. */
  get cpuCount(): number {
    return this.#cpuCount;
  }

  /** Follows CPUs that were plugged in or out: an event ends with its CPU and does not come back with it. */
  refresh(): void {
    if (this.#paused) return;
    const online = new Set(onlineCpus());
    for (const [cpu, link] of this.#links) {
      if (online.has(cpu)) continue;
      link[Symbol.dispose]();
      this.#links.delete(cpu);
    }
    for (const cpu of online) {
      if (this.#links.has(cpu)) continue;
      try {
        this.#links.set(cpu, this.#attach(cpu));
      } catch (error) {
        // Went offline since it was listed; ENODEV while it is on its way.
        if (error instanceof BpfError && error.errnoName === "ENODEV" && !onlineCpus().includes(cpu)) continue;
        throw error;
      }
    }
    this.#cpuCount = this.#links.size;
  }

  /** Takes no sample until {@link resume}. */
  pause(): void {
    this.#paused = true;
    this[Symbol.dispose]();
  }

  /** Goes on, so often. */
  resume(frequencyHz: number): void {
    this.#frequencyHz = frequencyHz;
    this.#paused = false;
    this.refresh();
  }

  [Symbol.dispose](): void {
    for (const link of this.#links.values()) link[Symbol.dispose]();
    this.#links.clear();
  }

  #attach(cpu: number): Link {
    const hardware = this.event === "cycles";
    return attachPerfEvent(this.#program, {
      type: hardware ? PerfType.HARDWARE : PerfType.SOFTWARE,
      config: hardware ? PerfHardware.CPU_CYCLES : PerfSoftware.CPU_CLOCK,
      frequencyHz: this.#frequencyHz,
      cpu,
      // Not every PMU knows it; the program skips the idle task anyway.
      excludeIdle: !hardware,
    });
  }
}
