// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a split ring means, see naive.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "naive.h"

static __u64 state;

void naive_seed(void)
{
	const char *given = getenv("VHX_SEED");

	state = given && *given ? strtoull(given, NULL, 0) : (__u64)time(NULL);
	printf("# seed %llu\n", (unsigned long long)state);
}

/* Knuth's MMIX generator; its low bits are poor, so they are not used. */
__u64 naive_random(void)
{
	__u64 v = 0;
	int i;

	for (i = 0; i < 2; i++) {
		state = state * 6364136223846793005ull + 1442695040888963407ull;
		v = v << 32 | state >> 32;
	}
	return v;
}

__u32 naive_below(__u32 n)
{
	return (__u32)((naive_random() >> 32) % n);
}

bool naive_once_in(__u32 n)
{
	return !naive_below(n);
}

/* The region that holds one address; no order of the table is relied on. */
static const struct vhx_region *region_of(const struct vhx_memtbl *mt, __u64 gpa)
{
	__u32 i;

	for (i = 0; i < mt->n; i++)
		if (mt->region[i].gpa <= gpa && gpa <= mt->region[i].last)
			return &mt->region[i];
	return NULL;
}

int naive_translate(const struct vhx_memtbl *mt, __u64 gpa, __u32 len, struct vhx_seg *seg)
{
	int n = 0;

	while (len) {
		const struct vhx_region *rg = region_of(mt, gpa);
		__u64 here;

		if (!rg)
			return -EFAULT;
		/* In 128 bits a region's end cannot wrap. */
		here = (__u64)((unsigned __int128)rg->last + 1 - gpa);
		if (here > len || !here)
			here = len;
		seg[n].addr = (unsigned long)(rg->uaddr + (gpa - rg->gpa));
		seg[n].len = here;
		n++;
		len -= (__u32)here;
		if (len && gpa + here < gpa)
			return -EFAULT;
		gpa += here;
	}
	return n;
}

long naive_offset(const struct vhx_memtbl *mt, __u64 gpa)
{
	const struct vhx_region *rg = region_of(mt, gpa);
	__u64 off;

	if (!rg)
		return -1;
	off = rg->uaddr + (gpa - rg->gpa) - arena_addr(0);
	return off < arena.size ? (long)off : -1;
}

static __u64 number(const struct mockdrv *d, const __u8 *p, int bytes)
{
	__u64 v = 0;
	int i;

	/* Ours is little endian; the other order is big. */
	for (i = 0; i < bytes; i++)
		v = v << 8 | p[d->swap ? i : bytes - 1 - i];
	return v;
}

__u16 naive_head(const struct mockdrv *d, __u16 idx)
{
	return (__u16)number(d, arena.mem + d->avail + 4 + 2 * (idx % d->num), 2);
}

/* Sixteen bytes of guest memory as a descriptor. */
static bool fetch(const struct mockdrv *d, __u64 gpa, struct vhx_desc *desc)
{
	__u8 raw[16];
	int i;

	for (i = 0; i < 16; i++) {
		long off = naive_offset(d->mt, gpa + i);

		if (off < 0)
			return false;
		raw[i] = arena.mem[off];
	}
	desc->addr = number(d, raw, 8);
	desc->len = (__u32)number(d, raw + 8, 4);
	desc->flags = (__u16)number(d, raw + 12, 2);
	desc->next = (__u16)number(d, raw + 14, 2);
	return true;
}

static void ring_desc(const struct mockdrv *d, __u16 i, struct vhx_desc *desc)
{
	const __u8 *raw = arena.mem + d->desc + i * 16;

	desc->addr = number(d, raw, 8);
	desc->len = (__u32)number(d, raw + 8, 4);
	desc->flags = (__u16)number(d, raw + 12, 2);
	desc->next = (__u16)number(d, raw + 14, 2);
}

static int buffer(const struct mockdrv *d, const struct vhx_desc *desc, struct naive *n,
		  __u32 *buffers, bool *written)
{
	bool in = desc->flags & 2;
	int segs;

	if (++*buffers > VHX_CHAIN_MAX || (*written && !in))
		return -EINVAL;
	*written = in;
	n->len[in] += desc->len;
	if (n->len[in] > 0xffffffffull)
		return -EINVAL;
	segs = naive_translate(d->mt, desc->addr, desc->len,
			       n->seg + n->nseg[0] + n->nseg[1]);
	if (segs < 0)
		return segs;
	n->nseg[in] += segs;
	return 0;
}

