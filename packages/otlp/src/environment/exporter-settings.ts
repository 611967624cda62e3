import { readFileSync } from "node:fs";
import { messageOf, OtlpError } from "../errors.ts";
import { checkHeaders } from "../exporter/headers.ts";
import {
  type ExporterSettings,
  PROTOCOLS,
  type Protocol,
  parseEndpoint,
  signalEndpoint,
  type TlsSettings,
} from "../exporter/settings.ts";
import type { AnySignal } from "../model/signal.ts";
import { choiceOf, type Environment, valueNotAllowed, variableOf } from "./environment.ts";
import { parsePairs } from "./pairs.ts";

const COMPRESSIONS = ["gzip", "none"] as const;

/** A variable that is set. */
interface Variable {
  readonly name: string;
  readonly value: string;
}

/**
 * What the standard variables `OTEL_EXPORTER_OTLP_*` say about one signal; what is not set is absent. The variable of
 * the signal (`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`) goes before the one for all.
 *
 * Files of certificates and keys are read here.
 *
 * @throws OtlpError of code `configuration` that names the variable, and what is allowed.
 */
export function exporterSettingsFromEnvironment(
  signal: Pick<AnySignal, "name" | "httpPath">,
  environment: Environment = process.env,
): ExporterSettings {
  const nameOf = (option: string): string => {
    const own = ofSignal(signal, option);
    return variableOf(environment, own) === undefined ? ofAll(option) : own;
  };
  const find = (option: string): Variable | undefined => {
    const name = nameOf(option);
    const value = variableOf(environment, name);
    return value === undefined ? undefined : { name, value };
  };
  const protocol = choiceOf(environment, nameOf("PROTOCOL"), PROTOCOLS);
  const insecure = choiceOf(environment, nameOf("INSECURE"), ["true", "false"]) === "true";
  return defined({
    endpoint: endpointOf(signal, find("ENDPOINT"), protocol ?? "http/protobuf", insecure),
    protocol,
    headers: headersOf(find("HEADERS")),
    timeoutMs: timeoutOf(find("TIMEOUT")),
    compression: choiceOf(environment, nameOf("COMPRESSION"), COMPRESSIONS),
    tls: tlsOf(find("CERTIFICATE"), find("CLIENT_CERTIFICATE"), find("CLIENT_KEY")),
  });
}

function ofAll(option: string): string {
  return `OTEL_EXPORTER_OTLP_${option}`;
}

function ofSignal(signal: Pick<AnySignal, "name">, option: string): string {
  return `OTEL_EXPORTER_OTLP_${signal.name.toUpperCase()}_${option}`;
}

/** For HTTP, the signal's path is appended to the endpoint of all signals, but not to one that is the signal's own. */
function endpointOf(
  signal: Pick<AnySignal, "name" | "httpPath">,
  variable: Variable | undefined,
  protocol: Protocol,
  insecure: boolean,
): string | undefined {
  if (variable === undefined) return undefined;
  return inVariable(variable, () => {
    if (protocol === "grpc") {
      // A target without a scheme, which gRPC's own clients take: host:port.
      const hasScheme = variable.value.includes("://");
      const url = hasScheme ? variable.value : `${insecure ? "http" : "https"}://${variable.value}`;
      return parseEndpoint(url, protocol).href;
    }
    const isForAll = variable.name === ofAll("ENDPOINT");
    return isForAll ? signalEndpoint(variable.value, signal) : parseEndpoint(variable.value, protocol).href;
  });
}

function headersOf(variable: Variable | undefined): Readonly<Record<string, string>> | undefined {
  if (variable === undefined) return undefined;
  const headers = parsePairs(variable.name, variable.value);
  inVariable(variable, () => checkHeaders(headers));
  return headers;
}

function timeoutOf(variable: Variable | undefined): number | undefined {
  if (variable === undefined) return undefined;
  if (!/^\d{1,9}$/.test(variable.value))
    throw valueNotAllowed(variable.name, variable.value, "whole milliseconds; 0 is no limit");
  return Number(variable.value);
}

function tlsOf(
  ca: Variable | undefined,
  certificate: Variable | undefined,
  key: Variable | undefined,
): TlsSettings | undefined {
  if (ca === undefined && certificate === undefined && key === undefined) return undefined;
  return defined({ ca: contentOf(ca), certificate: contentOf(certificate), key: contentOf(key) });
}

/** The content of the file that a variable names. */
function contentOf(variable: Variable | undefined): string | undefined {
  if (variable === undefined) return undefined;
  try {
    return readFileSync(variable.value, "utf8");
  } catch (cause) {
    throw new OtlpError("configuration", `${variable.name}: ${messageOf(cause)}`, {
      hint: "it must be the path of a readable file in PEM",
      cause,
    });
  }
}

/** Puts the name of the variable in front of what is wrong with its value. */
function inVariable<T>({ name }: Variable, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof OtlpError)) throw cause;
    const { code, message, hint } = cause;
    throw new OtlpError(code, `${name}: ${message}`, { hint, cause });
  }
}

/** Without the members that are undefined: absent is what "not set" is called in {@link ExporterSettings}. */
function defined<T extends object>(settings: { [Name in keyof T]: T[Name] | undefined }): T {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as T;
}
