// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for another agent, or what one that died has under way: nothing tells of its end. */
#include <signal.h>
#include <unistd.h>

#include "log.h"
#include "retry.h"

#define RETRY_MS	100

/* They are blocked, and heard of once everything runs. */
static bool is_to_end(void)
{
	sigset_t set;

	return !sigpending(&set) && (sigismember(&set, SIGTERM) > 0 ||
				     sigismember(&set, SIGINT) > 0);
}

bool retry_wait(struct retry *retry, const char *for_what)
{
	if (retry->waited_ms >= retry->limit_ms || is_to_end())
		return false;
	if (!retry->waited_ms)
		log_info("%s: another agent has it, or had it and its I/O is under way: waiting",
			 for_what);
	usleep(RETRY_MS * 1000);
	retry->waited_ms += RETRY_MS;
	return true;
}
