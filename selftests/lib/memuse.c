// SPDX-License-Identifier: GPL-2.0-only
/*
 * How much of the machine's memory is in use, see memuse.h.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "memuse.h"

/* KiB of memory that is neither free nor could be: what leaks ends up here. */
long memuse(void)
{
	long total = 0, available = 0, kib;
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
	return total - available;
}

/* Let RCU and deferred work do theirs. */
long memuse_settled(void)
{
	usleep(300000);
	return memuse();
}
