export * from "./pprof/index.ts";
