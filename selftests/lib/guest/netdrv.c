// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtio-net driver in user space, see netdrv.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netdrv.h"
#include "rnd.h"

#define MAX_PIECES 16

static void set_defaults(struct netdrv_opt *o)
{
	if (!o->features)
		o->features = F_MODERN;
	o->features = guest_ring_features(o->features & ~F_NONE);
	if (!o->num)
		o->num = 256;
	if (!o->rx_size)
		o->rx_size = 2048;
	if (!o->tx_size)
		o->tx_size = 65536 + 64;
	if (!o->mem_size)
		o->mem_size = (size_t)o->num * (o->rx_size + o->tx_size + 128) + (16 << 20);
	if (!o->tx_pieces)
		o->tx_pieces = 1;
}

static uint8_t **make_buffers(struct mem *m, uint32_t num, uint32_t size)
{
	uint8_t **free = calloc(num, sizeof(*free));
	uint32_t i;

	for (i = 0; free && i < num; i++)
		free[i] = mem_alloc(m, size, 64);
	return free;
}

static void set_header(struct netdrv *n)
{
	n->mrg = n->opt.features & F_MRG;
	n->hdr_len = n->opt.features & (F_MRG | F_V1) ? HDR_V1 : HDR_LEGACY;
	if (n->opt.high & F_TUNNEL)
		n->hdr_len = HDR_TUNNEL;
}

int netdrv_open(struct netdrv *n, const struct netdrv_opt *opt)
{
	int r;

	memset(n, 0, sizeof(*n));
	n->g.fd = -1;
	if (opt)
		n->opt = *opt;
	set_defaults(&n->opt);
	set_header(n);
	r = (n->opt.features & F_PLATFORM ? mem_open_shared : mem_open)(&n->mem, n->opt.mem_size);
	if (r)
		return r;
	r = pair_open(&n->g, &n->mem, n->opt.features, n->opt.num);
	if (r)
		goto err_mem;
	r = n->opt.high ? guest_set_features(&n->g, n->opt.high) : 0;
	if (r)
		goto err_guest;
	n->rx_free = make_buffers(&n->mem, n->opt.num, n->opt.rx_size);
	n->tx_free = make_buffers(&n->mem, n->opt.num, n->opt.tx_size);
	r = n->rx_free && n->tx_free ? 0 : -ENOMEM;
	if (r)
		goto err_guest;
	n->rx_nfree = n->tx_nfree = n->opt.num;
	return 0;

err_guest:
	free(n->rx_free);
	free(n->tx_free);
	guest_close(&n->g);
err_mem:
	mem_close(&n->mem);
	return r;
}

void netdrv_close(struct netdrv *n)
{
	guest_close(&n->g);
	free(n->rx_free);
	free(n->tx_free);
	n->rx_free = n->tx_free = NULL;
	mem_close(&n->mem);
}

/* Post all RX buffers, attach the backend. */
int netdrv_start(struct netdrv *n, int backend)
{
	netdrv_rx_fill(n, UINT32_MAX);
	return guest_start(&n->g, backend);
}

static void take_back(struct ring *r, uint8_t **free, uint32_t *nfree)
{
	uint32_t i;

	for (i = 0; i < r->max; i++) {
		if (r->token[i])
			free[(*nfree)++] = r->token[i];
		r->token[i] = NULL;
	}
}

/*
 * After guest_stop(): a driver that starts from nothing, on rings that count from 0. What it had
 * posted and not got back is forgotten.
 */
int netdrv_reset(struct netdrv *n)
{
	int i, r = 0;

	take_back(&n->g.vq[RX].ring, n->rx_free, &n->rx_nfree);
	take_back(&n->g.vq[TX].ring, n->tx_free, &n->tx_nfree);
	for (i = 0; i < 2 && !r; i++) {
		ring_reset(&n->g.vq[i].ring, 0);
		r = guest_setup_vq(&n->g, i, BASE_BEGIN);
	}
	return r;
}

/*
 * After guest_stop(): another driver on the same fd, with other features and a ring of @num, which
 * is at most what the first one had. The tap's header length is the caller's to change.
 */
int netdrv_negotiate(struct netdrv *n, uint64_t features, uint32_t num)
{
	int i, r;

	features = guest_ring_features(features & ~F_NONE);
	n->opt.features = n->g.features = features;
	n->opt.high = 0;
	set_header(n);
	r = guest_ioctl(n->g.fd, VHOST_SET_FEATURES, &n->g.features);
	if (!r)
		r = guest_map(&n->g);
	for (i = 0; i < 2 && !r; i++)
		ring_renew(&n->g.vq[i].ring, num, features);
	return r ? r : netdrv_reset(n);
}

int netdrv_restart(struct netdrv *n, int backend)
{
	int r = netdrv_reset(n);

	return r ? r : netdrv_start(n, backend);
}

/* Cut [p, p + len) at random into at most @pieces, none of them empty. */
static unsigned int cut(struct netdrv *n, struct sg *sg, uint8_t *p, uint32_t len)
{
	unsigned int pieces = n->opt.tx_pieces, i = 0;

	if (pieces > MAX_PIECES)
		pieces = MAX_PIECES;
	while (len) {
		uint32_t part = i + 1 < pieces ? rnd_range(1, len) : len;

		sg[i++] = (struct sg){ mem_gpa(&n->mem, p), part };
		p += part;
		len -= part;
	}
	return i;
}

