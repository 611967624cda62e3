import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("sockets.mjs", import.meta.url));

/** What a command answers. */
export interface Answer {
  readonly port?: number;
  /** Code of the error of a connect. */
  readonly error?: string;
  readonly descriptor?: number;
}

export interface SocketProcessOptions {
  /** A network namespace of its own, in which these lines of shell are run first. */
  readonly ownNetwork?: string;
  /** In the network namespace of that process. */
  readonly networkOf?: number;
}

/** Another process, which does with sockets what it is told. Ends when it is disposed of. */
export class SocketProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(child: ChildProcess, answers: AsyncIterator<string>) {
    this.#child = child;
    this.#answers = answers;
  }

  /** Waits until it runs, in its network namespace. */
  static async start({ ownNetwork, networkOf }: SocketProcessOptions = {}): Promise<SocketProcess> {
    const command = [process.execPath, program];
    if (ownNetwork !== undefined) {
      command.unshift("unshare", "-n", "sh", "-c", `ip link set lo up; ${ownNetwork}\nexec "$@"`, "sh");
    }
    if (networkOf !== undefined) command.unshift("nsenter", "-t", `${networkOf}`, "-n");
    const [file = "", ...args] = command;
    const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface({ input: child.stdout });
    const started = new SocketProcess(child, lines[Symbol.asyncIterator]());
    await started.do("nothing");
    return started;
  }

  /** One that does this alone, while this process waits and does nothing else. */
  static runToEnd(command: string, options: Readonly<Record<string, unknown>>): void {
    const input = `${JSON.stringify({ command, ...options })}\n`;
    const { status } = spawnSync(process.execPath, [program], { input, stdio: ["pipe", "ignore", "inherit"] });
    if (status !== 0) throw new Error(`it ended with ${status}`);
  }

  /** The shell and unshare become it: they execute it. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("it was not started");
    return this.#child.pid;
  }

  /** Tells it what to do, and waits until that is done. */
  async do(command: string, options: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify({ command, ...options })}\n`);
    return await this.answer(command);
  }

  /** What a command answers in the end, where it has answered something else before. */
  async answer(command: string): Promise<Answer> {
    const { value, done } = await this.#answers.next();
    if (done === true) throw new Error(`it ended before it had done "${command}"`);
    return JSON.parse(value) as Answer;
  }

  async listen(options: Readonly<Record<string, unknown>> = {}): Promise<number> {
    const { port } = await this.do("listen", { host: "127.0.0.1", ...options });
    return port ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}
