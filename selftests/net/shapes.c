// SPDX-License-Identifier: GPL-2.0-only
/*
 * To the guest, packets and buffers of every shape: VLAN tags, fragments, buffers in pieces of a
 * few bytes, buffers that are not there, a tap whose header is not the guest's. And what the tap
 * counts meanwhile.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"
#include "vhxstat.h"

#define WAIT	5000
#define TAG	4

static struct netdrv drv;
static int tap, host, vlan;
static uint8_t frame[FRAME_MAX + 64], want[FRAME_MAX + 64], got[FRAME_MAX + 128];

static void start(const struct netdrv_opt *opt)
{
	int r = netdrv_open(&drv, opt);

	if (!r)
		r = nettap_set_hdr(tap, drv.hdr_len);
	if (!r)
		r = netdrv_start(&drv, tap);
	if (r)
		tap_bail("start: %s", strerror(-r));
}

static uint64_t stat(uint8_t dir, enum vhx_qstat id)
{
	struct vhxstat q;

	if (!guest_is_vhx())
		return 0;
	return vhxstat_find(&q, 0, dir) ? ~0ULL : q.count[id];
}

/* ---- what a packet looks like ---- */

static bool plain_one(uint32_t len, uint32_t seq)
{
	vnet_hdr hdr;
	int r;

	frame_make(frame, len, seq);
	packet_send(host, frame, len);
	r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	if (r == (int)len && !memcmp(got, frame, len))
		return true;
	tap_diag("%u bytes sent, the guest got %d", len, r);
	return false;
}

/* The VLAN device leaves the tag beside the frame; the guest has it in the frame. */
static bool tagged_one(uint32_t len, uint32_t seq)
{
	vnet_hdr hdr;
	int r;

	frame_make(frame, len, seq);
	memcpy(want, frame, 12);
	memcpy(want + 12, "\x81\x00\x00\x05", TAG);
	memcpy(want + 12 + TAG, frame + 12, len - 12);
	packet_send(vlan, frame, len);
	r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
	if (r == (int)len + TAG && !memcmp(got, want, r))
		return true;
	tap_diag("%u bytes sent behind a tag, the guest got %d", len, r);
	return false;
}

static const uint32_t edges[] = {
	14, 15, 16, 60, 61, 239, 240, 241, 243, 244, 255, 256, 257, 258, 1500, 2031, 2032, 2036,
	2037, 4096, 9000, 65000,
};
#define EDGES (sizeof(edges) / sizeof(edges[0]))

static void test_shapes(const char *name, const struct netdrv_opt *opt)
{
	uint32_t i, plain = 0, tagged = 0;

	start(opt);
	for (i = 0; i < EDGES; i++)
		plain += plain_one(edges[i], i);
	tap_ok(plain == EDGES, "%s: %u of %zu plain frames", name, plain, EDGES);
	for (i = 0; i < EDGES; i++)
		tagged += tagged_one(edges[i], i);
	tap_ok(tagged == EDGES, "%s: %u of %zu frames with a VLAN tag", name, tagged, EDGES);
	netdrv_close(&drv);
}

/* ---- buffers in pieces ---- */

/* A buffer of pieces of random sizes, the header's bytes among them. */
static uint32_t post_pieces(uint8_t *at, uint32_t room, uint32_t max_piece)
{
	struct sg sg[RING_TABLE];
	uint32_t n = 0, off = 0, len;

	while (off < room && n < RING_TABLE) {
		len = n + 1 < RING_TABLE ? rnd_range(1, max_piece) : room - off;
		if (len > room - off)
			len = room - off;
		sg[n++] = (struct sg){ mem_gpa(&drv.mem, at + off), len };
		off += len;
	}
	if (ring_add(&drv.g.vq[RX].ring, sg, 0, n, at))
		return 0;
	vq_publish(&drv.g.vq[RX]);
	return n;
}

/* A started queue with nothing posted, and memory of one's own for its buffers. */
static uint8_t *start_bare(const struct netdrv_opt *opt, uint32_t room)
{
	int r = netdrv_open(&drv, opt);

	if (!r)
		r = nettap_set_hdr(tap, drv.hdr_len);
	if (!r)
		r = guest_start(&drv.g, tap);
	if (r)
		tap_bail("start: %s", strerror(-r));
	return mem_alloc(&drv.mem, room, 4096);
}

