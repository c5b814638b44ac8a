// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM starts the queue pairs of a NIC first and attaches the tap's queues afterwards, as QEMU
 * does when its guest asks for more queues: nobody tells the NIC, and its policy shall know.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nettap.h"
#include "rig.h"
#include "steer.h"
#include "tap.h"

#define WAIT	5000

static int queue_attach(int fd, bool on)
{
	struct ifreq req = { .ifr_flags = on ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE };

	return ioctl(fd, TUNSETQUEUE, &req) ? -errno : 0;
}

static uint32_t live(void)
{
	struct nic_state nic;

	return nic_get("vt0", &nic) ? nic.live : 0;
}

/* It is told from a work item. */
static bool told(const struct policy *p, uint64_t queues)
{
	int ms;

	for (ms = 0; ms < WAIT && policy_seen(p, SEEN_QUEUES) != queues; ms++)
		usleep(1000);
	return ms < WAIT;
}

int main(void)
{
	struct policy_opt opt = { .nic_name = "vt0", .rx = SAY(1) };
	struct policy p;
	struct rig r;

	tap_ok(!nettap_own_netns(), "a network namespace of its own");
	rig_open(&r, "vt0", 2, NULL);
	tap_ok(live() == 2, "two queues are live");
	tap_ok(!policy_start(&p, &opt), "a policy that sends everything to queue 1");

	tap_ok(!queue_attach(r.tap[1], false), "the tap's second queue is detached");
	tap_ok(live() == 1, "one queue is live (%u)", live());
	rig_send(&r, 1, 200);
	tap_ok(rig_wait(&r, 1, WAIT) && rig_by_queue(&r, 0) == 1,
	       "a packet for the dead queue comes by the other");
	tap_ok(told(&p, 1), "the policy is told of one");

	tap_ok(!queue_attach(r.tap[1], true), "and attached again");
	tap_ok(live() == 2, "two are live, with no ioctl to vhx (%u)", live());
	rig_send(&r, 1, 200);
	tap_ok(rig_wait(&r, 2, WAIT) && rig_by_queue(&r, 1) == 1, "and the second is used");
	tap_ok(told(&p, 2), "the policy is told of two");

	policy_close(&p);
	rig_close(&r);
	return tap_done();
}
