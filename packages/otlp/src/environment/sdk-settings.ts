import { OtlpError } from "../errors.ts";
import type { Attributes } from "../model/attributes.ts";
import { choiceOf, type Environment, variableOf } from "./environment.ts";
import { parsePairs } from "./pairs.ts";

/**
 * Attributes of the resource that the environment names: OTEL_RESOURCE_ATTRIBUTES, and OTEL_SERVICE_NAME, which goes
 * before a `service.name` among them.
 *
 * @throws OtlpError of code `configuration`
 */
export function resourceAttributesFromEnvironment(environment: Environment = process.env): Attributes {
  const list = variableOf(environment, "OTEL_RESOURCE_ATTRIBUTES");
  const serviceName = variableOf(environment, "OTEL_SERVICE_NAME");
  return {
    ...(list === undefined ? {} : parsePairs("OTEL_RESOURCE_ATTRIBUTES", list)),
    ...(serviceName === undefined ? {} : { "service.name": serviceName }),
  };
}

/**
 * OTEL_SDK_DISABLED: whether nothing is to be exported.
 *
 * @throws OtlpError of code `configuration`
 */
export function isSdkDisabled(environment: Environment = process.env): boolean {
  return choiceOf(environment, "OTEL_SDK_DISABLED", ["true", "false"]) === "true";
}

/**
 * OTEL_SEMCONV_STABILITY_OPT_IN: the domains whose newer conventions are wanted (`http`, `rpc`), or both the older and
 * the newer (`http/dup`). Domains that are not known are kept, since the list is shared by all that read it.
 *
 * @throws OtlpError of code `configuration`
 */
export function semanticConventionOptIns(environment: Environment = process.env): ReadonlySet<string> {
  const list = variableOf(environment, "OTEL_SEMCONV_STABILITY_OPT_IN") ?? "";
  const members = list.split(",").map((member) => member.trim());
  for (const member of members) {
    if (member === "" || /^[a-z][a-z0-9_.-]*(\/[a-z]+)?$/.test(member)) continue;
    throw new OtlpError("configuration", `OTEL_SEMCONV_STABILITY_OPT_IN has ${JSON.stringify(member)}`, {
      hint: "a list such as http,rpc/dup",
    });
  }
  return new Set(members.filter((member) => member !== ""));
}

/** How metrics are wanted, where the environment says so. */
export interface MetricPreferences {
  /** `lowmemory` is delta for what is cheap to make so: synchronous counters and histograms. */
  readonly temporality?: "cumulative" | "delta" | "lowmemory";
  readonly histogramAggregation?: "explicit_bucket_histogram" | "base2_exponential_bucket_histogram";
}

/**
 * OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE and OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION, which
 * are for whoever makes the metrics, not for the exporter.
 *
 * @throws OtlpError of code `configuration`
 */
export function metricPreferencesFromEnvironment(environment: Environment = process.env): MetricPreferences {
  const temporality = choiceOf(environment, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", [
    "cumulative",
    "delta",
    "lowmemory",
  ]);
  const histogramAggregation = choiceOf(environment, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", [
    "explicit_bucket_histogram",
    "base2_exponential_bucket_histogram",
  ]);
  return {
    ...(temporality === undefined ? {} : { temporality }),
    ...(histogramAggregation === undefined ? {} : { histogramAggregation }),
  };
}
