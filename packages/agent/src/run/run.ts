import type { TargetOptions } from "@skep/tracers";
import { PageRelease } from "../system/release-pages.ts";
import { Interruption } from "./interruption.ts";
import { describeCommandExit, LaunchedCommand } from "./launched-command.ts";
import type { RunRequest } from "./run-request.ts";

/** `setTimeout` takes no longer than this, 24 days. With no end in sight it is this timer that keeps Skep running. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** From before a tracer is started until it has told what it saw: COMMAND held at the door, and the signals that end it. */
export class Run implements Disposable {
  readonly request: RunRequest;
  readonly #interruption: Interruption;
  readonly #launched: LaunchedCommand | undefined;

  private constructor(request: RunRequest, interruption: Interruption, launched: LaunchedCommand | undefined) {
    this.request = request;
    this.#interruption = interruption;
    this.#launched = launched;
  }

  /**
   * Takes over SIGINT and SIGTERM, and starts the process that waits to become COMMAND.
   *
   * @param abandon synchronous clean-up before a second signal ends the process
   * @throws CliError with the exit code 126 or 127 for a COMMAND that cannot be started
   */
  static async begin(request: RunRequest, abandon: () => void = () => undefined): Promise<Run> {
    const { target, json } = request;
    const interruption = new Interruption(abandon);
    try {
      const launched = target.kind === "command" ? await LaunchedCommand.start(target.command, json) : undefined;
      return new Run(request, interruption, launched);
    } catch (error) {
      interruption[Symbol.dispose]();
      throw error;
    }
  }

  /** COMMAND runs in our terminal, and has it to itself. */
  get sharesTerminal(): boolean {
    return this.#launched !== undefined;
  }

  /** Whom the tracer is to look at. */
  get targetOptions(): TargetOptions {
    if (this.#launched !== undefined) return { pids: [this.#launched.pid], startOnExec: true };
    const { target } = this.request;
    switch (target.kind) {
      case "all":
      case "command":
        return {};
      case "pids":
        return { pids: target.pids };
      case "cgroup":
        return { cgroupPath: target.path };
      default:
        return target satisfies never;
    }
  }

  /**
   * To be called once the tracer is started: lets COMMAND go, and resolves at the first of these: the duration is over,
   * all that was to be traced has exited, a signal came.
   *
   * @param tracedExited resolves when none of the processes of {@link targetOptions} runs any more
   */
  async untilEnd(tracedExited: Promise<void>): Promise<void> {
    this.#launched?.release();
    using _pages = new PageRelease();
    const ends: Promise<unknown>[] = [this.#interruption.requested];
    if (this.#launched !== undefined) ends.push(Promise.all([tracedExited, this.#launched.exited]));
    else if (this.request.target.kind === "pids") ends.push(tracedExited);
    const { promise: elapsed, resolve } = Promise.withResolvers<void>();
    using _timer = setTimeout(resolve, this.request.durationMs ?? LONGEST_TIMER_MS);
    await Promise.race([elapsed, ...ends]);
  }

  /** Says on standard error how COMMAND ended, or that it is ended now; nothing where all is well. */
  reportCommand(): void {
    if (this.#launched === undefined) return;
    const { name, exit, pid } = this.#launched;
    const line =
      exit === undefined ? `${name} (${pid}) is still running and gets SIGTERM` : describeCommandExit(name, exit);
    if (line !== undefined) process.stderr.write(`skep: ${line}\n`);
  }

  [Symbol.dispose](): void {
    this.#launched?.[Symbol.dispose]();
    this.#interruption[Symbol.dispose]();
  }
}
