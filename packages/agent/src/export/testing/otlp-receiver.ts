import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** The parts of OTLP's JSON that tests look at. */
export interface ReceivedMetrics {
  readonly resourceMetrics?: readonly {
    readonly resource: ReceivedAttributes;
    readonly scopeMetrics: readonly { readonly metrics: readonly ReceivedMetric[] }[];
  }[];
}

export interface ReceivedMetric {
  readonly name: string;
  readonly sum?: { readonly dataPoints: readonly ReceivedPoint[] };
  readonly gauge?: { readonly dataPoints: readonly ReceivedPoint[] };
  readonly exponentialHistogram?: { readonly dataPoints: readonly ReceivedPoint[] };
}

export interface ReceivedPoint extends ReceivedAttributes {
  readonly asInt?: string;
  readonly asDouble?: number;
  readonly count?: string;
}

export interface ReceivedLogs {
  readonly resourceLogs?: readonly {
    readonly resource: ReceivedAttributes;
    readonly scopeLogs: readonly { readonly logRecords: readonly ReceivedRecord[] }[];
  }[];
}

export interface ReceivedRecord extends ReceivedAttributes {
  readonly eventName: string;
}

export interface ReceivedTraces {
  readonly resourceSpans?: readonly {
    readonly resource: ReceivedAttributes;
    readonly scopeSpans: readonly { readonly spans: readonly ReceivedSpan[] }[];
  }[];
}

export interface ReceivedSpan extends ReceivedAttributes {
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
}

export interface ReceivedProfiles {
  readonly resourceProfiles?: readonly {
    readonly resource: ReceivedAttributes;
    readonly scopeProfiles: readonly { readonly profiles: readonly ReceivedProfile[] }[];
  }[];
  readonly dictionary: { readonly stringTable: readonly string[] };
}

export interface ReceivedProfile {
  readonly sampleType: { readonly typeStrindex: number };
  readonly samples: readonly { readonly values: readonly string[] }[];
}

export interface ReceivedAttributes {
  readonly attributes?: readonly { readonly key: string; readonly value: ReceivedValue }[];
}

interface ReceivedValue {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
}

/** A collector on the loopback that takes everything and keeps it, as JSON. */
export class OtlpReceiver implements AsyncDisposable {
  readonly metrics: ReceivedMetrics[] = [];
  readonly logs: ReceivedLogs[] = [];
  readonly profiles: ReceivedProfiles[] = [];
  readonly traces: ReceivedTraces[] = [];
  /** What it answers; 200 takes. */
  status = 200;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      text(request).then((body) => {
        if (this.status === 200) this.#take(request.url ?? "", body);
        response.writeHead(this.status, { "content-type": "application/json" }).end("{}");
      }, response.destroy.bind(response));
    });
  }

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, "127.0.0.1", resolve));
    return receiver;
  }

  /** Where a signal is to be sent. */
  sender(path: string): { readonly endpoint: string; readonly protocol: "http/json" } {
    const { port } = this.#server.address() as AddressInfo;
    return { endpoint: `http://127.0.0.1:${port}/${path}`, protocol: "http/json" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(path: string, body: string): void {
    const data: unknown = JSON.parse(body);
    if (path.endsWith("/metrics")) this.metrics.push(data as ReceivedMetrics);
    else if (path.endsWith("/logs")) this.logs.push(data as ReceivedLogs);
    else if (path.endsWith("/profiles")) this.profiles.push(data as ReceivedProfiles);
    else if (path.endsWith("/traces")) this.traces.push(data as ReceivedTraces);
  }
}

/** All spans of the resources with this service name. */
export function spansOf(received: readonly ReceivedTraces[], service: string): ReceivedSpan[] {
  return received
    .flatMap(({ resourceSpans = [] }) => resourceSpans)
    .filter(({ resource }) => attribute(resource, "service.name") === service)
    .flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

/** The value of an attribute, as text. */
export function attribute({ attributes = [] }: ReceivedAttributes, name: string): string | undefined {
  const value = attributes.find(({ key }) => key === name)?.value;
  const known = value?.stringValue ?? value?.intValue ?? value?.doubleValue ?? value?.boolValue;
  return known === undefined ? undefined : String(known);
}

/** The points of a metric of the resources with this service name, in what was received last. */
export function pointsOf(received: readonly ReceivedMetrics[], name: string, service?: string): ReceivedPoint[] {
  return (received.at(-1)?.resourceMetrics ?? [])
    .filter(({ resource }) => service === undefined || attribute(resource, "service.name") === service)
    .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics))
    .filter((metric) => metric.name === name)
    .flatMap(({ sum, gauge, exponentialHistogram }) => (sum ?? gauge ?? exponentialHistogram)?.dataPoints ?? []);
}

/** Sum of the values of points, or of the counts of histograms. */
export function sumOfPoints(points: readonly ReceivedPoint[]): number {
  return points.reduce((sum, { asInt, asDouble, count }) => sum + Number(asInt ?? asDouble ?? count), 0);
}

/** Sum of all values of one sample type, of the resources with this service name. */
export function sumOfSamples(received: readonly ReceivedProfiles[], type: string, service?: string): number {
  let sum = 0;
  for (const { resourceProfiles = [], dictionary } of received) {
    for (const { resource, scopeProfiles } of resourceProfiles) {
      if (service !== undefined && attribute(resource, "service.name") !== service) continue;
      for (const { profiles } of scopeProfiles) {
        for (const { sampleType, samples } of profiles) {
          if (dictionary.stringTable[sampleType.typeStrindex] !== type) continue;
          for (const { values } of samples) for (const value of values) sum += Number(value);
        }
      }
    }
  }
  return sum;
}
