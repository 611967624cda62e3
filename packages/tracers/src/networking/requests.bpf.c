// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Kernel half of the request tracer: sends the payload of the streams that carry HTTP or DNS, and sums up datagrams.
 *
 *   sys_enter -> on_enter   notes in `threads` which socket a call is on, and when it began; sends the ends of streams
 *   sys_exit --> on_exit    reads what was sent or received out of the process's memory, see payload.h and flows.h
 *
 *   tcp_sendmsg(), tcp_recvmsg() --> on_tcp_*    the same for what comes to TCP by no such call: io_uring. Optional, by
 *                                                fentry and fexit, which not every kernel allows for
 *   io_uring's requests --> on_request, on_completion   counts what it moves and none of these see. Optional, from 5.19
 *
 * What goes over TLS is read where it is encrypted and decrypted, see tls.h.
 *
 * The socket is looked up on entry, since another thread can close its descriptor before the call returns. Where a stream
 * is at is asked of the socket itself: TCP numbers its bytes. So what isn't seen, as with splice(), leaves a gap of known
 * length, and a connection need not have been seen from its start.
 */
#include "../kernel/io-uring.h"
#include "../kernel/syscall-program.h"
#include "flows.h"
#include "message-iterator.h"
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

/* A system call that is looked at. `request-calls.ts` says which they are. */
struct call {
	u8 kind;      /* CALL_*; 0: not looked at */
	u8 direction; /* RECEIVED, SENT */
	u8 flags;     /* argument with MSG_* */
	u8 name;      /* argument with the address of the peer */
};

#include "../kernel/call-table.h"

/*
 * Whether the programs at TCP's functions are attached. Then io_uring_not_seen counts only those calls of them that begin
 * or move what can't be looked at; and what io_uring does to other sockets, where `sees_requests`.
 */
const volatile bool sees_functions = false;

/* Whether the programs at io_uring's requests are attached. Without these two io_uring_enter() says how many there are. */
const volatile bool sees_requests = false;

/* Of tcp_recvmsg(): where its flags and its result are. It had one more argument until 5.19 (commit ec095263a965). */
const volatile u32 receive_flags_at = 3;
const volatile u32 receive_result_at = 5;

/* include/linux/sched.h */
#define PF_EXITING 0x00000004

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

/* In the direction, the number of the byte that comes next. */
static __always_inline u32 tcp_sequence(struct sock *sk, u32 direction)
{
	struct tcp_sock *tcp = (void *)sk;

	return direction == SENT ? BPF_CORE_READ(tcp, write_seq) : BPF_CORE_READ(tcp, copied_seq);
}

/*
 * Notes the socket that a call of this thread is on. Says false where it is not one that is looked at. Noting it again
 * changes nothing, but it should be counted once.
 */
static __always_inline bool note_socket(struct thread *thread, struct socket *socket, u32 direction, bool is_counted)
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
	if (is_counted && transport == TRANSPORT_MPTCP)
		COUNT(multipath_not_seen);
	if (is_counted && transport == TRANSPORT_SMC)
		COUNT(smc_not_seen);
	if (!transport || transport > TRANSPORT_UNIX)
		return false;
	thread->direction = direction;
	thread->in_function = false;
	if (transport == TRANSPORT_TCP)
		thread->sequence = tcp_sequence(sk, direction);
	thread->busy = true;
	return true;
}

/* The socket that a call is on, and which way it is used. */
static __always_inline struct socket *socket_of_call(struct pt_regs *regs, bool compat, const struct call *call,
						     struct task_struct *task, u32 *direction)
{
	struct socket *socket = socket_of_file(file_of_current(task, call_argument(regs, compat, 0)));

	*direction = call->direction;
	if (call->kind != CALL_SPLICE || socket)
		return socket;
	*direction = SENT;
	return socket_of_file(file_of_current(task, call_argument(regs, compat, 2)));
}

