// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Kernel half of the connection tracer: TCP connections and those of Unix stream sockets, from connect or accept to their
 * end.
 *
 *   inet_sock_set_state -> on_state    --+
 *   tcp_destroy_sock ----> on_destroy  --+-> connections   socket -> since when, whose
 *   sys_exit ------------> on_call     --+-> events        opened, closed, failed
 *   iter/task_file ------> on_file     --+   once: what there was before
 *   iter/bpf_map --------> on_asked          what there is now, with the counters of the sockets themselves
 *
 * A handshake ends in an interrupt: the process is the one that was in connect(), and the one that accept() gave it to.
 */
#include "../kernel/syscall-program.h"
#include "connections/connection-table.h"
#include "connections/stream-call.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* By 6.2 the kernel skips a program that would interrupt itself. So there are two: what one cannot see the other one does. */

static __always_inline void begin_connect(struct sock *sk, struct connection *known, u32 slot)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct connection fresh = {
		.transport = TRANSPORT_TCP, .role = ROLE_CLIENT, .state = TCP_SYN_SENT, .flags = IN_CONNECT
	};
	u64 key = (u64)sk;

	if (known && known->state == TCP_SYN_SENT)
		return;
	fresh.start_ns = bpf_ktime_get_ns();
	if (!target_is_wanted(task, bpf_get_current_pid_tgid() >> 32)) {
		if (known)
			bpf_map_delete_elem(&connections, &key);
		return;
	}
	own(&fresh, task, slot);
	if (bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY))
		COUNT(connections_full);
}

static __always_inline void begin_listening(struct sock *sk, u32 slot)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct connection fresh = { .transport = TRANSPORT_TCP, .role = ROLE_LISTENER, .state = TCP_LISTEN };
	u64 key = (u64)sk;

	if (!target_is_wanted(task, bpf_get_current_pid_tgid() >> 32))
		return;
	fresh.start_ns = bpf_ktime_get_ns();
	own(&fresh, task, slot);
	if (bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY))
		COUNT(connections_full);
}

/*
 * A connection that was accepted unseen, by io_uring for instance: its process is one that has it. Says false when it is not
 * wanted, and no longer known then.
 */
static __always_inline bool adopt(struct sock *sk, struct connection *known, struct task_struct *task, u32 slot)
{
	u64 key = (u64)sk;

	if (!target_is_wanted(task, BPF_CORE_READ(task, tgid))) {
		bpf_map_delete_elem(&connections, &key);
		return false;
	}
	own(known, task, slot);
	send_opened(sk, known);
	return true;
}

static __always_inline bool is_adoptable(struct sock *sk, struct connection *known)
{
	return known->role == ROLE_SERVER && known->transport == TRANSPORT_TCP && !(known->flags & OWNED) &&
	       BPF_CORE_READ(sk, sk_socket);
}

static __always_inline void established(struct sock *sk, struct connection *known, int old)
{
	struct connection fresh = { .transport = TRANSPORT_TCP, .role = ROLE_SERVER, .state = TCP_ESTABLISHED };
	u64 key = (u64)sk;

	if (known) {
		if (known->state == TCP_ESTABLISHED)
			return;
		known->state = TCP_ESTABLISHED;
		known->established_ns = bpf_ktime_get_ns();
		if (known->role == ROLE_CLIENT)
			send_opened(sk, known);
		return;
	}
	if (old != TCP_SYN_RECV)
		return; /* a client that isn't wanted, or that found no room */
	fresh.start_ns = bpf_ktime_get_ns();
	fresh.established_ns = fresh.start_ns;
	if (bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY))
		COUNT(connections_full);
}

