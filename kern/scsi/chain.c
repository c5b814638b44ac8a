// SPDX-License-Identifier: GPL-2.0-only
/*
 * A chain that was just pulled raw into the worker's scratch: its head is read, and what is
 * answered at once is written, by the guest's own addresses.
 */
#include "core/guest.h"
#include "host.h"

/**
 * vhx_scsi_chain_pull - take chains off the ring, into the worker's scratch
 * @vq: the queue
 * @p: max_chain is the caller's; the rest is filled in
 *
 * Context: the queue's handler.
 * Return: as vhx_vq_pull().
 */
int vhx_scsi_chain_pull(struct vhx_vq *vq, struct vhx_pull *p)
{
	struct vhx_scsi_scratch *s = vq->runner->scratch;

	p->chain = s->chain;
	p->seg = s->seg;
	p->max_seg = ARRAY_SIZE(s->seg);
	p->raw = true;
	return vhx_vq_pull(vq, p);
}

/**
 * vhx_scsi_chain_read - read the first bytes of what the device reads
 * @vq: the queue
 * @c: chain
 * @to: where to
 * @len: bytes, at most what there are
 *
 * Context: the queue's handler; sleeps.
 * Return: as vhx_guest_read().
 */
int vhx_scsi_chain_read(struct vhx_vq *vq, const struct vhx_chain *c, void *to, u32 len)
{
	const struct vhx_scsi_scratch *s = vq->runner->scratch;
	const struct vhx_xfer x = {
		.seg = &s->seg[c->seg],
		.n = c->nout,
		.len = len,
		.buf = to,
	};

	return vhx_guest_read(vq, &x);
}

/**
 * vhx_scsi_chain_write - write the first bytes of what the device writes
 * @vq: the queue
 * @c: chain
 * @from: the bytes
 * @len: how many, at most what there is room for
 *
 * Context: the queue's handler; sleeps.
 * Return: as vhx_guest_write().
 */
int vhx_scsi_chain_write(struct vhx_vq *vq, const struct vhx_chain *c, void *from, u32 len)
{
	const struct vhx_scsi_scratch *s = vq->runner->scratch;
	const struct vhx_xfer x = {
		.seg = &s->seg[c->seg + c->nout],
		.n = c->nin,
		.len = len,
		.buf = from,
	};

	return vhx_guest_write(vq, &x);
}
