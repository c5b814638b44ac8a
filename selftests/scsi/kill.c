// SPDX-License-Identifier: GPL-2.0-only
/*
 * Agents and VMMs that die with commands under way. Of an agent's death a guest sees nothing: the
 * next one gets what was not answered. Of a VMM's nobody waits for anything.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ramdisk.h"
#include "rnd.h"
#include "scsidrv.h"
#include "tap.h"

#define WWPN	"naa.5001405abcdef003"
#define WAIT	10000
#define SHORT	200		/* for what must not happen */
#define N	32
#define ROUNDS	10

static struct ramdisk disk = { .name = WWPN };
static struct scsidrv drv;
static struct scsicmd cmd[N];
static uint8_t data[N][4096];

static int start_host(void)
{
	int r = scsidrv_open(&drv, &(struct scsidrv_opt){ .wwpn = WWPN });

	return r ? r : scsidrv_start(&drv);
}

/* Writes to the lower half of the disk, reads from the upper. */
static void submit(void)
{
	unsigned int i, k;

	for (i = 0; i < N; i++) {
		const uint64_t lba = 8 * i + (i % 2) * disk.blocks / 2;

		scsicmd_to(&cmd[i], 0, 0);
		if (i % 2) {
			scsicmd_read(&cmd[i], lba, 8);
			cmd[i].in = data[i];
			cmd[i].in_len = 4096;
		} else {
			for (k = 0; k < 4096; k++)
				data[i][k] = rnd();
			scsicmd_write(&cmd[i], lba, 8);
			cmd[i].out = data[i];
			cmd[i].out_len = 4096;
		}
		if (scsidrv_submit(&drv, 0, &cmd[i]))
			tap_bail("submit");
	}
	scsidrv_flush(&drv, 0);
}

static bool all_good(void)
{
	unsigned int i;
	bool good = true;

	for (i = 0; i < N; i++) {
		const size_t at = (8 * i + (i % 2) * disk.blocks / 2) * (size_t)RAMDISK_BLOCK;

		good = good && scsicmd_good(&cmd[i]) && !memcmp(disk.data + at, data[i], 4096);
	}
	return good;
}

static unsigned int nr_done(void)
{
	unsigned int i, n = 0;

	scsidrv_reap(&drv, 0);
	for (i = 0; i < N; i++)
		n += cmd[i].done;
	return n;
}

/* ---- agents ---- */

static void in_flight(void)
{
	uint32_t again = disk.s->again, fetched = disk.s->fetched;

	disk.s->hold = true;
	submit();
	tap_ok(ramdisk_reaches(&disk.s->fetched, fetched + N), "an agent has all commands");
	ramdisk_kill(&disk);
	usleep(SHORT * 1000);
	tap_ok(!nr_done(), "it dies: the guest waits");
	disk.s->hold = false;
	ramdisk_start(&disk);
	tap_ok(scsidrv_drain(&drv, 0, WAIT) && all_good(), "and is served by the next");
	tap_ok(disk.s->again == again + N, "which was told of each that it comes again (%u)",
	       disk.s->again - again);
}

static void nobody_there(void)
{
	uint32_t again = disk.s->again;

	ramdisk_kill(&disk);
	submit();
	usleep(SHORT * 1000);
	tap_ok(!nr_done(), "commands wait for an agent to come");
	ramdisk_start(&disk);
	tap_ok(scsidrv_drain(&drv, 0, WAIT) && all_good() && disk.s->again == again,
	       "who gets them for the first time");
}

static void under_load(void)
{
	unsigned int round;
	bool good = true;

	for (round = 0; round < ROUNDS && good; round++) {
		submit();
		usleep(rnd_range(0, 3000));
		ramdisk_kill(&disk);
		ramdisk_start(&disk);
		good = scsidrv_drain(&drv, 0, WAIT) && all_good();
	}
	tap_ok(good, "%u agents die at random, and nothing is lost", round);
	tap_ok(disk.s->refused == 0, "nothing was answered twice");
}

/* ---- the VMM stops the device ---- */

