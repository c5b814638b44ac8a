/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vDPA device says by a union virtio_map what its memory is mapped for, since 6.18; before, by a
 * device. driver_override was the vDPA bus's own before it was every device's, with 7.x. Drop with
 * 6.12.
 */
#ifndef _VHX_COMPAT_VDPA_H
#define _VHX_COMPAT_VDPA_H

#include_next <linux/vdpa.h>

#ifndef VHX_HAVE_VDPA_MAP
struct vhx_compat_vdpa_map {
	struct device *dma_dev;
};

static inline struct vhx_compat_vdpa_map vdpa_get_map(struct vdpa_device *vdpa)
{
	return (struct vhx_compat_vdpa_map) { .dma_dev = vdpa_get_dma_dev(vdpa) };
}

#undef vdpa_alloc_device
#define vdpa_alloc_device(dev_struct, member, parent, config, map, ngroups, nas, name, use_va) \
	container_of(__vdpa_alloc_device(parent, config, ngroups, nas,			\
		     sizeof(dev_struct) + BUILD_BUG_ON_ZERO(offsetof(dev_struct, member)), \
		     name, use_va), dev_struct, member)
#endif

/* No kernel's: sets what one of the two has. */
static inline void vhx_vdpa_set_dma_dev(struct vdpa_device *vdpa, struct device *dev)
{
#ifdef VHX_HAVE_VDPA_MAP
	vdpa->vmap.dma_dev = dev;
#else
	vdpa->dma_dev = dev;
#endif
}

#ifndef VHX_HAVE_DEVICE_DRIVER_OVERRIDE
/* Context: the device's lock, as in a probe. */
static inline int device_match_driver_override(struct device *dev, const struct device_driver *drv)
{
	const char *override = dev_to_vdpa(dev)->driver_override;

	return override ? !strcmp(override, drv->name) : -1;
}
#endif

#endif
