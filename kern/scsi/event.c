// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event queue: what the guest is told of without having asked. Events wait for a buffer; when
 * there are too many, the guest is told that it missed some, and looks for itself.
 */
#include <linux/virtio_scsi.h>

#include "host.h"
#include "trace.h"

/* The next event there is to send. Return: false if there is none. */
static bool vhx_event_peek(struct vhx_scsi_host *h, struct vhx_scsi_news *news)
{
	bool any;

	spin_lock(&h->event_lock);
	any = h->event_n || h->events_missed;
	*news = (struct vhx_scsi_news) { .event = VHX_SCSI_EV_NONE };
	if (h->event_n)
		*news = h->event[h->event_at];
	news->missed = h->events_missed;
	spin_unlock(&h->event_lock);
	return any;
}

/* Context: the event queue's lock. */
static void vhx_event_count_lost(struct vhx_scsi_host *h)
{
	u32 lost;

	spin_lock(&h->event_lock);
	lost = h->events_lost;
	h->events_lost = 0;
	spin_unlock(&h->event_lock);
	vhx_scsi_count(&h->queue[VHX_SCSI_VQ_EVENT], VHX_SCSI_QSTAT_EVENTS_LOST, lost);
}

/* It was sent, and what it said of others that were not is known as well. */
static void vhx_event_pop(struct vhx_scsi_host *h, const struct vhx_scsi_news *news)
{
	spin_lock(&h->event_lock);
	if (news->event != VHX_SCSI_EV_NONE) {
		h->event_at = (h->event_at + 1) % VHX_SCSI_EVENTS;
		h->event_n--;
	}
	if (news->missed)
		h->events_missed = false;
	spin_unlock(&h->event_lock);
}

/*
 * Write an event to a buffer. Return: bytes, 0 if the buffer is of no use; -EAGAIN a translation is
 * missing; -EIO the ring is illegal.
 */
static int vhx_event_write(struct vhx_vq *vq, const struct vhx_chain *c,
			   const struct vhx_scsi_news *news)
{
	const struct vhx_scsi_opt opt = vhx_scsi_opt_of(vq);
	struct vhx_scsi_event ev;
	int err = -EFAULT;

	vhx_scsi_fill_event(&opt, news, &ev);
	if (c->in_len >= sizeof(ev))
		err = vhx_scsi_chain_write(vq, c, &ev, sizeof(ev));
	if (err == -EAGAIN || err == -EIO)
		return err;
	if (err)
		vhx_vq_count(vq, VHX_QSTAT_BAD_PACKETS, 1);
	return err ? 0 : sizeof(ev);
}

/* Return: 1 a buffer was used; 0 there is none; negative when the queue can do no more for now. */
static int vhx_event_put(struct vhx_vq *vq, const struct vhx_scsi_news *news)
{
	const struct vhx_scsi_scratch *s = vq->runner->scratch;
	const struct vhx_chain *c = s->chain;
	struct vhx_pull p = { .max_chain = 1 };
	struct vhx_done done;
	int n;

	n = vhx_scsi_chain_pull(vq, &p);
	if (n <= 0)
		return n;
	n = vhx_event_write(vq, c, news);
	if (n == -EAGAIN)
		vhx_vq_unpull(vq, c, 1);
	if (n < 0)
		return n;
	if (n) {
		/* Whoever asks what the guest missed afterwards is told that it was told. */
		vhx_event_pop(vhx_scsi_host_of(vq), news);
		trace_vhx_scsi_event_put(vhx_scsi_host_of(vq), news);
		vhx_vq_count(vq, VHX_QSTAT_PACKETS, 1);
	}
	vhx_scsi_count(vhx_scsi_queue_of(vq), VHX_SCSI_QSTAT_PULLED, 1);
	vhx_scsi_count(vhx_scsi_queue_of(vq), VHX_SCSI_QSTAT_PUSHED, 1);
	done = (struct vhx_done) { .id = c->id, .ndesc = c->ndesc, .len = n };
	return vhx_vq_push(vq, &done, 1) ?: 1;
}

/**
 * vhx_scsi_event_handle - serve the event queue
 * @vq: the queue
 *
 * Context: the queue's worker, @vq->lock.
 */
