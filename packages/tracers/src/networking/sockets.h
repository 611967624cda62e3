/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From an open file to its socket, and what there is to know of a socket: read without a reference and without a lock, as
 * in files.h. Of one that is being closed meanwhile this may be anything; nothing here can fault.
 */
#pragma once

#include "../kernel/files.h"
#include "../kernel/syscall.h"
#include "../kernel/task.h"

/* include/uapi/linux/magic.h: the file system that sockets have their inodes in */
#define SOCKFS_MAGIC 0x534f434b

/* include/linux/socket.h */
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define AF_SMC 43

/* include/linux/net.h: enum sock_type */
#define SOCK_STREAM 1

/* include/uapi/linux/in.h */
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_MPTCP 262

/* include/net/tcp_states.h; those of Unix stream sockets are among them */
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_FIN_WAIT1 4
#define TCP_CLOSE 7
#define TCP_CLOSE_WAIT 8
#define TCP_LAST_ACK 9
#define TCP_LISTEN 10

/* include/net/sock.h: the peer sends no more */
#define RCV_SHUTDOWN 1

/* include/net/sock.h, enum sock_flags, as bits: no process has it any more (sock_orphan()) */
#define SOCK_DEAD_BIT (1UL << 0)
/* ... a FIN was received (tcp_fin() in net/ipv4/tcp_input.c) */
#define SOCK_DONE_BIT (1UL << 1)

/* Of struct sockaddr_un */
#define UNIX_PATH_BYTES 108

/* How a socket carries data; 0: in a way that is not looked at. */
#define TRANSPORT_TCP 1
#define TRANSPORT_UDP 2
#define TRANSPORT_UNIX 3 /* streams alone */
#define TRANSPORT_MPTCP 4 /* these two have their payload elsewhere: they are counted, and no more */
#define TRANSPORT_SMC 5

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	u8 in6_u[16]; /* copied as a whole */
};

struct sock_common {
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	u16 skc_num;
	u32 skc_portpair; /* both in one: the peer's first, in network order, then ours, in the host's */
	u16 skc_family;
	volatile unsigned char skc_state;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	unsigned long skc_flags;
};

struct sock {
	struct sock_common __sk_common;
	atomic_t sk_drops;
	int sk_err;
	struct socket *sk_socket;
	u16 sk_type;
	u16 sk_protocol;
	u8 sk_shutdown;
	u32 sk_ack_backlog;
	u32 sk_max_ack_backlog;
};

struct inet_sock {
	__be16 inet_sport;
};

struct minmax_sample {
	u32 v;
};

struct minmax {
	struct minmax_sample s[3];
};

struct tcp_sock {
	u64 bytes_received, bytes_sent, bytes_retrans, bytes_acked;
	u32 segs_in, data_segs_in, segs_out, data_segs_out;
	u32 total_retrans;
	u32 srtt_us, mdev_us;
	struct minmax rtt_min;
	u32 snd_cwnd;
	u32 write_seq, snd_nxt, snd_una, rcv_nxt, copied_seq;
};

struct sockaddr_un {
	char sun_path[UNIX_PATH_BYTES];
};

struct unix_address {
	int len;
	struct sockaddr_un name[];
};

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct socket {
	struct sock *sk;
};

struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
};

struct file___socket {
	struct socket *private_data;
};

struct count {
	long counter;
};

/* How many hold a file was counted from 1 until 6.12, and is from 0 since (commit 90ee6ed776c0). */
struct file_reference {
	struct count refcnt;
};

struct file___counted_from_0 {
	struct file_reference f_ref;
};

struct file___counted_from_1 {
	struct count f_count;
};

#pragma clang attribute pop

/* Both ends, in network order; an IPv4 address takes the first 4 bytes. Unix sockets have none. */
struct endpoints {
	u8 local[16];
	u8 peer[16];
	u16 local_port; /* in host order */
	u16 peer_port;
	u16 family;
	u16 transport; /* TRANSPORT_* */
};

/* Operations of the files that are sockets, all of which have the same ones; 0 until there was one. */
u64 socket_operations = 0;

/*
 * The file that a descriptor of the current task stands for; NULL where it stands for none. What files.h does, but with
 * plain loads where the kernel knows the type of the task: that is a fifth of the time of a copy.
 */