static __always_inline void end_stream(struct pt_regs *regs, bool compat, u32 kind, struct task_struct *task, u32 pid,
				       u32 tid)
{
	struct file *file = file_of_current(task, call_argument(regs, compat, 0));
	struct socket *socket = socket_of_file(file);
	struct payload payload = { .direction = SENT };

	if (!socket)
		return;
	payload.key.address = (u64)BPF_CORE_READ(socket, sk);
	payload.key.number = inode_number_of_socket(socket);
	payload.stream = bpf_map_lookup_elem(&streams, &payload.key);
	/* SHUT_RD ends nothing that the peer could notice. */
	if (!payload.stream || (kind == CALL_SHUTDOWN ? call_argument(regs, compat, 1) == 0 : !file_has_one_user(file)))
		return;
	payload.thread = find_or_create_thread(pid, tid);
	if (!payload.thread)
		return;
	payload.start_ns = bpf_ktime_get_ns();
	payload.end_ns = payload.start_ns;
	send_end(&payload, kind == CALL_SHUTDOWN ? END_OF_DIRECTION : 0, 0);
	if (kind == CALL_CLOSE)
		bpf_map_delete_elem(&streams, &payload.key);
}

SYSCALL_START_PROGRAM(on_enter, struct pt_regs *regs, long number)
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
	if (!kind || !process_is_wanted(task, pid))
		return 0;
	if (kind >= CALL_IO_URING) {
		/* Where the end of the call before was not seen, what io_uring does now would seem to be done by that one. */
		thread = sees_functions ? bpf_map_lookup_elem(&threads, &tid) : NULL;
		if (thread)
			thread->busy = false;
		return 0;
	}
	if (kind >= CALL_CLOSE) {
		end_stream(regs, compat, kind, task, pid, tid);
		return 0;
	}
	socket = socket_of_call(regs, compat, &call, task, &direction);
	if (!socket)
		return 0;
	thread = find_or_create_thread(pid, tid);
	if (!thread) {
		if (!is_unpreempted)
			COUNT(threads_full);
		return 0;
	}
	if (note_socket(thread, socket, direction, !is_unpreempted))
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
	if (socket && note_socket(thread, socket, direction, true))
		thread->start_ns = bpf_ktime_get_ns();
	return thread;
}

static __always_inline u32 segment_bytes_of_socket(struct sock *sk)
{
	struct udp_sock *udp = (void *)sk;

	return BPF_CORE_READ(udp, gso_size);
}

/* Where the control messages say that it was handed over many datagrams at once, the size of one; 0: they don't. */
static __always_inline u32 segment_bytes_of(u64 address, u64 size_bytes, s32 type)
{
	struct control_message control;
	u64 offset = 0;

	for (u32 i = 0; i < 4; i++) {
		if (offset + sizeof(control) > size_bytes)
			break;
		if (bpf_probe_read_user(&control, sizeof(control), (void *)(address + offset)))
			break;
		if (control.level == SOL_UDP && control.type == type)
			return control.value;
		if (control.length < 16)
			break;
		offset += (control.length + 7) & ~7ULL;
	}
	return 0;
}

/*
 * Notes where a message at this address has its bytes. Not static, so that the verifier looks at it once; so are the
 * others that go by the number of the current thread.
 */
