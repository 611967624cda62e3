/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What went over the streams that are of interest, on its way to user space.
 *
 *   streams    what the kernel half knows of a stream that is wanted
 *   verdicts   what user space has found out of one: not HTTP; or how far the payload is of no use
 *   events     a call's payload, or its length alone | a datagram | a stream's end | a process's end
 *
 * Whoever has seen bytes in a user's buffer, calls send_payload(); `request-records.ts` reads the records.
 */
#pragma once

#include "../kernel/targets.h"
#include "sockets.h"

/* Which way the bytes went, as the traced process sees it. */
#define RECEIVED 0
#define SENT 1

/* Kinds of records in `events`. */
#define RECORD_PAYLOAD 1
#define RECORD_DATAGRAM 2
#define RECORD_END 3	      /* of a stream, or of one direction of it */
#define RECORD_PROCESS_EXIT 4 /* closes what it had open */

/* Flags of a record. */
#define PAYLOAD_TLS 1	     /* was encrypted: `key` is that of the TLS session, `carrier` that of its socket */
#define PAYLOAD_FROM_START 2 /* nothing went over the stream before it was first seen */
#define PAYLOAD_DNS 4	     /* DNS over TCP, by its port */
#define END_OF_DIRECTION 8   /* a RECORD_END: of this direction alone */

/*
 * Data of one record at most. A call takes more than one where its payload has to be known to the end: in chunked bodies, and
 * in HTTP/2, of which any frame may be a head.
 */
#define CAPTURE_BYTES 65536
#define RECORDS_OF_CALL 16
/* Room behind that for one piece of a vector, whose size the verifier can't subtract from what is left. */
#define PIECE_BYTES 8192
/* Pieces of a vector in a record: 8 of 64 KiB, and as many segments. */
#define PIECES 32

/* How what goes in one direction is divided, as far as it matters: for calls of more than one record. */
#define FRAMING_UNKNOWN 0
#define FRAMING_OTHER 1
#define FRAMING_CHUNKED 2 /* a body; from here on calls have to be known to the end */
#define FRAMING_FRAMES 3  /* HTTP/2: for as long as there is the stream */
/* Only in calls of so many bytes it is looked for, and in so many of them. */
#define FRAMING_CALL_BYTES 16384
#define FRAMING_HEAD_BYTES 1024
/* ... a piece at a time. */
#define FRAMING_PIECE_BYTES 32

/* Looked at to find out what a stream is. */
#define LOOK_BYTES 24

/* What the first bytes of a call look like. */
#define LOOKS_OTHER 0
#define LOOKS_REQUEST 1	 /* a request line, or the beginning of one */
#define LOOKS_RESPONSE 2 /* a status line, or the beginning of one */
#define LOOKS_HTTP2 3	 /* a frame */

/* Set by user space to its own pid: what sends the traces would trace itself. 0: no such process. */
const volatile u32 own_pid = 0;

/*
 * When so much waits in the ring, bodies are left out, so that heads still find room: of a call that begins with a head no
 * more than BODY_BYTES are sent, and of one that moves more and begins with none, the length alone.
 */
const volatile u64 crowded_bytes = 2 * 1024 * 1024;
#define BODY_BYTES 4096

/* A stream as long as it is there: both numbers come again only together by chance. */
struct stream_key {
	u64 address; /* of the struct sock; in the process, of the TLS session */
	u64 number;  /* inode number of the socket's file; the pid */
};

/* What a stream in `streams` is. */
#define STREAM_HTTP 1
#define STREAM_DNS 2
#define STREAM_CARRIER 3 /* of a TLS session: its own payload is of no use, but its end is */

struct stream {
	u32 kind;  /* STREAM_* */
	u32 flags; /* PAYLOAD_TLS, PAYLOAD_FROM_START, PAYLOAD_DNS */
	u64 since_ns; /* where the positions are counted here, from when */
	u32 positions[2]; /* by direction: of what comes next; of TCP, which numbers its bytes itself, of the first one */
	u8 framings[2];	  /* FRAMING_*, by direction */
	u8 unused[6];
	struct endpoints endpoints;
	struct stream_key carrier;
};

