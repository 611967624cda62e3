/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TLS without keys: what programs give to OpenSSL, BoringSSL and GnuTLS to be encrypted, and what they get decrypted, at
 * the functions of these libraries. `tls/tls-probes.ts` finds the files that have them, and attaches these programs.
 *
 *   entry of SSL_read() --> on_tls_entry    notes in `tls_threads` what the call is given
 *   its return -----------> on_tls_return   so many bytes went: payload of the session's stream, see payload.h
 *
 * Both ends of a write, too: a call that fails, or takes a part, is repeated with the same bytes.
 *
 * Which connection a session (SSL *, gnutls_session_t) belongs to, the library does not say where we could read it. So:
 *
 *   - The thread reads or writes a socket within the call: it is that one.
 *   - Else the program moves the encrypted bytes itself (Node.js, asyncio, Netty). Then two things have to agree:
 *     by read: the thread has read a socket before the session gave it text, and there was a TLS record of the length that
 *     this text needs;
 *     by write: the thread writes a socket after it gave the session text, and there is such a record in that; or, in the
 *     handshake, it writes TLS records to the very socket that it has read before it called upon the session.
 *
 * A session keeps its connection, and no two sessions of this kind have the same one. What contradicts this is counted, and
 * the session's connection is not told any more: absent, never wrong.
 */
#pragma once

#include "../kernel/syscall.h"
#include "payload.h"

/* Whether these programs are attached, so that it matters which sockets a thread uses. */
const volatile bool trace_tls = false;

/*
 * Calls that can be under way in a thread, one within the other: a session whose records go through another session. A
 * power of two.
 */
#define TLS_DEPTH 2
/* Of what was read from a socket so many TLS records are looked at, and one is this long at most (RFC 8446, 5.2). */
#define TLS_RECORDS 8
#define TLS_RECORD_TEXT_BYTES 16384
#define TLS_RECORD_BYTES (TLS_RECORD_TEXT_BYTES + 256)
/* Besides its text a record takes 16 to 24 bytes, and up to 96 with the ciphers of old: IV, padding, MAC. */
#define TLS_RECORD_OVERHEAD 16
#define TLS_RECORD_OVERHEAD_MOST 96

/* The functions; `tls-functions.ts` says which they are. */
#define TLS_READ 1	/* SSL_read(session, buffer, bytes): these two return an int */
#define TLS_WRITE 2
#define TLS_READ_EX 3	/* SSL_read_ex(session, buffer, bytes, done), and done says how many */
#define TLS_WRITE_EX 4
#define TLS_WRITE_EX2 5 /* the same with flags before done */
#define TLS_RECEIVE 6	/* gnutls_record_recv(session, buffer, bytes): these two return a ssize_t */
#define TLS_SEND 7
#define TLS_HANDSHAKE 8
#define TLS_END 9	/* of the session: SSL_free(), SSL_clear(), gnutls_deinit() */

/* What is known of a session's connection. */
#define TLS_UNKNOWN 0 /* nothing, or one thing that nothing has confirmed */
#define TLS_KNOWN 1
#define TLS_CONFLICT 2 /* it seemed to be several */

/* What a connection may be known by, where the program moves the bytes itself. */
#define TLS_BY_READ 1
#define TLS_BY_WRITE 2
#define TLS_BY_BOTH 3

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Registers of a program at a function's entry and return, beside those in syscall.h. */
struct pt_regs___x86_function {
	unsigned long r8, ax, cx, dx, si, di, sp;
};

struct pt_regs___arm64_function {
	u64 regs[31];
	u64 sp;
};

#pragma clang attribute pop

/* What a session may be carried by. */
struct tls_socket {
	struct stream_key key; /* all 0: there is none */
	struct endpoints endpoints;
};

/* One session, from the first byte of it that was seen. */
struct tls_session {
	struct stream stream; /* its carrier and endpoints are all 0 where they are not known */
	struct tls_socket candidate;
	u8 candidate_by; /* TLS_BY_* */
	u8 connection;	 /* TLS_UNKNOWN ... */
	bool by_library; /* which reads and writes the socket itself */
	u8 unused[5];
};

