/*
 * The kernel patch's arithmetic, compiled by the C compiler, to compare ours with.
 * Reads one question per line, writes one answer per line:
 *   e K OLD NEW                                        -> the average
 *   m K COST LOAD DEVIATION LAST JIFFIES BYTES         -> load deviation last weight
 * COST is the signed sysctl; the route cache entry holds it and K as unsigned int.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>

typedef uint64_t u64;

#define EMA_UPDATE(K, Old, New) (((K) * (New) + (1024 - (K)) * (Old)) / 1024)

struct entry {
	u64 ema_load, ema_time_delta, last_update;
	unsigned int k, cost;
};

static void transmitted(struct entry *e, u64 jiffies, unsigned int length)
{
	u64 delta = jiffies - e->last_update, rate, distance;

	if (delta == 0)
		return;
	rate = length / delta;
	e->ema_load = EMA_UPDATE(e->k, e->ema_load, rate);
	distance = rate > e->ema_load ? rate - e->ema_load : e->ema_load - rate;
	e->ema_time_delta = EMA_UPDATE(e->k, e->ema_time_delta, distance);
	e->last_update = jiffies;
}

int main(void)
{
	char line[256];

	while (fgets(line, sizeof line, stdin)) {
		struct entry e;
		u64 old, new, jiffies;
		unsigned int k, length;
		int cost;

		if (sscanf(line, "e %u %" SCNu64 " %" SCNu64, &k, &old, &new) == 3) {
			printf("%" PRIu64 "\n", EMA_UPDATE(k, old, new));
		} else if (sscanf(line, "m %u %d %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %u",
				  &e.k, &cost, &e.ema_load, &e.ema_time_delta, &e.last_update,
				  &jiffies, &length) == 7) {
			e.cost = (unsigned int)cost;
			transmitted(&e, jiffies, length);
			printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", e.ema_load,
			       e.ema_time_delta, e.last_update,
			       (e.ema_load + e.ema_time_delta) * e.cost);
		} else {
			return 2;
		}
		fflush(stdout);
	}
	return 0;
}
