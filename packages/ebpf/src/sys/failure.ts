/** The one place where a negative errno becomes an error that says what to do. */

import { constants } from "node:os";
import { BpfError, type BpfErrorCode } from "../errors.ts";
import { type Capability, effectiveCapabilities, missingCapabilities } from "./capabilities.ts";

/** Positive errno numbers by name: `Errno.EPERM`. */
export const Errno: Readonly<Record<keyof typeof constants.errno, number>> & { readonly ENOTSUPP: number } = {
  ...constants.errno,
  // Internal to the kernel (include/linux/errno.h) and not in libc's table, yet bpf(2) lets it out.
  ENOTSUPP: 524,
};

/** Second names of EAGAIN and EOPNOTSUPP, which the manual pages of these calls don't use. */
const ALIASES: ReadonlySet<string> = new Set(["EWOULDBLOCK", "ENOTSUP"]);

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(Errno)
    .filter(([name]) => !ALIASES.has(name))
    .map(([name, number]) => [number, name]),
);

/** `EPERM` of 1 or -1; `errno 999` of a number without a name. */
export function errnoName(errno: number): string {
  return NAMES.get(Math.abs(errno)) ?? `errno ${Math.abs(errno)}`;
}

const TRACING_CAPABILITIES: readonly Capability[] = ["CAP_BPF", "CAP_PERFMON"];
const SETCAP_HINT = 'run it as root, or grant them: setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep "$(command -v node)"';

export interface Explanation {
  readonly code: BpfErrorCode;
  /** The predicate of a sentence whose subject is the action. */
  readonly text: string;
  readonly hint?: string;
}

/** What single errnos mean for a call, by name, where it is not what they mean elsewhere: `{ ENOENT: "no such function" }`. */
export type Meanings = Readonly<
  Record<string, string | { readonly code: BpfErrorCode; readonly text: string; readonly hint?: string }>
>;

/**
 * An error for a failed call.
 *
 * @param result what the call returned: the negative errno
 * @param syscall such as `bpf(BPF_MAP_CREATE)`
 * @param action what was tried, as the subject of a sentence: `creating map "calls"`
 * @param meanings of errnos for this very call
 */
export function failure(result: number, syscall: string, action: string, meanings: Meanings = {}): BpfError {
  const errno = Math.abs(result);
  const name = errnoName(errno);
  const explanation = explainAs(meanings[name], name) ?? explain(errno, syscall);
  return new BpfError(explanation.code, `${action} ${explanation.text}`, {
    syscall,
    errno,
    errnoName: name,
    ...(explanation.hint === undefined ? {} : { hint: explanation.hint }),
  });
}

function explainAs(meaning: Meanings[string] | undefined, name: string): Explanation | undefined {
  if (meaning === undefined) return undefined;
  if (typeof meaning === "string") return { code: "system", text: `failed: ${meaning} (${name})` };
  return { ...meaning, text: `failed: ${meaning.text} (${name})` };
}

function explain(errno: number, syscall: string): Explanation {
  switch (errno) {
    case Errno.EPERM:
    case Errno.EACCES:
      return explainPermission(errno, effectiveCapabilities());
    case Errno.E2BIG:
      return {
        code: "not-supported",
        text: "failed: this kernel is too old for a setting that was asked for, or the program is too long (E2BIG)",
      };
    case Errno.ENOMEM:
      return {
        code: "system",
        text: "failed: the kernel is out of memory for it (ENOMEM)",
        hint: "ask for fewer or smaller map entries, or raise the memory limit of the container or service",
      };
    case Errno.ENOSYS:
      return {
        code: "not-supported",
        text: "failed: this kernel is built without it (ENOSYS)",
        hint: "eBPF needs CONFIG_BPF_SYSCALL, perf events need CONFIG_PERF_EVENTS; a container's seccomp profile may hide them too",
      };
    case Errno.ENOTSUPP:
    case Errno.EOPNOTSUPP:
      return { code: "not-supported", text: `failed: this kernel does not support it (${errnoName(errno)})` };
    case Errno.ENOENT:
    case Errno.ESRCH:
      return { code: "not-found", text: `failed: there is no such thing (${errnoName(errno)})` };
    case Errno.EMFILE:
    case Errno.ENFILE:
      return {
        code: "system",
        text: `failed: too many open files (${errnoName(errno)})`,
        hint: "raise the limit: ulimit -n, or LimitNOFILE= of the service",
      };
    case Errno.EBADF:
      return { code: "invalid-argument", text: "failed: it was closed already (EBADF)" };
    case Errno.EINVAL:
      return { code: "invalid-argument", text: `failed: ${syscall} refused its arguments (EINVAL)` };
    case Errno.EBUSY:
      return { code: "system", text: "failed: it is in use (EBUSY)" };
    default:
      return { code: "system", text: `failed: ${syscall} answered ${errnoName(errno)}` };
  }
}

/** EPERM and EACCES, for a process with these capabilities. */
export function explainPermission(errno: number, effective: bigint): Explanation {
  const missing = missingCapabilities(TRACING_CAPABILITIES, effective);
  if (missing.length > 0) {
    const verb = missing.length === 1 ? "is" : "are";
    return {
      code: "not-permitted",
      text: `is not permitted: ${missing.join(" and ")} ${verb} missing`,
      hint: SETCAP_HINT,
    };
  }
  return {
    code: "not-permitted",
    text: `is not permitted, though no capability is missing (${errnoName(errno)})`,
    hint: "kernel lockdown, a security module, seccomp or a user namespace forbids it: see /sys/kernel/security/lockdown and the container's settings",
  };
}