/* A call of the library that a thread is in. */
struct tls_call {
	u64 session;
	u64 buffer;
	u64 size_bytes;
	u64 done_at; /* where the call says how many bytes it moved; 0: it returns that */
	u64 stack;   /* pointer, at entry */
	u64 start_ns;
	struct tls_socket socket; /* that was used within the call */
	u8 direction;
	bool used_several;
	bool wide;	/* the result has 64 bits */
	bool from_read; /* what comes out may be what the thread has read before, in records as long as `record_bytes` */
};

/* A thread that has used TLS, from the first time to its end. */
struct tls_thread {
	u32 depth;
	struct tls_call calls[TLS_DEPTH];
	/* The socket that it has read last, what it read, and the first session that was asked for data after that. */
	struct tls_socket read;
	u64 read_buffer;
	u64 read_bytes;
	u64 reader;
	/* Lengths of the TLS records that were found last. */
	u16 record_bytes[TLS_RECORDS];
	/*
	 * The session whose records the thread may write next, and how much text it was given: 0 in the handshake. No session
	 * once it has written to a socket.
	 */
	u64 writer;
	u64 writer_bytes;
	/* Not on the stack, which has no room for them. */
	struct tls_socket written;
	struct stream carrier;
};

/* tid -> struct tls_thread. Sized by user space from the number of threads. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct tls_thread);
} tls_threads SEC(".maps");

/* 0.2 KiB each. One that is let go begins anew, as a stream that is joined in its middle. User space can set more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct stream_key);
	__type(value, struct tls_session);
} tls_sessions SEC(".maps");

/* What a thread and a session begin with: more than a program's stack has room for. */
const volatile struct tls_thread tls_fresh_thread = {};
const volatile struct tls_session tls_fresh_session = {};

/* The session that was found for a socket that the program itself reads. As many as there are sessions. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct stream_key);
	__type(value, struct stream_key);
} tls_owners SEC(".maps");

/*
 * pid -> how often it came upon one of these probes, which is what it pays for. An LRU: who has not been there for the
 * longest time is forgotten.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} tls_hits SEC(".maps");

struct tls_counters {
	u64 sessions;	     /* that moved data */
	u64 sessions_known;  /* ... whose connection was found */
	u64 conflicts;	     /* ... that seemed to have several connections: it is not told */
	u64 several_sockets; /* calls within which several sockets were used: they say nothing of the session's */
	u64 threads_full;    /* calls of threads that found no room */
	u64 nested_too_deep; /* calls within calls within calls */
	u64 unreturned;	     /* calls whose return was not seen */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct tls_counters);
} tls_counters SEC(".maps");

#define TLS_COUNT(counter)                                                                     \
	do {                                                                                   \
		struct tls_counters *counters_ = bpf_map_lookup_elem(&tls_counters, &zero);    \
		if (counters_)                                                                 \
			__sync_fetch_and_add(&counters_->counter, 1);                          \
	} while (0)

/* By copies: of loads from the registers the compiler makes one whose place depends, which the verifier refuses. */
static __always_inline u64 function_argument(void *context, int index)
{
	struct pt_regs___x86_function *x86 = context;

	if (!syscall_arch_is_x86()) {
		u64 argument = 0;

		bpf_core_read(&argument, sizeof(argument), &((struct pt_regs___arm64_function *)context)->regs[index]);
		return argument;
	}
	switch (index) {
	case 0:
		return BPF_CORE_READ(x86, di);
	case 1:
		return BPF_CORE_READ(x86, si);
	case 2:
		return BPF_CORE_READ(x86, dx);
	case 3:
		return BPF_CORE_READ(x86, cx);
	default:
		return BPF_CORE_READ(x86, r8);
	}
}

static __always_inline u64 function_result(void *context)
{
	if (syscall_arch_is_x86())
		return BPF_CORE_READ((struct pt_regs___x86_function *)context, ax);
	return function_argument(context, 0);
}

