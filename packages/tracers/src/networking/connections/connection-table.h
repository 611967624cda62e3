/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The connections that there are, and the records that go to user space about them. `connection-records.ts` reads these.
 *
 *   connect:    on_state  SYN_SENT ......... ESTABLISHED (opened) ................. CLOSE (closed)
 *                                 '......... CLOSE (failed)
 *   accept:     on_state  ESTABLISHED (in the queue) ... on_call accept (opened) .. CLOSE (closed)
 *
 * A socket is known by its address. Its entry goes when it is closed or destroyed, before the address can be used again.
 */
#pragma once

#include "../../kernel/targets.h"
#include "../sockets.h"
#include <bpf/bpf_endian.h>

/* Kinds of records. */
#define RECORD_CGROUP 1
#define RECORD_OPENED 2
#define RECORD_CLOSED 3
#define RECORD_FAILED 4
#define RECORD_LIVE 5 /* written by the iterator, not sent */
#define RECORD_TARGET_EXITED 6

#define ROLE_UNKNOWN 0
#define ROLE_CLIENT 1
#define ROLE_SERVER 2
#define ROLE_LISTENER 3

/* Flags of a connection. */
#define EXISTED 1	   /* when the tracer started */
#define LOCAL_CLOSED 2	   /* this side sent its FIN first */
#define PEER_CLOSED 4	   /* the other side did */
#define RESET_SENT 8
#define RESET_RECEIVED 16
#define IN_CONNECT 32	   /* the thread that connects has not left the call */
#define FAILURE_TOLD 64	   /* it stays so that a later connect(), which tells of the failure, is no other one */
#define NEVER_ACCEPTED 128
#define OWNED 256	   /* its process is known */
#define HELD 512	   /* of an answer: it isn't, and a process has it */

/* The addresses' bytes: an IPv4 address is written as one that is mapped into IPv6. */
#define MAPPED_PREFIX 0xffff0000 /* 0000 ffff, in network order on a little-endian machine */

struct owner {
	u64 cgroup_id;
	u32 pid;
	u32 tid;
	char name[TASK_COMM_LEN];
};

struct connection {
	u64 start_ns;	    /* connect, or the end of the handshake; 0: before the tracer's start */
	u64 established_ns; /* 0: not, or before the tracer's start */
	u64 accepted_ns;
	u64 closed_ns; /* closed before it was accepted */
	u64 inode;     /* of a Unix socket */
	struct owner owner;
	u32 flags;
	u32 error;
	u8 transport;
	u8 role;
	u8 state; /* TCP_SYN_SENT, TCP_ESTABLISHED, TCP_LISTEN, TCP_CLOSE */
	u8 unused;
	u32 unused_too;
};

/* What `ss -tin` shows. */
struct traffic {
	u64 sent_bytes; /* each byte once */
	u64 retransmitted_bytes;
	u64 acknowledged_bytes;
	u64 received_bytes;
	u32 sent_segments;
	u32 sent_data_segments;
	u32 received_segments;
	u32 received_data_segments;
	u32 retransmits;
	u32 round_trip_us;
	u32 round_trip_deviation_us;
	u32 lowest_round_trip_us; /* all ones: none was measured */
	u32 congestion_window;
	u32 send_queue_bytes;
	u32 receive_queue_bytes;
	u32 drops;    /* of a listening socket: connections that found its queue full */
	u32 queued;   /* of a listening socket: connections that wait to be accepted */
	u32 capacity; /* ... and how many may */
};

struct connection_record {
	u32 kind;
	u32 network_namespace;
	u64 socket;
	u64 time_ns;
	struct connection connection;
	u16 local_port;
	u16 peer_port;
	u8 socket_state;
	u8 family;
	u16 path_bytes;
	u32 local_address[4];
	u32 peer_address[4];
};

struct tcp_record {
	struct connection_record base;
	struct traffic traffic;
};

struct unix_record {
	struct connection_record base;
	char path[UNIX_PATH_BYTES]; /* that the listening socket is bound to; of an abstract one, it begins with NUL */
	u32 unused;
};

struct live_record {
	struct connection_record base;
	struct traffic traffic;
	char path[UNIX_PATH_BYTES];
	u32 unused;
};

/* The last thread of a chosen process has ended. */
struct exit_record {
	u32 kind;
	u32 pid;
};

struct counters {
	u64 opened; /* seen: sent or lost */
	u64 closed;
	u64 failed;
	u64 opened_lost; /* no room in the ring */
	u64 closed_lost;
	u64 failed_lost;
	u64 connections_full; /* not seen: no room in connections */
	u64 cgroups_lost;     /* their connections come without a path */
	u64 targets_full;     /* children not followed: no room in targets */
	u64 never_accepted;   /* of those that closed */
	u64 syn_ack_retransmits;
	u64 resets_sent;
	u64 resets_received;
};

