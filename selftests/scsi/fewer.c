// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that has fewer queues than the one before it on the same fd, as firmware has after a
 * kernel that was rebooted: QEMU sets up those that there are, and the rings of the others are
 * memory for anything.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ramdisk.h"
#include "rnd.h"
#include "scsidrv.h"
#include "tap.h"

#define WWPN	"naa.5001405abcdef00b"
#define WAIT	10000
#define QUEUES	3

static struct ramdisk disk = { .name = WWPN };
static struct scsidrv drv;

static bool reads(unsigned int queue)
{
	static uint8_t data[4096];
	struct scsicmd cmd;

	scsicmd_to(&cmd, 0, 0);
	scsicmd_read(&cmd, 8 * queue, 8);
	cmd.in = data;
	cmd.in_len = sizeof(data);
	if (scsidrv_submit(&drv, queue, &cmd))
		tap_bail("submit");
	scsidrv_flush(&drv, queue);
	return scsidrv_drain(&drv, queue, WAIT) && scsicmd_good(&cmd) &&
	       !memcmp(disk.data + 4096 * queue, data, sizeof(data));
}

static bool all_read(unsigned int queues)
{
	bool good = true;
	unsigned int i;

	for (i = 0; i < queues; i++)
		good = reads(i) && good;
	return good;
}

/* What the next guest does with that memory. */
static void scribble(struct ring *r)
{
	uint8_t *desc = (uint8_t *)r->desc, *avail = (uint8_t *)r->avail;
	uint32_t i;

	for (i = 0; i < r->num * sizeof(*r->desc); i++)
		desc[i] = rnd();
	for (i = 0; i < 4; i++)
		avail[i] = 0xa0 + rnd_range(1, 15);
}

/* One request queue alone is set up. */
static int boot_small(void)
{
	const unsigned int q = SCSI_REQ;
	unsigned int i;
	int r;

	for (i = 0; i < drv.g.nvq; i++)
		if (i != q)
			scribble(&drv.q[i].vq->ring);
	ring_reset(&drv.q[q].vq->ring, 0);
	r = guest_setup_vq(&drv.g, q, BASE_BEGIN);
	return r ? r : scsidrv_set_endpoint(&drv);
}

static bool nobody_complains(void)
{
	bool quiet = true;
	unsigned int i;

	for (i = 0; i < drv.g.nvq; i++)
		quiet = !vq_err(drv.q[i].vq, 0) && quiet;
	return quiet;
}

static void run(uint64_t more, const char *what)
{
	const struct scsidrv_opt opt = {
		.features = F_SCSI_MODERN | more, .queues = QUEUES, .wwpn = WWPN,
	};
	int r = scsidrv_open(&drv, &opt);

	if (r)
		tap_bail("a guest on %s: %s", scsidrv_node(), strerror(-r));
	tap_ok(!scsidrv_start(&drv) && all_read(QUEUES), "%s: a guest has %u request queues",
	       what, QUEUES);
	tap_ok(!scsidrv_stop(&drv), "%s: it ends", what);
	tap_ok(!boot_small() && reads(0), "%s: the next has one", what);
	tap_ok(!scsidrv_stop(&drv) && nobody_complains(),
	       "%s: and what were rings before are looked at by nobody", what);
	tap_ok(!scsidrv_reset(&drv) && !scsidrv_start(&drv) && all_read(QUEUES) &&
	       nobody_complains(), "%s: the one after it has them all", what);
	tap_ok(!scsidrv_clear_endpoint(&drv) && !scsidrv_set_endpoint(&drv) && all_read(QUEUES),
	       "%s: a VMM that only stops and starts sets nothing up", what);
	tap_ok(!scsidrv_stop(&drv), "%s: stopped", what);
	scsidrv_close(&drv);
}

int main(void)
{
	if (!scsidrv_is_vhx())
		tap_skip_all("%s looks at the rings", scsidrv_node());
	rnd_start();
	ramdisk_open(&disk);
	run(0, "split");
	run(F_PACKED, "packed");
	ramdisk_close(&disk);
	return tap_done();
}