/* [from, until) of the positions of one direction; nothing where both are 0. */
struct skip {
	u32 from;
	u32 until;
};

/* Written by user space alone. */
struct verdict {
	u32 unwanted[2]; /* by direction: no payload at all */
	struct skip skips[2];
};

/* 0.2 KiB each. A stream that is let go is found again by its next head. User space can set more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct stream_key);
	__type(value, struct stream);
} streams SEC(".maps");

/* As many as there are streams. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct stream_key);
	__type(value, struct verdict);
} verdicts SEC(".maps");

/* Processes with streams: pid -> 1. Those that talk at the same time; one that was let go ends its streams by silence. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u32);
} talkers SEC(".maps");

/* Where a call has its bytes. */
#define BUFFER_FLAT 0	       /* at an address */
#define BUFFER_VECTOR 1	       /* in the segments of a struct iovec[] at an address */
#define BUFFER_COMPAT_VECTOR 2 /* ... of a struct compat_iovec[] */
#define BUFFER_NONE 3	       /* not in the process's memory: sendfile(), splice() */
#define BUFFER_KERNEL_VECTOR 4 /* as BUFFER_VECTOR, but the struct iovec[] itself is in the kernel's memory */

struct buffer {
	u32 kind;  /* BUFFER_* */
	u32 count; /* segments of a vector */
	u64 address;
	u64 offset; /* of BUFFER_KERNEL_VECTOR: bytes of its segments that come before those that were moved */
};

/* Kind and count in one argument, for functions that are verified by themselves: these take five. */
#define BUFFER_KIND_BITS 3

static __always_inline u32 pack_kind_and_count(const struct buffer *buffer)
{
	return buffer->count << BUFFER_KIND_BITS | buffer->kind;
}

static __always_inline u32 kind_of_buffer(u32 kind_and_count)
{
	return kind_and_count & ((1 << BUFFER_KIND_BITS) - 1);
}

static __always_inline u32 count_of_vector(u64 count)
{
	/* UIO_MAXIOV */
	return count > 1024 ? 1024 : count;
}

/* What a call has moved. */
struct moved {
	struct buffer buffer;
	u64 length;
	u64 readable; /* bytes that are there at most: with MSG_TRUNC a datagram may be longer */
	u64 name;     /* address of the peer's, for datagrams; 0: none */
	u64 end_ns;
	u32 segment_bytes; /* of each datagram where many are handed over at once; 0: it is one */
	u32 unused;
};

/* A thread that has read or written something, from the first time to its end. */
struct thread {
	u32 pid;
	u32 image; /* see image_of() */
	char process_name[TASK_COMM_LEN];
	/* The call that it is in: */
	bool busy;
	u8 direction;
	u8 transport;
	bool in_function; /* it has come to the socket's function by no system call that is looked at, and is not busy */
	u32 sequence; /* of the socket, in this direction, at the entry */
	u64 start_ns;
	struct stream_key key;
	struct socket *socket;
	struct sock *sk;
	/* Here, and not on the stack: what looks at it are functions that are verified by themselves. */
	struct moved moved;
};

/* tid -> struct thread. Sized by user space from the number of threads. Kept between calls: making one costs more. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct thread);
} threads SEC(".maps");

struct record {
	u32 kind; /* RECORD_* */
	u8 direction;
	u8 flags;
	u16 unused;
	struct stream_key key;
	struct stream_key carrier;
	u32 pid;
	u32 image;
	char process_name[TASK_COMM_LEN];
	u64 start_ns; /* CLOCK_MONOTONIC: the call's entry */
	u64 end_ns;   /* ... and its return */
	u64 since_ns; /* of the stream's own positions; 0: they are TCP's */
	u64 length;   /* bytes that went */
	u32 position; /* of the first of them */
	u32 skipped;  /* of length: these come before data */
	u32 data_bytes;
	s32 error; /* a RECORD_END: errno, positive; 0: none */
	struct endpoints endpoints;
	u32 first_positions[2]; /* with PAYLOAD_FROM_START: of the first byte that went, by direction */
	u8 data[CAPTURE_BYTES + PIECE_BYTES];
};

