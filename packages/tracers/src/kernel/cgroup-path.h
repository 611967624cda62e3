/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path of a cgroup in the v2 hierarchy, from its root: for processes that are gone before anybody could read
 * /proc/PID/cgroup. The names come out as those of path.h do: leaf first, each with its NUL.
 */
#pragma once

#include "path.h"
#include "task.h"

/* cgroup.max.depth is not limited by default; what is real is below 16. */
#define CGROUP_LEVELS 32
/* Of these so many at a time. */
#define CGROUP_PIECE_LEVELS 4
#define CGROUP_PIECES (CGROUP_LEVELS / CGROUP_PIECE_LEVELS)
/* PATH_BYTES less one, for `offset & mask` */
#define PATH_MASK 4095

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node___named {
	struct kernfs_node___named *__parent;
	const char *name;
};

struct kernfs_node___before_6_15 {
	struct kernfs_node___named *parent;
};

#pragma clang attribute pop

/* Renamed in 6.15 (commit 633488947ef6), when it came under RCU. */
static __always_inline struct kernfs_node___named *kernfs_parent(struct kernfs_node___named *node)
{
	struct kernfs_node___before_6_15 *old = (void *)node;

	if (bpf_core_field_exists(node->__parent))
		return BPF_CORE_READ(node, __parent);
	return BPF_CORE_READ(old, parent);
}

/* Where the walk begins: 0 at the root. */
static __always_inline u64 cgroup_node(struct cgroup *cgroup)
{
	return (u64)BPF_CORE_READ(cgroup, kn);
}

/*
 * Writes the name of this node and of some above it behind the first *bytes of names, which are PATH_BYTES at most. Answers the
 * node that comes next, 0 at the root; to be called CGROUP_PIECES times, by a function that is not static: the verifier follows
 * each round of a loop and what is behind each, and so does it for one piece alone.
 *
 * names holds PATH_MASK + 1 + PATH_NAME_BYTES bytes.
 */
static __always_inline u64 cgroup_names_on(char *names, u32 *bytes, u64 address)
{
	struct kernfs_node___named *node = (void *)address;

	for (u32 level = 0; level < CGROUP_PIECE_LEVELS; level++) {
		struct kernfs_node___named *parent = kernfs_parent(node);
		long length;

		if (!parent || *bytes > PATH_BYTES - PATH_NAME_BYTES)
			return 0;
		length = bpf_probe_read_kernel_str(names + (*bytes & PATH_MASK), PATH_NAME_BYTES,
						   BPF_CORE_READ(node, name));
		if (length <= 0)
			return 0;
		*bytes += length;
		node = parent;
	}
	return (u64)node;
}
