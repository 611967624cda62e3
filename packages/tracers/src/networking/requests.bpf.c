// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Kernel half of the request tracer: sends the payload of the streams that carry HTTP or DNS, and sums up datagrams.
 *
 *   sys_enter -> on_enter   notes in `threads` which socket a call is on, and when it began; sends the ends of streams
 *   sys_exit --> on_exit    reads what was sent or received out of the process's memory, see payload.h and flows.h
 *
 * What goes over TLS is read where it is encrypted and decrypted, see tls.h.
 *
 * The socket is looked up on entry, since another thread can close its descriptor before the call returns. Where a stream
 * is at is asked of the socket itself: TCP numbers its bytes. So what isn't seen, as with io_uring, leaves a gap of known
 * length, and a connection need not have been seen from its start.
 */
#include "../kernel/syscall.h"
#include "flows.h"
#include "tls.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Kinds of calls. */
#define CALL_FLAT 1	/* read(), sendto(): address and length */
#define CALL_VECTOR 2	/* readv(): a struct iovec[] */
#define CALL_MESSAGE 3	/* recvmsg(): a struct msghdr */
#define CALL_MESSAGES 4 /* recvmmsg(): a struct mmsghdr[] */
#define CALL_SENDFILE 5
#define CALL_SPLICE 6
/* Those that end something; seen on entry alone. */
#define CALL_CLOSE 7
#define CALL_SHUTDOWN 8
/* Those that are counted, and no more. */
#define CALL_IO_URING 9
#define CALL_SOCKETCALL 10

/* In place of the number of an argument. */
#define ARGUMENT_NONE 0xff

/* A power of two above the numbers of all calls; the newest are at 470. */
#define CALL_LIMIT 512

/* A system call that is looked at. `request-calls.ts` says which they are. */
struct call {
	u8 kind;      /* CALL_*; 0: not looked at */
	u8 direction; /* RECEIVED, SENT */
	u8 flags;     /* argument with MSG_* */
	u8 name;      /* argument with the address of the peer */
};

/* By number, of the tables for 64-bit and for 32-bit programs. */
const volatile struct call calls[CALL_LIMIT] = {};
const volatile struct call compat_calls[CALL_LIMIT] = {};

/* include/linux/socket.h */
#define MSG_OOB 1
#define MSG_PEEK 2
#define MSG_TRUNC 0x20
#define MSG_ERRQUEUE 0x2000

/* include/uapi/linux/udp.h: of the control messages with which datagrams are handed over many at once */
#define SOL_UDP 17
#define UDP_SEGMENT 103
#define UDP_GRO 104

/* include/uapi/asm-generic/errno*.h: after these a connection is over */
#define EPIPE 32
#define ECONNABORTED 103
#define ECONNRESET 104
#define ETIMEDOUT 110
#define EHOSTUNREACH 113

/* Of one recvmmsg() or sendmmsg(). UIO_MAXIOV allows for 1,024. */
#define MESSAGES 64

/* include/linux/socket.h, include/net/compat.h */
struct message {
	u64 name;
	s32 name_bytes;
	u32 unused;
	u64 vector;
	u64 count;
	u64 control;
	u64 control_bytes;
	u32 flags;
	u32 unused_too;
};

struct message_of_many {
	struct message message;
	u32 length;
	u32 unused;
};

struct compat_message {
	u32 name;
	s32 name_bytes;
	u32 vector;
	u32 count;
	u32 control;
	u32 control_bytes;
	u32 flags;
};

struct compat_message_of_many {
	struct compat_message message;
	u32 length;
};

