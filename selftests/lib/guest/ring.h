/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A virtqueue as its driver sees it, split or packed (virtio 1.3, 2.7 and 2.8), in little endian.
 */
#ifndef _SELFTEST_RING_H
#define _SELFTEST_RING_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/virtio_ring.h>

#include "mem.h"

#define RING_TABLE	64	/* entries of a head's own indirect table */
#define RING_START	0x8000	/* where both sides of a packed ring begin */

/* A piece of a buffer, where the guest has it. */
struct sg {
	uint64_t gpa;
	uint32_t len;
};

/**
 * struct ring - the driver's state
 * @num: descriptors
 * @max: what there is room for
 * @packed: RING_PACKED was negotiated
 * @in_order: IN_ORDER was negotiated
 * @each: and the device has something to say of each buffer: no used entry stands for others
 * @event_idx: EVENT_IDX was negotiated
 * @indirect: buffers of several pieces go in an indirect table
 * @desc: the table, in guest memory
 * @avail: in guest memory
 * @used: in guest memory
 * @pdesc: a packed ring, where @desc is
 * @driver: its driver's event suppression, where @avail is
 * @device: its device's event suppression, where @used is
 * @table: @num indirect tables of RING_TABLE entries, in guest memory
 * @mem: that memory
 * @token: what the caller gave along, by head or, of a packed ring, by id
 * @size: descriptors, likewise
 * @room: bytes the device may write, likewise
 * @next: the next free id, by id, of a packed ring
 * @avail_idx: entries made available, the unpublished ones included; packed: the next place
 * @hidden: flags of the first descriptor that was not published yet, at place @hidden_at
 * @decided: @avail_idx when ring_want_kick() was last asked
 * @last_used: used entries taken; packed: the place of the next
 * @oldest: in order: the head, or place, of the buffer to come back next
 * @batch: in order: head or id of the last buffer of the batch under way, -1 when there is none
 * @batch_len: what the device said of that one
 * @free: first free descriptor; packed: first free id
 * @nfree: free descriptors
 *
 * A place in a packed ring is an index with the wrap counter in bit 15.
 */
struct ring {
	uint32_t num;
	uint32_t max;
	bool packed;
	bool in_order;
	bool each;
	bool event_idx;
	bool indirect;
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	struct vring_packed_desc *pdesc;
	struct vring_packed_desc_event *driver;
	struct vring_packed_desc_event *device;
	struct vring_desc *table;
	struct mem *mem;
	void **token;
	uint16_t *size;
	uint32_t *room;
	uint16_t *next;
	uint16_t avail_idx;
	uint16_t hidden;
	uint16_t hidden_at;
	uint16_t decided;
	uint16_t last_used;
	uint16_t oldest;
	int32_t batch;
	uint32_t batch_len;
	uint16_t free;
	uint32_t nfree;
};

int ring_open(struct ring *r, struct mem *m, uint32_t num, uint64_t features);
void ring_close(struct ring *r);
void ring_reset(struct ring *r, uint16_t base);
void ring_renew(struct ring *r, uint32_t num, uint64_t features);

int ring_add(struct ring *r, const struct sg *sg, unsigned int nout, unsigned int nin,
	     void *token);
void ring_publish(struct ring *r);
bool ring_want_kick(struct ring *r);
void *ring_get(struct ring *r, uint32_t *len);
void *ring_peek(const struct ring *r);
bool ring_has_used(const struct ring *r);
bool ring_call_on(struct ring *r);
void ring_call_off(struct ring *r);
uint16_t ring_used_idx(const struct ring *r);
uint32_t ring_base(const struct ring *r);

/* packed.c: what a packed ring does of the above. */
void packed_reset(struct ring *r, uint16_t base);
int packed_add(struct ring *r, const struct sg *sg, unsigned int nout, unsigned int n,
	       void *token);
void packed_publish(struct ring *r);
bool packed_want_kick(struct ring *r);
bool packed_has_used(const struct ring *r);
int32_t packed_used_id(const struct ring *r, uint32_t *len);
void packed_put(struct ring *r, uint16_t id);
bool packed_call_on(struct ring *r);
void packed_call_off(struct ring *r);
uint32_t packed_base(const struct ring *r);
uint16_t packed_after(const struct ring *r, uint16_t place, uint32_t n);

#endif /* _SELFTEST_RING_H */