static __always_inline void closed(struct sock *sk, struct connection *connection, int old)
{
	u64 key = (u64)sk;
	struct connection last;

	if (connection->state == TCP_CLOSE)
		return;
	connection->error = BPF_CORE_READ(sk, sk_err);
	/* At once, and not by the peer: a reset goes out next (tcp_disconnect(), or tcp_close() with unread data). */
	if ((old == TCP_ESTABLISHED || old == TCP_CLOSE_WAIT) && !connection->error &&
	    !(connection->flags & RESET_RECEIVED))
		connection->flags |= RESET_SENT;
	if (connection->role == ROLE_LISTENER) {
		bpf_map_delete_elem(&connections, &key);
		return;
	}
	if (connection->state == TCP_SYN_SENT) {
		connection->state = TCP_CLOSE;
		/* Then it is the call that says why: there was no port left, for instance. */
		if (!connection->error && (connection->flags & IN_CONNECT) &&
		    connection->owner.tid == (u32)bpf_get_current_pid_tgid())
			return;
		connection->flags |= FAILURE_TOLD;
		send_tcp(RECORD_FAILED, sk, connection);
		return;
	}
	if (connection->role == ROLE_SERVER && !(connection->flags & OWNED) && socket_waits(sk)) {
		/* Reset while it waits; accept() gives it out all the same, or it is destroyed with its listening socket. */
		connection->state = TCP_CLOSE;
		connection->closed_ns = bpf_ktime_get_ns();
		return;
	}
	last = *connection;
	bpf_map_delete_elem(&connections, &key);
	send_tcp(RECORD_CLOSED, sk, &last);
}

static __always_inline void state_changed(struct sock *sk, int old, int new, u32 slot)
{
	struct connection *known;
	u64 key = (u64)sk;

	if (sk->sk_protocol != IPPROTO_TCP)
		return;
	known = bpf_map_lookup_elem(&connections, &key);
	/* A process closes it. */
	if (known && (new == TCP_FIN_WAIT1 || new == TCP_LAST_ACK) && is_adoptable(sk, known)) {
		struct task_struct *task = (void *)bpf_get_current_task();

		if (!task_is_kernel_thread(task) && !adopt(sk, known, task, slot))
			return;
	}
	switch (new) {
	case TCP_SYN_SENT:
		begin_connect(sk, known, slot);
		break;
	case TCP_LISTEN:
		if (!known || known->state != TCP_LISTEN)
			begin_listening(sk, slot);
		break;
	case TCP_ESTABLISHED:
		established(sk, known, old);
		break;
	case TCP_FIN_WAIT1:
		if (known && !(known->flags & PEER_CLOSED))
			known->flags |= LOCAL_CLOSED;
		break;
	case TCP_CLOSE_WAIT:
		if (known && !(known->flags & LOCAL_CLOSED))
			known->flags |= PEER_CLOSED;
		break;
	case TCP_CLOSE:
		if (known)
			closed(sk, known, old);
		break;
	}
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int old, int new)
{
	state_changed(sk, old, new, SCRATCH_STATE);
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state_second, struct sock *sk, int old, int new)
{
	state_changed(sk, old, new, SCRATCH_STATE_SECOND);
	return 0;
}

/* The last that is seen of a socket. */
static __always_inline void destroyed(struct sock *sk)
{
	struct connection *known, last;
	u64 key = (u64)sk;

	known = bpf_map_lookup_elem(&connections, &key);
	if (!known)
		return;
	last = *known;
	bpf_map_delete_elem(&connections, &key);
	if (last.role == ROLE_LISTENER || (last.flags & FAILURE_TOLD))
		return;
	if (last.role == ROLE_CLIENT && !last.established_ns && last.start_ns) {
		last.flags |= FAILURE_TOLD;
		send_tcp(RECORD_FAILED, sk, &last);
		return;
	}
	if (last.role == ROLE_SERVER && !(last.flags & OWNED)) {
		/* Nobody knows whose it would have been. */
		if (filter_targets || filter_cgroup)
			return;
		last.flags |= NEVER_ACCEPTED;
		COUNT(never_accepted);
	}
	send_tcp(RECORD_CLOSED, sk, &last);
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_destroy, struct sock *sk)
{
	destroyed(sk);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_destroy_second, struct sock *sk)
{
	destroyed(sk);
	return 0;
}

/* include/uapi/asm-generic/errno.h and include/linux/errno.h: results of connect() that are no failures */
#define EINTR 4
#define EISCONN 106
#define EALREADY 114
#define EINPROGRESS 115
#define ERESTARTSYS 512

