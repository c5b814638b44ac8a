// SPDX-License-Identifier: GPL-2.0-only
/*
 * Repetitions of a row, see measure.h.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "mark.h"
#include "measure.h"
#include "switches.h"

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void count(const struct measure *m, unsigned int repetitions)
{
	uint64_t before;
	unsigned int i;

	mark(MARK_RECORD);
	printf("%s warm-up %u 0\n", m->label, m->units);
	for (i = 0; i < repetitions; i++) {
		before = switches();
		m->run(m->arg, m->units);
		mark(MARK_RECORD);
		printf("%s %s %u %" PRIu64 "\n", m->label, m->row, m->units, switches() - before);
	}
}

static void turn(const struct measure *m, unsigned int ms)
{
	uint64_t begin = now_ns(), end = begin + ms * 1000000ull, units = 0, now;

	do {
		m->run(m->arg, m->least);
		units += m->least;
		now = now_ns();
	} while (now < end);
	printf("%s %s %" PRIu64 " %" PRIu64 "\n", m->label, m->row, units, now - begin);
	fflush(stdout);
}

static void turns(const struct measure *m, unsigned int ms)
{
	char line[16];

	alarm(0);
	printf("%s %s ready\n", m->label, m->row);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		turn(m, ms);
}

void measure(const struct measure *m, unsigned int repetitions)
{
	const char *clock_ms = getenv("CLOCK_MS");

	m->run(m->arg, m->units);
	if (clock_ms)
		turns(m, atoi(clock_ms));
	else
		count(m, repetitions);
}
