import { AttachType, ProgramFlag, ProgramType } from "../sys/uapi.ts";

/** What the name of a program's ELF section says about it. */
export interface SectionMeaning {
  /** `BPF_PROG_TYPE_*`. */
  readonly type: number;
  /** `BPF_*` attach type; 0 where the kernel does not ask for one. */
  readonly expectedAttachType: number;
  /** What follows the slash: the function, tracepoint, or whatever the program is for. */
  readonly attachTo: string | undefined;
  /** `BPF_F_*` flags of BPF_PROG_LOAD. */
  readonly flags: number;
}

type Entry = readonly [type: number, expectedAttachType?: number, flags?: number];

/** BPF_F_XDP_HAS_FRAGS: the program copes with packets of several buffers (5.18). */
const xdpHasFragments = 1 << 5;

/** Sections that may name what to attach to: `kprobe`, `kprobe/do_exit`. */
const withTarget: Readonly<Record<string, Entry>> = {
  kprobe: [ProgramType.KPROBE],
  kretprobe: [ProgramType.KPROBE],
  "kprobe.multi": [ProgramType.KPROBE, AttachType.TRACE_KPROBE_MULTI],
  "kretprobe.multi": [ProgramType.KPROBE, AttachType.TRACE_KPROBE_MULTI],
  ksyscall: [ProgramType.KPROBE],
  kretsyscall: [ProgramType.KPROBE],
  uprobe: [ProgramType.KPROBE],
  "uprobe.s": [ProgramType.KPROBE, 0, ProgramFlag.SLEEPABLE],
  uretprobe: [ProgramType.KPROBE],
  "uretprobe.s": [ProgramType.KPROBE, 0, ProgramFlag.SLEEPABLE],
  "uprobe.multi": [ProgramType.KPROBE, AttachType.TRACE_UPROBE_MULTI],
  "uprobe.multi.s": [ProgramType.KPROBE, AttachType.TRACE_UPROBE_MULTI, ProgramFlag.SLEEPABLE],
  "uretprobe.multi": [ProgramType.KPROBE, AttachType.TRACE_UPROBE_MULTI],
  "uretprobe.multi.s": [ProgramType.KPROBE, AttachType.TRACE_UPROBE_MULTI, ProgramFlag.SLEEPABLE],
  usdt: [ProgramType.KPROBE],
  "usdt.s": [ProgramType.KPROBE, 0, ProgramFlag.SLEEPABLE],
  tp: [ProgramType.TRACEPOINT],
  tracepoint: [ProgramType.TRACEPOINT],
  raw_tp: [ProgramType.RAW_TRACEPOINT],
  raw_tracepoint: [ProgramType.RAW_TRACEPOINT],
  "raw_tp.w": [ProgramType.RAW_TRACEPOINT_WRITABLE],
  "raw_tracepoint.w": [ProgramType.RAW_TRACEPOINT_WRITABLE],
  tp_btf: [ProgramType.TRACING, AttachType.TRACE_RAW_TP],
  fentry: [ProgramType.TRACING, AttachType.TRACE_FENTRY],
  "fentry.s": [ProgramType.TRACING, AttachType.TRACE_FENTRY, ProgramFlag.SLEEPABLE],
  fexit: [ProgramType.TRACING, AttachType.TRACE_FEXIT],
  "fexit.s": [ProgramType.TRACING, AttachType.TRACE_FEXIT, ProgramFlag.SLEEPABLE],
  fmod_ret: [ProgramType.TRACING, AttachType.MODIFY_RETURN],
  "fmod_ret.s": [ProgramType.TRACING, AttachType.MODIFY_RETURN, ProgramFlag.SLEEPABLE],
  iter: [ProgramType.TRACING, AttachType.TRACE_ITER],
  "iter.s": [ProgramType.TRACING, AttachType.TRACE_ITER, ProgramFlag.SLEEPABLE],
  freplace: [ProgramType.EXT],
  lsm: [ProgramType.LSM, AttachType.LSM_MAC],
  "lsm.s": [ProgramType.LSM, AttachType.LSM_MAC, ProgramFlag.SLEEPABLE],
  lsm_cgroup: [ProgramType.LSM, AttachType.LSM_CGROUP],
  struct_ops: [ProgramType.STRUCT_OPS],
  "struct_ops.s": [ProgramType.STRUCT_OPS, 0, ProgramFlag.SLEEPABLE],
};

