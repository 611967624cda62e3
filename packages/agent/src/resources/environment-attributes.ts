import { closeSync, openSync, readSync } from "node:fs";

/** What a program's environment says of its resource, by attribute. */
export type EnvironmentAttributes = Readonly<Record<string, string>>;

/** An environment may take up to 2 MiB or more; whoever sets these variables sets a few dozen. */
const ENVIRONMENT_LIMIT_BYTES = 128 * 1024;
const ATTRIBUTE_LIMIT = 32;
const VALUE_LIMIT_CHARACTERS = 256;

const PREFIX = "OTEL_";
const SERVICE_NAME = "OTEL_SERVICE_NAME=";
const RESOURCE_ATTRIBUTES = "OTEL_RESOURCE_ATTRIBUTES=";

/** Shared by all reads, which are synchronous. */
let buffer: Buffer | undefined;

/**
 * What a process was told of its own resource when it was started, from `/proc/PID/environ`. Nothing else of its
 * environment is looked at. Needs CAP_SYS_PTRACE for other users' processes; without it, and of a process that is gone,
 * nothing is known.
 */
export function readEnvironmentAttributes(pid: number): EnvironmentAttributes {
  buffer ??= Buffer.allocUnsafeSlow(ENVIRONMENT_LIMIT_BYTES);
  let length = 0;
  try {
    const file = openSync(`/proc/${pid}/environ`, "r");
    try {
      for (let read = -1; read !== 0 && length < buffer.length; length += read) {
        read = readSync(file, buffer, length, buffer.length - length, null);
      }
    } finally {
      closeSync(file);
    }
  } catch {
    return {}; // ended, or not ours to look into
  }
  const environment = buffer.subarray(0, length);
  // Most have none of them, and need no text made of them.
  return environment.includes(PREFIX) ? parseEnvironment(environment.toString("utf8")) : {};
}

/** The variables of a program, each ended by a zero byte. */
export function parseEnvironment(environment: string): EnvironmentAttributes {
  const attributes: Record<string, string> = {};
  let serviceName: string | undefined;
  for (const variable of environment.split("\0")) {
    if (variable.startsWith(SERVICE_NAME)) serviceName = variable.slice(SERVICE_NAME.length).trim();
    else if (variable.startsWith(RESOURCE_ATTRIBUTES)) {
      Object.assign(attributes, parseResourceAttributes(variable.slice(RESOURCE_ATTRIBUTES.length)));
    }
  }
  // It goes before the same attribute of the other variable (specification/configuration/sdk-environment-variables.md).
  if (serviceName) attributes["service.name"] = bounded(serviceName);
  return attributes;
}

/** `key=value,key=value`, values percent-encoded (specification/resource/sdk.md). What is malformed is no attribute. */
export function parseResourceAttributes(text: string): EnvironmentAttributes {
  const attributes: Record<string, string> = {};
  let count = 0;
  for (const pair of text.split(",")) {
    const equals = pair.indexOf("=");
    const key = decoded(pair.slice(0, Math.max(0, equals)).trim());
    const value = decoded(pair.slice(equals + 1).trim());
    if (!key || !value || count >= ATTRIBUTE_LIMIT) continue;
    attributes[bounded(key)] = bounded(value);
    count += 1;
  }
  return attributes;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // a lone percent sign
  }
}

function bounded(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those of others' making are what is looked for.
  return text.slice(0, VALUE_LIMIT_CHARACTERS).replace(/[\u0000-\u001f\u007f]/g, "\ufffd");
}