static void *stop(void *arg)
{
	*(int *)arg = scsidrv_stop(&drv);
	return NULL;
}

static bool ended(pthread_t t, int ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += ms / 1000;
	ts.tv_nsec += ms % 1000 * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	return !pthread_timedjoin_np(t, NULL, &ts);
}

static void drains(void)
{
	uint32_t fetched = disk.s->fetched;
	pthread_t t;
	int r = 1;

	disk.s->hold = true;
	submit();
	ramdisk_reaches(&disk.s->fetched, fetched + N);
	if (pthread_create(&t, NULL, stop, &r))
		tap_bail("thread");
	tap_ok(!ended(t, SHORT), "a stop waits for what the agent has");
	ramdisk_kill(&disk);
	tap_ok(!ended(t, SHORT), "also when that dies");
	disk.s->hold = false;
	ramdisk_start(&disk);
	tap_ok(ended(t, WAIT) && !r, "until the next has answered it");
	tap_ok(nr_done() == N && all_good() &&
	       drv.base[SCSI_REQ] == ring_base(&drv.q[SCSI_REQ].vq->ring),
	       "and the guest has all answers");
	tap_ok(!scsidrv_resume(&drv), "the guest goes on");
	submit();
	tap_ok(scsidrv_drain(&drv, 0, WAIT) && all_good(), "where it was");
	tap_ok(!scsidrv_stop(&drv), "stopped");
	scsidrv_close(&drv);
}

/* ---- VMMs ---- */

static bool dies(pid_t pid, int ms)
{
	kill(pid, SIGKILL);
	for (; ms > 0; ms--) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return true;
		usleep(1000);
	}
	return false;
}

/* A VMM with commands under way; @stops: it is in CLEAR_ENDPOINT as well. */
static pid_t vmm(bool stops)
{
	uint32_t fetched = disk.s->fetched;
	pid_t pid = fork();

	if (!pid) {
		if (start_host())
			_exit(1);
		submit();
		if (stops) {
			ramdisk_reaches(&disk.s->fetched, fetched + N);
			scsidrv_stop(&drv);
		}
		for (;;)
			pause();
	}
	if (!ramdisk_reaches(&disk.s->fetched, fetched + N))
		tap_bail("a VMM's commands do not arrive");
	return pid;
}

static void vmm_dies(bool stops, const char *what)
{
	pid_t pid;

	disk.s->hold = true;
	pid = vmm(stops);
	usleep(SHORT * 1000);
	tap_ok(dies(pid, 2000), "%s: killed, it does not wait for the agent", what);
	tap_ok(!start_host(), "%s: its endpoint is free for another", what);
	disk.s->hold = false;
	submit();
	tap_ok(scsidrv_drain(&drv, 0, WAIT) && all_good(), "%s: which is served", what);
	tap_ok(!scsidrv_stop(&drv), "%s: stopped", what);
	scsidrv_close(&drv);
}

/* Both die: what is left is nobody's. */
static void all_die(void)
{
	pid_t pid;

	disk.s->hold = true;
	pid = vmm(false);
	ramdisk_kill(&disk);
	tap_ok(dies(pid, 2000), "a VMM dies after its agent");
	disk.s->hold = false;
	ramdisk_start(&disk);
	tap_ok(!start_host(), "another comes");
	submit();
	tap_ok(scsidrv_drain(&drv, 0, WAIT) && all_good(), "and is served");
	/* Closed without a stop. */
	scsidrv_close(&drv);
}

int main(void)
{
	int r;

	if (!scsidrv_is_vhx())
		tap_skip_all("%s has no agent", scsidrv_node());
	rnd_start();
	ramdisk_open(&disk);
	r = start_host();
	if (r)
		tap_bail("a guest on %s: %s", scsidrv_node(), strerror(-r));
	in_flight();
	nobody_there();
	under_load();
	drains();
	vmm_dies(false, "a VMM");
	vmm_dies(true, "a VMM that stops");
	all_die();
	ramdisk_close(&disk);
	return tap_done();
}
