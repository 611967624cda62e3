import * as v from "valibot";
import type { Settings } from "./settings.ts";

// Each leaf has one sentence on what is allowed, which is its error message whatever is wrong with it, and one on what it
// is for, which becomes its comment in `skep config print-default`.

const flag = (standard: boolean, help: string) =>
  v.optional(v.pipe(v.boolean("true or false"), v.description(help)), standard);

function numberBetween(minimum: number, maximum: number) {
  const allowed = `a number from ${minimum} to ${maximum}`;
  return v.pipe(v.number(allowed), v.minValue(minimum, allowed), v.maxValue(maximum, allowed));
}

const number = (standard: number, minimum: number, maximum: number, help: string) =>
  v.optional(v.pipe(numberBetween(minimum, maximum), v.description(help)), standard);

function wholeNumber(standard: number, minimum: number, maximum: number, help: string) {
  const allowed = `a whole number from ${minimum} to ${maximum}`;
  const inRange = v.pipe(
    v.number(allowed),
    v.integer(allowed),
    v.minValue(minimum, allowed),
    v.maxValue(maximum, allowed),
  );
  return v.optional(v.pipe(inRange, v.description(help)), standard);
}

// Those without a default of their own show an example instead, which `print-default` puts behind a #.

const text = (example: string, help: string) =>
  v.optional(v.pipe(v.string("a text"), v.nonEmpty("a text"), v.description(help), v.examples([example])));

const choice = <const Choice extends string>(choices: readonly [Choice, ...Choice[]], help: string) => {
  const allowed = `one of ${choices.join(", ")}`;
  return v.optional(v.pipe(v.picklist(choices, allowed), v.description(help), v.examples([choices[0]])));
};

const names = (help: string) => {
  const allowed = "a list of names: [one, two]";
  const name = v.pipe(v.string(allowed), v.nonEmpty(allowed));
  return v.optional(v.pipe(v.array(name, allowed), v.description(help)), []);
};

const textByName = v.record(v.string(), v.string("keys with texts: {key: text}"), "keys with texts: {key: text}");

function pids(help: string) {
  const allowed = "a list of process ids: [1, 4242]";
  const pid = v.pipe(v.number(allowed), v.integer(allowed), v.minValue(1, allowed), v.maxValue(4_194_303, allowed));
  return v.optional(v.pipe(v.array(pid, allowed), v.description(help)), []);
}

function url(example: string, help: string) {
  const allowed = "an address that begins with http:// or https://";
  const check = v.check<string, string>(isHttpUrl, allowed);
  return v.optional(v.pipe(v.string(allowed), check, v.description(help), v.examples([example])));
}

function isHttpUrl(value: string): boolean {
  const parsed = URL.parse(value);
  return parsed !== null && ["http:", "https:"].includes(parsed.protocol) && parsed.hostname !== "";
}

/** What may stand where a section is expected. */
export const keysWithValues: string = "keys with values, one on each line";

const section = <const Entries extends v.ObjectEntries>(help: string, entries: Entries) =>
  v.pipe(v.strictObject(entries, keysWithValues), v.description(help));

