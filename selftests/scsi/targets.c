// SPDX-License-Identifier: GPL-2.0-only
/*
 * Targets that are not there: once an agent has said which there are, a guest that asks for another
 * gets its answer from the kernel, agent or not; and one that is there is never called absent.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent.h"
#include "ramdisk.h"
#include "scsidrv.h"
#include "tap.h"

#define WWPN	"naa.5001405abcdef007"
#define WAIT	5000
#define SHORT	200		/* for what must not happen */
#define TARGETS	256
#define ROUNDS	3000

static struct ramdisk disk = { .name = WWPN };
static struct scsidrv drv;

static void expect(int rc, int want, const char *what)
{
	if (!tap_ok(rc == want, "%s: %s", what, want ? strerror(-want) : "success"))
		tap_diag("it was %d", rc);
}

/* ---- the ioctl ---- */

static void arguments(void)
{
	static const struct {
		const char *what;
		struct vhx_agent_targets arg;
		int err;
	} wrong[] = {
		{ "no size", { 0, 0, 0, 0, { 1 } }, EINVAL },
		{ "a size without the map", { 16, 0, 0, 0, { 1 } }, EINVAL },
		{ "a size without end", { 8192, 0, 0, 0, { 1 } }, E2BIG },
		{ "a flag", { 48, 1, 0, 0, { 1 } }, EINVAL },
		{ "something reserved", { 48, 0, 0, 1, { 1 } }, EINVAL },
		{ "an endpoint that is another's", { 48, 0, 1, 0, { 1 } }, ENOENT },
		{ "the last endpoint", { 48, 0, UINT32_MAX, 0, { 1 } }, ENOENT },
		{ "no target at all", { 48, 0, 0, 0, { 0 } }, 0 },
		{ "all of them", { 48, 0, 0, 0, { -1, -1, -1, -1 } }, 0 },
	};
	struct {
		struct vhx_agent_targets arg;
		uint64_t more;
	} longer = { { sizeof(longer), 0, 0, 0, { 1 } }, 0 };
	int session = agent_open_fd(1, 16, 65536);
	unsigned int i;

	if (session < 0 || agent_attach(session, WWPN "1"))
		tap_bail("a session");
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct vhx_agent_targets arg = wrong[i].arg;

		expect(ioctl(session, VHX_AGENT_TARGETS, &arg) ? -errno : 0, -wrong[i].err,
		       wrong[i].what);
	}
	expect(ioctl(session, VHX_AGENT_TARGETS, NULL) ? -errno : 0, -EFAULT, "nothing");
	expect(ioctl(session, VHX_AGENT_TARGETS, &longer) ? -errno : 0, 0, "a longer struct of zeroes");
	longer.more = 1;
	expect(ioctl(session, VHX_AGENT_TARGETS, &longer) ? -errno : 0, -E2BIG, "a longer struct");
	close(session);
	tap_ok(!agent_destroy(WWPN "1"), "its endpoint goes");
}

/* ---- guests ---- */

static struct scsicmd cmd[TARGETS];

static void ask(uint8_t target)
{
	scsicmd_to(&cmd[target], target, 0);
	scsicmd_ready(&cmd[target]);
	if (scsidrv_run(&drv, 0, &cmd[target], WAIT))
		tap_bail("a command to target %u never ends", target);
}

/* As a guest that boots: only @present answer. How many of @requests the agent saw. */
static uint32_t scan(uint64_t present, bool *right)
{
	uint32_t before = disk.s->fetched;
	unsigned int i;

	*right = true;
	for (i = 0; i < TARGETS; i++) {
		const bool there = i < 64 && present & 1ULL << i;

		ask(i);
		if (there ? !cmd[i].done : !scsicmd_answered(&cmd[i], VIRTIO_SCSI_S_BAD_TARGET))
			*right = false;
	}
	return disk.s->fetched - before;
}

static void says_nothing(void)
{
	bool right;
	uint32_t n = scan(1, &right);

	tap_ok(right && n == TARGETS, "an agent that does not say which there are is asked of all (%u)", n);
}

