/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vdpa_get_map() came with 6.18; before, a device had no more than a struct device to do DMA by.
 * driver_override was the vDPA bus's own before it was every device's, with 7.x. Drop with 6.12.
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
#endif

#ifndef VHX_HAVE_DEVICE_DRIVER_OVERRIDE
/* Context: the device's lock, as in a probe. */
static inline int device_match_driver_override(struct device *dev, const struct device_driver *drv)
{
	const char *override = dev_to_vdpa(dev)->driver_override;

	return override ? !strcmp(override, drv->name) : -1;
}
#endif

#endif
