/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers each line on stdin by making small system calls in a loop, and prints the CPU time that one of them took, in
 * nanoseconds, as one line of JSON. CPU time of this thread: what else runs on the machine meanwhile is not in it. The
 * calls are made in short stretches, of which the median is given: interrupts lengthen some of them.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { STRETCHES = 500, CALLS = 200 };

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

static double median_ns(long number, long first, void *second, long third)
{
	double stretches[STRETCHES];

	for (int i = 0; i < STRETCHES; i++) {
		long long before = now_ns();

		for (int call = 0; call < CALLS; call++)
			syscall(number, first, second, third);
		stretches[i] = (double)(now_ns() - before) / CALLS;
	}
	qsort(stretches, STRETCHES, sizeof(stretches[0]), by_size);
	return (stretches[STRETCHES / 2 - 1] + stretches[STRETCHES / 2]) / 2;
}

int main(void)
{
	char line[8], byte;
	int zero = open("/dev/zero", O_RDONLY);

	while (fgets(line, sizeof(line), stdin)) {
		double getppid_ns = median_ns(SYS_getppid, 0, NULL, 0);
		double read_ns = median_ns(SYS_read, zero, &byte, 1);

		printf("{\"getppidNs\":%.1f,\"readNs\":%.1f}\n", getppid_ns, read_ns);
		fflush(stdout);
	}
	return 0;
}