#define RECORD_HEADER_BYTES __builtin_offsetof(struct record, data)

struct counters {
	u64 payloads;		   /* records of payload: sent or lost */
	u64 payloads_lost;	   /* no room in the ring */
	u64 payload_bytes_lost;
	u64 server_requests_lost;  /* ... that began with a request that was received */
	u64 client_requests_lost;  /* ... that was sent */
	u64 bodies_left_out;	   /* calls of which a part was left out, as the ring was crowded */
	u64 datagrams_lost;	   /* DNS: no room in the ring */
	u64 ends_lost;		   /* ends of streams: no room in the ring */
	u64 unreadable;		   /* payload that was not in memory: its length is told all the same */
	u64 scratch_busy;	   /* payload that found another one being put together on its CPU */
	u64 threads_full;	   /* calls on sockets: no room in threads */
	u64 targets_full;	   /* children not followed: no room in targets */
	u64 flows_full;		   /* datagrams that are in unattributed: no room in flows */
	u64 messages_not_seen;	   /* of calls with more messages than are looked at */
	u64 multipath_not_seen;	   /* calls on MPTCP sockets */
	u64 smc_not_seen;	   /* ... on SMC sockets */
	u64 compat_not_seen;	   /* ... by the 32-bit socketcall() */
	u64 io_uring_not_seen;	   /* requests of io_uring; see sees_functions and sees_requests */
};

#include "../kernel/counters.h"

/* 4 MiB: what 64 KiB at a time fill up in some milliseconds, as user space needs to ask for less. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} events SEC(".maps");

#include "../kernel/wake-up.h"

/*
 * Where records are put together: too large for a per-CPU map, which takes up to 32 KiB, so it is an array with
 * `scratch_places` for each CPU, sized by user space.
 *
 * A program may be interrupted by another one on its CPU: so who uses a place says so, and who finds it in use takes the
 * next one. Adding is atomic and the CPU is the same, so of two that meet at most one goes on.
 */
struct scratch {
	u32 users;
	u32 framing; /* FRAMING_* of the direction */
	/* Where capture() goes on. */
	u64 rest;    /* bytes of the call */
	u64 skipped; /* ... that it has to leave out first */
	u64 done;    /* bytes of the segment; of a flat buffer all */
	u32 index;   /* of the segment that comes next */
	u32 unused;
	u64 segment_address;
	u64 segment_length;
	u64 framing_last; /* bytes that framing_of_head() has come to */
	struct record record;
};

#define MAX_SCRATCH_PLACES 4
const volatile u32 scratch_places = 1;


struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_struct___executed {
	u64 self_exec_id; /* one more with each exec; 5.7+ */
};

#pragma clang attribute pop

/* With the pid, the program that runs in the process: as in file-accounting.h. */
static __always_inline u32 image_of(struct task_struct *task)
{
	u64 image = mix(BPF_CORE_READ(task, group_leader, start_boottime),
			BPF_CORE_READ((struct task_struct___executed *)task, self_exec_id));

	return image >> 32 ^ image;
}

/* Name of the current process's first thread, as it is now. */
static __always_inline void read_process_name(char name[TASK_COMM_LEN])
{
	struct task_struct *task = (void *)bpf_get_current_task();

	bpf_probe_read_kernel_str(name, TASK_COMM_LEN, BPF_CORE_READ(task, group_leader)->comm);
}

/* Not static: the stack of who calls it has no room for one more struct thread. */
__attribute__((noinline)) int create_thread(u32 pid, u32 tid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct thread fresh = {};

	fresh.pid = pid;
	fresh.image = image_of(task);
	read_process_name(fresh.process_name);
	return bpf_map_update_elem(&threads, &tid, &fresh, BPF_NOEXIST);
}

/* The current thread's entry; NULL where there is no room for one. */
static __always_inline struct thread *find_or_create_thread(u32 pid, u32 tid)
{
	struct thread *thread = bpf_map_lookup_elem(&threads, &tid);

	if (thread)
		return thread;
	create_thread(pid, tid);
	return bpf_map_lookup_elem(&threads, &tid);
}

