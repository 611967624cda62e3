/* SPDX-License-Identifier: Apache-2.0 */
/* Sleeps 100 times 10 ms, and prints the nanoseconds that all of it took by its own clock. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int main(void)
{
	const struct timespec ten_ms = { .tv_nsec = 10000000 };
	long long slept = 0;

	for (int i = 0; i < 100; i++) {
		long long before = now_ns();

		syscall(SYS_nanosleep, &ten_ms, NULL);
		slept += now_ns() - before;
	}
	printf("%lld\n", slept);
	return 0;
}
