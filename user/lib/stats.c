// SPDX-License-Identifier: GPL-2.0-only
/* Names and meanings of counters, from the one list of each kind in the ABI's headers. */
#include "libvhx.h"

struct stat {
	const char *name;
	const char *doc;
};

#define STAT(id, NAME, text, meaning) [id] = { text, meaning },

static const struct stat stats[VHX_QSTAT_NR] = {
	VHX_QSTATS(STAT)
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

static const struct stat agent_stats[VHX_AGENT_QSTAT_NR] = {
	VHX_AGENT_QSTATS(STAT)
};

unsigned int vhx_agent_stat__count(void)
{
	return VHX_AGENT_QSTAT_NR;
}

const char *vhx_agent_stat__name(unsigned int id)
{
	return id < VHX_AGENT_QSTAT_NR ? agent_stats[id].name : NULL;
}

const char *vhx_agent_stat__doc(unsigned int id)
{
	return id < VHX_AGENT_QSTAT_NR ? agent_stats[id].doc : NULL;
}

static const struct stat scsi_stats[VHX_SCSI_QSTAT_NR] = {
	VHX_SCSI_QSTATS(STAT)
};

unsigned int vhx_scsi_stat__count(void)
{
	return VHX_SCSI_QSTAT_NR;
}

const char *vhx_scsi_stat__name(unsigned int id)
{
	return id < VHX_SCSI_QSTAT_NR ? scsi_stats[id].name : NULL;
}

const char *vhx_scsi_stat__doc(unsigned int id)
{
	return id < VHX_SCSI_QSTAT_NR ? scsi_stats[id].doc : NULL;
}

static const struct stat vsock_stats[VHX_VSOCK_STAT_NR] = {
	VHX_VSOCK_STATS(STAT)
};

unsigned int vhx_vsock_stat__count(void)
{
	return VHX_VSOCK_STAT_NR;
}

const char *vhx_vsock_stat__name(unsigned int id)
{
	return id < VHX_VSOCK_STAT_NR ? vsock_stats[id].name : NULL;
}

const char *vhx_vsock_stat__doc(unsigned int id)
{
	return id < VHX_VSOCK_STAT_NR ? vsock_stats[id].doc : NULL;
}

static const struct stat vdpa_stats[VHX_VDPA_STAT_NR] = {
	VHX_VDPA_STATS(STAT)
};

unsigned int vhx_vdpa_stat__count(void)
{
	return VHX_VDPA_STAT_NR;
}

const char *vhx_vdpa_stat__name(unsigned int id)
{
	return id < VHX_VDPA_STAT_NR ? vdpa_stats[id].name : NULL;
}

const char *vhx_vdpa_stat__doc(unsigned int id)
{
	return id < VHX_VDPA_STAT_NR ? vdpa_stats[id].doc : NULL;
}
