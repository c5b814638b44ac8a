// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent hears when a guest begins anew, or another does, before anything else of it; and not
 * when one goes on.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ramdisk.h"
#include "scsidrv.h"
#include "tap.h"

#define WWPN	"naa.5001405abcdef00a"
#define WAIT	10000
#define SHORT	200		/* for what must not happen */
#define QUEUES	3

static struct ramdisk disk = { .name = WWPN };
static struct scsidrv drv, other;
static uint64_t features;

static int open_host(struct scsidrv *d)
{
	return scsidrv_open(d, &(struct scsidrv_opt){ .wwpn = WWPN, .features = features });
}

static bool runs(struct scsidrv *d)
{
	struct scsicmd c;

	scsicmd_to(&c, 0, 0);
	scsicmd_ready(&c);
	return !scsidrv_run(d, 0, &c, WAIT) && scsicmd_good(&c);
}

/* How often the agent heard of it by now: the guest's command is behind it. */
static void heard(struct scsidrv *d, uint32_t times, const char *what)
{
	static uint32_t before;
	bool ok = runs(d);

	if (!tap_ok(ok && disk.s->begun == before + times, "%s: the agent hears of %s", what,
		    times ? "it" : "nothing"))
		tap_diag("%d, %u times", ok, disk.s->begun - before);
	before = disk.s->begun;
}

static void test_life(void)
{
	tap_ok(!open_host(&drv) && !scsidrv_start(&drv), "a guest starts");
	heard(&drv, 1, "a start");
	heard(&drv, 0, "a command");
	tap_ok(!scsidrv_stop(&drv) && !scsidrv_resume(&drv), "it is paused, and goes on");
	heard(&drv, 0, "a pause");
	tap_ok(!scsidrv_stop(&drv) && !scsidrv_reset(&drv) && !scsidrv_start(&drv), "it boots");
	heard(&drv, 1, "a boot");
	scsidrv_close(&drv);
	tap_ok(!open_host(&drv) && !scsidrv_start(&drv), "another VMM");
	heard(&drv, 1, "another VMM");
	tap_ok(!scsidrv_stop(&drv), "stopped");
	tap_ok(!open_host(&other) && !scsidrv_start(&other), "while it is paused another one comes");
	heard(&other, 1, "another beside it");
	scsidrv_close(&other);
	tap_ok(!scsidrv_resume(&drv), "the first goes on");
	heard(&drv, 1, "a return");
	tap_ok(!scsidrv_stop(&drv) && !scsidrv_resume(&drv), "it is paused, and goes on");
	heard(&drv, 0, "a pause");
	scsidrv_close(&drv);
}

/* Its rings stand where they stood elsewhere. */
static int arrive(struct scsidrv *d, uint32_t at)
{
	uint32_t base;
	unsigned int i;
	int r = 0;

	if (d->q[SCSI_REQ].vq->ring.packed)
		at |= RING_START;
	for (i = 0; i < d->g.nvq && !r; i++) {
		ring_reset(&d->q[i].vq->ring, i == SCSI_REQ ? at : 0);
		base = ring_base(&d->q[i].vq->ring);
		r = guest_setup_vq(&d->g, i, base);
	}
	return r ? r : scsidrv_set_endpoint(d);
}

static void test_migration(void)
{
	tap_ok(!open_host(&drv) && !arrive(&drv, 7), "a guest comes from elsewhere");
	heard(&drv, 1, "its arrival where another was");
	tap_ok(!scsidrv_stop(&drv), "it goes to another VMM");
	tap_ok(!open_host(&other) && !arrive(&other, 9), "which has it");
	heard(&other, 0, "that");
	scsidrv_close(&other);
	tap_ok(!scsidrv_resume(&drv), "and does not: it goes on where it was");
	heard(&drv, 0, "nor of that");
	tap_ok(!scsidrv_stop(&drv), "it goes to another machine");
	scsidrv_close(&drv);
	tap_ok(!open_host(&drv) && !arrive(&drv, 11), "and comes back");
	heard(&drv, 1, "a return: it was not there to be told");
	scsidrv_close(&drv);
}

