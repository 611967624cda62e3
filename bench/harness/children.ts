import { type ChildProcess, spawn } from "node:child_process";

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Starts a program, without a terminal, that does not outlive us: who ends a bench early gets a quiet machine back. */
export function startChild(command: string, args: readonly string[], folder: string): ChildProcess {
  const child = spawn(command, args, { cwd: folder, stdio: "ignore" });
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}