static __always_inline bool connect_has_failed(long result)
{
	return result < 0 && result > -ERESTARTSYS && result != -EINPROGRESS && result != -EALREADY &&
	       result != -EISCONN && result != -EINTR;
}

/* A TCP connect returned. Most of what there is to tell was told when the socket changed its state. */
static __always_inline void left_connect(struct sock *sk, struct task_struct *task, struct stream_call *call,
					 long result)
{
	u64 key = (u64)sk;
	struct connection *known = bpf_map_lookup_elem(&connections, &key);
	struct connection failed = { .transport = TRANSPORT_TCP, .role = ROLE_CLIENT, .state = TCP_CLOSE };

	if (known)
		known->flags &= ~IN_CONNECT;
	if (!connect_has_failed(result))
		return;
	if (known && (known->state != TCP_CLOSE || known->role != ROLE_CLIENT))
		return;
	if (known && (known->flags & FAILURE_TOLD)) {
		/* This call tells of the failure, maybe one of before; another call would be another attempt. */
		bpf_map_delete_elem(&connections, &key);
		return;
	}
	if (known) {
		failed = *known;
		bpf_map_delete_elem(&connections, &key);
	} else {
		if (!target_is_wanted(task, bpf_get_current_pid_tgid() >> 32))
			return;
		failed.start_ns = bpf_ktime_get_ns();
		own(&failed, task, SCRATCH_CALL);
	}
	failed.error = -result;
	send_failed_call(sk, &failed, call->address, call->address_bytes);
}

/* accept() gave a TCP connection to a process. */
static __always_inline void accepted(struct sock *sk, struct task_struct *task)
{
	u64 key = (u64)sk;
	struct connection *known = bpf_map_lookup_elem(&connections, &key);
	struct connection fresh = { .transport = TRANSPORT_TCP, .role = ROLE_SERVER, .state = TCP_ESTABLISHED };

	if (!target_is_wanted(task, bpf_get_current_pid_tgid() >> 32)) {
		if (known)
			bpf_map_delete_elem(&connections, &key);
		return;
	}
	if (!known) {
		/* It was in the queue before the tracer's start. */
		u32 state = socket_state(sk);

		if (state == TCP_CLOSE)
			return;
		fresh.flags = EXISTED;
		if (bpf_map_update_elem(&connections, &key, &fresh, BPF_NOEXIST)) {
			COUNT(connections_full);
			return;
		}
		known = bpf_map_lookup_elem(&connections, &key);
		if (!known)
			return;
	}
	known->accepted_ns = bpf_ktime_get_ns();
	own(known, task, SCRATCH_CALL);
	send_opened(sk, known);
	if (known->state == TCP_CLOSE) {
		fresh = *known;
		bpf_map_delete_elem(&connections, &key);
		send_tcp(RECORD_CLOSED, sk, &fresh);
	}
}

/* The same of a Unix socket, from either side. */
static __always_inline void unix_opened(struct sock *sk, struct task_struct *task, u32 role)
{
	struct connection fresh = { .transport = TRANSPORT_UNIX, .role = role, .state = TCP_ESTABLISHED };
	u64 key = (u64)sk;

	fresh.start_ns = bpf_ktime_get_ns();
	fresh.established_ns = fresh.start_ns;
	fresh.inode = inode_number_of_sock(sk);
	own(&fresh, task, SCRATCH_CALL);
	if (role == ROLE_LISTENER) {
		fresh.state = TCP_LISTEN;
	} else {
		if (role == ROLE_SERVER)
			fresh.accepted_ns = fresh.start_ns;
		send_unix(RECORD_OPENED, sk, &fresh);
	}
	if (bpf_map_update_elem(&connections, &key, &fresh, BPF_ANY))
		COUNT(connections_full);
}

static __always_inline void left_unix_call(struct sock *sk, struct task_struct *task, struct stream_call *call,
					   long result)
{
	struct connection failed = { .transport = TRANSPORT_UNIX, .role = ROLE_CLIENT, .state = TCP_CLOSE };

	if (!target_is_wanted(task, bpf_get_current_pid_tgid() >> 32))
		return;
	if (result >= 0) {
		unix_opened(sk, task,
			    call->kind == CALL_CONNECT ? ROLE_CLIENT
						       : call->kind == CALL_ACCEPT ? ROLE_SERVER : ROLE_LISTENER);
		return;
	}
	if (call->kind != CALL_CONNECT || !connect_has_failed(result))
		return;
	failed.start_ns = bpf_ktime_get_ns();
	failed.error = -result;
	own(&failed, task, SCRATCH_CALL);
	send_failed_call(sk, &failed, call->address, call->address_bytes);
}