static __always_inline bool process_is_wanted(struct task_struct *task, u32 pid)
{
	return pid != own_pid && target_is_wanted(task, pid);
}

static __always_inline bool is_crowded(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > crowded_bytes;
}

static __always_inline bool is_upper(u8 byte)
{
	return byte >= 'A' && byte <= 'Z';
}

/*
 * A frame of HTTP/2 with which a connection that was not seen from its start may be joined: RFC 9113, section 6. Not DATA,
 * of which little else is known than that its stream is not 0.
 */
static __always_inline bool looks_like_frame(const u8 *bytes)
{
	u32 length = bytes[0] << 16 | bytes[1] << 8 | bytes[2];
	u32 stream = bytes[5] << 24 | bytes[6] << 16 | bytes[7] << 8 | bytes[8];
	u8 flags = bytes[4];

	if (length > 16384 || stream & 0x80000000)
		return false;
	switch (bytes[3]) {
	case 1: /* HEADERS: END_STREAM, END_HEADERS, PADDED, PRIORITY */
		return length && stream & 1 && !(flags & ~0x2d);
	case 3: /* RST_STREAM */
		return length == 4 && stream & 1 && !flags;
	case 4: /* SETTINGS: ACK */
		return !stream && (flags ? flags == 1 && !length : length % 6 == 0);
	case 6: /* PING: ACK */
		return !stream && length == 8 && flags <= 1;
	case 8: /* WINDOW_UPDATE */
		return length == 4 && !flags && (!stream || stream & 1);
	}
	return false;
}

/* Whether this follows the method of a request: the first byte of what is asked for. */
static __always_inline bool looks_like_target(u8 byte)
{
	switch (byte) {
	case '/':
	case '*': /* OPTIONS, and HTTP/2's preface */
	case 'h': /* http://, to a proxy */
	case 'H':
		return true;
	}
	return false;
}

/*
 * LOOKS_* of the 24 bytes in three words, of which the first `count` count.
 *
 * Not static, so that the verifier looks at it once, and by value, as it takes no pointer before 5.12. What is left
 * of the loop is not the place of the space but what is behind it: else the verifier would go on from each place.
 */
__attribute__((noinline)) u32 look_at_words(u64 first, u64 second, u64 third, u32 count)
{
	const u64 words[] = { first, second, third };
	const u8 *bytes = (const u8 *)words;
	const char status[] = "HTTP/1.";
	bool is_seventh = false;
	u8 next = 0;

	if (bytes[0] == 'H' && (count == 1 || bytes[1] == 'T')) {
		for (u32 i = 1; i < sizeof(status) - 1; i++) {
			if (i >= count)
				break;
			if (bytes[i] != status[i])
				return LOOKS_OTHER;
		}
		return LOOKS_RESPONSE;
	}
	if (!is_upper(bytes[0]))
		return count >= 9 && looks_like_frame(bytes) ? LOOKS_HTTP2 : LOOKS_OTHER;
	/* The longest registered method has 17 bytes: UPDATEREDIRECTREF (RFC 4437). */
	for (u32 i = 1; i < LOOK_BYTES - 2; i++) {
		if (i >= count)
			return LOOKS_REQUEST;
		if (bytes[i] == ' ') {
			if (i + 1 >= count)
				return LOOKS_REQUEST;
			next = bytes[i + 1];
			is_seventh = i == 7;
			break;
		}
		if (!is_upper(bytes[i]) && bytes[i] != '-')
			return LOOKS_OTHER;
	}
	if (looks_like_target(next))
		return LOOKS_REQUEST;
	/* An authority: "CONNECT host:443". */
	return is_seventh && bytes[0] == 'C' && bytes[1] == 'O' && bytes[6] == 'T' && next > ' ' ? LOOKS_REQUEST :
												   LOOKS_OTHER;
}

/*
 * What these bytes, of which the first `count` count, begin with: LOOKS_*. Fewer than are needed to tell may be the
 * beginning of a line; the rest of it comes with the next calls.
 */
