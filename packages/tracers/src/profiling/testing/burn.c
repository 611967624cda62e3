// Burns CPU time in two functions, 70 % in the first, for the given seconds of CPU time. Prints both shares.
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static volatile unsigned long sink;

static double thread_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

__attribute__((noinline)) static void spin(unsigned long rounds)
{
	for (unsigned long i = 0; i < rounds; i++)
		sink += i * i;
}

/* Not tail calls: the caller has to stay on the stack. */
__attribute__((noinline)) double burn_seventy(unsigned long rounds)
{
	double start = thread_seconds();

	spin(rounds * 7);
	return thread_seconds() - start;
}

__attribute__((noinline)) double burn_thirty(unsigned long rounds)
{
	double start = thread_seconds();

	spin(rounds * 3);
	return thread_seconds() - start;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 3, seventy = 0, thirty = 0;

	while (seventy + thirty < seconds) {
		/* Of one length, the rounds could be in step with the sampling. */
		unsigned long rounds = 50000 + random() % 100000;

		seventy += burn_seventy(rounds);
		thirty += burn_thirty(rounds);
	}
	printf("{\"burn_seventy\": %f, \"burn_thirty\": %f}\n", seventy, thirty);
	return 0;
}