/* At the return, what it was at the entry: x86 has taken the address to return to from the stack. */
static __always_inline u64 stack_at_entry(void *context, bool at_return)
{
	if (syscall_arch_is_x86())
		return BPF_CORE_READ((struct pt_regs___x86_function *)context, sp) - (at_return ? sizeof(u64) : 0);
	return BPF_CORE_READ((struct pt_regs___arm64_function *)context, sp);
}

static __always_inline struct stream_key tls_key_of(struct task_struct *task, u32 pid, u64 session)
{
	/* The image besides: not the session of a program that had the pid before. */
	struct stream_key key = { .address = session, .number = (u64)image_of(task) << 32 | pid };

	return key;
}

static __always_inline bool same_key(const struct stream_key *one, const struct stream_key *other)
{
	return one->address == other->address && one->number == other->number;
}

static __always_inline void tls_count_hit(u32 pid)
{
	u64 *hits = bpf_map_lookup_elem(&tls_hits, &pid), first = 1;

	if (hits)
		__sync_fetch_and_add(hits, 1);
	else
		bpf_map_update_elem(&tls_hits, &pid, &first, BPF_NOEXIST);
}

static __always_inline struct tls_thread *tls_find_or_create_thread(u32 tid)
{
	struct tls_thread *thread = bpf_map_lookup_elem(&tls_threads, &tid);
	struct thread *caller;

	if (thread)
		return thread;
	bpf_map_update_elem(&tls_threads, &tid, (void *)&tls_fresh_thread, BPF_NOEXIST);
	thread = bpf_map_lookup_elem(&tls_threads, &tid);
	caller = bpf_map_lookup_elem(&threads, &tid);
	/* What it has read so far is not known, but from where. */
	if (thread && caller && caller->transport == TRANSPORT_TCP && caller->direction == RECEIVED) {
		thread->read.key = caller->key;
		read_endpoints(caller->sk, TRANSPORT_TCP, &thread->read.endpoints);
	}
	return thread;
}

/* The mask is for verifiers that don't see that the index was checked (5.10). */
static __always_inline struct tls_call *tls_call_at(struct tls_thread *thread, u64 index)
{
	asm volatile("%0 &= %1" : "+r"(index) : "i"(TLS_DEPTH - 1));
	return &thread->calls[index];
}

/*
 * Frames of calls lie below those of their callers: a call whose frame would be below this one's has ended, and its
 * return was not seen.
 */
static __always_inline void tls_drop_ended_calls(struct tls_thread *thread, u64 stack)
{
	for (u32 i = 0; i < TLS_DEPTH; i++) {
		u32 depth = thread->depth;

		if (depth == 0 || depth > TLS_DEPTH || tls_call_at(thread, depth - 1)->stack >= stack)
			return;
		thread->depth = depth - 1;
		TLS_COUNT(unreturned);
	}
}

/*
 * Notes in `record_bytes` the lengths of the TLS records with text at the beginning of these bytes, which may be gone by now:
 * then they are of no use. Answers how many there are.
 *
 * Not static, so that the verifier looks at it once.
 */
__attribute__((noinline)) int tls_read_records(u32 tid, u64 buffer, u64 bytes)
{
	struct tls_thread *thread = bpf_map_lookup_elem(&tls_threads, &tid);
	u64 at = 0;
	u8 header[5];
	int found = 0;

	if (!thread)
		return 0;
	__builtin_memset(thread->record_bytes, 0, sizeof(thread->record_bytes));
	for (u32 i = 0; i < TLS_RECORDS; i++) {
		u32 length;

		if (at + sizeof(header) > bytes || bpf_probe_read_user(header, sizeof(header), (void *)(buffer + at)))
			break;
		length = header[3] << 8 | header[4];
		/* RFC 8446, 5.1: change_cipher_spec to application_data, in a version 3.x */
		if (header[0] < 20 || header[0] > 23 || header[1] != 3 || length > TLS_RECORD_BYTES)
			break;
		at += sizeof(header) + length;
		if (header[0] == 23) {
			thread->record_bytes[i] = length;
			found++;
		}
	}
	return found;
}