__attribute__((noinline)) int note_message(u32 tid, u64 address, u32 compat)
{
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	struct compat_message narrow;
	struct message message;
	struct moved *moved;
	u32 segment_bytes;

	if (!thread)
		return 0;
	moved = &thread->moved;
	moved->buffer.kind = BUFFER_NONE;
	if (compat) {
		if (bpf_probe_read_user(&narrow, sizeof(narrow), (void *)address))
			return 0;
		moved->name = narrow.name;
		moved->buffer.address = narrow.vector;
		moved->buffer.count = count_of_vector(narrow.count);
		moved->buffer.kind = BUFFER_COMPAT_VECTOR;
		return 0;
	}
	if (bpf_probe_read_user(&message, sizeof(message), (void *)address))
		return 0;
	moved->name = message.name;
	moved->buffer.address = message.vector;
	moved->buffer.count = count_of_vector(message.count);
	moved->buffer.kind = BUFFER_VECTOR;
	if (thread->transport != TRANSPORT_UDP)
		return 0;
	segment_bytes = segment_bytes_of(message.control, message.control_bytes,
					 thread->direction == SENT ? UDP_SEGMENT : UDP_GRO);
	if (segment_bytes)
		moved->segment_bytes = segment_bytes;
	return 0;
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

static __always_inline void datagram_went(u32 tid)
{
	if (count_datagram(tid))
		send_datagram(tid);
}

/* One datagram of a recvmmsg() or sendmmsg(). */
__attribute__((noinline)) int datagram_of_many_went(u32 tid, u64 address, u32 compat)
{
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	u32 length;

	if (!thread || !read_length_of_message(address, compat, &length))
		return 0;
	thread->moved.length = length;
	thread->moved.segment_bytes = thread->direction == SENT ? segment_bytes_of_socket(thread->sk) : 0;
	note_message(tid, address, compat);
	datagram_went(tid);
	return 0;
}

/* `count` datagrams of a recvmmsg() or sendmmsg(). */
static __always_inline void datagrams_of_many_went(u32 tid, u64 address, bool compat, u64 count)
{
	for (u32 i = 0; i < MESSAGES; i++) {
		if (i >= count)
			break;
		datagram_of_many_went(tid, address + i * bytes_of_message(compat), compat);
	}
	if (count > MESSAGES)
		COUNT_MANY(messages_not_seen, count - MESSAGES);
}

/* How many bytes `count` messages have. Nobody sends a stream so: their lengths alone are looked at. */
__attribute__((noinline)) u64 length_of_many(u64 address, u32 count, u32 compat)
{
	u64 sum = 0;
	u32 part;

	for (u32 i = 0; i < MESSAGES; i++) {
		if (i >= count || !read_length_of_message(address + i * bytes_of_message(compat), compat, &part))
			break;
		sum += part;
	}
	return sum;
}

/* Notes what a call has moved, by its arguments and its result, which is not negative. */
static __always_inline void note_moved(struct pt_regs *regs, bool compat, const struct call *call, struct thread *thread,
				       u32 tid, u64 result)
{
	struct moved *moved = &thread->moved;
	u64 address = call_argument(regs, compat, 1);

	moved->buffer.kind = BUFFER_NONE;
	moved->buffer.address = address;
	moved->buffer.count = 0;
	moved->buffer.offset = 0;
	moved->length = result;
	moved->readable = CAPTURE_BYTES;
	moved->name = 0;
	moved->end_ns = bpf_ktime_get_ns();
	moved->segment_bytes = thread->transport == TRANSPORT_UDP && thread->direction == SENT ?
				       segment_bytes_of_socket(thread->sk) :
				       0;
	switch (call->kind) {
	case CALL_FLAT:
		moved->buffer.kind = BUFFER_FLAT;
		moved->readable = call_argument(regs, compat, 2);
		moved->name = call_argument(regs, compat, call->name);
		break;
	case CALL_VECTOR:
		moved->buffer.kind = compat ? BUFFER_COMPAT_VECTOR : BUFFER_VECTOR;
		moved->buffer.count = count_of_vector(call_argument(regs, compat, 2));
		break;
	case CALL_MESSAGE:
		note_message(tid, address, compat);
		break;
	case CALL_MESSAGES:
		if (thread->transport != TRANSPORT_UDP)
			moved->length = length_of_many(address, result, compat);
		break;
	}
	/* Discarded, not copied. */
	if (thread->transport == TRANSPORT_TCP && call_argument(regs, compat, call->flags) & MSG_TRUNC &&
	    thread->direction == RECEIVED)
		moved->buffer.kind = BUFFER_NONE;
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

/*
 * Where both directions begin, if the thread's call has moved the first bytes: else the first record of the other direction
 * could get lost unnoticed. They are read before it is known that nothing else has moved.
 */
static __always_inline void tcp_note_start(const struct thread *thread, u32 length, struct stream *stream)
{
	u32 position = tcp_position(thread, length);
	bool received = thread->direction == RECEIVED;

	stream->positions[RECEIVED] = received ? position : tcp_sequence(thread->sk, RECEIVED);
	stream->positions[SENT] = received ? tcp_sequence(thread->sk, SENT) : position;
	if (tcp_is_at_start(thread, length))
		stream->flags |= PAYLOAD_FROM_START;
}

/* Whether the stream is of interest, by what the current thread has just moved; then it is in `streams`. */
__attribute__((noinline)) int meet_stream(u32 tid)
{
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	u32 pid, ports = 0, one = 1;
	struct stream stream = {};
	struct stream_key key;
	struct verdict *verdict;
	u8 bytes[LOOK_BYTES];
	struct sock *sk;

	if (!thread)
		return 0;
	sk = thread->sk;
	key = thread->key;
	pid = thread->pid;
	if (thread->transport == TRANSPORT_TCP)
		ports = BPF_CORE_READ(sk, __sk_common.skc_portpair);
	if (ports >> 16 == DNS_PORT || (u16)ports == __builtin_bswap16(DNS_PORT)) {
		stream.kind = STREAM_DNS;
		stream.flags = PAYLOAD_DNS;
	} else {
		u32 count = read_first_bytes(&thread->moved.buffer, thread->moved.length, bytes);
		u32 looks = look_at(bytes, count);

		if (looks == LOOKS_OTHER)
			return 0;
		stream.kind = STREAM_HTTP;
		stream.framings[RECEIVED] = framing_of_stream(looks, bytes);
		stream.framings[SENT] = stream.framings[RECEIVED];
	}
	verdict = bpf_map_lookup_elem(&verdicts, &key);
	if (verdict && verdict->unwanted[RECEIVED] && verdict->unwanted[SENT])
		return 0;
	read_process_name(thread->process_name);
	read_endpoints(sk, thread->transport, &stream.endpoints);
	if (thread->transport != TRANSPORT_TCP)
		stream.since_ns = thread->moved.end_ns;
	else
		tcp_note_start(thread, thread->moved.length, &stream);
	bpf_map_update_elem(&streams, &key, &stream, BPF_ANY);
	bpf_map_update_elem(&talkers, &pid, &one, BPF_ANY);
	return 1;
}

/* Sends what the current thread has just moved over a stream, if that is of interest. */
__attribute__((noinline)) int stream_went(u32 tid)
{
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	struct payload payload = {};
	u32 direction;

	if (!thread)
		return 0;
	direction = thread->direction & 1;
	payload.key = thread->key;
	payload.stream = bpf_map_lookup_elem(&streams, &payload.key);
	if (!payload.stream) {
		if (!meet_stream(tid))
			return 0;
		payload.stream = bpf_map_lookup_elem(&streams, &payload.key);
	}
	if (!payload.stream || payload.stream->kind == STREAM_CARRIER)
		return 0;
	payload.thread = thread;
	payload.direction = direction;
	payload.buffer = thread->moved.buffer;
	payload.length = thread->moved.length;
	payload.start_ns = thread->start_ns;
	payload.end_ns = thread->moved.end_ns;
	if (thread->transport == TRANSPORT_TCP) {
		payload.position = tcp_position(thread, payload.length);
	} else {
		payload.position = payload.stream->positions[direction];
		__sync_fetch_and_add(&payload.stream->positions[direction], (u32)payload.length);
	}
	send_payload(&payload);
	return 0;
}

/* The current thread's call says that the stream, or this direction of it, is over. */
__attribute__((noinline)) int stream_ended(u32 tid, u32 flags, u32 error)
{
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	struct payload payload = {};

	if (!thread)
		return 0;
	payload.key = thread->key;
	payload.stream = bpf_map_lookup_elem(&streams, &payload.key);
	if (!payload.stream)
		return 0;
	payload.thread = thread;
	payload.direction = thread->direction;
	payload.start_ns = thread->start_ns;
	payload.end_ns = bpf_ktime_get_ns();
	send_end(&payload, flags, error);
	if (error)
		bpf_map_delete_elem(&streams, &payload.key);
	return 0;
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

SYSCALL_END_PROGRAM(on_exit, struct pt_regs *regs, long result)
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
		/* Of two forms the first one counts them: nothing is kept by which the second one could tell. */
		if (is_unpreempted || result < 0 || !process_is_wanted(task, pid))
			return 0;
		if (kind == CALL_IO_URING && !sees_functions && !sees_requests)
			COUNT_MANY(io_uring_not_seen, result);
		else if (kind != CALL_IO_URING)
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
	if (call_argument(regs, compat, call.flags) & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return 0;
	if (result < 0) {
		if (thread->transport != TRANSPORT_UDP && ends_connection(result))
			stream_ended(tid, 0, -result);
		return 0;
	}
	note_moved(regs, compat, &call, thread, tid, result);
	if (thread->transport == TRANSPORT_UDP) {
		if (kind == CALL_MESSAGES)
			datagrams_of_many_went(tid, call_argument(regs, compat, 1), compat, result);
		else if (kind <= CALL_MESSAGE)
			datagram_went(tid);
		else
			COUNT(messages_not_seen); /* sendfile() makes as many as it likes */
		return 0;
	}
	/* Nothing was asked for, or the peer sends no more. */
	if (result == 0 && (thread->direction != RECEIVED || (kind <= CALL_VECTOR && !call_argument(regs, compat, 2))))
		return 0;
	if (thread->transport == TRANSPORT_TCP && tls_is_used(tid))
		tls_socket_used(tid, thread->moved.buffer.address,
				pack_kind_and_count(&thread->moved.buffer), thread->moved.length);
	if (result > 0)
		stream_went(tid);
	else
		stream_ended(tid, END_OF_DIRECTION, 0);
	return 0;
}

/*
 * io_uring carries out what it was asked for in the thread that asks, in threads of its own, and in the first one again
 * when the socket is ready. Before 5.12 its own threads are the kernel's, and whose they are can't be told.
 */
static __always_inline bool is_of_unknown_process(struct task_struct *task)
{
	return task_is_kernel_thread(task) && BPF_CORE_READ(task, mm);
}

/*
 * Programs at functions are there twice, and user space may load both. A preemptible kernel may switch to another task in the
 * middle of one, and leaves it out for all others on that CPU until it has come to its end (__bpf_prog_enter_recur(),
 * kernel/bpf/trampoline.c). That is just when bytes wake up who waits for them. The second one finds done what the first one
 * has done.
 */

/* The thread that comes to a function of this socket, by something else than a call that is looked at; else NULL. */
static __always_inline struct thread *thread_in_function(struct sock *sk, u64 pid_tgid, bool is_second)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u32 pid = pid_tgid >> 32, tid = pid_tgid;
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);

	/* Mostly it is a system call's. */
	if (thread && thread->busy)
		return NULL;
	if (!thread) {
		if (is_of_unknown_process(task)) {
			if (!is_second)
				COUNT(io_uring_not_seen);
			return NULL;
		}
		if (task_is_kernel_thread(task) || !process_is_wanted(task, pid))
			return NULL;
		thread = find_or_create_thread(pid, tid);
		if (!thread && !is_second)
			COUNT(threads_full);
	}
	return thread;
}

/* A thread comes to tcp_sendmsg() or tcp_recvmsg(). */
static __always_inline int function_entered(struct sock *sk, struct msghdr *message, u32 direction, bool is_second)
{
	struct thread *thread = thread_in_function(sk, bpf_get_current_pid_tgid(), is_second);
	struct socket *socket;

	if (!thread)
		return 0;
	socket = BPF_CORE_READ(sk, sk_socket);
	/* One of the kernel's own has none; and who is in here for MPTCP is counted there. */
	if (!socket || !note_socket(thread, socket, direction, false))
		return 0;
	thread->busy = false;
	thread->in_function = true;
	thread->start_ns = bpf_ktime_get_ns();
	read_message_buffer(message, &thread->moved.buffer);
	return 0;
}

/*
 * What the current thread has moved in the function, of which it has noted the buffer. Not static, so that the verifier
 * looks at it once.
 *
 * @param result not negative
 */
__attribute__((noinline)) int function_moved(u32 tid, u32 result)
{
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);
	struct moved *moved;

	if (!thread)
		return 0;
	moved = &thread->moved;
	moved->length = result;
	moved->readable = CAPTURE_BYTES;
	moved->name = 0;
	moved->segment_bytes = 0;
	moved->end_ns = bpf_ktime_get_ns();
	if (moved->buffer.kind == BUFFER_NONE)
		COUNT(io_uring_not_seen);
	else if (tls_is_used(tid))
		tls_socket_used(tid, moved->buffer.address, pack_kind_and_count(&moved->buffer), moved->length);
	if (result)
		stream_went(tid);
	else
		stream_ended(tid, END_OF_DIRECTION, 0);
	return 0;
}

