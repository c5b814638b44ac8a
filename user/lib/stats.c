// SPDX-License-Identifier: GPL-2.0-only
/* Names and meanings of the per-queue counters, from the one list in <linux/vhx.h>. */
#include "libvhx.h"

static const struct {
	const char *name;
	const char *doc;
} stats[VHX_QSTAT_NR] = {
#define STAT(id, NAME, text, meaning) [id] = { text, meaning },
	VHX_QSTATS(STAT)
#undef STAT
};

unsigned int vhx_stat__count(void)
{
	return VHX_QSTAT_NR;
}

const char *vhx_stat__name(unsigned int id)
{
	return id < VHX_QSTAT_NR ? stats[id].name : NULL;
}

const char *vhx_stat__doc(unsigned int id)
{
	return id < VHX_QSTAT_NR ? stats[id].doc : NULL;
}
