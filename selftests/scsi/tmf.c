// SPDX-License-Identifier: GPL-2.0-only
/*
 * Task management functions about commands that wait for an agent, that one has and does not
 * answer, and that lie in the ring: each function is answered, and not before the commands that it
 * is about.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ramdisk.h"
#include "scsidrv.h"
#include "tap.h"

#define WWPN	"naa.5001405abcdef002"
#define WAIT	5000
#define SHORT	200		/* for what must not happen */
#define N	4

static struct ramdisk disk = { .name = WWPN };
static struct scsidrv drv;
static struct scsicmd cmd[N], other;
static uint8_t in[N][512];

/* N commands to logical unit 0, the last one's tag the first's, and one to unit 1. */
static void submit(void)
{
	unsigned int i;

	for (i = 0; i < N; i++) {
		scsicmd_to(&cmd[i], 0, 0);
		scsicmd_read(&cmd[i], i, 1);
		cmd[i].tag = 100 + i;
		cmd[i].in = in[i];
		cmd[i].in_len = 512;
		if (scsidrv_submit(&drv, 0, &cmd[i]))
			tap_bail("submit");
	}
	scsicmd_to(&other, 0, 1);
	scsicmd_ready(&other);
	other.tag = 100;
	if (scsidrv_submit(&drv, 0, &other))
		tap_bail("submit");
	scsidrv_flush(&drv, 0);
}

static unsigned int nr_done(void)
{
	unsigned int i, n = 0;

	scsidrv_reap(&drv, 0);
	for (i = 0; i < N; i++)
		n += cmd[i].done;
	return n;
}

static bool all_answered(uint8_t response)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < N; i++)
		good = good && scsicmd_answered(&cmd[i], response);
	return good;
}

/* Let everything go on, and end. */
static void finish(const char *what)
{
	disk.s->hold = false;
	disk.s->deaf = false;
	tap_ok(scsidrv_drain(&drv, 0, WAIT), "%s: all is over at last", what);
	tap_ok(scsicmd_sense(&other, 5, 0x2500), "%s: another unit's command had its turn", what);
}

static void hold(void)
{
	const uint32_t before = disk.s->fetched;

	disk.s->hold = true;
	submit();
	if (!ramdisk_reaches(&disk.s->fetched, before + N + 1))
		tap_bail("the agent gets no commands");
	/* Until the state says that it holds them, it may have been about to answer. */
	ramdisk_reaches(&disk.s->held, N + 1);
}

/* ---- the agent has them ---- */

static void queries(void)
{
	struct scsicmd none = cmd[0];

	hold();
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_QUERY_TASK, &cmd[1], WAIT) ==
	       VIRTIO_SCSI_S_FUNCTION_SUCCEEDED, "QUERY TASK finds a command");
	none.tag = 999;
	memcpy(none.lun, cmd[0].lun, 8);
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_QUERY_TASK, &none, WAIT) ==
	       VIRTIO_SCSI_S_OK, "and not what is not there");
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_QUERY_TASK_SET, &cmd[0], WAIT) ==
	       VIRTIO_SCSI_S_FUNCTION_SUCCEEDED, "QUERY TASK SET");
	scsi_lun(none.lun, 0, 9);
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_QUERY_TASK_SET, &none, WAIT) ==
	       VIRTIO_SCSI_S_OK, "of a unit that has none");
	tap_ok(!nr_done(), "they go on meanwhile");
	finish("queries");
	tap_ok(all_answered(VIRTIO_SCSI_S_OK), "and end well");
}

static void abort_task(void)
{
	hold();
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_ABORT_TASK, &cmd[1], WAIT) ==
	       VIRTIO_SCSI_S_OK, "ABORT TASK");
	tap_ok(nr_done() == 1 && scsicmd_answered(&cmd[1], VIRTIO_SCSI_S_ABORTED),
	       "the command was answered before");
	tap_ok(in[1][0] == SCSI_DATA_PATTERN, "and none of its data was written");
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_ABORT_TASK, &cmd[1], WAIT) ==
	       VIRTIO_SCSI_S_OK, "once more, when it is gone");
	finish("ABORT TASK");
	tap_ok(scsicmd_good(&cmd[0]) && scsicmd_good(&cmd[2]) && scsicmd_good(&cmd[3]),
	       "the others ended well");
}

/* The agent cannot let go of a command yet: so the function has to wait. */
static void waits(uint32_t subtype, uint8_t ends, const char *what)
{
	struct scsictl c = { .subtype = subtype, .tag = cmd[0].tag };

	hold();
	disk.s->deaf = true;
	memcpy(c.lun, cmd[0].lun, 8);
	tap_ok(!scsidrv_ctl(&drv, &c) && !scsidrv_ctl_wait(&drv, &c, SHORT) && !nr_done(),
	       "%s waits for what the agent has", what);
	disk.s->deaf = false;
	tap_ok(scsidrv_ctl_wait(&drv, &c, WAIT) && c.response == VIRTIO_SCSI_S_OK &&
	       c.used == 1, "and is answered when that is over");
	tap_ok(nr_done() == N && all_answered(ends), "the commands before it");
	finish(what);
}

