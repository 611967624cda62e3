/** Builds every package into its dist/, when a source is newer than the last build. */

import { build } from "./build-packages.ts";

await build();