static void test_pieces(const char *name, uint64_t features, uint32_t max_piece)
{
	uint8_t *at = start_bare(&(struct netdrv_opt){ .features = features }, 8192);
	struct vq *vq = &drv.g.vq[RX];
	uint32_t i, len, used, ok = 0;

	for (i = 0; i < 200; i++) {
		bool tag = i & 1;

		len = rnd_range(60, i & 2 ? 200 : 1500);
		frame_make(frame, len, i);
		memset(at, 0xee, 8192);
		post_pieces(at, 4000, max_piece);
		packet_send(tag ? vlan : host, frame, len);
		if (!vq_wait_used(vq, WAIT) || ring_get(&vq->ring, &used) != at ||
		    used != drv.hdr_len + len + (tag ? TAG : 0))
			break;
		if (memcmp(at + drv.hdr_len, frame, 12) ||
		    memcmp(at + drv.hdr_len + 12 + (tag ? TAG : 0), frame + 12, len - 12))
			break;
		ok += at[used] == 0xee && (drv.hdr_len == HDR_LEGACY || (at[10] == 1 && !at[11]));
	}
	tap_ok(ok == 200, "R62: %s, pieces of at most %u bytes: %u of 200 frames, not a byte more", name,
	       max_piece, ok);
	netdrv_close(&drv);
}

/* ---- buffers that are not there ---- */

static void test_not_there(void)
{
	uint8_t *at = start_bare(NULL, 32768);
	struct vq *vq = &drv.g.vq[RX];
	uint64_t bad = stat(RX, VHX_QSTAT_BAD_PACKETS);
	uint32_t i, used, lost = 0, good = 0;
	struct sg sg[2];

	/* The first one by way of the tap's own recvmsg(). */
	post_pieces(at, 4096, 4096);
	frame_make(frame, 1000, 0);
	packet_send(host, frame, 1000);
	vq_wait_used(vq, WAIT);
	if (!ring_get(&vq->ring, &used))
		tap_bail("no packet came");

	/* The header fits, the frame does not; and the other way round. */
	mprotect(at + 4096, 4096, PROT_NONE);
	for (i = 0; i < 4; i++) {
		uint8_t *hole = at + 4096;

		sg[0] = (struct sg){ mem_gpa(&drv.mem, i & 1 ? hole : at), i & 2 ? 512 : 12 };
		sg[1] = (struct sg){ mem_gpa(&drv.mem, i & 1 ? at : hole), 2048 };
		ring_add(&vq->ring, sg, 0, 2, at);
	}
	vq_publish(vq);
	for (i = 0; i < 4; i++)
		packet_send(host, frame, 1000);
	for (i = 0; i < 4 && vq_wait_used(vq, WAIT); i++)
		while (ring_get(&vq->ring, &used))
			lost += !used;
	mprotect(at + 4096, 4096, PROT_READ | PROT_WRITE);
	tap_ok(lost == 4, "buffers that are not there come back empty (%u of 4)", lost);
	tap_ok(stat(RX, VHX_QSTAT_BAD_PACKETS) - bad == 4, "and each packet is counted");

	for (i = 0; i < 4; i++) {
		post_pieces(at, 8192, 4096);
		frame_make(frame, 1000, i);
		packet_send(host, frame, 1000);
		vq_wait_used(vq, WAIT);
		good += ring_get(&vq->ring, &used) && used == HDR_V1 + 1000 &&
			!memcmp(at + HDR_V1, frame, 1000);
	}
	tap_ok(good == 4 && !vq_err(vq, 0), "the ring goes on (%u of 4)", good);
	netdrv_close(&drv);
}

/* ---- the header is the tap's owner's choice ---- */

static void test_other_header(void)
{
	uint64_t errors = stat(RX, VHX_QSTAT_BACKEND_ERRORS);
	uint32_t i;
	vnet_hdr hdr;

	if (netdrv_open(&drv, NULL) || nettap_set_hdr(tap, HDR_LEGACY) || netdrv_start(&drv, tap))
		tap_bail("start");
	errors = stat(RX, VHX_QSTAT_BACKEND_ERRORS);
	for (i = 0; i < 10; i++) {
		frame_make(frame, 500, i);
		packet_send(host, frame, 500);
	}
	usleep(50000);
	tap_ok(!netdrv_rx(&drv, &hdr, got, sizeof(got)) &&
	       stat(RX, VHX_QSTAT_BACKEND_ERRORS) - errors == 10,
	       "a header shorter than the guest's: nothing is delivered, 10 are counted");
	nettap_set_hdr(tap, HDR_V1);
	for (i = 0; i < 3000 && plain_one(rnd_range(60, 300), i); i++)
		;
	tap_ok(i == 3000, "once it is the same, %u of 3000 are", i);
	netdrv_close(&drv);
}

