/** Brings the tables of docs/telemetry.md up to date: `node --conditions=skep-source FILE`. */

import { readFileSync, writeFileSync } from "node:fs";
import { ALL_METRICS } from "../all-metrics.ts";
import { withMetricTables } from "./metric-tables.ts";

const path = new URL("../../../../../docs/telemetry.md", import.meta.url);
writeFileSync(path, withMetricTables(readFileSync(path, "utf8"), ALL_METRICS));
