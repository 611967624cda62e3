import { ExitCode } from "../cli/exit-code.ts";
import { describeError } from "../cli/report-error.ts";
import { skepVersion } from "../cli/version.ts";
import type { Settings } from "../config/settings.ts";
import type { Problem } from "../pipeline/problem.ts";
import { Interruption } from "../run/interruption.ts";
import { checkSystem } from "../system/check-system.ts";
import { PageRelease } from "../system/release-pages.ts";
import { limitPrivileges } from "./limit-privileges.ts";
import { takeOverStatistics } from "./statistics-handover.ts";

/** `setTimeout` takes no longer than this, 24 days: something has to keep Skep running when all tracers are off. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
/**
 * When pages are given back after a round or a tracer's start, which leave 8 to 20 MB: at once, and when what goes on
 * beside it, the names of new functions above all, is over, too.
 */
const RELEASE_DELAYS_MS = [0, 1000];

/** Runs `skep run`, until a signal ends it. */
export async function runService(configPath: string | undefined): Promise<number> {
  // First of all: this process may start once more, and does again what it has done so far.
  limitPrivileges();
  // Before anything is started: what is wrong here has no other cause.
  const settings = await settingsOf(configPath);
  checkSystem("tracing");

  using interruption = new Interruption(() => undefined);
  const failure = Promise.withResolvers<never>();
  let changing = Promise.resolve();
  const onHangup = () => {
    changing = changing.then(() => reload(service, configPath)).catch(failure.reject);
  };
  const { Service } = await import("./service.ts");
  using pages = new PageRelease([]);
  const statistics = takeOverStatistics();
  await using service = await Service.start(settings, {
    onProblem: reportProblem,
    onPage: reportPage,
    onWorkDone: () => pages.startOver(RELEASE_DELAYS_MS),
    ...(statistics !== undefined && { statistics }),
  });
  process.on("SIGHUP", onHangup);
  process.stderr.write(greeting(service));
  using _timer = setInterval(() => undefined, LONGEST_TIMER_MS);
  await Promise.race([interruption.requested, failure.promise]);
  process.off("SIGHUP", onHangup);
  await changing;
  return ExitCode.ok;
}

async function settingsOf(configPath: string | undefined): Promise<Settings> {
  if (configPath === undefined) return (await import("../config/default-settings.ts")).defaultSettings();
  return (await import("../config/read-settings-file.ts")).readSettingsFile(configPath);
}

/** What is said of a running agent. */
export interface ServiceFacts {
  readonly receivers: readonly string[];
  readonly tracers: readonly { readonly name: string; readonly state: string }[];
}

export function greeting({ receivers, tracers }: ServiceFacts): string {
  const on = tracers.filter(({ state }) => state !== "off").map(({ name }) => name);
  const nowhere = "nowhere; otlp.endpoint or OTEL_EXPORTER_OTLP_ENDPOINT says where to";
  return [
    `Skep ${skepVersion()} traces ${on.length === 0 ? "nothing" : on.join(", ")}. Ctrl-C ends it.`,
    ...(receivers.length === 0 ? [nowhere] : receivers).map((receiver) => `  OTLP  ${receiver}`),
    "",
  ].join("\n");
}

/** It can be opened while the tracers are being started. */
function reportPage(url: string): void {
  process.stderr.write(`Skep's page is at ${url}\n`);
}

function reportProblem({ message, hint }: Problem): void {
  process.stderr.write(`skep: ${message}\n${hint === undefined ? "" : `      ${hint}\n`}`);
}

/** A configuration that is wrong changes nothing; one that cannot be had ends the agent, since it has no page any more. */
async function reload(
  service: { change(settings: Settings): Promise<void> } & ServiceFacts,
  configPath: string | undefined,
): Promise<void> {
  let settings: Settings;
  try {
    settings = await settingsOf(configPath);
  } catch (error) {
    process.stderr.write(describeError(error, false).text);
    process.stderr.write("skep: it goes on as before\n");
    return;
  }
  await service.change(settings);
  process.stderr.write(greeting(service));
}
