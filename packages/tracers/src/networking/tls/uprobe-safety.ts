import { tracepointsArePreemptible } from "../../syscall-forms.ts";

/**
 * Whether programs at uprobes may be attached without harm to the kernel.
 *
 * Since 6.13 a program has one stack for each CPU (private stacks, kernel/bpf/verifier.c), for which the kernel must not
 * run it twice at once there. At uprobes nothing seems to see to that: where the kernel may switch to another task in the
 * middle, which since 7.0 it always may, two tasks write to the same stack. Seen on 7.2, under a few hundred requests over
 * TLS: a pointer of on_tls_return had become 0, and the kernel ended the process with a fault.
 */
export function uprobesAreSafe(): boolean {
  return !tracepointsArePreemptible();
}
