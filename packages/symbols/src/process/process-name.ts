import { basename } from "node:path/posix";

/** What runtimes call the first thread of every program: it says nothing of which one. Node.js 24 does so. */
const namesOfRuntimes: ReadonlySet<string> = new Set(["MainThread", "node-MainThread"]);

/**
 * How a process is shown: by the name of its first thread, which programs set to say what they do; by its executable
 * where that name is a runtime's.
 */
export function processName(threadName: string, executablePath: string | undefined): string {
  if (executablePath === undefined || !namesOfRuntimes.has(threadName)) return threadName;
  return basename(executablePath.replace(/ \(deleted\)$/, ""));
}
