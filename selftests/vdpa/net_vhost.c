// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhx_vdpa_net as a VMM has it, through in-tree's vhost-vdpa: what is mapped and what is not, packets
 * both ways, suspend and ring state, the control queue, and a driver that means no good.
 * time-limit: 180
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/virtio_net.h>

#include "frame.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"
#include "vdpanic.h"

#define NAME	"vhxv1"
#define HDR	12
#define WAIT	5000
#define LEN	1000		/* of a frame, where that does not matter */
#define BUF	2048

#define F_MRG	BIT64(VIRTIO_NET_F_MRG_RXBUF)
#define F_CVQ	(BIT64(VIRTIO_NET_F_CTRL_VQ) | BIT64(VIRTIO_NET_F_CTRL_RX) | \
		 BIT64(VIRTIO_NET_F_CTRL_RX_EXTRA) | BIT64(VIRTIO_NET_F_CTRL_VLAN) | \
		 BIT64(VIRTIO_NET_F_CTRL_MAC_ADDR) | BIT64(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS))
#define F_PAIRS	(F_CVQ | BIT64(VIRTIO_NET_F_MQ) | BIT64(VIRTIO_NET_F_RSS) | \
		 BIT64(VIRTIO_NET_F_GUEST_CSUM))

static uint8_t packet[HDR + FRAME_MAX + 64], got[HDR + FRAME_MAX + 64];
static uint32_t seq;

static bool to_host(struct vdpanic *v, uint32_t len)
{
	int r;

	memset(packet, 0, HDR);
	frame_make(packet + HDR, len, ++seq);
	r = vdpanic_tx(v, packet, HDR + len);
	if (!r)
		r = packet_recv(v->host, got, sizeof(got), WAIT);
	if (r == (int)len && !memcmp(packet + HDR, got, len))
		return true;
	tap_diag("sent %u bytes, the host got %d", len, r);
	return false;
}

static bool to_guest(struct vdpanic *v, uint32_t len)
{
	int r;

	if (vdpanic_post(v, HDR + BUF))
		return false;
	frame_make(packet, len, ++seq);
	if (packet_send(v->host, packet, len) != (int)len)
		return false;
	r = vdpanic_rx(v, got, sizeof(got), WAIT);
	if (r == (int)(HDR + len) && !memcmp(packet, got + HDR, len))
		return true;
	tap_diag("sent %u bytes, the guest got %d", len, r);
	return false;
}

/* The peer's queues follow its carrier, and that not at once. */
static void wait_carrier(const char *state)
{
	sh("until grep -q %s /sys/class/net/" NAME "/operstate; do sleep 0.1; done; ip link show "
	   NAME " >/dev/null", state);
}

static bool open_started(struct vdpanic *v, uint64_t features, unsigned int nvq)
{
	const char *what = "open";
	int r = vdpanic_open(v, NAME, F_VDPA | features, nvq);

	if (!r) {
		what = "negotiate";
		r = vdpanic_negotiate(v);
	}
	if (!r) {
		what = "map";
		r = vdpanic_map(v, 0);
	}
	if (!r) {
		what = "set up";
		r = vdpanic_setup(v, NULL);
	}
	if (!r) {
		wait_carrier("up");
		return true;
	}
	tap_diag("%s: %s", what, strerror(-r));
	return false;
}

static void refuses(void)
{
	static const uint64_t bad[] = { F_V1, F_PLATFORM, F_VDPA | BIT64(41), F_VDPA | BIT64(40) };
	struct vdpanic v;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		tap_ok(!vdpanic_open(&v, NAME, bad[i], 2), "it opens");
		tap_ok(vdpanic_negotiate(&v) < 0, "features %#llx are refused",
		       (unsigned long long)bad[i]);
		tap_ok(!(vdpanic_status(&v) & S_FEATURES_OK), "and the status says so");
		vdpanic_close(&v);
	}
}

