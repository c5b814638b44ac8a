/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver of a packed ring for the tests, over the memory of mockdrv.h: what is said there holds
 * here. A place is an index with the wrap counter in bit 15.
 */
#ifndef _VHX_PACKDRV_H
#define _VHX_PACKDRV_H

#include "mockdrv.h"

#define PACK_START	0x8000		/* where a ring begins that was never used */

/**
 * struct packdrv - the driver
 * @d: memory, the device's side and the features; @d.desc is the ring, @d.avail and @d.used the
 *	driver's and the device's event suppression
 * @avail: place of the next descriptor to post
 * @used: place of the next used descriptor
 * @ndesc: descriptors of each posted buffer, by id
 */
struct packdrv {
	struct mockdrv d;
	__u16 avail;
	__u16 used;
	__u16 ndesc[VHX_RING_MAX];
};

/* @num need not be a power of two; both sides begin at place @pos. */
void packdrv_open(struct packdrv *p, __u32 num, __u16 pos);
void packdrv_close(struct packdrv *p);
/* After the features were changed: the device begins anew, on a cleared ring. */
void packdrv_restart(struct packdrv *p, __u16 pos);

__u16 packdrv_after(const struct packdrv *p, __u16 pos, __u32 n);
__u16 packdrv_mark(__u16 pos);		/* AVAIL and USED of what is posted at @pos */

/* Raw: a descriptor at place @pos, its AVAIL and USED as @flags has them. */
void packdrv_desc(struct packdrv *p, __u16 pos, __u64 addr, __u32 len, __u16 flags, __u16 id);
/* Post a proper chain in the ring, or in a table if @table is not 0; the first flags last. */
void packdrv_chain(struct packdrv *p, __u16 id, __u32 table, const struct mockbuf *buf, __u32 n);
/* @n lone descriptors of 64 bytes for the device to read, ids from @id on. */
void packdrv_lone(struct packdrv *p, __u16 id, __u32 n);

/* The next used descriptor, if there is one; its id and length. */
bool packdrv_reap(struct packdrv *p, __u16 *id, __u32 *len);
bool packdrv_is_used(const struct packdrv *p, __u16 pos);
__u16 packdrv_flags(const struct packdrv *p, __u16 pos);

/* The driver's wish. */
void packdrv_event(struct packdrv *p, __u16 flags, __u16 pos);
/* Must the driver kick, having posted from @old to where it stands now? By counting. */
bool packdrv_must_kick(const struct packdrv *p, __u16 old);

#endif