static __always_inline bool tls_begins_with_record(u64 buffer, u64 bytes)
{
	u8 header[3];

	if (bytes < sizeof(header) || bpf_probe_read_user(header, sizeof(header), (void *)buffer))
		return false;
	return header[0] >= 20 && header[0] <= 23 && header[1] == 3 && header[2] <= 4;
}

/*
 * Whether so much text is what one of the records holds; or all there was room for, of one that holds more. By arithmetic:
 * each branch would double what the verifier has to look at.
 */
static __always_inline bool tls_records_match(const struct tls_thread *thread, u64 moved, u64 room)
{
	u64 least = moved + TLS_RECORD_OVERHEAD, most = moved + TLS_RECORD_OVERHEAD_MOST;
	u64 misses = 1;

	if (moved == room)
		most = TLS_RECORD_BYTES;
	for (u32 i = 0; i < TLS_RECORDS; i++) {
		u64 length = thread->record_bytes[i];

		/* The sign of either difference says that it is out of bounds. */
		misses &= (length - least | most - length) >> 63;
	}
	return !misses;
}

/* The session is asked for data: whether that may be what the thread has read from a socket before. */
static __always_inline void tls_note_read(struct task_struct *task, struct tls_thread *thread, struct tls_call *call,
					  u32 pid)
{
	struct stream_key key = tls_key_of(task, pid, call->session);
	struct tls_session *session;

	if (!thread->read.key.address || (thread->reader && thread->reader != call->session))
		return;
	thread->reader = call->session;
	session = bpf_map_lookup_elem(&tls_sessions, &key);
	if (session && (session->by_library || session->connection == TLS_CONFLICT ||
			same_key(&session->stream.carrier, &thread->read.key)))
		return;
	call->from_read = tls_read_records(bpf_get_current_pid_tgid(), thread->read_buffer, thread->read_bytes) > 0;
}

/* A function of the library is entered that moves data. */
static __always_inline void tls_enter(void *context, u32 function, u64 pid_tgid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u64 session = function_argument(context, 0);
	u64 stack = stack_at_entry(context, false);
	struct tls_thread *thread;
	struct tls_call *call;
	u32 depth;

	thread = tls_find_or_create_thread(pid_tgid);
	if (!thread) {
		TLS_COUNT(threads_full);
		return;
	}
	tls_drop_ended_calls(thread, stack);
	depth = thread->depth;
	/* Some of the functions call another one of them for the whole of their work: the outer one counts. */
	if (depth > 0 && depth <= TLS_DEPTH && tls_call_at(thread, depth - 1)->session == session)
		return;
	if (depth >= TLS_DEPTH) {
		TLS_COUNT(nested_too_deep);
		return;
	}
	call = tls_call_at(thread, depth);
	call->session = session;
	call->buffer = function_argument(context, 1);
	call->size_bytes = function_argument(context, 2);
	if (function == TLS_READ || function == TLS_WRITE)
		call->size_bytes = (u32)call->size_bytes;
	call->done_at = 0;
	if (function == TLS_READ_EX || function == TLS_WRITE_EX)
		call->done_at = function_argument(context, 3);
	if (function == TLS_WRITE_EX2)
		call->done_at = function_argument(context, 4);
	call->stack = stack;
	call->start_ns = bpf_ktime_get_ns();
	call->socket.key.address = 0;
	call->direction = function == TLS_READ || function == TLS_READ_EX || function == TLS_RECEIVE ? RECEIVED : SENT;
	call->used_several = false;
	call->wide = function == TLS_RECEIVE || function == TLS_SEND;
	call->from_read = false;
	thread->depth = depth + 1;
	if (call->direction == RECEIVED)
		tls_note_read(task, thread, call, pid_tgid >> 32);
}

