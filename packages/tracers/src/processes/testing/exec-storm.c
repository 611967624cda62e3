/*
 * exec-storm COUNT AT_ONCE: starts itself COUNT times, as `exec-storm NUMBER`, which ends with code NUMBER % 256 at once.
 * Prints the seconds that it took.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
	double begin = seconds();
	int count, at_once, running = 0;

	if (argc == 2)
		_exit(atoi(argv[1]) % 256);
	count = argc == 3 ? atoi(argv[1]) : 0;
	at_once = argc == 3 ? atoi(argv[2]) : 0;
	for (int i = 0; i < count; i++) {
		char number[16];

		snprintf(number, sizeof(number), "%d", i);
		if (running == at_once) {
			wait(NULL);
			running--;
		}
		if (vfork() == 0) {
			execl(argv[0], argv[0], number, NULL);
			_exit(99);
		}
		running++;
	}
	while (wait(NULL) > 0)
		;
	printf("%f\n", seconds() - begin);
	return 0;
}
