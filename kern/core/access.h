/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the rings reach guest memory when it stands in the owner's address space: user addresses,
 * checked, in the context of a thread of that address space. May fault and sleep.
 *
 * ring.c, split.c, packed.c and walk.c are built once per back end, each with an access.h of its own; the
 * test build's is selftests/unit/access.h. What reaches rings and tables takes the ring, by which
 * a back end finds what it needs to get there. Windows of user access open and close within one
 * function here, since no call may stand inside one (objtool checks).
 *
 * All return 0 or -EFAULT.
 */
#ifndef _VHX_ACCESS_H
#define _VHX_ACCESS_H

#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/instrumented.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/swab.h>
#include <linux/uaccess.h>
#include <asm/barrier.h>
#include <asm/futex.h>

#include "ring.h"

/*
 * The ring's barriers: against the guest's CPUs, which are SMP even if the host is not. Each use
 * names its partner in the driver.
 */
#define vhx_mb()	virt_mb()	/* full */
#define vhx_rmb()	virt_rmb()	/* reads */
#define vhx_wmb()	virt_wmb()	/* writes */

#define vhx_swab16(x)	swab16(x)
#define vhx_swab32(x)	swab32(x)
#define vhx_swab64(x)	swab64(x)

static inline int vhx_load_u16(const struct vhx_ring *r, __u64 addr, __u16 *v)
{
	return get_user(*v, (const __u16 __user *)u64_to_user_ptr(addr));
}

static inline int vhx_store_u16(const struct vhx_ring *r, __u64 addr, __u16 v)
{
	return put_user(v, (__u16 __user *)u64_to_user_ptr(addr));
}

static inline int vhx_load_u32(const struct vhx_ring *r, __u64 addr, __u32 *v)
{
	return get_user(*v, (const __u32 __user *)u64_to_user_ptr(addr));
}

static inline int vhx_store_u32(const struct vhx_ring *r, __u64 addr, __u32 v)
{
	return put_user(v, (__u32 __user *)u64_to_user_ptr(addr));
}

