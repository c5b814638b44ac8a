// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest to host, steered: what is dropped costs no copy, what passes is what was judged, however
 * the guest rewrites it meanwhile.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "nettap.h"
#include "rig.h"
#include "rnd.h"
#include "steer.h"
#include "tap.h"

#define WAIT	5000
#define GOOD	1
#define BAD	2

static struct rig rig;
static struct policy pol;
static uint32_t nic;
static uint8_t frame[FLOW_MAX + 1], got[FLOW_MAX + 1];

static uint64_t tx_stat(unsigned int stat)
{
	return nic_stat(nic, TX, stat);
}

static void start(const struct policy_opt *opt)
{
	int err = policy_start(&pol, opt);

	if (err || nic_policy(rig.name) != pol.id)
		tap_bail("the policy does not steer: %s", strerror(-err));
	policy_tx(&pol, GOOD, SAY(VHX_PASS));
	policy_tx(&pol, BAD, SAY(VHX_DROP(VHX_DROP_SPOOF)));
}

static int post(uint8_t flow, uint32_t seq, uint32_t len)
{
	struct flow_id id = { .flow = flow, .from_guest = true, .seq = seq };

	flow_make(frame, len, &id);
	return netdrv_tx(&rig.drv[0], NULL, frame, len);
}

/* Bursts of both flows; all of the good one arrive, in order, and none of the other. */
static void test_drop(const char *how, uint32_t max_len)
{
	uint64_t dropped = tx_stat(VHX_QSTAT_STEER_DROPPED), sent = tx_stat(VHX_QSTAT_PACKETS);
	uint32_t i, k, n, good = 0, bad = 0, expect = 0;
	struct policy_state before, after;
	struct flow_id id;
	bool ok = true;

	policy_get(pol.id, &before);
	for (i = 0; ok && i < 20; i++) {
		for (k = 0, n = rnd_range(1, 64); k < n; k++) {
			bool is_bad = rnd() & 1;

			ok = ok && !post(is_bad ? BAD : GOOD, is_bad ? bad : good,
					 rnd_range(FLOW_MIN, max_len));
			bad += is_bad;
			good += !is_bad;
		}
		netdrv_tx_flush(&rig.drv[0]);
		while (ok && expect < good) {
			int len = packet_recv(rig.host, got, sizeof(got), WAIT);

			ok = len > 0 && flow_read(got, len, &id) && id.flow == GOOD &&
			     id.seq == expect++;
		}
		ok = ok && netdrv_tx_drain(&rig.drv[0], WAIT);
	}
	ok = ok && !packet_recv(rig.host, got, sizeof(got), 50);
	tap_ok(ok, "%s: %u pass, whole and in order, none of %u others does", how, good, bad);
	policy_get(pol.id, &after);
	dropped = tx_stat(VHX_QSTAT_STEER_DROPPED) - dropped;
	sent = tx_stat(VHX_QSTAT_PACKETS) - sent;
	tap_ok(dropped == bad && sent == good && after.drops - before.drops == bad &&
	       after.reasons[VHX_DROP_SPOOF] - before.reasons[VHX_DROP_SPOOF] == bad &&
	       after.verdicts - before.verdicts == good + bad,
	       "%s: each is counted once (%llu sent, %llu dropped)", how,
	       (unsigned long long)sent, (unsigned long long)dropped);
}

static void test_batch(void)
{
	uint64_t batches, batched, tx;

	start(&(struct policy_opt){ .object = PROGS "table_batch.bpf.o", .nic_name = "vt0" });
	test_drop("batch", 1500);
	batches = policy_seen(&pol, SEEN_BATCH);
	batched = policy_seen(&pol, SEEN_BATCHED);
	tx = policy_seen(&pol, SEEN_TX);
	tap_ok(batches && batched > batches, "the batch program saw %llu packets in %llu batches",
	       (unsigned long long)batched, (unsigned long long)batches);
	post(BAD, 0, 100);
	netdrv_tx_flush(&rig.drv[0]);
	netdrv_tx_drain(&rig.drv[0], WAIT);
	tap_ok(policy_seen(&pol, SEEN_BATCH) == batches && policy_seen(&pol, SEEN_TX) == tx + 1,
	       "a lone packet goes to tx");
	policy_close(&pol);
}

/* A shipped batch program that gives no verdict on what is sent: all passes. */
static void test_no_verdict(const char *object)
{
	uint32_t i, came = 0;
	int err = policy_start(&pol, &(struct policy_opt){ .object = object, .nic_name = "vt0" });

	for (i = 0; i < 64; i++)
		post(BAD, i, 200);
	netdrv_tx_flush(&rig.drv[0]);
	while (came < 64 && packet_recv(rig.host, got, sizeof(got), WAIT) == 200)
		came++;
	tap_ok(!err && came == 64 && netdrv_tx_drain(&rig.drv[0], WAIT), "%s: all pass (%u)",
	       object, came);
	policy_close(&pol);
}

/* Packets that could not be read, whoever tried it. */
static uint64_t unusable(void)
{
	return tx_stat(VHX_QSTAT_BAD_PACKETS) + tx_stat(VHX_QSTAT_BACKEND_ERRORS);
}

