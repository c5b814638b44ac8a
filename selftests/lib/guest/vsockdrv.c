// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtio-vsock driver in user space, see vsockdrv.h.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vsockdrv.h"

#define TX_SIZE	(VSOCK_PAYLOAD + 4096)

const char *vsockdrv_node(void)
{
	const char *node = getenv("VHX_VSOCK");

	return node && *node ? node : "/dev/vhx-vsock";
}

bool vsockdrv_is_vhx(void)
{
	return !strstr(vsockdrv_node(), "vhost-vsock");
}

static void set_defaults(struct vsockdrv_opt *o)
{
	if (!o->cid)
		o->cid = VSOCK_CID;
	if (!o->features)
		o->features = F_VSOCK_MODERN;
	o->features &= ~F_NONE;
	if (!o->num)
		o->num = 64;
	if (!o->buf)
		o->buf = 4096;
}

/* Nothing is under way, whatever was. */
static void forget_sent(struct vsockdrv *d)
{
	memcpy(d->tx, d->txall, d->opt.num * sizeof(*d->tx));
	d->ntx = d->opt.num;
}

static int alloc_buffers(struct vsockdrv *d)
{
	uint32_t i;

	d->rx = calloc(d->opt.num, sizeof(*d->rx));
	d->txall = calloc(d->opt.num, sizeof(*d->txall));
	d->tx = calloc(d->opt.num, sizeof(*d->tx));
	if (!d->rx || !d->txall || !d->tx)
		return -ENOMEM;
	for (i = 0; i < d->opt.num; i++) {
		d->rx[i] = mem_alloc(&d->mem, d->opt.buf, 64);
		d->txall[i] = mem_alloc(&d->mem, TX_SIZE, 64);
	}
	forget_sent(d);
	return 0;
}

int vsockdrv_open(struct vsockdrv *d, const struct vsockdrv_opt *opt)
{
	struct guest_opt g = { .node = vsockdrv_node(), .nvq = 2 };
	int r;

	memset(d, 0, sizeof(*d));
	d->g.fd = -1;
	if (opt)
		d->opt = *opt;
	set_defaults(&d->opt);
	g.features = d->opt.features;
	g.num = d->opt.num;
	r = (g.features & F_PLATFORM ? mem_open_shared : mem_open)(
		&d->mem, (size_t)g.num * (d->opt.buf + TX_SIZE) + (8 << 20));
	if (r)
		return r;
	r = guest_open(&d->g, &d->mem, &g);
	if (r) {
		mem_close(&d->mem);
		return r;
	}
	r = alloc_buffers(d);
	if (!r && d->opt.cid != VSOCK_NO_CID)
		r = vsockdrv_set_cid(d, d->opt.cid);
	if (r)
		vsockdrv_close(d);
	return r;
}

void vsockdrv_close(struct vsockdrv *d)
{
	guest_close(&d->g);
	free(d->rx);
	free(d->txall);
	free(d->tx);
	mem_close(&d->mem);
}

int vsockdrv_set_cid(struct vsockdrv *d, uint64_t cid)
{
	return guest_ioctl(d->g.fd, VHOST_VSOCK_SET_GUEST_CID, &cid);
}

int vsockdrv_run(struct vsockdrv *d, bool run)
{
	int on = run;

	return guest_ioctl(d->g.fd, VHOST_VSOCK_SET_RUNNING, &on);
}

static int post(struct vsockdrv *d, uint8_t *buf)
{
	struct sg sg = { .gpa = mem_gpa(&d->mem, buf), .len = d->opt.buf };

	memset(buf, 0xee, sizeof(struct virtio_vsock_hdr));
	return ring_add(&d->g.vq[VSOCK_RX].ring, &sg, 0, 1, buf);
}

static int post_all(struct vsockdrv *d)
{
	uint32_t i;
	int r = 0;

	for (i = 0; i < d->opt.num && !r; i++)
		r = post(d, d->rx[i]);
	vq_publish(&d->g.vq[VSOCK_RX]);
	return r;
}

int vsockdrv_start(struct vsockdrv *d)
{
	int r = post_all(d);

	return r ? r : vsockdrv_run(d, true);
}

