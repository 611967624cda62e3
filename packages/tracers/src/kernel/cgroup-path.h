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

/* names holds PATH_MASK + 1 + PATH_NAME_BYTES bytes; answers how many were written, at most PATH_BYTES. */
static __always_inline u32 cgroup_names(char *names, struct cgroup *cgroup)
{
	struct kernfs_node___named *node = (void *)BPF_CORE_READ(cgroup, kn);
	u32 offset = 0;

	for (u32 level = 0; level < CGROUP_LEVELS; level++) {
		struct kernfs_node___named *parent = kernfs_parent(node);
		long length;

		if (!parent || offset > PATH_BYTES - PATH_NAME_BYTES)
			break;
		length = bpf_probe_read_kernel_str(names + (offset & PATH_MASK), PATH_NAME_BYTES,
						   BPF_CORE_READ(node, name));
		if (length <= 0)
			break;
		offset += length;
		node = parent;
	}
	return offset;
}
