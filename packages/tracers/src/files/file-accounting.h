/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a file that was used to its row: identify_file() when a call begins, account() when it has returned.
 *
 * Sums are added atomically, since two threads of a process may be at one file: a row for each CPU would save that, and
 * cost a path for each CPU.
 */
#pragma once

#include "file-table.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_struct___executed {
	u64 self_exec_id; /* one more with each exec; 5.7+ */
};

#pragma clang attribute pop

/*
 * With the pid, the program that runs in the process: another number for another process that gets the pid, and after an
 * exec. Two have the same one with a probability of 2^-32.
 */
static __always_inline u32 image_of(struct task_struct *task)
{
	u64 image = mix(BPF_CORE_READ(task, group_leader, start_boottime),
			BPF_CORE_READ((struct task_struct___executed *)task, self_exec_id));

	return image >> 32 ^ image;
}

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

/* Goes on with the walk in this place of scratch; see path_walk_on(). */
__attribute__((noinline)) int walk_on(u32 place)
{
	struct scratch *work = bpf_map_lookup_elem(&scratch, &place);

	return work && path_walk_on(&work->walk, work->record.text, TEXT_MASK);
}

/* Writes the names of the file's path behind the text of this size; answers the size with them, and sets the flags. */
static __always_inline u32 append_path(struct scratch *work, u32 place, u32 size)
{
	struct task_struct___files *task = (void *)work->task;
	struct fs_struct *fs = BPF_CORE_READ(task, fs);

	path_walk_begin(&work->walk, size, work->used.dentry, work->used.mount, &fs->root);
	for (u32 piece = 0; piece < PATH_PIECES; piece++) {
		if (!walk_on(place))
			break;
		if (piece == PATH_PIECES - 1)
			work->walk.flags |= PATH_TRUNCATED;
	}
	work->record.path_flags = work->walk.flags;
	return work->walk.end;
}

/*
 * Sends which file a row is of, from what is in this place of scratch; says 0 when that didn't work, so that the next
 * operation tries again. The record's text begins with asked_bytes of what was asked for.
 *
 * Not static, so that the verifier looks at it once, and not anew for each way that leads here.
 */
__attribute__((noinline)) int send_file(u32 place, u32 asked_bytes)
{
	struct scratch *work = bpf_map_lookup_elem(&scratch, &place);
	struct file_record *record;
	struct super_block *super;
	struct task_struct *task;
	u32 size = asked_bytes;

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
	if (work->used.dentry)
		size = append_path(work, place, size);
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
