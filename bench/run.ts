/**
 * `npm run bench [-- NAME...] [--write] [--long]`: measures Skep, and its peers in the same run; NAME picks benches.
 * `--write` also records the results in bench/README.md; with `--long`, the memory of the agent is watched for longer.
 */

import { parseArgs } from "node:util";
import { build } from "../scripts/build-packages.ts";
import { say } from "../scripts/command.ts";
import { describeForeignLoad, describeMachine } from "./harness/machine.ts";
import { writeSection } from "./harness/readme.ts";
import { type Report, renderReport } from "./harness/report.ts";
import { benchKernelBtf } from "./kernel-btf.ts";
import { benchLoad } from "./load.ts";
import { benchNetwork } from "./network.ts";
import { benchOverhead } from "./overhead.ts";
import { benchProcesses } from "./processes.ts";
import { benchProfile } from "./profile.ts";
import { benchRingBuffer } from "./ring-buffer.ts";
import { benchSymbols } from "./symbols.ts";
import { benchSyscalls } from "./syscalls.ts";

interface Bench {
  readonly says: string;
  readonly run: (options: { readonly long: boolean }) => Promise<Report>;
}

const benches: Readonly<Record<string, Bench>> = {
  load: { says: "loading and attaching objects, against libbpf", run: benchLoad },
  "ring-buffer": { says: "reading a ring buffer, against libbpf", run: benchRingBuffer },
  "kernel-btf": { says: "indexing the types of the kernel, against libbpf", run: benchKernelBtf },
  symbols: { says: "reading symbol tables and looking up addresses", run: benchSymbols },
  syscalls: {
    says: "counting all system calls, against syscount and bpftrace; about 4 minutes",
    run: benchSyscalls,
  },
  processes: { says: "telling of processes that start, run programs and end; about 2 minutes", run: benchProcesses },
  network: { says: "telling of each request of nginx at 10,000 a second; about 2 minutes", run: benchNetwork },
  profile: { says: "profiling a busy machine, against perf, bpftrace and bcc; about 2 minutes", run: benchProfile },
  overhead: { says: "what the agent costs beside a reference load; 5 minutes, 12 with --long", run: benchOverhead },
};

const { values, positionals } = parseArgs({
  options: { write: { type: "boolean" }, long: { type: "boolean", default: false } },
  allowPositionals: true,
});
const names = positionals.length > 0 ? positionals : Object.keys(benches);
const unknown = names.filter((name) => benches[name] === undefined);
if (unknown.length > 0) {
  say(`skep: no such bench: ${unknown.join(", ")}\n      there are ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  say("skep: the benches load programs into the kernel\n      run them as root");
  process.exit(1);
}

// Ends the programs that keep the machine busy, too: see BusyMachine.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

const foreignLoad = describeForeignLoad();
await build();
for (const name of names) {
  const bench = benches[name];
  if (bench === undefined) continue;
  say(`${name}: ${bench.says} ...`);
  try {
    const report = await bench.run({ long: values.long });
    const date = new Date().toISOString().slice(0, 10);
    const where = `\`npm run bench -- ${name}\` on ${date}: ${describeMachine()}.`;
    const text = renderReport({
      ...report,
      notes: [...report.notes, ...(foreignLoad === undefined ? [] : [foreignLoad]), where],
    });
    process.stdout.write(`\n## ${name}\n\n${text}\n`);
    if (values.write === true) writeSection(name, text);
  } catch (error) {
    // The others can still be measured.
    say(`skep: bench ${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    process.exitCode = 1;
  }
}