/* How many bytes of text the call moved, by its result. */
static __always_inline u64 tls_moved_bytes(const struct tls_call *call, u64 result)
{
	u64 done = 0;

	if (!call->done_at) {
		if (!call->wide)
			return (s32)result > 0 ? (s32)result : 0;
		return (s64)result > 0 ? result : 0;
	}
	if ((s32)result == 1)
		bpf_probe_read_user(&done, sizeof(done), (void *)call->done_at);
	return done;
}

static __always_inline struct tls_session *tls_find_or_create_session(const struct stream_key *key)
{
	struct tls_session *session = bpf_map_lookup_elem(&tls_sessions, key);

	if (session)
		return session;
	if (bpf_map_update_elem(&tls_sessions, key, (void *)&tls_fresh_session, BPF_NOEXIST) == 0)
		TLS_COUNT(sessions);
	/* That was about the one before. */
	bpf_map_delete_elem(&verdicts, key);
	return bpf_map_lookup_elem(&tls_sessions, key);
}

/* The session seems to have another connection than it seemed to have: none is told, from now on. */
static __always_inline void tls_contradict(struct tls_session *session)
{
	if (session->connection == TLS_CONFLICT)
		return;
	session->connection = TLS_CONFLICT;
	__builtin_memset(&session->stream.carrier, 0, sizeof(session->stream.carrier));
	__builtin_memset(&session->stream.endpoints, 0, sizeof(session->stream.endpoints));
	TLS_COUNT(conflicts);
}

/* What the program has read from this socket seems to be the session's. Says false where it seemed to be another's. */
static __always_inline bool tls_own(const struct stream_key *key, const struct tls_socket *socket)
{
	struct stream_key *owner = bpf_map_lookup_elem(&tls_owners, &socket->key);
	struct tls_session *other;

	if (!owner) {
		bpf_map_update_elem(&tls_owners, &socket->key, key, BPF_ANY);
		return true;
	}
	if (same_key(owner, key))
		return true;
	other = bpf_map_lookup_elem(&tls_sessions, owner);
	if (other)
		tls_contradict(other);
	return false;
}

/* Says to the socket's own stream that it carries the session: its payload is of no use then, but its end is. */
static __always_inline void tls_mark_carrier(struct tls_thread *thread, const struct tls_socket *socket)
{
	thread->carrier.kind = STREAM_CARRIER;
	thread->carrier.endpoints = socket->endpoints;
	bpf_map_update_elem(&streams, &socket->key, &thread->carrier, BPF_ANY);
}

/* It is known now. */
static __always_inline void tls_connect(struct tls_thread *thread, struct tls_session *session,
					const struct tls_socket *socket)
{
	session->stream.carrier = socket->key;
	session->stream.endpoints = socket->endpoints;
	session->connection = TLS_KNOWN;
	tls_mark_carrier(thread, socket);
	TLS_COUNT(sessions_known);
}

/* The thread has read or written this socket as if for the session: TLS_BY_READ, TLS_BY_WRITE. */
static __always_inline void tls_suspect(struct tls_thread *thread, const struct stream_key *key,
					struct tls_session *session, const struct tls_socket *socket, u32 by)
{
	if (session->by_library || session->connection == TLS_CONFLICT)
		return;
	if (!session->candidate_by)
		session->candidate = *socket;
	else if (!same_key(&socket->key, &session->candidate.key)) {
		tls_contradict(session);
		return;
	}
	session->candidate_by |= by;
	if (session->connection == TLS_KNOWN || session->candidate_by != TLS_BY_BOTH)
		return;
	if (tls_own(key, socket))
		tls_connect(thread, session, socket);
	else
		tls_contradict(session);
}

/* What the call says of the session's connection. */
static __always_inline void tls_learn(const struct stream_key *key, struct tls_session *session, struct tls_thread *thread,
				      struct tls_call *call, u64 moved)
{
	if (call->used_several) {
		TLS_COUNT(several_sockets);
		return;
	}
	if (!call->socket.key.address) {
		if (call->from_read && tls_records_match(thread, moved, call->size_bytes))
			tls_suspect(thread, key, session, &thread->read, TLS_BY_READ);
		return;
	}
	session->by_library = true;
	if (session->connection == TLS_UNKNOWN)
		tls_connect(thread, session, &call->socket);
	else if (session->connection == TLS_KNOWN && !same_key(&call->socket.key, &session->stream.carrier))
		tls_contradict(session);
}

