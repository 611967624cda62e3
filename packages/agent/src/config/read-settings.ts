import * as v from "valibot";
import { type Document, isMap, isNode, LineCounter, parseDocument } from "yaml";
import { CliError } from "../cli/cli-error.ts";
import { nearName } from "../cli/near-names.ts";
import { describeSettings, type KeyDescription } from "./describe-settings.ts";
import type { Settings } from "./settings.ts";
import { keysWithValues, settingsSchema } from "./settings-schema.ts";

type Issue = v.BaseIssue<unknown>;

/** Larger than any configuration that a person wrote, and read at once. */
const MAXIMUM_BYTES = 1 << 20;

/**
 * Reads a configuration in YAML 1.2. A key without a value means its default.
 *
 * @param name what messages call the text, such as the path of its file
 * @throws CliError that names line, column and key of the first mistake, and what is allowed there; its hints hold the
 *   other mistakes
 */
export function readSettings(text: string, name: string): Settings {
  if (text.length > MAXIMUM_BYTES) {
    throw new CliError(`${name} is no configuration: it is larger than ${MAXIMUM_BYTES} bytes`);
  }
  const lines = new LineCounter();
  // No more than a few aliases: ten levels of ten aliases each are a file of a few hundred bytes that fills the memory.
  const document = parseDocument(text, { lineCounter: lines, stringKeys: true, prettyErrors: false });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${name}:${line}:${col}`;
  };
  const [syntaxError] = document.errors;
  if (syntaxError !== undefined) {
    throw new CliError(`${at(syntaxError.pos[0])}: not YAML: ${syntaxError.message}`);
  }
  const parsed = v.safeParse(settingsSchema, withoutNulls(plainValue(document, name), name), { abortPipeEarly: true });
  if (parsed.success) return parsed.output;

  const problems = parsed.issues
    .map((issue) => ({ offset: offsetOf(document, issue), ...describeIssue(issue) }))
    .sort((one, other) => one.offset - other.offset)
    .map(({ offset, problem, hint }) => ({ problem: `${at(offset)}: ${problem}`, hint }));
  const [first, ...others] = problems;
  if (first === undefined) throw new Error("a failed check has no issue");
  throw new CliError(first.problem, {
    hints: [first.hint, ...others.map(({ problem, hint }) => `${problem}; ${hint}`)],
  });
}

function describeIssue(issue: Issue): { readonly problem: string; readonly hint: string } {
  const path = pathOf(issue);
  if (isUnknownKey(issue)) {
    // To the schema the place in a list is a key like any other.
    if (!Array.isArray(issue.path?.at(-1)?.input)) {
      return { problem: `unknown key ${path.join(".")}`, hint: knownKeys(path) };
    }
    path.pop();
    return { problem: notAllowed(path, "a list"), hint: `allowed: ${keysWithValues}` };
  }
  return { problem: notAllowed(path, issue.received), hint: `allowed: ${issue.message}` };
}

function notAllowed(path: readonly unknown[], value: string): string {
  return `${path.length === 0 ? "" : `${path.join(".")}: `}${value} is not allowed`;
}

function isUnknownKey(issue: Issue): boolean {
  return issue.type === "strict_object" && issue.expected === "never";
}

function pathOf(issue: Issue): unknown[] {
  return (issue.path ?? []).map(({ key }) => key);
}

function plainValue(document: Document, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 }) ?? {};
  } catch (cause) {
    throw new CliError(`${name} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** `tracers:` with nothing behind it is what is left when all its keys are commented out. */
function withoutNulls(value: unknown, name: string, depth = 0): unknown {
  // An alias inside of what it stands for makes a value without end.
  if (depth > 16) throw new CliError(`${name} is nested more than 16 levels deep`);
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, name, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item, name, depth + 1)]));
}

/** Where in the text the value begins, or its key if that is what is wrong; that of the closest parent where there is none. */
function offsetOf(document: Document, issue: Issue): number {
  const path = pathOf(issue);
  const parent = document.getIn(path.slice(0, -1), true);
  if (isUnknownKey(issue) && isMap(parent)) {
    const pair = parent.items.find(({ key }) => String(key) === path.at(-1));
    if (isNode(pair?.key)) return pair.key.range?.[0] ?? 0;
  }
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return 0;
}

/** What could have been meant by a key that does not exist. */
function knownKeys(path: readonly unknown[]): string {
  let keys: readonly KeyDescription[] | undefined = describeSettings();
  for (const part of path.slice(0, -1)) keys = keys?.find(({ name }) => name === part)?.keys;
  const names = (keys ?? []).map(({ name }) => name);
  const near = nearName(String(path.at(-1)), names);
  return near === undefined ? `allowed: ${names.join(", ")}` : `did you mean ${near}?`;
}