/** Every key of `skep.yaml`. */
export const settingsSchema: v.GenericSchema<unknown, Settings> = v.strictObject(
  {
    tracers: v.optional(
      section("What is traced. One that this kernel has no means for is off; the page and the log say so.", {
        cpu: v.optional(
          section("Which functions take the CPU.", {
            enabled: flag(true, ""),
            frequencyHz: wholeNumber(19, 1, 1000, "Samples per second on each CPU."),
          }),
          {},
        ),
        offCpu: v.optional(
          section("What threads wait for. Every wait counts, so it costs more than the others.", {
            enabled: flag(false, ""),
          }),
          {},
        ),
        syscalls: v.optional(
          section("System calls: number, errors and time by process.", {
            enabled: flag(true, ""),
            latencies: flag(true, "Time of each call too, which costs about as much again as counting."),
            calls: names("Only these, by name; all when empty."),
          }),
          {},
        ),
        processes: v.optional(
          section("Processes that start, execute and end.", {
            enabled: flag(true, ""),
            execFailures: flag(true, "Failed execs too; without syscalls and files it is these that cost the most."),
          }),
          {},
        ),
        files: v.optional(
          section("Files that are opened, read and written, by process.", {
            enabled: flag(true, ""),
            slowMs: number(0, 0, 3_600_000, "Operations that take at least so long become single events; 0: none."),
            fileSystems: names("Only these types (ext4, xfs ...); all when empty."),
          }),
          {},
        ),
        network: v.optional(
          section("What goes over the network, by its parts.", {
            enabled: flag(true, ""),
            connections: flag(true, "Connections of TCP and Unix sockets: bytes, latencies, why they failed."),
            requests: flag(true, "Requests of HTTP and gRPC, queries of DNS, datagrams of UDP. No body is kept."),
            http: flag(true, "HTTP and gRPC among them; without, DNS and UDP alone, which is cheaper."),
            packets: flag(true, "Packets by interface, those thrown away, and round-trip times; of the whole machine."),
            tls: flag(true, "Requests over TLS too, in libraries and programs that have a TLS library."),
            tlsHitsPerSecond: wholeNumber(
              20_000,
              1,
              1_000_000_000,
              "What a process may come upon the probes for TLS, at 1.5 us each; above it they are taken off.",
            ),
            keepQuery: flag(false, "Keep the queries of URLs in spans, where people put secrets."),
            spansPerRound: wholeNumber(
              2000,
              0,
              100_000,
              "Requests that become spans, in each round; the others are counted alone.",
            ),
            streams: wholeNumber(
              1024,
              64,
              262_144,
              "Connections whose requests are followed at a time; the one that was silent longest makes room.",
            ),
            ringKilobytes: wholeNumber(
              1024,
              256,
              1_048_576,
              "Memory for heads of requests on their way from the kernel; a power of two.",
            ),
          }),
          {},
        ),
      }),
      {},
    ),
    targets: v.optional(
      section("Whom to trace: everybody, unless something is said here.", {
        pids: pids("Only these processes and the children that they start."),
        cgroup: text("system.slice/nginx.service", "Only what runs in this cgroup (v2) or below."),
      }),
      {},
    ),
    intervalSeconds: wholeNumber(
      10,
      1,
      300,
      "Time between two reads of the tracers, which is that between two exports.",
    ),
    otlp: v.optional(
      section("Where to send what was seen. The OTEL_* variables count where a key is not given.", {
        endpoint: url("http://127.0.0.1:4318", "Without one nothing is sent."),
        protocol: choice(["http/protobuf", "http/json", "grpc"], "One of http/protobuf, http/json, grpc."),
        headers: v.optional(
          v.pipe(
            textByName,
            v.description("Sent with each request."),
            v.examples([{ authorization: "Bearer secret" }]),
          ),
        ),
        compression: choice(["gzip", "none"], "gzip or none."),
        timeoutSeconds: v.optional(
          v.pipe(numberBetween(0.1, 600), v.description("For one try; what failed is tried again."), v.examples([10])),
        ),
        tls: v.optional(
          section("Files in PEM format, for https.", {
            caFile: text(
              "/etc/ssl/collector-ca.pem",
              "Whose certificates to trust, besides those that Node.js trusts anyway.",
            ),
            certificateFile: text("/etc/skep/client.pem", "What we show of ourselves."),
            keyFile: text("/etc/skep/client-key.pem", "The private key to it."),
          }),
          {},
        ),
        signals: v.optional(
          section("Which of the signals to send.", {
            metrics: flag(true, ""),
            logs: flag(true, ""),
            traces: flag(true, "Spans of requests."),
            profiles: flag(true, ""),
          }),
          {},
        ),
        queueMegabytes: number(
          4,
          0.25,
          1024,
          "Memory for what waits to be sent; beyond it the oldest is dropped, and counted.",
        ),
        spool: v.optional(
          section("A folder for what waits, so that a collector may be away for long.", {
            directory: text("/var/lib/skep", "Without one, what waits is kept in memory alone."),
            megabytes: number(256, 1, 1_048_576, "Its size at most; beyond it the oldest is dropped, and counted."),
          }),
          {},
        ),
      }),
      {},
    ),
    resource: v.optional(
      section("What is said of this machine and its processes.", {
        attributes: v.optional(v.pipe(textByName, v.description("Added to everything that is sent.")), {}),
        kubernetes: v.optional(
          section("Names of pods and containers, from this node's kubelet.", {
            enabled: flag(false, ""),
            kubeletUrl: url(
              "https://127.0.0.1:10250",
              "Without one: https://$NODE_IP:10250, or https://127.0.0.1:10250.",
            ),
            skipVerification: flag(
              false,
              "Do not check the kubelet's certificate, which many clusters let it sign itself.",
            ),
          }),
          {},
        ),
      }),
      {},
    ),
    page: v.optional(
      section("The live page, on 127.0.0.1 alone, behind a token.", {
        enabled: flag(true, ""),
        port: wholeNumber(7537, 0, 65_535, "0: any that is free."),
        tokenFile: text(
          "/etc/skep/token",
          "A file that holds the token, for scripts; without one it is new at each start.",
        ),
        openEndpoints: flag(
          false,
          "/metrics and /debug/pprof answer without the token, to every user of this machine.",
        ),
      }),
      {},
    ),
    limits: v.optional(
      section("What Skep itself may use.", {
        cpuPercent: number(1, 0.1, 100, "Of all CPUs of the machine; above it the dearest tracers are turned down."),
        seriesPerMetric: wholeNumber(
          2000,
          10,
          1_000_000,
          "Time series per metric; the rest is summed in one overflow series.",
        ),
        historyMinutes: wholeNumber(15, 1, 1440, "How far back the page can look."),
        historyMegabytes: number(6, 1, 1024, "Memory for that; what does not fit is merged, oldest first."),
      }),
      {},
    ),
  },
  keysWithValues,
);
