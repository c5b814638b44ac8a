// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host to guest, steered: every packet arrives whole, once, in its flow's order, at the queue the
 * policy said, or is in a counter. By hand-off between workers, and by the shim at the tap.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "nettap.h"
#include "rig.h"
#include "rnd.h"
#include "steer.h"
#include "tap.h"

#define SHIM	"build/bpf/tap_shim.bpf.o"
#define NFLOWS	32
#define WAIT	5000

static struct rig rig;
static struct policy pol;
static uint32_t nic;

static uint64_t rx_stat(unsigned int stat)
{
	return nic_stat(nic, RX, stat);
}

static void open_rig(unsigned int queues)
{
	rig_open(&rig, "vr0", queues, &(struct netdrv_opt){ .tx_size = 2048, .num = 512 });
	nic = nic_id("vr0");
}

static void start(const struct policy_opt *opt)
{
	int err = policy_start(&pol, opt);

	tap_ok(!err && nic_policy(rig.name) == pol.id, "the policy steers (%s)", strerror(-err));
	if (err)
		tap_bail("nothing to test without it");
}

/* Rounds over the first @flows flows, no more under way than a ring holds if they are taken. */
static uint32_t send_rounds(uint32_t rounds, uint32_t flows, bool take)
{
	uint32_t i, flow, sent = 0, before = rig_total(&rig);
	int tries;

	for (i = 0; i < rounds; i++) {
		for (flow = 0; flow < flows; flow++)
			sent += !rig_send(&rig, flow, rnd_range(FLOW_MIN, 1500));
		for (tries = 0; take && tries < 1000; tries++) {
			rig_take(&rig);
			if (rig_total(&rig) - before + 200 > sent)
				break;
			usleep(1000);
		}
	}
	return sent;
}

/* Asked before the numbers of a result are written down, which say how far it came. */
static bool arrived(uint32_t n)
{
	bool all = rig_wait(&rig, n, WAIT);

	if (!all)
		tap_diag("%u of %u arrived", rig_total(&rig), n);
	return rig_clean(&rig) && all;
}

static void say_queues(uint32_t shift)
{
	uint32_t flow;

	for (flow = 0; flow < NFLOWS; flow++)
		policy_rx(&pol, flow, SAY((flow + shift) % rig.queues));
}

static uint32_t at_right_queue(uint32_t shift)
{
	uint32_t flow, n = 0;

	for (flow = 0; flow < NFLOWS; flow++)
		n += rig.count[(flow + shift) % rig.queues][flow];
	return n;
}

static void say_default(void)
{
	uint32_t flow;

	for (flow = 0; flow < FLOWS; flow++)
		policy_rx(&pol, flow, 0);
}

static void test_queues(const char *how)
{
	uint32_t sent, shift;

	for (shift = 1; shift < 3; shift++) {
		rig_forget(&rig);
		say_queues(shift);
		sent = send_rounds(15, NFLOWS, true);
		tap_ok(arrived(sent) &&
		       at_right_queue(shift) == sent,
		       "%s: each of %u packets at its flow's queue", how, sent);
	}
}

/* The table changes while packets are under way: none is lost. */
static void test_moving(const char *how)
{
	uint32_t i, sent = 0;

	rig_forget(&rig);
	for (i = 0; i < 20; i++) {
		say_queues(i);
		sent += send_rounds(1, NFLOWS, true);
	}
	rig_settle(&rig);
	tap_ok(rig_total(&rig) == sent && !rig.damaged, "%s: none lost as flows move (%u of %u)",
	       how, rig_total(&rig), sent);
}

static void test_drop(const char *how)
{
	uint64_t dropped = rx_stat(VHX_QSTAT_STEER_DROPPED), steered = rx_stat(VHX_QSTAT_STEERED);
	struct policy_state before, after;
	uint32_t sent;

	rig_forget(&rig);
	say_queues(0);
	policy_rx(&pol, 3, SAY(VHX_DROP(VHX_DROP_RATE)));
	policy_rx(&pol, 4, SAY(VHX_DROP(200)));
	policy_get(pol.id, &before);
	sent = send_rounds(10, NFLOWS, true);
	tap_ok(arrived(sent - 20) && !rig_by_flow(&rig, 3) &&
	       !rig_by_flow(&rig, 4), "%s: what is dropped does not arrive, all else does", how);
	policy_get(pol.id, &after);
	dropped = rx_stat(VHX_QSTAT_STEER_DROPPED) - dropped;
	steered = rx_stat(VHX_QSTAT_STEERED) - steered;
	tap_ok(dropped == 20 && steered == sent && after.drops - before.drops == 20 &&
	       after.reasons[VHX_DROP_RATE] - before.reasons[VHX_DROP_RATE] == 10 &&
	       after.reasons[200] - before.reasons[200] == 10 &&
	       after.verdicts - before.verdicts == sent,
	       "%s: each is counted once, with its reason (%llu dropped, %llu judged)", how,
	       (unsigned long long)dropped, (unsigned long long)steered);
}