static void resets(void)
{
	uint32_t before = disk.s->resets;
	uint8_t lun[8];

	waits(VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, VIRTIO_SCSI_S_RESET, "LOGICAL UNIT RESET");
	scsi_lun(lun, 0, 0);
	tap_ok(disk.s->resets == before + 1 && !memcmp((void *)disk.s->reset_lun, lun, 8) &&
	       disk.s->reset_attr == VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, "the agent knows of it");

	/* Of the whole target: unit 1 is meant too. */
	before = disk.s->resets;
	hold();
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET, &cmd[0], WAIT) ==
	       VIRTIO_SCSI_S_OK, "I_T NEXUS RESET");
	nr_done();
	tap_ok(all_answered(VIRTIO_SCSI_S_RESET) &&
	       scsicmd_answered(&other, VIRTIO_SCSI_S_RESET), "every unit's commands");
	tap_ok(disk.s->resets == before + 1 &&
	       disk.s->reset_attr == VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET, "the agent knows of it");
	disk.s->hold = false;
	tap_ok(scsidrv_drain(&drv, 0, WAIT), "nothing is left");
}

/* ---- nobody has them ---- */

static void away(void)
{
	const uint32_t before = disk.s->resets;
	struct scsicmd late;

	ramdisk_kill(&disk);
	submit();
	usleep(50000);
	tap_ok(!nr_done(), "without an agent commands wait");
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_ABORT_TASK, &cmd[2], WAIT) ==
	       VIRTIO_SCSI_S_OK && nr_done() == 1 &&
	       scsicmd_answered(&cmd[2], VIRTIO_SCSI_S_ABORTED), "ABORT TASK of one that waits");

	/* Behind those that wait this one is not even taken from the ring. */
	scsicmd_to(&late, 0, 0);
	scsicmd_ready(&late);
	late.tag = 555;
	if (scsidrv_submit(&drv, 0, &late))
		tap_bail("submit");
	scsidrv_flush(&drv, 0);
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_QUERY_TASK, &late, WAIT) ==
	       VIRTIO_SCSI_S_FUNCTION_SUCCEEDED, "QUERY TASK finds one in the ring");
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_ABORT_TASK, &late, WAIT) ==
	       VIRTIO_SCSI_S_OK, "ABORT TASK of it");
	nr_done();
	tap_ok(scsicmd_answered(&late, VIRTIO_SCSI_S_ABORTED), "and it is over");

	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, &cmd[0], WAIT) ==
	       VIRTIO_SCSI_S_OK, "LOGICAL UNIT RESET without an agent");
	tap_ok(nr_done() == N && scsicmd_answered(&cmd[0], VIRTIO_SCSI_S_RESET) &&
	       scsicmd_answered(&cmd[3], VIRTIO_SCSI_S_RESET), "ends what waits");
	tap_ok(disk.s->resets == before, "nobody heard of it");
	ramdisk_start(&disk);
	tap_ok(ramdisk_reaches(&disk.s->resets, before + 1), "but the next agent does");
	finish("the next agent");
}

/* The agent dies with what a function waits for: it is answered nevertheless. */
static void dies(void)
{
	struct scsictl c = { .subtype = VIRTIO_SCSI_T_TMF_ABORT_TASK_SET };

	hold();
	disk.s->deaf = true;
	memcpy(c.lun, cmd[0].lun, 8);
	tap_ok(!scsidrv_ctl(&drv, &c) && !scsidrv_ctl_wait(&drv, &c, SHORT), "a function waits");
	ramdisk_kill(&disk);
	tap_ok(scsidrv_ctl_wait(&drv, &c, WAIT) && c.response == VIRTIO_SCSI_S_OK,
	       "and is answered when the agent dies");
	nr_done();
	tap_ok(all_answered(VIRTIO_SCSI_S_ABORTED), "after its commands");
	disk.s->hold = false;
	disk.s->deaf = false;
	ramdisk_start(&disk);
	finish("an agent that died");
}

/* An agent that hears of a reset and says nothing keeps the guest waiting until it dies. */
static void dies_of_reset(void)
{
	struct scsictl c = { .subtype = VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET };

	disk.s->hold = true;
	disk.s->deaf = true;
	scsi_lun(c.lun, 0, 0);
	tap_ok(!scsidrv_ctl(&drv, &c) && !scsidrv_ctl_wait(&drv, &c, SHORT),
	       "a reset waits for the agent to know");
	ramdisk_kill(&disk);
	tap_ok(scsidrv_ctl_wait(&drv, &c, WAIT) && c.response == VIRTIO_SCSI_S_OK,
	       "but not for the next agent");
	disk.s->hold = false;
	disk.s->deaf = false;
	ramdisk_start(&disk);
}