/* A thread leaves tcp_sendmsg() or tcp_recvmsg(). io_uring asks again for what there was not yet, or only in part. */
static __always_inline int function_left(struct sock *sk, u64 size_bytes, u32 flags, int result)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);

	if (!thread || thread->busy || !thread->in_function)
		return 0;
	thread->in_function = false;
	if (thread->sk != sk || flags & (MSG_PEEK | MSG_OOB | MSG_ERRQUEUE))
		return 0;
	if (result < 0) {
		if (ends_connection(result))
			stream_ended(tid, 0, -result);
		return 0;
	}
	if (result == 0 && (thread->direction != RECEIVED || !size_bytes))
		return 0;
	/* Discarded, not copied. */
	if (flags & MSG_TRUNC && thread->direction == RECEIVED)
		thread->moved.buffer.kind = BUFFER_NONE;
	function_moved(tid, result);
	return 0;
}

SEC("?fentry/tcp_sendmsg")
int BPF_PROG(on_tcp_send, struct sock *sk, struct msghdr *message)
{
	return function_entered(sk, message, SENT, false);
}

SEC("?fentry/tcp_sendmsg")
int BPF_PROG(on_tcp_send_second, struct sock *sk, struct msghdr *message)
{
	return function_entered(sk, message, SENT, true);
}

