import assert from "node:assert/strict";
import { test } from "node:test";
import { missingCapabilities } from "./capabilities.ts";
import { Errno, errnoName, explainPermission, failure } from "./failure.ts";

const CAP_SYS_ADMIN = 1n << 21n;
const CAP_PERFMON = 1n << 38n;
const CAP_BPF = 1n << 39n;

for (const { errno, code, message, hint } of [
  {
    errno: Errno.E2BIG,
    code: "not-supported",
    message:
      'creating map "m" failed: this kernel is too old for a setting that was asked for, or the program is too long (E2BIG)',
    hint: undefined,
  },
  {
    errno: Errno.ENOMEM,
    code: "system",
    message: 'creating map "m" failed: the kernel is out of memory for it (ENOMEM)',
    hint: "ask for fewer or smaller map entries, or raise the memory limit of the container or service",
  },
  {
    errno: Errno.ENOSYS,
    code: "not-supported",
    message: 'creating map "m" failed: this kernel is built without it (ENOSYS)',
    hint: "eBPF needs CONFIG_BPF_SYSCALL, perf events need CONFIG_PERF_EVENTS; a container's seccomp profile may hide them too",
  },
  {
    errno: Errno.ENOTSUPP,
    code: "not-supported",
    message: 'creating map "m" failed: this kernel does not support it (ENOTSUPP)',
    hint: undefined,
  },
  {
    errno: Errno.EOPNOTSUPP,
    code: "not-supported",
    message: 'creating map "m" failed: this kernel does not support it (EOPNOTSUPP)',
    hint: undefined,
  },
  {
    errno: Errno.ENOENT,
    code: "not-found",
    message: 'creating map "m" failed: there is no such thing (ENOENT)',
    hint: undefined,
  },
  {
    errno: Errno.EMFILE,
    code: "system",
    message: 'creating map "m" failed: too many open files (EMFILE)',
    hint: "raise the limit: ulimit -n, or LimitNOFILE= of the service",
  },
  {
    errno: Errno.EBADF,
    code: "invalid-argument",
    message: 'creating map "m" failed: it was closed already (EBADF)',
    hint: undefined,
  },
  {
    errno: Errno.EINVAL,
    code: "invalid-argument",
    message: 'creating map "m" failed: bpf(BPF_MAP_CREATE) refused its arguments (EINVAL)',
    hint: undefined,
  },
  {
    errno: Errno.EBUSY,
    code: "system",
    message: 'creating map "m" failed: it is in use (EBUSY)',
    hint: undefined,
  },
  {
    errno: Errno.EIO,
    code: "system",
    message: 'creating map "m" failed: bpf(BPF_MAP_CREATE) answered EIO',
    hint: undefined,
  },
  {
    errno: 4000,
    code: "system",
    message: 'creating map "m" failed: bpf(BPF_MAP_CREATE) answered errno 4000',
    hint: undefined,
  },
]) {
  test(`${errnoName(errno)} becomes an error that says what it means`, () => {
    const error = failure(-errno, "bpf(BPF_MAP_CREATE)", 'creating map "m"');
    assert.deepEqual(
      { code: error.code, message: error.message, hint: error.hint, errno: error.errno, syscall: error.syscall },
      { code, message, hint, errno, syscall: "bpf(BPF_MAP_CREATE)" },
    );
  });
}

test("a call may say what an errno means for it", () => {
  const meanings = {
    EEXIST: "the key is there already",
    ENOENT: { code: "not-found", text: "no such function" },
  } as const;
  assert.equal(
    failure(-Errno.EEXIST, "bpf", "writing", meanings).message,
    "writing failed: the key is there already (EEXIST)",
  );
  const missing = failure(-Errno.ENOENT, "bpf", "attaching", meanings);
  assert.equal(missing.message, "attaching failed: no such function (ENOENT)");
  assert.equal(missing.code, "not-found");
});

for (const { name, effective, text } of [
  { name: "without capabilities", effective: 0n, text: "is not permitted: CAP_BPF and CAP_PERFMON are missing" },
  { name: "with CAP_BPF alone", effective: CAP_BPF, text: "is not permitted: CAP_PERFMON is missing" },
  { name: "with CAP_PERFMON alone", effective: CAP_PERFMON, text: "is not permitted: CAP_BPF is missing" },
  {
    name: "with both",
    effective: CAP_BPF | CAP_PERFMON,
    text: "is not permitted, though no capability is missing (EPERM)",
  },
  { name: "as root", effective: CAP_SYS_ADMIN, text: "is not permitted, though no capability is missing (EPERM)" },
]) {
  test(`EPERM ${name} says which capabilities are missing, and what to do`, () => {
    const explanation = explainPermission(Errno.EPERM, effective);
    assert.equal(explanation.code, "not-permitted");
    assert.equal(explanation.text, text);
    assert.equal(
      explanation.hint,
      text.includes("missing (")
        ? "kernel lockdown, a security module, seccomp or a user namespace forbids it: see /sys/kernel/security/lockdown and the container's settings"
        : 'run it as root, or grant them: setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep "$(command -v node)"',
    );
  });
}

test("CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON, and for no other", () => {
  assert.deepEqual(missingCapabilities(["CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE"], CAP_SYS_ADMIN), [
    "CAP_SYS_PTRACE",
  ]);
});
