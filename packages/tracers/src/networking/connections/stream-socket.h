/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the connection tracer reads of TCP and Unix stream sockets, by name. Of a socket that is being closed meanwhile this
 * may be anything; nothing here can fault.
 */
#pragma once

#include "../../kernel/files.h"

/* include/uapi/linux/magic.h: the file system that sockets have their inodes in */
#define SOCKFS_MAGIC 0x534f434b

/* include/linux/socket.h, include/linux/net.h, include/uapi/linux/in.h */
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define IPPROTO_TCP 6

/* include/net/tcp_states.h; those of Unix stream sockets are among them */
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_FIN_WAIT1 4
#define TCP_CLOSE 7
#define TCP_CLOSE_WAIT 8
#define TCP_LAST_ACK 9
#define TCP_LISTEN 10

/* include/net/sock.h, enum sock_flags, as bits: no process has it any more (sock_orphan()) */
#define SOCK_DEAD_BIT (1UL << 0)
/* ... a FIN was received (tcp_fin() in net/ipv4/tcp_input.c) */
#define SOCK_DONE_BIT (1UL << 1)

/* Of struct sockaddr_un */
#define UNIX_PATH_BYTES 108

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common___network {
	unsigned int inum;
};

struct net___stream {
	struct ns_common___network ns;
};

typedef struct {
	struct net___stream *net;
} possible_net_t___stream;

struct in6_addr___stream {
	u32 in6_u[4]; /* copied as a whole */
};

struct sock_common___stream {
	u32 skc_daddr;
	u32 skc_rcv_saddr;
	u16 skc_dport;
	u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	possible_net_t___stream skc_net;
	struct in6_addr___stream skc_v6_daddr;
	struct in6_addr___stream skc_v6_rcv_saddr;
	unsigned long skc_flags;
};

struct sock___stream {
	struct sock_common___stream __sk_common;
	atomic_t sk_drops;
	int sk_err;
	struct socket___stream *sk_socket;
	u16 sk_protocol;
	u16 sk_type;
	u32 sk_ack_backlog;
	u32 sk_max_ack_backlog;
};

struct socket___stream {
	struct sock___stream *sk;
};

struct socket_alloc___stream {
	struct socket___stream socket;
	struct inode vfs_inode;
};

struct file___socket {
	void *private_data;
};

struct inet_sock___stream {
	u16 inet_sport;
};

struct minmax_sample___stream {
	u32 v;
};

struct minmax___stream {
	struct minmax_sample___stream s[3];
};

struct tcp_sock___stream {
	u64 bytes_received, bytes_sent, bytes_retrans, bytes_acked;
	u32 segs_in, data_segs_in, segs_out, data_segs_out;
	u32 total_retrans;
	u32 srtt_us, mdev_us;
	struct minmax___stream rtt_min;
	u32 snd_cwnd;
	u32 write_seq, snd_nxt, snd_una, rcv_nxt, copied_seq;
};

struct sockaddr_un___stream {
	char sun_path[UNIX_PATH_BYTES];
};

struct unix_address___stream {
	int len;
	struct sockaddr_un___stream name[];
};

struct unix_sock___stream {
	struct unix_address___stream *addr;
	struct sock___stream *peer;
};

#pragma clang attribute pop

/* The socket behind a file; NULL where it is none. */
static __always_inline struct sock___stream *socket_of_file(struct file *file)
{
	struct socket___stream *socket;

	if (!file || BPF_CORE_READ(file, f_inode, i_sb, s_magic) != SOCKFS_MAGIC)
		return NULL;
	socket = BPF_CORE_READ((struct file___socket *)file, private_data);
	return BPF_CORE_READ(socket, sk);
}

/* Number of the socket's inode, which no other socket gets while the machine runs; 0 where it has none any more. */
static __always_inline u64 socket_inode(struct sock___stream *sk)
{
	void *socket = BPF_CORE_READ(sk, sk_socket);

	if (!socket)
		return 0;
	return BPF_CORE_READ((struct socket_alloc___stream *)(socket - bpf_core_field_offset(struct socket_alloc___stream,
											    socket)),
			     vfs_inode.i_ino);
}

static __always_inline u32 socket_state(struct sock___stream *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_state);
}

/* It has not been given out by accept() yet. */
static __always_inline bool socket_waits(struct sock___stream *sk)
{
	return !BPF_CORE_READ(sk, sk_socket) && !(BPF_CORE_READ(sk, __sk_common.skc_flags) & SOCK_DEAD_BIT);
}

static __always_inline struct sock___stream *unix_peer(struct sock___stream *sk)
{
	return BPF_CORE_READ((struct unix_sock___stream *)sk, peer);
}

static __always_inline bool unix_is_bound(struct sock___stream *sk)
{
	return BPF_CORE_READ((struct unix_sock___stream *)sk, addr) != NULL;
}