static int table(const struct mockdrv *d, const struct vhx_desc *ref, struct naive *n,
		 __u32 *buffers, bool *written)
{
	__u32 entries = ref->len / 16, steps, i = 0;
	struct vhx_desc desc;
	int rc;

	if (!d->indirect || (ref->flags & 1) || ref->len % 16 || !entries ||
	    entries > VHX_CHAIN_MAX)
		return -EINVAL;
	for (steps = 0; steps < entries; steps++) {
		if (!fetch(d, ref->addr + 16 * i, &desc))
			return -EFAULT;
		n->ndesc++;
		if (desc.flags & 4)
			return -EINVAL;
		rc = buffer(d, &desc, n, buffers, written);
		if (rc || !(desc.flags & 1))
			return rc;
		if (desc.next >= entries)
			return -EINVAL;
		i = desc.next;
	}
	return -EINVAL;
}

static int chain(const struct mockdrv *d, __u16 head, struct naive *n)
{
	__u32 steps, buffers = 0;
	struct vhx_desc desc;
	bool written = false;
	int rc;

	for (steps = 0; steps < d->num && steps < VHX_CHAIN_MAX; steps++) {
		if (head >= d->num)
			return -EINVAL;
		ring_desc(d, head, &desc);
		n->ndesc++;
		if (desc.flags & 4)
			return table(d, &desc, n, &buffers, &written);
		rc = buffer(d, &desc, n, &buffers, &written);
		if (rc || !(desc.flags & 1))
			return rc;
		head = desc.next;
	}
	return -EINVAL;
}

void naive_chain(const struct mockdrv *d, __u16 head, struct naive *n)
{
	n->ndesc = 0;
	memset(n->nseg, 0, sizeof(n->nseg));
	memset(n->len, 0, sizeof(n->len));
	n->rc = chain(d, head, n);
}

__u16 naive_after(const struct mockdrv *d, __u16 pos)
{
	__u32 slot = pos % 32768u + 1;

	return slot < d->num ? pos + 1 : (pos < 32768 ? 32768 : 0);
}

bool naive_posted(const struct mockdrv *d, __u16 pos)
{
	__u16 flags = number(d, arena.mem + d->desc + pos % 32768u * 16 + 14, 2);
	bool avail = flags & 128, used = flags & 32768, wrap = pos >= 32768;

	return avail == wrap && used != wrap;
}

static int packed_table(const struct mockdrv *d, const struct vhx_desc *ref, struct naive *n)
{
	__u32 entries = ref->len / 16, buffers = 0, i;
	struct vhx_desc desc;
	bool written = false;
	int rc;

	if (!d->indirect || (ref->next & 1) || ref->len % 16 || !entries ||
	    entries > VHX_CHAIN_MAX)
		return -EINVAL;
	for (i = 0; i < entries; i++) {
		if (!fetch(d, ref->addr + 16 * i, &desc))
			return -EFAULT;
		n->ndesc++;
		/* The fourth word of a packed descriptor holds the flags, WRITE alone here. */
		desc.flags = d->out_only ? 0 : desc.next & 2;
		rc = buffer(d, &desc, n, &buffers, &written);
		if (rc)
			return rc;
	}
	return 0;
}

static int packed_chain(const struct mockdrv *d, __u16 pos, struct naive *n)
{
	struct vhx_desc desc;
	bool written = false;
	__u32 buffers = 0;
	__u16 flags;
	int rc;

	for (n->nring = 1; n->nring <= d->num && n->nring <= VHX_CHAIN_MAX; n->nring++) {
		if (!naive_posted(d, pos))
			return -EINVAL;
		ring_desc(d, pos % 32768u, &desc);
		n->ndesc++;
		n->id = desc.flags;
		flags = desc.next;
		if (flags & 4) {
			rc = n->nring > 1 ? -EINVAL : packed_table(d, &desc, n);
		} else {
			desc.flags = flags & 2;
			rc = buffer(d, &desc, n, &buffers, &written);
		}
		if (rc)
			return rc;
		if (!(flags & 1))
			return n->id < d->num ? 0 : -EINVAL;
		pos = naive_after(d, pos);
	}
	return -EINVAL;
}

void naive_packed(const struct mockdrv *d, __u16 pos, struct naive *n)
{
	n->ndesc = 0;
	memset(n->nseg, 0, sizeof(n->nseg));
	memset(n->len, 0, sizeof(n->len));
	n->rc = packed_chain(d, pos, n);
}