/* A user of vhost-vdpa's that maps nothing has nothing, and cannot name this machine's memory. */
static void unmapped(void)
{
	struct vdpanic v;

	tap_ok(!vdpanic_open(&v, NAME, F_VDPA, 2) && !vdpanic_negotiate(&v) &&
	       !vdpanic_setup(&v, NULL), "a device starts with nothing mapped");
	vq_kick(&v.g.vq[1]);
	tap_ok(vdpanic_wait_status(&v, S_NEEDS_RESET, WAIT), "its rings are nowhere");
	tap_ok(!vdpanic_reset(&v) && !vdpanic_start(&v), "a reset and a mapping mend it");
	tap_ok(to_host(&v, LEN), "a packet passes");
	tap_ok(!vdpanic_unmap(&v, 0), "the mapping is taken back under it");
	vq_kick(&v.g.vq[1]);
	tap_ok(vdpanic_wait_status(&v, S_NEEDS_RESET, WAIT), "and the rings are nowhere again");
	vdpanic_close(&v);
}

static void packets(const char *what, uint64_t features)
{
	static const uint32_t len[] = { 14, 15, 60, 61, 1000, 1514 };
	struct vdpanic v;
	unsigned int i;

	if (!tap_ok(open_started(&v, features, 2), "%s: a device starts", what))
		return;
	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++) {
		tap_ok(to_host(&v, len[i]), "%s: %u bytes to the host", what, len[i]);
		tap_ok(to_guest(&v, len[i]), "%s: %u bytes to the guest", what, len[i]);
	}
	for (i = 0; i < 200 && to_host(&v, 14 + i * 7) && to_guest(&v, 14 + i * 7); i++)
		;
	tap_ok(i == 200, "%s: 200 packets each way, around the rings", what);
	vdpanic_close(&v);
}

/* Stands still, says where, and goes on: there, or set up anew. */
static void state(const char *what, uint64_t features)
{
	uint32_t base[2], again;
	struct vdpanic v;
	unsigned int i;

	if (!tap_ok(open_started(&v, features, 2), "%s: a device starts", what))
		return;
	for (i = 0; i < 100 && to_host(&v, LEN) && (i % 3 || to_guest(&v, LEN)); i++)
		;
	tap_ok(i == 100, "%s: some packets", what);
	tap_ok(!guest_ioctl(v.g.fd, VHOST_VDPA_SUSPEND, NULL), "%s: suspended", what);
	tap_ok(!guest_get_base(&v.g, 0, &base[0]) && !guest_get_base(&v.g, 1, &base[1]),
	       "%s: it says where", what);
	tap_ok(base[0] == ring_base(&v.g.vq[0].ring) && base[1] == ring_base(&v.g.vq[1].ring),
	       "%s: where the driver is: %#x %#x", what, base[0], base[1]);

	frame_make(packet, LEN, ++seq);
	tap_ok(packet_send(v.host, packet, LEN) == LEN && !vdpanic_post(&v, HDR + BUF),
	       "%s: the host sends meanwhile", what);
	tap_ok(vdpanic_rx(&v, got, sizeof(got), 200) == -ETIMEDOUT, "%s: and nothing comes", what);
	tap_ok(!guest_get_base(&v.g, 0, &again) && again == base[0], "%s: nothing moves", what);
	tap_ok(!guest_ioctl(v.g.fd, VHOST_VDPA_RESUME, NULL), "%s: resumed", what);
	tap_ok(vdpanic_rx(&v, got, sizeof(got), WAIT) == HDR + LEN &&
	       !memcmp(packet, got + HDR, LEN), "%s: it comes", what);
	tap_ok(to_host(&v, LEN) && to_guest(&v, LEN), "%s: and others", what);

	tap_ok(!guest_ioctl(v.g.fd, VHOST_VDPA_SUSPEND, NULL) &&
	       !guest_get_base(&v.g, 0, &base[0]) && !guest_get_base(&v.g, 1, &base[1]) &&
	       !vdpanic_reset(&v) && !vdpanic_negotiate(&v) && !vdpanic_setup(&v, base),
	       "%s: set up anew where it stood, with the memory that was mapped", what);
	wait_carrier("up");
	tap_ok(to_host(&v, LEN) && to_guest(&v, LEN), "%s: it goes on", what);
	vdpanic_close(&v);
}

#define CMD(v, ...)	vdpanic_cmd(v, (const uint8_t[]){ __VA_ARGS__ }, \
				    sizeof((const uint8_t[]){ __VA_ARGS__ }))
