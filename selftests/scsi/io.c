// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands through a host to an agent and back: data of every size, in descriptors cut in every
 * way, over every kind of ring; residuals, used lengths, sense; more than the pool has room for, and
 * as many as the ring.
 */
#include <stdlib.h>
#include <string.h>

#include "ramdisk.h"
#include "rnd.h"
#include "scsidrv.h"
#include "tap.h"

#define WWPN		"naa.5001405abcdef001"
#define WAIT		5000
#define DATA		(512u << 10)
#define RESP		((uint32_t)sizeof(struct virtio_scsi_cmd_resp))

static struct ramdisk disk = { .name = WWPN, .queues = 2 };
static uint8_t sent[DATA], got[DATA];

static void fill(uint8_t *to, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		to[i] = rnd();
}

static bool run(struct scsidrv *d, struct scsicmd *c)
{
	int r = scsidrv_run(d, 0, c, WAIT);

	if (r)
		tap_diag("command %#x: %s", c->cdb[0], strerror(-r));
	return !r;
}

static void open_host(struct scsidrv *d, const struct scsidrv_opt *opt)
{
	struct scsidrv_opt o = *opt;
	int r;

	o.wwpn = WWPN;
	r = scsidrv_open(d, &o);
	if (!r)
		r = scsidrv_start(d);
	if (r)
		tap_bail("a guest on %s: %s", scsidrv_node(), strerror(-r));
}

static void close_host(struct scsidrv *d, const char *what)
{
	int r = scsidrv_stop(d);

	tap_ok(!r, "%s: stopped (%s)", what, strerror(-r));
	/* The event queue has buffers that nobody asked for. */
	tap_ok(d->base[SCSI_REQ] == ring_base(&d->q[SCSI_REQ].vq->ring) &&
	       d->base[SCSI_CTL] == ring_base(&d->q[SCSI_CTL].vq->ring),
	       "%s: where it stopped is where the guest is", what);
	scsidrv_close(d);
}

/* ---- one command ---- */

static void answers(struct scsidrv *d)
{
	static struct scsicmd c;
	uint8_t buf[96];

	scsicmd_to(&c, 0, 0);
	scsicmd_ready(&c);
	tap_ok(run(d, &c) && scsicmd_good(&c) && c.used == RESP, "TEST UNIT READY");

	scsicmd_to(&c, 0, 0);
	scsicmd_inquiry(&c, buf, 36);
	tap_ok(run(d, &c) && scsicmd_good(&c) && c.used == RESP + 36 && !c.resp.resid &&
	       !memcmp(buf + 8, "VHX     ", 8), "INQUIRY");

	scsicmd_to(&c, 0, 0);
	scsicmd_inquiry(&c, buf, 96);
	tap_ok(run(d, &c) && scsicmd_good(&c) && c.used == RESP + 36 && c.resp.resid == 60 &&
	       buf[36] == SCSI_DATA_PATTERN && buf[95] == SCSI_DATA_PATTERN,
	       "with more room than there is to say: residual %u, used %u", c.resp.resid, c.used);

	scsicmd_to(&c, 0, 0);
	scsicmd_inquiry(&c, buf, 5);
	tap_ok(run(d, &c) && scsicmd_good(&c) && c.used == RESP + 5 && !c.resp.resid,
	       "with less");

	scsicmd_to(&c, 0, 0);
	c.cdb[0] = 0xee;
	tap_ok(run(d, &c) && scsicmd_sense(&c, 5, 0x2000) && c.used == RESP,
	       "sense of a command that there is not");
	scsicmd_to(&c, 0, 3);
	scsicmd_ready(&c);
	tap_ok(run(d, &c) && scsicmd_sense(&c, 5, 0x2500), "no such logical unit");
	scsicmd_to(&c, 7, 0);
	scsicmd_ready(&c);
	tap_ok(run(d, &c) && scsicmd_answered(&c, VIRTIO_SCSI_S_BAD_TARGET) && !c.resp.status,
	       "no such target");
	scsicmd_to(&c, 0, 0);
	memset(c.lun, 0xff, sizeof(c.lun));
	tap_ok(run(d, &c) && scsicmd_answered(&c, VIRTIO_SCSI_S_BAD_TARGET),
	       "an address that is none");
}

