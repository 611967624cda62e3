import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exporterSettingsFromEnvironment } from "@skep/otlp/environment";
import { signalEndpoint } from "@skep/otlp/exporter";
import { logs } from "@skep/otlp/logs";
import { metrics } from "@skep/otlp/metrics";
import { profiles } from "@skep/otlp/profiles";
import { traces } from "@skep/otlp/traces";
import { CliError } from "../cli/cli-error.ts";
import { describeErrno } from "../cli/errno.ts";
import type { OtlpSettings } from "../config/settings.ts";
import type { SenderSettingsBySignal } from "../export/senders.ts";
import type { SenderSettings } from "../export/signal-sender.ts";

const signalByName = { profiles, logs, metrics, traces };
type AnySignal = (typeof signalByName)[keyof typeof signalByName];

const MEGABYTE = 1024 * 1024;

/**
 * Where each signal goes: what the configuration says, and for the rest what the `OTEL_EXPORTER_OTLP_*` variables say.
 * A signal without an endpoint from either is not sent.
 *
 * @throws CliError for a file that cannot be read, OtlpError for a variable that makes no sense
 */
export function senderSettings(settings: OtlpSettings, environment: NodeJS.ProcessEnv): SenderSettingsBySignal {
  const senders: { -readonly [Name in keyof SenderSettingsBySignal]: SenderSettingsBySignal[Name] } = {};
  for (const name of ["profiles", "logs", "metrics", "traces"] as const) {
    const ofSignal = settings.signals[name] ? settingsOf(signalByName[name], settings, environment) : undefined;
    if (ofSignal !== undefined) senders[name] = ofSignal;
  }
  return senders;
}

function settingsOf(
  signal: AnySignal,
  settings: OtlpSettings,
  environment: NodeJS.ProcessEnv,
): SenderSettings | undefined {
  const ofEnvironment = exporterSettingsFromEnvironment(signal, environment);
  const protocol = settings.protocol ?? ofEnvironment.protocol ?? "http/protobuf";
  const endpoint = settings.endpoint ?? ofEnvironment.endpoint;
  if (endpoint === undefined) return undefined;
  // The configuration names the receiver of all signals; the variables have been told apart already.
  const isBase = settings.endpoint !== undefined && protocol !== "grpc";
  const { headers, compression, timeoutSeconds, tls, spool, queueMegabytes } = settings;
  return {
    ...ofEnvironment,
    endpoint: isBase ? signalEndpoint(endpoint, signal) : endpoint,
    protocol,
    compression: compression ?? ofEnvironment.compression ?? "gzip",
    ...(headers !== undefined && { headers }),
    ...(timeoutSeconds !== undefined && { timeoutMs: timeoutSeconds * 1000 }),
    tls: {
      ...ofEnvironment.tls,
      ...(tls.caFile !== undefined && { ca: readPem(tls.caFile) }),
      ...(tls.certificateFile !== undefined && { certificate: readPem(tls.certificateFile) }),
      ...(tls.keyFile !== undefined && { key: readPem(tls.keyFile) }),
    },
    queue: { maxBytes: queueMegabytes * MEGABYTE },
    ...(spool.directory !== undefined && {
      spool: { directory: join(spool.directory, signal.name), maxBytes: spool.megabytes * MEGABYTE },
    }),
  };
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new CliError(`cannot read ${path}: ${describeErrno(cause)}`, { cause });
  }
}
