/*
 * A process that outlives its first thread: that one ends with code 3, then a second one burns CPU time and ends with
 * code 7. Neither ends the process as a whole; it is over when both are gone.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int leader_runs(void)
{
	char path[64], stat[256] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	file = fopen(path, "r");
	if (!file)
		return 0;
	fgets(stat, sizeof(stat), file);
	fclose(file);
	return !strstr(stat, ") Z ");
}

static void *second(void *unused)
{
	struct timespec now = {};

	while (leader_runs())
		usleep(1000);
	while (now.tv_nsec < 50000000)
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	syscall(SYS_exit, 7);
	return unused;
}

int main(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, second, NULL);
	syscall(SYS_exit, 3);
}
