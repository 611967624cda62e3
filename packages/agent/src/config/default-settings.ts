import * as v from "valibot";
import type { Settings } from "./settings.ts";
import { settingsSchema } from "./settings-schema.ts";

/** What holds where nothing is said. Apart from the reader of files, which whoever has no file need not load. */
export function defaultSettings(): Settings {
  return v.parse(settingsSchema, {});
}