/* Whether the session's text is HTTP, as far as one can tell by the first bytes of a call. */
static __always_inline bool tls_is_wanted(struct tls_session *session, const struct payload *payload)
{
	u32 pid = payload->thread->pid, one = 1;
	u8 bytes[LOOK_BYTES];
	u32 looks;

	if (session->stream.kind)
		return true;
	looks = look_at(bytes, read_first_bytes(&payload->buffer, payload->length, bytes));
	if (looks == LOOKS_OTHER)
		return false;
	read_process_name(payload->thread->process_name);
	session->stream.kind = STREAM_HTTP;
	session->stream.framings[RECEIVED] = framing_of_stream(looks, bytes);
	session->stream.framings[SENT] = session->stream.framings[RECEIVED];
	bpf_map_update_elem(&talkers, &pid, &one, BPF_ANY);
	return true;
}

/* The call is over; what it gave the library may be encrypted now, and be written next. */
static __always_inline void tls_note_writer(struct tls_thread *thread, const struct tls_call *call, u64 moved)
{
	u64 written = call->direction == SENT ? moved : 0;

	if (call->socket.key.address)
		return;
	/* Between the two the session may have been asked for data. */
	if (thread->writer == call->session && thread->writer_bytes && !written)
		return;
	thread->writer = call->session;
	thread->writer_bytes = written;
}

/* The call has moved so much text. */
static __always_inline void tls_moved(struct tls_thread *thread, struct tls_call *call, u64 pid_tgid, u64 moved)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct payload payload = {};
	struct tls_session *session;

	payload.key = tls_key_of(task, pid_tgid >> 32, call->session);
	/* One that has moved nothing yet is made where something is known of it. */
	session = moved ? tls_find_or_create_session(&payload.key) : bpf_map_lookup_elem(&tls_sessions, &payload.key);
	if (!session || session->connection == TLS_UNKNOWN)
		tls_note_writer(thread, call, moved);
	if (!moved)
		return;
	payload.thread = find_or_create_thread(pid_tgid >> 32, pid_tgid);
	if (!session || !payload.thread) {
		TLS_COUNT(threads_full);
		return;
	}
	tls_learn(&payload.key, session, thread, call, moved);
	if (!session->stream.since_ns) {
		session->stream.flags = PAYLOAD_TLS;
		session->stream.since_ns = call->start_ns;
	}
	payload.direction = call->direction & 1;
	/* Two threads don't use a session in one direction at the same time: the library does not allow it. */
	payload.position = session->stream.positions[payload.direction];
	session->stream.positions[payload.direction] += moved;
	payload.stream = &session->stream;
	payload.buffer.kind = BUFFER_FLAT;
	payload.buffer.address = call->buffer;
	payload.length = moved;
	payload.start_ns = call->start_ns;
	payload.end_ns = bpf_ktime_get_ns();
	if (tls_is_wanted(session, &payload))
		send_payload(&payload);
}

/* What uses this memory next is another session. */
static __always_inline void tls_end(u64 session_address, u64 pid_tgid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct payload payload = {};
	struct tls_session *session;

	payload.key = tls_key_of(task, pid_tgid >> 32, session_address);
	session = bpf_map_lookup_elem(&tls_sessions, &payload.key);
	if (!session)
		return;
	payload.stream = &session->stream;
	payload.thread = find_or_create_thread(pid_tgid >> 32, pid_tgid);
	payload.start_ns = bpf_ktime_get_ns();
	payload.end_ns = payload.start_ns;
	if (session->stream.kind && payload.thread)
		send_end(&payload, 0, 0);
	if (session->connection == TLS_KNOWN && !session->by_library)
		bpf_map_delete_elem(&tls_owners, &session->stream.carrier);
	bpf_map_delete_elem(&tls_sessions, &payload.key);
}

