import { BpfError } from "../errors.ts";
import type { ProgramSpec } from "../loader/spec.ts";
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
export function attach(program: AttachableProgram, spec: ProgramSpec, options: AttachOptions): Link {
  switch (spec.type) {
    case ProgramType.TRACEPOINT: {
      const [category, name] = target(spec, "tracepoint/CATEGORY/NAME").split("/");
      if (category === undefined || name === undefined) throw incomplete(spec, "tracepoint/CATEGORY/NAME");
      return attachTracepoint(program, { ...options, category, name });
    }
    case ProgramType.RAW_TRACEPOINT:
      return attachRawTracepoint(program, { ...options, name: target(spec, "raw_tp/NAME") });
    case ProgramType.TRACING:
    case ProgramType.LSM:
      return spec.expectedAttachType === AttachType.TRACE_ITER
        ? attachIterator(program, options)
        : attachTracing(program, options);
    case ProgramType.KPROBE:
      return attachProbe(program, spec, options);
    default:
      throw new BpfError(
        "invalid-argument",
        `section "${spec.sectionName}" does not say where to attach "${spec.name}"`,
        {
          hint: "attach it with the function for its kind, such as attachPerfEvent",
        },
      );
  }
}

/** Kprobes and uprobes are one type of program; the section's name tells them apart. */
function attachProbe(program: AttachableProgram, spec: ProgramSpec, options: AttachOptions): Link {
  const kind = /^[^/]+/.exec(spec.sectionName)?.[0];
  switch (kind) {
    case "kprobe":
    case "kretprobe": {
      const [name = "", offset] = target(spec, `${kind}/FUNCTION`).split("+");
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
      const match = /^(.+):([^:+]+)(?:\+(\w+))?$/.exec(target(spec, syntax));
      if (match?.[1] === undefined || match[2] === undefined) throw incomplete(spec, syntax);
      return attachUprobe(program, {
        ...options,
        path: match[1],
        symbol: match[2],
        return: kind.startsWith("uret"),
        ...(match[3] === undefined ? {} : { offset: Number(match[3]) }),
      });
    }
    default:
      throw incomplete(spec, "kprobe/FUNCTION or uprobe/PATH:FUNCTION");
  }
}

function target(spec: ProgramSpec, syntax: string): string {
  if (spec.attachTo === undefined || spec.attachTo === "") throw incomplete(spec, syntax);
  return spec.attachTo;
}

function incomplete(spec: ProgramSpec, syntax: string): BpfError {
  return new BpfError(
    "invalid-argument",
    `section "${spec.sectionName}" of program "${spec.name}" does not say what to attach to`,
    { hint: `name the section ${syntax}, or attach it with the function for its kind` },
  );
}
