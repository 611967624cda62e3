import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory that is gone at the end of its scope, with all that is in it. */
export function temporaryDirectory(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "skep-otlp-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}
