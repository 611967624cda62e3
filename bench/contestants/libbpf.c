/*
 * The peer: libbpf at the jobs of skep.ts, by the same protocol. It answers each line on stdin by doing the job once and
 * printing its numbers as one line of JSON.
 *
 *   libbpf load OBJECT [program=NAME]... [map=NAME:ENTRIES]...
 *   libbpf ring OBJECT RING_BYTES RECORD_BYTES
 *   libbpf btf
 *
 * Linked statically, with --wrap=syscall: libbpf makes its system calls for BPF through syscall(), and we measure them.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINKS 64
/* A few of the names that tracers look up. */
static const char *const type_names[] = {"task_struct", "cgroup", "sock", "file", "inode", "sk_buff", "mm_struct", "rq"};
#define TYPE_NAMES (sizeof(type_names) / sizeof(type_names[0]))

static long long kernel_ns;

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

long __real_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
	long argument[6], result;
	long long start;
	va_list list;

	va_start(list, number);
	for (int i = 0; i < 6; i++)
		argument[i] = va_arg(list, long);
	va_end(list);
	start = now_ns();
	result = __real_syscall(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
	kernel_ns += now_ns() - start;
	return result;
}

static void fail(const char *what)
{
	fprintf(stderr, "libbpf: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int print_warnings(enum libbpf_print_level level, const char *format, va_list list)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, list) : 0;
}

/* Waits for the next line on stdin; false at its end. */
static int next_request(void)
{
	char line[16];

	return fgets(line, sizeof(line), stdin) != NULL;
}

static void answer_load(char **arguments)
{
	const char *path = *arguments++;
	long long start = now_ns();
	struct bpf_link *links[MAX_LINKS];
	struct bpf_program *program;
	struct bpf_object *object;
	int link_count = 0, chosen = 0;

	kernel_ns = 0;
	object = bpf_object__open(path);
	if (!object)
		fail("open");
	for (char **argument = arguments; *argument; argument++)
		chosen |= strncmp(*argument, "program=", 8) == 0;
	if (chosen) {
		bpf_object__for_each_program(program, object)
			bpf_program__set_autoload(program, false);
	}
	for (char **argument = arguments; *argument; argument++) {
		char name[64];
		unsigned int entries;

		if (sscanf(*argument, "program=%63s", name) == 1) {
			bpf_program__set_autoload(bpf_object__find_program_by_name(object, name), true);
		} else if (sscanf(*argument, "map=%63[^:]:%u", name, &entries) == 2) {
			bpf_map__set_max_entries(bpf_object__find_map_by_name(object, name), entries);
		}
	}
	if (bpf_object__load(object))
		fail("load");
	bpf_object__for_each_program(program, object) {
		enum bpf_prog_type type = bpf_program__type(program);

		if (!bpf_program__autoload(program) || type == BPF_PROG_TYPE_SOCKET_FILTER)
			continue;
		if (type != BPF_PROG_TYPE_PERF_EVENT) {
			links[link_count] = bpf_program__attach(program);
			if (!links[link_count++])
				fail("attach");
			continue;
		}
		for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++) {
			struct perf_event_attr attributes = {
				.type = PERF_TYPE_SOFTWARE,
				.size = sizeof(attributes),
				.config = PERF_COUNT_SW_CPU_CLOCK,
				.freq = 1,
				.sample_freq = 99,
				.exclude_idle = 1,
				.disabled = 1,
			};
			int event = syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);

			if (event < 0)
				fail("perf_event_open");
			links[link_count] = bpf_program__attach_perf_event(program, event);
			if (!links[link_count++])
				fail("attach");
		}
	}
	printf("{\"totalNs\": %lld, \"kernelNs\": %lld}\n", now_ns() - start, kernel_ns);
	while (link_count > 0)
		bpf_link__destroy(links[--link_count]);
	bpf_object__close(object);
}

/* What the reader of both contestants does with a record: enough that it has to be fetched. */
static unsigned long long number_sum, size_sum, records;

static int on_record(void *context, void *data, size_t size)
{
	number_sum += *(unsigned long long *)data;
	size_sum += ((unsigned int *)data)[2];
	records++;
	return 0;
}

