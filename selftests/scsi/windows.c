// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command that is larger than its endpoint's share of the pool goes in windows, and an agent that
 * dies between two of them has done those before: the next one is given the rest alone, and its
 * windows may be of another size.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ramdisk.h"
#include "rnd.h"
#include "scsidrv.h"
#include "tap.h"

#define WWPN	"naa.5001405abcdef008"
#define WAIT	10000
#define SIZE	(3u << 20)
#define POOL	(4u << 20)	/* a quarter of it is an endpoint's: three windows */
#define WINDOWS	3

static struct ramdisk disk = { .name = WWPN, .pool = POOL };
static struct scsidrv drv;
static struct scsicmd cmd;
static uint8_t *data;

static void begin(bool write, uint64_t lba)
{
	uint32_t i;

	scsicmd_to(&cmd, 0, 0);
	if (write) {
		for (i = 0; i < SIZE; i += 4)
			*(uint32_t *)(data + i) = rnd();
		scsicmd_write(&cmd, lba, SIZE / RAMDISK_BLOCK);
		cmd.out = data;
		cmd.out_len = SIZE;
	} else {
		memset(data, 0, SIZE);
		scsicmd_read(&cmd, lba, SIZE / RAMDISK_BLOCK);
		cmd.in = data;
		cmd.in_len = SIZE;
	}
	if (scsidrv_submit(&drv, 0, &cmd))
		tap_bail("submit");
	scsidrv_flush(&drv, 0);
}

static bool is_right(uint64_t lba)
{
	return scsicmd_good(&cmd) && !cmd.resp.resid &&
	       !memcmp(disk.data + lba * RAMDISK_BLOCK, data, SIZE);
}

/*
 * The agent dies once it has answered @done windows, with the next one in its hands. What was written
 * before is spoiled on the disk meanwhile: whoever writes that again would be seen.
 */
static void dies(bool write, uint32_t done, uint32_t pool)
{
	const uint32_t again = disk.s->again, fetched = disk.s->fetched;
	const uint32_t window = POOL / 4, rest = SIZE - done * window;
	const char *what = write ? "a write" : "a read";
	const uint64_t lba = rnd_range(0, 100);
	uint32_t more;

	/* Of none: they are held from the first on. */
	disk.s->hold = !done;
	disk.s->most = done ? disk.s->answered + done : 0;
	begin(write, lba);
	if (!ramdisk_reaches(&disk.s->fetched, fetched + done + 1))
		tap_bail("window %u does not come", done);
	ramdisk_kill(&disk);
	if (write && done)
		memset(disk.data + lba * RAMDISK_BLOCK, 0x5a, RAMDISK_BLOCK);
	disk.s->hold = false;
	disk.s->most = 0;
	disk.pool = pool;
	ramdisk_start(&disk);
	tap_ok(scsidrv_wait(&drv, 0, &cmd, WAIT) && scsicmd_good(&cmd) && !cmd.resp.resid,
	       "%s whose agent died after %u windows ends well", what, done);
	more = disk.s->fetched - fetched - done - 1;
	tap_ok(more == (rest + pool / 4 - 1) / (pool / 4) && disk.s->again == again + 1,
	       "the next agent got the rest, %u windows, and heard of one that it may have been done (%u)",
	       more, disk.s->again - again);
	if (write && done) {
		tap_ok(disk.data[lba * RAMDISK_BLOCK] == 0x5a, "and nothing of what was done before");
		memcpy(disk.data + lba * RAMDISK_BLOCK, data, RAMDISK_BLOCK);
	}
	tap_ok(is_right(lba), "all of it is there");
	ramdisk_kill(&disk);
	disk.pool = POOL;
	ramdisk_start(&disk);
}

int main(void)
{
	uint32_t i;
	int r;

	if (!scsidrv_is_vhx())
		tap_skip_all("%s has no agent", scsidrv_node());
	rnd_start();
	data = malloc(SIZE);
	if (!data)
		tap_bail("memory");
	ramdisk_open(&disk);
	for (i = 0; i < disk.blocks * RAMDISK_BLOCK; i += 4)
		*(uint32_t *)(disk.data + i) = rnd();
	r = scsidrv_open(&drv, &(struct scsidrv_opt){ .wwpn = WWPN, .data_size = SIZE, .num = 16 });
	if (!r)
		r = scsidrv_start(&drv);
	if (r)
		tap_bail("a guest on %s: %s", scsidrv_node(), strerror(-r));
	for (i = 0; i < WINDOWS; i++) {
		dies(true, i, POOL);
		dies(false, i, POOL);
	}
	dies(true, 1, POOL / 2);
	dies(false, 2, POOL / 2);
	dies(true, 1, 4 * POOL);
	tap_ok(!scsidrv_stop(&drv), "stopped");
	scsidrv_close(&drv);
	ramdisk_close(&disk);
	return tap_done();
}