int vsockdrv_stop(struct vsockdrv *d)
{
	int r = vsockdrv_run(d, false);
	unsigned int i;

	for (i = 0; i < 2 && !r; i++)
		r = guest_get_base(&d->g, i, &d->base[i]);
	return r;
}

int vsockdrv_resume(struct vsockdrv *d)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < 2 && !r; i++)
		r = guest_setup_vq(&d->g, i, d->base[i]);
	return r ? r : vsockdrv_run(d, true);
}

int vsockdrv_reset(struct vsockdrv *d)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < 2 && !r; i++) {
		ring_reset(&d->g.vq[i].ring, 0);
		r = guest_setup_vq(&d->g, i, BASE_BEGIN);
	}
	forget_sent(d);
	return r ? r : vsockdrv_start(d);
}

/* ---- packets ---- */

struct virtio_vsock_hdr vsockdrv_hdr(const struct vsockdrv *d, uint32_t from, uint32_t to, uint16_t op)
{
	return (struct virtio_vsock_hdr) {
		.src_cid = htole64(d->opt.cid),
		.dst_cid = htole64(2),
		.src_port = htole32(from),
		.dst_port = htole32(to),
		.type = htole16(VIRTIO_VSOCK_TYPE_STREAM),
		.op = htole16(op),
		.buf_alloc = htole32(1 << 20),
	};
}

/* Buffers that the device has read, and has no business to write (R62). Return: 0 or -EPROTO. */
static int reclaim(struct vsockdrv *d)
{
	struct ring *r = &d->g.vq[VSOCK_TX].ring;
	uint8_t *buf;
	uint32_t len;

	while ((buf = ring_get(r, &len))) {
		if (d->ntx == d->opt.num || len)
			return -EPROTO;
		d->tx[d->ntx++] = buf;
	}
	return 0;
}

bool vsockdrv_taken(struct vsockdrv *d)
{
	while (!reclaim(d) && d->ntx < d->opt.num)
		if (!vq_wait_used(&d->g.vq[VSOCK_TX], 10000))
			return false;
	return d->ntx == d->opt.num;
}

static int tx_buffer(struct vsockdrv *d, uint8_t **buf)
{
	int r = reclaim(d);

	while (!r && !d->ntx) {
		if (!vq_wait_used(&d->g.vq[VSOCK_TX], 10000))
			return -ETIMEDOUT;
		r = reclaim(d);
	}
	if (!r)
		*buf = d->tx[--d->ntx];
	return r;
}

int vsockdrv_send(struct vsockdrv *d, const struct virtio_vsock_hdr *h, const void *data,
		  uint32_t len)
{
	struct vq *vq = &d->g.vq[VSOCK_TX];
	struct sg sg[2];
	uint8_t *buf;
	int r;

	r = tx_buffer(d, &buf);
	if (r)
		return r;
	memcpy(buf, h, sizeof(*h));
	memcpy(buf + sizeof(*h), data, len);
	sg[0] = (struct sg) { .gpa = mem_gpa(&d->mem, buf), .len = sizeof(*h) };
	sg[1] = (struct sg) { .gpa = mem_gpa(&d->mem, buf) + sizeof(*h), .len = len };
	r = ring_add(&vq->ring, sg, len ? 2 : 1, 0, buf);
	if (r) {
		d->tx[d->ntx++] = buf;
		return r;
	}
	vq_publish(vq);
	return 0;
}

bool vsockdrv_recv(struct vsockdrv *d, struct vsockpkt *p, int ms)
{
	struct vq *vq = &d->g.vq[VSOCK_RX];
	uint8_t *buf;

	while (!(buf = ring_get(&vq->ring, &p->used)))
		if (!vq_wait_used(vq, ms))
			return false;
	memcpy(&p->h, buf, sizeof(p->h));
	if (p->used > sizeof(p->h))
		memcpy(p->data, buf + sizeof(p->h), p->used - sizeof(p->h));
	if (post(d, buf))
		return false;
	vq_publish(vq);
	return true;
}

bool vsockdrv_recv_op(struct vsockdrv *d, struct vsockpkt *p, uint32_t port, uint16_t op, int ms)
{
	while (vsockdrv_recv(d, p, ms))
		if (le32toh(p->h.dst_port) == port && le16toh(p->h.op) == op)
			return true;
	return false;
}
