// SPDX-License-Identifier: GPL-2.0-only
/*
 * A virtio-scsi driver's control and event queues, see scsidrv.h.
 */
#include <errno.h>
#include <string.h>

#include "scsidrv.h"

static uint32_t make_request(const struct scsictl *c, uint8_t *to)
{
	struct virtio_scsi_ctrl_tmf_req tmf = {
		.type = c->type, .subtype = c->subtype, .tag = c->tag,
	};
	struct virtio_scsi_ctrl_an_req an = { .type = c->type, .event_requested = c->events };

	if (c->type == VIRTIO_SCSI_T_AN_QUERY || c->type == VIRTIO_SCSI_T_AN_SUBSCRIBE) {
		memcpy(an.lun, c->lun, sizeof(an.lun));
		memcpy(to, &an, sizeof(an));
		return sizeof(an);
	}
	memcpy(tmf.lun, c->lun, sizeof(tmf.lun));
	memcpy(to, &tmf, sizeof(tmf));
	return sizeof(tmf);
}

static uint32_t response_len(const struct scsictl *c)
{
	if (c->resp_len)
		return c->resp_len == SCSICMD_NONE ? 0 : c->resp_len;
	return c->type == VIRTIO_SCSI_T_TMF ? sizeof(struct virtio_scsi_ctrl_tmf_resp) :
					      sizeof(struct virtio_scsi_ctrl_an_resp);
}

/* Ask for it; scsidrv_ctl_wait() has the answer. */
int scsidrv_ctl(struct scsidrv *d, struct scsictl *ctl)
{
	struct scsiq *q = &d->q[SCSI_CTL];
	struct scsislot *s = scsidrv_slot(q);
	struct sg sg[SCSI_SEGS];
	struct scsihalf h = { .cut = ctl->cut };
	int nout, n, r;

	if (!s)
		return -ENOSPC;
	if (response_len(ctl) > 64)
		return -EMSGSIZE;
	ctl->done = false;
	h.at = s->out;
	h.len = h.head = make_request(ctl, s->out);
	if (ctl->req_len && ctl->req_len < h.len)
		h.len = h.head = ctl->req_len;
	nout = scsidrv_cut(d, &h, sg, 0);
	memset(s->in, 0xff, 64);
	h.at = s->in;
	h.len = h.head = response_len(ctl);
	n = scsidrv_cut(d, &h, sg, nout);
	r = scsidrv_post(q, sg, nout, n - nout);
	if (r)
		return r;
	s->req = ctl;
	vq_publish(q->vq);
	return 0;
}

static void finish(struct scsictl *c, const uint8_t *in, uint32_t used)
{
	struct virtio_scsi_ctrl_an_resp an;

	c->used = used;
	c->response = in[0];
	if (c->type != VIRTIO_SCSI_T_TMF) {
		memcpy(&an, in, sizeof(an));
		c->response = an.response;
		c->actual = an.event_actual;
	}
	c->done = true;
}

static int reap(struct scsiq *q)
{
	struct scsislot *s;
	uint32_t len;

	while ((s = ring_get(&q->vq->ring, &len))) {
		finish(s->req, s->in, len);
		s->req = NULL;
		q->free[q->nfree++] = s;
	}
	return len == UINT32_MAX ? -EPROTO : 0;
}

bool scsidrv_ctl_wait(struct scsidrv *d, struct scsictl *ctl, int ms)
{
	struct scsiq *q = &d->q[SCSI_CTL];

	while (!reap(q) && !ctl->done)
		if (!vq_wait_used(q->vq, ms))
			break;
	return ctl->done;
}

/*
 * A task management function about a command, from beginning to end: its response, or a negative
 * errno. On -ETIMEDOUT the queue is of no more use: the function is still under way.
 */
int scsidrv_tmf(struct scsidrv *d, uint32_t subtype, const struct scsicmd *about, int ms)
{
	static __thread struct scsictl c;
	int r;

	c = (struct scsictl){ .subtype = subtype, .tag = about->tag };
	memcpy(c.lun, about->lun, sizeof(c.lun));
	r = scsidrv_ctl(d, &c);
	if (r)
		return r;
	if (!scsidrv_ctl_wait(d, &c, ms))
		return -ETIMEDOUT;
	return c.used == sizeof(struct virtio_scsi_ctrl_tmf_resp) ? c.response : -EPROTO;
}

/* Post up to @max free event buffers. Returns how many. */
uint32_t scsidrv_event_fill(struct scsidrv *d, uint32_t max)
{
	struct scsiq *q = &d->q[SCSI_EVENT];
	uint32_t done = 0;

	while (q->nfree && done < max) {
		struct scsislot *s = scsidrv_slot(q);
		struct sg sg = { mem_gpa(&d->mem, s->in), sizeof(struct virtio_scsi_event) };

		memset(s->in, 0xff, sg.len);
		if (scsidrv_post(q, &sg, 0, 1))
			break;
		done++;
	}
	if (done)
		vq_publish(q->vq);
	return done;
}

/* Take an event, its buffer is free then: 1, 0 when none came within @ms, or -EPROTO. */
int scsidrv_event(struct scsidrv *d, struct virtio_scsi_event *ev, int ms)
{
	struct scsiq *q = &d->q[SCSI_EVENT];
	struct scsislot *s;
	uint32_t len;

	s = ring_get(&q->vq->ring, &len);
	if (!s && len != UINT32_MAX && vq_wait_used(q->vq, ms))
		s = ring_get(&q->vq->ring, &len);
	if (!s)
		return len == UINT32_MAX ? -EPROTO : 0;
	memcpy(ev, s->in, sizeof(*ev));
	q->free[q->nfree++] = s;
	return len == sizeof(*ev) ? 1 : -EPROTO;
}