SEC("?fexit/tcp_sendmsg")
int BPF_PROG(on_tcp_sent, struct sock *sk, struct msghdr *message, u64 size, int result)
{
	return function_left(sk, size, BPF_CORE_READ(message, msg_flags) & MSG_OOB, result);
}

SEC("?fexit/tcp_sendmsg")
int BPF_PROG(on_tcp_sent_second, struct sock *sk, struct msghdr *message, u64 size, int result)
{
	return function_left(sk, size, BPF_CORE_READ(message, msg_flags) & MSG_OOB, result);
}

SEC("?fentry/tcp_recvmsg")
int BPF_PROG(on_tcp_receive, struct sock *sk, struct msghdr *message)
{
	return function_entered(sk, message, RECEIVED, false);
}

SEC("?fentry/tcp_recvmsg")
int BPF_PROG(on_tcp_receive_second, struct sock *sk, struct msghdr *message)
{
	return function_entered(sk, message, RECEIVED, true);
}

/* One of a program's words, at a place that the verifier sees: the compiler would calculate it. */
#define LOAD_WORD(value, words, index)                                                                          \
	asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(value) : "r"(words), "i"((index) * sizeof(u64)))

/* Of the branches the verifier looks at one alone, as user space has set the place by the kernel's types. */
static __always_inline u64 word_at(const void *words, u32 index)
{
	u64 value = 0;

	if (index == 3)
		LOAD_WORD(value, words, 3);
	else if (index == 4)
		LOAD_WORD(value, words, 4);
	else if (index == 5)
		LOAD_WORD(value, words, 5);
	else if (index == 6)
		LOAD_WORD(value, words, 6);
	return value;
}

