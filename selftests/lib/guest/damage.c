// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that damages its own live rings, see damage.h.
 */
#include <string.h>

#include "damage.h"
#include "rnd.h"

#define PACKED_AVAIL	(1 << VRING_PACKED_DESC_F_AVAIL)
#define PACKED_USED	(1 << VRING_PACKED_DESC_F_USED)

/* Bytes that mean something more often than others. */
uint64_t damage_number(void)
{
	static const uint64_t odd[] = {
		0, 1, 2, 0xf, 0x7f, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
		0xffffffff, MEM_GPA, MEM_GPA - 1, ~0ULL, ~0ULL - 0xfff, 1ULL << 47, 1ULL << 63,
	};

	return rnd_below(3) ? odd[rnd_below(sizeof(odd) / sizeof(*odd))] : rnd();
}

void damage_bytes(void *area, size_t size)
{
	static const unsigned int widths[] = { 1, 2, 4, 8 };
	unsigned int width = widths[rnd_below(4)];
	uint64_t value = damage_number();

	if (size < width)
		return;
	if (!rnd_below(4))
		((uint8_t *)area)[rnd_below(size)] ^= 1 << rnd_below(8);
	else
		memcpy((uint8_t *)area + rnd_below(size / width) * width, &value, width);
}

/* A descriptor that leads where it should not: to another, to itself, to a table, to the rings. */
static void mislead(struct ring *r)
{
	struct vring_desc *d = &r->desc[rnd_below(r->num)];

	switch (rnd_below(6)) {
	case 0:
		d->flags = rnd_below(8);
		d->next = rnd_below(r->num + 2);
		break;
	case 1:
		d->flags |= VRING_DESC_F_INDIRECT;
		d->len = 16 * rnd_below(70);
		break;
	case 2:
		d->addr = mem_gpa(r->mem, r->desc) + rnd_below(r->num) * 16;
		break;
	case 3:
		d->addr = mem_gpa(r->mem, r->used);
		d->flags |= VRING_DESC_F_WRITE;
		break;
	case 4:
		d->len = damage_number();
		break;
	default:
		d->addr = damage_number();
	}
}

/* The same of a packed ring; or one that is posted and is not, or in the other order. */
static void mislead_packed(struct ring *r)
{
	struct vring_packed_desc *d = &r->pdesc[rnd_below(r->num)];

	switch (rnd_below(6)) {
	case 0:
		d->flags ^= 1 << rnd_below(16);
		d->id = rnd_below(r->num + 2);
		break;
	case 1:
		d->flags |= VRING_DESC_F_INDIRECT;
		d->len = 16 * rnd_below(70);
		break;
	case 2:
		d->addr = mem_gpa(r->mem, r->pdesc) + rnd_below(r->num) * 16;
		break;
	case 3:
		d->addr = mem_gpa(r->mem, r->device);
		d->flags |= VRING_DESC_F_WRITE;
		break;
	case 4:
		d->len = damage_number();
		break;
	default:
		d->addr = damage_number();
	}
}

/* The guest's place is not where it was, or all of the ring is posted at once. */
static void jump(struct ring *r)
{
	uint32_t i;

	if (!r->packed) {
		r->avail->idx += rnd_below(5) ? 1 : rnd_below(70000);
		return;
	}
	r->avail_idx = packed_after(r, r->avail_idx, rnd_below(r->num));
	for (i = 0; !rnd_below(5) && i < r->num; i++)
		r->pdesc[i].flags ^= PACKED_AVAIL;
}

/* Of a ring of one of its first two queues, or anywhere in its memory. */
void damage_guest(struct guest *g)
{
	struct ring *r = &g->vq[rnd_below(2)].ring;

	switch (rnd_below(8)) {
	case 0:
		damage_bytes(r->desc, r->num * sizeof(*r->desc));
		break;
	case 1:
		damage_bytes(r->avail, 6 + 2 * r->num);
		break;
	case 2:
		damage_bytes(r->used, 6 + 8 * r->num);
		break;
	case 3:
		jump(r);
		break;
	case 4:
		if (r->table)
			damage_bytes(r->table, 16 * RING_TABLE * r->num);
		break;
	case 5:
		damage_bytes(g->mem->base, g->mem->used);
		break;
	default:
		if (r->packed)
			mislead_packed(r);
		else
			mislead(r);
	}
}

static void post_packed_again(struct ring *r)
{
	struct vring_packed_desc *d = &r->pdesc[r->avail_idx & ~RING_START];
	uint16_t flags = d->flags & ~(PACKED_AVAIL | PACKED_USED);

	if (!rnd_below(4))
		d->len = rnd_below(2000);
	d->id = rnd_below(300) ? rnd_below(r->num) : rnd_below(65536);
	flags |= r->avail_idx & RING_START ? PACKED_AVAIL : PACKED_USED;
	__atomic_store_n(&d->flags, flags, __ATOMIC_RELEASE);
	r->avail_idx = packed_after(r, r->avail_idx, 1);
}

/* The driver's own functions would trip over such rings: a chain is posted again by hand. */
void damage_post(struct vq *vq)
{
	struct ring *r = &vq->ring;

	if (r->packed) {
		post_packed_again(r);
	} else {
		r->avail->ring[r->avail->idx % r->num] =
			rnd_below(300) ? rnd_below(r->num) : rnd_below(65536);
		__atomic_thread_fence(__ATOMIC_RELEASE);
		r->avail->idx++;
	}
	vq_kick(vq);
}
