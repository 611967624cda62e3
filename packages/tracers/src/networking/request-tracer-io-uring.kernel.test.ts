import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { KernelBtf } from "@skep/ebpf";
import { isAtLeast, kernelVersion, probeFeature } from "@skep/ebpf/features";
import { ioUringPrograms } from "../io-uring-hooks.ts";
import { exactTest } from "../testing/exact-test.ts";
import { RequestTracer } from "./request-tracer.ts";
import {
  type LoggedRequest,
  logged,
  multiset,
  nothingMissing,
  program,
  sideOf,
  type Traced,
  traced,
  tracedScenario,
} from "./testing/traced-requests.ts";

const ROUNDS = 20;

const WITHOUT_FENTRY = "this kernel lets no programs into its functions";

/** Skips the test where there are no programs at TCP's functions. */
function skipWithoutFentry(context: TestContext): boolean {
  const { supported } = probeFeature("fentry");
  if (!supported) context.skip(WITHOUT_FENTRY);
  return !supported;
}

interface OverIoUring extends Traced {
  readonly log: LoggedRequest[];
  readonly pids: Readonly<Record<"server" | "client", number>>;
}

/** A server and a client that move all of their bytes by io_uring. */
async function overIoUring(mode: "inline" | "worker"): Promise<OverIoUring> {
  await using server = program("io-uring-http.mjs", "server", mode);
  await using client = program("io-uring-http.mjs", "client", mode, await server.ready, String(ROUNDS));
  await client.ready;
  let log: LoggedRequest[] = [];
  const result = await traced({ pids: [server.pid, client.pid] }, async () => {
    client.release();
    log = JSON.parse(await client.lastLine);
  });
  return { ...result, log, pids: { server: server.pid, client: client.pid } };
}

function bothSidesTell({ requests, report, log, pids }: OverIoUring): void {
  assert.equal(log.length, ROUNDS * 5 + 1);
  for (const side of ["server", "client"] as const) {
    const ours = sideOf(requests, side);
    assert.deepEqual(multiset(ours.map(logged)), multiset(log));
    assert.ok(ours.every(({ process }) => process.pid === pids[side]));
    assert.ok(ours.every(({ outcome, path }) => outcome === (path === "/hang" ? "aborted" : "complete")));
  }
  nothingMissing(report);
  assert.equal(report.incomplete.ioUringNotSeen, 0);
}

exactTest("requests over io_uring are told by both sides, and who closes by it gives up", async (context) => {
  if (!skipWithoutFentry(context)) bothSidesTell(await overIoUring("inline"));
});

exactTest("the threads of io_uring belong to the process that they work for", async (context) => {
  if (skipWithoutFentry(context)) return;
  const result = await overIoUring("worker");
  // Until 5.12 they are the kernel's own, but for versions of 5.10 that were given the newer io_uring.
  if (!isAtLeast(kernelVersion(), "5.12") && result.report.incomplete.ioUringNotSeen > 0) return;
  bothSidesTell(result);
});

exactTest("what system calls move is told of once where TCP's functions are looked at, too", async (context) => {
  if (skipWithoutFentry(context)) return;
  const { requests, log, report } = await tracedScenario("many", { args: ["300", "8", "60000"] });
  for (const side of ["server", "client"] as const) {
    assert.deepEqual(multiset(sideOf(requests, side).map(logged)), multiset(log));
  }
  nothingMissing(report);
  assert.equal(report.incomplete.ioUringNotSeen, 0);
});

/** As `io-uring-sockets.mjs` counts its requests. */
type Kind = "udp" | "unix" | "fixed" | "silent" | "tcp" | "file";

exactTest("requests of io_uring that move bytes where no program is are counted", async (context) => {
  using kernelBtf = KernelBtf.open();
  const hooks = ioUringPrograms(kernelBtf.vmlinux);
  if (hooks.length === 0) return context.skip("this kernel hides the requests of io_uring");
  await using workload = program("io-uring-sockets.mjs", String(ROUNDS));
  await workload.ready;
  let seesIoUring = false;
  const { report } = await traced({ pids: [workload.pid] }, async (tracer) => {
    ({ seesIoUring } = tracer);
    workload.release();
    await workload.lastLine;
  });
  const { udp, unix, fixed, silent, tcp }: Record<Kind, number> = JSON.parse(await workload.lastLine);
  assert.deepEqual(
    [udp, unix, fixed, silent, tcp],
    [5, 4, 2, 1, 4].map((each) => each * ROUNDS),
  );
  const unseen = udp + unix + fixed + silent;
  assert.equal(report.incomplete.ioUringNotSeen, seesIoUring ? unseen : unseen + tcp);
});

test("without programs at TCP's functions, requests to io_uring are counted", async (context) => {
  await using tracer = await RequestTracer.start({ tls: false });
  assert.equal(tracer.seesIoUring, probeFeature("fentry").supported);
  if (tracer.seesIoUring) return context.skip("this kernel lets programs into its functions");
  const { requests, report, log } = await overIoUring("inline");
  assert.deepEqual(requests, []);
  assert.ok(report.incomplete.ioUringNotSeen >= 2 * log.length);
});