struct control_message {
	u64 length;
	s32 level;
	s32 type;
	u16 value;
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct udp_sock {
	u16 gso_size;
};

#pragma clang attribute pop

/* Says what kind of call it is; 0 where it is not looked at, as cheaply as can be. */
static __always_inline u32 find_call(long number, struct call *call, bool *compat)
{
	if (number < 0 || number >= CALL_LIMIT)
		return 0;
	if (!calls[number].kind && !compat_calls[number].kind)
		return 0;
	*compat = syscall_is_compat();
	if (*compat)
		*call = compat_calls[number];
	else
		*call = calls[number];
	return call->kind;
}

static __always_inline u64 argument(struct pt_regs *regs, bool compat, u32 index)
{
	switch (index) {
	case 0:
		return syscall_argument(regs, compat, 0);
	case 1:
		return syscall_argument(regs, compat, 1);
	case 2:
		return syscall_argument(regs, compat, 2);
	case 3:
		return syscall_argument(regs, compat, 3);
	case 4:
		return syscall_argument(regs, compat, 4);
	default:
		return 0;
	}
}

/* In the direction, the number of the byte that comes next. */
static __always_inline u32 tcp_sequence(struct sock *sk, u32 direction)
{
	struct tcp_sock *tcp = (void *)sk;

	return direction == SENT ? BPF_CORE_READ(tcp, write_seq) : BPF_CORE_READ(tcp, copied_seq);
}

/* Notes the socket that a call of this thread is on. Says false where it is not one that is looked at. */
static __always_inline bool note_socket(struct thread *thread, struct socket *socket, u32 direction)
{
	struct sock *sk = BPF_CORE_READ(socket, sk);
	u64 number = inode_number_of_socket(socket);
	u32 transport = thread->transport;

	/* Mostly it is that of the call before. */
	if (thread->socket != socket || thread->sk != sk || thread->key.number != number) {
		transport = transport_of(sk);
		thread->socket = socket;
		thread->sk = sk;
		thread->key.address = (u64)sk;
		thread->key.number = number;
		thread->transport = transport;
	}
	if (transport == TRANSPORT_MPTCP)
		COUNT(multipath_not_seen);
	if (transport == TRANSPORT_SMC)
		COUNT(smc_not_seen);
	if (!transport || transport > TRANSPORT_UNIX)
		return false;
	thread->direction = direction;
	if (transport == TRANSPORT_TCP)
		thread->sequence = tcp_sequence(sk, direction);
	thread->busy = true;
	return true;
}

/* The socket that a call is on, and which way it is used. */
static __always_inline struct socket *socket_of_call(struct pt_regs *regs, bool compat, const struct call *call,
						     struct task_struct *task, u32 *direction)
{
	struct socket *socket = socket_of_file(file_of_current(task, argument(regs, compat, 0)));

	*direction = call->direction;
	if (call->kind != CALL_SPLICE || socket)
		return socket;
	*direction = SENT;
	return socket_of_file(file_of_current(task, argument(regs, compat, 2)));
}

static __always_inline void end_stream(struct pt_regs *regs, bool compat, u32 kind, struct task_struct *task, u32 pid,
				       u32 tid)
{
	struct file *file = file_of_current(task, argument(regs, compat, 0));
	struct socket *socket = socket_of_file(file);
	struct payload payload = { .direction = SENT };

	if (!socket)
		return;
	payload.key.address = (u64)BPF_CORE_READ(socket, sk);
	payload.key.number = inode_number_of_socket(socket);
	payload.stream = bpf_map_lookup_elem(&streams, &payload.key);
	/* SHUT_RD ends nothing that the peer could notice. */
	if (!payload.stream || (kind == CALL_SHUTDOWN ? argument(regs, compat, 1) == 0 : !file_has_one_user(file)))
		return;
	payload.thread = find_or_create_thread(pid, tid);
	if (!payload.thread)
		return;
	payload.start_ns = bpf_ktime_get_ns();
	payload.end_ns = payload.start_ns;
	send_end(&payload, kind == CALL_SHUTDOWN ? END_OF_DIRECTION : 0, 0, SCRATCH_OF_CALL);
	if (kind == CALL_CLOSE)
		bpf_map_delete_elem(&streams, &payload.key);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_enter, struct pt_regs *regs, long number)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u32 pid = pid_tgid >> 32, tid = pid_tgid;
	struct socket *socket;
	struct thread *thread;
	struct call call;
	u32 kind, direction;
	bool compat;

