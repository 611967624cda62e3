// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Many small requests of HTTP/1.1, over kept connections of 127.0.0.1, one at a time on each: as fast as two processes can.
 *
 *   http-flood serve                            says at which port, and serves until its standard input ends
 *   http-flood ask PORT COUNT CONNECTIONS RATE  says "ready", waits for a line, asks so often at so many a second (0: as
 *                                               often as it can), and prints how many were answered, how long it took, and
 *                                               the median and the 99th percentile of the latencies, from when each was due
 *
 * Of request number i the path is /i/STATUS, which is how it is answered.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 256
#define EVENTS 64

static const int statuses[] = { 200, 200, 404, 503 };

static int poller;
/* Of the request that waits for its answer on each connection; then, latencies. */
static long long due_ns[MAX_CONNECTIONS + 16], *latencies_ns;

static void watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event))
		err(1, "epoll_ctl");
}

static void send_all(int fd, const char *text, int bytes)
{
	if (send(fd, text, bytes, MSG_NOSIGNAL) != bytes)
		err(1, "send");
}

static void disable_delay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* A head comes in one piece: it is small, and none is sent before the last one was answered. */
static int answer(int fd)
{
	char request[1024], response[256];
	ssize_t got = recv(fd, request, sizeof(request) - 1, 0);
	int status;

	if (got <= 0)
		return close(fd);
	request[got] = 0;
	if (sscanf(request, "GET /%*u/%d HTTP/1.1\r\n", &status) != 1)
		errx(1, "not one of our requests: %s", request);
	send_all(fd, response,
		 snprintf(response, sizeof(response), "HTTP/1.1 %d Said\r\nContent-Length: 4\r\n\r\ndone", status));
	return 0;
}

static void serve(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t bytes = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (void *)&address, bytes) || listen(listener, MAX_CONNECTIONS) ||
	    getsockname(listener, (void *)&address, &bytes))
		err(1, "listen");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	watch(listener);
	watch(STDIN_FILENO);
	for (;;) {
		struct epoll_event events[EVENTS];
		int count = epoll_wait(poller, events, EVENTS, -1);

		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			if (fd == STDIN_FILENO)
				return;
			if (fd == listener) {
				int connection = accept(listener, NULL, NULL);

				disable_delay(connection);
				watch(connection);
			} else {
				answer(fd);
			}
		}
	}
}

static long long now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	long long difference = *(const long long *)a - *(const long long *)b;

	return (difference > 0) - (difference < 0);
}

/* For an answer, or until it is time for the next request; 0: there is none to be sent before the next answer. */
static int wait_until(long long time_ns, struct epoll_event *events)
{
	long long left_ns = time_ns - now_ns();
	struct timespec timeout = {};

	if (!time_ns)
		return epoll_wait(poller, events, EVENTS, -1);
	if (left_ns > 0)
		timeout.tv_nsec = left_ns < 100000000 ? left_ns : 100000000;
	return epoll_pwait2(poller, events, EVENTS, &timeout, NULL);
}

static void ask(int port, long count, int connections, long rate)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int idle[MAX_CONNECTIONS], idle_count = 0;
	long sent = 0, answered = 0;
	long long start_ns;
	char text[1024];

	latencies_ns = calloc(count, sizeof(*latencies_ns));
	if (!latencies_ns)
		err(1, "calloc");
	puts("ready");
	fflush(stdout);
	if (!fgets(text, sizeof(text), stdin))
		return;
	for (int i = 0; i < connections; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(fd, (void *)&address, sizeof(address)))
			err(1, "connect");
		if (fd >= (int)(sizeof(due_ns) / sizeof(due_ns[0])))
			errx(1, "descriptor %d is too high", fd);
		disable_delay(fd);
		watch(fd);
		idle[idle_count++] = fd;
	}
	start_ns = now_ns();
	while (answered < count) {
		struct epoll_event events[EVENTS];
		long due = rate ? (now_ns() - start_ns) * rate / 1000000000LL : count;
		int ready;

		if (due > count)
			due = count;
		while (sent < due && idle_count) {
			int bytes = snprintf(text, sizeof(text), "GET /%ld/%d HTTP/1.1\r\nHost: flood\r\n\r\n", sent,
					     statuses[sent % 4]);

			due_ns[idle[--idle_count]] = rate ? start_ns + sent * 1000000000LL / rate : now_ns();
			sent++;
			send_all(idle[idle_count], text, bytes);
		}
		ready = wait_until(sent < count && idle_count && rate ? start_ns + sent * 1000000000LL / rate : 0, events);
		for (int i = 0; i < ready; i++) {
			int fd = events[i].data.fd;

			if (recv(fd, text, sizeof(text), 0) <= 0)
				err(1, "recv");
			latencies_ns[answered++] = now_ns() - due_ns[fd];
			idle[idle_count++] = fd;
		}
	}
	printf("{\"answered\":%ld,\"durationNs\":%lld,", answered, now_ns() - start_ns);
	qsort(latencies_ns, count, sizeof(*latencies_ns), by_size);
	printf("\"medianNs\":%lld,\"p99Ns\":%lld}\n", latencies_ns[count / 2], latencies_ns[count * 99 / 100]);
}

int main(int count, char **arguments)
{
	poller = epoll_create1(0);
	if (count == 2 && !strcmp(arguments[1], "serve"))
		serve();
	else if (count == 6 && !strcmp(arguments[1], "ask") && atoi(arguments[4]) <= MAX_CONNECTIONS)
		ask(atoi(arguments[2]), atol(arguments[3]), atoi(arguments[4]), atol(arguments[5]));
	else
		errx(2, "serve | ask PORT COUNT CONNECTIONS RATE");
	return 0;
}
