// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's queues run, and stop. All of it is under the device's lock.
 *
 * A VMM that goes on after a pause sets the queues' places to where they stopped. A guest that
 * boots, or loads its driver, has them at their beginning: it knows of no connection any more, and
 * who holds one on the host, or in another guest, is told, rather than left to find out by sending.
 */
#include "conn.h"
#include "guest.h"

/* Context: the queue's lock. */
static int vhx_run_vq(struct vhx_guest *g, struct vhx_vq *vq)
{
	if (!vhx_vq_access_ok(vq, vhx_dev_mem(&g->dev)))
		return -EFAULT;
	return vq->backend ? 0 : vhx_vq_start(vq, g);
}

static bool vhx_run_moved(struct vhx_guest *g)
{
	bool moved = false;
	u32 i;

	for (i = 0; i < VHX_VSOCK_VQS; i++) {
		mutex_lock(&g->vq[i].lock);
		moved |= vhx_vq_base(&g->vq[i]) != vhx_vq_base_first(&g->vq[i]);
		mutex_unlock(&g->vq[i].lock);
	}
	return moved;
}

/* What is on its way to the guest is for one that is not there any more. */
static void vhx_run_anew(struct vhx_guest *g)
{
	WRITE_ONCE(g->reset, true);
	vhx_transport_reset();
	WRITE_ONCE(g->reset, false);
	vhx_conns_end_all(g, false);
	vhx_agency_reset(g);
	vhx_rx_forget(g);
	g->ran = false;
}

/**
 * vhx_guest_start - have a guest's queues run
 * @g: guest; running already is fine
 *
 * Context: the owner's process, sleeps; the device's lock.
 * Return: 0, or as vhx_vq_start(), or -EFAULT: then none runs.
 */
int vhx_guest_start(struct vhx_guest *g)
{
	int err = 0;
	u32 i;

	if (g->ran && !vhx_run_moved(g))
		vhx_run_anew(g);
	for (i = 0; i < VHX_VSOCK_VQS && !err; i++) {
		mutex_lock(&g->vq[i].lock);
		err = vhx_run_vq(g, &g->vq[i]);
		mutex_unlock(&g->vq[i].lock);
	}
	if (err)
		vhx_guest_stop(g);
	else
		vhx_cid_show(g);
	return err;
}

/**
 * vhx_guest_stop - stop a guest's queues
 * @g: guest; stopped already is fine
 *
 * What waits for the guest goes on waiting: it may be paused.
 *
 * Context: process, sleeps; the device's lock, or the last reference.
 */
void vhx_guest_stop(struct vhx_guest *g)
{
	u32 i;

	for (i = 0; i < VHX_VSOCK_VQS; i++) {
		mutex_lock(&g->vq[i].lock);
		if (vhx_vq_stop(&g->vq[i]))
			g->ran |= vhx_vq_base(&g->vq[i]) != vhx_vq_base_first(&g->vq[i]);
		mutex_unlock(&g->vq[i].lock);
	}
	/* Nobody queues them any more, but they may be queued. */
	vhx_dev_flush(&g->dev);
}
