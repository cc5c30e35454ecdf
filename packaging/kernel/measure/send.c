// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Sends UDP datagrams and prints how long one took:
 *   send NAME ADDRESS COUNT [connect | SOURCE]
 * connected, or bound to a source address.
 *
 * In a machine whose clock counts instructions (qemu -icount shift=0) a nanosecond is an
 * instruction, and so that is what it prints: instructions per packet, system call included.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* An address of either family, with this port; how long it is, or 0. */
static socklen_t parse(const char *text, int port, struct sockaddr_storage *found)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)found;
	struct sockaddr_in *in4 = (struct sockaddr_in *)found;

	memset(found, 0, sizeof(*found));
	if (inet_pton(AF_INET, text, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons(port);
		return sizeof(*in4);
	}
	memset(found, 0, sizeof(*found));
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		return sizeof(*in6);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_storage to_address, from_address;
	struct sockaddr *to = (struct sockaddr *)&to_address;
	char payload[172] = "";
	long long began = 0;
	int s, i, count, warm, connected;
	socklen_t len;

	if (argc < 4)
		return 2;
	count = atoi(argv[3]);
	warm = count / 10;
	len = parse(argv[2], 9999, &to_address);
	if (!len)
		return 2;
	connected = argc > 4 && !strcmp(argv[4], "connect");
	s = socket(to->sa_family, SOCK_DGRAM, 0);
	if (s < 0 || (connected && connect(s, to, len)))
		return perror(argv[1]), 1;
	if (argc > 4 && !connected) {
		if (!parse(argv[4], 0, &from_address))
			return 2;
		if (bind(s, (struct sockaddr *)&from_address, len))
			return perror(argv[1]), 1;
	}
	for (i = 0; i < count + warm; i++) {
		if (i == warm)
			began = now();
		if (sendto(s, payload, sizeof(payload), 0, connected ? NULL : to, connected ? 0 : len) < 0)
			return perror(argv[1]), 1;
	}
	printf("PER-PACKET %s %lld\n", argv[1], (now() - began) / count);
	return 0;
}
