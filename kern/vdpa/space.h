/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An address space of a device: what is mapped in it, and how the parent learns of it. All under
 * vhx_vdpa.map_lock.
 */
#ifndef _VHX_VDPA_SPACE_H
#define _VHX_VDPA_SPACE_H

#include <linux/types.h>
#include <linux/vdpa.h>
#include <linux/vhost_iotlb.h>

struct vhx_vdpa;

/**
 * struct vhx_pages - pinned pages in a row
 * @pfn: the first
 * @n: how many
 * @dirty: the device may write to them
 */
struct vhx_pages {
	u64 pfn;
	u64 n : 63;
	u64 dirty : 1;
};

struct vhx_gone;

/**
 * struct vhx_space - an address space
 * @asid: its number
 * @iotlb: mappings, of physical addresses, or of the user's: then vhost_iotlb_map.opaque is a struct
 *	vdpa_map_file, with a reference to the file
 * @untold: the parent does not know all of it; VHX_VDPA_BY_SET
 * @gone: pages that are mapped no more, but the parent may know them still
 */
struct vhx_space {
	u32 asid;
	struct vhost_iotlb iotlb;
	bool untold;
	struct vhx_gone *gone;
};

/**
 * struct vhx_area - what a message of the VMM is about
 * @space: where
 * @iova: first address
 * @size: bytes
 * @uaddr: memory
 * @perm: VHOST_MAP_*
 */
struct vhx_area {
	struct vhx_space *space;
	u64 iova;
	u64 size;
	u64 uaddr;
	u32 perm;
};

/**
 * struct vhx_run - memory that is one mapping
 * @iova: first address
 * @size: bytes
 * @addr: physical, or the user's
 * @perm: VHOST_MAP_*
 * @file: of user memory; NULL: pinned pages
 */
struct vhx_run {
	u64 iova;
	u64 size;
	u64 addr;
	u32 perm;
	struct vdpa_map_file *file;
};

/* space.c */
struct vhx_space *vhx_space_get(struct vhx_vdpa *v, u32 asid, bool make);
int vhx_space_add(struct vhx_vdpa *v, struct vhx_space *space, const struct vhx_run *run);
void vhx_space_remove(struct vhx_vdpa *v, struct vhx_space *space, u64 first, u64 last);
int vhx_space_tell(struct vhx_vdpa *v, struct vhx_space *space);
void vhx_space_release(struct vhx_vdpa *v, struct vhx_space *space);
int vhx_spaces_init(struct vhx_vdpa *v);
void vhx_spaces_exit(struct vhx_vdpa *v);

/* map.c */
int vhx_map(struct vhx_vdpa *v, const struct vhx_area *area);
int vhx_unmap(struct vhx_vdpa *v, const struct vhx_area *area);
bool vhx_map_goes_on(const struct vhx_vdpa *v, int *err);
void vhx_map_progress(struct vhx_vdpa *v, u64 bytes);

/* pin.c: pages that are pinned */
int vhx_pin(struct vhx_vdpa *v, const struct vhx_area *area);
void vhx_unpin(struct vhx_vdpa *v, const struct vhx_pages *pages);

/* borrow.c: memory of files, by user addresses */
int vhx_borrow(struct vhx_vdpa *v, const struct vhx_area *area);
void vhx_return(struct vdpa_map_file *file);

#endif /* _VHX_VDPA_SPACE_H */