static __always_inline u32 look_at(const u8 bytes[LOOK_BYTES], u32 count)
{
	u64 words[LOOK_BYTES / sizeof(u64)];

	if (!count)
		return LOOKS_OTHER;
	__builtin_memcpy(words, bytes, sizeof(words));
	return look_at_words(words[0], words[1], words[2], count);
}

/* Of a stream that is met with these bytes. */
static __always_inline u8 framing_of_stream(u32 looks, const u8 bytes[LOOK_BYTES])
{
	/* The preface: no other request has this method. */
	bool is_preface = looks == LOOKS_REQUEST && bytes[0] == 'P' && bytes[1] == 'R' && bytes[2] == 'I' && bytes[3] == ' ';

	return is_preface || looks == LOOKS_HTTP2 ? FRAMING_FRAMES : FRAMING_UNKNOWN;
}

struct segment {
	u64 address;
	u64 length;
};

static __always_inline bool read_segment(u64 vector, u32 index, u32 kind, struct segment *segment)
{
	u32 compat[2];

	if (kind == BUFFER_KERNEL_VECTOR)
		return !bpf_probe_read_kernel(segment, sizeof(*segment), (void *)(vector + index * sizeof(*segment)));
	if (kind != BUFFER_COMPAT_VECTOR)
		return !bpf_probe_read_user(segment, sizeof(*segment), (void *)(vector + index * sizeof(*segment)));
	if (bpf_probe_read_user(compat, sizeof(compat), (void *)(vector + index * sizeof(compat))))
		return false;
	segment->address = compat[0];
	segment->length = compat[1];
	return true;
}

/* The first bytes, to look_at(): of a vector those of its first segment that is not empty. Answers how many. */
static __always_inline u32 read_first_bytes(const struct buffer *buffer, u64 length, u8 bytes[LOOK_BYTES])
{
	struct segment segment = { .address = buffer->address, .length = length };
	u64 count = LOOK_BYTES, offset = buffer->offset;

	if (buffer->kind == BUFFER_NONE)
		return 0;
	if (buffer->kind != BUFFER_FLAT) {
		for (u32 i = 0; i < 4; i++) {
			segment.length = 0;
			if (i >= buffer->count || !read_segment(buffer->address, i, buffer->kind, &segment))
				return 0;
			if (segment.length > offset)
				break;
			offset -= segment.length;
		}
		if (offset >= segment.length)
			return 0;
		segment.address += offset;
		segment.length -= offset;
	}
	if (segment.length > length)
		segment.length = length;
	if (segment.length < count)
		count = segment.length;
	/* Those behind are zeroed, and so not taken for what was here before. */
	__builtin_memset(bytes, 0, LOOK_BYTES);
	/* As in capture(). */
	barrier_var(count);
	if (count > LOOK_BYTES)
		return 0;
	return bpf_probe_read_user(bytes, count, (void *)segment.address) ? 0 : count;
}

/* NULL where all places of this CPU are in use. To be given back with scratch_release(). */
static __always_inline struct scratch *scratch_take(u32 *place)
{
	u32 first = bpf_get_smp_processor_id() * scratch_places;
	struct scratch *work;

	for (u32 i = 0; i < MAX_SCRATCH_PLACES; i++) {
		if (i >= scratch_places)
			break;
		*place = first + i;
		work = bpf_map_lookup_elem(&scratch, place);
		if (!work)
			return NULL;
		__sync_fetch_and_add(&work->users, 1);
		if (*(volatile u32 *)&work->users == 1)
			return work;
		__sync_fetch_and_add(&work->users, -1);
	}
	COUNT(scratch_busy);
	return NULL;
}

static __always_inline void scratch_release(struct scratch *work)
{
	__sync_fetch_and_add(&work->users, -1);
}

/* Where capture() is to begin: behind the first `skipped` of the bytes in a buffer; `rest` are left then. */
static __always_inline void capture_from(struct scratch *work, u64 skipped, u64 rest)
{
	work->rest = rest;
	work->skipped = skipped;
	work->done = 0;
	work->index = 0;
	work->segment_length = 0;
}

/*
 * Copies the next piece of a vector, no more than `size` bytes, behind the first `offset` data of the record in this place
 * of scratch. Answers how many that were, or -1 where there are no more.
 *
 * Not static, so that the verifier looks at it once, and not for each piece with each of the bounds it may have.
 */
