// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Sends UDP datagrams and prints how long one took: send NAME ADDRESS COUNT [connect]
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

int main(int argc, char **argv)
{
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(9999) };
	struct sockaddr_in to4 = { .sin_family = AF_INET, .sin_port = htons(9999) };
	struct sockaddr *to = (struct sockaddr *)&to4;
	socklen_t len = sizeof(to4);
	char payload[172] = "";
	long long began = 0;
	int s, i, count, warm;

	if (argc < 4)
		return 2;
	count = atoi(argv[3]);
	warm = count / 10;
	if (inet_pton(AF_INET, argv[2], &to4.sin_addr) != 1) {
		if (inet_pton(AF_INET6, argv[2], &to6.sin6_addr) != 1)
			return 2;
		to = (struct sockaddr *)&to6;
		len = sizeof(to6);
	}
	s = socket(to->sa_family, SOCK_DGRAM, 0);
	if (s < 0 || (argc > 4 && connect(s, to, len)))
		return perror(argv[1]), 1;
	for (i = 0; i < count + warm; i++) {
		if (i == warm)
			began = now();
		if (sendto(s, payload, sizeof(payload), 0, argc > 4 ? NULL : to, argc > 4 ? 0 : len) < 0)
			return perror(argv[1]), 1;
	}
	printf("PER-PACKET %s %lld\n", argv[1], (now() - began) / count);
	return 0;
}