	kind = find_call(number, &call, &compat);
	if (!kind || kind >= CALL_IO_URING || !process_is_wanted(task, pid))
		return 0;
	if (kind >= CALL_CLOSE) {
		end_stream(regs, compat, kind, task, pid, tid);
		return 0;
	}
	socket = socket_of_call(regs, compat, &call, task, &direction);
	if (!socket)
		return 0;
	thread = find_or_create_thread(pid, tid);
	if (!thread) {
		COUNT(threads_full);
		return 0;
	}
	if (note_socket(thread, socket, direction))
		thread->start_ns = bpf_ktime_get_ns();
	return 0;
}

/* A thread that isn't known leaves a call: one that was under way at the start, or it had no socket so far. */
static __always_inline struct thread *meet_thread(struct pt_regs *regs, bool compat, const struct call *call,
						  struct task_struct *task, u32 pid, u32 tid)
{
	struct socket *socket;
	struct thread *thread;
	u32 direction;

	if (!process_is_wanted(task, pid))
		return NULL;
	thread = find_or_create_thread(pid, tid);
	if (!thread)
		return NULL;
	socket = socket_of_call(regs, compat, call, task, &direction);
	if (socket && note_socket(thread, socket, direction))
		thread->start_ns = bpf_ktime_get_ns();
	return thread;
}

static __always_inline bool read_message(u64 address, bool compat, struct message *message)
{
	struct compat_message narrow;

	if (!compat)
		return !bpf_probe_read_user(message, sizeof(*message), (void *)address);
	if (bpf_probe_read_user(&narrow, sizeof(narrow), (void *)address))
		return false;
	message->name = narrow.name;
	message->vector = narrow.vector;
	message->count = narrow.count;
	message->control = 0; /* is laid out another way */
	message->control_bytes = 0;
	return true;
}

static __always_inline u32 segment_bytes_of_socket(struct sock *sk)
{
	struct udp_sock *udp = (void *)sk;

	return BPF_CORE_READ(udp, gso_size);
}

/* Where it was handed over many datagrams at once, the size of one; 0: it is one. */
static __always_inline u32 segment_bytes_of(const struct message *message, const struct thread *thread)
{
	struct control_message control;
	u64 offset = 0;

	for (u32 i = 0; i < 4; i++) {
		if (offset + sizeof(control) > message->control_bytes)
			break;
		if (bpf_probe_read_user(&control, sizeof(control), (void *)(message->control + offset)))
			break;
		if (control.level == SOL_UDP && control.type == (thread->direction == SENT ? UDP_SEGMENT : UDP_GRO))
			return control.value;
		if (control.length < 16)
			break;
		offset += (control.length + 7) & ~7ULL;
	}
	return thread->direction == SENT ? segment_bytes_of_socket(thread->sk) : 0;
}

static __always_inline u32 count_of_vector(u64 count)
{
	/* UIO_MAXIOV */
	return count > 1024 ? 1024 : count;
}

static __always_inline void count_message(u64 address, bool compat, struct thread *thread, u32 length)
{
	struct message message;
	u32 kind = compat ? BUFFER_COMPAT_VECTOR : BUFFER_VECTOR;

	if (!read_message(address, compat, &message))
		return;
	count_datagram(message.vector, count_of_vector(message.count) << 2 | kind,
		       (u64)segment_bytes_of(&message, thread) << 32 | length, message.name, CAPTURE_BYTES);
}

static __always_inline bool read_length_of_message(u64 address, bool compat, u32 *length)
{
	return !bpf_probe_read_user(length, sizeof(*length),
				    (void *)(address + (compat ? __builtin_offsetof(struct compat_message_of_many, length) :
								 __builtin_offsetof(struct message_of_many, length))));
}

/* Of one message of many, which one by one are as far apart as this. */
static __always_inline u64 bytes_of_message(bool compat)
{
	return compat ? sizeof(struct compat_message_of_many) : sizeof(struct message_of_many);
}

/* One message of a recvmmsg() or sendmmsg(). Not static, so that the verifier looks at it once. */
__attribute__((noinline)) int count_message_of_many(u64 address, u32 compat)
{
	u32 tid = bpf_get_current_pid_tgid(), length;
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);

	if (thread && read_length_of_message(address, compat, &length))
		count_message(address, compat, thread, length);
	return 0;
}

