/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a descriptor to the open file, and what there is to know of a file: read without a reference and without a lock,
 * so for a descriptor that another thread closes meanwhile this may be anything. Nothing here can fault.
 */
#pragma once

#include "path.h"

/* include/uapi/linux/stat.h */
#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFLNK 0120000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define S_IFDIR 0040000
#define S_IFCHR 0020000
#define S_IFIFO 0010000

/* include/uapi/linux/fcntl.h: in place of a descriptor, the working directory */
#define AT_FDCWD -100

/* include/uapi/linux/magic.h */
#define PIPEFS_MAGIC 0x50495045

/* Longer names of file system types there are none; with the NUL. */
#define FILE_SYSTEM_NAME_BYTES 16

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct file_system_type {
	const char *name;
};

struct super_block {
	u32 s_dev;
	unsigned long s_magic;
	struct file_system_type *s_type;
};

struct inode {
	unsigned short i_mode;
	struct super_block *i_sb;
	unsigned long i_ino;
	u32 i_generation;
};

struct file {
	const void *f_op;
	struct inode *f_inode;
	struct path f_path;
	s64 f_pos;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct task_struct___files {
	struct fs_struct *fs;
	struct files_struct *files;
};

struct qstr___hashed {
	u64 hash_len;
};

struct dentry___hashed {
	struct qstr___hashed d_name;
};

#pragma clang attribute pop

/* The file that a descriptor of the task stands for; NULL where it stands for none. */
static __always_inline struct file *file_of_descriptor(struct task_struct *task, u32 descriptor)
{
	struct fdtable *table = BPF_CORE_READ((struct task_struct___files *)task, files, fdt);
	struct file *file = NULL;

	if (descriptor < BPF_CORE_READ(table, max_fds))
		bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(table, fd) + descriptor);
	return file;
}

/* One step of a 64-bit hash. */
static __always_inline u64 mix(u64 hash, u64 value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

/*
 * A number for this very name of the file, in this mount: another one after a rename, for a hard link, and once the name
 * was removed. Renaming a directory further up leaves it.
 */
static __always_inline u64 name_identity(struct dentry *dentry, struct vfsmount *mount)
{
	u64 identity = mix((u64)mount, (u64)BPF_CORE_READ(dentry, d_parent));

	identity = mix(identity, BPF_CORE_READ((struct dentry___hashed *)dentry, d_name.hash_len));
	return BPF_CORE_READ(dentry, d_hash.pprev) ? identity : ~identity;
}

/* Name of the file system's type, padded with NULs: "ext4". */
static __always_inline void file_system_name(struct super_block *super, char name[FILE_SYSTEM_NAME_BYTES])
{
	__builtin_memset(name, 0, FILE_SYSTEM_NAME_BYTES);
	bpf_probe_read_kernel_str(name, FILE_SYSTEM_NAME_BYTES, BPF_CORE_READ(super, s_type, name));
}