/* Queues that are not there are not the policy's fault. */
static void test_dead(const char *how)
{
	uint64_t dead = rx_stat(VHX_QSTAT_STEER_DEAD);
	uint32_t flow, sent;

	rig_forget(&rig);
	for (flow = 0; flow < NFLOWS; flow++)
		policy_rx(&pol, flow, SAY(flow & 1 ? 200 : 0xffff));
	sent = send_rounds(10, NFLOWS, true);
	tap_ok(arrived(sent),
	       "%s: verdicts for dead queues: all %u arrive", how,
	       sent);
	dead = rx_stat(VHX_QSTAT_STEER_DEAD) - dead;
	tap_ok(dead == sent && nic_policy(rig.name) == pol.id && !policy_hung_up(&pol, 0),
	       "%s: counted (%llu), and the policy stays", how, (unsigned long long)dead);
}

/*
 * Queue 3's guest posts no buffers any more. It is the target of some flows, and as tun spreads
 * them, a source of others.
 */
static void test_starved(void)
{
	uint64_t full = rx_stat(VHX_QSTAT_MAILBOX_FULL), tun;
	uint32_t flow, q, i, sent[2] = { 0 }, others = 0;
	int tries;

	rig_forget(&rig);
	for (flow = 0; flow < NFLOWS; flow++)
		policy_rx(&pol, flow, SAY(flow % 4));
	for (i = 0; i < 250; i++) {
		for (flow = 0; flow < NFLOWS; flow++)
			sent[flow % 4 == 3] += !rig_send(&rig, flow, 100);
		for (tries = 0; tries < 1000; tries++) {
			for (q = others = 0; q < 3; q++) {
				rig_take_queue(&rig, q);
				others += rig_by_queue(&rig, q);
			}
			if (others + 300 > sent[0])
				break;
			usleep(1000);
		}
	}
	for (tries = 0; tries < 500 && others < sent[0]; tries++) {
		usleep(2000);
		for (q = others = 0; q < 3; q++) {
			rig_take_queue(&rig, q);
			others += rig_by_queue(&rig, q);
		}
	}
	tap_ok(others == sent[0] && rig_clean(&rig),
	       "a queue whose guest has no buffers harms no other: %u of %u", others, sent[0]);
	full = queue_stat(nic, 3, RX, VHX_QSTAT_MAILBOX_FULL) - full;
	tap_ok(full > 0 && full == rx_stat(VHX_QSTAT_MAILBOX_FULL),
	       "what its mailbox has no room for is counted there (%llu)",
	       (unsigned long long)full);
	rig_settle(&rig);
	tun = nettap_dropped("vr0");
	tap_ok(rig_by_queue(&rig, 3) + full + tun == sent[1] && rig_clean(&rig),
	       "with buffers again it gets the rest, in order: %u, %llu dropped, of %u",
	       rig_by_queue(&rig, 3), (unsigned long long)(full + tun), sent[1]);
	tap_ok(rig_by_queue(&rig, 3) >= 512, "a mailbox's worth of them at least");
}

static bool stop_sending;

static void *send_all_the_time(void *arg)
{
	uint32_t *sent = arg;
	uint32_t flow = 0;

	while (!__atomic_load_n(&stop_sending, __ATOMIC_ACQUIRE)) {
		*sent += !rig_send(&rig, flow++ % NFLOWS, 100);
		if (flow % 16 == 0)
			usleep(500);
	}
	return NULL;
}

static uint64_t lost_and_counted(void)
{
	return nettap_dropped("vr0") + rx_stat(VHX_QSTAT_MAILBOX_FULL) +
	       rx_stat(VHX_QSTAT_STEER_DROPPED) + rx_stat(VHX_QSTAT_CLOSED) +
	       rx_stat(VHX_QSTAT_BAD_PACKETS) + rx_stat(VHX_QSTAT_BACKEND_ERRORS);
}

