/*
 * execveat PROGRAM: tries to run what is not there, relative to a descriptor of "/"; then runs PROGRAM by a descriptor of
 * it, with one argument.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char *arguments[] = { "by-descriptor", "argument", NULL };
	int root = open("/", O_PATH);
	int program = open(argv[argc - 1], O_RDONLY);

	printf("%d %d\n", root, program);
	fflush(stdout);
	execveat(root, "no/such/program", arguments, environ, 0);
	execveat(program, "", arguments, environ, AT_EMPTY_PATH);
	return 1;
}
