// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM dies with writes under way, and another has its endpoint at once. What the agent still has
 * of the first is done before anything of the second, however long it takes: else a late write
 * would be over newer data.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ramdisk.h"
#include "scsidrv.h"
#include "tap.h"

#define WWPN	"naa.5001405abcdef009"
#define WAIT	10000
#define SHORT	200		/* for what must not happen */
#define N	8

static struct ramdisk disk = { .name = WWPN };
static struct scsidrv drv;
static struct scsicmd cmd[N];
static uint8_t data[N][512];

static int start_host(void)
{
	int r = scsidrv_open(&drv, &(struct scsidrv_opt){ .wwpn = WWPN });

	return r ? r : scsidrv_start(&drv);
}

/* Block i of N gets @byte + i. */
static void submit(uint8_t byte)
{
	unsigned int i;

	for (i = 0; i < N; i++) {
		scsicmd_to(&cmd[i], 0, 0);
		scsicmd_write(&cmd[i], i, 1);
		memset(data[i], byte + i, 512);
		cmd[i].out = data[i];
		cmd[i].out_len = 512;
		if (scsidrv_submit(&drv, 0, &cmd[i]))
			tap_bail("submit");
	}
	scsidrv_flush(&drv, 0);
}

static bool holds(uint8_t byte)
{
	unsigned int i;

	for (i = 0; i < N; i++)
		if (disk.data[i * RAMDISK_BLOCK] != byte + i)
			return false;
	return true;
}

static bool all_good(void)
{
	unsigned int i;

	for (i = 0; i < N; i++)
		if (!scsicmd_good(&cmd[i]))
			return false;
	return true;
}

/* A VMM asks for writes, and dies when the agent has them. */
static void leave_writes(uint8_t byte)
{
	const uint32_t held = disk.s->held;
	pid_t pid;

	disk.s->hold = true;
	disk.s->deaf = true;
	pid = fork();
	if (!pid) {
		if (start_host())
			_exit(1);
		submit(byte);
		for (;;)
			pause();
	}
	if (!ramdisk_reaches(&disk.s->held, held + N))
		tap_bail("a VMM's writes do not arrive");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void overtakes_nothing(bool stubborn)
{
	uint32_t aborted = disk.s->aborted, fetched;

	disk.s->stubborn = stubborn;
	leave_writes(0x10);
	fetched = disk.s->fetched;
	tap_ok(!start_host(), "a VMM died: its endpoint is free for another");
	submit(0x80);
	usleep(SHORT * 1000);
	tap_ok(!scsidrv_reap(&drv, 0) && !cmd[0].done && disk.s->fetched == fetched,
	       "whose writes wait for those that the agent has");
	disk.s->deaf = false;
	disk.s->hold = false;
	tap_ok(scsidrv_drain(&drv, 0, WAIT) && all_good(), "which ends");
	tap_ok(disk.s->aborted >= aborted + N, "the agent was told that nobody wants those");
	tap_ok(holds(0x80), "what was asked for last is on the disk, the agent being %s",
	       stubborn ? "stubborn" : "helpful");
	tap_ok(!scsidrv_stop(&drv), "stopped");
	scsidrv_close(&drv);
}

/* The guest must not wait for functions as long as that. */
static void functions(void)
{
	const uint32_t resets = disk.s->resets;

	leave_writes(0x20);
	tap_ok(!start_host(), "another VMM");
	submit(0x90);
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_ABORT_TASK, &cmd[0], WAIT) == VIRTIO_SCSI_S_OK,
	       "ABORT TASK of what waits is answered");
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, &cmd[0], WAIT) ==
	       VIRTIO_SCSI_S_OK, "and LOGICAL UNIT RESET");
	scsidrv_reap(&drv, 0);
	tap_ok(cmd[0].done && cmd[N - 1].done && disk.s->resets == resets,
	       "with nothing left, though the agent was not told yet");
	submit(0xa0);
	disk.s->deaf = false;
	disk.s->hold = false;
	tap_ok(scsidrv_drain(&drv, 0, WAIT) && all_good() && holds(0xa0), "what comes then is served");
	tap_ok(ramdisk_reaches(&disk.s->resets, resets + 1), "and the agent hears of the reset");
	scsidrv_close(&drv);
}

/* Of two VMMs, one after the other: both have left something. */
static void twice(void)
{
	disk.s->stubborn = true;
	leave_writes(0x30);
	tap_ok(!start_host(), "a VMM that asks for nothing");
	scsidrv_close(&drv);
	tap_ok(!start_host(), "and one after it");
	submit(0xb0);
	usleep(SHORT * 1000);
	tap_ok(!scsidrv_reap(&drv, 0) && !cmd[0].done, "waits for the first's");
	/* It dies as well, with nothing of it fetched. */
	scsidrv_close(&drv);
	ramdisk_kill(&disk);
	tap_ok(!start_host(), "the agent is dead, another VMM comes");
	submit(0xc0);
	disk.s->deaf = false;
	disk.s->hold = false;
	ramdisk_start(&disk);
	tap_ok(scsidrv_drain(&drv, 0, WAIT) && all_good() && holds(0xc0),
	       "and the next agent serves that alone");
	tap_ok(!disk.s->refused, "no answer was refused");
	scsidrv_close(&drv);
}

int main(void)
{
	if (!scsidrv_is_vhx())
		tap_skip_all("%s has no agent", scsidrv_node());
	ramdisk_open(&disk);
	overtakes_nothing(true);
	overtakes_nothing(false);
	functions();
	twice();
	ramdisk_close(&disk);
	return tap_done();
}
