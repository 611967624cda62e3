/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that is not the first one executes another program, and by that becomes the first one. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *execute(void *unused)
{
	execl("/bin/true", "true", NULL);
	return unused;
}

int main(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, execute, NULL))
		return 1;
	pthread_join(thread, NULL);
	return 1;
}