/* From here on it is noted what the thread reads and writes; it does either of them for this session, it seems. */
static __always_inline void tls_shake_hands(u64 session, u64 pid_tgid)
{
	struct tls_thread *thread = tls_find_or_create_thread(pid_tgid);

	if (!thread)
		return;
	if (!thread->reader)
		thread->reader = session;
	thread->writer = session;
	thread->writer_bytes = 0;
}

/* One of these functions is entered. */
static __always_inline int tls_entered(void *context, u32 function)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u32 pid = pid_tgid >> 32;

	tls_count_hit(pid);
	if (!process_is_wanted((void *)bpf_get_current_task(), pid))
		return 0;
	switch (function) {
	case TLS_HANDSHAKE:
		tls_shake_hands(function_argument(context, 0), pid_tgid);
		break;
	case TLS_END:
		tls_end(function_argument(context, 0), pid_tgid);
		break;
	default:
		tls_enter(context, function, pid_tgid);
	}
	return 0;
}

/* One of those that move data returns. */
static __always_inline int tls_returned(void *context)
{
	u64 pid_tgid = bpf_get_current_pid_tgid();
	u64 stack = stack_at_entry(context, true);
	struct tls_thread *thread;
	struct tls_call *call;
	u32 tid = pid_tgid;

	tls_count_hit(pid_tgid >> 32);
	thread = bpf_map_lookup_elem(&tls_threads, &tid);
	if (!thread || thread->depth == 0 || thread->depth > TLS_DEPTH)
		return 0;
	call = tls_call_at(thread, thread->depth - 1);
	if (call->stack != stack) {
		/* Of a function that one called which counts; or the inner call ended unseen. */
		if (thread->depth < 2 || thread->calls[0].stack != stack)
			return 0;
		TLS_COUNT(unreturned);
		call = &thread->calls[0];
		thread->depth = 1;
	}
	thread->depth--;
	tls_moved(thread, call, pid_tgid, tls_moved_bytes(call, function_result(context)));
	return 0;
}

/* Always empty. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u32));
} tls_no_programs SEC(".maps");

/*
 * To be called by each program at a uprobe that 6.13 or later may run. There a program whose functions have more than 64
 * bytes of stack is given one for each CPU, a private stack, instead of the task's (check_max_stack_depth() in
 * kernel/bpf/verifier.c); but nothing keeps it from being preempted at a uprobe and run again on that CPU by another task
 * (uprobe_prog_run() in kernel/trace/bpf_trace.c), and then both write to the same stack, spilled pointers and all. A
 * program with a tail call stays on the task's stack. This one is never made: no task with user space has the pid 0.
 */
static __always_inline void tls_stay_on_task_stack(void *context, u64 pid_tgid)
{
	if (!pid_tgid)
		bpf_tail_call(context, &tls_no_programs, 0);
}

/* All of a file by one link each, where the kernel has that (6.6); the cookie says which function it is. */
SEC("?uprobe.multi")
int on_tls_entry(void *context)
{
	tls_stay_on_task_stack(context, bpf_get_current_pid_tgid());
	return tls_entered(context, bpf_get_attach_cookie(context));
}

SEC("?uprobe.multi")
int on_tls_return(void *context)
{
	tls_stay_on_task_stack(context, bpf_get_current_pid_tgid());
	return tls_returned(context);
}

/* One by one, for older kernels: what is said above does not concern these. */
SEC("?uprobe")
int on_tls_read(void *context)
{
	return tls_entered(context, TLS_READ);
}

SEC("?uprobe")
int on_tls_write(void *context)
{
	return tls_entered(context, TLS_WRITE);
}

SEC("?uprobe")
int on_tls_read_ex(void *context)
{
	return tls_entered(context, TLS_READ_EX);
}

SEC("?uprobe")
int on_tls_write_ex(void *context)
{
	return tls_entered(context, TLS_WRITE_EX);
}

SEC("?uprobe")
int on_tls_write_ex2(void *context)
{
	return tls_entered(context, TLS_WRITE_EX2);
}

SEC("?uprobe")
int on_tls_receive(void *context)
{
	return tls_entered(context, TLS_RECEIVE);
}

