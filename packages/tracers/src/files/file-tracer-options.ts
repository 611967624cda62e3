import type { TargetOptions } from "../filters/target-options.ts";

export interface FileTracerOptions extends TargetOptions {
  /**
   * Only files on file systems of these types, by the names of /proc/filesystems: `ext4`, `tmpfs`; `pipefs` and `sockfs`
   * are where pipes and sockets are. What couldn't be opened is on none, and is left out. All when absent.
   */
  readonly fileSystems?: readonly string[];
  /** Operations that take at least so long are given out as single events; none when absent. */
  readonly slowNs?: number;
}
