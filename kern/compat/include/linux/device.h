/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device_find_child() takes const data and a device_match_t from 6.14 on (f1e8bf56320a). Drop
 * with 6.12.
 */
#ifndef _VHX_COMPAT_DEVICE_H
#define _VHX_COMPAT_DEVICE_H

#include_next <linux/device.h>

#ifndef VHX_HAVE_CONST_DEVICE_FIND_CHILD
struct vhx_compat_match {
	const void *data;
	device_match_t match;
};

static inline int vhx_compat_match(struct device *dev, void *data)
{
	const struct vhx_compat_match *m = data;

	return m->match(dev, m->data);
}

static inline struct device *vhx_compat_find_child(struct device *parent,
						   const void *data,
						   device_match_t match)
{
	struct vhx_compat_match m = { .data = data, .match = match };

	return device_find_child(parent, &m, vhx_compat_match);
}

#define device_find_child vhx_compat_find_child
#endif

#endif