/* Read every 100 ms. A short connection takes some 450 bytes on each side; user space sets the size. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} events SEC(".maps");

/* Address of the socket -> connection. User space sets the size. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct connection);
} connections SEC(".maps");

/* Where the paths of cgroups are put together: one for each program that does, since one may interrupt another. */
#define SCRATCH_STATE 0
#define SCRATCH_STATE_SECOND 1
#define SCRATCH_CALL 2
#define SCRATCH_ITERATOR 3

#define CGROUP_SCRATCH_PLACES 4
#include "../../kernel/cgroup-record.h"

/* The process of a connection. Its cgroup's own record goes out first. */
static __always_inline void own(struct connection *connection, struct task_struct *task, u32 slot)
{
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct cgroup *cgroup = BPF_CORE_READ(leader, cgroups, dfl_cgrp);
	struct owner *owner = &connection->owner;

	owner->cgroup_id = BPF_CORE_READ(cgroup, kn, id);
	owner->pid = BPF_CORE_READ(leader, tgid);
	owner->tid = BPF_CORE_READ(task, pid);
	bpf_probe_read_kernel_str(owner->name, sizeof(owner->name), leader->comm);
	connection->flags |= OWNED;
	introduce_cgroup((u64)cgroup, owner->cgroup_id, slot);
}

static __always_inline void read_addresses(struct connection_record *record, struct sock *sk)
{
	u32 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	struct inet_sock *inet = (void *)sk;

	record->family = family;
	record->peer_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	/* skc_num is the same, and is cleared before the state changes to CLOSE. */
	record->local_port = bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
	if (family == AF_INET6 && bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) {
		BPF_CORE_READ_INTO(&record->local_address, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&record->peer_address, sk, __sk_common.skc_v6_daddr);
		return;
	}
	record->local_address[2] = MAPPED_PREFIX;
	record->local_address[3] = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	record->peer_address[2] = MAPPED_PREFIX;
	record->peer_address[3] = BPF_CORE_READ(sk, __sk_common.skc_daddr);
}

/* 16 bytes at least of the record are not written by this: what there is to say of the addresses. */
static __always_inline void describe(struct connection_record *record, u32 kind, struct sock *sk,
				     struct connection *connection)
{
	record->kind = kind;
	record->network_namespace = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	record->socket = (u64)sk;
	record->time_ns = bpf_ktime_get_ns();
	record->connection = *connection;
	record->socket_state = socket_state(sk);
	record->path_bytes = 0;
	record->family = AF_UNIX;
	record->local_port = 0;
	record->peer_port = 0;
	__builtin_memset(record->local_address, 0, sizeof(record->local_address));
	__builtin_memset(record->peer_address, 0, sizeof(record->peer_address));
}

static __always_inline void read_traffic(struct traffic *traffic, struct sock *sk, u32 state)
{
	struct tcp_sock *tcp = (void *)sk;
	u64 retransmitted = BPF_CORE_READ(tcp, bytes_retrans);

	traffic->retransmitted_bytes = retransmitted;
	traffic->sent_bytes = BPF_CORE_READ(tcp, bytes_sent) - retransmitted;
	traffic->acknowledged_bytes = BPF_CORE_READ(tcp, bytes_acked);
	/* A FIN counts as a byte there. */
	traffic->received_bytes = BPF_CORE_READ(tcp, bytes_received) -
				  (BPF_CORE_READ(sk, __sk_common.skc_flags) & SOCK_DONE_BIT ? 1 : 0);
	traffic->sent_segments = BPF_CORE_READ(tcp, segs_out);
	traffic->sent_data_segments = BPF_CORE_READ(tcp, data_segs_out);
	traffic->received_segments = BPF_CORE_READ(tcp, segs_in);
	traffic->received_data_segments = BPF_CORE_READ(tcp, data_segs_in);
	traffic->retransmits = BPF_CORE_READ(tcp, total_retrans);
	/* Fixed-point numbers, as tcp_get_info() reads them. */
	traffic->round_trip_us = BPF_CORE_READ(tcp, srtt_us) >> 3;
	traffic->round_trip_deviation_us = BPF_CORE_READ(tcp, mdev_us) >> 2;
	traffic->lowest_round_trip_us = BPF_CORE_READ(tcp, rtt_min.s[0].v);
	traffic->congestion_window = BPF_CORE_READ(tcp, snd_cwnd);
	traffic->send_queue_bytes = BPF_CORE_READ(tcp, write_seq) - BPF_CORE_READ(tcp, snd_una);
	traffic->receive_queue_bytes = BPF_CORE_READ(tcp, rcv_nxt) - BPF_CORE_READ(tcp, copied_seq);
	traffic->drops = BPF_CORE_READ(sk, sk_drops.counter);
	traffic->queued = state == TCP_LISTEN ? BPF_CORE_READ(sk, sk_ack_backlog) : 0;
	traffic->capacity = state == TCP_LISTEN ? BPF_CORE_READ(sk, sk_max_ack_backlog) : 0;
}

