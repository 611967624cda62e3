/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The path of a file or directory as its process sees it, found as the kernel's own d_path() finds it (prepend_path()
 * in fs/d_path.c): up from the leaf, across mounts, until the process's root. bpf_d_path() does the same, but only a few
 * hooks may call it.
 *
 * The names come out leaf first, each with its NUL; `filters/path-text.ts` turns them round. Unlike d_path() this takes
 * no lock: a directory that is moved in these microseconds may show with names of before and after the move.
 */
#pragma once

#include "types.h"

/* Names and mounts on the way up. PATH_MAX allows for 2,048 names; deeper than 64 is cut at the root's end and says so. */
#define PATH_STEPS 64
/* PATH_MAX of include/uapi/linux/limits.h */
#define PATH_BYTES 4096
/* NAME_MAX and the NUL */
#define PATH_NAME_BYTES 256

/* What the path is; `filters/path-text.ts` reads these. */
#define PATH_TRUNCATED 1   /* names at the root's end are missing */
#define PATH_DELETED 2	   /* no longer there by this name */
#define PATH_UNREACHABLE 4 /* not below the process's root: another mount namespace, a detached mount */
#define PATH_APART 8	   /* has no place in a tree, just a name: memfd, pipe, socket, anonymous inode */

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct fs_struct {
	struct path root;
	struct path pwd;
};

#pragma clang attribute pop

/* Every vfsmount is part of a mount (real_mount() of fs/mount.h). */
static __always_inline struct mount *mount_of(struct vfsmount *vfsmount)
{
	return (void *)vfsmount - bpf_core_field_offset(struct mount, mnt);
}

/* d_unlinked() of include/linux/dcache.h */
static __always_inline bool dentry_is_deleted(struct dentry *dentry)
{
	return !BPF_CORE_READ(dentry, d_hash.pprev) && BPF_CORE_READ(dentry, d_parent) != dentry;
}

/*
 * Writes the names of dentry, in that mount, up to root to buffer + offset; answers the offset behind them, at most
 * PATH_BYTES further, and sets *flags.
 *
 * buffer holds mask + 1 + PATH_NAME_BYTES bytes, and mask + 1 is a power of two above any offset: the verifier wants to
 * see the bound anew in each round. What it must not see is how far each round may have come, or it follows all the
 * combinations of lengths: an atomic addition is one that it doesn't follow.
 */
static __always_inline u32 dentry_path_append(char *buffer, u32 mask, u32 offset, struct dentry *dentry,
					      struct vfsmount *vfsmount, struct path *root, u32 *flags)
{
	struct dentry *root_dentry = BPF_CORE_READ(root, dentry);
	struct mount *mount = mount_of(vfsmount);
	struct mount *root_mount = mount_of(BPF_CORE_READ(root, mnt));
	volatile u32 end = offset;

	*flags = dentry_is_deleted(dentry) ? PATH_DELETED : 0;
	for (u32 step = 0; step < PATH_STEPS; step++) {
		struct dentry *parent;
		struct mount *parent_mount;
		u32 length;

		if (dentry == root_dentry && mount == root_mount)
			return end;
		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			parent_mount = BPF_CORE_READ(mount, mnt_parent);
			if (parent_mount == mount) {
				*flags |= PATH_UNREACHABLE;
				return end;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = parent_mount;
			continue;
		}
		parent = BPF_CORE_READ(dentry, d_parent);
		if (parent == dentry && step > 0) {
			/* Moved out of the directory that is mounted: d_path() ends here, too. */
			*flags |= PATH_UNREACHABLE;
			return end;
		}
		if (end - offset > PATH_BYTES - PATH_NAME_BYTES)
			break;
		length = bpf_probe_read_kernel_str(buffer + (end & mask), PATH_NAME_BYTES,
						   BPF_CORE_READ(dentry, d_name.name));
		if ((s32)length <= 0)
			break;
		__sync_fetch_and_add(&end, length);
		if (parent == dentry) {
			*flags |= PATH_APART;
			return end;
		}
		dentry = parent;
	}
	*flags |= PATH_TRUNCATED;
	return end;
}

/* The same of a path that is the kernel's. */
static __always_inline u32 path_append(char *buffer, u32 mask, u32 offset, struct path *path, struct path *root,
				       u32 *flags)
{
	return dentry_path_append(buffer, mask, offset, BPF_CORE_READ(path, dentry), BPF_CORE_READ(path, mnt), root,
				  flags);
}