#define LE16(x)		(x) & 0xff, (x) >> 8

static void control(void)
{
	static const uint8_t mac[] = { 0x52, 0x54, 0, 1, 2, 3 };
	static uint8_t many[2 + 4 + 6 * 100 + 4];
	struct vhost_vring_state group = { .index = 2 };
	struct vhost_vring_state as = { .index = 1, .num = 1 };
	struct vdpanic v;
	uint8_t config[sizeof(struct vhost_vdpa_config) + 6];
	struct vhost_vdpa_config *c = (void *)config;

	tap_ok(!vdpanic_open(&v, NAME, F_VDPA | F_CVQ | F_MRG, 3) && !vdpanic_negotiate(&v),
	       "with a control queue");
	tap_ok(!guest_ioctl(v.g.fd, VHOST_VDPA_GET_VRING_GROUP, &group) && group.num == 1,
	       "it is in a group of its own");
	tap_ok(!guest_ioctl(v.g.fd, VHOST_VDPA_SET_GROUP_ASID, &as), "and gets its address space");
	tap_ok(!vdpanic_map(&v, 0) && !vdpanic_map(&v, 1) && !vdpanic_setup(&v, NULL), "both mapped");

	tap_ok(CMD(&v, 0, 0, 0) == VIRTIO_NET_OK, "promiscuous no more");
	tap_ok(CMD(&v, 1, 1, 0x52, 0x54, 0, 1, 2, 3) == VIRTIO_NET_OK, "an address of its own");
	c->off = 0;
	c->len = 6;
	tap_ok(!guest_ioctl(v.g.fd, VHOST_VDPA_GET_CONFIG, c) && !memcmp(c->buf, mac, 6),
	       "which the configuration has");
	frame_make(packet, LEN, ++seq);
	memcpy(packet, (const uint8_t[]){ 0x52, 0x54, 0, 9, 9, 9 }, 6);
	packet_send(v.host, packet, LEN);
	vdpanic_post(&v, HDR + BUF);
	tap_ok(vdpanic_rx(&v, got, sizeof(got), 200) == -ETIMEDOUT, "what is another's does not come");
	memcpy(packet, mac, 6);
	packet_send(v.host, packet, LEN);
	tap_ok(vdpanic_rx(&v, got, sizeof(got), WAIT) == HDR + LEN && !memcmp(got + HDR, packet, LEN),
	       "its own does");

	tap_ok(CMD(&v, 2, 0, LE16(5)) == VIRTIO_NET_OK, "VLAN 5");
	tap_ok(CMD(&v, 2, 0, LE16(4096)) == VIRTIO_NET_ERR, "there is no VLAN 4096");
	memcpy(packet + 12, (const uint8_t[]){ 0x81, 0, 0, 6 }, 4);
	packet_send(v.host, packet, LEN);
	vdpanic_post(&v, HDR + BUF);
	tap_ok(vdpanic_rx(&v, got, sizeof(got), 200) == -ETIMEDOUT, "VLAN 6 does not come");
	packet[15] = 5;
	packet_send(v.host, packet, LEN);
	tap_ok(vdpanic_rx(&v, got, sizeof(got), WAIT) == HDR + LEN, "VLAN 5 does");

	many[0] = 1;
	many[2] = 100;
	tap_ok(vdpanic_cmd(&v, many, sizeof(many)) == VIRTIO_NET_OK, "more addresses than there is room for");
	memcpy(packet, (const uint8_t[]){ 0x52, 0x54, 0, 9, 9, 9 }, 6);
	packet_send(v.host, packet, LEN);
	vdpanic_post(&v, HDR + BUF);
	tap_ok(vdpanic_rx(&v, got, sizeof(got), WAIT) == HDR + LEN, "means all");
	many[2] = 101;
	tap_ok(vdpanic_cmd(&v, many, sizeof(many)) == VIRTIO_NET_ERR, "more than were sent is an error");
	memset(many + 2, 0xff, 4);
	tap_ok(vdpanic_cmd(&v, many, sizeof(many)) == VIRTIO_NET_ERR, "and so are 4294967295");

	tap_ok(CMD(&v, 0, 6, 0) == VIRTIO_NET_ERR, "an unknown mode");
	tap_ok(CMD(&v, 0, 0) == VIRTIO_NET_ERR, "a mode that does not say which");
	tap_ok(CMD(&v, 0) == VIRTIO_NET_ERR, "half a command");
	tap_ok(CMD(&v, 99, 0, 0) == VIRTIO_NET_ERR, "an unknown class");
	tap_ok(CMD(&v, 1, 1, 1, 0, 0, 0, 0, 1) == VIRTIO_NET_ERR, "a multicast address for its own");
	tap_ok(CMD(&v, 4, 0, LE16(1)) == VIRTIO_NET_ERR, "MQ was not negotiated");
	tap_ok(CMD(&v, 5, 0, 2, 0, 0, 0, 0, 0, 0, 0) == VIRTIO_NET_ERR, "nor was GUEST_CSUM");
	vdpanic_unmap(&v, 0);
	tap_ok(CMD(&v, 0, 0, 1) == VIRTIO_NET_OK, "the control queue has its own memory");
	vdpanic_close(&v);
}

