import { defineConfig } from "vite";
import { TARGETS } from "./build-targets.ts";

/** The live page: three files of known names, which is all that the agent's server hands out. */
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: TARGETS,
    outDir: "dist/live",
    modulePreload: false,
    cssCodeSplit: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: "live.html",
      output: { entryFileNames: "live.js", assetFileNames: "live[extname]", codeSplitting: false },
    },
  },
});
