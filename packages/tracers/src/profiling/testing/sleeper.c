// Sleeps 100 x 20 ms while its affinity goes from CPU to CPU, and prints the nanoseconds that the sleeps took in all.
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

__attribute__((noinline)) long long sleep_once(void)
{
	struct timespec pause = { .tv_nsec = 20 * 1000 * 1000 };
	long long start = now_ns();

	nanosleep(&pause, NULL);
	return now_ns() - start;
}

int main(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	long long slept = 0;

	prctl(PR_SET_TIMERSLACK, 1);
	for (int i = 0; i < 100; i++) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(i % cpus, &set);
		sched_setaffinity(0, sizeof(set), &set);
		slept += sleep_once();
	}
	printf("%lld\n", slept);
	return 0;
}