/* Datagrams that went: result is that of the call, and not negative. */
static __always_inline void datagrams_went(struct pt_regs *regs, bool compat, const struct call *call, struct thread *thread,
					   u64 result)
{
	u64 address = argument(regs, compat, 1);

	switch (call->kind) {
	case CALL_FLAT:
		/* With MSG_TRUNC a datagram may be longer than the buffer. */
		count_datagram(address, BUFFER_FLAT,
			       (u64)(call->direction == SENT ? segment_bytes_of_socket(thread->sk) : 0) << 32 | (u32)result,
			       argument(regs, compat, call->name), argument(regs, compat, 2));
		break;
	case CALL_VECTOR:
		count_datagram(address,
			       count_of_vector(argument(regs, compat, 2)) << 2 |
				       (compat ? BUFFER_COMPAT_VECTOR : BUFFER_VECTOR),
			       (u32)result, 0, CAPTURE_BYTES);
		break;
	case CALL_MESSAGE:
		count_message(address, compat, thread, result);
		break;
	case CALL_MESSAGES:
		for (u32 i = 0; i < MESSAGES; i++) {
			if (i >= result)
				break;
			count_message_of_many(address + i * bytes_of_message(compat), compat);
		}
		if (result > MESSAGES)
			COUNT_MANY(messages_not_seen, result - MESSAGES);
		break;
	default:
		/* sendfile() makes as many as it likes. */
		COUNT(messages_not_seen);
	}
}

/* Where a call on a stream has its bytes, and in `length` how many have gone. */
static __always_inline void buffer_of_call(struct pt_regs *regs, bool compat, const struct call *call, u64 *length,
					   struct buffer *buffer)
{
	u64 address = argument(regs, compat, 1);
	struct message message;
	u64 sum = 0;
	u32 part;

	buffer->kind = BUFFER_NONE;
	buffer->address = address;
	buffer->count = 0;
	switch (call->kind) {
	case CALL_FLAT:
		buffer->kind = BUFFER_FLAT;
		break;
	case CALL_VECTOR:
		buffer->kind = compat ? BUFFER_COMPAT_VECTOR : BUFFER_VECTOR;
		buffer->count = count_of_vector(argument(regs, compat, 2));
		break;
	case CALL_MESSAGE:
		if (!read_message(address, compat, &message))
			break;
		buffer->kind = compat ? BUFFER_COMPAT_VECTOR : BUFFER_VECTOR;
		buffer->address = message.vector;
		buffer->count = count_of_vector(message.count);
		break;
	case CALL_MESSAGES:
		/* Nobody does that with a stream: its length alone. */
		for (u32 i = 0; i < MESSAGES; i++) {
			if (i >= *length || !read_length_of_message(address + i * bytes_of_message(compat), compat, &part))
				break;
			sum += part;
		}
		*length = sum;
		break;
	}
	/* Discarded, not copied. */
	if (call->direction == RECEIVED && argument(regs, compat, call->flags) & MSG_TRUNC)
		buffer->kind = BUFFER_NONE;
}

/*
 * The position of the first of the bytes that have gone. A FIN takes a number, too, and is taken together with the last
 * bytes before it.
 */
static __always_inline u32 tcp_position(const struct thread *thread, u32 length)
{
	struct sock *sk = thread->sk;
	struct tcp_sock *tcp = (void *)sk;
	u32 next = tcp_sequence(sk, thread->direction);
	u32 advanced = next - thread->sequence;

	if (thread->direction == SENT || advanced == length)
		return next - length;
	if (advanced == length + 1)
		return thread->sequence;
	/* Another thread reads as well, or the call began before it was looked at. */
	if (BPF_CORE_READ(sk, sk_shutdown) & RCV_SHUTDOWN && BPF_CORE_READ(tcp, rcv_nxt) == next)
		next--;
	return next - length;
}

