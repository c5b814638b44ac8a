// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtio-scsi driver in user space, see scsidrv.h: the device's life and its request queues.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rnd.h"
#include "scsidrv.h"

#define MAX_PIECES	16	/* of what is cut at random */
#define RESP_LEN	sizeof(struct virtio_scsi_cmd_resp)
#define HEAD_MAX	sizeof(struct virtio_scsi_cmd_req_pi)

const char *scsidrv_node(void)
{
	const char *node = getenv("VHX_SCSI");

	return node && *node ? node : "/dev/vhx-scsi";
}

bool scsidrv_is_vhx(void)
{
	return !strstr(scsidrv_node(), "vhost-scsi");
}

static const char *default_wwpn(void)
{
	const char *wwpn = getenv("VHX_WWPN");

	return wwpn && *wwpn ? wwpn : SCSI_NOBODY;
}

static void set_defaults(struct scsidrv_opt *o)
{
	if (!o->features)
		o->features = F_SCSI_MODERN;
	o->features = guest_ring_features(o->features & ~F_NONE);
	if (!o->queues)
		o->queues = 1;
	if (!o->num)
		o->num = 128;
	if (!o->data_size)
		o->data_size = 65536;
	if (!o->mem_size)
		o->mem_size = (size_t)o->queues * o->num * (2 * o->data_size + 2048) + (16 << 20);
	if (!o->wwpn)
		o->wwpn = default_wwpn();
}

static void close_queue(struct scsiq *q)
{
	free(q->slot);
	free(q->free);
	q->slot = NULL;
	q->free = NULL;
}

/* Nothing is under way, whatever was. */
static void forget(struct scsiq *q, uint32_t num)
{
	for (q->nfree = 0; q->nfree < num; q->nfree++) {
		q->slot[q->nfree].req = NULL;
		q->free[q->nfree] = &q->slot[q->nfree];
	}
}

static int open_queue(struct scsidrv *d, unsigned int i, uint32_t size)
{
	const uint32_t num = d->opt.num;
	struct scsiq *q = &d->q[i];
	uint32_t k;

	q->vq = &d->g.vq[i];
	q->vq->ring.each = true;
	q->slot = calloc(num, sizeof(*q->slot));
	q->free = calloc(num, sizeof(*q->free));
	if (!q->slot || !q->free)
		return -ENOMEM;
	for (k = 0; k < num; k++) {
		q->slot[k].out = mem_alloc(&d->mem, size, 64);
		q->slot[k].in = mem_alloc(&d->mem, size, 64);
	}
	forget(q, num);
	return 0;
}

static int open_queues(struct scsidrv *d)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < d->g.nvq && !r; i++)
		r = open_queue(d, i, i < SCSI_REQ ? 64 : d->opt.data_size + 128);
	return r;
}

int scsidrv_open(struct scsidrv *d, const struct scsidrv_opt *opt)
{
	struct guest_opt g = { .node = scsidrv_node() };
	int r;

	memset(d, 0, sizeof(*d));
	d->g.fd = -1;
	if (opt)
		d->opt = *opt;
	set_defaults(&d->opt);
	g.features = d->opt.features;
	g.num = d->opt.num;
	g.nvq = SCSI_REQ + d->opt.queues;
	r = (g.features & F_PLATFORM ? mem_open_shared : mem_open)(&d->mem, d->opt.mem_size);
	if (r)
		return r;
	r = guest_open(&d->g, &d->mem, &g);
	if (r) {
		mem_close(&d->mem);
		return r;
	}
	r = open_queues(d);
	if (r)
		scsidrv_close(d);
	return r;
}

void scsidrv_close(struct scsidrv *d)
{
	unsigned int i;

	guest_close(&d->g);
	for (i = 0; i < GUEST_VQS; i++)
		close_queue(&d->q[i]);
	mem_close(&d->mem);
}

/* A thread for each request queue but the first, as QEMU's worker_per_virtqueue has it. */
int scsidrv_own_workers(struct scsidrv *d)
{
	unsigned int i, id;
	int r = 0;

	for (i = SCSI_REQ + 1; i < d->g.nvq && !r; i++) {
		r = guest_new_worker(&d->g, &id);
		if (!r)
			r = guest_attach_worker(&d->g, i, id);
	}
	return r;
}

static int endpoint(struct scsidrv *d, unsigned long cmd)
{
	struct vhost_scsi_target t = { .vhost_tpgt = d->opt.tpgt };
	size_t len = strnlen(d->opt.wwpn, sizeof(t.vhost_wwpn));

	memcpy(t.vhost_wwpn, d->opt.wwpn, len);
	return guest_ioctl(d->g.fd, cmd, &t);
}

int scsidrv_set_endpoint(struct scsidrv *d)
{
	return endpoint(d, VHOST_SCSI_SET_ENDPOINT);
}