/* The guest stops and starts queues while others hand them packets. */
static void test_stopping(void)
{
	uint64_t lost = lost_and_counted();
	uint32_t sent = 0, i, q, k;
	pthread_t thread;
	bool ok = true;

	rig_forget(&rig);
	say_queues(1);
	stop_sending = false;
	pthread_create(&thread, NULL, send_all_the_time, &sent);
	for (i = 0; ok && i < 40; i++) {
		q = rnd_range(0, 3);
		ok = rig_stop_queue(&rig, q);
		for (k = rnd_range(0, 3); k; k--) {
			usleep(1000);
			rig_take(&rig);
		}
		ok = ok && rig_start_queue(&rig, q);
		for (k = rnd_range(1, 5); k; k--) {
			usleep(1000);
			rig_take(&rig);
		}
	}
	__atomic_store_n(&stop_sending, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	rig_settle(&rig);
	lost = lost_and_counted() - lost;
	tap_ok(ok && !rig.damaged, "queues stop and start 40 times under traffic");
	tap_ok(rig_total(&rig) + lost == sent, "nothing is lost but what is counted: %u + %llu of %u",
	       rig_total(&rig), (unsigned long long)lost, sent);
	test_queues("after that");
}

/* A stopped queue is dead; its flows go where they would without a policy. */
static void test_stopped(void)
{
	uint64_t dead = rx_stat(VHX_QSTAT_STEER_DEAD);
	uint32_t flow;

	rig_forget(&rig);
	for (flow = 0; flow < NFLOWS; flow++)
		policy_rx(&pol, flow, SAY(2));
	rig_stop_queue(&rig, 2);
	send_rounds(2, NFLOWS, false);
	usleep(20000);
	rig_take(&rig);
	dead = rx_stat(VHX_QSTAT_STEER_DEAD) - dead;
	tap_ok(dead > 0 && dead == rig_total(&rig) && !rig_by_queue(&rig, 2),
	       "a stopped queue is dead: the built-in choice instead (%llu)",
	       (unsigned long long)dead);
	rig_start_queue(&rig, 2);
	tap_ok(arrived(2 * NFLOWS),
	       "what was on its own ring waits for it");
}

/* So is one whose ring turned out illegal; nobody fills a mailbox that is never emptied. */
static void test_broken(void)
{
	uint64_t dead, moved;
	struct vq *vq = &rig.drv[2].g.vq[RX];
	uint32_t flow, idx = vq->ring.avail_idx;

	for (flow = 0; flow < NFLOWS; flow++)
		policy_rx(&pol, flow, SAY(2));
	rig_stop_queue(&rig, 2);
	vq->ring.avail_idx += 1000;
	vq_publish(vq);
	rig_start_queue(&rig, 2);
	vq_kick(vq);
	send_rounds(1, NFLOWS, false);
	tap_ok(vq_err(vq, WAIT), "a queue's ring is illegal");
	moved = queue_stat(nic, 2, RX, VHX_QSTAT_STEER_MOVED);
	dead = rx_stat(VHX_QSTAT_STEER_DEAD);
	send_rounds(2, NFLOWS, false);
	tap_ok(EVENTUALLY(rx_stat(VHX_QSTAT_STEER_DEAD) > dead, WAIT) &&
	       queue_stat(nic, 2, RX, VHX_QSTAT_STEER_MOVED) == moved,
	       "a broken queue is dead, and handed nothing");
	rig_stop_queue(&rig, 2);
	vq->ring.avail_idx = idx;
	ring_publish(&vq->ring);
	rig_start_queue(&rig, 2);
	rig_settle(&rig);
	rig_forget(&rig);
}

static void send_from_guest(uint32_t flow, unsigned int q)
{
	struct flow_id id = { .flow = flow, .from_guest = true };
	uint8_t buf[100];

	flow_make(buf, sizeof(buf), &id);
	netdrv_tx(&rig.drv[q], NULL, buf, sizeof(buf));
	netdrv_tx_flush(&rig.drv[q]);
	netdrv_tx_drain(&rig.drv[q], WAIT);
}

/* VHX_DEFAULT: a flow comes back by the queue it was sent from, as tun has it. */
static void test_affinity(const char *how)
{
	uint32_t flow, sent, shift, right;

	for (shift = 1; shift < 3; shift++) {
		for (flow = 0; flow < NFLOWS; flow++)
			send_from_guest(flow, (flow + shift) % rig.queues);
		rig_forget(&rig);
		sent = send_rounds(4, NFLOWS, true);
		rig_wait(&rig, sent, WAIT);
		right = at_right_queue(shift);
		/* Two flows of one hash share an entry. */
		tap_ok(rig_total(&rig) == sent && rig_clean(&rig) && right >= sent * 7 / 8,
		       "%s: flows come back where they were sent from (%u of %u)", how, right, sent);
	}
}

static void test_handoff(void)
{
	uint64_t moved;

	test_queues("hand-off");
	moved = rx_stat(VHX_QSTAT_STEER_MOVED);
	tap_ok(moved > 0, "hand-off: packets moved between queues (%llu)",
	       (unsigned long long)moved);
	test_moving("hand-off");
	test_drop("hand-off");
	test_dead("hand-off");
	say_default();
	test_affinity("hand-off, default");
	test_starved();
	test_stopping();
	test_stopped();
	test_broken();
	test_queues("mended");
}

static void test_shim(void)
{
	int err = vhx_shim__attach(rig.tap[0], SHIM);
	uint64_t moved;

	if (!tap_ok(!err, "the shim is attached (%s)", strerror(-err)))
		return;
	say_default();
	send_rounds(1, 1, true);
	rig_settle(&rig);
	moved = rx_stat(VHX_QSTAT_STEER_MOVED);
	test_queues("shim");
	test_moving("shim");
	tap_ok(rx_stat(VHX_QSTAT_STEER_MOVED) == moved, "shim: none was handed over");
	test_drop("shim");
	test_dead("shim");
	say_default();
	test_affinity("shim, default");
	test_stopping();
	policy_close(&pol);
	tap_ok(!nic_policy("vr0"), "the policy is gone, the shim is not");
	test_affinity("shim, no policy");
	start(&(struct policy_opt){ .nic_name = "vr*" });
	test_queues("shim, attached before the policy");
	err = vhx_shim__detach(rig.tap[0]);
	tap_ok(!err, "the shim is detached (%s)", strerror(-err));
	test_queues("hand-off again");
}

static bool flows_stay_together(void)
{
	uint32_t flow, q, n;

	for (flow = 0; flow < NFLOWS; flow++) {
		for (q = n = 0; q < rig.queues; q++)
			n += !!rig.count[q][flow];
		if (n > 1)
			return false;
	}
	return true;
}

/* flow_hash, as it is shipped: a flow stays together, and all queues have some. */
static void test_flow_hash(void)
{
	uint32_t sent;

	start(&(struct policy_opt){ .object = "build/bpf/flow_hash.bpf.o", .nic_id = nic });
	rig_forget(&rig);
	sent = send_rounds(10, NFLOWS, true);
	tap_ok(arrived(sent), "flow_hash: all %u arrive", sent);
	tap_ok(flows_stay_together() && rig_by_queue(&rig, 0) && rig_by_queue(&rig, 1) &&
	       rig_by_queue(&rig, 2) && rig_by_queue(&rig, 3),
	       "flow_hash: each flow by one queue, all queues in use");
	policy_close(&pol);
}

static void send_train(uint32_t flow, uint32_t len)
{
	while (len--)
		rig_send(&rig, flow, 100);
}

/*
 * flow_pin, which remembers the flow of the packet before: trains of one, two, three packets, and
 * back to the flow before the last.
 */
static void test_flow_pin(void)
{
	uint32_t flow, sent = 0, i;

	start(&(struct policy_opt){ .object = "build/bpf/flow_pin.bpf.o", .nic_id = nic });
	rig_forget(&rig);
	for (i = 0; i < 10; i++) {
		for (flow = 0; flow < NFLOWS; flow++) {
			send_train(flow, 1 + (i + flow) % 3);
			send_train((flow + NFLOWS - 2) % NFLOWS, 1);
			sent += 2 + (i + flow) % 3;
		}
		rig_wait(&rig, sent, WAIT);
	}
	tap_ok(arrived(sent) && flows_stay_together(),
	       "flow_pin: all %u arrive, each flow by one queue", sent);
	policy_close(&pol);
}

static void test_single_queue(bool shim)
{
	const char *how = shim ? "single queue, shim" : "single queue";

	open_rig(1);
	if (shim)
		tap_ok(!vhx_shim__attach(rig.tap[0], SHIM), "the shim on a tap of one queue");
	start(&(struct policy_opt){ .nic_name = "vr0" });
	test_queues(how);
	test_drop(how);
	test_dead(how);
	policy_close(&pol);
	rig_close(&rig);
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own");
	rnd_start();
	open_rig(RIG_QUEUES);
	start(&(struct policy_opt){ .nic_name = "vr*" });
	test_handoff();
	test_shim();
	policy_close(&pol);
	test_flow_hash();
	test_flow_pin();
	rig_close(&rig);
	test_single_queue(false);
	test_single_queue(true);
	return tap_done();
}
