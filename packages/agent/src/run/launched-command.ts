import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, statSync } from "node:fs";
import type { Writable } from "node:stream";
import { CliError } from "../cli/cli-error.ts";
import { describeErrno, errnoName } from "../cli/errno.ts";
import { ExitCode } from "../cli/exit-code.ts";

/** How COMMAND ended: with an exit code, or by a signal. */
export interface CommandExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * Waits for a line on descriptor 3 and then turns into COMMAND by exec: so its process exists, and can be traced,
 * before its first instruction runs. Without the line (Skep has died) COMMAND does not start at all.
 */
const WAIT_THEN_EXEC = 'read -r _ <&3 || exit; exec 3<&-; exec "$@"';

/** A command of the user's, started by Skep but held at the door until {@link LaunchedCommand.release}. */
export class LaunchedCommand implements Disposable {
  readonly name: string;
  /** Stays the same when the waiting shell becomes COMMAND. */
  readonly pid: number;
  readonly exited: Promise<CommandExit>;
  readonly #child: ChildProcess;
  readonly #gate: Writable;

  private constructor(name: string, child: ChildProcess, pid: number, gate: Writable) {
    this.name = name;
    this.pid = pid;
    this.#child = child;
    this.#gate = gate;
    this.exited = new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal })));
    // A COMMAND killed at the door closes its end before the line is written: that shows as its exit, not as our error.
    gate.on("error", () => undefined);
  }

  /**
   * Starts the waiting process. COMMAND shares our terminal and process group, so Ctrl-C reaches it as usual; its standard
   * output is ours, or our standard error with `outputToStderr`.
   *
   * @throws CliError with the exit code 126 or 127 where the shell's exec would fail.
   */
  static async start(command: readonly [string, ...string[]], outputToStderr: boolean): Promise<LaunchedCommand> {
    const [name] = command;
    checkExecutable(name, process.env["PATH"]);
    const child = spawn("/bin/sh", ["-c", WAIT_THEN_EXEC, "sh", ...command], {
      stdio: ["inherit", outputToStderr ? 2 : "inherit", "inherit", "pipe"],
      env: commandEnvironment(process.env),
    });
    await once(child, "spawn");
    const { pid } = child;
    const gate = child.stdio[3] as Writable | null | undefined;
    if (pid === undefined || !gate) throw new Error("a spawned process has neither a pid nor its pipe");
    return new LaunchedCommand(name, child, pid, gate);
  }

  /** Lets COMMAND run. */
  release(): void {
    this.#gate.end("\n");
  }

  /** Undefined as long as COMMAND runs. */
  get exit(): CommandExit | undefined {
    const { exitCode: code, signalCode: signal } = this.#child;
    return code === null && signal === null ? undefined : { code, signal };
  }

  /** Asks COMMAND to end (SIGTERM), or keeps it from starting; does not wait for it. */
  [Symbol.dispose](): void {
    this.#gate.destroy();
    if (this.exit === undefined) this.#child.kill("SIGTERM");
    this.#child.unref();
  }
}

/** Our environment without the variables that `bin/skep.mjs` has added for Skep alone. */
export function commandEnvironment(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { SKEP_ADDED_VARIABLES: added = "", ...environment } = own;
  for (const name of added.split(" ")) delete environment[name];
  return environment;
}

/**
 * Finds out what the shell's exec would: whether `name` is there and may be executed.
 *
 * @throws CliError
 */
export function checkExecutable(name: string, searchPath: string | undefined): void {
  let denied: CliError | undefined;
  for (const path of candidates(name, searchPath)) {
    try {
      if (statSync(path).isDirectory()) throw new CliError(`cannot start ${path}: it is a directory`, notExecutable);
      accessSync(path, constants.X_OK);
      return;
    } catch (error) {
      if (errnoName(error) === "ENOENT" || errnoName(error) === "ENOTDIR") continue;
      // Like a shell, goes on looking: a later directory may have one that can be run.
      denied ??= error instanceof CliError ? error : notPermitted(path, error);
    }
  }
  if (denied !== undefined) throw denied;
  const where = name.includes("/") ? "" : " on the PATH";
  throw new CliError(`cannot start ${name}: there is no such command${where} (ENOENT)`, {
    hints: ["what follows -- runs as it is, without a shell; with one: -- sh -c 'a | b'"],
    exitCode: ExitCode.commandNotFound,
  });
}

function candidates(name: string, searchPath = "/usr/local/bin:/usr/bin:/bin"): string[] {
  if (name === "") return [];
  if (name.includes("/")) return [name];
  // An empty entry means the current directory: POSIX, "PATH".
  return searchPath.split(":").map((directory) => `${directory === "" ? "." : directory}/${name}`);
}

const notExecutable = { exitCode: ExitCode.commandNotExecutable };

function notPermitted(path: string, cause: unknown): CliError {
  const hints = errnoName(cause) === "EACCES" ? [`is it executable? ls -l ${path}`] : [];
  return new CliError(`cannot start ${path}: ${describeErrno(cause)}`, { ...notExecutable, hints, cause });
}

/** `make exited with code 2`; undefined where there is nothing to say. */
export function describeCommandExit(name: string, exit: CommandExit): string | undefined {
  if (exit.signal !== null) return `${name} was ended by ${exit.signal}`;
  return exit.code === 0 ? undefined : `${name} exited with code ${exit.code}`;
}
