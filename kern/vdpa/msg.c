// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the VMM writes: messages of what is to be mapped where, one a write. What is refused is
 * EFAULT to who writes, as with in-tree vhost; the errno proper, and why, netlink and the tracepoint
 * have.
 */
#include <linux/uio.h>

#include "space.h"
#include "trace.h"
#include "vdpa.h"

/**
 * struct vhx_vmsg - a message
 * @asid: address space
 * @m: what of it
 * @len: bytes that it was
 */
struct vhx_vmsg {
	u32 asid;
	struct vhost_iotlb_msg m;
	size_t len;
};

/*
 * Both forms are laid out alike but for the second word. What is reserved behind it a VMM may leave
 * out. Return: 0 or -EINVAL.
 */
static int vhx_vmsg_read(const struct vhx_vdpa *v, struct iov_iter *from, struct vhx_vmsg *msg)
{
	u32 head[2];

	static_assert(offsetof(struct vhost_msg, iotlb) == sizeof(head));
	static_assert(offsetof(struct vhost_msg_v2, iotlb) == sizeof(head));

	*msg = (struct vhx_vmsg) {
		.len = min(iov_iter_count(from), sizeof(struct vhost_msg_v2)),
	};
	if (!copy_from_iter_full(head, sizeof(head), from) ||
	    !copy_from_iter_full(&msg->m, sizeof(msg->m), from))
		return -EINVAL;
	if (head[0] != VHOST_IOTLB_MSG && head[0] != VHOST_IOTLB_MSG_V2)
		return -EINVAL;
	if (head[0] == VHOST_IOTLB_MSG_V2 && vhx_vdpa_has(v, VHOST_BACKEND_F_IOTLB_ASID))
		msg->asid = head[1];
	if (msg->m.type != VHOST_IOTLB_UPDATE && msg->m.type != VHOST_IOTLB_INVALIDATE)
		return 0;
	return msg->m.size ? 0 : -EINVAL;
}

static bool vhx_vmsg_makes_space(u8 type)
{
	return type == VHOST_IOTLB_UPDATE || type == VHOST_IOTLB_BATCH_BEGIN;
}

static int vhx_vmsg_do(struct vhx_vdpa *v, const struct vhx_vmsg *msg, struct vhx_space *space)
{
	const struct vhx_area area = {
		.space = space,
		.iova = msg->m.iova,
		.size = msg->m.size,
		.uaddr = msg->m.uaddr,
		.perm = msg->m.perm,
	};

	switch (msg->m.type) {
	case VHOST_IOTLB_UPDATE:
		return vhx_map(v, &area);
	case VHOST_IOTLB_INVALIDATE:
		return vhx_unmap(v, &area);
	case VHOST_IOTLB_BATCH_BEGIN:
		v->maps.batch_asid = msg->asid;
		v->maps.batching = true;
		return 0;
	case VHOST_IOTLB_BATCH_END:
		v->maps.batching = false;
		v->maps.fail.why = VHX_VDPA_WHY_PARENT;
		return vhx_space_tell(v, space);
	default:
		return -EINVAL;
	}
}

/* Context: map_lock. v->maps.fail.why says more of an error. */
static int vhx_vmsg_handle(struct vhx_vdpa *v, const struct vhx_vmsg *msg)
{
	struct vhx_space *space;

	v->maps.fail.why = VHX_VDPA_WHY_ERRNO;
	if (vhx_vdpa_check_owner(v)) {
		v->maps.fail.why = VHX_VDPA_WHY_OWNER;
		return -EPERM;
	}
	space = vhx_space_get(v, msg->asid, vhx_vmsg_makes_space(msg->m.type));
	if (!space || (v->maps.batching && v->maps.batch_asid != msg->asid)) {
		v->maps.fail.why = VHX_VDPA_WHY_ASID;
		return -EINVAL;
	}
	return vhx_vmsg_do(v, msg, space);
}

static u8 vhx_vmsg_op(u8 type)
{
	switch (type) {
	case VHOST_IOTLB_UPDATE:
		return VHX_VDPA_OP_MAP;
	case VHOST_IOTLB_INVALIDATE:
		return VHX_VDPA_OP_UNMAP;
	case VHOST_IOTLB_BATCH_BEGIN:
	case VHOST_IOTLB_BATCH_END:
		return VHX_VDPA_OP_BATCH;
	default:
		return VHX_VDPA_OP_MESSAGE;
	}
}

/* Context: map_lock; with vhx_vdpas_lock, who shows it sees all of one refusal. */
static void vhx_vmsg_refused(struct vhx_vdpa *v, const struct vhx_vmsg *msg, int err)
{
	struct vhx_vdpa_fail *fail = &v->maps.fail;

	fail->op = vhx_vmsg_op(msg->m.type);
	fail->err = err;
	fail->iova = msg->m.iova;
	fail->size = msg->m.size;
	fail->asid = msg->asid;
	vhx_vdpa_count(v, VHX_VDPA_STAT_REFUSED, 1);
	trace_vhx_vdpa_refuse(v, fail);
	mutex_lock(&vhx_vdpas_lock);
	v->shown_fail = *fail;
	mutex_unlock(&vhx_vdpas_lock);
}

/**
 * vhx_vdpa_write - write() of the fd
 * @v: device
 * @from: a message
 *
 * Context: process, sleeps; no lock.
 * Return: bytes taken; -EINVAL it is no message; -EFAULT it was refused; -ENODEV the device is gone;
 * -EINTR.
 */
ssize_t vhx_vdpa_write(struct vhx_vdpa *v, struct iov_iter *from)
{
	struct vhx_vmsg msg;
	int err;

	err = vhx_vmsg_read(v, from, &msg);
	if (err)
		return err;
	if (mutex_lock_killable(&v->map_lock))
		return -EINTR;
	if (v->gone) {
		mutex_unlock(&v->map_lock);
		return -ENODEV;
	}
	err = vhx_vmsg_handle(v, &msg);
	if (err)
		vhx_vmsg_refused(v, &msg, err);
	mutex_unlock(&v->map_lock);
	return err ? -EFAULT : msg.len;
}
