/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is kept of the files: sums for each process and file, and once for each of them a record that says which file it
 * is.
 *
 *   account() --+-> rows_0|1       process + file (+ errno) -> operations, bytes, nanoseconds
 *               +-> unattributed   the same sums, of what found no room in rows
 *               +-> events         the row's file by its path | a slow operation | "empty the rows now"
 *
 * There are two tables of rows, and `active` says which one is filled. User space flips it, waits for the programs that
 * still run to end, and takes all of the other one. Sums are added atomically, since two threads of a process may be at
 * one file: a row for each CPU would save that, and cost a path for each CPU.
 */
#pragma once

#include "../kernel/files.h"
#include "../kernel/targets.h"

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
const volatile u32 nearly_full_rows = 4096;

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

/* Room for the text of a path, the names of another one behind it, and what path_append() needs above its mask. */
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

/* Sized by user space. 8,192 processes x files between two reads, which come twice a second or at half of them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct file_key);
	__type(value, struct row);
} rows_0 SEC(".maps"), rows_1 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct totals);
} unattributed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counters);
} counters SEC(".maps");

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
	struct file_record record;
};

/*
 * Too large for the program's own 512 bytes. One for on_exit and one for io_uring's completions, as one can interrupt the
 * other since 7.0, where programs can be preempted; a program cannot interrupt itself.
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

static const u32 zero = 0;

#define COUNT_MANY(counter, count)                                                     \
	do {                                                                           \
		struct counters *counters_ = bpf_map_lookup_elem(&counters, &zero);    \
		if (counters_)                                                         \
			__sync_fetch_and_add(&counters_->counter, count);              \
	} while (0)

#define COUNT(counter) COUNT_MANY(counter, 1)

/* A ring that nobody is woken up for fills up. */
static __always_inline u64 wakeup_when_half_full(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) < EVENTS_BYTES / 2 ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP;
}

static __always_inline bool file_system_is_wanted(struct super_block *super)
{
	u64 type = (u64)BPF_CORE_READ(super, s_type);
	u32 *known, wanted;
	char name[FILE_SYSTEM_NAME_BYTES];

	if (!filter_file_systems)
		return true;
	known = bpf_map_lookup_elem(&file_system_decisions, &type);
	if (known)
		return *known;
	file_system_name(super, name);
	wanted = bpf_map_lookup_elem(&wanted_file_systems, name) != NULL;
	bpf_map_update_elem(&file_system_decisions, &type, &wanted, BPF_ANY);
	return wanted;
}

static __always_inline u32 file_kind(u32 mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return FILE_REGULAR;
	case S_IFDIR:
		return FILE_DIRECTORY;
	case S_IFSOCK:
		return FILE_SOCKET;
	case S_IFIFO:
		return FILE_PIPE;
	case S_IFCHR:
	case S_IFBLK:
		return FILE_DEVICE;
	default:
		return FILE_OTHER;
	}
}

static __always_inline void forget_file(struct used_file *used, u32 kind)
{
	used->key.inode = 0;
	used->key.name = 0;
	used->key.device = 0;
	used->key.generation = 0;
	used->key.kind = kind;
	used->dentry = NULL;
	used->mount = NULL;
	used->super = NULL;
}

/* Fills in which file it is, but not whose. */
static __always_inline void identify_file(struct file *file, struct used_file *used)
{
	struct super_block *super;
	struct inode *inode;
	u32 kind;

	if (!file) {
		/* On no file system: no filter lets it pass. */
		forget_file(used, filter_file_systems ? FILE_IGNORED : FILE_ABSENT);
		return;
	}
	inode = BPF_CORE_READ(file, f_inode);
	super = BPF_CORE_READ(inode, i_sb);
	if (!file_system_is_wanted(super)) {
		forget_file(used, FILE_IGNORED);
		return;
	}
	kind = file_kind(BPF_CORE_READ(inode, i_mode));
	if (kind == FILE_SOCKET || (kind == FILE_PIPE && BPF_CORE_READ(super, s_magic) == PIPEFS_MAGIC)) {
		forget_file(used, kind);
		return;
	}
	used->dentry = BPF_CORE_READ(file, f_path.dentry);
	used->mount = BPF_CORE_READ(file, f_path.mnt);
	used->super = super;
	used->key.inode = BPF_CORE_READ(inode, i_ino);
	used->key.generation = BPF_CORE_READ(inode, i_generation);
	used->key.device = BPF_CORE_READ(super, s_dev);
	/* All files of anon_inode_getfile() have one inode, and no hash of their names: what they are is said by f_op. */
	used->key.name = kind == FILE_OTHER ? (u64)BPF_CORE_READ(file, f_op) :
					      name_identity(used->dentry, used->mount);
	used->key.kind = kind;
}

/* Whether the dentry that was taken down still is one of this very file. */
static __always_inline bool file_is_there(const struct used_file *used)
{
	struct dentry *dentry = used->dentry;
	struct super_block *super = used->super;
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);

	return inode && BPF_CORE_READ(inode, i_ino) == used->key.inode &&
	       BPF_CORE_READ(inode, i_generation) == used->key.generation && BPF_CORE_READ(inode, i_sb) == super &&
	       BPF_CORE_READ(super, s_dev) == used->key.device;
}