static __always_inline struct file *file_of_current(struct task_struct *task, u32 descriptor)
{
	struct task_struct___files *current;
	struct file *file = NULL;
	struct fdtable *table;

	if (!has_current_task_btf())
		return file_of_descriptor(task, descriptor);
	current = (void *)bpf_get_current_task_btf();
	table = current->files->fdt;
	if (descriptor < table->max_fds)
		bpf_probe_read_kernel(&file, sizeof(file), table->fd + descriptor);
	return file;
}

/* The socket that a file is; NULL where it is something else. */
static __always_inline struct socket *socket_of_file(struct file *file)
{
	struct socket *socket;
	u64 operations;

	if (!file)
		return NULL;
	operations = (u64)BPF_CORE_READ(file, f_op);
	if (operations != socket_operations && socket_operations)
		return NULL;
	socket = BPF_CORE_READ((struct file___socket *)file, private_data);
	if (operations != socket_operations) {
		/* What was opened with O_PATH has an inode of this kind, too, but no socket and no operations. */
		if (!socket || BPF_CORE_READ(file, f_inode, i_sb, s_magic) != SOCKFS_MAGIC)
			return NULL;
		socket_operations = operations;
	}
	return socket;
}

static __always_inline struct sock *sock_of_file(struct file *file)
{
	struct socket *socket = socket_of_file(file);

	return socket ? BPF_CORE_READ(socket, sk) : NULL;
}

/* A socket and the inode of its file are one piece of memory. */
static __always_inline u64 inode_number_of_socket(struct socket *socket)
{
	struct socket_alloc *both = (void *)socket - bpf_core_field_offset(struct socket_alloc, socket);

	return BPF_CORE_READ(both, vfs_inode.i_ino);
}

/* Number of the socket's inode, which no other socket gets while the machine runs; 0 where it has none any more. */
static __always_inline u64 inode_number_of_sock(struct sock *sk)
{
	void *socket = BPF_CORE_READ(sk, sk_socket);

	return socket ? inode_number_of_socket(socket) : 0;
}

static __always_inline u32 socket_state(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_state);
}

/* It has not been given out by accept() yet. */
static __always_inline bool socket_waits(struct sock *sk)
{
	return !BPF_CORE_READ(sk, sk_socket) && !(BPF_CORE_READ(sk, __sk_common.skc_flags) & SOCK_DEAD_BIT);
}

static __always_inline struct sock *unix_peer(struct sock *sk)
{
	return BPF_CORE_READ((struct unix_sock *)sk, peer);
}

static __always_inline bool unix_is_bound(struct sock *sk)
{
	return BPF_CORE_READ((struct unix_sock *)sk, addr) != NULL;
}

static __always_inline u32 transport_of(struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	u16 protocol = BPF_CORE_READ(sk, sk_protocol);

	switch (family) {
	case AF_UNIX:
		return BPF_CORE_READ(sk, sk_type) == SOCK_STREAM ? TRANSPORT_UNIX : 0;
	case AF_INET:
	case AF_INET6:
		switch (protocol) {
		case IPPROTO_TCP:
			return TRANSPORT_TCP;
		case IPPROTO_UDP:
			return TRANSPORT_UDP;
		case IPPROTO_MPTCP:
			return TRANSPORT_MPTCP;
		}
		return 0;
	case AF_SMC:
		return TRANSPORT_SMC;
	}
	return 0;
}

static __always_inline void read_endpoints(struct sock *sk, u32 transport, struct endpoints *endpoints)
{
	__builtin_memset(endpoints, 0, sizeof(*endpoints));
	endpoints->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	endpoints->transport = transport;
	if (transport == TRANSPORT_UNIX)
		return;
	endpoints->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	endpoints->peer_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (endpoints->family == AF_INET) {
		bpf_probe_read_kernel(endpoints->local, 4, &sk->__sk_common.skc_rcv_saddr);
		bpf_probe_read_kernel(endpoints->peer, 4, &sk->__sk_common.skc_daddr);
	} else {
		bpf_probe_read_kernel(endpoints->local, 16, &sk->__sk_common.skc_v6_rcv_saddr);
		bpf_probe_read_kernel(endpoints->peer, 16, &sk->__sk_common.skc_v6_daddr);
	}
}

/* Whether closing one more descriptor closes the file. Where a thread is in a call with it, the answer is no. */
static __always_inline bool file_has_one_user(struct file *file)
{
	struct file___counted_from_0 *newer = (void *)file;

	if (bpf_core_field_exists(newer->f_ref))
		return BPF_CORE_READ(newer, f_ref.refcnt.counter) == 0;
	return BPF_CORE_READ((struct file___counted_from_1 *)file, f_count.counter) == 1;
}
