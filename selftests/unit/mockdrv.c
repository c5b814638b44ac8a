// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the tests, see mockdrv.h. It writes the arena behind the seam's back, as the guest
 * does; nothing here shares code with what it tests.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "iotlb.h"
#include "mockdrv.h"

static __u16 g16(const struct mockdrv *d, __u16 v)
{
	return d->swap ? __builtin_bswap16(v) : v;
}

static __u32 g32(const struct mockdrv *d, __u32 v)
{
	return d->swap ? __builtin_bswap32(v) : v;
}

static __u64 g64(const struct mockdrv *d, __u64 v)
{
	return d->swap ? __builtin_bswap64(v) : v;
}

static void put16(struct mockdrv *d, __u32 off, __u16 v)
{
	v = g16(d, v);
	memcpy(arena.mem + off, &v, sizeof(v));
}

static __u16 get16(const struct mockdrv *d, __u32 off)
{
	__u16 v;

	memcpy(&v, arena.mem + off, sizeof(v));
	return g16(d, v);
}

static __u32 get32(const struct mockdrv *d, __u32 off)
{
	__u32 v;

	memcpy(&v, arena.mem + off, sizeof(v));
	return g32(d, v);
}

#ifdef MOCK_IOTLB
/*
 * The rings' side of a vIOMMU: the arena, a page at a time, at other addresses. The pages are in a
 * row all the same; what goes over a border without a look at the table is seen by its event.
 */
static struct vhx_iotlb *iotlb;
static struct vhx_iotlb_view view;

void mockdrv_translate(struct vhx_ring *r)
{
	struct vhx_region rg = { .perm = VHX_PERM_RW };
	__u32 off;

	free(iotlb);
	iotlb = malloc(sizeof(*iotlb) + MOCK_ARENA / MOCK_PAGE * sizeof(rg));
	if (!iotlb)
		abort();
	vhx_iotlb_init(iotlb, MOCK_ARENA / MOCK_PAGE);
	for (off = 0; off < MOCK_ARENA; off += MOCK_PAGE) {
		rg.uaddr = arena_addr(off);
		rg.gpa = rg.uaddr + MOCK_SHIFT;
		rg.last = rg.gpa + (MOCK_PAGE - 1);
		if (vhx_iotlb_insert(iotlb, &rg))
			abort();
	}
	view = (struct vhx_iotlb_view) { .mt = &iotlb->mt };
	arena.page = MOCK_PAGE;
	arena.paged = (uint32_t)(r->used - arena_addr(0)) + vhx_ring_used_size(r);
	r->view = &view;
	r->desc += MOCK_SHIFT;
	r->avail += MOCK_SHIFT;
	r->used += MOCK_SHIFT;
}

static void mockdrv_untranslate(void)
{
	free(iotlb);
	iotlb = NULL;
}
#else
void mockdrv_translate(struct vhx_ring *r)
{
}

static void mockdrv_untranslate(void)
{
}
#endif

void mockdrv_restart(struct mockdrv *d, __u16 base)
{
	d->avail_idx = base;
	d->used_idx = base;
	put16(d, d->avail, 0);
	put16(d, d->avail + 2, base);
	put16(d, d->used + 2, base);
	d->ring = (struct vhx_ring) {
		.desc = arena_addr(d->desc),
		.avail = arena_addr(d->avail),
		.used = arena_addr(d->used),
		.num = d->num,
		.event_idx = d->event_idx,
		.indirect = d->indirect,
		.swap = d->swap,
		.last_avail = base,
	};
	mockdrv_translate(&d->ring);
	if (vhx_ring_start(&d->ring))
		abort();
}

