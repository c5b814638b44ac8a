// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the vDPA bus asks of a queue, and the table of all that it asks.
 */
#include <linux/virtio_ids.h>
#include <uapi/linux/vhost_types.h>

#include "vnet.h"

#define VHX_VNET_VENDOR		0x565848	/* "VHX": nobody gives these numbers out */

/* Queues are asked for by index; users bound it, but not all of them. Context: vhx_dev.lock. */
static struct vhx_vnet_queue *vhx_vnet_queue_at(struct vhx_vnet *vn, u16 idx)
{
	return idx < vhx_vnet_nvqs(vn) ? &vn->queue[idx] : NULL;
}

static int vhx_vnet_set_vq_address(struct vdpa_device *vdpa, u16 idx, u64 desc, u64 avail,
				   u64 used)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	struct vhx_vnet_queue *q = vhx_vnet_queue_at(vn, idx);

	if (!q)
		return -EINVAL;
	mutex_lock(&vn->dev.lock);
	q->desc = desc;
	q->avail = avail;
	q->used = used;
	mutex_unlock(&vn->dev.lock);
	return 0;
}

static void vhx_vnet_set_vq_num(struct vdpa_device *vdpa, u16 idx, u32 num)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	struct vhx_vnet_queue *q = vhx_vnet_queue_at(vn, idx);

	if (!q)
		return;
	/* What is no size is found at the start. */
	mutex_lock(&vn->dev.lock);
	q->num = min_t(u32, num, VHX_RING_MAX + 1);
	mutex_unlock(&vn->dev.lock);
}

static void vhx_vnet_kick_vq(struct vdpa_device *vdpa, u16 idx)
{
	struct vhx_vnet_queue *q = vhx_vnet_queue_at(vhx_vnet_of(vdpa), idx);

	if (!q)
		return;
	WRITE_ONCE(q->vq.kicked, true);
	vhx_vq_queue(&q->vq);
}

static void vhx_vnet_set_vq_cb(struct vdpa_device *vdpa, u16 idx, struct vdpa_callback *cb)
{
	const struct vhx_irq irq = {
		.fn = cb->callback,
		.data = cb->private,
		.trigger = cb->trigger,
	};
	struct vhx_vnet_queue *q = vhx_vnet_queue_at(vhx_vnet_of(vdpa), idx);

	if (q)
		vhx_vq_set_irq(&q->vq, &irq);
}

static void vhx_vnet_set_vq_ready(struct vdpa_device *vdpa, u16 idx, bool ready)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	struct vhx_vnet_queue *q = vhx_vnet_queue_at(vn, idx);

	if (!q)
		return;
	mutex_lock(&vn->dev.lock);
	q->ready = ready;
	if (!ready)
		vhx_vnet_queue_stop(q);
	else if (vhx_vnet_runs(vn) && vhx_vnet_queue_start(q))
		WRITE_ONCE(vn->broken, true);
	if (vhx_vnet_runs(vn))
		vhx_vnet_live_changed(vn);
	mutex_unlock(&vn->dev.lock);
}

static bool vhx_vnet_get_vq_ready(struct vdpa_device *vdpa, u16 idx)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	struct vhx_vnet_queue *q = vhx_vnet_queue_at(vn, idx);
	bool ready;

	if (!q)
		return false;
	mutex_lock(&vn->dev.lock);
	ready = q->ready;
	mutex_unlock(&vn->dev.lock);
	return ready;
}

static u16 vhx_vnet_place(u16 idx, u16 counter)
{
	return idx | (counter ? VHX_PLACE_WRAP : 0);
}

/*
 * DPDK's virtio-user gives the place of the next descriptor alone, for a ring that was never used,
 * where both are the same.
 */
static void vhx_vnet_set_places(struct vhx_ring *r, const struct vdpa_vq_state_packed *s)
{
	r->last_avail = vhx_vnet_place(s->last_avail_idx, s->last_avail_counter);
	r->last_used = vhx_vnet_place(s->last_used_idx, s->last_used_counter);
	if (r->last_avail == VHX_PLACE_WRAP && !r->last_used)
		r->last_used = VHX_PLACE_WRAP;
}

static int vhx_vnet_set_vq_state(struct vdpa_device *vdpa, u16 idx,
				 const struct vdpa_vq_state *state)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	struct vhx_vnet_queue *q = vhx_vnet_queue_at(vn, idx);
	int err = 0;

	if (!q)
		return -EINVAL;
	mutex_lock(&vn->dev.lock);
	mutex_lock(&q->vq.lock);
	if (q->vq.backend)
		err = -EBUSY;
	else if (vhx_vnet_has(vn, VIRTIO_F_RING_PACKED))
		vhx_vnet_set_places(&q->vq.ring, &state->packed);
	else
		q->vq.ring.last_avail = state->split.avail_index;
	mutex_unlock(&q->vq.lock);
	mutex_unlock(&vn->dev.lock);
	return err;
}

