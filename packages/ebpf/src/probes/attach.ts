import { BpfError } from "../errors.ts";
import type { ProgramHook } from "../loader/spec.ts";
import type { Sys } from "../sys/sys.ts";
import { AttachType, ProgramType } from "../sys/uapi.ts";
import { attachIterator } from "./iterator.ts";
import { attachKprobe } from "./kprobe.ts";
import type { AttachableProgram, Link } from "./link.ts";
import { attachRawTracepoint } from "./raw-tracepoint.ts";
import { attachTracepoint } from "./tracepoint.ts";
import { attachTracing } from "./tracing.ts";
import { attachUprobe } from "./uprobe.ts";

export interface AttachOptions {
  /** What bpf_get_attach_cookie() answers in the program; for probes and tracepoints (5.15). */
  readonly cookie?: bigint;
  /** Only in this process; uprobes. */
  readonly pid?: number;
  readonly sys?: Sys;
}

/** Attaches a program to what its section names. */
export function attach(program: AttachableProgram, hook: ProgramHook, options: AttachOptions): Link {
  switch (hook.type) {
    case ProgramType.TRACEPOINT: {
      const [category, name] = target(hook, "tracepoint/CATEGORY/NAME").split("/");
      if (category === undefined || name === undefined) throw incomplete(hook, "tracepoint/CATEGORY/NAME");
      return attachTracepoint(program, { ...options, category, name });
    }
    case ProgramType.RAW_TRACEPOINT:
      return attachRawTracepoint(program, { ...options, name: target(hook, "raw_tp/NAME") });
    case ProgramType.TRACING:
    case ProgramType.LSM:
      return hook.expectedAttachType === AttachType.TRACE_ITER
        ? attachIterator(program, options)
        : attachTracing(program, options);
    case ProgramType.KPROBE:
      return attachProbe(program, hook, options);
    default:
      throw new BpfError(
        "invalid-argument",
        `section "${hook.sectionName}" does not say where to attach "${hook.name}"`,
        {
          hint: "attach it with the function for its kind, such as attachPerfEvent",
        },
      );
  }
}

/** Kprobes and uprobes are one type of program; the section's name tells them apart. */
function attachProbe(program: AttachableProgram, hook: ProgramHook, options: AttachOptions): Link {
  const kind = /^[^/]+/.exec(hook.sectionName)?.[0];
  switch (kind) {
    case "kprobe":
    case "kretprobe": {
      const [name = "", offset] = target(hook, `${kind}/FUNCTION`).split("+");
      return attachKprobe(program, {
        ...options,
        function: name,
        return: kind === "kretprobe",
        ...(offset === undefined ? {} : { offset: Number(offset) }),
      });
    }
    case "uprobe":
    case "uprobe.s":
    case "uretprobe":
    case "uretprobe.s": {
      const syntax = `${kind}/PATH:FUNCTION`;
      const match = /^(.+):([^:+]+)(?:\+(\w+))?$/.exec(target(hook, syntax));
      if (match?.[1] === undefined || match[2] === undefined) throw incomplete(hook, syntax);
      return attachUprobe(program, {
        ...options,
        path: match[1],
        symbol: match[2],
        return: kind.startsWith("uret"),
        ...(match[3] === undefined ? {} : { offset: Number(match[3]) }),
      });
    }
    default:
      throw incomplete(hook, "kprobe/FUNCTION or uprobe/PATH:FUNCTION");
  }
}

function target(hook: ProgramHook, syntax: string): string {
  if (hook.attachTo === undefined || hook.attachTo === "") throw incomplete(hook, syntax);
  return hook.attachTo;
}

function incomplete(hook: ProgramHook, syntax: string): BpfError {
  return new BpfError(
    "invalid-argument",
    `section "${hook.sectionName}" of program "${hook.name}" does not say what to attach to`,
    { hint: `name the section ${syntax}, or attach it with the function for its kind` },
  );
}
