/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device of the vDPA bus and the VMM that drives it.
 *
 * Lock order, outermost first:
 *
 *	vhx_vdpa.map_lock	what is mapped; held over pinning, which may take long
 *	  mmap_lock
 *	vhx_vdpa.map_lock
 *	  vhx_vdpa.lock		the rest, and every call of the parent but kicks; the mmap_lock may be
 *				taken in it, by copies from and to the VMM
 *	    vhx_vdpas_lock	the list of devices, and what of them netlink shows and is no number
 *
 *	mmap_lock
 *	  vhx_vdpa.doors_lock	doorbells are there, or gone; nothing is copied under it
 *
 * So a VMM that maps a large guest, which takes seconds, can ask for the status meanwhile.
 */
#ifndef _VHX_VDPA_H
#define _VHX_VDPA_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/eventfd.h>
#include <linux/irqbypass.h>
#include <linux/mutex.h>
#include <linux/vdpa.h>
#include <linux/vhost.h>
#include <linux/vhx.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "call.h"
#include "kick.h"

struct iommu_domain;
struct vhx_vdpa;

/**
 * struct vhx_vdpa_vq - a queue
 * @v: device
 * @index: in @v, fixed
 * @group: that it is in, fixed
 * @num: descriptors, as set; 0: not set
 * @enabled: as set
 * @kick: what the guest notifies by
 * @call: what interrupts the guest
 * @err: what the VMM waits for errors by; no parent has any to tell
 * @bypass: offers the parent's interrupt to KVM
 * @bypassed: it is offered
 * @doorbell: the guest has its doorbell; under vhx_vdpa.doors_lock
 */
struct vhx_vdpa_vq {
	struct vhx_vdpa *v;
	u16 index;
	u32 group;
	u32 num;
	bool enabled;
	struct vhx_vkick kick;
	struct vhx_vcall call;
	struct eventfd_ctx *err;
	struct irq_bypass_producer bypass;
	bool bypassed;
	bool doorbell;
};

/**
 * struct vhx_vdpa_fail - the last refusal of a message
 * @op: VHX_VDPA_OP_*
 * @why: VHX_VDPA_WHY_*
 * @err: errno, negative; 0: there was none
 * @iova: first address
 * @size: bytes
 * @asid: address space
 * @need: bytes that would have been locked; VHX_VDPA_WHY_MEMLOCK
 * @limit: bytes that may be
 */
struct vhx_vdpa_fail {
	u8 op;
	u8 why;
	int err;
	u64 iova;
	u64 size;
	u32 asid;
	u64 need;
	u64 limit;
};

/**
 * struct vhx_vdpa_maps - what is mapped; under vhx_vdpa.map_lock
 * @spaces: address spaces, struct vhx_space by ASID
 * @by: VHX_VDPA_BY_*: how the parent learns of it
 * @domain: of the platform's IOMMU; VHX_VDPA_BY_IOMMU
 * @iommu_prot: IOMMU_CACHE, where that is coherent
 * @range: what the device can address
 * @batching: a batch is open
 * @batch_asid: of this address space
 * @bytes: mapped now
 * @pieces: in so many pieces
 * @pinned: pages pinned now
 * @doing: bytes of what goes on now, 0: nothing does
 * @done: of which so many are done
 * @fail: the refusal that is being made
 */
struct vhx_vdpa_maps {
	struct xarray spaces;
	u8 by;
	struct iommu_domain *domain;
	int iommu_prot;
	struct vdpa_iova_range range;
	bool batching;
	u32 batch_asid;
	u64 bytes;
	u64 pieces;
	u64 pinned;
	u64 doing;
	u64 done;
	struct vhx_vdpa_fail fail;
};