static void pairs(void)
{
	uint8_t rss[2 + 8 + 2 * 4 + 2 + 1 + 40] = { 4, 1, 7, 0, 0, 0, LE16(3), LE16(0),
		LE16(0), LE16(1), LE16(2), LE16(3), LE16(4), 40 };
	struct vdpanic v;

	tap_ok(open_started(&v, F_PAIRS | F_MRG, 9), "four pairs start");
	tap_ok(CMD(&v, 4, 0, LE16(4)) == VIRTIO_NET_OK, "all are in use");
	tap_ok(CMD(&v, 4, 0, LE16(0)) == VIRTIO_NET_ERR, "not none");
	tap_ok(CMD(&v, 4, 0, LE16(5)) == VIRTIO_NET_ERR, "nor five");
	tap_ok(vdpanic_cmd(&v, rss, sizeof(rss)) == VIRTIO_NET_OK, "RSS");
	tap_ok(vdpanic_cmd(&v, rss, sizeof(rss) - 1) == VIRTIO_NET_ERR, "with all of its key");
	rss[10] = 4;
	tap_ok(vdpanic_cmd(&v, rss, sizeof(rss)) == VIRTIO_NET_ERR, "a table of what is not there");
	rss[10] = 0;
	rss[6] = 2;
	tap_ok(vdpanic_cmd(&v, rss, sizeof(rss)) == VIRTIO_NET_ERR, "a mask that is none");
	rss[6] = 0xff;
	rss[7] = 0xff;
	tap_ok(vdpanic_cmd(&v, rss, sizeof(rss)) == VIRTIO_NET_ERR, "and one of 65536 entries");
	tap_ok(CMD(&v, 5, 0, 2, 0, 0, 0, 0, 0, 0, 0) == VIRTIO_NET_OK, "offloads it has");
	tap_ok(CMD(&v, 5, 0, 0x82, 0, 0, 0, 0, 0, 0, 0) == VIRTIO_NET_ERR, "and not others");
	vdpanic_close(&v);
}

static void bad_packets(void)
{
	struct virtio_net_hdr *h = (void *)packet;
	struct vdpanic v;
	uint32_t i, len;

	tap_ok(open_started(&v, F_MRG | BIT64(VIRTIO_NET_F_CSUM) | BIT64(VIRTIO_NET_F_HOST_TSO4), 2),
	       "a device starts");
	for (len = 1; len < HDR + 14; len++) {
		memset(packet, 0, len);
		if (vdpanic_tx(&v, packet, len))
			break;
	}
	tap_ok(len == HDR + 14, "packets that are too short come back");
	for (i = 0; i < 1000; i++) {
		len = HDR + 14 + rnd() % 1500;
		frame_make(packet + HDR, len - HDR, ++seq);
		memset(packet, 0, HDR);
		h->flags = rnd() & 1;
		h->gso_type = rnd() % 6 | (rnd() & 0x80);
		h->gso_size = rnd();
		h->hdr_len = rnd();
		h->csum_start = rnd() % 2000;
		h->csum_offset = rnd() % 100;
		if (vdpanic_tx(&v, packet, len))
			break;
	}
	tap_ok(i == 1000, "headers that lie, too");
	for (i = 0; packet_recv(v.host, got, sizeof(got), 0) > 0; i++)
		;
	tap_ok(i < 1000, "%u of those made sense", i);
	tap_ok(to_host(&v, LEN), "a good one passes");
	tap_ok(!(vdpanic_status(&v) & S_NEEDS_RESET), "and no ring was illegal");
	vdpanic_close(&v);
}

