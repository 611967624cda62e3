/** An HTTP server with some work to do for each request. Tells its parent the port. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const file = process.argv[2] ?? "";

const server = createServer((_request, response) => {
  let digest = readFileSync(file);
  for (let turn = 0; turn < 40; turn++) digest = createHash("sha256").update(digest).digest();
  response.end(digest.toString("hex"));
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (address !== null && typeof address === "object") process.send?.({ port: address.port });
});
process.once("disconnect", () => process.exit());