/* Whether a call is the first one on its socket that has moved anything, either way. */
static __always_inline bool tcp_is_at_start(const struct thread *thread, u32 length)
{
	struct tcp_sock *tcp = (void *)thread->sk;
	u64 received = BPF_CORE_READ(tcp, bytes_received) - (u32)(BPF_CORE_READ(tcp, rcv_nxt) - BPF_CORE_READ(tcp, copied_seq));
	u64 sent = BPF_CORE_READ(tcp, bytes_acked) + (u32)(BPF_CORE_READ(tcp, write_seq) - BPF_CORE_READ(tcp, snd_una));

	/* A FIN counts among what was received, a SYN that was answered among what was acknowledged. */
	if (thread->direction == RECEIVED)
		return received - length <= 1 && sent <= 1;
	return received <= 1 && sent - length <= 1;
}

/* Whether it is of interest, by what a call has just moved; then it is in `streams`. */
static __always_inline struct stream *meet_stream(struct thread *thread, const struct payload *payload)
{
	struct sock *sk = thread->sk;
	struct stream stream = {};
	struct verdict *verdict;
	u8 bytes[LOOK_BYTES];
	u32 pid = thread->pid, one = 1;
	u32 ports = 0;

	if (thread->transport == TRANSPORT_TCP)
		ports = BPF_CORE_READ(sk, __sk_common.skc_portpair);
	if (ports >> 16 == DNS_PORT || (u16)ports == __builtin_bswap16(DNS_PORT)) {
		stream.kind = STREAM_DNS;
		stream.flags = PAYLOAD_DNS;
	} else {
		if (look_at(bytes, read_first_bytes(&payload->buffer, payload->length, bytes)) == LOOKS_OTHER)
			return NULL;
		stream.kind = STREAM_HTTP;
	}
	verdict = bpf_map_lookup_elem(&verdicts, &payload->key);
	if (verdict && verdict->unwanted[RECEIVED] && verdict->unwanted[SENT])
		return NULL;
	read_process_name(thread->process_name);
	read_endpoints(sk, thread->transport, &stream.endpoints);
	if (thread->transport != TRANSPORT_TCP)
		stream.since_ns = payload->end_ns;
	else if (tcp_is_at_start(thread, payload->length))
		stream.flags |= PAYLOAD_FROM_START;
	bpf_map_update_elem(&streams, &payload->key, &stream, BPF_ANY);
	bpf_map_update_elem(&talkers, &pid, &one, BPF_ANY);
	return bpf_map_lookup_elem(&streams, &payload->key);
}

/* Bytes of a stream went: length is the result of the call, and not 0. */
static __always_inline void bytes_went(struct pt_regs *regs, bool compat, const struct call *call, struct thread *thread,
				       u64 length)
{
	struct payload payload = {};
	u32 tid = bpf_get_current_pid_tgid();
	bool may_carry = thread->transport == TRANSPORT_TCP && tls_is_used(tid);
	bool carries;

	payload.key = thread->key;
	payload.thread = thread;
	payload.direction = thread->direction;
	payload.start_ns = thread->start_ns;
	payload.end_ns = bpf_ktime_get_ns();
	payload.stream = bpf_map_lookup_elem(&streams, &payload.key);
	carries = payload.stream && payload.stream->kind == STREAM_CARRIER;
	if (carries && !may_carry)
		return;
	buffer_of_call(regs, compat, call, &length, &payload.buffer);
	payload.length = length;
	if (may_carry)
		tls_socket_used(tid, payload.buffer.address, payload.buffer.count << 2 | payload.buffer.kind, length);
	if (carries)
		return;
	if (!payload.stream)
		payload.stream = meet_stream(thread, &payload);
	if (!payload.stream)
		return;
	if (thread->transport == TRANSPORT_TCP) {
		payload.position = tcp_position(thread, length);
	} else {
		payload.position = payload.stream->positions[payload.direction & 1];
		__sync_fetch_and_add(&payload.stream->positions[payload.direction & 1], (u32)length);
	}
	send_payload(&payload, SCRATCH_OF_CALL);
}

