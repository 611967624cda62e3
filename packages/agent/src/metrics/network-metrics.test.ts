import assert from "node:assert/strict";
import { test } from "node:test";
import {
  connectionReport,
  latency,
  networkRound,
  packetReport,
  peer,
  requestReport,
  requests,
} from "../pipeline/testing/network-round.ts";
import { nginx, plainRound } from "../pipeline/testing/plain-round.ts";
import { ResourceCatalog } from "../resources/resource-catalog.ts";
import { MetricRegistry } from "./metric-registry.ts";
import { recordNetwork } from "./network-metrics.ts";
import { prometheusText } from "./prometheus-text.ts";
import { serverAttributes } from "./request-semantics.ts";

const HOST_NAMESPACE = 1;

/** The lines of Prometheus' text, without buckets and comments. */
function linesOf(...rounds: readonly Parameters<typeof networkRound>[]): string[] {
  const catalog = new ResourceCatalog({ version: "1.0" });
  const registry = new MetricRegistry(catalog.agent);
  const resources = {
    host: catalog.host,
    agent: catalog.agent,
    of: (process: typeof nginx) => catalog.of(process, "program"),
  };
  for (const round of rounds) {
    const { startUnixNs, endUnixNs } = plainRound();
    registry.beginRound(startUnixNs, endUnixNs);
    recordNetwork(registry, networkRound(...round), resources, HOST_NAMESPACE);
  }
  return Array.from(prometheusText(registry))
    .join("")
    .split("\n")
    .filter((line) => line !== "" && !/^#|_bucket|_sum/.test(line))
    .map((line) =>
      line.replace(
        /service_name="unknown_service:(\w+)",process_executable_name="\w+"(,process_executable_path="[\w/]+")?,?/,
        "$1 ",
      ),
    );
}

test("requests count in histograms by side, and what has no duration beside them", () => {
  const { latency: _, ...unanswered } = requests(2, { method: "BREW" });
  const client = { side: "client", host: "api.test", peer: { address: "10.0.0.1", port: 80 } } as const;
  const lines = linesOf([
    {
      requests: requestReport({
        requests: [
          requests(5),
          requests(3, { status: 503 }),
          requests(4, { ...client, status: 404 }),
          requests(1, { aborted: 1 }),
          requests(6, { protocol: "grpc", route: "a.B/C", grpcStatus: 14 }),
          unanswered,
        ],
        unattributedRequests: 9,
      }),
    },
  ]);
  const http = 'http_request_method="GET",url_scheme="http",http_response_status_code=';
  assert.deepEqual(lines.sort(), [
    `http_client_request_duration_seconds_count{nginx ${http}"404",error_type="404",network_protocol_version="1.1",server_address="api.test",server_port="80"} 4`,
    `http_server_request_duration_seconds_count{nginx ${http}"200",error_type="aborted",network_protocol_version="1.1",http_route="/users/{id}"} 1`,
    `http_server_request_duration_seconds_count{nginx ${http}"200",network_protocol_version="1.1",http_route="/users/{id}"} 5`,
    `http_server_request_duration_seconds_count{nginx ${http}"503",error_type="503",network_protocol_version="1.1",http_route="/users/{id}"} 3`,
    'rpc_server_call_duration_seconds_count{nginx rpc_system_name="grpc",rpc_method="a.B/C",rpc_status_code="UNAVAILABLE",error_type="UNAVAILABLE"} 6',
    'skep_request_untimed_total{nginx network_protocol_name="http",skep_side="server",skep_reason="end_not_seen"} 2',
    'skep_request_untimed_total{skep_reason="no_room",network_protocol_name="http"} 9',
  ]);
});

test("lookups are those of clients that were answered", () => {
  const asked = { process: nginx, side: "client", name: "api.test", type: "A" } as const;
  const lines = linesOf([
    {
      requests: requestReport({
        dns: [
          { ...asked, rcode: "NOERROR", queries: 3, latency: latency(3) },
          { ...asked, rcode: "NXDOMAIN", queries: 2, latency: latency(2) },
          { ...asked, queries: 1 },
          { ...asked, side: "server", rcode: "NOERROR", queries: 7, latency: latency(7) },
        ],
      }),
    },
  ]);
  assert.deepEqual(lines, [
    'skep_request_untimed_total{nginx network_protocol_name="dns",skep_side="client",skep_reason="no_answer"} 1',
    'skep_request_untimed_total{nginx network_protocol_name="dns",skep_side="server",skep_reason="no_lookup"} 7',
    'dns_lookup_duration_seconds_count{nginx dns_question_name="api.test"} 3',
    'dns_lookup_duration_seconds_count{nginx dns_question_name="api.test",error_type="NXDOMAIN"} 2',
  ]);
});

test("connections add up by process, and those there are have their states", () => {
  const live = { id: 1, transport: "tcp", networkNamespace: 1, existed: false } as const;
  const lines = linesOf(
    [
      {
        connections: connectionReport({
          peers: [
            peer({ opened: 2, sentBytes: 10, connects: 2, connectLatencyNs: 3e9, retransmits: 1 }),
            peer({ opened: 1, receivedBytes: 20 }),
            peer({ transport: "unix", opened: 4 }),
          ],
          failed: { refused: 5 },
          connections: [
            { ...live, state: "ESTAB" },
            { ...live, state: "FIN-WAIT-1" },
          ],
        }),
      },
    ],
    [{ connections: connectionReport({ connections: [{ ...live, state: "ESTAB" }] }) }],
  );
  for (const line of [
    'linux_connection_opened_total{nginx skep_side="client",network_transport="tcp"} 3',
    'linux_connection_opened_total{nginx skep_side="client",network_transport="unix"} 4',
    'process_network_io_bytes_total{nginx network_io_direction="transmit",network_transport="tcp"} 10',
    'process_network_io_bytes_total{nginx network_io_direction="receive",network_transport="tcp"} 20',
    "linux_tcp_connect_time_seconds_total{nginx } 3",
    "linux_tcp_retransmit_count_total{nginx } 1",
    'linux_connection_failed_total{error_type="refused"} 5',
    'system_network_connection_count{network_transport="tcp",network_connection_state="established"} 1',
    'system_network_connection_count{network_transport="tcp",network_connection_state="fin_wait_1"} 0',
  ]) {
    assert.ok(lines.includes(line), `${line} in\n${lines.join("\n")}`);
  }
});

test("packets count by interface, with the namespace where it is not the host's", () => {
  const counts = { packets: 3, bytes: 300, buffers: 2, bufferBytes: 200, network: "ipv4" } as const;
  const eth0 = { name: "eth0", index: 2, networkNamespace: HOST_NAMESPACE };
  const lines = linesOf([
    {
      packets: packetReport({
        interfaces: [
          { ...counts, interface: eth0, direction: "receive", transport: "tcp" },
          { ...counts, interface: eth0, direction: "receive", transport: "udp" },
          { ...counts, interface: { ...eth0, networkNamespace: 7 }, direction: "transmit", transport: "tcp" },
        ],
        drops: [{ reason: "NO_SOCKET", network: "ipv4", transport: "udp", buffers: 2 }],
        rttHistogram: { samples: 2, buckets: [{ fromNs: 1000, untilNs: 2000, samples: 2 }] },
      }),
    },
    { requestsLeftOut: 8 },
  ]);
  assert.deepEqual(lines, [
    'system_network_io_bytes_total{network_io_direction="receive",network_interface_name="eth0"} 600',
    'system_network_io_bytes_total{network_io_direction="transmit",linux_network_namespace="7",network_interface_name="eth0"} 300',
    'system_network_packet_count_total{network_io_direction="receive",system_device="eth0"} 6',
    'system_network_packet_count_total{network_io_direction="transmit",linux_network_namespace="7",system_device="eth0"} 3',
    'linux_packet_dropped_total{linux_packet_drop_reason="NO_SOCKET",network_type="ipv4",network_transport="udp"} 2',
    "skep_span_left_out_total 8",
    'linux_tcp_rtt_seconds_count{linux_tcp_peer="remote"} 2',
  ]);
});

const hosts: readonly [host: string | undefined, address: string | undefined, port: number | undefined][] = [
  ["api.test", "api.test", 443],
  ["api.test:8080", "api.test", 8080],
  ["[::1]:8080", "::1", 8080],
  ["[::1]", "::1", 443],
  [undefined, "10.0.0.1", 443],
  ["::1:x", "10.0.0.1", 443],
];

for (const [host, address, port] of hosts) {
  test(`the server of ${host} is ${address} at ${port}`, () => {
    const of = { side: "client", protocol: "h2", peer: { address: "10.0.0.1", port: 443 } } as const;
    assert.deepEqual(serverAttributes({ ...of, ...(host !== undefined && { host }) }), {
      "server.address": address,
      "server.port": port,
    });
  });
}
