/** Every module of Node.js costs memory: a user loads those that are needed, and no other. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";

const COSTLY = ["http", "http2", "https", "net", "tls", "crypto", "internal/deps/undici/undici"];

/** Which of the costly modules a program has loaded at its end. */
function loadedBy(program: string): string[] {
  const list = `
    const loaded = ${JSON.stringify(COSTLY)}.filter((name) => process.moduleLoadList.includes("NativeModule " + name));
    process.stdout.write(JSON.stringify(loaded));
  `;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--conditions=skep-source", "--input-type=module", "-e", `${program};${list}`],
    { encoding: "utf8", cwd: import.meta.dirname },
  );
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

const openTraces = (settings: string) => `
  import { OtlpExporter } from "@skep/otlp/exporter";
  import { traces } from "@skep/otlp/traces";
  const exporter = await OtlpExporter.open(traces, ${settings});
`;

const cases: readonly (readonly [name: string, program: string, loaded: readonly string[]])[] = [
  ["the whole package, unused", `import "@skep/otlp"`, []],
  ["OTLP over HTTP", openTraces("{}"), ["http", "net"]],
  [
    "OTLP over HTTPS",
    openTraces(`{ endpoint: "https://localhost:4318/v1/traces" }`),
    ["https", "net", "tls", "crypto"],
  ],
  ["OTLP over gRPC", openTraces(`{ protocol: "grpc" }`), ["http", "http2", "net", "tls", "crypto"]],
];
for (const [name, program, expected] of cases) {
  test(`${name} loads ${expected.join(", ") || "none of the modules that cost memory"}`, () => {
    assert.deepEqual(loadedBy(program).sort(), [...expected].sort());
  });
}