int scsidrv_clear_endpoint(struct scsidrv *d)
{
	return endpoint(d, VHOST_SCSI_CLEAR_ENDPOINT);
}

/* Post all event buffers, bind to the endpoint. */
int scsidrv_start(struct scsidrv *d)
{
	scsidrv_event_fill(d, UINT32_MAX);
	return scsidrv_set_endpoint(d);
}

/* As QEMU does it; what was under way has ended then, one way or another, and can be reaped. */
int scsidrv_stop(struct scsidrv *d)
{
	int r = scsidrv_clear_endpoint(d);
	unsigned int i;

	for (i = 0; i < d->g.nvq && !r; i++)
		r = guest_get_base(&d->g, i, &d->base[i]);
	return r;
}

/* After scsidrv_stop(): go on where it stopped. */
int scsidrv_resume(struct scsidrv *d)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < d->g.nvq && !r; i++)
		r = guest_setup_vq(&d->g, i, d->base[i]);
	return r ? r : scsidrv_set_endpoint(d);
}

/*
 * After scsidrv_stop(): a driver that starts from nothing, on rings that count from 0. What it had
 * posted and not got back is forgotten.
 */
int scsidrv_reset(struct scsidrv *d)
{
	unsigned int i;
	int r = 0;

	for (i = 0; i < d->g.nvq && !r; i++) {
		forget(&d->q[i], d->opt.num);
		ring_reset(&d->q[i].vq->ring, 0);
		r = guest_setup_vq(&d->g, i, BASE_BEGIN);
	}
	return r;
}

static uint32_t next_piece(const struct scsihalf *h, uint32_t at, unsigned int pieces)
{
	const uint32_t left = h->len - at;

	if (h->cut == SCSICUT_ONE)
		return left;
	if (h->cut == SCSICUT_HEAD)
		return at < h->head ? h->head - at : left;
	if (h->cut == SCSICUT_RANDOM)
		return pieces + 1 < MAX_PIECES ? rnd_range(1, left) : left;
	return h->cut < left ? h->cut : left;
}

/*
 * Cut one half of a buffer into pieces, none of them empty. Return: pieces at @sg, of which @n
 * were there before, or -E2BIG.
 */
int scsidrv_cut(const struct scsidrv *d, const struct scsihalf *h, struct sg *sg, unsigned int n)
{
	const unsigned int first = n;
	uint32_t at, len;

	for (at = 0; at < h->len; at += len) {
		if (n == SCSI_SEGS)
			return -E2BIG;
		len = next_piece(h, at, n - first);
		sg[n++] = (struct sg){ mem_gpa(&d->mem, h->at + at), len };
	}
	return n;
}

/* What the next request can have, NULL: there are as many as there can be. */
struct scsislot *scsidrv_slot(struct scsiq *q)
{
	return q->nfree ? q->free[q->nfree - 1] : NULL;
}

/* Post a request that was made in that slot. */
int scsidrv_post(struct scsiq *q, const struct sg *sg, unsigned int nout, unsigned int nin)
{
	int r = ring_add(&q->vq->ring, sg, nout, nin, scsidrv_slot(q));

	if (!r)
		q->nfree--;
	return r;
}

static uint32_t or_default(uint32_t len, uint32_t normal)
{
	if (len == SCSICMD_NONE)
		return 0;
	return len && len < normal ? len : normal;
}

static uint32_t resp_len(const struct scsicmd *cmd)
{
	return or_default(cmd->resp_len, RESP_LEN);
}

/* Return: bytes of the head as negotiated. */
static uint32_t make_head(const struct scsidrv *d, const struct scsicmd *cmd, uint8_t *to)
{
	struct virtio_scsi_cmd_req_pi pi = {
		.tag = cmd->tag, .task_attr = cmd->attr, .prio = cmd->prio, .crn = cmd->crn,
		.pi_bytesout = cmd->pi_out, .pi_bytesin = cmd->pi_in,
	};
	struct virtio_scsi_cmd_req *plain = (void *)to;

	memcpy(pi.lun, cmd->lun, sizeof(pi.lun));
	memcpy(pi.cdb, cmd->cdb, sizeof(pi.cdb));
	if (d->opt.features & F_SCSI_PI) {
		memcpy(to, &pi, sizeof(pi));
		return sizeof(pi);
	}
	memcpy(plain, &pi, offsetof(struct virtio_scsi_cmd_req, cdb));
	memcpy(plain->cdb, cmd->cdb, sizeof(plain->cdb));
	return sizeof(*plain);
}

static int add_data(struct sg *sg, int n, const struct sg *more, unsigned int nmore)
{
	if (n < 0)
		return n;
	if (nmore > SCSI_SEGS - (unsigned int)n)
		return -E2BIG;
	if (nmore)
		memcpy(sg + n, more, nmore * sizeof(*sg));
	return n + nmore;
}