/** Sections that are known by their whole name. */
const wholeName: Readonly<Record<string, Entry>> = {
  socket: [ProgramType.SOCKET_FILTER],
  perf_event: [ProgramType.PERF_EVENT],
  syscall: [ProgramType.SYSCALL, 0, ProgramFlag.SLEEPABLE],
  xdp: [ProgramType.XDP, AttachType.XDP],
  "xdp/devmap": [ProgramType.XDP, AttachType.XDP_DEVMAP],
  "xdp/cpumap": [ProgramType.XDP, AttachType.XDP_CPUMAP],
  "xdp.frags": [ProgramType.XDP, AttachType.XDP, xdpHasFragments],
  "xdp.frags/devmap": [ProgramType.XDP, AttachType.XDP_DEVMAP, xdpHasFragments],
  "xdp.frags/cpumap": [ProgramType.XDP, AttachType.XDP_CPUMAP, xdpHasFragments],
  tc: [ProgramType.SCHED_CLS],
  classifier: [ProgramType.SCHED_CLS],
  action: [ProgramType.SCHED_ACT],
  "tc/ingress": [ProgramType.SCHED_CLS, AttachType.TCX_INGRESS],
  "tc/egress": [ProgramType.SCHED_CLS, AttachType.TCX_EGRESS],
  "tcx/ingress": [ProgramType.SCHED_CLS, AttachType.TCX_INGRESS],
  "tcx/egress": [ProgramType.SCHED_CLS, AttachType.TCX_EGRESS],
  netfilter: [ProgramType.NETFILTER, AttachType.NETFILTER],
  flow_dissector: [ProgramType.FLOW_DISSECTOR, AttachType.FLOW_DISSECTOR],
  lirc_mode2: [ProgramType.LIRC_MODE2, AttachType.LIRC_MODE2],
  lwt_in: [ProgramType.LWT_IN],
  lwt_out: [ProgramType.LWT_OUT],
  lwt_xmit: [ProgramType.LWT_XMIT],
  lwt_seg6local: [ProgramType.LWT_SEG6LOCAL],
  sockops: [ProgramType.SOCK_OPS, AttachType.CGROUP_SOCK_OPS],
  sk_lookup: [ProgramType.SK_LOOKUP, AttachType.SK_LOOKUP],
  sk_msg: [ProgramType.SK_MSG, AttachType.SK_MSG_VERDICT],
  sk_skb: [ProgramType.SK_SKB],
  "sk_skb/stream_parser": [ProgramType.SK_SKB, AttachType.SK_SKB_STREAM_PARSER],
  "sk_skb/stream_verdict": [ProgramType.SK_SKB, AttachType.SK_SKB_STREAM_VERDICT],
  "sk_skb/verdict": [ProgramType.SK_SKB, AttachType.SK_SKB_VERDICT],
  sk_reuseport: [ProgramType.SK_REUSEPORT, AttachType.SK_REUSEPORT_SELECT],
  "sk_reuseport/migrate": [ProgramType.SK_REUSEPORT, AttachType.SK_REUSEPORT_SELECT_OR_MIGRATE],
  "cgroup_skb/ingress": [ProgramType.CGROUP_SKB, AttachType.CGROUP_INET_INGRESS],
  "cgroup_skb/egress": [ProgramType.CGROUP_SKB, AttachType.CGROUP_INET_EGRESS],
  "cgroup/skb": [ProgramType.CGROUP_SKB],
  "cgroup/dev": [ProgramType.CGROUP_DEVICE, AttachType.CGROUP_DEVICE],
  "cgroup/sysctl": [ProgramType.CGROUP_SYSCTL, AttachType.CGROUP_SYSCTL],
  "cgroup/getsockopt": [ProgramType.CGROUP_SOCKOPT, AttachType.CGROUP_GETSOCKOPT],
  "cgroup/setsockopt": [ProgramType.CGROUP_SOCKOPT, AttachType.CGROUP_SETSOCKOPT],
  "cgroup/sock": [ProgramType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_CREATE],
  "cgroup/sock_create": [ProgramType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_CREATE],
  "cgroup/sock_release": [ProgramType.CGROUP_SOCK, AttachType.CGROUP_INET_SOCK_RELEASE],
  "cgroup/post_bind4": [ProgramType.CGROUP_SOCK, AttachType.CGROUP_INET4_POST_BIND],
  "cgroup/post_bind6": [ProgramType.CGROUP_SOCK, AttachType.CGROUP_INET6_POST_BIND],
  "cgroup/bind4": [ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_BIND],
  "cgroup/bind6": [ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET6_BIND],
  "cgroup/connect4": [ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_CONNECT],
  "cgroup/connect6": [ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET6_CONNECT],
  "cgroup/sendmsg4": [ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_UDP4_SENDMSG],
  "cgroup/sendmsg6": [ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_UDP6_SENDMSG],
  "cgroup/recvmsg4": [ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_UDP4_RECVMSG],
  "cgroup/recvmsg6": [ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_UDP6_RECVMSG],
  "cgroup/getpeername4": [ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_GETPEERNAME],
  "cgroup/getpeername6": [ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET6_GETPEERNAME],
  "cgroup/getsockname4": [ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET4_GETSOCKNAME],
  "cgroup/getsockname6": [ProgramType.CGROUP_SOCK_ADDR, AttachType.CGROUP_INET6_GETSOCKNAME],
};

/**
 * Reads a program's section name, without the `?` of optional ones. The names are those that libbpf knows, so that an
 * object written for it means the same here.
 *
 * @returns undefined for names that mean nothing.
 */
export function sectionMeaning(sectionName: string): SectionMeaning | undefined {
  const whole = lookUp(wholeName, sectionName);
  if (whole !== undefined) return meaning(whole, undefined);
  const slash = sectionName.indexOf("/");
  const prefix = slash < 0 ? sectionName : sectionName.slice(0, slash);
  const entry = lookUp(withTarget, prefix);
  return entry === undefined ? undefined : meaning(entry, slash < 0 ? undefined : sectionName.slice(slash + 1));
}

/** The names come from a file: `constructor` is no section. */
function lookUp(table: Readonly<Record<string, Entry>>, name: string): Entry | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function meaning([type, expectedAttachType = 0, flags = 0]: Entry, attachTo: string | undefined): SectionMeaning {
  return { type, expectedAttachType, attachTo, flags };
}
