// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VMM comes, owns the device, and goes; or the device goes first. Then what it had is taken from
 * it at once, and its fd is of no use any more: nobody waits for a VMM to close it.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "space.h"
#include "vdpa.h"

/**
 * vhx_vdpa_check_owner - is the caller's memory the device's?
 * @v: device
 *
 * Context: process; either lock.
 * Return: 0 or -EPERM.
 */
int vhx_vdpa_check_owner(const struct vhx_vdpa *v)
{
	return v->mm && v->mm == current->mm ? 0 : -EPERM;
}

static bool vhx_vdpa_binds(const struct vhx_vdpa *v)
{
	return v->vdpa->use_va && v->vdpa->config->bind_mm;
}

/* For people to see. */
static void vhx_vdpa_show_owner(struct vhx_vdpa *v, struct pid *owner)
{
	mutex_lock(&vhx_vdpas_lock);
	swap(v->owner, owner);
	if (v->owner)
		get_task_comm(v->comm, current);
	mutex_unlock(&vhx_vdpas_lock);
	put_pid(owner);
}

/**
 * vhx_vdpa_set_owner - the caller's memory is the device's from now on
 * @v: device
 *
 * Context: process, sleeps; vhx_vdpa.lock.
 * Return: 0; -EBUSY it has an owner; or the parent's errno.
 */
long vhx_vdpa_set_owner(struct vhx_vdpa *v)
{
	int err;

	if (v->mm)
		return -EBUSY;
	if (vhx_vdpa_binds(v)) {
		err = v->vdpa->config->bind_mm(v->vdpa, current->mm);
		if (err)
			return err;
	}
	/* Not its use: who is held by a VMM's fd is not to keep its memory. */
	mmgrab(current->mm);
	/* Pairs with nothing: who reads it under map_lock is an owner that knows it is one, or not. */
	WRITE_ONCE(v->mm, current->mm);
	vhx_vdpa_show_owner(v, get_pid(task_tgid(current)));
	return 0;
}

static void vhx_vdpa_drop_owner(struct vhx_vdpa *v)
{
	if (!v->mm)
		return;
	if (vhx_vdpa_binds(v) && v->vdpa->config->unbind_mm)
		v->vdpa->config->unbind_mm(v->vdpa);
	mmdrop(v->mm);
	v->mm = NULL;
	vhx_vdpa_show_owner(v, NULL);
}

/**
 * vhx_vdpa_drop_calls - the parent calls nobody any more
 * @v: device, that is reset
 *
 * Context: process, sleeps; vhx_vdpa.lock.
 */
void vhx_vdpa_drop_calls(struct vhx_vdpa *v)
{
	struct vhx_vcall_fd *old = vhx_vcall_swap(&v->config_call, NULL);
	struct vdpa_callback none = {};
	u32 i;

	for (i = 0; i < v->nvqs; i++)
		vhx_vring_drop(&v->vq[i]);
	v->vdpa->config->set_config_cb(v->vdpa, &none);
	vhx_vcall_put(old);
	vhx_vcall_quiesce(&v->config_call);
}

/**
 * vhx_vdpa_start - a VMM has come
 * @v: device, that nobody has
 *
 * Context: process, sleeps; map_lock, not lock.
 * Return: 0, or an errno.
 */
int vhx_vdpa_start(struct vhx_vdpa *v)
{
	int err;

	/* What the last one was refused was to be seen until now. */
	mutex_lock(&vhx_vdpas_lock);
	v->shown_fail = (struct vhx_vdpa_fail) {};
	mutex_unlock(&vhx_vdpas_lock);
	err = vhx_spaces_init(v);
	if (err)
		return err;
	mutex_lock(&v->lock);
	v->backend_features = 0;
	v->features = 0;
	memset(v->group_asid, 0, v->vdpa->ngroups * sizeof(*v->group_asid));
	err = vhx_vdpa_reset(v);
	mutex_unlock(&v->lock);
	if (err)
		vhx_spaces_exit(v);
	return err;
}

/**
 * vhx_vdpa_stop - it has gone
 * @v: device
 *
 * First nobody notifies the parent, then it does nothing, then it calls nobody; and only then is the
 * memory taken away that it had.
 *
 * Context: process, sleeps; map_lock, not lock.
 */
void vhx_vdpa_stop(struct vhx_vdpa *v)
{
	u32 i;

	mutex_lock(&v->lock);
	for (i = 0; i < v->nvqs; i++)
		vhx_vkick_stop(&v->vq[i].kick);
	vhx_vdpa_reset(v);
	vhx_vdpa_drop_calls(v);
	mutex_unlock(&v->lock);
	vhx_spaces_exit(v);
	mutex_lock(&v->lock);
	vhx_vdpa_drop_owner(v);
	mutex_unlock(&v->lock);
}

/**
 * vhx_vdpa_revoke - the device goes
 * @v: device, which nobody opens any more
 *
 * Context: process, sleeps; no lock.
 */
void vhx_vdpa_revoke(struct vhx_vdpa *v)
{
	WRITE_ONCE(v->leaving, true);
	mutex_lock(&v->map_lock);
	if (v->opened)
		vhx_vdpa_stop(v);
	mutex_lock(&v->lock);
	mutex_lock(&v->doors_lock);
	v->gone = true;
	mutex_unlock(&v->doors_lock);
	mutex_unlock(&v->lock);
	mutex_unlock(&v->map_lock);
	vhx_doorbell_revoke(v);
}