void mockdrv_open(struct mockdrv *d, __u32 num, __u16 base)
{
	arena_open(MOCK_ARENA);
	*d = (struct mockdrv) { .num = num, .event_idx = true, .indirect = true };
	d->avail = 16 * num;
	/* As far off 8 as the specification allows. */
	d->used = (d->avail + 6 + 2 * num + 3) / 4 * 4;
	assert(d->used + 6 + 8 * num <= MOCK_TABLES);

	d->mt = calloc(1, sizeof(*d->mt) + 2 * sizeof(d->mt->region[0]));
	if (!d->mt ||
	    vhx_memtbl_add(d->mt, MOCK_GPA, MOCK_ARENA, arena_addr(0)) ||
	    vhx_memtbl_add(d->mt, MOCK_FAR, MOCK_FAR_SIZE, MOCK_FAR_UADDR) ||
	    vhx_memtbl_seal(d->mt))
		abort();
	mockdrv_restart(d, base);
}

void mockdrv_close(struct mockdrv *d)
{
	mockdrv_untranslate();
	free(d->mt);
	arena_close();
}

void mockdrv_entry(struct mockdrv *d, __u32 table, __u32 i, __u64 addr, __u32 len, __u16 flags,
		   __u16 next)
{
	const struct vhx_desc desc = {
		.addr = g64(d, addr),
		.len = g32(d, len),
		.flags = g16(d, flags),
		.next = g16(d, next),
	};

	memcpy(arena.mem + table + i * sizeof(desc), &desc, sizeof(desc));
}

void mockdrv_desc(struct mockdrv *d, __u32 i, __u64 addr, __u32 len, __u16 flags, __u16 next)
{
	mockdrv_entry(d, d->desc, i, addr, len, flags, next);
}

void mockdrv_offer(struct mockdrv *d, __u16 head)
{
	put16(d, d->avail + 4 + 2 * (d->avail_idx % d->num), head);
	d->avail_idx++;
}

void mockdrv_publish_idx(struct mockdrv *d, __u16 idx)
{
	put16(d, d->avail + 2, idx);
}

void mockdrv_publish(struct mockdrv *d)
{
	mockdrv_publish_idx(d, d->avail_idx);
}

void mockdrv_chain(struct mockdrv *d, __u16 head, __u32 table, const struct mockbuf *buf, __u32 n)
{
	__u32 at = table ? table : d->desc, first = table ? 0 : head, i;

	for (i = 0; i < n; i++)
		mockdrv_entry(d, at, first + i, buf[i].gpa, buf[i].len,
			      (buf[i].in ? VHX_DESC_F_WRITE : 0) |
			      (i + 1 < n ? VHX_DESC_F_NEXT : 0), first + i + 1);
	if (table)
		mockdrv_desc(d, head, MOCK_GPA + table, n * 16, VHX_DESC_F_INDIRECT, 0);
	mockdrv_offer(d, head);
}

void mockdrv_lone(struct mockdrv *d, __u32 n)
{
	__u32 i;

	for (i = 0; i < n; i++) {
		mockdrv_desc(d, i, MOCK_FAR + i * 4096, 64, 0, 0);
		mockdrv_offer(d, i);
	}
	mockdrv_publish(d);
}

bool mockdrv_reap(struct mockdrv *d, __u32 *id, __u32 *len)
{
	__u32 at = d->used + 4 + 8 * (d->used_idx % d->num);

	if (get16(d, d->used + 2) == d->used_idx)
		return false;
	*id = get32(d, at);
	*len = get32(d, at + 4);
	d->used_idx++;
	return true;
}

void mockdrv_set_no_interrupt(struct mockdrv *d, bool on)
{
	put16(d, d->avail, on ? VHX_AVAIL_F_NO_INTERRUPT : 0);
}

void mockdrv_set_used_event(struct mockdrv *d, __u16 event)
{
	put16(d, d->avail + 4 + 2 * d->num, event);
}

__u16 mockdrv_avail_event(const struct mockdrv *d)
{
	return get16(d, d->used + 4 + 8 * d->num);
}

__u16 mockdrv_used_flags(const struct mockdrv *d)
{
	return get16(d, d->used);
}

/* By counting, not by the usual subtraction: did the step from @old pass the event? */
bool mockdrv_must_kick(const struct mockdrv *d, __u16 old)
{
	if (!d->event_idx)
		return !(mockdrv_used_flags(d) & VHX_USED_F_NO_NOTIFY);
	for (; old != d->avail_idx; old++)
		if (old == mockdrv_avail_event(d))
			return true;
	return false;
}