/* Rings that are illegal: the device says so, and a reset makes it whole. */
static void bad_rings(void)
{
	struct vdpanic v;
	struct sg out;

	tap_ok(open_started(&v, 0, 2), "a device starts");
	v.g.vq[1].ring.avail->idx += 1000;
	vq_kick(&v.g.vq[1]);
	tap_ok(vdpanic_wait_status(&v, S_NEEDS_RESET, WAIT), "an index that jumps");
	vdpanic_close(&v);

	tap_ok(open_started(&v, F_MRG, 2), "a device starts");
	out = (struct sg){ mem_gpa(&v.mem, mem_alloc(&v.mem, BUF, 16)), BUF };
	ring_add(&v.g.vq[0].ring, &out, 1, 0, &v);
	vq_publish(&v.g.vq[0]);
	frame_make(packet, LEN, ++seq);
	packet_send(v.host, packet, LEN);
	tap_ok(vdpanic_wait_status(&v, S_NEEDS_RESET, WAIT), "a buffer to read where one is written");
	vdpanic_close(&v);

	tap_ok(open_started(&v, 0, 2), "a device starts");
	out.gpa = 1ULL << 50;
	ring_add(&v.g.vq[1].ring, &out, 1, 0, &v);
	vq_publish(&v.g.vq[1]);
	tap_ok(vdpanic_wait_status(&v, S_NEEDS_RESET, WAIT), "a buffer that is nowhere");
	tap_ok(!vdpanic_reset(&v) && vdpanic_status(&v) == 0, "a reset");
	vdpanic_close(&v);

	tap_ok(open_started(&v, 0, 2) && to_host(&v, LEN) && to_guest(&v, LEN), "and all is well");
	vdpanic_close(&v);
}

/* What waits when the driver closes goes, with it or, in the peer's own queue, with its carrier. */
static void ends(void)
{
	struct vdpanic v;
	unsigned int i;

	tap_ok(open_started(&v, F_MRG, 2), "a device starts");
	for (i = 0; i < 2000; i++) {
		frame_make(packet, LEN, ++seq);
		if (packet_send(v.host, packet, LEN) < 0)
			break;
	}
	tap_diag("the peer took %u packets without a buffer", i);
	vdpanic_close(&v);
	wait_carrier("down");
	tap_ok(open_started(&v, F_MRG, 2) && to_guest(&v, LEN), "what waited for it went with it");
	vdpanic_close(&v);
}

int main(void)
{
	if (access("/sys/module/vhx_vdpa_net", F_OK))
		tap_skip_all("vhx_vdpa_net is not loaded");
	if (vdpanic_make(NAME, ""))
		tap_skip_all("no vhost_vdpa, or no vdpa tool");
	sh("ip link set " NAME " addrgenmode none; sysctl -qw net.ipv6.conf." NAME ".disable_ipv6=1");
	refuses();
	unmapped();
	packets("split", F_MRG);
	packets("event_idx", F_MRG | F_EVENT_IDX | F_INDIRECT);
	packets("in order", F_MRG | F_EVENT_IDX | F_IN_ORDER);
	packets("packed", F_MRG | F_PACKED);
	packets("packed, all", F_MRG | F_PACKED | F_EVENT_IDX | F_INDIRECT | F_IN_ORDER);
	state("split", F_MRG);
	state("packed", F_MRG | F_PACKED | F_EVENT_IDX);
	control();
	bad_packets();
	bad_rings();
	ends();
	vdpanic_unmake(NAME);
	tap_ok(!vdpanic_make(NAME, "max_vqp 4"), "a device of four pairs");
	sh("sysctl -qw net.ipv6.conf." NAME ".disable_ipv6=1");
	pairs();
	vdpanic_unmake(NAME);
	sh("rmmod vhost_vdpa");
	return tap_done();
}
