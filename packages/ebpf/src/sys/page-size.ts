import { defaultSys } from "./default-sys.ts";

/** Bytes of a page of memory: what the kernel's counts of pages are to be multiplied by. */
export function pageSizeBytes(): number {
  return defaultSys().pageSizeBytes;
}