static __always_inline int tcp_received(u64 *words)
{
	return function_left((void *)words[0], words[2], word_at(words, receive_flags_at), word_at(words, receive_result_at));
}

SEC("?fexit/tcp_recvmsg")
int on_tcp_received(u64 *words)
{
	return tcp_received(words);
}

SEC("?fexit/tcp_recvmsg")
int on_tcp_received_second(u64 *words)
{
	return tcp_received(words);
}

/*
 * The last descriptor of a socket is gone: of one that io_uring has closed, or that close() could not tell, as another
 * thread was in a call with it. What close() has told of is not in `streams` any more, and what a process leaves behind
 * ends with that.
 */
static __always_inline int socket_closed(struct sock *sk)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct payload payload = { .direction = SENT };
	u64 pid_tgid = bpf_get_current_pid_tgid();

	payload.key.address = (u64)sk;
	payload.key.number = inode_number_of_sock(sk);
	payload.stream = bpf_map_lookup_elem(&streams, &payload.key);
	if (!payload.stream || BPF_CORE_READ(task, flags) & (PF_EXITING | PF_KTHREAD))
		return 0;
	payload.thread = find_or_create_thread(pid_tgid >> 32, pid_tgid);
	if (!payload.thread)
		return 0;
	payload.start_ns = bpf_ktime_get_ns();
	payload.end_ns = payload.start_ns;
	send_end(&payload, 0, 0);
	bpf_map_delete_elem(&streams, &payload.key);
	return 0;
}