/* From one VMM to another of the same machine: who has it is the same guest, whoever goes when. */
static void test_handover(void)
{
	tap_ok(!open_host(&drv) && !scsidrv_start(&drv), "a guest starts");
	heard(&drv, 1, "a start");
	tap_ok(!scsidrv_stop(&drv) && !open_host(&other) && !arrive(&other, 5),
	       "it goes to another VMM");
	scsidrv_close(&drv);
	heard(&other, 0, "that, and that the first is gone");
	tap_ok(!open_host(&drv) && !scsidrv_stop(&other) && !arrive(&drv, 6), "and to a third");
	tap_ok(!scsidrv_stop(&drv), "which is paused");
	scsidrv_close(&other);
	tap_ok(!scsidrv_resume(&drv), "while the second goes");
	heard(&drv, 0, "a pause, and that the second is gone");
	tap_ok(!scsidrv_stop(&drv) && !scsidrv_reset(&drv) && !scsidrv_start(&drv), "it boots");
	heard(&drv, 1, "a boot");
	tap_ok(!scsidrv_stop(&drv), "it is stopped");
	if (guest_ioctl(drv.g.fd, VHOST_RESET_OWNER, NULL))
		tap_bail("RESET_OWNER");
	tap_ok(!open_host(&other) && !arrive(&other, 3), "and disowned; a guest comes from elsewhere");
	heard(&other, 1, "its arrival");
	scsidrv_close(&other);
	scsidrv_close(&drv);
}

/* What comes first when nobody answers, or nobody is there. */
static void test_first(void)
{
	const uint32_t fetched = disk.s->fetched, begun = disk.s->begun;
	struct scsicmd c, about;

	disk.s->slow = true;
	tap_ok(!open_host(&drv) && !scsidrv_start(&drv), "a guest starts");
	scsicmd_to(&c, 0, 0);
	scsicmd_ready(&c);
	tap_ok(!scsidrv_submit(&drv, 0, &c), "and asks for something");
	scsidrv_flush(&drv, 0);
	tap_ok(ramdisk_reaches(&disk.s->begun, begun + 1), "the agent hears of it, and says nothing");
	usleep(SHORT * 1000);
	tap_ok(disk.s->fetched == fetched && !scsidrv_reap(&drv, 0) && !c.done,
	       "it gets nothing else");
	scsicmd_to(&about, 0, 0);
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, &about, WAIT) ==
	       VIRTIO_SCSI_S_OK && scsidrv_wait(&drv, 0, &c, WAIT) &&
	       scsicmd_answered(&c, VIRTIO_SCSI_S_RESET), "task management is answered");
	scsicmd_to(&c, 0, 0);
	scsicmd_ready(&c);
	scsidrv_submit(&drv, 0, &c);
	scsidrv_flush(&drv, 0);
	ramdisk_kill(&disk);
	ramdisk_start(&disk);
	tap_ok(ramdisk_reaches(&disk.s->begun, begun + 2) && disk.s->begun_again,
	       "it dies: the next hears of it again");
	usleep(SHORT * 1000);
	tap_ok(disk.s->fetched == fetched && !scsidrv_reap(&drv, 0) && !c.done, "and first");
	disk.s->slow = false;
	tap_ok(scsidrv_wait(&drv, 0, &c, WAIT) && scsicmd_good(&c), "once it answered, the rest");
	tap_ok(disk.s->begun == begun + 2, "and no more of it");
	heard(&drv, 2, "all that");
	scsidrv_close(&drv);
}

/* A VMM is gone with the agent busy hearing of it: the next need not be told apart from it. */
static void test_gone(bool kill_agent)
{
	const uint32_t begun = disk.s->begun, fetched = disk.s->fetched;
	const uint32_t times = 1 + kill_agent;

	disk.s->slow = true;
	tap_ok(!open_host(&drv) && !scsidrv_start(&drv) &&
	       ramdisk_reaches(&disk.s->begun, begun + 1), "the agent hears of a guest");
	scsidrv_close(&drv);
	tap_ok(!open_host(&drv) && !scsidrv_start(&drv), "which is gone, and another comes");
	if (kill_agent) {
		ramdisk_kill(&disk);
		ramdisk_start(&disk);
	}
	tap_ok(ramdisk_reaches(&disk.s->begun, begun + times), "the agent %s",
	       kill_agent ? "as well" : "stays");
	usleep(SHORT * 1000);
	tap_ok(disk.s->fetched == fetched && disk.s->begun == begun + times,
	       "nothing is given out before it answered");
	disk.s->slow = false;
	heard(&drv, times, "both");
	scsidrv_close(&drv);
}