/* Of a queue that runs it is a moment's. */
static int vhx_vnet_get_vq_state(struct vdpa_device *vdpa, u16 idx, struct vdpa_vq_state *state)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	struct vhx_vnet_queue *q = vhx_vnet_queue_at(vn, idx);
	const struct vhx_ring *r;

	if (!q)
		return -EINVAL;
	r = &q->vq.ring;
	mutex_lock(&vn->dev.lock);
	mutex_lock(&q->vq.lock);
	if (vhx_vnet_has(vn, VIRTIO_F_RING_PACKED))
		state->packed = (struct vdpa_vq_state_packed) {
			.last_avail_counter = !!(r->last_avail & VHX_PLACE_WRAP),
			.last_avail_idx = r->last_avail & ~VHX_PLACE_WRAP,
			.last_used_counter = !!(r->last_used & VHX_PLACE_WRAP),
			.last_used_idx = r->last_used & ~VHX_PLACE_WRAP,
		};
	else
		state->split.avail_index = r->last_avail;
	mutex_unlock(&q->vq.lock);
	mutex_unlock(&vn->dev.lock);
	return 0;
}

static u32 vhx_vnet_get_vq_align(struct vdpa_device *vdpa)
{
	return PAGE_SIZE;
}

static u32 vhx_vnet_get_vq_group(struct vdpa_device *vdpa, u16 idx)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	u32 group;

	mutex_lock(&vn->dev.lock);
	group = vhx_vnet_queue_group(vn, idx);
	mutex_unlock(&vn->dev.lock);
	return group;
}

static u16 vhx_vnet_get_vq_num_max(struct vdpa_device *vdpa)
{
	return VHX_VNET_RING;
}

static u16 vhx_vnet_get_vq_size(struct vdpa_device *vdpa, u16 idx)
{
	struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	u16 num;

	mutex_lock(&vn->dev.lock);
	num = idx == vhx_vnet_cvq_index(vn) || idx >= 2 * vn->pairs ?
	      VHX_VNET_CVQ_RING : VHX_VNET_RING;
	mutex_unlock(&vn->dev.lock);
	return num;
}

static u32 vhx_vnet_get_device_id(struct vdpa_device *vdpa)
{
	return VIRTIO_ID_NET;
}

static u32 vhx_vnet_get_vendor_id(struct vdpa_device *vdpa)
{
	return VHX_VNET_VENDOR;
}

static u64 vhx_vnet_get_backend_features(const struct vdpa_device *vdpa)
{
	return BIT_ULL(VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK);
}

const struct vdpa_config_ops vhx_vnet_ops = {
	.set_vq_address		= vhx_vnet_set_vq_address,
	.set_vq_num		= vhx_vnet_set_vq_num,
	.kick_vq		= vhx_vnet_kick_vq,
	.set_vq_cb		= vhx_vnet_set_vq_cb,
	.set_vq_ready		= vhx_vnet_set_vq_ready,
	.get_vq_ready		= vhx_vnet_get_vq_ready,
	.set_vq_state		= vhx_vnet_set_vq_state,
	.get_vq_state		= vhx_vnet_get_vq_state,
	.get_vendor_vq_stats	= vhx_vnet_get_vendor_stats,
	.get_vq_size		= vhx_vnet_get_vq_size,
	.get_vq_align		= vhx_vnet_get_vq_align,
	.get_vq_group		= vhx_vnet_get_vq_group,
	.get_device_features	= vhx_vnet_get_features,
	.get_backend_features	= vhx_vnet_get_backend_features,
	.set_driver_features	= vhx_vnet_set_driver_features,
	.get_driver_features	= vhx_vnet_get_driver_features,
	.set_config_cb		= vhx_vnet_set_config_cb,
	.get_vq_num_max		= vhx_vnet_get_vq_num_max,
	.get_device_id		= vhx_vnet_get_device_id,
	.get_vendor_id		= vhx_vnet_get_vendor_id,
	.get_status		= vhx_vnet_get_status,
	.set_status		= vhx_vnet_set_status,
	.reset			= vhx_vnet_op_reset,
	.compat_reset		= vhx_vnet_compat_reset,
	.suspend		= vhx_vnet_suspend,
	.resume			= vhx_vnet_resume,
	.get_config_size	= vhx_vnet_get_config_size,
	.get_config		= vhx_vnet_get_config,
	.set_config		= vhx_vnet_set_config,
	.get_generation		= vhx_vnet_get_generation,
	.set_map		= vhx_vnet_set_map,
	.reset_map		= vhx_vnet_reset_map,
	.set_group_asid		= vhx_vnet_set_group_asid,
	.free			= vhx_vnet_free,
};
