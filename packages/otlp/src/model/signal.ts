import type { Describe } from "../encoding/message-sink.ts";

/** OTLP's four signals, by the names that paths and environment variables have. */
export type SignalName = "traces" | "metrics" | "logs" | "profiles";

/** A signal, whatever its data. */
export type AnySignal = Signal<never>;

/** One of OTLP's signals: how its data is encoded, counted and addressed. */
export interface Signal<Data> {
  readonly name: SignalName;
  /** Below the base URL of a receiver that speaks HTTP. */
  readonly httpPath: string;
  /** The unary method of the gRPC service, as an HTTP/2 path. */
  readonly grpcPath: string;
  /** What {@link itemCount} counts and partial success rejects, in the plural: `spans`, `data points` ... */
  readonly itemName: string;
  /** The message `Export…ServiceRequest`. */
  readonly describe: Describe<Data>;
  readonly itemCount: (data: Data) => number;
}