__attribute__((noinline)) int capture_piece(u32 place, u64 address, u32 kind_and_count, u32 offset, u32 size)
{
	struct scratch *work = bpf_map_lookup_elem(&scratch, &place);
	u64 length;

	if (!work)
		return -1;
	if (work->done >= work->segment_length) {
		struct segment segment;

		if (work->index >= kind_and_count >> BUFFER_KIND_BITS ||
		    !read_segment(address, work->index, kind_of_buffer(kind_and_count), &segment))
			return -1;
		work->index++;
		work->segment_address = segment.address;
		work->segment_length = segment.length;
		work->done = work->skipped < segment.length ? work->skipped : segment.length;
		work->skipped -= work->done;
	}
	length = work->segment_length - work->done;
	if (length > size)
		length = size;
	if (length > PIECE_BYTES)
		length = PIECE_BYTES;
	if (bpf_probe_read_user(work->record.data + (offset & (CAPTURE_BYTES - 1)), length,
				(void *)(work->segment_address + work->done)))
		return -1;
	work->done += length;
	return length;
}

/*
 * Copies the next `wanted` bytes to the record in this place of scratch. Answers how many that were: fewer where a vector
 * has too many segments. The call has just used this memory, so it is there.
 *
 * Not static, so that the verifier looks at it once.
 */
__attribute__((noinline)) u32 capture(u32 place, u64 address, u32 wanted, u32 kind_and_count)
{
	struct scratch *work = bpf_map_lookup_elem(&scratch, &place);
	u32 kind = kind_of_buffer(kind_and_count), captured = 0;
	u64 size = wanted;

	if (!work)
		return 0;
	if (size > CAPTURE_BYTES)
		size = CAPTURE_BYTES;
	if (kind == BUFFER_NONE)
		return 0;
	if (kind == BUFFER_FLAT) {
		work->done += work->skipped;
		work->skipped = 0;
		/* Once more, just before: by 5.10 the verifier forgets the bounds of what was on the stack meanwhile. */
		barrier_var(size);
		if (size > CAPTURE_BYTES)
			return 0;
		if (bpf_probe_read_user(work->record.data, size, (void *)(address + work->done)))
			return 0;
		work->done += size;
		return size;
	}
	for (u32 piece = 0; piece < PIECES; piece++) {
		int length;

		if (captured >= size)
			break;
		length = capture_piece(place, address, kind_and_count, captured, size - captured);
		if (length < 0)
			break;
		captured += length;
	}
	return captured;
}

/* Bytes that went over a stream. */
struct payload {
	struct stream_key key;
	struct stream *stream; /* the one in `streams` */
	struct thread *thread; /* whose call it was */
	struct buffer buffer;
	u64 length;
	u64 start_ns;
	u64 end_ns;
	u32 direction;
	u32 position;
};

/* Who, and nothing that is not there. */
static __always_inline void fill_record_of_thread(struct record *record, u32 kind, const struct thread *thread)
{
	record->kind = kind;
	record->unused = 0;
	record->pid = thread->pid;
	record->image = thread->image;
	__builtin_memcpy(record->process_name, thread->process_name, sizeof(record->process_name));
	record->skipped = 0;
	record->data_bytes = 0;
	record->error = 0;
}

static __always_inline void fill_record(struct record *record, u32 kind, const struct payload *payload)
{
	const struct stream *stream = payload->stream;

	fill_record_of_thread(record, kind, payload->thread);
	record->direction = payload->direction;
	record->flags = stream->flags;
	record->key = payload->key;
	record->carrier = stream->carrier;
	record->start_ns = payload->start_ns;
	record->end_ns = payload->end_ns;
	record->since_ns = stream->since_ns;
	record->length = payload->length;
	record->position = payload->position;
	record->endpoints = stream->endpoints;
	record->first_positions[RECEIVED] = stream->positions[RECEIVED];
	record->first_positions[SENT] = stream->positions[SENT];
}

