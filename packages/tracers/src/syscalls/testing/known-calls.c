/* SPDX-License-Identifier: Apache-2.0 */
/* Makes system calls whose numbers are known: see the table in syscall-tracer.peer.test.ts. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void nothing(int signal_number)
{
	(void)signal_number;
}

static void times(int count, long number, long first, const char *second, long third)
{
	while (count--)
		syscall(number, first, second, third);
}

/* execveat() that works; on its way out the kernel makes it look like execve(). */
static void execute_in_child(void)
{
	char *const arguments[] = { "true", NULL };
	pid_t child = fork();

	if (child == 0) {
		syscall(SYS_execveat, AT_FDCWD, "/bin/false/no", arguments, environ, 0);
		syscall(SYS_execveat, open("/bin/true", O_RDONLY), "", arguments, environ, AT_EMPTY_PATH);
		_exit(1);
	}
	waitpid(child, NULL, 0);
}

int main(void)
{
	struct sigaction action = { .sa_handler = nothing };
	char byte[1];
	int zero = open("/dev/zero", O_RDONLY);

	times(1000, SYS_getppid, 0, NULL, 0);
	times(50, SYS_openat, AT_FDCWD, "/no/such/file", O_RDONLY);
	times(5, SYS_openat, AT_FDCWD, "/dev/null/file", O_RDONLY);
	times(200, SYS_pread64, zero, byte, 1);
	times(20, SYS_pread64, 999, byte, 1);
	sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < 7; i++)
		raise(SIGUSR1);
	for (int i = 0; i < 3; i++)
		execute_in_child();
	/* No such calls: a number beyond the last one, one beyond all, and the one that says that there is none. */
	times(4, 900, 0, NULL, 0);
	times(3, 5000, 0, NULL, 0);
	times(2, -1, 0, NULL, 0);
	return 0;
}