static __always_inline void count_seen(u32 kind)
{
	if (kind == RECORD_OPENED)
		COUNT(opened);
	else if (kind == RECORD_CLOSED)
		COUNT(closed);
	else
		COUNT(failed);
}

static __always_inline void count_lost(u32 kind)
{
	if (kind == RECORD_OPENED)
		COUNT(opened_lost);
	else if (kind == RECORD_CLOSED)
		COUNT(closed_lost);
	else
		COUNT(failed_lost);
}

/* A record without traffic: it was opened. */
static __always_inline void send_opened(struct sock *sk, struct connection *connection)
{
	struct connection_record *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	COUNT(opened);
	if (!record) {
		COUNT(opened_lost);
		return;
	}
	describe(record, RECORD_OPENED, sk, connection);
	read_addresses(record, sk);
	bpf_ringbuf_submit(record, wake_up());
}

static __always_inline void send_tcp(u32 kind, struct sock *sk, struct connection *connection)
{
	struct tcp_record *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	count_seen(kind);
	if (!record) {
		count_lost(kind);
		return;
	}
	describe(&record->base, kind, sk, connection);
	read_addresses(&record->base, sk);
	read_traffic(&record->traffic, sk, TCP_CLOSE);
	bpf_ringbuf_submit(record, wake_up());
}

/* Which side it is, where one side alone is bound: that is the server's, by its listening socket. */
static __always_inline u32 unix_role(struct sock *sk)
{
	bool is_bound = unix_is_bound(sk), peer_is_bound = unix_is_bound(unix_peer(sk));

	if (is_bound == peer_is_bound)
		return ROLE_UNKNOWN;
	return is_bound ? ROLE_SERVER : ROLE_CLIENT;
}

/* The path that the listening socket of the connection is bound to: an accepted one has it as its own. */
static __always_inline u32 read_unix_path(char path[UNIX_PATH_BYTES], struct sock *sk, u32 role)
{
	struct unix_sock *bound = (void *)sk;
	struct unix_address *address;
	u32 bytes;

	if (role == ROLE_CLIENT)
		bound = (void *)BPF_CORE_READ(bound, peer);
	address = BPF_CORE_READ(bound, addr);
	if (!address)
		return 0;
	bytes = BPF_CORE_READ(address, len) - sizeof(u16);
	if (bytes > UNIX_PATH_BYTES)
		return 0;
	if (bpf_probe_read_kernel(path, bytes, (void *)address + bpf_core_field_offset(address->name) + sizeof(u16)))
		return 0;
	return bytes;
}

static __always_inline void send_unix(u32 kind, struct sock *sk, struct connection *connection)
{
	struct unix_record *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	count_seen(kind);
	if (!record) {
		count_lost(kind);
		return;
	}
	describe(&record->base, kind, sk, connection);
	record->base.path_bytes = read_unix_path(record->path, sk, connection->role);
	bpf_ringbuf_submit(record, wake_up());
}

/* A connect that failed without a SYN, or of a Unix socket: what it was given says where to. */
static __always_inline void send_failed_call(struct sock *sk, struct connection *connection, u64 address,
					     u64 address_bytes)
{
	struct unix_record *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	struct connection_record *base;
	u16 family = 0;

	COUNT(failed);
	if (!record) {
		COUNT(failed_lost);
		return;
	}
	base = &record->base;
	describe(base, RECORD_FAILED, sk, connection);
	bpf_probe_read_user(&family, sizeof(family), (void *)address);
	if (connection->transport == TRANSPORT_TCP)
		read_addresses(base, sk);
	base->family = family;
	if (family == AF_UNIX) {
		u64 bytes = address_bytes - sizeof(u16);

		if (bytes > UNIX_PATH_BYTES)
			bytes = UNIX_PATH_BYTES;
		if (!bpf_probe_read_user(record->path, bytes, (void *)(address + sizeof(u16))))
			base->path_bytes = bytes;
	} else {
		u16 port = 0;

		bpf_probe_read_user(&port, sizeof(port), (void *)(address + 2));
		base->peer_port = bpf_ntohs(port);
		if (family == AF_INET) {
			base->peer_address[0] = 0;
			base->peer_address[1] = 0;
			base->peer_address[2] = MAPPED_PREFIX;
			bpf_probe_read_user(&base->peer_address[3], sizeof(u32), (void *)(address + 4));
		} else if (family == AF_INET6) {
			bpf_probe_read_user(base->peer_address, sizeof(base->peer_address), (void *)(address + 8));
		}
	}
	bpf_ringbuf_submit(record, wake_up());
}