static void says(void)
{
	uint8_t data[512];
	bool right;
	uint32_t n;

	ramdisk_kill(&disk);
	disk.targets = 1 | 1ULL << 40;
	ramdisk_start(&disk);
	n = scan(disk.targets, &right);
	tap_ok(right && n == 2, "one that does is asked of those that are there (%u)", n);
	tap_ok(scsicmd_good(&cmd[0]), "of which one is a disk");
	scsicmd_to(&cmd[7], 7, 3);
	scsicmd_read(&cmd[7], 0, 1);
	cmd[7].in = data;
	cmd[7].in_len = sizeof(data);
	tap_ok(!scsidrv_run(&drv, 0, &cmd[7], WAIT) &&
	       scsicmd_answered(&cmd[7], VIRTIO_SCSI_S_BAD_TARGET) && cmd[7].resp.resid == 512,
	       "of what is absent nothing is moved");
	memset(&cmd[1], 0, sizeof(cmd[1]));
	memcpy(cmd[1].lun, "\xc1\1\0\0\0\0\0", 8);
	scsicmd_report_luns(&cmd[1], data, 16);
	n = disk.s->fetched;
	tap_ok(!scsidrv_run(&drv, 0, &cmd[1], WAIT) && disk.s->fetched == n + 1,
	       "the REPORT LUNS unit is of no target");
}

/* A scan waits for nobody; what is there waits for the next agent. */
static void away(void)
{
	unsigned int i;
	bool good = true;

	ramdisk_kill(&disk);
	for (i = 1; i < 40; i++) {
		ask(i);
		good = good && scsicmd_answered(&cmd[i], VIRTIO_SCSI_S_BAD_TARGET);
	}
	tap_ok(good, "while the agent is away absent targets are answered");
	scsicmd_to(&cmd[0], 0, 0);
	scsicmd_ready(&cmd[0]);
	if (scsidrv_submit(&drv, 0, &cmd[0]))
		tap_bail("submit");
	scsidrv_flush(&drv, 0);
	usleep(SHORT * 1000);
	scsidrv_reap(&drv, 0);
	tap_ok(!cmd[0].done, "one that is there waits");
	/* The next agent has not said anything yet, and knows another target. */
	disk.targets = 0;
	ramdisk_start(&disk);
	tap_ok(scsidrv_wait(&drv, 0, &cmd[0], WAIT) && scsicmd_good(&cmd[0]),
	       "for the next, which has not said anything yet");
	ask(3);
	tap_ok(scsicmd_answered(&cmd[3], VIRTIO_SCSI_S_BAD_TARGET), "what the last one said holds");
	ramdisk_kill(&disk);
	disk.targets = 1 | 1 << 3;
	ramdisk_start(&disk);
	tap_ok(scan(disk.targets, &good) == 2 && good, "until another says something else");
}

static void functions(void)
{
	int absent, there;

	scsicmd_to(&cmd[9], 9, 0);
	absent = scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, &cmd[9], WAIT);
	there = scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, &cmd[0], WAIT);
	tap_ok(absent >= 0 && there == VIRTIO_SCSI_S_OK,
	       "a reset of one that is absent is answered (%d), and one of the other (%d)", absent,
	       there);
}

static void never_absent(void)
{
	unsigned int i;
	bool good = true;

	disk.s->flip = true;
	for (i = 0; i < ROUNDS && good; i++) {
		ask(0);
		good = scsicmd_good(&cmd[0]);
	}
	tap_ok(good && disk.s->flips > 100,
	       "a target that stays is there while others come and go (%u commands, %u times)", i,
	       disk.s->flips);
	disk.s->flip = false;
}

/* Another guest at the same endpoint. */
static void another_guest(void)
{
	bool right;

	tap_ok(!scsidrv_stop(&drv), "the guest stops");
	scsidrv_close(&drv);
	tap_ok(!scsidrv_open(&drv, &(struct scsidrv_opt){ .wwpn = WWPN }) && !scsidrv_start(&drv),
	       "another comes");
	ramdisk_kill(&disk);
	ramdisk_start(&disk);
	tap_ok(scan(disk.targets, &right) == 2 && right, "and finds what is there");
}

int main(void)
{
	int r;

	if (!scsidrv_is_vhx())
		tap_skip_all("%s has no agent", scsidrv_node());
	arguments();
	ramdisk_open(&disk);
	r = scsidrv_open(&drv, &(struct scsidrv_opt){ .wwpn = WWPN });
	if (!r)
		r = scsidrv_start(&drv);
	if (r)
		tap_bail("a guest on %s: %s", scsidrv_node(), strerror(-r));
	says_nothing();
	says();
	away();
	functions();
	never_absent();
	another_guest();
	tap_ok(!scsidrv_stop(&drv), "stopped");
	scsidrv_close(&drv);
	ramdisk_close(&disk);
	return tap_done();
}
