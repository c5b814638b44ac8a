// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tap that takes no more for the moment: what has to wait is judged when it can be sent, and so
 * once. Its socket has a small send buffer, and a queue behind a bridge holds packets up.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "nettap.h"
#include "rig.h"
#include "rnd.h"
#include "steer.h"
#include "tap.h"

#define WAIT	20000
#define PACKETS	300
#define GOOD	1
#define BAD	2

static struct rig rig;
static struct policy pol;
static uint8_t frame[FLOW_MAX + 1];

static uint64_t seen(void)
{
	return policy_seen(&pol, SEEN_TX) + policy_seen(&pol, SEEN_BATCHED);
}

static void test(uint32_t id)
{
	uint64_t steered = nic_stat(id, TX, VHX_QSTAT_STEERED);
	uint64_t dropped = nic_stat(id, TX, VHX_QSTAT_STEER_DROPPED);
	uint64_t sent = nic_stat(id, TX, VHX_QSTAT_PACKETS);
	uint64_t calls = seen();
	uint32_t i, bad = 0, posted = 0;
	bool waited = false;

	for (i = 0; i < PACKETS; i++) {
		struct flow_id f = { .flow = i % 3 ? GOOD : BAD, .from_guest = true, .seq = i };

		bad += !(i % 3);
		flow_make(frame, 1000, &f);
		while (netdrv_tx(&rig.drv[0], NULL, frame, 1000)) {
			netdrv_tx_flush(&rig.drv[0]);
			usleep(1000);
		}
		posted++;
		if (posted % 64 == 0) {
			netdrv_tx_flush(&rig.drv[0]);
			usleep(5000);
			waited = waited || rig.drv[0].tx_nfree + netdrv_tx_reap(&rig.drv[0]) <
					   rig.drv[0].opt.num;
		}
	}
	netdrv_tx_flush(&rig.drv[0]);
	tap_ok(waited && netdrv_tx_drain(&rig.drv[0], WAIT),
	       "%u packets, more than the tap takes at once, are sent in the end", PACKETS);
	usleep(20000);
	steered = nic_stat(id, TX, VHX_QSTAT_STEERED) - steered;
	dropped = nic_stat(id, TX, VHX_QSTAT_STEER_DROPPED) - dropped;
	sent = nic_stat(id, TX, VHX_QSTAT_PACKETS) - sent;
	calls = seen() - calls;
	tap_ok(calls == PACKETS, "the policy sees each of them once (%llu)",
	       (unsigned long long)calls);
	tap_ok(steered == PACKETS && dropped == bad && sent == PACKETS - bad,
	       "%llu steered, %llu dropped, %llu sent", (unsigned long long)steered,
	       (unsigned long long)dropped, (unsigned long long)sent);
}

int main(void)
{
	struct policy_opt opt = { .nic_name = "vt0" };
	int err, sndbuf = 8192;

	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	rig_open(&rig, "vt0", 1, NULL);
	if (sh("ip link add br0 type bridge && ip link add ve0 type veth peer name ve1 && "
	       "ip link set vt0 master br0 && ip link set ve0 master br0 && "
	       "ip link set br0 up && ip link set ve0 up && ip link set ve1 up"))
		tap_bail("a bridge");
	if (sh("tc qdisc replace dev ve0 root tbf rate 4mbit burst 3000 limit 10000000"))
		tap_skip_all("no tbf");
	if (ioctl(rig.tap[0], TUNSETSNDBUF, &sndbuf))
		tap_bail("TUNSETSNDBUF: %s", strerror(errno));
	err = policy_start(&pol, &opt);
	if (err || nic_policy("vt0") != pol.id)
		tap_bail("the policy does not steer: %s", strerror(-err));
	policy_tx(&pol, GOOD, SAY(VHX_PASS));
	policy_tx(&pol, BAD, SAY(VHX_DROP(VHX_DROP_DENY)));
	test(nic_id("vt0"));
	policy_close(&pol);
	rig_close(&rig);
	return tap_done();
}