void vhx_scsi_event_handle(struct vhx_vq *vq)
{
	struct vhx_scsi_news news;
	u32 budget = VHX_SCSI_BUDGET;
	int n;

	vhx_event_count_lost(vhx_scsi_host_of(vq));
	/* As long as there is nothing to send, new buffers are of no interest. */
	vhx_vq_busy(vq);
	while (!vq->broken && vhx_event_peek(vhx_scsi_host_of(vq), &news)) {
		n = vhx_event_put(vq, &news);
		if (n < 0 || (!n && !vhx_vq_rest(vq)))
			break;
		if (!--budget) {
			vhx_vq_queue(vq);
			break;
		}
	}
}

/* Return: 0; -ENOSPC it only hears that it missed something. */
static int vhx_event_add(struct vhx_scsi_host *h, const struct vhx_scsi_news *news)
{
	int err = 0;

	spin_lock(&h->event_lock);
	if (h->event_n == VHX_SCSI_EVENTS) {
		h->events_missed = true;
		h->events_lost++;
		err = -ENOSPC;
	} else {
		h->event[(h->event_at + h->event_n++) % VHX_SCSI_EVENTS] = *news;
	}
	spin_unlock(&h->event_lock);
	trace_vhx_scsi_event_queue(h, news);
	vhx_vq_queue(h->vqs[VHX_SCSI_VQ_EVENT]);
	return err;
}

/* Context: vhx_endpoint.lock; the host stays bound meanwhile. */
static int vhx_event_notify(struct vhx_listener *l, const struct vhx_agent_notify *arg)
{
	struct vhx_scsi_host *h = container_of(l, struct vhx_scsi_host, listener);
	struct vhx_scsi_news news = { .event = arg->event, .reason = arg->reason };
	int err;

	err = vhx_scsi_parse_news(arg->lun, &news);
	if (err)
		return err;
	if (!(h->event_mask & BIT(news.event)))
		return -EOPNOTSUPP;
	return vhx_event_add(h, &news);
}

/**
 * vhx_scsi_event_listen - hear from now on what the agent has to say
 * @h: host, bound to an endpoint; until vhx_endpoint_listen() with nobody
 *
 * What was said while nobody listened, the guest has missed.
 *
 * Context: process; the device's lock.
 */
void vhx_scsi_event_listen(struct vhx_scsi_host *h)
{
	const struct vhx_vq *vq = h->vqs[VHX_SCSI_VQ_EVENT];
	u32 unheard;

	h->event_mask = 0;
	if (vhx_vq_has(vq, VIRTIO_SCSI_F_HOTPLUG))
		h->event_mask |= BIT(VHX_SCSI_EV_TRANSPORT_RESET);
	if (vhx_vq_has(vq, VIRTIO_SCSI_F_CHANGE))
		h->event_mask |= BIT(VHX_SCSI_EV_PARAM_CHANGE);
	h->listener.notify = vhx_event_notify;
	unheard = vhx_endpoint_listen(h->ep, &h->listener);
	if (!unheard || !h->event_mask)
		return;
	spin_lock(&h->event_lock);
	h->events_missed = true;
	h->events_lost += unheard;
	spin_unlock(&h->event_lock);
	vhx_vq_queue(h->vqs[VHX_SCSI_VQ_EVENT]);
}

/**
 * vhx_scsi_event_set_missed - say whether the guest has missed events
 * @h: host
 * @missed: it has, perhaps on another machine
 *
 * Context: process.
 */
void vhx_scsi_event_set_missed(struct vhx_scsi_host *h, bool missed)
{
	spin_lock(&h->event_lock);
	h->events_missed = missed;
	spin_unlock(&h->event_lock);
	vhx_vq_queue(h->vqs[VHX_SCSI_VQ_EVENT]);
}

/**
 * vhx_scsi_event_missed - has the guest missed events, and does not know
 * @h: host
 *
 * Context: any but interrupts.
 */
bool vhx_scsi_event_missed(struct vhx_scsi_host *h)
{
	return READ_ONCE(h->events_missed);
}

/**
 * vhx_scsi_event_forget - the endpoint is not this host's any more
 * @h: host; its event queue is stopped
 *
 * What it had to say, the guest has missed.
 *
 * Context: process, sleeps.
 */
void vhx_scsi_event_forget(struct vhx_scsi_host *h)
{
	struct vhx_vq *vq = h->vqs[VHX_SCSI_VQ_EVENT];

	spin_lock(&h->event_lock);
	if (h->event_n)
		h->events_missed = true;
	h->events_lost += h->event_n;
	h->event_n = 0;
	spin_unlock(&h->event_lock);
	mutex_lock(&vq->lock);
	vhx_event_count_lost(h);
	mutex_unlock(&vq->lock);
}
