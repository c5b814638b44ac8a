// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver side of a virtqueue, see ring.h; of a packed one it is in packed.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "ring.h"

#define USED_EVENT(r)	((r)->avail->ring[(r)->num])

/* Behind the last used entry, a __virtio16 where the next entry would stand. */
static const uint16_t *avail_event(const struct ring *r)
{
	return (const void *)&r->used->ring[r->num];
}

static uint16_t load16(const uint16_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

static void store16(uint16_t *p, uint16_t v)
{
	__atomic_store_n(p, v, __ATOMIC_RELEASE);
}

static void negotiated(struct ring *r, uint64_t features)
{
	r->packed = features >> VIRTIO_F_RING_PACKED & 1;
	r->in_order = features >> VIRTIO_F_IN_ORDER & 1;
	r->event_idx = features >> VIRTIO_RING_F_EVENT_IDX & 1;
	r->indirect = features >> VIRTIO_RING_F_INDIRECT_DESC & 1;
}

int ring_open(struct ring *r, struct mem *m, uint32_t num, uint64_t features)
{
	*r = (struct ring){
		.num = num,
		.max = num,
		.mem = m,
	};
	negotiated(r, features);
	r->token = calloc(num, sizeof(*r->token));
	r->size = calloc(num, sizeof(*r->size));
	r->room = calloc(num, sizeof(*r->room));
	r->next = calloc(num, sizeof(*r->next));
	if (!r->token || !r->size || !r->room || !r->next) {
		ring_close(r);
		return -ENOMEM;
	}
	r->desc = mem_alloc(m, num * sizeof(*r->desc), 4096);
	r->avail = mem_alloc(m, 6 + 2 * num, 4096);
	r->used = mem_alloc(m, 6 + sizeof(struct vring_used_elem) * num, 4096);
	r->table = mem_alloc(m, num * RING_TABLE * sizeof(*r->table), 4096);
	r->pdesc = (void *)r->desc;
	r->driver = (void *)r->avail;
	r->device = (void *)r->used;
	ring_reset(r, 0);
	return 0;
}

void ring_close(struct ring *r)
{
	free(r->token);
	free(r->size);
	free(r->room);
	free(r->next);
	r->token = NULL;
	r->size = r->next = NULL;
	r->room = NULL;
}

/*
 * As a driver that has just been loaded: nothing posted, counting from @base. Of a packed ring 0
 * is the place where it begins.
 */
void ring_reset(struct ring *r, uint16_t base)
{
	uint32_t i;

	memset(r->token, 0, r->num * sizeof(*r->token));
	r->free = 0;
	r->nfree = r->num;
	r->oldest = 0;
	r->batch = -1;
	if (r->packed) {
		packed_reset(r, base ? base : RING_START);
		return;
	}
	memset(r->desc, 0, r->num * sizeof(*r->desc));
	memset(r->avail, 0, 6 + 2 * r->num);
	memset(r->used, 0, 6 + sizeof(struct vring_used_elem) * r->num);
	for (i = 0; i < r->num; i++)
		r->desc[i].next = i + 1 < r->num ? i + 1 : 0;
	r->avail_idx = r->decided = r->last_used = base;
	store16(&r->avail->idx, base);
	store16(&r->used->idx, base);
	USED_EVENT(r) = base;
}

/* Another size, up to the first one, and other features; what was posted is up to the caller. */
void ring_renew(struct ring *r, uint32_t num, uint64_t features)
{
	r->num = num < r->max ? num : r->max;
	negotiated(r, features);
}

static void fill(struct vring_desc *d, const struct sg *sg, unsigned int i, unsigned int nout)
{
	d->addr = sg[i].gpa;
	d->len = sg[i].len;
	d->flags = i < nout ? 0 : VRING_DESC_F_WRITE;
}

static void add_indirect(struct ring *r, uint16_t head, const struct sg *sg,
			 unsigned int nout, unsigned int n)
{
	struct vring_desc *table = r->table + head * RING_TABLE;
	struct vring_desc *d = &r->desc[head];
	unsigned int i;

	for (i = 0; i < n; i++) {
		fill(&table[i], sg, i, nout);
		table[i].next = i + 1;
		if (i + 1 < n)
			table[i].flags |= VRING_DESC_F_NEXT;
	}
	d->addr = mem_gpa(r->mem, table);
	d->len = n * sizeof(*table);
	d->flags = VRING_DESC_F_INDIRECT;
	r->free = d->next;
	r->size[head] = 1;
	r->nfree--;
}

static void add_direct(struct ring *r, uint16_t head, const struct sg *sg,
		       unsigned int nout, unsigned int n)
{
	uint16_t at = head;
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct vring_desc *d = &r->desc[at];

		fill(d, sg, i, nout);
		if (i + 1 < n)
			d->flags |= VRING_DESC_F_NEXT;
		at = d->next;
	}
	r->free = at;
	r->size[head] = n;
	r->nfree -= n;
}

