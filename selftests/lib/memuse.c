// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much of the machine's memory is in use, see memuse.h.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memuse.h"

#define SLACK	16384		/* KiB that come and go anyway */

/* KiB: all that there is, and of it what is neither free nor could be. */
static long total, used;

static void look(void)
{
	long available = 0, kib;
	FILE *f = fopen("/proc/meminfo", "re");
	char name[64];

	while (f && fscanf(f, "%63s %ld%*[^\n]", name, &kib) == 2) {
		if (!strcmp(name, "MemTotal:"))
			total = kib;
		else if (!strcmp(name, "MemAvailable:"))
			available = kib;
	}
	if (f)
		fclose(f);
	used = total - available;
}

long memuse(void)
{
	look();
	return used;
}

/* Let RCU and deferred work do theirs. */
long memuse_settled(void)
{
	usleep(300000);
	return memuse();
}

static bool kernel_has(const char *symbol)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char line[512];
	bool has = false;

	while (f && !has && fgets(line, sizeof(line), f))
		has = strstr(line, symbol);
	if (f)
		fclose(f);
	return has;
}

/* KASAN keeps what was freed, up to a part of all memory. */
long memuse_slack(void)
{
	static long slack;

	if (slack)
		return slack;
	look();
	slack = SLACK + (kernel_has(" kasan_quarantine_put\n") ? total / 32 : 0);
	return slack;
}