/* With nobody to tell, it is remembered; a stop does not wait for it. */
static void test_nobody(void)
{
	const uint32_t begun = disk.s->begun;

	ramdisk_kill(&disk);
	tap_ok(!open_host(&drv) && !scsidrv_start(&drv), "without an agent a guest starts");
	usleep(SHORT * 1000);
	tap_ok(!scsidrv_stop(&drv) && !scsidrv_resume(&drv), "is paused, and goes on");
	scsidrv_close(&drv);
	tap_ok(!open_host(&drv) && !arrive(&drv, 3), "another one comes from elsewhere");
	ramdisk_start(&disk);
	heard(&drv, 1, "the first");
	tap_ok(disk.s->begun == begun + 1, "once");
	scsidrv_close(&drv);
}

/* Firmware sets up one request queue and nothing else. */
static void test_firmware(void)
{
	struct vhost_vring_addr addr = { 0 };
	int r;

	r = open_host(&drv);
	for (addr.index = 0; addr.index < SCSI_REQ && !r; addr.index++)
		r = guest_ioctl(drv.g.fd, VHOST_SET_VRING_ADDR, &addr);
	tap_ok(!r && !scsidrv_set_endpoint(&drv), "a guest with a request queue alone starts");
	heard(&drv, 1, "it");
	tap_ok(!scsidrv_stop(&drv) && !scsidrv_reset(&drv) && !scsidrv_start(&drv),
	       "its system has all of them");
	heard(&drv, 1, "the system");
	scsidrv_close(&drv);
}

static void break_ring(struct scsidrv *d, unsigned int vq)
{
	d->q[vq].vq->ring.avail->idx += 1000;
	vq_kick(d->q[vq].vq);
	if (!vq_err(d->q[vq].vq, WAIT))
		tap_bail("queue %u does not break", vq);
}

/*
 * Whichever queue's request it is, a guest that breaks that queue has the others nevertheless; so
 * all but one are broken, each in its turn.
 */
static void test_broken(bool answered)
{
	unsigned int left, vq;

	for (left = 0; left < QUEUES; left++) {
		const uint32_t begun = disk.s->begun;
		struct scsicmd c;

		disk.s->slow = true;
		if (scsidrv_open(&drv, &(struct scsidrv_opt){ .wwpn = WWPN, .features = features,
							      .queues = QUEUES }) ||
		    scsidrv_start(&drv) || !ramdisk_reaches(&disk.s->begun, begun + 1))
			tap_bail("a guest with %u queues", QUEUES);
		for (vq = 0; vq < SCSI_REQ + QUEUES; vq++)
			if (vq != SCSI_CTL + 1 && vq != SCSI_REQ + left)
				break_ring(&drv, vq);
		if (!answered) {
			ramdisk_kill(&disk);
			ramdisk_start(&disk);
		}
		disk.s->slow = false;
		scsicmd_to(&c, 0, 0);
		scsicmd_ready(&c);
		tap_ok(!scsidrv_run(&drv, left, &c, WAIT) && scsicmd_good(&c),
		       "all queues but request queue %u are broken: it goes on%s", left,
		       answered ? "" : ", with another agent");
		scsidrv_close(&drv);
	}
}

static void run(uint64_t f)
{
	features = f;
	tap_diag("features %#llx", (unsigned long long)f);
	test_life();
	test_migration();
	test_handover();
	test_first();
	test_gone(false);
	test_gone(true);
	test_nobody();
	test_firmware();
}

int main(void)
{
	if (!scsidrv_is_vhx())
		tap_skip_all("%s has no agent", scsidrv_node());
	ramdisk_open(&disk);
	run(F_SCSI_MODERN);
	run(F_SCSI_MODERN | F_PACKED);
	features = F_SCSI_MODERN;
	test_broken(true);
	test_broken(false);
	tap_ok(!disk.s->refused, "no answer was refused");
	ramdisk_close(&disk);
	return tap_done();
}
