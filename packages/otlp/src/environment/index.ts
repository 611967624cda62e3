export type { Environment } from "./environment.ts";
export { exporterSettingsFromEnvironment } from "./exporter-settings.ts";
export {
  isSdkDisabled,
  type MetricPreferences,
  metricPreferencesFromEnvironment,
  resourceAttributesFromEnvironment,
  semanticConventionOptIns,
} from "./sdk-settings.ts";