/* @n heads that stand in a row. */
static inline int vhx_load_heads(const struct vhx_ring *r, __u64 addr, __u16 *head,
				 __u32 n)
{
	const __u16 __user *p = u64_to_user_ptr(addr);
	__u32 i;

	if (!user_read_access_begin(p, n * sizeof(*p)))
		return -EFAULT;
	for (i = 0; i < n; i++)
		unsafe_get_user(head[i], p + i, fault);
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

/*
 * The descriptors of @n heads. The caller has bounded every head by r->num, the table's size, so
 * the one check of the window covers them all.
 */
static inline int vhx_load_descs(const struct vhx_ring *r, const __u16 *head,
				 struct vhx_desc *desc, __u32 n)
{
	const struct vhx_desc __user *t = u64_to_user_ptr(r->desc);
	__u32 i;

	if (!user_read_access_begin(t, r->num * sizeof(*t)))
		return -EFAULT;
	for (i = 0; i < n; i++) {
		const __u64 __user *p = (const __u64 __user *)(t + head[i]);
		__u64 *d = (__u64 *)(desc + i);

		unsafe_get_user(d[0], p, fault);
		unsafe_get_user(d[1], p + 1, fault);
	}
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

/* @n descriptors that stand in a row: an indirect table. */
static inline int vhx_load_table(const struct vhx_ring *r, __u64 addr,
				 struct vhx_desc *desc, __u32 n)
{
	const __u64 __user *p = u64_to_user_ptr(addr);
	__u64 *d = (__u64 *)desc;
	__u32 i;

	if (!user_read_access_begin(p, n * sizeof(*desc)))
		return -EFAULT;
	for (i = 0; i < 2 * n; i++)
		unsafe_get_user(d[i], p + i, fault);
	user_read_access_end();
	return 0;
fault:
	user_read_access_end();
	return -EFAULT;
}

/* Part of something that is torn between two places. Rare: nothing is saved on the checks. */
static inline int vhx_load_part(__u64 addr, void *to, __u32 len)
{
	return copy_from_user(to, u64_to_user_ptr(addr), len) ? -EFAULT : 0;
}

static inline int vhx_store_part(__u64 addr, const void *from, __u32 len)
{
	return copy_to_user(u64_to_user_ptr(addr), from, len) ? -EFAULT : 0;
}

/* @n used entries that stand in a row. */
static inline int vhx_store_used(const struct vhx_ring *r, __u64 addr,
				 const struct vhx_used_elem *used, __u32 n)
{
	__u64 __user *p = u64_to_user_ptr(addr);
	__u32 i;

	if (!user_write_access_begin(p, n * sizeof(*used)))
		return -EFAULT;
	for (i = 0; i < n; i++)
		unsafe_put_user(*(const __u64 *)(used + i), p + i, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

/*
 * Descriptors of a packed ring of @run, up to the first whose AVAIL and USED are not the run's: the
 * guest has not posted that one. The rest of each is read after its flags, since the guest wrote it
 * before them. The caller has bounded the run by r->num.
 *
 * Return: how many, or -EFAULT.
 */
static inline int vhx_load_posted(const struct vhx_ring *r, const struct vhx_run *run,
				  struct vhx_desc *desc)
{
	const __u32 slot = run->slot, n = run->n;
	const __u16 want = run->flags;
	const struct vhx_desc __user *t = u64_to_user_ptr(r->desc);
	__u32 i;

	t += slot;
	if (!user_read_access_begin(t, n * sizeof(*t)))
		return -EFAULT;
	for (i = 0; i < n; i++, t++, desc++) {
		/* Identifier and flags, in one piece. */
		unsafe_get_user(*(__u32 *)&desc->id, (const __u32 __user *)&t->id, fault);
		if ((desc->pflags & (VHX_PDESC_F_AVAIL | VHX_PDESC_F_USED)) != want)
			break;
		vhx_rmb();
		unsafe_get_user(desc->addr, &t->addr, fault);
		unsafe_get_user(desc->len, &t->len, fault);
	}
	user_read_access_end();
	return i;
fault:
	user_read_access_end();
	return -EFAULT;
}

/* The same without reading them. */
static inline int vhx_count_posted(const struct vhx_ring *r, __u32 slot, __u16 want, __u32 n)
{
	const struct vhx_desc __user *t = u64_to_user_ptr(r->desc);
	__u16 flags;
	__u32 i;

	t += slot;
	if (!user_read_access_begin(t, n * sizeof(*t)))
		return -EFAULT;
	for (i = 0; i < n; i++, t++) {
		unsafe_get_user(flags, &t->pflags, fault);
		if ((flags & (VHX_PDESC_F_AVAIL | VHX_PDESC_F_USED)) != want)
			break;
	}
	user_read_access_end();
	return i;
fault:
	user_read_access_end();
	return -EFAULT;
}

/*
 * Used descriptors of @done, in @run, up to the first buffer that is not of as many descriptors as
 * the first. The caller has bounded the place of the last by r->num.
 *
 * Return: how many, or -EFAULT.
 */
static inline int vhx_store_used_descs(const struct vhx_ring *r, const struct vhx_run *run,
				       const struct vhx_done *done)
{
	const __u16 flags = run->flags;
	const __u32 n = run->n;
	__u32 slot = run->slot;
	struct vhx_desc __user *t = u64_to_user_ptr(r->desc);
	const __u16 stride = done->ndesc, written = flags | VHX_DESC_F_WRITE;
	__u32 i;

	if (!user_write_access_begin(t, r->num * sizeof(*t)))
		return -EFAULT;
	t += slot;
	for (i = 0; i < n && done->ndesc == stride; i++, t += stride, done++) {
		unsafe_put_user(done->len, &t->len, fault);
		unsafe_put_user(done->id, &t->id, fault);
		unsafe_put_user(done->len ? written : flags, &t->pflags, fault);
	}
	user_write_access_end();
	return i;
fault:
	user_write_access_end();
	return -EFAULT;
}

/* A used descriptor whose flags go out after the rest, and after all that was stored before. */
static inline int vhx_publish_used(const struct vhx_ring *r, __u32 slot,
				   const struct vhx_used_desc *used)
{
	struct vhx_desc __user *t = u64_to_user_ptr(r->desc);

	t += slot;
	if (!user_write_access_begin(t, sizeof(*t)))
		return -EFAULT;
	unsafe_put_user(used->len, &t->len, fault);
	unsafe_put_user(used->id, &t->id, fault);
	vhx_wmb();
	unsafe_put_user(used->flags, &t->pflags, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

/**
 * struct vhx_segs - where a chain's bytes are
 * @seg: its segments
 * @n: how many
 */
struct vhx_segs {
	const struct vhx_seg *seg;
	__u32 n;
};

static inline unsigned long vhx_raw_in(void *to, __u64 addr, __u32 len)
{
	const void __user *from = u64_to_user_ptr(addr);
	unsigned long left;

	might_fault();
	instrument_copy_from_user_before(to, from, len);
	left = raw_copy_from_user(to, from, len);
	instrument_copy_from_user_after(to, from, len, left);
	return left;
}

static inline unsigned long vhx_raw_out(__u64 addr, const void *from, __u32 len)
{
	void __user *to = u64_to_user_ptr(addr);

	might_fault();
	instrument_copy_to_user(to, from, len);
	return raw_copy_to_user(to, from, len);
}

/*
 * Copy what is in one region of the memory table, or of a vIOMMU's: access_ok() saw all of that
 * when it was set. The other side is the device's own and of @len bytes at least: to have that
 * looked up, as copy_from_user() does, is dearer than a small copy.
 */
static inline int vhx_load_run(__u64 addr, void *to, __u32 len)
{
	return vhx_raw_in(to, addr, len) ? -EFAULT : 0;
}

static inline int vhx_store_run(__u64 addr, const void *from, __u32 len)
{
	return vhx_raw_out(addr, from, len) ? -EFAULT : 0;
}

/*
 * Set bits of a word that others write too, those of a bitmap whose bits are counted in the host's
 * longs. The futex's way to do so is the one that reaches user memory in one step, with nothing
 * pinned and any fault handled; it may give up when too many are at it (-EAGAIN), as often as
 * here is said.
 *
 * Return: how many were not set before.
 */
static inline int vhx_or_u32(__u64 addr, __u32 mask)
{
	const bool turned = IS_ENABLED(CONFIG_64BIT) && IS_ENABLED(CONFIG_CPU_BIG_ENDIAN);
	u32 __user *p = u64_to_user_ptr(turned ? addr ^ sizeof(u32) : addr);
	int tries, old, err;
	u32 now;

	if (get_user(now, p))
		return -EFAULT;
	if (!(mask & ~now))
		return 0;
	for (tries = 0; tries < 64; tries++) {
		might_fault();
		err = arch_futex_atomic_op_inuser(FUTEX_OP_OR, mask, &old, p);
		if (err != -EAGAIN)
			break;
		cond_resched();
	}
	return err ? -EFAULT : hweight32(mask & ~old);
}

/*
 * Copy @len bytes, @off bytes into the segments, to @to. Raw copy: every segment came out of the
 * memory table, whose regions were checked by access_ok() when the owner set it, and lies within
 * one region; @to is the caller's own buffer of at least @len bytes. So the checks that
 * copy_from_user() makes a second time would find nothing. A debug kernel sees the access all
 * the same: a raw copy alone would pass KASAN by.
 */
static inline int vhx_copy_in(void *to, struct vhx_segs s, __u32 off, __u32 len)
{
	for (; len && s.n; s.seg++, s.n--) {
		__u32 part;

		if (off >= s.seg->len) {
			off -= s.seg->len;
			continue;
		}
		part = min_t(unsigned long, len, s.seg->len - off);
		if (vhx_raw_in(to, s.seg->addr + off, part))
			return -EFAULT;
		to += part;
		len -= part;
		off = 0;
	}
	return len ? -EFAULT : 0;
}

/* The other way round. */
static inline int vhx_copy_out(struct vhx_segs s, __u32 off, const void *from,
			       __u32 len)
{
	for (; len && s.n; s.seg++, s.n--) {
		__u32 part;

		if (off >= s.seg->len) {
			off -= s.seg->len;
			continue;
		}
		part = min_t(unsigned long, len, s.seg->len - off);
		if (vhx_raw_out(s.seg->addr + off, from, part))
			return -EFAULT;
		from += part;
		len -= part;
		off = 0;
	}
	return len ? -EFAULT : 0;
}

/**
 * struct vhx_cursor - where in a chain's segments the next byte goes
 * @segs: the segments that are not full
 * @off: bytes of the first of them that are taken
 */
struct vhx_cursor {
	struct vhx_segs segs;
	unsigned long off;
};

/* Copy @len bytes to where @c stands, and move it on. The same raw copy, for the same reason. */
static inline int vhx_copy_on(struct vhx_cursor *c, const void *from, __u32 len)
{
	while (len) {
		__u32 part;

		if (!c->segs.n)
			return -EFAULT;
		part = min_t(unsigned long, len, c->segs.seg->len - c->off);
		if (vhx_raw_out(c->segs.seg->addr + c->off, from, part))
			return -EFAULT;
		from += part;
		len -= part;
		c->off += part;
		if (c->off == c->segs.seg->len) {
			c->segs.seg++;
			c->segs.n--;
			c->off = 0;
		}
	}
	return 0;
}

/* Bytes of ours. */
struct vhx_bytes {
	const void *at;
	__u32 len;
};

/* What is copied by moves in one window rather than by a call. */
#define VHX_COPY_SMALL	256

/*
 * A header and some bytes behind it, either at most VHX_COPY_SMALL, to where they stand in one
 * piece: the caller has checked that a segment holds both.
 */
static inline int vhx_copy_small(__u64 addr, struct vhx_bytes hdr, struct vhx_bytes data)
{
	void __user *to = u64_to_user_ptr(addr);

	might_fault();
	instrument_copy_to_user(to, hdr.at, hdr.len);
	instrument_copy_to_user(to + hdr.len, data.at, data.len);
	if (!user_write_access_begin(to, hdr.len + data.len))
		return -EFAULT;
	unsafe_copy_to_user(to, hdr.at, hdr.len, fault);
	unsafe_copy_to_user(to + hdr.len, data.at, data.len, fault);
	user_write_access_end();
	return 0;
fault:
	user_write_access_end();
	return -EFAULT;
}

#endif /* _VHX_ACCESS_H */
