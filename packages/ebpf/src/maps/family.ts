import { MapType } from "../sys/uapi.ts";

/** How user space deals with a type of map. */
export type MapFamily = "keyed" | "per-cpu" | "stack-trace" | "ring-buffer" | "descriptors" | "task-storage" | "raw";

export function familyOf(type: number): MapFamily {
  switch (type) {
    case MapType.HASH:
    case MapType.LRU_HASH:
    case MapType.ARRAY:
    case MapType.LPM_TRIE:
      return "keyed";
    case MapType.PERCPU_HASH:
    case MapType.LRU_PERCPU_HASH:
    case MapType.PERCPU_ARRAY:
      return "per-cpu";
    case MapType.STACK_TRACE:
      return "stack-trace";
    case MapType.RINGBUF:
      return "ring-buffer";
    case MapType.PROG_ARRAY:
    case MapType.PERF_EVENT_ARRAY:
    case MapType.CGROUP_ARRAY:
    case MapType.ARRAY_OF_MAPS:
    case MapType.HASH_OF_MAPS:
      return "descriptors";
    case MapType.TASK_STORAGE:
      return "task-storage";
    default:
      return "raw";
  }
}