/* Post a buffer; the device sees it once ring_publish() is called. */
int ring_add(struct ring *r, const struct sg *sg, unsigned int nout, unsigned int nin,
	     void *token)
{
	unsigned int n = nout + nin;
	bool table = r->indirect && n > 1 && n <= RING_TABLE;
	uint16_t head = r->free;
	uint32_t room = 0;
	unsigned int i;

	if (r->nfree < (table ? 1 : n))
		return -ENOSPC;
	for (i = nout; i < n; i++)
		room += sg[i].len;
	if (r->packed) {
		r->room[packed_add(r, sg, nout, n, token)] = room;
		return 0;
	}
	r->room[head] = room;
	if (table)
		add_indirect(r, head, sg, nout, n);
	else
		add_direct(r, head, sg, nout, n);
	r->token[head] = token;
	r->avail->ring[r->avail_idx++ % r->num] = head;
	return 0;
}

void ring_publish(struct ring *r)
{
	if (r->packed)
		packed_publish(r);
	else
		store16(&r->avail->idx, r->avail_idx);
}

/* Does the device want to hear of what was published since the last time this was asked? */
bool ring_want_kick(struct ring *r)
{
	uint16_t old = r->decided;

	if (r->packed)
		return packed_want_kick(r);
	r->decided = r->avail_idx;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (r->event_idx)
		return vring_need_event(load16(avail_event(r)), r->avail_idx, old);
	return !(load16(&r->used->flags) & VRING_USED_F_NO_NOTIFY);
}

/* The device's used index; of a packed ring, which has none, the place it stands for. */
uint16_t ring_used_idx(const struct ring *r)
{
	return r->packed ? packed_base(r) : load16(&r->used->idx);
}

/* What VHOST_GET_VRING_BASE has to say of a device that holds nothing. */
uint32_t ring_base(const struct ring *r)
{
	return r->packed ? packed_base(r) : ring_used_idx(r);
}

bool ring_has_used(const struct ring *r)
{
	if (r->batch >= 0)
		return true;
	return r->packed ? packed_has_used(r) : ring_used_idx(r) != r->last_used;
}

/* In order the descriptors stand in a row, and those given back are the oldest. */
static void put_chain(struct ring *r, uint16_t head)
{
	uint16_t at = head;

	r->nfree += r->size[head];
	if (r->in_order)
		return;
	while (r->desc[at].flags & VRING_DESC_F_NEXT)
		at = r->desc[at].next;
	r->desc[at].next = r->free;
	r->free = head;
}

/* Id and length in the next used entry. */
static int64_t used_entry(const struct ring *r, uint32_t *len)
{
	const struct vring_used_elem *e;

	if (r->packed)
		return packed_used_id(r, len);
	e = &r->used->ring[r->last_used % r->num];
	*len = e->len;
	return e->id;
}

/*
 * In order a used entry stands for all buffers up to the one it names: those in front were used
 * completely. Return: the oldest.
 */
static int64_t in_order_entry(struct ring *r, uint32_t *len)
{
	uint16_t id = r->oldest;

	if (r->batch < 0)
		r->batch = used_entry(r, &r->batch_len);
	*len = r->room[id];
	if (r->batch == id) {
		*len = r->batch_len;
		r->batch = -1;
	} else if (r->each) {
		return -1;
	}
	return r->token[id] ? id : -1;
}

/*
 * Take back a buffer the device is done with: its token, or NULL when there is none, or when the
 * device gave back what it never had (then *len is UINT32_MAX).
 */
void *ring_get(struct ring *r, uint32_t *len)
{
	void *token;
	int64_t id;

	*len = 0;
	if (!ring_has_used(r))
		return NULL;
	id = r->in_order ? in_order_entry(r, len) : used_entry(r, len);
	token = id >= 0 && id < r->num ? r->token[id] : NULL;
	if (!token) {
		r->batch = -1;
		*len = UINT32_MAX;
		return NULL;
	}
	r->token[id] = NULL;
	r->oldest = (id + r->size[id]) % r->num;
	if (r->packed) {
		packed_put(r, id);
	} else {
		r->last_used++;
		put_chain(r, id);
	}
	return token;
}

/* What ring_get() would return. */
void *ring_peek(const struct ring *r)
{
	uint32_t len;
	int64_t id;

	if (!ring_has_used(r))
		return NULL;
	id = r->in_order ? r->oldest : used_entry(r, &len);
	return id < r->num ? r->token[id] : NULL;
}

/* Ask for an interrupt at the next used entry. True: there is one already, take it first. */
bool ring_call_on(struct ring *r)
{
	if (r->packed)
		return r->batch >= 0 || packed_call_on(r);
	r->avail->flags = 0;
	USED_EVENT(r) = r->last_used;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return ring_has_used(r);
}

void ring_call_off(struct ring *r)
{
	if (r->packed) {
		packed_call_off(r);
		return;
	}
	r->avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	if (r->event_idx)
		USED_EVENT(r) = r->last_used - 1;
}