static __always_inline struct row *find_or_create_row(const struct file_key *key)
{
	struct row nothing = {};
	struct row *row;
	u32 table = active & 1;

	if (table) {
		row = bpf_map_lookup_elem(&rows_1, key);
		if (row)
			return row;
		if (!bpf_map_update_elem(&rows_1, key, &nothing, BPF_NOEXIST))
			__sync_fetch_and_add(&used_rows[1], 1);
		row = bpf_map_lookup_elem(&rows_1, key);
	} else {
		row = bpf_map_lookup_elem(&rows_0, key);
		if (row)
			return row;
		if (!bpf_map_update_elem(&rows_0, key, &nothing, BPF_NOEXIST))
			__sync_fetch_and_add(&used_rows[0], 1);
		row = bpf_map_lookup_elem(&rows_0, key);
	}
	/* Two CPUs may ask at once, which does no harm. */
	if (used_rows[table] >= nearly_full_rows && !asked_to_empty[table]) {
		struct short_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

		if (event) {
			event->event = EVENT_NEARLY_FULL;
			event->pid = 0;
			bpf_ringbuf_submit(event, BPF_RB_FORCE_WAKEUP);
			asked_to_empty[table] = 1;
		}
	}
	return row;
}

static __always_inline void add_operation(struct totals *totals, u32 operation, s64 result, u64 duration_ns)
{
	switch (operation) {
	case OPERATION_OPEN:
		__sync_fetch_and_add(&totals->opens, 1);
		__sync_fetch_and_add(&totals->open_ns, duration_ns);
		break;
	case OPERATION_READ:
		__sync_fetch_and_add(&totals->reads, 1);
		__sync_fetch_and_add(&totals->read_ns, duration_ns);
		if (result > 0)
			__sync_fetch_and_add(&totals->read_bytes, result);
		break;
	case OPERATION_WRITE:
		__sync_fetch_and_add(&totals->writes, 1);
		__sync_fetch_and_add(&totals->write_ns, duration_ns);
		if (result > 0)
			__sync_fetch_and_add(&totals->written_bytes, result);
		break;
	case OPERATION_SYNC:
		__sync_fetch_and_add(&totals->syncs, 1);
		__sync_fetch_and_add(&totals->sync_ns, duration_ns);
		break;
	}
}

/*
 * Sends which file a row is of, from what is in this place of scratch; says 0 when that didn't work, so that the next
 * operation tries again. The record's text begins with asked_bytes of what was asked for.
 *
 * Not static, so that the verifier looks at it once, and not anew for each way that leads here: the walk along the path
 * is most of what it has to look at.
 */
__attribute__((noinline)) int send_file(u32 place, u32 asked_bytes)
{
	struct scratch *work = bpf_map_lookup_elem(&scratch, &place);
	struct file_record *record;
	struct super_block *super;
	struct task_struct *task;
	u32 size = asked_bytes;
	struct fs_struct *fs;

	if (!work || asked_bytes > PATH_BYTES)
		return 0;
	record = &work->record;
	task = work->task;
	super = work->used.super;
	record->event = EVENT_FILE;
	record->path_flags = PATH_APART;
	record->key = work->used.key;
	record->asked_bytes = asked_bytes;
	bpf_probe_read_kernel_str(record->process_name, sizeof(record->process_name),
				  BPF_CORE_READ(task, group_leader)->comm);
	if (super)
		file_system_name(super, record->file_system);
	else
		record->file_system[0] = 0;
	if (work->used.dentry) {
		fs = BPF_CORE_READ((struct task_struct___files *)task, fs);
		size = dentry_path_append(record->text, TEXT_MASK, size, work->used.dentry, work->used.mount,
					  &fs->root, &record->path_flags);
	}
	if (size > TEXT_MASK)
		return 0;
	record->text_bytes = size;
	return !bpf_ringbuf_output(&events, record, __builtin_offsetof(struct file_record, text) + size,
				   work->wakeup ?: wakeup_when_half_full());
}

static __always_inline void send_slow(const struct used_file *used, u32 operation, u32 call, s64 result, s64 offset,
				      u64 end_ns, u64 duration_ns)
{
	struct slow_operation *slow = bpf_ringbuf_reserve(&events, sizeof(*slow), 0);

	if (!slow) {
		COUNT(slow_full);
		return;
	}
	slow->event = EVENT_SLOW;
	slow->operation = operation;
	slow->key = used->key;
	slow->end_ns = end_ns;
	slow->duration_ns = duration_ns;
	slow->result = result;
	slow->offset = offset;
	slow->call = call;
	slow->unused = 0;
	bpf_ringbuf_submit(slow, BPF_RB_FORCE_WAKEUP);
}

/*
 * An operation that returned: goes into the row of its file. asked_bytes are in this place of scratch already: the path
 * of a file that could not be opened. *told says whether user space knows of the process.
 */
static __always_inline void account(struct used_file *used, struct task_struct *task, u32 operation, s64 result,
				    u64 duration_ns, u32 place, u32 asked_bytes, bool *told)
{
	struct scratch *work;
	struct row *row;

	if (used->key.kind == FILE_IGNORED)
		return;
	used->key.error = result < 0 ? -result : 0;
	row = find_or_create_row(&used->key);
	if (!row) {
		struct totals *totals = bpf_map_lookup_elem(&unattributed, &zero);

		if (totals)
			add_operation(totals, operation, result, duration_ns);
		return;
	}
	add_operation(&row->totals, operation, result, duration_ns);
	if (row->described || (used->super && !file_is_there(used)))
		return;
	work = bpf_map_lookup_elem(&scratch, &place);
	if (!work)
		return;
	work->used = *used;
	work->task = task;
	/* What there is to know of the process beside this has to be looked up while it is there. */
	work->wakeup = *told ? 0 : BPF_RB_FORCE_WAKEUP;
	row->described = send_file(place, asked_bytes);
	*told |= row->described;
}
