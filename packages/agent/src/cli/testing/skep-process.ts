import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("../../../../../", import.meta.url));
const main = "packages/agent/src/main.ts";

/** Where the process starts, from source: `node --conditions=skep-source ${skepMain}`. */
export const skepMain: string = repository + main;

export interface SkepResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SkepSettings {
  readonly cwd?: string;
  /** On top of our own environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Runs as a user that owns nothing, with these capabilities alone (`bpf`, `perfmon` ...); as ourselves when absent. */
  readonly capabilities?: readonly string[];
}

/** A user that owns nothing. */
const NOBODY = "65534";

/** For other users: they may not write to where the test runner collects the coverage, and Node.js would say so. */
const NO_COVERAGE: NodeJS.ProcessEnv = { NODE_V8_COVERAGE: undefined };

function commandLine(args: readonly string[], capabilities: readonly string[] | undefined): string[] {
  if (capabilities === undefined) return [process.execPath, "--conditions=skep-source", skepMain, ...args];
  const set = ["-all", ...capabilities.map((name) => `+${name}`)].join(",");
  const user = `--reuid ${NOBODY} --regid ${NOBODY} --clear-groups --inh-caps ${set} --ambient-caps ${set}`;
  const node = "/mnt/node_modules/.bin/node --conditions=skep-source";
  // The repository may be where nobody else can reach it, such as in /root: there it is to be seen in /mnt.
  const script = `mount --bind "$0" /mnt && exec setpriv ${user} ${node} /mnt/${main} "$@"`;
  return ["unshare", "--mount", "sh", "-c", script, repository, ...args];
}

/** `skep` from source, as a process of its own. */
export class SkepProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves when it has exited and all of its output is here. */
  readonly result: Promise<SkepResult>;
  stdout = "";
  stderr = "";

  constructor(args: readonly string[], { cwd, env, capabilities }: SkepSettings = {}) {
    const [command = "", ...rest] = commandLine(args, capabilities);
    this.child = spawn(command, rest, {
      cwd,
      env: { ...process.env, ...env, ...(capabilities !== undefined && NO_COVERAGE) },
    });
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.result = once(this.child, "close").then(([code, signal]) => ({
      code,
      signal,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** Resolves as soon as standard error holds `text`; rejects if it ends without. */
  async says(text: string): Promise<void> {
    while (!this.stderr.includes(text)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`skep ended without saying "${text}", but: ${this.stderr}`);
      }
      await Promise.race([once(this.child.stderr, "data"), once(this.child, "close")]);
    }
  }
}

/** Runs `skep` to its end. */
export async function runSkep(args: readonly string[], settings: SkepSettings = {}): Promise<SkepResult> {
  const skep = new SkepProcess(args, settings);
  skep.child.stdin.end();
  return await skep.result;
}
