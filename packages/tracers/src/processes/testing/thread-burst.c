/*
 * Starts as many threads as it is told, one after the other in groups of 8; each burns 1 ms of CPU time by its own clock.
 * Prints the sum of these clocks in nanoseconds, and ends while 4 more threads burn on.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static atomic_long burnt_ns;

static void *burn(void *endless)
{
	struct timespec now = {};

	while (endless || now.tv_nsec < 1000000)
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	atomic_fetch_add(&burnt_ns, now.tv_nsec);
	return NULL;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 0;
	pthread_t threads[8];

	for (int i = 0; i < count; i += 8) {
		for (int j = 0; j < 8; j++)
			pthread_create(&threads[j], NULL, burn, NULL);
		for (int j = 0; j < 8; j++)
			pthread_join(threads[j], NULL);
	}
	for (int j = 0; j < 4; j++)
		pthread_create(&threads[j], NULL, burn, "endless");
	printf("%ld\n", atomic_load(&burnt_ns));
	fflush(stdout);
	exit(count % 256);
}
