import { chmodSync, cpSync, mkdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { mustRun, say } from "./command.ts";
import { fromRoot, sourceFiles } from "./repository.ts";

/** Its time is that of the start of the last build. */
const stamp = fromRoot("packages/agent/dist/.built");

/** Builds what `npx skep` runs: every package into its dist/. Does nothing when no source is newer than the last build. */
export async function build(): Promise<void> {
  if (isUpToDate()) return;
  say("Building ...");
  const startedAt = new Date();
  // The agent's references lead to all others but the page.
  await mustRun("tsc", ["-b", "packages/agent"]);
  await mustRun("npm", ["run", "--silent", "build", "-w", "@skep/ui"], { quiet: true });
  copyBesideTheCode();
  // Not before it is needed: nothing is built most of the time.
  const { bundleAgent } = await import("./bundle-agent.ts");
  await bundleAgent();
  writeFileSync(stamp, "");
  // A source that was changed meanwhile is newer than the build.
  utimesSync(stamp, startedAt, startedAt);
}

/** Folders are compared too: the time of one changes when a file of it is removed. */
function isUpToDate(): boolean {
  const builtAtMs = modifiedAtMs(stamp);
  if (builtAtMs === undefined) return false;
  const inputs = sourceFiles("packages/*/{src,bin}/**", "packages/*/*.{json,ts,html}", "*.json");
  return inputs.every((input) => (modifiedAtMs(fromRoot(input)) ?? 0) <= builtAtMs);
}

function modifiedAtMs(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

/** What the compiled code opens by a path relative to itself: the kernel halves, and the page. */
function copyBesideTheCode(): void {
  for (const object of sourceFiles("packages/*/src/**/*.bpf.o")) {
    if (!object.includes("/testing/")) copy(object, object.replace("/src/", "/dist/"));
  }
  for (const file of ["flame-graph.html", "live/live.html", "live/live.js", "live/live.css"]) {
    copy(`packages/ui/dist/${file}`, `packages/agent/dist/assets/${file}`);
  }
  for (const file of ["live.html", "live.js", "live.css"]) {
    copy(`packages/ui/dist/live/${file}`, `packages/agent/dist/assets/live/${file}`);
  }
  chmodSync(fromRoot("packages/agent/bin/skep.mjs"), 0o755);
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(fromRoot(to)), { recursive: true });
  cpSync(fromRoot(from), fromRoot(to));
}
