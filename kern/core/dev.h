/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device: queues, guest memory and workers. It knows neither its class nor what is on the
 * other side; a class (net) embeds it and gives it a struct vhx_class.
 *
 * Lock order, outermost first:
 *
 *	bpf's link update_mutex
 *	vhx_dev.lock		one device; every ioctl that changes it
 *	  rtnl			only taken by tun's fdinfo, called from SET_BACKEND
 *	    vhx_net_mutex	net: NICs, policies, who is bound to whom
 *	      vhx_vq.lock	one queue; held by its worker while it works
 *	        vhx_msgs.sem	a vIOMMU's translations; who writes holds no vhx_vq.lock
 *	          vhx_msgs.lock	the queues' misses
 *	          ptr_ring locks	net: the tap's ring, a mailbox
 *	          vhx_sessions_lock	the list of agents' sessions; vhx_session.lock within
 *	          vhx_endpoint.lock	who serves it, its virtqueues
 *	            vhx_aq.lock	a virtqueue's requests, their tags
 *	              vhx_squeue.lock	an agent's queue: what it is given, has and gives back
 *	                vhx_pool.lock	which pages are taken
 *
 *	mmap_lock
 *	  vhx_session.lock	an agent's session: mmap, attach
 *	    vhx_endpoints_lock	the list of endpoints; vhx_endpoint.lock within
 *
 *	rtnl
 *	  vhx_dev.lock		of a vDPA device of our own, another lockdep class: a driver on this host
 *				sets it up under rtnl
 *
 *	vhx_dev.lock
 *	  vhx_scsi_shows_lock	scsi: what netlink shows of hosts; nothing within
 *
 *	vhx_dev.lock
 *	  vhx_cids_lock		vsock: who has which CID; nothing within
 *
 *	a socket's lock		of AF_VSOCK; waited for with vhx_vq.lock held, and its holder, who
 *				sends, takes none of ours but that of a guest's list of packets
 *
 * A worker holds one vq.lock and takes no lock above it. Nobody waits for a worker (flush) with
 * a vq.lock or vhx_net_mutex held, and nobody holds a lock shared between devices over an access
 * to user memory, which may block for as long as the user likes.
 *
 * All queues' locks are of one lockdep class. Two are held together only by an ioctl of their
 * device, under its lock and in the order of their indices; the second by mutex_lock_nested().
 */
#ifndef _VHX_DEV_H
#define _VHX_DEV_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "memtbl.h"
#include "msg.h"

struct eventfd_ctx;
struct mm_struct;
struct pid;
struct vhx_dev;
struct vhx_vq;

/**
 * struct vhx_class - what a class of devices tells the core
 * @name: "net"
 * @scratch_size: working memory a worker needs, bytes
 * @features: virtio features it offers, VHX_FEATURE_WORDS of them
 * @backend_features: of VHOST_GET_BACKEND_FEATURES
 * @broken: a queue found its ring illegal. Context: the queue's handler
 * @set_features: acknowledge features, all of them offered; 0 or negative. Context: process,
 *	sleeps; vhx_dev.lock
 */
struct vhx_class {
	const char *name;
	size_t scratch_size;
	const u64 *features;
	u64 backend_features;
	void (*broken)(struct vhx_vq *vq);
	long (*set_features)(struct vhx_dev *dev, const u64 *features);
};

/**
 * struct vhx_dev - a device
 * @lock: every ioctl that changes the device
 * @class: fixed
 * @vq: queues; the array is fixed
 * @nvqs: how many
 * @mm: owner's memory, NULL without owner. Set once, under @lock. A device of the kernel's own never
 *	has one
 * @owner: owner's process, for people to read
 * @comm: its command name
 * @mem: guest memory; written under @lock, read under a queue's lock by its handler, which keeps
 *	to what it found until it ends
 * @msgs: the vIOMMU's side; in use with ACCESS_PLATFORM, and then instead of @mem
 * @log_ctx: signalled when the log was written, or NULL; see log.h
 * @workers: by id; written under @lock and vhx_devs_mutex, read under either. The first is made by
 *	SET_OWNER and serves all queues
 * @nworkers: how many; under @lock
 * @fork_owner: they are threads of the owner's; otherwise kthreads. Under @lock
 * @node: in the list of all devices
 */
struct vhx_dev {
	struct mutex lock;
	const struct vhx_class *class;
	struct vhx_vq **vq;
	u32 nvqs;
	struct mm_struct *mm;
	struct pid *owner;
	char comm[16];
	struct vhx_memtbl *mem;
	struct vhx_msgs msgs;
	struct eventfd_ctx *log_ctx;
	struct xarray workers;
	u32 nworkers;
	bool fork_owner;
	struct list_head node;
};

extern struct mutex vhx_devs_mutex;	/* the list of devices with an owner; innermost */

/* Guest memory as it is now. Context: @dev->lock, or a queue's lock as long as that is held. */
static inline const struct vhx_memtbl *vhx_dev_mem(const struct vhx_dev *dev)
{
	/* Pairs with the release in vhx_dev_swap_mem(), which then waits for each queue's lock. */
	return smp_load_acquire(&dev->mem);
}

void vhx_dev_init(struct vhx_dev *dev, const struct vhx_class *class,
		  struct vhx_vq **vq, u32 nvqs);
int vhx_dev_own(struct vhx_dev *dev, const char *name, u32 per);
void vhx_dev_release(struct vhx_dev *dev);
int vhx_dev_reset_owner(struct vhx_dev *dev);
int vhx_dev_check_owner(const struct vhx_dev *dev);
long vhx_dev_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp);
void vhx_dev_flush(struct vhx_dev *dev);
int vhx_dev_for_each(int (*fn)(struct vhx_dev *dev, void *arg), void *arg);

/* features.c */
long vhx_features_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp);
long vhx_features_prepare(struct vhx_dev *dev, const u64 *features);

/* vring.c */
long vhx_vring_ioctl(struct vhx_dev *dev, unsigned int cmd, void __user *argp);

#endif /* _VHX_DEV_H */