/**
 * struct vhx_vdpa - a device
 * @dev: its node; lives as long as an fd does
 * @cdev: likewise
 * @node: in the list of devices; vhx_vdpas_lock
 * @vdpa: on the bus; not to be used once @gone
 * @name: of that, which netlink may show after it is gone
 * @lock: see above
 * @map_lock: see above
 * @doors_lock: see above
 * @gone: it was taken from the bus, or from us; written under all three locks
 * @leaving: it will be, and who works on mappings is to stop
 * @opened: there is a VMM
 * @mm: the owner's memory; NULL: nobody said SET_OWNER. Held, not used: it may be dead
 * @owner: its process, for people to read; under vhx_vdpas_lock when it is written
 * @comm: its command name, likewise
 * @mapping: where doorbells are mapped
 * @device_id: the virtio device's
 * @offered: virtio features that it has
 * @nvqs: queues
 * @vq: they
 * @group_asid: address spaces of the groups, as set
 * @features: virtio features that the driver has taken
 * @backend_features: VHOST_BACKEND_F_* that the VMM has taken, a mask
 * @status: of the virtio device, as it was last set
 * @suspended: it was suspended, and neither resumed nor reset since
 * @config_call: tells the VMM of changes of the configuration
 * @maps: what is mapped
 * @shown_fail: the last refusal, whole; vhx_vdpas_lock
 * @stats: counters, by enum vhx_vdpa_stat, but for kicks and calls, which the queues have
 */
struct vhx_vdpa {
	struct device dev;
	struct cdev cdev;
	struct list_head node;
	struct vdpa_device *vdpa;
	char name[64];
	struct mutex lock;
	struct mutex map_lock;
	struct mutex doors_lock;
	bool gone;
	bool leaving;
	bool opened;
	struct mm_struct *mm;
	struct pid *owner;
	char comm[16];
	struct address_space *mapping;
	u32 device_id;
	u64 offered;
	u32 nvqs;
	struct vhx_vdpa_vq *vq;
	u32 *group_asid;
	u64 features;
	u64 backend_features;
	u8 status;
	bool suspended;
	struct vhx_vcall config_call;
	struct vhx_vdpa_maps maps;
	struct vhx_vdpa_fail shown_fail;
	u64 stats[VHX_VDPA_STAT_NR];
};

extern struct mutex vhx_vdpas_lock;
extern struct list_head vhx_vdpas;

/* Under either lock of the device; who has only one of them does not share the counter. */
static inline void vhx_vdpa_count(struct vhx_vdpa *v, enum vhx_vdpa_stat id, u64 n)
{
	WRITE_ONCE(v->stats[id], v->stats[id] + n);
}

static inline bool vhx_vdpa_has(const struct vhx_vdpa *v, unsigned int bit)
{
	return v->backend_features & BIT_ULL(bit);
}

/* life.c */
int vhx_vdpa_start(struct vhx_vdpa *v);
void vhx_vdpa_stop(struct vhx_vdpa *v);
void vhx_vdpa_drop_calls(struct vhx_vdpa *v);
void vhx_vdpa_revoke(struct vhx_vdpa *v);
long vhx_vdpa_set_owner(struct vhx_vdpa *v);
int vhx_vdpa_check_owner(const struct vhx_vdpa *v);

/* ioctl.c, status.c, config.c, vring.c, features.c */
long vhx_vdpa_ioctl(struct vhx_vdpa *v, unsigned int cmd, void __user *argp);
long vhx_vdpa_status_ioctl(struct vhx_vdpa *v, unsigned int cmd, void __user *argp);
long vhx_vdpa_config_ioctl(struct vhx_vdpa *v, unsigned int cmd, void __user *argp);
long vhx_vdpa_features_ioctl(struct vhx_vdpa *v, unsigned int cmd, void __user *argp);
long vhx_vdpa_vring_ioctl(struct vhx_vdpa *v, unsigned int cmd, void __user *argp);
long vhx_vdpa_group_ioctl(struct vhx_vdpa *v, unsigned int cmd, void __user *argp);
bool vhx_vdpa_runs(const struct vhx_vdpa *v);
int vhx_vdpa_reset(struct vhx_vdpa *v);
void vhx_vring_drop(struct vhx_vdpa_vq *vq);

/* irq.c */
void vhx_irq_offer(struct vhx_vdpa_vq *vq);
void vhx_irq_withdraw(struct vhx_vdpa_vq *vq);

/* doorbell.c */
int vhx_doorbell_mmap(struct vhx_vdpa *v, struct vm_area_struct *vma);
void vhx_doorbell_revoke(struct vhx_vdpa *v);

/* msg.c */
ssize_t vhx_vdpa_write(struct vhx_vdpa *v, struct iov_iter *from);

/* nl.c */
void vhx_vdpa_nl_init(void);
void vhx_vdpa_nl_exit(void);

#endif /* _VHX_VDPA_H */