SYSCALL_END_PROGRAM(on_call, struct pt_regs *regs, long result)
{
	struct task_struct *task;
	struct sock *sk;
	struct stream_call call;

	if (!read_stream_call(regs, &call))
		return 0;
	if (call.kind != CALL_CONNECT && result < 0)
		return 0;
	task = (void *)bpf_get_current_task();
	sk = sock_of_file(file_of_descriptor(task, call.kind == CALL_ACCEPT ? result : call.descriptor));
	if (!sk || BPF_CORE_READ(sk, sk_type) != SOCK_STREAM)
		return 0;
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		left_unix_call(sk, task, &call, result);
	else if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	else if (call.kind == CALL_CONNECT)
		left_connect(sk, task, &call, result);
	else if (call.kind == CALL_ACCEPT)
		accepted(sk, task);
	return 0;
}

SEC("tp_btf/tcp_retransmit_synack")
int BPF_PROG(on_retransmit_synack, struct sock *sk)
{
	COUNT(syn_ack_retransmits);
	return 0;
}

/* sk is NULL where there is no such connection, or a request for one. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(on_send_reset, struct sock *sk)
{
	u64 key = (u64)sk;
	struct connection *known = bpf_map_lookup_elem(&connections, &key);

	COUNT(resets_sent);
	if (known && known->state != TCP_LISTEN)
		known->flags |= RESET_SENT;
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(on_receive_reset, struct sock *sk)
{
	u64 key = (u64)sk;
	struct connection *known = bpf_map_lookup_elem(&connections, &key);

	COUNT(resets_received);
	if (known)
		known->flags |= RESET_RECEIVED;
	return 0;
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (!target_forked(parent, child))
		COUNT(targets_full);
	return 0;
}

SEC("?tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	target_executed(task->tgid);
	return 0;
}

SEC("?tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct exit_record *record;
	u32 pid = task->tgid;

	if (!task_is_last_thread(task) || !target_exited(pid))
		return 0;
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record)
		return 0; /* user space looks now and then, too */
	record->kind = RECORD_TARGET_EXITED;
	record->pid = pid;
	bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
	return 0;
}

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct bpf_iter__task_file {
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

#pragma clang attribute pop

/*
 * Which side a connection that existed is, by its sequence numbers: the SYN of the side that connected counts as
 * acknowledged, that of the other side doesn't (tcp_create_openreq_child() begins behind it). Bytes that were sent count
 * without. Not known once a FIN was sent.
 */
static __always_inline u32 role_of_established(struct sock *sk)
{
	struct tcp_sock *tcp = (void *)sk;
	u64 numbers, bytes;

	numbers = BPF_CORE_READ(tcp, bytes_acked) + (u32)(BPF_CORE_READ(tcp, snd_nxt) - BPF_CORE_READ(tcp, snd_una));
	bytes = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);
	if (numbers == bytes)
		return ROLE_SERVER;
	return numbers == bytes + 1 ? ROLE_CLIENT : ROLE_UNKNOWN;
}

/*
 * Run at the start, when all hooks are there: what they saw is not overwritten. And later, where a connection has no process.
 */
volatile bool adopt_only = false;

