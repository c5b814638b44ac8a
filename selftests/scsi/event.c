// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events that an agent sends to a guest: those it negotiated, in order, also when it has no buffer
 * for them yet; what cannot be kept, and what was said while no VMM was there, as "you missed some".
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent.h"
#include "scsidrv.h"
#include "tap.h"

#define WWPN	"naa.5001405abcdef006"
#define WAIT	5000
#define SHORT	100		/* for what must not happen */
#define KEPT	128		/* events that wait for a buffer, of vhx */
#define ROUNDS	60
#define MISSED	VIRTIO_SCSI_T_EVENTS_MISSED

static int session;

static int notify(uint32_t event, uint32_t reason, uint8_t target, uint16_t unit)
{
	struct vhx_agent_notify arg = { .size = sizeof(arg), .event = event, .reason = reason };

	scsi_lun(arg.lun, target, unit);
	return ioctl(session, VHX_AGENT_NOTIFY, &arg) ? -errno : 0;
}

static int plug(uint8_t target, uint16_t unit)
{
	return notify(VIRTIO_SCSI_T_TRANSPORT_RESET, VIRTIO_SCSI_EVT_RESET_RESCAN, target, unit);
}

static void expect(int rc, int want, const char *what)
{
	if (!tap_ok(rc == want, "%s: %s", what, want ? strerror(-want) : "success"))
		tap_diag("it was %d", rc);
}

/* ---- the ioctl ---- */

struct wrong {
	const char *what;
	struct vhx_agent_notify arg;
	int err;
};

#define GOOD_LUN { 1, 0, 0x40, 0 }
#define PLUG VIRTIO_SCSI_T_TRANSPORT_RESET
#define CHANGE VIRTIO_SCSI_T_PARAM_CHANGE

static void arguments(void)
{
	static const struct wrong wrong[] = {
		{ "no size", { 0, 0, 0, PLUG, 0, 0, GOOD_LUN }, EINVAL },
		{ "half of it", { 16, 0, 0, PLUG, 0, 0, GOOD_LUN }, EINVAL },
		{ "a size without end", { 8192, 0, 0, PLUG, 0, 0, GOOD_LUN }, E2BIG },
		{ "a flag", { 32, 1, 0, PLUG, 0, 0, GOOD_LUN }, EINVAL },
		{ "something reserved", { 32, 0, 0, PLUG, 0, 1, GOOD_LUN }, EINVAL },
		{ "an endpoint that is another's", { 32, 0, 1, PLUG, 0, 0, GOOD_LUN }, ENOENT },
		{ "the last endpoint", { 32, 0, UINT32_MAX, PLUG, 0, 0, GOOD_LUN }, ENOENT },
		{ "no event", { 32, 0, 0, 0, 0, 0, GOOD_LUN }, EINVAL },
		{ "what nobody can subscribe to", { 32, 0, 0, 2, 0, 0, GOOD_LUN }, EINVAL },
		{ "missed events by hand", { 32, 0, 0, PLUG | MISSED, 0, 0, GOOD_LUN }, EINVAL },
		{ "event 33", { 32, 0, 0, 33, 0, 0, GOOD_LUN }, EINVAL },
		{ "a reason for a reset that is none", { 32, 0, 0, PLUG, 3, 0, GOOD_LUN }, EINVAL },
		{ "17 bits of sense", { 32, 0, 0, CHANGE, 0x10000, 0, GOOD_LUN }, EINVAL },
		{ "a LUN of zeroes", { 32, 0, 0, PLUG, 1, 0, { 0 } }, EINVAL },
		{ "a LUN of two levels", { 32, 0, 0, PLUG, 1, 0, { 1, 0, 0x40, 0, 1 } }, EINVAL },
		{ "the REPORT LUNS unit", { 32, 0, 0, PLUG, 1, 0, { 0xc1, 1 } }, EINVAL },
	};
	struct {
		struct vhx_agent_notify arg;
		uint32_t more;
	} longer = { { sizeof(longer), 0, 0, PLUG, 1, 0, GOOD_LUN }, 1 };
	unsigned int i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct vhx_agent_notify arg = wrong[i].arg;
		int rc = ioctl(session, VHX_AGENT_NOTIFY, &arg) ? -errno : 0;

		expect(rc, -wrong[i].err, wrong[i].what);
	}
	expect(ioctl(session, VHX_AGENT_NOTIFY, NULL) ? -errno : 0, -EFAULT, "nothing");
	expect(ioctl(session, VHX_AGENT_NOTIFY, &longer) ? -errno : 0, -E2BIG, "a longer struct");
}

/* ---- guests ---- */

