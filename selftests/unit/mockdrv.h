/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver for the tests: the guest's side of a split ring, with its rings in the arena, able to
 * do what a driver should and to write anything else. It also lays out guest memory:
 *
 *	gpa MOCK_GPA	the arena: rings, tables, small buffers
 *	gpa MOCK_FAR	MOCK_FAR_SIZE bytes nobody looks into, for buffers of any size
 */
#ifndef _VHX_MOCKDRV_H
#define _VHX_MOCKDRV_H

#include <stdbool.h>
#include <linux/types.h>

#include "memtbl.h"
#include "ring.h"

#define MOCK_ARENA	(2u << 20)
#define MOCK_GPA	0x40000000ull
#define MOCK_FAR	0x100000000ull
#define MOCK_FAR_SIZE	(16ull << 30)
#define MOCK_FAR_UADDR	0x100000000000ull

/* Built with MOCK_IOTLB, rings are at addresses of a vIOMMU, which maps pages of this size. */
#define MOCK_SHIFT	(1ull << 60)
#define MOCK_PAGE	256u

/* At most so many borders of pages are within so many bytes. */
#ifdef MOCK_IOTLB
#define MOCK_SEAMS(len)	((len) / MOCK_PAGE + 1)
#else
#define MOCK_SEAMS(len)	0
#endif

/* Behind the largest ring's parts: room for tables. */
#define MOCK_TABLES	(1u << 20)
#define MOCK_TABLE_SIZE	(VHX_CHAIN_MAX * 16u)

/**
 * struct mockdrv - the driver
 * @num: descriptors
 * @event_idx: as negotiated
 * @indirect: as negotiated
 * @out_only: see struct vhx_ring
 * @swap: the guest's byte order is not ours
 * @desc: offset in the arena
 * @avail: offset in the arena
 * @used: offset in the arena
 * @avail_idx: what was published, or will be
 * @used_idx: what was reaped
 * @ring: the device's side, as started
 * @mt: guest memory
 */
struct mockdrv {
	__u32 num;
	bool event_idx;
	bool indirect;
	bool out_only;
	bool swap;
	__u32 desc;
	__u32 avail;
	__u32 used;
	__u16 avail_idx;
	__u16 used_idx;
	struct vhx_ring ring;
	struct vhx_memtbl *mt;
};

struct mockbuf {
	__u64 gpa;
	__u32 len;
	bool in;
};

/* Rings, memory and a started device; @base is where both indices begin. */
void mockdrv_open(struct mockdrv *d, __u32 num, __u16 base);
void mockdrv_close(struct mockdrv *d);
/* The device finds a ring that is set up by a vIOMMU's addresses, if it has one. */
void mockdrv_translate(struct vhx_ring *r);
/* After the features were changed: the device begins anew. */
void mockdrv_restart(struct mockdrv *d, __u16 base);

/* Raw pieces: descriptor @i of the ring; of the table at offset @table of the arena. */
void mockdrv_desc(struct mockdrv *d, __u32 i, __u64 addr, __u32 len, __u16 flags, __u16 next);
void mockdrv_entry(struct mockdrv *d, __u32 table, __u32 i, __u64 addr, __u32 len, __u16 flags,
		   __u16 next);
/* Put @head into the next avail entry; the device sees it after mockdrv_publish(). */
void mockdrv_offer(struct mockdrv *d, __u16 head);
void mockdrv_publish(struct mockdrv *d);
void mockdrv_publish_idx(struct mockdrv *d, __u16 idx);

/* A proper chain in descriptors @head, @head + 1..., or in a table if @table is not 0; offered. */
void mockdrv_chain(struct mockdrv *d, __u16 head, __u32 table, const struct mockbuf *buf, __u32 n);
/* @n lone descriptors of 64 bytes for the device to read, one a head from 0 on; published. */
void mockdrv_lone(struct mockdrv *d, __u32 n);

/* The next used entry, if there is one. */
bool mockdrv_reap(struct mockdrv *d, __u32 *id, __u32 *len);

void mockdrv_set_no_interrupt(struct mockdrv *d, bool on);
void mockdrv_set_used_event(struct mockdrv *d, __u16 event);
__u16 mockdrv_avail_event(const struct mockdrv *d);
__u16 mockdrv_used_flags(const struct mockdrv *d);
/* Must the driver kick, having moved its index from @old to avail_idx? */
bool mockdrv_must_kick(const struct mockdrv *d, __u16 old);

#endif