/* More than the host has under way at once: all are answered. */
static void many(void)
{
	static struct scsictl c[64];
	unsigned int i, n = 0;

	hold();
	disk.s->deaf = true;
	for (i = 0; i < 64; i++) {
		c[i] = (struct scsictl){ .subtype = VIRTIO_SCSI_T_TMF_ABORT_TASK_SET };
		memcpy(c[i].lun, cmd[0].lun, 8);
		if (scsidrv_ctl(&drv, &c[i]))
			tap_bail("64 functions");
	}
	tap_ok(!scsidrv_ctl_wait(&drv, &c[0], SHORT), "many functions wait");
	disk.s->deaf = false;
	for (i = 0; i < 64; i++)
		n += scsidrv_ctl_wait(&drv, &c[i], WAIT) && c[i].response == VIRTIO_SCSI_S_OK;
	tap_ok(n == 64, "and all are answered (%u)", n);
	finish("many functions");
}

/* ---- what is no function ---- */

static bool ctl(struct scsictl *c)
{
	return !scsidrv_ctl(&drv, c) && scsidrv_ctl_wait(&drv, c, WAIT);
}

static void others(void)
{
	struct scsictl c = { .type = VIRTIO_SCSI_T_AN_QUERY, .events = 0x7e };

	scsi_lun(c.lun, 0, 0);
	tap_ok(ctl(&c) && c.response == VIRTIO_SCSI_S_OK && !c.actual && c.used == 5, "AN QUERY");
	c.type = VIRTIO_SCSI_T_AN_SUBSCRIBE;
	tap_ok(ctl(&c) && c.response == VIRTIO_SCSI_S_OK && !c.actual && c.used == 5,
	       "AN SUBSCRIBE");
	c.type = 77;
	tap_ok(ctl(&c) && !c.used, "what nobody knows goes back");
	c.type = VIRTIO_SCSI_T_TMF;
	c.subtype = VIRTIO_SCSI_T_TMF_CLEAR_ACA;
	tap_ok(ctl(&c) && c.response == VIRTIO_SCSI_S_FUNCTION_REJECTED, "CLEAR ACA");
	c.subtype = 99;
	tap_ok(ctl(&c) && c.response == VIRTIO_SCSI_S_FUNCTION_REJECTED, "no such function");
	c.subtype = VIRTIO_SCSI_T_TMF_ABORT_TASK_SET;
	memset(c.lun, 0xee, 8);
	tap_ok(ctl(&c) && c.response == VIRTIO_SCSI_S_BAD_TARGET, "of no target");
	scsi_lun(c.lun, 0, 0);
	c.req_len = 23;
	tap_ok(ctl(&c) && !c.used, "a byte short");
	c.req_len = 0;
	c.resp_len = SCSICMD_NONE;
	tap_ok(ctl(&c) && !c.used, "no room for a response");
}

static void events(void)
{
	uint32_t on = 1, missed = 9;
	struct virtio_scsi_event ev;

	tap_ok(!scsidrv_event(&drv, &ev, SHORT), "no event without a reason");
	tap_ok(!guest_ioctl(drv.g.fd, VHOST_SCSI_SET_EVENTS_MISSED, &on) &&
	       scsidrv_event(&drv, &ev, WAIT) == 1 && ev.event == VIRTIO_SCSI_T_EVENTS_MISSED,
	       "a guest is told that it missed some");
	tap_ok(!guest_ioctl(drv.g.fd, VHOST_SCSI_GET_EVENTS_MISSED, &missed) && !missed,
	       "which it then knows");
}

int main(void)
{
	int r;

	if (!scsidrv_is_vhx())
		tap_skip_all("%s has no agent", scsidrv_node());
	ramdisk_open(&disk);
	r = scsidrv_open(&drv, &(struct scsidrv_opt){ .wwpn = WWPN });
	if (!r)
		r = scsidrv_start(&drv);
	if (r)
		tap_bail("a guest on %s: %s", scsidrv_node(), strerror(-r));
	queries();
	abort_task();
	waits(VIRTIO_SCSI_T_TMF_ABORT_TASK_SET, VIRTIO_SCSI_S_ABORTED, "ABORT TASK SET");
	waits(VIRTIO_SCSI_T_TMF_CLEAR_TASK_SET, VIRTIO_SCSI_S_ABORTED, "CLEAR TASK SET");
	resets();
	away();
	dies();
	dies_of_reset();
	many();
	others();
	events();
	tap_ok(!scsidrv_stop(&drv), "stopped");
	scsidrv_close(&drv);
	ramdisk_close(&disk);
	return tap_done();
}
