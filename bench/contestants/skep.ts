/**
 * Skep at the jobs that libbpf.c does too, by the same protocol: it answers each line on stdin by doing the job once and
 * printing its numbers as one line of JSON. Started without the `skep-source` condition, so that it is what users have:
 * the packages as they were built.
 *
 *   skep.ts load OBJECT [program=NAME]... [map=NAME:ENTRIES]...
 *   skep.ts ring OBJECT RING_BYTES RECORD_BYTES
 *   skep.ts btf
 *   skep.ts kallsyms
 *   skep.ts executable PATH      of its own process
 */

import { readFileSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import {
  attachPerfEvent,
  Collection,
  KernelBtf,
  type Link,
  onlineCpus,
  PerfSoftware,
  PerfType,
  ProgramType,
  RingBufferReader,
} from "@skep/ebpf";
import { BtfKind } from "@skep/ebpf/btf";
import { KernelSymbols, Symbolizer } from "@skep/symbols";
import { executableRange } from "../harness/processes.ts";
import { now } from "../harness/statistics.ts";
import { TimedSys } from "./timed-sys.ts";

type Numbers = Readonly<Record<string, number>>;
type Job = () => Numbers | Promise<Numbers>;

/** Of bpf_ringbuf_output(): the reader is not woken, it is called. */
const NO_WAKEUP = 1n;
/** The same as in libbpf.c. */
const typeNames = ["task_struct", "cgroup", "sock", "file", "inode", "sk_buff", "mm_struct", "rq"];

const jobs: Readonly<Record<string, (args: readonly string[]) => Job | Promise<Job>>> = {
  load: (args) => () => load(args),
  ring: ([object = "", ringBytes, recordBytes]) => ringJob(object, Number(ringBytes), Number(recordBytes)),
  btf: () => btf,
  kallsyms: () => kallsyms,
  executable:
    ([path = ""]) =>
    () =>
      executable(path),
};

let timedSys: TimedSys | undefined;

async function load([path = "", ...args]: readonly string[]): Promise<Numbers> {
  const wanted = new Set(valuesOf(args, "program"));
  const maxEntries = Object.fromEntries(
    valuesOf(args, "map").map((value) => {
      const [name = "", entries] = value.split(":");
      return [name, Number(entries)];
    }),
  );
  const start = now();
  // Made on first use and kept, as the library keeps its own.
  timedSys ??= new TimedSys();
  const sys = timedSys;
  sys.elapsedNs = 0;
  const links: Link[] = [];
  using collection = await Collection.load(readFileSync(path), {
    sys,
    maxEntries,
    ...(wanted.size > 0 && { programs: ({ name }) => wanted.has(name) }),
  });
  for (const program of collection.programs) {
    if (program.hook.type === ProgramType.SOCKET_FILTER) continue;
    if (program.hook.type !== ProgramType.PERF_EVENT) {
      links.push(program.attach());
      continue;
    }
    for (const cpu of onlineCpus()) {
      links.push(
        attachPerfEvent(program, {
          sys,
          type: PerfType.SOFTWARE,
          config: PerfSoftware.CPU_CLOCK,
          frequencyHz: 99,
          cpu,
          excludeIdle: true,
        }),
      );
    }
  }
  const totalNs = now() - start;
  for (const link of links) link[Symbol.dispose]();
  return { totalNs, kernelNs: sys.elapsedNs };
}

async function ringJob(object: string, ringBytes: number, recordBytes: number): Promise<Job> {
  const collection = await Collection.load(readFileSync(object), { maxEntries: { ring: ringBytes } });
  collection.globals.set("fixed_size", recordBytes);
  collection.globals.set("flags", NO_WAKEUP);
  const producer = collection.programs.get("produce");
  const data = new Uint8Array(64);
  const repeat = Math.floor(ringBytes / (recordBytes + 8)) - 1;
  let numberSum = 0;
  let sizeSum = 0;
  const reader = new RingBufferReader(collection.maps.ringBuffer("ring"), {
    wakeUp: false,
    onRecord(view, offset) {
      numberSum += view.getUint32(offset, true);
      sizeSum += view.getUint32(offset + 8, true);
    },
  });
  return () => {
    producer.testRun({ data, repeat });
    sizeSum = 0;
    const start = now();
    const records = reader.drain();
    const totalNs = now() - start;
    return { totalNs, records, sizeSum, numberSum };
  };
}

async function btf(): Promise<Numbers> {
  const before = await memoryBytes();
  const start = now();
  using kernelBtf = KernelBtf.open();
  const { vmlinux } = kernelBtf;
  const parsed = now();
  let found = Number(vmlinux.findByName(typeNames[0] ?? "", BtfKind.struct) !== undefined);
  const first = now();
  for (const name of typeNames.slice(1)) found += Number(vmlinux.findByName(name, BtfKind.struct) !== undefined);
  const others = now();
  const bytes = (await memoryBytes()) - before - statSync("/sys/kernel/btf/vmlinux").size;
  const lookupNs = (others - first) / (typeNames.length - 1);
  return { totalNs: first - start, parseNs: parsed - start, lookupNs, bytes, found };
}

async function kallsyms(): Promise<Numbers> {
  const before = await memoryBytes();
  const start = now();
  const symbols = KernelSymbols.load();
  const totalNs = now() - start;
  const bytes = (await memoryBytes()) - before;
  return { totalNs, bytes, count: symbols.count };
}

/** The first look-up in an executable is the one that reads its symbol table. */
async function executable(path: string): Promise<Numbers> {
  const { start: address } = executableRange("self", path);
  const before = await memoryBytes();
  using symbolizer = new Symbolizer();
  const image = symbolizer.captureProcess(process.pid);
  if (image === undefined) throw new Error("this process is not there");
  const start = now();
  const frame = symbolizer.resolveUser(image, address + 4096);
  const totalNs = now() - start;
  return { totalNs, bytes: (await memoryBytes()) - before, named: Number(frame.symbolized) };
}

/** What is in use, in the JavaScript heap and outside of it, after all garbage is gone. */
async function memoryBytes(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("start it with --expose-gc");
  // Buffers outside of the heap are let go of after the collection that found them unused.
  for (let round = 0; round < 2; round++) {
    globalThis.gc();
    await setTimeout(5);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function valuesOf(args: readonly string[], name: string): string[] {
  return args.filter((arg) => arg.startsWith(`${name}=`)).map((arg) => arg.slice(name.length + 1));
}

const [name = "", ...args] = process.argv.slice(2);
const job = await jobs[name]?.(args);
if (job === undefined) throw new Error(`no such job: ${name}`);
for await (const _line of createInterface(process.stdin)) {
  process.stdout.write(`${JSON.stringify(await job())}\n`);
}
process.exit();
