// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver side of a packed virtqueue, see ring.h.
 */
#include <string.h>

#include <linux/virtio_ring.h>

#include "ring.h"

#define F_AVAIL		(1 << VRING_PACKED_DESC_F_AVAIL)
#define F_USED		(1 << VRING_PACKED_DESC_F_USED)
#define WRAP		(1 << VRING_PACKED_EVENT_F_WRAP_CTR)

static struct vring_packed_desc *at(const struct ring *r, uint16_t place)
{
	return &r->pdesc[place & ~WRAP];
}

uint16_t packed_after(const struct ring *r, uint16_t place, uint32_t n)
{
	uint32_t i = (place & ~WRAP) + n;

	return i < r->num ? place + n : (i - r->num) | ((place & WRAP) ^ WRAP);
}

static uint16_t posted(uint16_t place)
{
	return place & WRAP ? F_AVAIL : F_USED;
}

/* Is the descriptor at @place used? Acquires what the device wrote before it. */
static bool is_used(const struct ring *r, uint16_t place)
{
	uint16_t flags = __atomic_load_n(&at(r, place)->flags, __ATOMIC_ACQUIRE);

	return (flags & (F_AVAIL | F_USED)) == (place & WRAP ? F_AVAIL | F_USED : 0);
}

/* At @base, RING_START for a ring that was never used, with everything before it used up. */
void packed_reset(struct ring *r, uint16_t base)
{
	uint32_t i;

	memset(r->pdesc, 0, r->num * sizeof(*r->pdesc));
	for (i = 0; i < r->num; i++)
		if ((base & WRAP) ? i < (base & ~WRAP) : i >= base)
			r->pdesc[i].flags = F_AVAIL | F_USED;
	memset(r->driver, 0, sizeof(*r->driver));
	memset(r->device, 0, sizeof(*r->device));
	for (i = 0; i < r->num; i++)
		r->next[i] = i + 1;
	r->avail_idx = r->decided = r->last_used = base;
	r->hidden_at = base;
	/* In order an id is the place of the buffer's first descriptor. */
	r->oldest = base & ~WRAP;
}

static void fill(struct vring_packed_desc *d, const struct sg *sg, uint16_t id, bool in)
{
	d->addr = sg->gpa;
	d->len = sg->len;
	d->id = id;
	d->flags = in ? VRING_DESC_F_WRITE : 0;
}

static void put(struct ring *r, uint16_t *place, uint16_t flags)
{
	flags |= posted(*place);
	if (*place == r->hidden_at)
		r->hidden = flags;
	else
		__atomic_store_n(&at(r, *place)->flags, flags, __ATOMIC_RELEASE);
	*place = packed_after(r, *place, 1);
}

static void add_table(struct ring *r, uint16_t id, const struct sg *sg, unsigned int nout,
		      unsigned int n)
{
	struct vring_packed_desc *table = (void *)(r->table + id * RING_TABLE);
	struct vring_packed_desc *d = at(r, r->avail_idx);
	unsigned int i;

	for (i = 0; i < n; i++)
		fill(&table[i], &sg[i], 0, i >= nout);
	d->addr = mem_gpa(r->mem, table);
	d->len = n * sizeof(*table);
	d->id = id;
	put(r, &r->avail_idx, VRING_DESC_F_INDIRECT);
}

/*
 * All but the flags of the first descriptor since the last publication go out at once: the device
 * cannot see the others, since it looks at that one first.
 */
static void add_chain(struct ring *r, uint16_t id, const struct sg *sg, unsigned int nout,
		      unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct vring_packed_desc *d = at(r, r->avail_idx);

		d->addr = sg[i].gpa;
		d->len = sg[i].len;
		/* The last one's counts. */
		d->id = i + 1 < n && !r->in_order ? 0xffff : id;
		put(r, &r->avail_idx, (i < nout ? 0 : VRING_DESC_F_WRITE) |
		    (i + 1 < n ? VRING_DESC_F_NEXT : 0));
	}
}

int packed_add(struct ring *r, const struct sg *sg, unsigned int nout, unsigned int n,
	       void *token)
{
	bool table = r->indirect && n > 1 && n <= RING_TABLE;
	uint16_t id = r->in_order ? r->avail_idx & ~WRAP : r->free;

	if (table)
		add_table(r, id, sg, nout, n);
	else
		add_chain(r, id, sg, nout, n);
	r->free = r->next[id];
	r->size[id] = table ? 1 : n;
	r->nfree -= r->size[id];
	r->token[id] = token;
	return id;
}

void packed_publish(struct ring *r)
{
	if (r->hidden_at == r->avail_idx)
		return;
	__atomic_store_n(&at(r, r->hidden_at)->flags, r->hidden, __ATOMIC_RELEASE);
	r->hidden_at = r->avail_idx;
}

bool packed_want_kick(struct ring *r)
{
	uint16_t old = r->decided & ~WRAP, new = r->avail_idx & ~WRAP, event;
	bool lap = (r->decided ^ r->avail_idx) & WRAP;
	union {
		uint32_t all;
		struct vring_packed_desc_event ev;
	} u;

	r->decided = r->avail_idx;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	u.all = __atomic_load_n((uint32_t *)r->device, __ATOMIC_ACQUIRE);
	if (u.ev.flags != VRING_PACKED_EVENT_FLAG_DESC)
		return u.ev.flags != VRING_PACKED_EVENT_FLAG_DISABLE;
	/* Counted from the start of the lap that @new is in. */
	if (lap)
		old -= r->num;
	event = u.ev.off_wrap & ~WRAP;
	if ((u.ev.off_wrap ^ r->avail_idx) & WRAP)
		event -= r->num;
	return vring_need_event(event, new, old);
}

bool packed_has_used(const struct ring *r)
{
	return is_used(r, r->last_used);
}

/* The id in the next used descriptor. */
int32_t packed_used_id(const struct ring *r, uint32_t *len)
{
	const struct vring_packed_desc *d = at(r, r->last_used);

	*len = d->flags & VRING_DESC_F_WRITE ? d->len : 0;
	return d->id;
}

/* The buffer @id is the driver's again; the next used descriptor stands behind it. */
void packed_put(struct ring *r, uint16_t id)
{
	r->last_used = packed_after(r, r->last_used, r->size[id]);
	r->nfree += r->size[id];
	r->next[id] = r->free;
	r->free = id;
}

bool packed_call_on(struct ring *r)
{
	uint32_t flags = r->event_idx ? VRING_PACKED_EVENT_FLAG_DESC :
					VRING_PACKED_EVENT_FLAG_ENABLE;

	__atomic_store_n((uint32_t *)r->driver, flags << 16 | r->last_used, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return packed_has_used(r);
}

void packed_call_off(struct ring *r)
{
	r->driver->flags = VRING_PACKED_EVENT_FLAG_DISABLE;
}

/* Where a device stands that holds nothing: behind the last used descriptor, as a VMM reads it. */
uint32_t packed_base(const struct ring *r)
{
	uint16_t place = r->last_used;

	while (place != r->avail_idx && is_used(r, place)) {
		uint16_t id = at(r, place)->id;

		/* In order it may stand for all of a batch. */
		if (r->in_order)
			place = ((place & WRAP) ^ (id < (place & ~WRAP) ? WRAP : 0)) | id;
		place = packed_after(r, place, id < r->num ? r->size[id] : 1);
	}
	return (uint32_t)place << 16 | place;
}
