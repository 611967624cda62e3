import { spawn } from "node:child_process";
import { repositoryRoot } from "./repository.ts";

export interface CommandOptions {
  /** Absolute; the repository's root by default. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Keep stdout and stderr, and print them only when the command fails. */
  readonly quiet?: boolean;
}

/** Runs a command to its end, with this process's stdin, stdout and stderr. Resolves with its exit status. */
export function runCommand(command: string, args: readonly string[], options: CommandOptions = {}): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const child = spawn(command, args, {
    cwd: options.cwd ?? repositoryRoot,
    env: { ...process.env, ...options.env },
    stdio: options.quiet === true ? ["ignore", "pipe", "pipe"] : "inherit",
  });

  const output: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => output.push(chunk));

  // Ctrl-C reaches the child by itself; a SIGTERM is sent to this process alone.
  const leaveItToTheChild = (): void => undefined;
  const forward = (): boolean => child.kill("SIGTERM");
  process.on("SIGINT", leaveItToTheChild);
  process.on("SIGTERM", forward);

  child.on("error", reject);
  child.on("close", (status) => {
    process.off("SIGINT", leaveItToTheChild);
    process.off("SIGTERM", forward);
    if (status !== 0) process.stderr.write(Buffer.concat(output));
    resolve(status ?? 1);
  });
  return promise;
}

/** Like {@link runCommand}, but a failure ends this process too: the command has said why. */
export async function mustRun(command: string, args: readonly string[], options: CommandOptions = {}): Promise<void> {
  const status = await runCommand(command, args, options);
  if (status === 0) return;
  say(`skep: "${[command, ...args].join(" ")}" failed`);
  process.exit(status);
}

/** One plain line on stderr: stdout belongs to the command's own result. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
