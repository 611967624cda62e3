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
/* Of these so many at a time; most paths are no longer. */
#define PATH_PIECE_STEPS 8
#define PATH_PIECES (PATH_STEPS / PATH_PIECE_STEPS)
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

/* On the way up a path. Kept in a map: the functions that walk are verified by themselves, and take numbers alone. */
struct path_walk {
	struct dentry *dentry; /* whose name comes next */
	struct mount *mount;
	struct dentry *root_dentry;
	struct mount *root_mount;
	u32 start; /* offset of the first name */
	u32 end;   /* ... behind the last one */
	u32 flags; /* PATH_* */
	bool moved; /* it is not at the leaf any more */
	u8 unused[3];
};

/* At dentry, in that mount, on the way to root; the first name comes to this offset. */
static __always_inline void path_walk_begin(struct path_walk *walk, u32 offset, struct dentry *dentry,
					    struct vfsmount *vfsmount, struct path *root)
{
	walk->dentry = dentry;
	walk->mount = mount_of(vfsmount);
	walk->root_dentry = BPF_CORE_READ(root, dentry);
	walk->root_mount = mount_of(BPF_CORE_READ(root, mnt));
	walk->start = offset;
	walk->end = offset;
	walk->flags = dentry_is_deleted(dentry) ? PATH_DELETED : 0;
	walk->moved = false;
}

/*
 * Writes the next names to the buffer. Says false at the end of the way, which is PATH_BYTES behind its start at most; to be
 * called PATH_PIECES times, by a function that is not static: the verifier follows each round of a loop, in each state that
 * one can begin with, and so does it for one piece alone.
 *
 * buffer holds mask + 1 + PATH_NAME_BYTES bytes, and mask + 1 is a power of two above any offset: the verifier wants to
 * see the bound anew in each round.
 */
static __always_inline bool path_walk_on(struct path_walk *walk, char *buffer, u32 mask)
{
	struct dentry *dentry = walk->dentry;
	struct mount *mount = walk->mount;

	for (u32 step = 0; step < PATH_PIECE_STEPS; step++) {
		struct dentry *parent;
		struct mount *parent_mount;
		u32 length;

		if (dentry == walk->root_dentry && mount == walk->root_mount)
			return false;
		if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
			parent_mount = BPF_CORE_READ(mount, mnt_parent);
			if (parent_mount == mount) {
				walk->flags |= PATH_UNREACHABLE;
				return false;
			}
			dentry = BPF_CORE_READ(mount, mnt_mountpoint);
			mount = parent_mount;
			walk->moved = true;
			continue;
		}
		parent = BPF_CORE_READ(dentry, d_parent);
		if (parent == dentry && walk->moved) {
			/* Moved out of the directory that is mounted: d_path() ends here, too. */
			walk->flags |= PATH_UNREACHABLE;
			return false;
		}
		length = 0;
		if (walk->end - walk->start <= PATH_BYTES - PATH_NAME_BYTES)
			length = bpf_probe_read_kernel_str(buffer + (walk->end & mask), PATH_NAME_BYTES,
							   BPF_CORE_READ(dentry, d_name.name));
		if ((s32)length <= 0) {
			walk->flags |= PATH_TRUNCATED;
			return false;
		}
		walk->end += length;
		if (parent == dentry) {
			walk->flags |= PATH_APART;
			return false;
		}
		dentry = parent;
		walk->moved = true;
	}
	walk->dentry = dentry;
	walk->mount = mount;
	return true;
}