/* A variable of .bss before the load: without a skeleton, libbpf does not map it after that. */
static void *global(struct bpf_object *object, const char *name)
{
	const struct btf *btf = bpf_object__btf(object);
	const struct btf_type *section = btf__type_by_id(btf, btf__find_by_name_kind(btf, ".bss", BTF_KIND_DATASEC));
	const struct btf_var_secinfo *variable = btf_var_secinfos(section);
	char *memory = NULL;
	struct bpf_map *map;
	size_t size;

	bpf_object__for_each_map(map, object) {
		if (strstr(bpf_map__name(map), ".bss"))
			memory = (char *)bpf_map__initial_value(map, &size);
	}
	for (int i = 0; memory && i < btf_vlen(section); i++, variable++) {
		const struct btf_type *type = btf__type_by_id(btf, variable->type);

		if (strcmp(btf__name_by_offset(btf, type->name_off), name) == 0)
			return memory + variable->offset;
	}
	fail(name);
	return NULL;
}

static void answer_rings(char **arguments)
{
	unsigned int ring_bytes = atoi(arguments[1]), record_bytes = atoi(arguments[2]);
	struct bpf_object *object = bpf_object__open(arguments[0]);
	struct ring_buffer *reader;
	struct bpf_map *ring;
	char frame[64] = {};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame));
	int producer;

	if (!object)
		fail("open");
	ring = bpf_object__find_map_by_name(object, "ring");
	bpf_map__set_max_entries(ring, ring_bytes);
	*(unsigned int *)global(object, "fixed_size") = record_bytes;
	*(unsigned long long *)global(object, "flags") = BPF_RB_NO_WAKEUP;
	if (bpf_object__load(object))
		fail("load");
	producer = bpf_program__fd(bpf_object__find_program_by_name(object, "produce"));
	reader = ring_buffer__new(bpf_map__fd(ring), on_record, NULL, NULL);
	if (!reader)
		fail("ring_buffer__new");
	run.repeat = ring_bytes / (record_bytes + 8) - 1;
	while (next_request()) {
		long long start, end;

		if (bpf_prog_test_run_opts(producer, &run))
			fail("test run");
		number_sum = size_sum = records = 0;
		start = now_ns();
		ring_buffer__consume(reader);
		end = now_ns();
		printf("{\"totalNs\": %lld, \"records\": %llu, \"sizeSum\": %llu}\n", end - start, records, size_sum);
	}
}

static void answer_btf(void)
{
	struct mallinfo2 before = mallinfo2(), after;
	long long start = now_ns(), parsed, first, others;
	struct btf *btf = btf__load_vmlinux_btf();
	int found = 0;
	struct stat raw;

	parsed = now_ns();
	if (!btf || stat("/sys/kernel/btf/vmlinux", &raw))
		fail("vmlinux");
	found += btf__find_by_name_kind(btf, type_names[0], BTF_KIND_STRUCT) > 0;
	first = now_ns();
	for (size_t i = 1; i < TYPE_NAMES; i++)
		found += btf__find_by_name_kind(btf, type_names[i], BTF_KIND_STRUCT) > 0;
	others = now_ns();
	after = mallinfo2();
	printf("{\"totalNs\": %lld, \"parseNs\": %lld, \"lookupNs\": %lld, \"bytes\": %lld, \"found\": %d}\n", first - start,
	       parsed - start, (others - first) / (long long)(TYPE_NAMES - 1),
	       (long long)(after.uordblks + after.hblkhd) - (long long)(before.uordblks + before.hblkhd) - raw.st_size, found);
	btf__free(btf);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	libbpf_set_print(print_warnings);
	if (argc >= 3 && strcmp(argv[1], "load") == 0) {
		while (next_request())
			answer_load(argv + 2);
	} else if (argc == 5 && strcmp(argv[1], "ring") == 0) {
		answer_rings(argv + 2);
	} else if (argc == 2 && strcmp(argv[1], "btf") == 0) {
		while (next_request())
			answer_btf();
	} else {
		fprintf(stderr, "usage: libbpf load|ring|btf ARGUMENT...\n");
		return 2;
	}
	return 0;
}