/* Without a buffer for events: scsidrv_start() would post some. */
static void start(struct scsidrv *d, uint64_t features)
{
	int r = scsidrv_open(d, &(struct scsidrv_opt){ .wwpn = WWPN, .features = features });

	if (!r)
		r = scsidrv_set_endpoint(d);
	if (r)
		tap_bail("a guest on %s: %s", scsidrv_node(), strerror(-r));
}

static void stop(struct scsidrv *d)
{
	if (scsidrv_stop(d))
		tap_bail("stop");
	scsidrv_close(d);
}

/* The next event is this one. */
static bool comes(struct scsidrv *d, uint32_t event, uint32_t reason, uint8_t target,
		  uint16_t unit)
{
	struct virtio_scsi_event ev = { 0 };
	int rc = scsidrv_event(d, &ev, WAIT);
	uint8_t lun[8] = { 1, target, unit > 255 ? 0x40 | unit >> 8 : 0, unit };

	if (rc == 1 && ev.event == event && ev.reason == reason && !memcmp(ev.lun, lun, 8))
		return true;
	tap_diag("it was %d: %#x %#x %u.%u", rc, ev.event, ev.reason, ev.lun[1],
		 ev.lun[2] << 8 | ev.lun[3]);
	return false;
}

static bool says_missed(struct scsidrv *d)
{
	struct virtio_scsi_event ev = { 0 };

	return scsidrv_event(d, &ev, WAIT) == 1 && ev.event == MISSED;
}

static bool silent(struct scsidrv *d)
{
	struct virtio_scsi_event ev;

	return !scsidrv_event(d, &ev, SHORT);
}

static uint32_t missed(struct scsidrv *d)
{
	uint32_t m = 9;

	return guest_ioctl(d->g.fd, VHOST_SCSI_GET_EVENTS_MISSED, &m) ? 9 : m;
}

/* What the event queue's counter says, which its handler writes. */
static long counted(void)
{
	char text[32] = "";
	FILE *f = popen("vhx -j scsi stats " WWPN
			" | jq '[.[] | select(.role == \"event\").stats.events_lost] | add // -1'", "r");

	if (!f || !fgets(text, sizeof(text), f))
		tap_bail("vhx scsi stats");
	pclose(f);
	return strtol(text, NULL, 10);
}

static void lost(long n, const char *what)
{
	long is = counted();
	int tries;

	for (tries = 0; is < n && tries < 50; tries++) {
		usleep(100000);
		is = counted();
	}
	if (!tap_ok(is == n, "%s: %ld are counted as lost", what, n))
		tap_diag("%ld are", is);
}

static void sent(void)
{
	struct scsidrv d;

	start(&d, F_SCSI_MODERN | F_SCSI_CHANGE);
	arguments();
	scsidrv_event_fill(&d, 8);
	tap_ok(silent(&d), "nothing of that reached the guest");
	expect(plug(3, 5), 0, "a disk comes");
	tap_ok(comes(&d, PLUG, VIRTIO_SCSI_EVT_RESET_RESCAN, 3, 5), "the guest hears of it");
	expect(notify(PLUG, VIRTIO_SCSI_EVT_RESET_REMOVED, 255, 16383), 0, "one goes");
	tap_ok(comes(&d, PLUG, VIRTIO_SCSI_EVT_RESET_REMOVED, 255, 16383), "likewise");
	expect(notify(CHANGE, 0x092a, 0, 0), 0, "one has another size");
	tap_ok(comes(&d, CHANGE, 0x092a, 0, 0), "likewise");
	tap_ok(!missed(&d) && silent(&d), "and nothing else");
	lost(0, "what the guest has heard");
	stop(&d);
}

static void waiting(void)
{
	struct scsidrv d;
	unsigned int i;
	bool good = true;

	start(&d, F_SCSI_MODERN);
	for (i = 0; i < KEPT; i++)
		good = good && !plug(i, i);
	tap_ok(good, "%u events wait for a buffer", KEPT);
	expect(plug(0, 0), -ENOSPC, "one more does not");
	expect(plug(0, 0), -ENOSPC, "nor another");
	tap_ok(missed(&d) == 1, "which the guest is to hear of");
	lost(2, "what does not wait");
	scsidrv_event_fill(&d, 1);
	tap_ok(comes(&d, PLUG | MISSED, VIRTIO_SCSI_EVT_RESET_RESCAN, 0, 0),
	       "it does, by the first that has a buffer");
	tap_ok(!missed(&d), "and once is enough");
	for (i = 1; i < KEPT && good; i++) {
		scsidrv_event_fill(&d, 1 + i % 5);
		good = comes(&d, PLUG, VIRTIO_SCSI_EVT_RESET_RESCAN, i, i);
	}
	tap_ok(good, "the others come in their order");
	lost(2, "once heard of, the same");
	expect(plug(0, 0), 0, "there is room again");
	scsidrv_event_fill(&d, 1);
	tap_ok(comes(&d, PLUG, VIRTIO_SCSI_EVT_RESET_RESCAN, 0, 0), "and nothing missed");
	lost(2, "what had room");
	stop(&d);
}

