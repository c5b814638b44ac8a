// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that does not keep to the rules: requests that are cut short, data that is nowhere, tags
 * given twice, rings that are no rings. It harms itself: others go on, and the VMM can stop the
 * device.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ramdisk.h"
#include "rnd.h"
#include "scsidrv.h"
#include "tap.h"

#define WWPN	"naa.5001405abcdef004"
#define WAIT	5000
#define RESP	((uint32_t)sizeof(struct virtio_scsi_cmd_resp))
#define HEAD	((uint32_t)sizeof(struct virtio_scsi_cmd_req))
#define NOWHERE	0x10ULL		/* no memory of the guest's is there */
#define FUZZ	2000

static struct ramdisk disk = { .name = WWPN };
static struct scsidrv drv;
static struct scsicmd cmd;
static uint8_t buf[65536];

static void begin(uint64_t features)
{
	const struct scsidrv_opt opt = { .wwpn = WWPN, .features = features, .queues = 2 };
	int r = scsidrv_open(&drv, &opt);

	if (!r)
		r = scsidrv_start(&drv);
	if (r)
		tap_bail("a guest on %s: %s", scsidrv_node(), strerror(-r));
}

static void end(const char *what)
{
	int r = scsidrv_clear_endpoint(&drv);

	tap_ok(!r, "%s: the device can be stopped (%s)", what, strerror(-r));
	scsidrv_close(&drv);
}

static bool alive(unsigned int q)
{
	static struct scsicmd c;

	scsicmd_to(&c, 0, 0);
	scsicmd_ready(&c);
	return !scsidrv_run(&drv, q, &c, WAIT) && scsicmd_good(&c);
}

static void run(const char *what)
{
	int r = scsidrv_run(&drv, 0, &cmd, WAIT);

	if (r)
		tap_bail("%s: %s", what, strerror(-r));
}

/* ---- requests ---- */

static void cut_short(void)
{
	uint32_t len;
	bool good = true;

	for (len = 1; len < HEAD && good; len++) {
		scsicmd_to(&cmd, 0, 0);
		scsicmd_ready(&cmd);
		cmd.head_len = len;
		run("a short head");
		good = !cmd.used && cmd.resp.response == 0xff;
	}
	tap_ok(good, "heads of 1 to %u bytes go back, nothing is written", len - 1);
	for (len = 1; len < RESP && good; len++) {
		scsicmd_to(&cmd, 0, 0);
		scsicmd_ready(&cmd);
		cmd.resp_len = len;
		run("no room");
		good = !cmd.used;
	}
	tap_ok(good, "likewise with room for 1 to %u bytes of a response", len - 1);
	scsicmd_to(&cmd, 0, 0);
	scsicmd_ready(&cmd);
	cmd.head_len = SCSICMD_NONE;
	run("no head");
	tap_ok(!cmd.used, "no head at all");
	scsicmd_to(&cmd, 0, 0);
	scsicmd_ready(&cmd);
	cmd.resp_len = SCSICMD_NONE;
	run("no response");
	tap_ok(!cmd.used, "no room at all");
	tap_ok(alive(0), "and the queue lives");
}

static void nowhere(void)
{
	const struct sg sg = { NOWHERE, 512 };
	const struct sg end_of = { MEM_GPA + drv.mem.size - 256, 512 };

	scsicmd_to(&cmd, 0, 0);
	scsicmd_read(&cmd, 0, 1);
	cmd.in_sg = &sg;
	cmd.in_nsg = 1;
	run("data nowhere");
	tap_ok(scsicmd_answered(&cmd, VIRTIO_SCSI_S_FAILURE), "a read to no memory");
	scsicmd_to(&cmd, 0, 0);
	scsicmd_write(&cmd, 0, 1);
	cmd.out_sg = &sg;
	cmd.out_nsg = 1;
	run("data nowhere");
	tap_ok(scsicmd_answered(&cmd, VIRTIO_SCSI_S_FAILURE), "a write from no memory");
	scsicmd_to(&cmd, 0, 0);
	scsicmd_write(&cmd, 0, 1);
	cmd.out_sg = &end_of;
	cmd.out_nsg = 1;
	run("data nowhere");
	tap_ok(scsicmd_answered(&cmd, VIRTIO_SCSI_S_FAILURE), "one from the end of it");
	tap_ok(alive(0), "the queue lives");
}

static void same_tag(void)
{
	static struct scsicmd c[2];
	uint32_t fetched = disk.s->fetched;
	unsigned int i;

	disk.s->hold = true;
	for (i = 0; i < 2; i++) {
		scsicmd_to(&c[i], 0, 0);
		scsicmd_ready(&c[i]);
		c[i].tag = 7;
		if (scsidrv_submit(&drv, 0, &c[i]))
			tap_bail("submit");
	}
	scsidrv_flush(&drv, 0);
	ramdisk_reaches(&disk.s->fetched, fetched + 2);
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_ABORT_TASK, &c[0], WAIT) ==
	       VIRTIO_SCSI_S_OK, "ABORT TASK of a tag given twice");
	scsidrv_reap(&drv, 0);
	tap_ok(scsicmd_answered(&c[0], VIRTIO_SCSI_S_ABORTED) &&
	       scsicmd_answered(&c[1], VIRTIO_SCSI_S_ABORTED), "means both");
	disk.s->hold = false;
}

