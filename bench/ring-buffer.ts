import { fromRoot } from "../scripts/repository.ts";
import { askAgain, column, type Numbers, skepContestant } from "./harness/contestant.ts";
import { Libbpf, libbpfIsMissing } from "./harness/libbpf.ts";
import type { Report } from "./harness/report.ts";
import { median } from "./harness/statistics.ts";
import { nanoseconds, perSecond, ratio, spread } from "./harness/units.ts";

const RING_BYTES = 1 << 20;
const RECORD_BYTES = [64, 512] as const;
const WARM_UP_ROUNDS = 100;
const ROUNDS = 200;

export async function benchRingBuffer(): Promise<Report> {
  using libbpf = Libbpf.compile();
  const rows: string[][] = [];
  for (const recordBytes of RECORD_BYTES) {
    const args = ["ring", fromRoot("packages/ebpf/src/testing/kernel/ring.bpf.o"), `${RING_BYTES}`, `${recordBytes}`];
    const starters = [() => skepContestant(args), ...(libbpf === undefined ? [] : [() => libbpf.contestant(args)])];
    const [ours = [], theirs] = await askAgain(starters, WARM_UP_ROUNDS, ROUNDS);
    assertSameRecords([...ours, ...(theirs ?? [])], recordBytes);
    const times = recordTimesNs(ours);
    const peerTimes = theirs === undefined ? undefined : recordTimesNs(theirs);
    rows.push([
      `${recordBytes} B`,
      perSecond(1e9 / median(times)),
      spread(times, nanoseconds),
      ...(peerTimes === undefined
        ? ["-", "-", "-"]
        : [
            perSecond(1e9 / median(peerTimes)),
            spread(peerTimes, nanoseconds),
            ratio(median(times), median(peerTimes)),
          ]),
    ]);
  }
  return {
    about: `A program fills a ring of 1 MiB, and what is timed is reading it empty: \`RingBufferReader.drain()\` against \`ring_buffer__consume()\`, each with a handler that reads two fields of every record. ${ROUNDS} times in turn. Medians, and the middle half of all values.`,
    tables: [
      {
        columns: ["record", "Skep, records/s", "a record", "libbpf, records/s", "a record", "Skep / libbpf, time"],
        rows,
      },
    ],
    goals: [],
    notes: libbpf === undefined ? [libbpfIsMissing] : [],
  };
}

/** A reader that leaves records out would be fast. */
function assertSameRecords(answers: readonly Numbers[], recordBytes: number): void {
  const expected = Math.floor(RING_BYTES / (recordBytes + 8)) - 1;
  for (const { records, sizeSum } of answers) {
    if (records !== expected || sizeSum !== expected * recordBytes) {
      throw new Error(`${records} records with ${sizeSum} bytes were read instead of ${expected}`);
    }
  }
}

function recordTimesNs(answers: readonly Numbers[]): number[] {
  const totals = column(answers, "totalNs");
  return column(answers, "records").map((records, index) => (totals[index] ?? 0) / records);
}
