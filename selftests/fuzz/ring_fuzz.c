// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings in whatever memory, split ones or, where packed_fuzz.c includes this, packed ones: the input is a few choices, then what the device does and the
 * guest does to it in turn, then the guest's memory. Nothing is expected of what comes out but
 * that it is inside guest memory, adds up, and took bounded work.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "memtbl.h"
#include "ring.h"

#ifndef PACKED
#define PACKED		false
#endif

#define ARENA_SIZE	8192
#define NUM_MAX		64
#define OPS		24
#define SEGS		(VHX_CHAIN_MAX + 64)

/* A lone group, one chain that reaches the bound, one more, each table entry read twice. */
#define WORK_MAX	(VHX_PULL_MAX + 4 * VHX_CHAIN_MAX)

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

struct input {
	const uint8_t *p;
	size_t n;
};

static struct vhx_ring ring;
static struct vhx_chain chain[VHX_PULL_MAX];
static struct vhx_seg seg[SEGS];
static uint32_t held;
static union {
	struct vhx_memtbl mt;
	uint8_t room[sizeof(struct vhx_memtbl) + 4 * sizeof(struct vhx_region)];
} memory;

static uint8_t byte(struct input *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

static uint16_t word(struct input *in)
{
	uint16_t lo = byte(in);

	return (uint16_t)(lo | byte(in) << 8);
}

/* The arena at 0, so that small numbers are addresses, cut somewhere; and a large piece. */
static void lay_out(uint16_t cut)
{
	struct vhx_memtbl *mt = &memory.mt;

	mt->n = 0;
	cut = 1 + cut % (ARENA_SIZE - 1);
	CHECK(!vhx_memtbl_add(mt, 1ull << 32, 8ull << 30, 1ull << 44));
	CHECK(!vhx_memtbl_add(mt, cut, ARENA_SIZE - cut, arena_addr(cut)));
	CHECK(!vhx_memtbl_add(mt, 0, cut, arena_addr(0)));
	CHECK(!vhx_memtbl_seal(mt));
}

static bool in_guest_memory(const struct vhx_seg *s)
{
	uint32_t i;

	for (i = 0; i < memory.mt.n; i++) {
		const struct vhx_region *rg = &memory.mt.region[i];
		uint64_t size = rg->last - rg->gpa + 1, off = s->addr - rg->uaddr;

		if (off < size && s->len <= size - off)
			return true;
	}
	return false;
}

static void check_chain(const struct vhx_chain *c, uint32_t at)
{
	uint64_t len[2] = { 0, 0 };
	uint32_t i;

	CHECK(c->id < ring.num);
	CHECK(c->ndesc >= 1 && c->ndesc <= ring.num);
	CHECK(c->seg == at);
	for (i = 0; i < (uint32_t)c->nout + c->nin; i++) {
		CHECK(seg[at + i].len > 0);
		CHECK(in_guest_memory(&seg[at + i]));
		len[i >= c->nout] += seg[at + i].len;
	}
	CHECK(len[0] == c->out_len);
	CHECK(len[1] == c->in_len);
}

/* What the device holds is never more than the ring has, and is where its places say. */
static void check_places(uint16_t was, uint32_t ndesc, uint32_t inuse)
{
	uint32_t lap = 2 * ring.num, to, from;

	CHECK(ring.inuse == inuse + ndesc && ring.inuse <= ring.num);
	CHECK(ring.inuse + ring.known <= ring.num);
	CHECK((ring.last_avail & 0x7fff) < ring.num && (ring.last_used & 0x7fff) < ring.num);
	to = (ring.last_avail & 0x7fff) + (ring.last_avail & 0x8000 ? 0 : ring.num);
	from = (was & 0x7fff) + (was & 0x8000 ? 0 : ring.num);
	CHECK((to + lap - from) % lap == ndesc % lap);
}

static void pull(uint8_t max_chain, uint16_t max_seg)
{
	struct vhx_pull p = {
		.chain = chain,
		.seg = seg,
		.max_chain = max_chain,
		.max_seg = max_seg % (SEGS + 1),
	};
	uint64_t accesses = arena.accesses;
	uint16_t was = ring.last_avail;
	uint32_t i, at = 0, ndesc = 0, inuse = ring.inuse;
	int rc;

	rc = vhx_ring_pull(&ring, &memory.mt, &p);
	CHECK(rc == 0 || rc == -EINVAL || rc == -EFAULT);
	CHECK(!rc || !p.nchain);
	CHECK(p.nchain <= max_chain && p.nchain <= VHX_PULL_MAX);
	CHECK(p.nseg <= p.max_seg);
	CHECK(p.ndesc >= p.nchain && p.ndesc <= WORK_MAX);
	/* A packed descriptor takes three. */
	CHECK(arena.accesses - accesses <= (PACKED ? 3 : 1) * (WORK_MAX + VHX_PULL_MAX + 1));
	if (!PACKED)
		CHECK((uint16_t)(ring.last_avail - was) == p.nchain);
	for (i = 0; i < p.nchain; i++) {
		check_chain(&chain[i], at);
		at += chain[i].nout + chain[i].nin;
		ndesc += chain[i].ndesc;
	}
	CHECK(at == p.nseg);
	if (PACKED)
		check_places(was, ndesc, inuse);
	held = p.nchain;
}

static void push(uint32_t n)
{
	struct vhx_done done[VHX_PULL_MAX] = { { 0 } };
	uint32_t i, ndesc = 0, inuse = ring.inuse;
	uint16_t was = ring.last_used;
	int rc;

	n = n < held ? n : held;
	for (i = 0; i < n; i++)
		done[i] = (struct vhx_done) { chain[i].id, chain[i].ndesc, chain[i].in_len };
	for (i = 0; i < n; i++)
		ndesc += chain[i].ndesc;
	rc = vhx_ring_push(&ring, done, n);
	CHECK(rc == 0 || rc == -EFAULT || (rc == -EINVAL && n > ring.num));
	if (PACKED)
		CHECK(ring.inuse == inuse - (rc ? 0 : ndesc));
	else
		CHECK((uint16_t)(ring.last_used - was) == (rc ? 0 : n));
	held = 0;
}

static void yes_or_no(int rc)
{
	CHECK(rc == 0 || rc == 1 || rc == -EINVAL || rc == -EFAULT);
}

static void act(struct input *in)
{
	uint8_t op = byte(in);
	uint16_t at;
	int rc;

	switch (op % 8) {
	case 0:
	case 1:
		pull(byte(in), op & 8 ? word(in) : SEGS);
		break;
	case 2:
		push(byte(in));
		break;
	case 3:
		yes_or_no(vhx_ring_want_call(&ring, op & 8));
		break;
	case 4:
		yes_or_no(op & 8 ? vhx_ring_kick_on(&ring) : vhx_ring_kick_off(&ring));
		break;
	case 5:
		rc = vhx_ring_pending(&ring);
		CHECK(rc >= -EINVAL && rc <= (int)ring.num);
		break;
	case 6:
		at = word(in) % ARENA_SIZE;
		arena.mem[at] = byte(in);
		if (op & 8)
			arena.fault_in = byte(in);
		break;
	default:
		if (op & 8)
			lay_out(word(in));
		vhx_ring_unpull(&ring, chain, held);
		held = 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input ops, in = { data, size };
	uint8_t flags;
	uint32_t i;

	if (size < OPS + 8)
		return 0;
	if (!arena.mem)
		arena_open(ARENA_SIZE);
	flags = byte(&in);
	memset(&ring, 0, sizeof(ring));
	held = 0;
	ring.event_idx = flags & 1;
	ring.indirect = flags & 2;
	ring.swap = flags & 4;
	ring.skip = flags & 16;
	ring.packed = PACKED;
	arena.jitter = flags & 8;
	arena.fault_in = 0;
	ring.num = PACKED ? 1u + byte(&in) % NUM_MAX : 1u << (byte(&in) % 7);
	ring.last_avail = word(&in);
	ring.last_used = ring.last_avail;
	lay_out(word(&in));
	ring.desc = arena_addr(0);
	ring.avail = arena_addr(16 * NUM_MAX);
	ring.used = arena_addr(16 * NUM_MAX + 256);

	ops = (struct input) { in.p, OPS };
	in.p += OPS;
	in.n = in.n > OPS ? in.n - OPS : 0;
	memset(arena.mem, 0, ARENA_SIZE);
	memcpy(arena.mem, in.p, in.n < ARENA_SIZE ? in.n : ARENA_SIZE);
	arena_forget();

	if (vhx_ring_start(&ring))
		return 0;
	for (i = 0; i < OPS && ops.n; i++)
		act(&ops);
	return 0;
}