/* The call says that the stream, or this direction of it, is over. */
static __always_inline void stream_ended(struct thread *thread, u32 flags, s32 error)
{
	struct payload payload = {};

	payload.key = thread->key;
	payload.stream = bpf_map_lookup_elem(&streams, &payload.key);
	if (!payload.stream)
		return;
	payload.thread = thread;
	payload.direction = thread->direction;
	payload.start_ns = thread->start_ns;
	payload.end_ns = bpf_ktime_get_ns();
	send_end(&payload, flags, error, SCRATCH_OF_CALL);
	if (error)
		bpf_map_delete_elem(&streams, &payload.key);
}

static __always_inline bool ends_connection(long result)
{
	switch (-result) {
	case EPIPE:
	case ECONNABORTED:
	case ECONNRESET:
	case ETIMEDOUT:
	case EHOSTUNREACH:
		return true;
	}
	return false;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_exit, struct pt_regs *regs, long result)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	long number = syscall_number(regs);
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u32 pid = pid_tgid >> 32, tid = pid_tgid;
	struct socket *socket;
	struct thread *thread;
	struct call call;
	bool compat;
	u32 kind;

	kind = find_call(number, &call, &compat);
	if (!kind || kind == CALL_CLOSE || kind == CALL_SHUTDOWN)
		return 0;
	if (kind >= CALL_IO_URING) {
		if (result < 0 || !process_is_wanted(task, pid))
			return 0;
		if (kind == CALL_IO_URING)
			COUNT_MANY(io_uring_not_seen, result);
		else
			COUNT(compat_not_seen);
		return 0;
	}
	thread = bpf_map_lookup_elem(&threads, &tid);
	if (!thread)
		thread = meet_thread(regs, compat, &call, task, pid, tid);
	if (!thread || !thread->busy)
		return 0;
	thread->busy = false;
	/* Its socket is gone where another thread has closed it meanwhile. */
	socket = thread->socket;
	if (BPF_CORE_READ(socket, sk) != thread->sk)
		return 0;
	if (argument(regs, compat, call.flags) & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return 0;
	if (thread->transport == TRANSPORT_UDP) {
		if (result >= 0)
			datagrams_went(regs, compat, &call, thread, result);
		return 0;
	}
	if (result > 0) {
		bytes_went(regs, compat, &call, thread, result);
	} else if (result == 0) {
		/* Nothing was asked for, or the peer sends no more. */
		if (thread->direction != RECEIVED || (kind <= CALL_VECTOR && !argument(regs, compat, 2)))
			return 0;
		if (thread->transport == TRANSPORT_TCP && tls_is_used(tid))
			tls_socket_used(tid, 0, BUFFER_NONE, 0);
		stream_ended(thread, END_OF_DIRECTION, 0);
	} else if (ends_connection(result)) {
		stream_ended(thread, 0, -result);
	}
	return 0;
}

SEC("?tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	if (!target_forked(parent, child))
		COUNT(targets_full);
	return 0;
}

/* A thread that isn't the first takes on the first one's number when it executes a program. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_tid)
{
	u32 tid = old_tid;

	bpf_map_delete_elem(&threads, &tid);
	tls_thread_ended(tid);
	tid = task->pid;
	bpf_map_delete_elem(&threads, &tid);
	tls_thread_ended(tid);
	target_executed(task->tgid);
	return 0;
}

/* What a process exit looks like to user space: the beginning of a struct record. */
struct short_record {
	u32 kind;
	u32 pid;
	u64 time_ns;
};

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_thread_exit, struct task_struct *task)
{
	struct short_record *record;
	u32 tid = task->pid, pid = task->tgid;
	bool was_target, was_talker;

	bpf_map_delete_elem(&threads, &tid);
	tls_thread_ended(tid);
	if (!task_is_last_thread(task))
		return 0;
	was_target = target_exited(pid);
	was_talker = !bpf_map_delete_elem(&talkers, &pid);
	if (!was_target && !was_talker)
		return 0;
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record) {
		COUNT(ends_lost);
		return 0; /* user space looks for targets now and then, too */
	}
	record->kind = RECORD_PROCESS_EXIT;
	record->pid = pid;
	record->time_ns = bpf_ktime_get_ns();
	bpf_ringbuf_submit(record, was_target ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	return 0;
}
