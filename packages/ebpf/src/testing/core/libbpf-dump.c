// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints the instructions that libbpf makes of an object's programs for a given target BTF: the oracle of the CO-RE tests.
 *
 *   libbpf-dump OBJECT TARGET.btf [PROGRAM...]
 *
 * For each program (or each given one) its name, then a line for each instruction: 16 hexadecimal digits, its bytes in
 * memory order. Relocation only happens on the way to the kernel, all programs first: so the first one has a handler that
 * prints them all, and leaves before anything is loaded. Exit code 2: libbpf refused to relocate.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bpf_object *object;

static int print_to_stderr(enum libbpf_print_level level, const char *format, va_list arguments)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, format, arguments);
}

static void print_program(const struct bpf_program *program)
{
	const unsigned char *bytes = (const unsigned char *)bpf_program__insns(program);
	size_t size = bpf_program__insn_cnt(program) * sizeof(struct bpf_insn);

	printf("%s", bpf_program__name(program));
	for (size_t i = 0; i < size; i++)
		printf("%s%02x", i % sizeof(struct bpf_insn) == 0 ? "\n" : "", bytes[i]);
	printf("\n");
}

static int print_all(struct bpf_program *first, struct bpf_prog_load_opts *options, long cookie)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
		if (bpf_program__autoload(program))
			print_program(program);
	fflush(stdout);
	_Exit(0);
}

static bool is_wanted(const struct bpf_program *program, char **names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(bpf_program__name(program), names[i]) == 0)
			return true;
	return count == 0;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, handler, .prog_prepare_load_fn = print_all);
	LIBBPF_OPTS(bpf_object_open_opts, options);
	struct bpf_program *program;

	if (argc < 3) {
		fprintf(stderr, "usage: %s OBJECT TARGET.btf [PROGRAM...]\n", argv[0]);
		return 1;
	}
	options.btf_custom_path = argv[2];
	libbpf_set_print(print_to_stderr);
	/* A handler without a name is for all sections that no other knows: section "core". */
	if (libbpf_register_prog_handler(NULL, BPF_PROG_TYPE_SOCKET_FILTER, 0, &handler) < 0)
		return 1;
	object = bpf_object__open_file(argv[1], &options);
	if (!object)
		return 1;
	bpf_object__for_each_program(program, object)
		bpf_program__set_autoload(program, is_wanted(program, argv + 3, argc - 3));
	bpf_object__load(object);
	return 2;
}