SEC("iter/task_file")
int on_file(struct bpf_iter__task_file *ctx)
{
	struct connection fresh = { .flags = EXISTED };
	struct task_struct *task = ctx->task;
	struct connection *known;
	struct sock *sk;
	u32 state, family;
	u64 key;

	if (!task || !ctx->file)
		return 0;
	sk = sock_of_file(ctx->file);
	if (!sk || BPF_CORE_READ(sk, sk_type) != SOCK_STREAM)
		return 0;
	key = (u64)sk;
	known = bpf_map_lookup_elem(&connections, &key);
	if (known && is_adoptable(sk, known) && target_is_wanted(task, task->tgid))
		adopt(sk, known, task, SCRATCH_ITERATOR);
	if (known || adopt_only || !target_is_wanted(task, task->tgid))
		return 0;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	state = socket_state(sk);
	if (state == TCP_CLOSE)
		return 0;
	fresh.state = state == TCP_LISTEN || state == TCP_SYN_SENT ? state : TCP_ESTABLISHED;
	if (family == AF_UNIX) {
		fresh.transport = TRANSPORT_UNIX;
		fresh.inode = inode_number_of_sock(sk);
		fresh.role = unix_role(sk);
		if (state != TCP_LISTEN && !unix_is_bound(sk) && !unix_is_bound(unix_peer(sk)))
			return 0; /* one of a pair */
	} else if ((family == AF_INET || family == AF_INET6) && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP) {
		fresh.transport = TRANSPORT_TCP;
	} else {
		return 0;
	}
	if (state == TCP_LISTEN)
		fresh.role = ROLE_LISTENER;
	else if (state == TCP_SYN_SENT)
		fresh.role = ROLE_CLIENT;
	else if (fresh.transport == TRANSPORT_TCP && (state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT))
		fresh.role = role_of_established(sk);
	if (state == TCP_CLOSE_WAIT)
		fresh.flags |= PEER_CLOSED;
	own(&fresh, task, SCRATCH_ITERATOR);
	if (bpf_map_update_elem(&connections, &key, &fresh, BPF_NOEXIST) == -E2BIG)
		COUNT(connections_full);
	/* It was closed meanwhile, and on_state did not know it yet. */
	else if (fresh.transport == TRANSPORT_TCP && socket_state(sk) == TCP_CLOSE)
		bpf_map_delete_elem(&connections, &key);
	return 0;
}

/* Unix sockets are closed without a hook: user space asks for them now and then. */
static __always_inline bool unix_is_closed(struct sock *sk, struct connection *connection)
{
	return inode_number_of_sock(sk) != connection->inode || BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX;
}

/* Sockets that user space asks for, so many at a time, and the answers: `kind` is RECORD_LIVE, or 0 where it is gone. */
#define ASKED_LIMIT 128
volatile u32 asked_count;
volatile u64 asked[ASKED_LIMIT];
struct live_record live[ASKED_LIMIT];

/* Not static: the verifier looks at it once, and not once for each round of the loop. */
__attribute__((noinline)) int answer(u32 index)
{
	struct live_record *record = &live[index & (ASKED_LIMIT - 1)];
	u64 key = asked[index & (ASKED_LIMIT - 1)];
	struct connection *connection = bpf_map_lookup_elem(&connections, &key);
	struct sock *sk = (void *)key;
	struct connection last;

	record->base.kind = 0;
	if (!connection || connection->state == TCP_CLOSE)
		return 0;
	if (connection->transport == TRANSPORT_TCP) {
		describe(&record->base, RECORD_LIVE, sk, connection);
		if (is_adoptable(sk, connection))
			record->base.connection.flags |= HELD;
		read_addresses(&record->base, sk);
		read_traffic(&record->traffic, sk, connection->state);
		return 0;
	}
	if (unix_is_closed(sk, connection)) {
		last = *connection;
		bpf_map_delete_elem(&connections, &key);
		if (last.role != ROLE_LISTENER)
			send_unix(RECORD_CLOSED, sk, &last);
		return 0;
	}
	describe(&record->base, RECORD_LIVE, sk, connection);
	record->base.path_bytes = read_unix_path(record->path, sk, connection->role);
	record->traffic.capacity = BPF_CORE_READ(sk, sk_max_ack_backlog);
	return 0;
}

/*
 * Answers on the first visit of each run. What is gone through does not matter: user space cannot run a program of this kind
 * by itself everywhere, and may not go through the elements of a map under all kernels.
 */
SEC("iter/bpf_map")
int on_asked(void *ctx)
{
	u32 count = asked_count;

	asked_count = 0;
	for (u32 index = 0; index < ASKED_LIMIT; index++) {
		if (index >= count)
			break;
		answer(index);
	}
	return 0;
}
