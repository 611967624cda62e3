/**
 * Traces the system calls of the whole machine until it is killed, as users have it: by the packages as they were built.
 *
 *   syscall-tracer.ts counts|latencies [CALL]...
 */

import { SyscallTracer } from "@skep/tracers/syscalls";

const [mode, ...calls] = process.argv.slice(2);
await SyscallTracer.start({ latencies: mode === "latencies", ...(calls.length > 0 && { calls }) });