SEC("?fentry/tcp_close")
int BPF_PROG(on_tcp_close, struct sock *sk)
{
	return socket_closed(sk);
}

SEC("?fentry/tcp_close")
int BPF_PROG(on_tcp_close_second, struct sock *sk)
{
	return socket_closed(sk);
}

/* Requests that move bytes, as bits: over sockets alone, and over whatever file they are given. */
#define OF_SOCKETS                                                                                                     \
	(1ULL << IORING_OP_SENDMSG | 1ULL << IORING_OP_RECVMSG | 1ULL << IORING_OP_SEND | 1ULL << IORING_OP_RECV |     \
	 1ULL << IORING_OP_SEND_ZC | 1ULL << IORING_OP_SENDMSG_ZC | 1ULL << IORING_OP_RECV_ZC)
#define OF_FILES                                                                                                       \
	(1ULL << IORING_OP_READV | 1ULL << IORING_OP_WRITEV | 1ULL << IORING_OP_READ_FIXED |                           \
	 1ULL << IORING_OP_WRITE_FIXED | 1ULL << IORING_OP_READ | 1ULL << IORING_OP_WRITE | 1ULL << IORING_OP_SPLICE | \
	 1ULL << IORING_OP_READ_MULTISHOT | 1ULL << IORING_OP_READV_FIXED | 1ULL << IORING_OP_WRITEV_FIXED)

static __always_inline bool request_is_one_of(struct io_kiocb *request, u64 operations)
{
	u32 operation = BPF_CORE_READ(request, opcode);

	return operation < 64 && operations >> operation & 1;
}

/* Of files that are sockets, those whose calls are looked at, where no program at their functions sees it. */
static __always_inline bool is_unseen_socket(struct file *file)
{
	struct sock *sk = sock_of_file(file);
	u32 transport = sk ? transport_of(sk) : 0;

	return transport && !(transport == TRANSPORT_TCP && sees_functions);
}

static __always_inline void count_request(struct io_kiocb *request)
{
	struct task_struct *task = request_task(request);

	if (process_is_wanted(task, BPF_CORE_READ(task, tgid)))
		COUNT(io_uring_not_seen);
}

/* By its completion, as it has its file by then, and it is known whether it has moved anything. */
static __always_inline int request_completed(struct io_kiocb *request, s32 result)
{
	if (request && result >= 0 && request_is_one_of(request, OF_SOCKETS | OF_FILES) &&
	    is_unseen_socket(BPF_CORE_READ(request, file)))
		count_request(request);
	return 0;
}

/*
 * But some ask that their completion is told of only where they fail (IOSQE_CQE_SKIP_SUCCESS, 5.17). The files that are
 * registered with a ring are not known by a descriptor: of them each one that can be of a socket alone counts.
 */
static __always_inline int request_submitted(struct io_kiocb *request)
{
	u32 flags = BPF_CORE_READ(request, flags);
	struct file *file;

	if (!(flags & REQ_F_CQE_SKIP))
		return 0;
	if (flags & REQ_F_FIXED_FILE) {
		if (request_is_one_of(request, OF_SOCKETS))
			count_request(request);
		return 0;
	}
	file = file_of_descriptor(request_task(request), BPF_CORE_READ(request, cqe.fd));
	if (request_is_one_of(request, OF_SOCKETS | OF_FILES) && is_unseen_socket(file))
		count_request(request);
	return 0;
}

/* Which of these there are, and of which form, is told by the kernel's BTF: see io-uring-hooks.ts. */
SEC("?tp_btf/io_uring_submit_req")
int BPF_PROG(on_request, struct io_kiocb *request)
{
	return request_submitted(request);
}

SEC("?tp_btf/io_uring_submit_sqe")
int BPF_PROG(on_request_before_6_4, struct io_kiocb *request)
{
	return request_submitted(request);
}

SEC("?tp_btf/io_uring_complete")
int BPF_PROG(on_completion, void *ring, struct io_kiocb *request, struct io_uring_cqe *completion)
{
	return request_completed(request, completion->res);
}

SEC("?tp_btf/io_uring_complete")
int BPF_PROG(on_completion_with_result, void *ring, struct io_kiocb *request, u64 user_data, int result)
{
	return request_completed(request, result);
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