static void residuals(struct scsidrv *d)
{
	static struct scsicmd c;

	fill(sent, 4096);
	memset(disk.data, 0, 4096);
	scsicmd_to(&c, 0, 0);
	scsicmd_write(&c, 0, 4);
	c.out = sent;
	c.out_len = 4096;
	tap_ok(run(d, &c) && scsicmd_good(&c) && c.resp.resid == 2048 && c.used == RESP &&
	       !memcmp(disk.data, sent, 2048) && !disk.data[2048],
	       "a write of more than it says: residual %u", c.resp.resid);

	scsicmd_to(&c, 0, 0);
	scsicmd_read(&c, 0, 4);
	c.in = got;
	c.in_len = 4096;
	tap_ok(run(d, &c) && scsicmd_good(&c) && c.resp.resid == 2048 && c.used == RESP + 2048 &&
	       !memcmp(got, sent, 2048) && got[2048] == SCSI_DATA_PATTERN,
	       "a read of more than it says: residual %u, used %u", c.resp.resid, c.used);

	scsicmd_to(&c, 0, 0);
	scsicmd_read(&c, disk.blocks, 1);
	c.in = got;
	c.in_len = 512;
	tap_ok(run(d, &c) && scsicmd_sense(&c, 5, 0x2100) && c.resp.resid == 512 && c.used == RESP,
	       "a read beyond the end");

	scsicmd_to(&c, 0, 0);
	scsicmd_write(&c, 0, 1);
	c.out = sent;
	c.out_len = 512;
	c.in = got;
	c.in_len = 512;
	tap_ok(run(d, &c) && scsicmd_answered(&c, VIRTIO_SCSI_S_FAILURE), "data both ways");
}

/* ---- data ---- */

static bool write_read(struct scsidrv *d, uint32_t blocks, uint32_t cut)
{
	const uint64_t lba = rnd_range(0, disk.blocks - blocks);
	const uint32_t len = blocks * RAMDISK_BLOCK;
	static struct scsicmd c;

	fill(sent, len);
	scsicmd_to(&c, 0, 0);
	scsicmd_write(&c, lba, blocks);
	c.out = sent;
	c.out_len = len;
	c.cut = cut;
	if (!run(d, &c) || !scsicmd_good(&c) || c.resp.resid || c.used != RESP ||
	    memcmp(disk.data + lba * RAMDISK_BLOCK, sent, len)) {
		tap_diag("write of %u blocks, cut %u: response %u, status %u, residual %u", blocks,
			 cut, c.resp.response, c.resp.status, c.resp.resid);
		return false;
	}
	scsicmd_to(&c, 0, 0);
	scsicmd_read(&c, lba, blocks);
	c.in = got;
	c.in_len = len;
	c.cut = cut;
	memset(got, 0, len);
	if (!run(d, &c) || !scsicmd_good(&c) || c.resp.resid || c.used != RESP + len ||
	    memcmp(got, sent, len)) {
		tap_diag("read of %u blocks, cut %u: response %u, status %u, used %u", blocks,
			 cut, c.resp.response, c.resp.status, c.used);
		return false;
	}
	return true;
}

static void sizes(struct scsidrv *d, const char *what)
{
	static const uint32_t cuts[] = {
		SCSICUT_HEAD, SCSICUT_ONE, SCSICUT_RANDOM, 50, 51, 107, 109, 512, 4096,
	};
	uint32_t blocks, len;
	unsigned int i;
	bool good = true;

	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		for (blocks = 1; blocks <= 128; blocks += blocks < 8 ? 1 : blocks / 2) {
			len = blocks * RAMDISK_BLOCK + RESP;
			/* What a table has room for. */
			if (cuts[i] && cuts[i] < DATA && 2 * len / cuts[i] > 60)
				continue;
			good = good && write_read(d, blocks, cuts[i]);
		}
	}
	tap_ok(good, "%s: data of every size, cut in every way", what);
}

