// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processor time of vhost workers, see worker.h.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "worker.h"

static long task_ticks(const char *tid)
{
	char path[300], comm[64];
	long user = 0, sys = 0;
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "/proc/self/task/%s/stat", tid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	n = fscanf(f, "%*d (%63[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld",
		   comm, &user, &sys);
	fclose(f);
	if (n != 3 || (strncmp(comm, "vhost-", 6) && strncmp(comm, "vhx-", 4)))
		return 0;
	return user + sys;
}

/* Milliseconds all workers of this process have run for, by the clock's tick. */
long worker_ms(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *e;
	long ticks = 0;

	if (!dir)
		return 0;
	while ((e = readdir(dir)))
		ticks += task_ticks(e->d_name);
	closedir(dir);
	return ticks * 1000 / sysconf(_SC_CLK_TCK);
}

/*
 * Do they come to rest: less than a third of the next @ms? On a machine whose CPUs somebody else
 * takes away, a tick may go to who did not run: so one quiet spell of three is enough.
 */
bool worker_rests(int ms)
{
	long ran;
	int spell;

	for (spell = 0; spell < 3; spell++) {
		ran = worker_ms();
		usleep(ms * 1000);
		ran = worker_ms() - ran;
		if (ran * 3 <= ms)
			return true;
	}
	tap_diag("the worker ran for %ld of %d ms, three times over", ran, ms);
	return false;
}
