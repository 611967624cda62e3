import { getSystemErrorMap } from "node:util";

/** The symbolic errno of a failed call into Node.js, such as `ENOENT`; undefined for any other error. */
export function errnoName(error: unknown): string | undefined {
  return systemError(error)?.[0];
}

/** A failed call into Node.js in words, its errno's name included: `permission denied (EACCES)`. */
export function describeErrno(error: unknown): string {
  const [name, meaning] = systemError(error) ?? [undefined, String(error)];
  return name === undefined ? meaning : `${meaning} (${name})`;
}

function systemError(error: unknown): [name: string, meaning: string] | undefined {
  const errno = error instanceof Error && "errno" in error ? error.errno : undefined;
  return typeof errno === "number" ? getSystemErrorMap().get(errno) : undefined;
}
