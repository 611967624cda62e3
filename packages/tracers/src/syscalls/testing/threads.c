/* SPDX-License-Identifier: Apache-2.0 */
/* threads THREADS AT_ONCE CALLS: so many threads, so many of them at a time, each with so many calls of getppid. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static long calls;

static void *make_calls(void *unused)
{
	for (long i = 0; i < calls; i++)
		syscall(SYS_getppid);
	return unused;
}

int main(int count, char **arguments)
{
	long threads = atol(arguments[1]), at_once = atol(arguments[2]);
	pthread_t *running = calloc(at_once, sizeof(*running));

	calls = atol(arguments[3]);
	(void)count;
	for (long started = 0; started < threads; started += at_once) {
		for (long i = 0; i < at_once; i++)
			if (pthread_create(&running[i], NULL, make_calls, NULL))
				return 1;
		for (long i = 0; i < at_once; i++)
			pthread_join(running[i], NULL);
	}
	return 0;
}
