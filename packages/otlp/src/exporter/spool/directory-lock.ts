import { once } from "node:events";
import { statSync } from "node:fs";
import { createServer } from "node:net";
import { OtlpError } from "../../errors.ts";

/**
 * Makes sure that one exporter at a time uses a directory. The lock is an abstract Unix socket named after the
 * directory's inode: the kernel takes it back when the process ends, even by SIGKILL, so none is ever left over.
 * It holds within a network namespace.
 *
 * @throws OtlpError of code `spool` when another exporter has it.
 */
export async function lockDirectory(directory: string): Promise<Disposable> {
  const { dev, ino } = statSync(directory, { bigint: true });
  const server = createServer((connection) => connection.destroy());
  server.listen(`\0skep-spool-${dev}-${ino}`);
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new OtlpError("spool", `another exporter is using the spool in ${directory}`, {
      hint: "give each its own directory",
      cause,
    });
  }
  server.unref();
  return { [Symbol.dispose]: () => server.close() };
}
