// Says "ready", waits for a line on its standard input, then asks the name server at the address that is its first argument
// for the names that follow, each with its type: "A:example.test".
import { Resolver } from "node:dns/promises";

const [, , server, ...names] = process.argv;
const resolver = new Resolver({ timeout: 500, tries: 1 });
resolver.setServers([server]);
console.log("ready");
await new Promise((resolve) => process.stdin.once("data", resolve));
for (const name of names) {
  const [type, asked] = name.split(":");
  await resolver.resolve(asked, type).catch(() => undefined);
}
process.exit(0);
