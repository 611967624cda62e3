/* SPDX-License-Identifier: Apache-2.0 */
/* vfork COUNT: so many children by vfork() and execve(), one after the other; every second one finds no program. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **arguments)
{
	(void)count;
	for (long i = 0; i < atol(arguments[1]); i++) {
		pid_t child = vfork();

		if (child == 0) {
			execl(i % 2 ? "/no/such/program" : "/bin/true", "true", NULL);
			_exit(127);
		}
		waitpid(child, NULL, 0);
	}
	return 0;
}