/* Post a packet; netdrv_tx_flush() lets the device see it. -ENOSPC: the ring is full. */
int netdrv_tx(struct netdrv *n, const vnet_hdr *hdr, const void *frame, uint32_t len)
{
	static const vnet_hdr none;
	struct ring *ring = &n->g.vq[TX].ring;
	struct sg sg[MAX_PIECES];
	uint8_t *slot;
	int r;

	if (ring->nfree < n->opt.tx_pieces)
		netdrv_tx_reap(n);
	if (!n->tx_nfree)
		return -ENOSPC;
	if (n->hdr_len + len > n->opt.tx_size)
		return -EMSGSIZE;
	slot = n->tx_free[n->tx_nfree - 1];
	memcpy(slot, hdr ? hdr : &none, n->hdr_len);
	memcpy(slot + n->hdr_len, frame, len);
	r = ring_add(ring, sg, cut(n, sg, slot, n->hdr_len + len), 0, slot);
	if (!r)
		n->tx_nfree--;
	return r;
}

/* Is there room for one more packet, in however many pieces? */
bool netdrv_tx_room(const struct netdrv *n)
{
	return n->tx_nfree && n->g.vq[TX].ring.nfree >= n->opt.tx_pieces;
}

void netdrv_tx_flush(struct netdrv *n)
{
	vq_publish(&n->g.vq[TX]);
}

/* Take back sent packets: how many, or -EPROTO when the device gave back nonsense. */
int netdrv_tx_reap(struct netdrv *n)
{
	uint8_t *slot;
	uint32_t len;
	int count = 0;

	while ((slot = ring_get(&n->g.vq[TX].ring, &len))) {
		n->tx_free[n->tx_nfree++] = slot;
		count++;
	}
	return len == UINT32_MAX ? -EPROTO : count;
}

/* Wait, on interrupts alone, until everything that was posted is sent. */
bool netdrv_tx_drain(struct netdrv *n, int ms)
{
	while (netdrv_tx_reap(n) >= 0 && n->tx_nfree < n->opt.num)
		if (!vq_wait_used(&n->g.vq[TX], ms))
			return false;
	return n->tx_nfree == n->opt.num;
}

/* Post up to @max free RX buffers. Returns how many. */
uint32_t netdrv_rx_fill(struct netdrv *n, uint32_t max)
{
	struct vq *vq = &n->g.vq[RX];
	uint32_t done = 0;

	while (n->rx_nfree && done < max) {
		uint8_t *buf = n->rx_free[n->rx_nfree - 1];
		struct sg sg = { mem_gpa(&n->mem, buf), n->opt.rx_size };

		if (ring_add(&vq->ring, &sg, 0, 1, buf))
			break;
		n->rx_nfree--;
		done++;
	}
	if (done)
		vq_publish(vq);
	return done;
}

/* What the next buffers of a packet add to it. */
struct part {
	uint8_t *to;
	uint32_t room;
	uint32_t len;
};

static bool append(struct part *p, const uint8_t *from, uint32_t len)
{
	if (len > p->room)
		return false;
	memcpy(p->to, from, len);
	p->to += len;
	p->room -= len;
	p->len += len;
	return true;
}

/* One buffer of a packet, of which the device filled @len bytes, @skip of them header. */
static bool next_buffer(struct netdrv *n, struct part *p, uint32_t skip)
{
	struct vq *vq = &n->g.vq[RX];
	uint32_t len;
	uint8_t *buf;
	bool ok;

	/* The buffers of one packet are published together. */
	buf = ring_get(&vq->ring, &len);
	if (!buf)
		return false;
	ok = len >= skip && len <= n->opt.rx_size && append(p, buf + skip, len - skip);
	n->rx_free[n->rx_nfree++] = buf;
	return ok;
}

/*
 * Take a packet: its length without the header, 0 when there is none, -EPROTO when the device
 * broke the rules, or the packet is longer than @size.
 */
int netdrv_rx(struct netdrv *n, vnet_hdr *hdr, void *frame, uint32_t size)
{
	struct part part = { .to = frame, .room = size };
	struct ring *r = &n->g.vq[RX].ring;
	const uint8_t *buf;
	uint32_t nbufs = 1;
	bool ok;

	if (!ring_has_used(r))
		return 0;
	buf = ring_peek(r);
	if (!buf)
		return -EPROTO;
	memset(hdr, 0, sizeof(*hdr));
	memcpy(hdr, buf, n->hdr_len);
	if (n->mrg)
		nbufs = hdr->num_buffers;
	n->last_nbufs = nbufs;

	ok = nbufs && next_buffer(n, &part, n->hdr_len);
	while (ok && --nbufs)
		ok = next_buffer(n, &part, 0);
	return ok ? (int)part.len : -EPROTO;
}

/* The same, after waiting for it on interrupts alone; posts what is free first. */
int netdrv_rx_wait(struct netdrv *n, vnet_hdr *hdr, void *frame, uint32_t size, int ms)
{
	int r = netdrv_rx(n, hdr, frame, size);

	if (r)
		return r;
	netdrv_rx_fill(n, UINT32_MAX);
	if (!vq_wait_used(&n->g.vq[RX], ms))
		return 0;
	return netdrv_rx(n, hdr, frame, size);
}
