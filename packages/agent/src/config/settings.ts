/** What the agent is told to do: every key of `skep.yaml`, checked, with its default where nothing was said. */
export interface Settings {
  readonly tracers: {
    readonly cpu: { readonly enabled: boolean; readonly frequencyHz: number };
    readonly offCpu: { readonly enabled: boolean };
    readonly syscalls: { readonly enabled: boolean; readonly latencies: boolean; readonly calls: readonly string[] };
    readonly processes: { readonly enabled: boolean; readonly execFailures: boolean };
    readonly files: {
      readonly enabled: boolean;
      /** 0: no single events. */
      readonly slowMs: number;
      readonly fileSystems: readonly string[];
    };
    readonly network: {
      readonly enabled: boolean;
      readonly connections: boolean;
      readonly requests: boolean;
      readonly http: boolean;
      readonly packets: boolean;
      readonly tls: boolean;
      readonly tlsHitsPerSecond: number;
      readonly keepQuery: boolean;
      readonly spansPerRound: number;
      readonly streams: number;
      readonly ringKilobytes: number;
    };
  };
  readonly targets: {
    /** Empty: all. */
    readonly pids: readonly number[];
    /** Absent: all. */
    readonly cgroup?: string | undefined;
  };
  readonly intervalSeconds: number;
  readonly otlp: OtlpSettings;
  readonly resource: {
    readonly attributes: Readonly<Record<string, string>>;
    readonly kubernetes: {
      readonly enabled: boolean;
      readonly kubeletUrl?: string | undefined;
      readonly skipVerification: boolean;
    };
  };
  readonly page: {
    readonly enabled: boolean;
    readonly port: number;
    /** Absent: a new token at each start. */
    readonly tokenFile?: string | undefined;
    /** `/metrics` and `/debug/pprof` answer without the token. */
    readonly openEndpoints: boolean;
  };
  readonly limits: {
    readonly cpuPercent: number;
    readonly seriesPerMetric: number;
    readonly historyMinutes: number;
    readonly historyMegabytes: number;
  };
}

/** What is absent here is as the `OTEL_EXPORTER_OTLP_*` variables have it, or as OpenTelemetry's default is. */
export interface OtlpSettings {
  readonly endpoint?: string | undefined;
  readonly protocol?: OtlpProtocol | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly compression?: "gzip" | "none" | undefined;
  readonly timeoutSeconds?: number | undefined;
  readonly tls: {
    readonly caFile?: string | undefined;
    readonly certificateFile?: string | undefined;
    readonly keyFile?: string | undefined;
  };
  readonly signals: {
    readonly metrics: boolean;
    readonly logs: boolean;
    readonly traces: boolean;
    readonly profiles: boolean;
  };
  readonly queueMegabytes: number;
  readonly spool: {
    /** Absent: what waits is kept in memory alone. */
    readonly directory?: string | undefined;
    readonly megabytes: number;
  };
}

export type OtlpProtocol = "http/protobuf" | "http/json" | "grpc";
