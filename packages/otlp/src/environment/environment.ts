import { OtlpError } from "../errors.ts";

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The value of a variable; undefined where it is empty too, as the specification wants it. */
export function variableOf(environment: Environment, name: string): string | undefined {
  const value = environment[name]?.trim();
  return value === "" ? undefined : value;
}

/**
 * The value of a variable that knows only some, in whatever case it is written.
 *
 * @throws OtlpError of code `configuration` for another value.
 */
export function choiceOf<Value extends string>(
  environment: Environment,
  name: string,
  allowed: readonly Value[],
): Value | undefined {
  const value = variableOf(environment, name);
  if (value === undefined) return undefined;
  const choice = allowed.find((each) => each === value.toLowerCase());
  if (choice === undefined) throw valueNotAllowed(name, value, allowed.join(", "));
  return choice;
}

export function valueNotAllowed(name: string, value: string, allowed: string): OtlpError {
  return new OtlpError("configuration", `${name} is ${JSON.stringify(value)}`, { hint: `allowed: ${allowed}` });
}