/* A packet whose bytes behind the head cannot be read: a drop does not read them. */
static void test_unreadable(void)
{
	struct netdrv *d = &rig.drv[0];
	uint32_t page = sysconf(_SC_PAGESIZE), len = 60000, first = d->hdr_len + VHX_PKT_HEAD_MAX;
	uint8_t *buf = mem_alloc(&d->mem, 17 * page, page), *head = buf + page - first;
	struct flow_id id = { .flow = BAD, .from_guest = true };
	struct sg sg[2] = {
		{ mem_gpa(&d->mem, head), first },
		{ mem_gpa(&d->mem, buf + page), len - VHX_PKT_HEAD_MAX },
	};
	uint64_t bad = unusable(), dropped = tx_stat(VHX_QSTAT_STEER_DROPPED);
	void *token;
	uint32_t used;
	int flow;

	start(&(struct policy_opt){ .nic_name = "vt0" });
	flow_make(frame, len, &id);
	memset(head, 0, d->hdr_len);
	memcpy(head + d->hdr_len, frame, VHX_PKT_HEAD_MAX);
	if (mprotect(buf + page, 16 * page, PROT_NONE))
		tap_bail("mprotect: %s", strerror(errno));
	for (flow = BAD; flow >= GOOD; flow--) {
		head[d->hdr_len + FLOW_AT] = flow;
		ring_add(&d->g.vq[TX].ring, sg, 2, 0, buf);
		netdrv_tx_flush(d);
		vq_wait_used(&d->g.vq[TX], WAIT);
		token = ring_get(&d->g.vq[TX].ring, &used);
		tap_ok(token == buf && !packet_recv(rig.host, got, sizeof(got), 20),
		       "unreadable payload: a packet to %s comes back",
		       flow == BAD ? "drop" : "pass");
		tap_ok(tx_stat(VHX_QSTAT_STEER_DROPPED) == dropped + 1 &&
		       unusable() == bad + (flow == GOOD),
		       "and is counted as %s", flow == BAD ? "dropped" : "bad");
	}
	mprotect(buf + page, 16 * page, PROT_READ | PROT_WRITE);
	tap_ok(!vq_err(&d->g.vq[TX], 0), "the ring is not broken");
	policy_close(&pol);
}

/* The guest's other thread: what the packet says of its flow changes all the time. */
struct flipper {
	uint8_t *slot[256];
	uint32_t n;
	bool stop;
};

static void *flip(void *arg)
{
	struct flipper *f = arg;
	uint32_t i;

	while (!__atomic_load_n(&f->stop, __ATOMIC_ACQUIRE))
		for (i = 0; i < f->n; i++)
			__atomic_store_n(&f->slot[i][FLOW_AT],
					 f->slot[i][FLOW_AT] == GOOD ? BAD : GOOD,
					 __ATOMIC_RELAXED);
	return NULL;
}

/* Of the frame at hand. */
static void make_tcp_gso(vnet_hdr *hdr)
{
	frame[14 + 9] = 6;
	frame[34 + 12] = 0x50;
	*hdr = (vnet_hdr){ .hdr = {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = 54, .gso_size = 1400, .csum_start = 34, .csum_offset = 16,
	} };
}

static void test_forgery(const char *what, uint32_t len, uint32_t burst)
{
	uint64_t dropped = tx_stat(VHX_QSTAT_STEER_DROPPED);
	struct flow_id id = { .flow = GOOD, .from_guest = true };
	struct netdrv *d = &rig.drv[0];
	struct flipper f = { .n = d->tx_nfree };
	uint32_t i, k, passed = 0, forged = 0, sent = 0;
	vnet_hdr hdr = { 0 };
	pthread_t thread;
	bool ok = true;

	for (i = 0; i < f.n; i++)
		f.slot[i] = d->tx_free[i] + d->hdr_len;
	flow_make(frame, len, &id);
	if (len > 1514)
		make_tcp_gso(&hdr);
	pthread_create(&thread, NULL, flip, &f);
	/* Until the other thread has had its chance. */
	for (i = 0; ok && (i < 150 || (i < 5000 && passed == sent)); i++) {
		for (k = 0; k < burst; k++)
			sent += !netdrv_tx(d, &hdr, frame, len);
		netdrv_tx_flush(d);
		ok = netdrv_tx_drain(d, WAIT);
		while (packet_recv(rig.host, got, sizeof(got), 0) == (int)len) {
			passed++;
			forged += got[FLOW_AT] != GOOD;
		}
	}
	__atomic_store_n(&f.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	while (packet_recv(rig.host, got, sizeof(got), 50) == (int)len) {
		passed++;
		forged += got[FLOW_AT] != GOOD;
	}
	dropped = tx_stat(VHX_QSTAT_STEER_DROPPED) - dropped;
	tap_ok(ok && !forged, "%s rewritten under way: %u of %u pass, %u of them forged", what,
	       passed, sent, forged);
	tap_ok(passed && dropped && passed + dropped == sent,
	       "%s: what did not pass was dropped (%llu)", what, (unsigned long long)dropped);
}

static void test_forgeries(void)
{
	start(&(struct policy_opt){ .nic_name = "vt0", .flags = VHX_STEER_F_REQUIRED });
	test_forgery("60 bytes", 60, 32);
	test_forgery("1500 bytes", 1500, 32);
	test_forgery("60000 bytes", 60000, 4);
	test_drop("required", 1500);
	policy_close(&pol);
	tap_ok(nic_closed("vt0"), "required and gone: closed");
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own");
	rnd_start();
	rig_open(&rig, "vt0", 1, &(struct netdrv_opt){ .num = 128 });
	nettap_up("vt0", 65521);
	nic = nic_id("vt0");
	start(&(struct policy_opt){ .nic_name = "vt0" });
	test_drop("tx", 1500);
	test_drop("tx, large", 20000);
	policy_close(&pol);
	test_batch();
	test_no_verdict("build/bpf/null.bpf.o");
	test_no_verdict("build/bpf/flow_hash.bpf.o");
	test_unreadable();
	test_forgeries();
	rig_close(&rig);
	return tap_done();
}
