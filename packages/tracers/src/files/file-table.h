/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is kept of the files: sums for each process and file, and once for each of them a record that says which file it
 * is.
 *
 *   rows_0|1       process + file (+ errno) -> operations, bytes, nanoseconds
 *   unattributed   the same sums, of what found no room in rows
 *   events         the file of a row, by its path | a slow operation | "empty the rows now"
 *
 * There are two tables of rows, and `active` says which one is filled. User space flips it, waits for the programs that
 * still run to end, and takes all of the other one. `file-table.ts` reads what is declared here.
 */
#pragma once

#include "../kernel/files.h"
#include "../kernel/task.h"

/* Kinds of files in a key. */
#define FILE_IGNORED 0 /* on a file system that is filtered out */
#define FILE_REGULAR 1
#define FILE_DIRECTORY 2
#define FILE_SOCKET 3
#define FILE_PIPE 4
#define FILE_DEVICE 5
#define FILE_OTHER 6
#define FILE_NAMED 7  /* could not be opened: known by the path that was asked for */
#define FILE_ABSENT 8 /* a descriptor that stands for nothing */

/* What is done to a file. */
#define OPERATION_OPEN 1
#define OPERATION_READ 2
#define OPERATION_WRITE 3
#define OPERATION_SYNC 4
#define OPERATION_TRANSFER 5

/* Kinds of records in `events`. */
#define EVENT_FILE 1
#define EVENT_SLOW 2
#define EVENT_NEARLY_FULL 3
#define EVENT_TARGET_EXITED 4

/* Only files on file systems of the types in `wanted_file_systems`. */
const volatile bool filter_file_systems = false;
/* Operations that take at least so long go to `events`; 0: none. */
const volatile u64 slow_ns = 0;
/* Rows in a table at which user space is asked to empty it at once. */
const volatile u32 nearly_full_rows = 2048;

/* Which table of rows is filled: 0 or 1. Written by user space alone. */
volatile u32 active = 0;
/* Rows made in either table since user space emptied it, and whether it was asked to. It resets both. */
u32 used_rows[2] = {};
u32 asked_to_empty[2] = {};

struct file_key {
	u64 inode;	/* 0, as all up to pid, for sockets and nameless pipes: these are summed up */
	u64 name;	/* see name_identity(); a hash of the text for a file that could not be opened */
	u32 device;
	u32 generation; /* of the inode: not the file that had its number before */
	u32 pid;
	u32 image;	/* see image_of() */
	u32 kind;	/* FILE_* */
	u32 error;	/* errno of what is summed up in the row; 0: what succeeded */
};

struct totals {
	u64 opens;
	u64 reads;
	u64 writes;
	u64 syncs;
	u64 read_bytes;
	u64 written_bytes;
	u64 open_ns;
	u64 read_ns;
	u64 write_ns;
	u64 sync_ns;
};

struct row {
	struct totals totals;
	u64 described; /* its record is in events */
};

/* A file that is used, as it was when the call began. */
struct used_file {
	struct file_key key;
	/* For its path: no reference is held, so what they point to is compared with the key before it is believed. */
	struct dentry *dentry;
	struct vfsmount *mount;
	struct super_block *super;
};

struct slow_operation {
	u32 event;
	u32 operation; /* OPERATION_* */
	struct file_key key;
	u64 end_ns;
	u64 duration_ns;
	s64 result;
	s64 offset; /* negative: not known */
	u32 call;   /* see syscall_id(); SLOW_IO_URING */
	u32 unused;
};

/* In place of a call's id, which has 16 bits. */
#define SLOW_IO_URING 0x10000

/* Room for the text of a path, the names of another one behind it, and what path_walk_on() needs above its mask. */
#define TEXT_MASK (2 * PATH_BYTES - 1)
#define TEXT_BYTES (2 * PATH_BYTES + PATH_NAME_BYTES)

struct file_record {
	u32 event;
	u32 path_flags; /* PATH_* */
	struct file_key key;
	char process_name[TASK_COMM_LEN]; /* of the first thread */
	char file_system[FILE_SYSTEM_NAME_BYTES];
	u32 asked_bytes; /* of text that are the path asked for, with its NUL */
	u32 text_bytes;	 /* of text in all: behind the path asked for come the names of the file, or of the directory it is
			    relative to, leaf first */
	char text[TEXT_BYTES];
};

struct short_event {
	u32 event;
	u32 pid;
};

struct counters {
	u64 threads_full;	/* lost: no room in threads */
	u64 slow_full;		/* slow operations that found no room in events */
	u64 started_before;	/* calls that were under way when the programs were attached */
	u64 io_uring_not_seen;	/* requests submitted to io_uring, where its completions can't be read */
	u64 async_not_seen;	/* requests submitted by io_submit() */
	u64 targets_full;	/* children not followed: no room in targets */
};

/* Sized by user space: 2,048 processes x files between two reads, which come once a second, or at half of them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct file_key);
	__type(value, struct row);
} rows_0 SEC(".maps"), rows_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct totals);
} unattributed SEC(".maps");

#include "../kernel/counters.h"

/* Names of wanted types of file systems; nobody names more than a few. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, char[FILE_SYSTEM_NAME_BYTES]);
	__type(value, u32);
} wanted_file_systems SEC(".maps");

/*
 * Address of a struct file_system_type -> whether it is wanted, found out once for each: a kernel has about 50, and LRU
 * lets those of removed modules go.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 256);
	__type(key, u64);
	__type(value, u32);
} file_system_decisions SEC(".maps");

/* What send_file() works on. */
struct scratch {
	struct used_file used;
	struct task_struct *task; /* whose */
	u64 wakeup;		  /* BPF_RB_FORCE_WAKEUP, 0 */
	struct path_walk walk;
	struct file_record record;
};

/*
 * Too large for the program's own 512 bytes. One for on_exit and one for io_uring's completions, as one can interrupt the
 * other: by 7.0 these can be preempted. None is ever inside itself.
 */
#define SCRATCH_OF_CALL 0
#define SCRATCH_OF_REQUEST 1
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct scratch);
} scratch SEC(".maps");

/*
 * Some 200 bytes a record: 1,300 files. User space is woken up at half of them, or for what can't wait until it reads the
 * rows; a file whose record finds no room is sent with its next operation.
 */
#define EVENTS_BYTES (256 * 1024)
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, EVENTS_BYTES);
} events SEC(".maps");