SEC("?uprobe")
int on_tls_send(void *context)
{
	return tls_entered(context, TLS_SEND);
}

SEC("?uprobe")
int on_tls_handshake(void *context)
{
	return tls_entered(context, TLS_HANDSHAKE);
}

SEC("?uprobe")
int on_tls_end(void *context)
{
	return tls_entered(context, TLS_END);
}

SEC("?uretprobe")
int on_tls_one_return(void *context)
{
	return tls_returned(context);
}

/* Whether tls_socket_used() has to be called for this thread. */
static __always_inline bool tls_is_used(u32 tid)
{
	return trace_tls && bpf_map_lookup_elem(&tls_threads, &tid);
}

/* A socket was written outside of the library, after a session was called upon: whether these are its records. */
static __always_inline void tls_note_write(struct tls_thread *thread, const struct thread *caller, u32 tid, u64 buffer,
					   u64 bytes)
{
	struct stream_key key = { .address = thread->writer, .number = (u64)caller->image << 32 | caller->pid };
	u64 text = thread->writer_bytes;
	struct tls_session *session;
	bool matches;

	thread->writer = 0;
	if (text) {
		/* The library makes several records of more. */
		if (text > TLS_RECORD_TEXT_BYTES)
			text = TLS_RECORD_TEXT_BYTES;
		matches = tls_read_records(tid, buffer, bytes) && tls_records_match(thread, text, 0);
	} else {
		matches = tls_begins_with_record(buffer, bytes) && thread->reader == key.address &&
			  same_key(&thread->read.key, &caller->key);
	}
	if (!matches)
		return;
	session = tls_find_or_create_session(&key);
	if (!session)
		return;
	thread->written.key = caller->key;
	read_endpoints(caller->sk, TRANSPORT_TCP, &thread->written.endpoints);
	tls_suspect(thread, &key, session, &thread->written, TLS_BY_WRITE);
}

/*
 * To be called when a thread's call has moved bytes over a TCP socket, or has found the end, with where it has them (see
 * capture()): but not for MSG_PEEK. Not static: the stack of who calls it has no room.
 */
__attribute__((noinline)) int tls_socket_used(u32 tid, u64 address, u32 kind_and_count, u64 bytes)
{
	struct tls_thread *thread = bpf_map_lookup_elem(&tls_threads, &tid);
	struct thread *caller = bpf_map_lookup_elem(&threads, &tid);
	struct segment segment = { .address = address, .length = bytes };
	u32 kind = kind_of_buffer(kind_and_count);

	if (!thread || !caller)
		return 0;
	for (u32 i = 0; i < TLS_DEPTH; i++) {
		struct tls_call *call = &thread->calls[i];

		if (i >= thread->depth)
			break;
		if (!call->socket.key.address) {
			call->socket.key = caller->key;
			read_endpoints(caller->sk, TRANSPORT_TCP, &call->socket.endpoints);
		} else if (!same_key(&call->socket.key, &caller->key)) {
			call->used_several = true;
		}
	}
	if (kind != BUFFER_FLAT && (kind == BUFFER_NONE || !read_segment(address, 0, kind, &segment)))
		segment.length = 0;
	if (segment.length > bytes)
		segment.length = bytes;
	if (caller->direction != RECEIVED) {
		if (thread->writer && !thread->depth)
			tls_note_write(thread, caller, tid, segment.address, segment.length);
		return 0;
	}
	if (!same_key(&thread->read.key, &caller->key)) {
		thread->read.key = caller->key;
		read_endpoints(caller->sk, TRANSPORT_TCP, &thread->read.endpoints);
	}
	thread->read_buffer = segment.address;
	thread->read_bytes = segment.length;
	thread->reader = thread->depth > 0 ? thread->calls[0].session : 0;
	return 0;
}

/* To be called when a thread ends, and for the number that one gives up when it executes a program. */
static __always_inline void tls_thread_ended(u32 tid)
{
	bpf_map_delete_elem(&tls_threads, &tid);
}