/* Anything: it has to come back, all of it, and the agent with it. */
static void fuzz(void)
{
	unsigned int i, k;
	int r = 0;

	for (i = 0; i < FUZZ && !r; i++) {
		scsicmd_to(&cmd, rnd_range(0, 1), rnd_range(0, 1));
		for (k = 0; k < sizeof(cmd.cdb); k++)
			cmd.cdb[k] = rnd();
		if (rnd_range(0, 1))
			scsicmd_read(&cmd, rnd_range(0, 64), rnd_range(0, 256));
		if (!rnd_range(0, 3))
			cmd.lun[rnd_range(0, 7)] = rnd();
		cmd.attr = rnd();
		cmd.prio = rnd();
		cmd.out = buf;
		cmd.out_len = rnd_range(0, 2) ? 0 : rnd_range(1, 8192);
		cmd.in_len = rnd_range(0, 2) ? rnd_range(1, 8192) : 0;
		cmd.cut = rnd_range(0, 1) ? SCSICUT_RANDOM : SCSICUT_HEAD;
		cmd.head_len = rnd_range(0, 7) ? 0 : rnd_range(1, HEAD);
		cmd.resp_len = rnd_range(0, 7) ? 0 : rnd_range(1, RESP);
		r = scsidrv_run(&drv, 0, &cmd, WAIT);
	}
	tap_ok(!r && alive(0), "%u commands at random all come back (%s)", i, strerror(-r));
	tap_ok(!disk.s->refused, "and nothing that the agent could not answer");
}

static void requests(uint64_t features, const char *what)
{
	begin(features);
	tap_diag("%s", what);
	cut_short();
	nowhere();
	same_tag();
	fuzz();
	end(what);
}

/* ---- rings ---- */

/* The ring is illegal, with commands under way: nothing may wait for their answers. */
static void no_ring(void)
{
	struct vq *vq;
	uint32_t fetched = disk.s->fetched;
	static struct scsicmd c[4];
	unsigned int i;

	begin(0);
	disk.s->hold = true;
	for (i = 0; i < 4; i++) {
		scsicmd_to(&c[i], 0, 0);
		scsicmd_ready(&c[i]);
		if (scsidrv_submit(&drv, 0, &c[i]))
			tap_bail("submit");
	}
	scsidrv_flush(&drv, 0);
	ramdisk_reaches(&disk.s->fetched, fetched + 4);
	vq = drv.q[SCSI_REQ].vq;
	vq->ring.avail->idx += 1000;
	vq_kick(vq);
	tap_ok(vq_err(vq, WAIT), "an avail index that cannot be: the VMM is told");
	disk.s->hold = false;
	tap_ok(alive(1), "the other queue lives");
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_QUERY_TASK_SET, &c[0], WAIT) >= 0,
	       "functions are answered");
	end("a broken ring");
}

/* A head that is in the ring twice: two requests of one buffer. */
static void twice(void)
{
	struct ring *r;
	uint16_t used;
	int i;

	begin(0);
	r = &drv.q[SCSI_REQ].vq->ring;
	used = ring_used_idx(r);
	scsicmd_to(&cmd, 0, 0);
	scsicmd_ready(&cmd);
	if (scsidrv_submit(&drv, 0, &cmd))
		tap_bail("submit");
	r->avail->ring[r->avail_idx % r->num] = r->avail->ring[(r->avail_idx - 1) % r->num];
	r->avail_idx++;
	scsidrv_flush(&drv, 0);
	for (i = 0; i < WAIT && ring_used_idx(r) != (uint16_t)(used + 2); i++)
		usleep(1000);
	tap_ok(ring_used_idx(r) == (uint16_t)(used + 2), "a head twice in the ring ends twice");
	tap_ok(alive(1), "the other queue lives");
	end("a head twice");
}

static void features(void)
{
	uint64_t now, f;

	begin(0);
	now = drv.opt.features;
	f = now ^ F_EVENT_IDX;
	tap_ok(guest_ioctl(drv.g.fd, VHOST_SET_FEATURES, &f) == -EBUSY,
	       "features do not change under a guest");
	f = now ^ F_PACKED;
	tap_ok(guest_ioctl(drv.g.fd, VHOST_SET_FEATURES, &f) == -EBUSY, "nor the ring's format");
	tap_ok(!guest_ioctl(drv.g.fd, VHOST_SET_FEATURES, &now), "the same again are fine");
	tap_ok(alive(0), "it goes on");
	end("features");
}

int main(void)
{
	if (!scsidrv_is_vhx())
		tap_skip_all("%s has no agent", scsidrv_node());
	rnd_start();
	ramdisk_open(&disk);
	requests(F_SCSI_MODERN, "split");
	requests(F_SCSI_MODERN | F_PACKED, "packed");
	no_ring();
	twice();
	features();
	ramdisk_close(&disk);
	return tap_done();
}