/* Says false when the ring has no room. */
static __always_inline bool send_record(struct record *record, u32 data_bytes)
{
	u64 bytes = RECORD_HEADER_BYTES + (u64)data_bytes;
	u64 flags = wake_up();

	record->data_bytes = data_bytes;
	/* For the verifier, as in capture(). */
	barrier_var(bytes);
	if (bytes > sizeof(*record))
		return false;
	return !bpf_ringbuf_output(&events, record, bytes, flags);
}

/* What the data of the record in this place of scratch begin with. Not static, so that the verifier looks at it once. */
__attribute__((noinline)) u32 look_at_record(u32 place)
{
	struct scratch *work = bpf_map_lookup_elem(&scratch, &place);
	u8 bytes[LOOK_BYTES];

	if (!work)
		return LOOKS_OTHER;
	__builtin_memcpy(bytes, work->record.data, LOOK_BYTES);
	return look_at(bytes, work->record.data_bytes);
}

/*
 * framing_of_head() of FRAMING_PIECE_BYTES of the head, where the 8 bytes before them are in `framing_last`: FRAMING_UNKNOWN
 * where it goes on.
 */
__attribute__((noinline)) u32 framing_of_piece(u32 place, u32 offset)
{
	struct scratch *work = bpf_map_lookup_elem(&scratch, &place);
	const u8 *bytes;
	u64 last;

	if (!work)
		return FRAMING_OTHER;
	bytes = work->record.data + (offset & (FRAMING_HEAD_BYTES - FRAMING_PIECE_BYTES));
	last = work->framing_last;
	for (u32 i = 0; i < FRAMING_PIECE_BYTES; i++) {
		last = last << 8 | bytes[i];
		if ((last & 0xffffffffffffff) == 0x6368756e6b6564) /* "chunked" */
			return FRAMING_CHUNKED;
		if ((last & 0xffffffff) == 0x0d0a0d0a)
			return FRAMING_OTHER;
	}
	work->framing_last = last;
	return FRAMING_UNKNOWN;
}

/*
 * Whether the head in this place of scratch names the coding "chunked". Piece by piece, in functions that are not static:
 * the verifier follows each round of a loop, and so looks at those of one piece, and at those that are one for each piece.
 */
__attribute__((noinline)) u32 framing_of_head(u32 place)
{
	struct scratch *work = bpf_map_lookup_elem(&scratch, &place);
	u32 framing = FRAMING_UNKNOWN;

	if (!work)
		return FRAMING_UNKNOWN;
	work->framing_last = 0;
	for (u32 offset = 0; offset < FRAMING_HEAD_BYTES; offset += FRAMING_PIECE_BYTES) {
		framing = framing_of_piece(place, offset);
		if (framing != FRAMING_UNKNOWN)
			break;
	}
	return framing;
}