static void not_wanted(void)
{
	struct scsidrv d;

	start(&d, F_V1);
	scsidrv_event_fill(&d, 4);
	expect(plug(0, 1), -EOPNOTSUPP, "a guest without HOTPLUG");
	expect(notify(CHANGE, 0x092a, 0, 0), -EOPNOTSUPP, "and without CHANGE");
	tap_ok(silent(&d) && !missed(&d), "hears nothing");
	stop(&d);
	start(&d, F_V1 | F_SCSI_CHANGE);
	scsidrv_event_fill(&d, 4);
	expect(plug(0, 1), -EOPNOTSUPP, "one that only has CHANGE");
	expect(notify(CHANGE, 0x092a, 0, 0), 0, "hears of a change");
	tap_ok(comes(&d, CHANGE, 0x092a, 0, 0), "and of nothing else");
	lost(0, "what a guest does not want");
	stop(&d);
}

/* ---- VMMs that come and go ---- */

static void nobody_there(void)
{
	struct scsidrv d;

	expect(plug(0, 1), -ENOTCONN, "no VMM is there");
	start(&d, F_V1);
	scsidrv_event_fill(&d, 1);
	tap_ok(silent(&d) && !missed(&d), "a guest that has no use for it is not told of that");
	lost(0, "what was said before it");
	stop(&d);
	expect(plug(0, 1), -ENOTCONN, "once more");
	start(&d, F_SCSI_MODERN);
	scsidrv_event_fill(&d, 2);
	tap_ok(says_missed(&d), "one that has is told that it missed something");
	tap_ok(silent(&d) && !missed(&d), "once");
	lost(1, "what was said while there was none");
	stop(&d);
}

/* A guest that is paused: what waited for a buffer, and what was said meanwhile. */
static void paused(void)
{
	struct scsidrv d;

	start(&d, F_SCSI_MODERN);
	expect(plug(0, 1), 0, "an event for a guest without a buffer");
	tap_ok(!scsidrv_stop(&d), "which is paused");
	expect(plug(0, 2), -ENOTCONN, "another meanwhile");
	tap_ok(!scsidrv_resume(&d), "and goes on");
	scsidrv_event_fill(&d, 2);
	tap_ok(says_missed(&d) && silent(&d), "it is told to look for itself");
	lost(2, "what waited, and what came meanwhile");
	expect(plug(0, 3), 0, "the next");
	scsidrv_event_fill(&d, 1);
	tap_ok(comes(&d, PLUG, VIRTIO_SCSI_EVT_RESET_RESCAN, 0, 3), "comes again");
	stop(&d);
}

static volatile bool over;

static void *talk(void *arg)
{
	unsigned int *counts = arg;

	while (!over) {
		int rc = plug(0, 1);

		counts[rc == 0 ? 0 : rc == -ENOTCONN ? 1 : rc == -ENOSPC ? 2 : 3]++;
	}
	return NULL;
}

/* The VMM unbinds at any moment. */
static void race(void)
{
	unsigned int counts[4] = { 0 }, round, told = 0;
	struct virtio_scsi_event ev;
	struct scsidrv d;
	pthread_t t;

	start(&d, F_SCSI_MODERN);
	if (pthread_create(&t, NULL, talk, counts))
		tap_bail("thread");
	for (round = 0; round < ROUNDS; round++) {
		scsidrv_event_fill(&d, 4);
		while (scsidrv_event(&d, &ev, 1) == 1)
			told++;
		if (scsidrv_stop(&d) || scsidrv_resume(&d))
			tap_bail("stop and go on");
	}
	over = true;
	pthread_join(t, NULL);
	tap_ok(!counts[3], "a VMM comes and goes while there is much to tell");
	tap_ok(told && counts[0] + counts[2], "its guest hears of some (%u, %u sent, %u lost, %u to nobody)",
	       told, counts[0], counts[2], counts[1]);
	/* What is left waits still. */
	stop(&d);
	start(&d, F_SCSI_MODERN);
	scsidrv_event_fill(&d, 1);
	if (counts[1])
		scsidrv_event(&d, &ev, WAIT);
	stop(&d);
}

int main(void)
{
	if (!scsidrv_is_vhx())
		tap_skip_all("%s has no agent", scsidrv_node());
	session = agent_open_fd(1, 16, 65536);
	if (session < 0 || agent_attach(session, WWPN))
		tap_bail("an agent's session");
	sent();
	waiting();
	not_wanted();
	nobody_there();
	paused();
	race();
	close(session);
	tap_ok(!agent_destroy(WWPN), "nobody has the endpoint any more");
	return tap_done();
}