static int make_out(struct scsidrv *d, struct scsicmd *cmd, struct scsislot *s, struct sg *sg)
{
	uint8_t head[HEAD_MAX];
	struct scsihalf h = { .at = s->out, .cut = cmd->cut };

	h.head = or_default(cmd->head_len, make_head(d, cmd, head));
	h.len = h.head + cmd->out_len;
	memcpy(s->out, head, h.head);
	if (cmd->out_len)
		memcpy(s->out + h.head, cmd->out, cmd->out_len);
	return add_data(sg, scsidrv_cut(d, &h, sg, 0), cmd->out_sg, cmd->out_nsg);
}

/* Nothing that the device is to write is by chance what it has to write. */
static int make_in(struct scsidrv *d, struct scsicmd *cmd, struct scsislot *s, struct sg *sg,
		   unsigned int nout)
{
	struct scsihalf h = { .at = s->in, .head = resp_len(cmd), .cut = cmd->cut };

	h.len = h.head + cmd->in_len;
	memset(s->in, 0xff, h.head);
	memset(s->in + h.head, SCSI_DATA_PATTERN, cmd->in_len);
	return add_data(sg, scsidrv_cut(d, &h, sg, nout), cmd->in_sg, cmd->in_nsg);
}

/* Post a command; scsidrv_flush() lets the device see it. -ENOSPC: the queue is full. */
int scsidrv_submit(struct scsidrv *d, unsigned int q, struct scsicmd *cmd)
{
	struct scsiq *sq = &d->q[SCSI_REQ + q];
	struct scsislot *s = scsidrv_slot(sq);
	struct sg sg[SCSI_SEGS];
	int nout, n, r;

	if (!s)
		return -ENOSPC;
	if (cmd->out_len > d->opt.data_size || cmd->in_len > d->opt.data_size)
		return -EMSGSIZE;
	if (!cmd->tag)
		cmd->tag = (uintptr_t)cmd;
	cmd->done = cmd->broken = false;
	cmd->used = 0;

	nout = make_out(d, cmd, s, sg);
	if (nout < 0)
		return nout;
	n = make_in(d, cmd, s, sg, nout);
	if (n <= 0)
		return n ? n : -EINVAL;
	r = scsidrv_post(sq, sg, nout, n - nout);
	if (!r)
		s->req = cmd;
	return r;
}

void scsidrv_flush(struct scsidrv *d, unsigned int q)
{
	vq_publish(d->q[SCSI_REQ + q].vq);
}

static void finish(struct scsicmd *cmd, const struct scsislot *s, uint32_t used)
{
	const uint32_t head = resp_len(cmd);
	uint64_t room = (uint64_t)head + cmd->in_len;
	unsigned int i;

	for (i = 0; i < cmd->in_nsg; i++)
		room += cmd->in_sg[i].len;
	cmd->used = used;
	cmd->broken = used < RESP_LEN || used > room;
	memset(&cmd->resp, 0, sizeof(cmd->resp));
	memcpy(&cmd->resp, s->in, head);
	if (cmd->in)
		memcpy(cmd->in, s->in + head, cmd->in_len);
	cmd->done = true;
}

/* Take back commands that have ended: how many, or -EPROTO. */
int scsidrv_reap(struct scsidrv *d, unsigned int q)
{
	struct scsiq *sq = &d->q[SCSI_REQ + q];
	struct scsislot *s;
	uint32_t len;
	int count = 0;

	while ((s = ring_get(&sq->vq->ring, &len))) {
		finish(s->req, s, len);
		s->req = NULL;
		sq->free[sq->nfree++] = s;
		count++;
	}
	return len == UINT32_MAX ? -EPROTO : count;
}

/* Wait, on interrupts alone, until a command has ended; @ms from one to the next. */
bool scsidrv_wait(struct scsidrv *d, unsigned int q, struct scsicmd *cmd, int ms)
{
	while (scsidrv_reap(d, q) >= 0 && !cmd->done)
		if (!vq_wait_used(d->q[SCSI_REQ + q].vq, ms))
			break;
	return cmd->done;
}

/* The same until all have. */
bool scsidrv_drain(struct scsidrv *d, unsigned int q, int ms)
{
	struct scsiq *sq = &d->q[SCSI_REQ + q];

	while (scsidrv_reap(d, q) >= 0 && sq->nfree < d->opt.num)
		if (!vq_wait_used(sq->vq, ms))
			break;
	return sq->nfree == d->opt.num;
}

/* A command from beginning to end. -ETIMEDOUT: it is still under way, and so is its slot. */
int scsidrv_run(struct scsidrv *d, unsigned int q, struct scsicmd *cmd, int ms)
{
	int r = scsidrv_submit(d, q, cmd);

	if (r)
		return r;
	scsidrv_flush(d, q);
	return scsidrv_wait(d, q, cmd, ms) ? 0 : -ETIMEDOUT;
}
