import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Where the process starts, from source: `node --conditions=skep-source ${skepMain}`. */
export const skepMain: string = fileURLToPath(new URL("../../main.ts", import.meta.url));

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
  /** Runs as this user and group, without any capability; as ourselves when absent. */
  readonly userId?: number;
}

/** A user that owns nothing. */
export const NOBODY = 65_534;

/** For other users: they may not write to where the test runner collects the coverage, and Node.js would say so. */
export const NO_COVERAGE: NodeJS.ProcessEnv = { NODE_V8_COVERAGE: undefined };

/** `skep` from source, as a process of its own. */
export class SkepProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves when it has exited and all of its output is here. */
  readonly result: Promise<SkepResult>;
  stdout = "";
  stderr = "";

  constructor(args: readonly string[], { cwd, env, userId }: SkepSettings = {}) {
    this.child = spawn(process.execPath, ["--conditions=skep-source", skepMain, ...args], {
      cwd,
      env: { ...process.env, ...env, ...(userId !== undefined && NO_COVERAGE) },
      ...(userId !== undefined && { uid: userId, gid: userId }),
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
