import { readSync } from "node:fs";
import { iteratorCreate, iteratorLinkCreate } from "../sys/bpf.ts";
import { defaultSys } from "../sys/default-sys.ts";
import { FileDescriptor } from "../sys/file-descriptor.ts";
import type { Sys } from "../sys/sys.ts";
import { AttachType } from "../sys/uapi.ts";
import { type AttachableProgram, Link } from "./link.ts";

export interface IteratorOptions {
  /** For `iter/bpf_map_elem`: the map to go through. */
  readonly map?: { readonly fd: number };
  readonly sys?: Sys;
}

/** Prepares an iterator (`iter/task`, `iter/bpf_map_elem` ...; 5.8). It runs when it is read: {@link readIterator}. */
export function attachIterator(program: AttachableProgram, options: IteratorOptions = {}): Link {
  const { map, sys = defaultSys() } = options;
  // union bpf_iter_link_info: the map's descriptor is its first member.
  const information = map === undefined ? new Uint8Array(0) : new Uint8Array(Uint32Array.of(map.fd).buffer);
  const result = iteratorLinkCreate(sys, program.fd, AttachType.TRACE_ITER, information);
  const action = `attaching iterator "${program.name}"`;
  return new Link("bpf_link", [FileDescriptor.own(sys, result, "bpf(BPF_LINK_CREATE)", action)]);
}

const READ_SIZE_BYTES = 64 * 1024;

/**
 * Runs an iterator once over everything it goes through, and gives what the program wrote (bpf_seq_write,
 * bpf_seq_printf), in pieces. A piece is valid until the next one is asked for.
 */
export function* readIterator(link: Link, options: { readonly sys?: Sys } = {}): Generator<Uint8Array> {
  const sys = options.sys ?? defaultSys();
  using session = FileDescriptor.own(sys, iteratorCreate(sys, link.fd), "bpf(BPF_ITER_CREATE)", "starting an iterator");
  const buffer = new Uint8Array(READ_SIZE_BYTES);
  for (;;) {
    let count: number;
    try {
      count = readSync(session.fd, buffer);
    } catch (error) {
      // The kernel ends a read that went through too many objects without output (bpf_seq_read): go on from there.
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") continue;
      throw error;
    }
    if (count === 0) return;
    yield buffer.subarray(0, count);
  }
}

/** Runs an iterator for what it does, not for what it writes. */
export function runIterator(link: Link, options: { readonly sys?: Sys } = {}): void {
  for (const _ of readIterator(link, options)) {
    // What it writes is not wanted.
  }
}
