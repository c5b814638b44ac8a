// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver of a packed ring for the tests, see packdrv.h.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "packdrv.h"

static __u16 get16(const struct packdrv *p, __u32 off)
{
	__u16 v;

	memcpy(&v, arena.mem + off, sizeof(v));
	return p->d.swap ? __builtin_bswap16(v) : v;
}

static void put16(const struct packdrv *p, __u32 off, __u16 v)
{
	v = p->d.swap ? __builtin_bswap16(v) : v;
	memcpy(arena.mem + off, &v, sizeof(v));
}

static __u32 off_of(const struct packdrv *p, __u16 pos)
{
	return p->d.desc + 16 * (pos & 0x7fff);
}

void packdrv_restart(struct packdrv *p, __u16 pos)
{
	const struct mockdrv *d = &p->d;

	p->avail = pos;
	p->used = pos;
	/* What lies before the place is used up, what lies behind was so a lap ago. */
	memset(arena.mem + d->desc, 0, 16 * d->num);
	for (__u32 i = 0; i < d->num; i++) {
		bool lap = (pos & 0x8000) && i < (pos & 0x7fffu);
		bool was = !(pos & 0x8000) && i >= (pos & 0x7fffu);

		put16(p, d->desc + 16 * i + 14, lap || was ? 0x8080 : 0);
	}
	packdrv_event(p, VHX_EVENT_F_ENABLE, 0);
	p->d.ring = (struct vhx_ring) {
		.desc = arena_addr(d->desc),
		.avail = arena_addr(d->avail),
		.used = arena_addr(d->used),
		.num = d->num,
		.packed = true,
		.event_idx = d->event_idx,
		.indirect = d->indirect,
		.out_only = d->out_only,
		.swap = d->swap,
		.last_avail = pos,
		.last_used = pos,
	};
	mockdrv_translate(&p->d.ring);
	if (vhx_ring_start(&p->d.ring))
		abort();
}

void packdrv_open(struct packdrv *p, __u32 num, __u16 pos)
{
	mockdrv_open(&p->d, 1, 0);
	p->d.num = num;
	p->d.avail = 16 * num;
	p->d.used = p->d.avail + 4;
	assert(p->d.used + 4 <= MOCK_TABLES);
	memset(p->ndesc, 0, sizeof(p->ndesc));
	packdrv_restart(p, pos);
}

void packdrv_close(struct packdrv *p)
{
	mockdrv_close(&p->d);
}

__u16 packdrv_after(const struct packdrv *p, __u16 pos, __u32 n)
{
	while (n--) {
		pos++;
		if ((pos & 0x7fff) == p->d.num || !(pos & 0x7fff))
			pos = (__u16)(pos - p->d.num) ^ 0x8000;
	}
	return pos;
}

__u16 packdrv_mark(__u16 pos)
{
	return pos & 0x8000 ? 0x0080 : 0x8000;
}

void packdrv_desc(struct packdrv *p, __u16 pos, __u64 addr, __u32 len, __u16 flags, __u16 id)
{
	/* As mockdrv has it: the third word is a split ring's flags. */
	mockdrv_entry(&p->d, off_of(p, pos), 0, addr, len, id, flags);
}

void packdrv_chain(struct packdrv *p, __u16 id, __u32 table, const struct mockbuf *buf, __u32 n)
{
	__u16 head = p->avail, first = 0;
	__u32 i;

	for (i = 0; i < n; i++) {
		__u16 flags = (buf[i].in ? VHX_DESC_F_WRITE : 0);

		if (table) {
			mockdrv_entry(&p->d, table, i, buf[i].gpa, buf[i].len, 0, flags);
			continue;
		}
		flags |= packdrv_mark(p->avail) | (i + 1 < n ? VHX_DESC_F_NEXT : 0);
		if (!i)
			first = flags;
		packdrv_desc(p, p->avail, buf[i].gpa, buf[i].len,
			     i ? flags : flags ^ 0x8080, id);
		p->avail = packdrv_after(p, p->avail, 1);
	}
	p->ndesc[id] = table ? 1 : n;
	if (table) {
		first = packdrv_mark(head) | VHX_DESC_F_INDIRECT;
		packdrv_desc(p, head, MOCK_GPA + table, n * 16, 0, id);
		p->avail = packdrv_after(p, p->avail, 1);
	}
	put16(p, off_of(p, head) + 14, first);
}

void packdrv_lone(struct packdrv *p, __u16 id, __u32 n)
{
	for (; n; n--, id++) {
		struct mockbuf buf = { MOCK_FAR + id * 4096, 64, false };

		packdrv_chain(p, id, 0, &buf, 1);
	}
}

__u16 packdrv_flags(const struct packdrv *p, __u16 pos)
{
	return get16(p, off_of(p, pos) + 14);
}

bool packdrv_is_used(const struct packdrv *p, __u16 pos)
{
	__u16 both = packdrv_flags(p, pos) & 0x8080;

	return both == (pos & 0x8000 ? 0x8080 : 0);
}

bool packdrv_reap(struct packdrv *p, __u16 *id, __u32 *len)
{
	__u32 off = off_of(p, p->used);

	if (!packdrv_is_used(p, p->used))
		return false;
	*id = get16(p, off + 12);
	memcpy(len, arena.mem + off + 8, sizeof(*len));
	if (p->d.swap)
		*len = __builtin_bswap32(*len);
	/* A length that is not marked as written is none. */
	if (!(packdrv_flags(p, p->used) & VHX_DESC_F_WRITE) && *len)
		abort();
	p->used = packdrv_after(p, p->used, p->ndesc[*id]);
	return true;
}

void packdrv_event(struct packdrv *p, __u16 flags, __u16 pos)
{
	put16(p, p->d.avail, pos);
	put16(p, p->d.avail + 2, flags);
}

bool packdrv_must_kick(const struct packdrv *p, __u16 old)
{
	__u16 flags = get16(p, p->d.used + 2), event = get16(p, p->d.used);

	if (flags != VHX_EVENT_F_DESC)
		return flags != VHX_EVENT_F_DISABLE;
	for (; old != p->avail; old = packdrv_after(p, old, 1))
		if (old == event)
			return true;
	return false;
}