/* More at once than the agent's quota. */
static void large(struct scsidrv *d, const char *what)
{
	const uint32_t before = disk.s->windows;

	tap_ok(write_read(d, DATA / RAMDISK_BLOCK, SCSICUT_HEAD) &&
	       write_read(d, DATA / RAMDISK_BLOCK - 1, SCSICUT_RANDOM),
	       "%s: more than the quota", what);
	tap_ok(disk.s->windows > before, "%s: came in windows (%u)", what,
	       disk.s->windows - before);
}

/* ---- many ---- */

#define MANY	256

static void deep(struct scsidrv *d, const char *what)
{
	static struct scsicmd c[MANY];
	static uint8_t in[MANY][RAMDISK_BLOCK];
	uint32_t n, i, round;
	bool good = true;

	fill(disk.data, MANY * RAMDISK_BLOCK);
	for (round = 0; round < 4 && good; round++) {
		for (n = 0; n < MANY; n++) {
			scsicmd_to(&c[n], 0, 0);
			scsicmd_read(&c[n], n, 1);
			c[n].in = in[n];
			c[n].in_len = RAMDISK_BLOCK;
			if (scsidrv_submit(d, 0, &c[n]))
				break;
		}
		scsidrv_flush(d, 0);
		good = n && scsidrv_drain(d, 0, WAIT);
		for (i = 0; i < n; i++)
			good = good && scsicmd_good(&c[i]) &&
			       !memcmp(in[i], disk.data + i * RAMDISK_BLOCK, RAMDISK_BLOCK);
	}
	tap_ok(good, "%s: %u at once", what, n);
}

static void queues(void)
{
	const struct scsidrv_opt opt = { .queues = 4, .data_size = DATA };
	static struct scsicmd c[4];
	static uint8_t in[4][4096];
	struct scsidrv d;
	unsigned int i, round;
	bool good = true;

	open_host(&d, &opt);
	tap_ok(!scsidrv_own_workers(&d), "four queues, with a worker each, while they run");
	fill(disk.data, 64 << 10);
	for (round = 0; round < 50 && good; round++) {
		for (i = 0; i < 4; i++) {
			scsicmd_to(&c[i], 0, 0);
			scsicmd_read(&c[i], 8 * i, 8);
			c[i].in = in[i];
			c[i].in_len = 4096;
			good = good && !scsidrv_submit(&d, i, &c[i]);
			scsidrv_flush(&d, i);
		}
		for (i = 0; i < 4; i++)
			good = good && scsidrv_wait(&d, i, &c[i], WAIT) && scsicmd_good(&c[i]) &&
			       !memcmp(in[i], disk.data + 4096 * i, 4096);
	}
	tap_ok(good, "each gets what it asked for");
	close_host(&d, "four queues");
}

/* ---- rings ---- */

static const struct {
	const char *what;
	uint64_t features;
} rings[] = {
	{ "split", F_SCSI_MODERN },
	{ "split, direct", F_V1 | F_EVENT_IDX },
	{ "split, legacy", F_NONE },
	{ "packed", F_SCSI_MODERN | F_PACKED },
	{ "packed, direct", F_V1 | F_PACKED },
};

static void over(unsigned int i)
{
	const struct scsidrv_opt opt = {
		.features = rings[i].features, .num = 128, .data_size = DATA,
	};
	struct scsidrv d;

	open_host(&d, &opt);
	if (!i) {
		answers(&d);
		residuals(&d);
	}
	sizes(&d, rings[i].what);
	large(&d, rings[i].what);
	deep(&d, rings[i].what);
	close_host(&d, rings[i].what);
}

int main(void)
{
	unsigned int i;

	if (!scsidrv_is_vhx())
		tap_skip_all("%s has no agent", scsidrv_node());
	rnd_start();
	disk.pool = 1 << 20;
	ramdisk_open(&disk);
	for (i = 0; i < sizeof(rings) / sizeof(rings[0]); i++)
		over(i);
	queues();
	tap_ok(!disk.s->refused, "the agent said nothing wrong");
	ramdisk_close(&disk);
	return tap_done();
}