/* Whether the data begin with the size of a chunk: up to 8 hexadecimal digits, and the end of the line. */
static __always_inline bool looks_like_chunk(const u8 *data)
{
	for (u32 i = 0; i < 9; i++) {
		u8 byte = data[i];

		if (byte == '\r')
			return i > 0 && data[i + 1] == '\n';
		if (!(byte >= '0' && byte <= '9') && !((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f'))
			return false;
	}
	return false;
}

/* Finds out whether the body that the first record of a call is of, or begins, is chunked, or it is HTTP/2 by now. */
static __always_inline void find_framing(struct scratch *work, u32 place)
{
	u32 looks;

	if (work->framing == FRAMING_FRAMES)
		return;
	/* Not worth while: the next call of this size tells. */
	if (work->rest < FRAMING_CALL_BYTES && work->framing == FRAMING_UNKNOWN)
		return;
	looks = look_at_record(place);
	if (looks == LOOKS_REQUEST || looks == LOOKS_RESPONSE)
		work->framing = work->rest < FRAMING_CALL_BYTES ? FRAMING_UNKNOWN : framing_of_head(place);
	else if (work->framing == FRAMING_UNKNOWN && looks == LOOKS_HTTP2)
		work->framing = FRAMING_FRAMES;
	else if (work->framing == FRAMING_UNKNOWN && looks_like_chunk(work->record.data))
		work->framing = FRAMING_CHUNKED;
}

static __always_inline void count_lost(const struct record *record, u32 place)
{
	COUNT(payloads_lost);
	COUNT_MANY(payload_bytes_lost, record->length);
	if (record->skipped || look_at_record(place) != LOOKS_REQUEST)
		return;
	if (record->direction == RECEIVED)
		COUNT(server_requests_lost);
	else
		COUNT(client_requests_lost);
}

/*
 * Sends the next record of a call. Says whether there is more to send.
 *
 * @param round 0 for the first one
 */
__attribute__((noinline)) int send_next(u32 place, u64 address, u32 kind_and_count, u32 round)
{
	struct scratch *work = bpf_map_lookup_elem(&scratch, &place);
	struct record *record;
	u32 wanted, bytes;
	bool is_last, leaves_out;

	if (!work)
		return 0;
	record = &work->record;
	wanted = work->rest < CAPTURE_BYTES ? work->rest : CAPTURE_BYTES;
	bytes = wanted ? capture(place, address, wanted, kind_and_count) : 0;
	record->data_bytes = bytes;
	if (wanted && !bytes && kind_of_buffer(kind_and_count) != BUFFER_NONE)
		COUNT(unreadable);
	if (bytes && round == 0)
		find_framing(work, place);
	leaves_out = bytes > BODY_BYTES && is_crowded();
	if (leaves_out) {
		COUNT(bodies_left_out);
		bytes = look_at_record(place) == LOOKS_OTHER ? 0 : BODY_BYTES;
	}
	is_last = leaves_out || !bytes || bytes >= work->rest || round >= RECORDS_OF_CALL - 1 ||
		  (bytes == wanted && work->framing < FRAMING_CHUNKED);
	record->length = record->skipped + (is_last ? work->rest : bytes);
	COUNT(payloads);
	if (!send_record(record, bytes))
		count_lost(record, place);
	if (is_last)
		return 0;
	record->position += (u32)record->length;
	record->skipped = 0;
	work->rest -= bytes;
	return 1;
}

/* Sends the payload of a call, as far as it is wanted. */
static __always_inline void send_payload(const struct payload *payload)
{
	struct verdict *verdict = bpf_map_lookup_elem(&verdicts, &payload->key);
	u32 kind_and_count = pack_kind_and_count(&payload->buffer);
	u32 direction = payload->direction & 1;
	struct scratch *work;
	u64 skipped = 0;
	u32 place;

	if (verdict) {
		u32 from = verdict->skips[direction].from, until = verdict->skips[direction].until;
		u32 position = payload->position, end = position + (u32)payload->length;

		if (verdict->unwanted[direction])
			return;
		if (from != until && position - from < until - from) {
			/* Once in a GiB all the same: user space counts on from 32 bits. */
			if (end - from < until - from && payload->length < 0x40000000 && !((position ^ end) & 0x40000000))
				return;
			skipped = until - position;
			if (skipped > payload->length)
				skipped = payload->length;
		}
	}
	work = scratch_take(&place);
	if (!work) {
		COUNT(payloads);
		COUNT(payloads_lost);
		COUNT_MANY(payload_bytes_lost, payload->length);
		return;
	}
	fill_record(&work->record, RECORD_PAYLOAD, payload);
	work->record.skipped = skipped;
	work->framing = payload->stream->framings[direction];
	capture_from(work, payload->buffer.offset + skipped, payload->length - skipped);
	for (u32 round = 0; round < RECORDS_OF_CALL; round++) {
		if (!send_next(place, payload->buffer.address, kind_and_count, round))
			break;
	}
	payload->stream->framings[direction] = work->framing;
	scratch_release(work);
}

/* Tells of the end of a stream, or of one direction of it. */
static __always_inline void send_end(const struct payload *payload, u32 flags, s32 error)
{
	struct scratch *work;
	u32 place;

	work = scratch_take(&place);
	if (!work) {
		COUNT(ends_lost);
		return;
	}
	fill_record(&work->record, RECORD_END, payload);
	work->record.flags |= flags;
	work->record.error = error;
	if (!send_record(&work->record, 0))
		COUNT(ends_lost);
	scratch_release(work);
}