/* ---- what the tap counts ---- */

struct tap_stat {
	unsigned long long bytes, packets;
};

static struct tap_stat tap_stat(void)
{
	struct tap_stat t = {};
	char line[512];
	FILE *f = fopen("/proc/thread-self/net/dev", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " vt0: %*u %*u %*u %*u %*u %*u %*u %*u %llu %llu", &t.bytes,
			   &t.packets) == 2)
			break;
	if (f)
		fclose(f);
	return t;
}

static void test_tap_counts(void)
{
	struct tap_stat before, after;
	unsigned long long sum = 0;
	uint32_t i, ok = 0;

	start(NULL);
	before = tap_stat();
	for (i = 0; i < 500; i++) {
		uint32_t len = rnd_range(60, 4000);

		ok += i & 1 ? tagged_one(len, i) : plain_one(len, i);
		sum += i & 1 ? len + TAG : len;
	}
	usleep(20000);
	after = tap_stat();
	after.packets -= before.packets;
	after.bytes -= before.bytes;
	tap_ok(ok == 500 && after.packets == 500 && after.bytes == sum,
	       "the tap counts %llu packets of %llu bytes, of 500 of %llu", after.packets,
	       after.bytes, sum);
	netdrv_close(&drv);
}

/* ---- a stop with more than the tap's ring can take back ---- */

static void test_spill(void)
{
	uint64_t dropped = nettap_dropped("vt0"), spilt, packets, sent = 3000, i;
	vnet_hdr hdr;

	if (!guest_is_vhx()) {
		tap_skip("a stop with a full ring", "in-tree counts nothing");
		return;
	}
	netdrv_open(&drv, NULL);
	nettap_set_hdr(tap, HDR_V1);
	guest_start(&drv.g, tap);
	spilt = stat(RX, VHX_QSTAT_BACKEND_ERRORS);
	frame_make(frame, 100, 1);
	packet_send(host, frame, 100);
	usleep(20000);
	/* 64 of the first are with the worker by now or soon; the ring fills up behind them. */
	for (i = 1; i < sent; i++)
		send(host, frame, 100, MSG_DONTWAIT);
	usleep(20000);
	guest_stop(&drv.g);
	packets = stat(RX, VHX_QSTAT_PACKETS);
	spilt = stat(RX, VHX_QSTAT_BACKEND_ERRORS) - spilt;
	netdrv_restart(&drv, tap);
	for (i = 0; netdrv_rx_wait(&drv, &hdr, got, sizeof(got), 300) > 0; i++)
		;
	packets = stat(RX, VHX_QSTAT_PACKETS) - packets;
	dropped = nettap_dropped("vt0") - dropped;
	tap_ok(spilt && i == packets && i + spilt + dropped == sent,
	       "stopped with a full ring: %llu delivered later, %llu counted as lost, %llu by the tap, of %llu",
	       (unsigned long long)i, (unsigned long long)spilt, (unsigned long long)dropped,
	       (unsigned long long)sent);
	netdrv_close(&drv);
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_up("vt0", 65521))
		tap_bail("a tap");
	if (sh("ip link add link vt0 name vt0.5 type vlan id 5 && ip link set vt0.5 up"))
		tap_bail("a VLAN device");
	host = packet_open("vt0", false);
	vlan = packet_open("vt0.5", false);
	test_shapes("mergeable", NULL);
	test_shapes("mergeable, small buffers", &(struct netdrv_opt){ .rx_size = 100, .num = 1024 });
	test_shapes("big buffers", &(struct netdrv_opt){ .features = F_V1, .rx_size = 66000,
		    .num = 64 });
	test_shapes("legacy", &(struct netdrv_opt){ .features = F_NONE, .rx_size = 66000,
		    .num = 64 });
	test_pieces("version 1", F_MODERN, 3);
	test_pieces("version 1", F_MODERN, 100);
	test_pieces("no tables", F_V1, 40);
	test_pieces("legacy", F_NONE, 7);
	if (guest_is_vhx())
		test_not_there();
	else
		tap_skip("buffers that are not there", "in-tree gives them back full");
	test_other_header();
	test_tap_counts();
	test_spill();
	return tap_done();
}
