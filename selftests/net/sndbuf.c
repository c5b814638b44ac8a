// SPDX-License-Identifier: GPL-2.0-only
/*
 * R33, R34: a tap that takes no more for the moment. Its socket has a small send buffer, and what
 * the guest sends is held up in a queue behind a bridge: sending fails with EAGAIN at any packet of
 * a batch, and goes on when the socket says so. Nothing is lost, doubled or overtaken.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/if_packet.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"
#include "worker.h"

#define WAIT	5000
#define FRAMES	1500

static struct netdrv drv;
static int tap, far_end;
static uint8_t frame[4096], got[FRAME_MAX];

static uint32_t len_of(uint32_t seq)
{
	return 60 + seq * 97 % 1400;
}

static uint32_t strange;		/* frames at the far end that the guest did not send */

/* Who may have lost a frame: what stands behind the tap, or the node. */
static void tell_drops(void)
{
	struct tpacket_stats st = { 0 };
	socklen_t len = sizeof(st);

	getsockopt(far_end, SOL_PACKET, PACKET_STATISTICS, &st, &len);
	tap_diag("far end: %u frames, %u dropped; %u that were not ours", st.tp_packets, st.tp_drops,
		 strange);
	fflush(stdout);
	if (system("{ ip -s link | grep -A5 -E '(vt0|br0|ve0|ve1)'; tc -s qdisc show dev ve0;"
		   " cut -d' ' -f1-3 /proc/net/softnet_stat;"
		   " vhx -j stats | jq -c '[.. | objects | with_entries(select(.value != 0))]'; }"
		   " 2>&1 | sed 's/^/# /'"))
		tap_diag("no counters");
}

/* Keep TX full; take what arrives behind the queue. How many arrived in order. */
static uint32_t pass(uint32_t n)
{
	uint32_t sent = 0, seen = 0;
	int r;

	while (seen < n) {
		while (sent < n) {
			frame_make(frame, len_of(sent), sent);
			if (netdrv_tx(&drv, NULL, frame, len_of(sent)))
				break;
			sent++;
		}
		netdrv_tx_flush(&drv);
		r = packet_recv(far_end, got, sizeof(got), WAIT);
		if (r == 0)
			break;
		if (!frame_is_ours(got, r)) {
			strange++;
			continue;
		}
		if (frame_seq(got) != seen || r != (int)len_of(seen) || !frame_intact(got, r)) {
			tap_diag("got %u of %d bytes, expected %u of %u", frame_seq(got), r, seen,
				 len_of(seen));
			fflush(stdout);
			tell_drops();
			break;
		}
		seen++;
	}
	return seen;
}

/* A bucket that lets through so much a second, and holds the rest with its owner's mark on it. */
static int hold_up(const char *rate)
{
	return sh("tc qdisc replace dev ve0 root tbf rate %s burst 3000 limit 10000000", rate);
}

static void test(int sndbuf, const char *rate)
{
	uint32_t n;
	int r;

	if (hold_up(rate)) {
		tap_skip("sending that fails for the moment", "no tbf");
		return;
	}
	r = ioctl(tap, TUNSETSNDBUF, &sndbuf);
	if (!r)
		r = netdrv_open(&drv, &(struct netdrv_opt){ .num = 128, .tx_size = 4096,
				.tx_pieces = 2 });
	if (!r)
		r = netdrv_start(&drv, tap);
	if (!tap_ok(!r, "a send buffer of %d bytes, %s behind it: starts", sndbuf, rate))
		return;
	n = pass(FRAMES);
	tap_ok(n == FRAMES, "R34: %u of %u frames arrive, in order, each once", n, FRAMES);
	tap_ok(netdrv_tx_drain(&drv, WAIT), "R34: and every TX buffer comes back");

	/* Full, and then stopped: what was not sent has not been given back. */
	for (n = 0; n < 100; n++) {
		frame_make(frame, 1400, n);
		if (netdrv_tx(&drv, NULL, frame, 1400))
			break;
	}
	netdrv_tx_flush(&drv);
	usleep(2000);
	tap_ok(!guest_stop(&drv.g) && !guest_start(&drv.g, tap), "R34: stopped when full");
	vq_kick(&drv.g.vq[TX]);
	for (r = 0; r >= 0 && n; n--)
		if (packet_recv(far_end, got, sizeof(got), WAIT) != 1400 ||
		    frame_seq(got) != (uint32_t)r++)
			r = -1;
	tap_ok(r > 0, "R34: started again, all that was posted arrives, in order (%d)", r);
	netdrv_tx_drain(&drv, WAIT);
	netdrv_close(&drv);
}

/* Held up for long: the worker waits for the socket and does not ask again and again. */
static void test_rest(void)
{
	int sndbuf = 8192, i;

	hold_up("8kbit");
	ioctl(tap, TUNSETSNDBUF, &sndbuf);
	if (netdrv_open(&drv, NULL) || netdrv_start(&drv, tap))
		tap_bail("open %s", guest_node());
	for (i = 0; i < 100; i++) {
		frame_make(frame, 1000, i);
		netdrv_tx(&drv, NULL, frame, 1000);
	}
	netdrv_tx_flush(&drv);
	usleep(100000);
	/* A packed ring begins with the wrap counter set. */
	i = ring_used_idx(&drv.g.vq[TX].ring) & 0x7fff;
	tap_ok(i > 0 && i < 100, "the socket takes %d of 100 packets for now", i);
	tap_ok(worker_rests(300), "the worker rests while nothing can be sent");
	tap_ok(!guest_stop(&drv.g), "and -1 does not wait for it to be");
	netdrv_close(&drv);
}

/*
 * On one CPU, the worker too, which inherits that: a bucket that two CPUs take packets out of
 * hands them to two backlogs behind the veth, where they may overtake each other.
 */
static void stay_on_one_cpu(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		tap_bail("a CPU: %s", strerror(errno));
}

/* A bridge whose ports have just come up drops for a while. */
static void warm_up(void)
{
	int tries;

	if (netdrv_open(&drv, NULL) || netdrv_start(&drv, tap))
		tap_bail("open %s", guest_node());
	for (tries = 0; tries < 50; tries++) {
		frame_make(frame, 100, tries);
		netdrv_tx(&drv, NULL, frame, 100);
		netdrv_tx_flush(&drv);
		if (packet_recv(far_end, got, sizeof(got), 100) > 0)
			break;
	}
	while (packet_recv(far_end, got, sizeof(got), 300) > 0)
		;
	netdrv_close(&drv);
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	stay_on_one_cpu();
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", 0))
		tap_bail("a tap");
	if (sh("ip link add br0 type bridge && ip link add ve0 type veth peer name ve1 && "
	       "ip link set vt0 master br0 && ip link set ve0 master br0 && "
	       "ip link set br0 up && ip link set ve0 up && ip link set ve1 up"))
		tap_bail("a bridge");
	far_end = packet_open("ve1", false);
	while (packet_recv(far_end, got, sizeof(got), 200) > 0)
		;
	warm_up();
	test(4096, "8mbit");
	test(20000, "8mbit");
	test(100000, "20mbit");
	test_rest();
	return tap_done();
}
