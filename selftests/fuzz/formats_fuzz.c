// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same guest on a split ring, on a packed one and in the naive model: the input says what it
 * posts, what the device takes, and in which order it gives back. What comes out of the rings is
 * the same, and each driver gets back what its device gave.
 */
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "naive.h"
#include "packdrv.h"

#define NUM		16
#define PIECES		4
#define SPLIT_AT	65536	/* in the arena, past the packed ring */
#define SEGS		(2 * VHX_CHAIN_MAX)

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

struct input {
	const uint8_t *p;
	size_t n;
};

struct side {
	struct vhx_chain chain[VHX_PULL_MAX];
	struct vhx_seg seg[SEGS];
	struct vhx_pull p;
	struct vhx_done held[NUM];
};

static struct packdrv pack;
static struct mockdrv split;
static struct side sp, pk;
static uint16_t size[NUM];	/* descriptors of what is posted, by id; 0: it is not */
static uint32_t room, nheld;

static uint8_t byte(struct input *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

/* A chain as the input has it, for identifier and first descriptor @id of both. */
static void post(struct input *in, uint16_t id)
{
	struct mockbuf buf[PIECES];
	uint32_t i, n = 1 + byte(in) % PIECES, shape = byte(in), need;
	bool table = shape & 0x80;

	need = table ? 1 : n;
	/* Descriptors of the split ring's chain stand in a row from @id * PIECES on. */
	if (size[id] || need > room)
		return;
	for (i = 0; i < n; i++) {
		uint8_t where = byte(in);

		buf[i].gpa = where & 1 ? MOCK_FAR + where * 1000u : MOCK_GPA + where * 100u;
		buf[i].len = where & 2 ? byte(in) : 1 + where * 7u;
		buf[i].in = i >= (shape & 7u);
	}
	if (table)
		mockdrv_chain(&split, id * PIECES, MOCK_TABLES + 16384 + id * 64, buf, n);
	else
		mockdrv_chain(&split, id * PIECES, 0, buf, n);
	mockdrv_publish(&split);
	packdrv_chain(&pack, id, table ? MOCK_TABLES + id * 64 : 0, buf, n);
	size[id] = need;
	room -= need;
}

static void same(const struct vhx_chain *s, const struct vhx_chain *p)
{
	uint32_t i;

	CHECK(s->id == p->id * PIECES && s->ndesc == p->ndesc && p->ndesc == size[p->id]);
	CHECK(s->nout == p->nout && s->nin == p->nin);
	CHECK(s->out_len == p->out_len && s->in_len == p->in_len);
	for (i = 0; i < (uint32_t)s->nout + s->nin; i++) {
		CHECK(sp.seg[s->seg + i].addr == pk.seg[p->seg + i].addr);
		CHECK(sp.seg[s->seg + i].len == pk.seg[p->seg + i].len);
	}
}

static void as_the_model(const struct vhx_chain *c, uint16_t place)
{
	static struct naive n;
	uint32_t i;

	naive_packed(&pack.d, place, &n);
	CHECK(!n.rc && n.id == c->id && n.nring == c->ndesc);
	CHECK(n.len[0] == c->out_len && n.len[1] == c->in_len);
	CHECK(n.nseg[0] == c->nout && n.nseg[1] == c->nin);
	for (i = 0; i < n.nseg[0] + n.nseg[1]; i++)
		CHECK(n.seg[i].addr == pk.seg[c->seg + i].addr &&
		      n.seg[i].len == pk.seg[c->seg + i].len);
	naive_chain(&split, c->id * PIECES, &n);
	CHECK(!n.rc && n.len[0] == c->out_len && n.len[1] == c->in_len);
}

static int take(struct vhx_ring *r, struct side *s, uint32_t max)
{
	s->p = (struct vhx_pull) {
		.chain = s->chain, .seg = s->seg, .max_chain = max, .max_seg = SEGS,
	};
	return vhx_ring_pull(r, pack.d.mt, &s->p);
}

static void pull(struct input *in)
{
	uint16_t place = pack.d.ring.last_avail;
	uint32_t max = byte(in) % 20, back, i;

	CHECK(!take(&split.ring, &sp, max) && !take(&pack.d.ring, &pk, max));
	CHECK(sp.p.nchain == pk.p.nchain && sp.p.nseg == pk.p.nseg);
	/* A packed ring is read ahead of a chain that ends where the pull does. */
	CHECK(sp.p.ndesc <= pk.p.ndesc);
	back = pk.p.nchain ? byte(in) % (pk.p.nchain + 1) : 0;
	for (i = 0; i < pk.p.nchain; i++) {
		const struct vhx_chain *c = &pk.chain[i];

		same(&sp.chain[i], c);
		as_the_model(c, place);
		place = packdrv_after(&pack, place, c->ndesc);
		if (i >= pk.p.nchain - back)
			continue;
		sp.held[nheld] = (struct vhx_done) { sp.chain[i].id, c->ndesc, c->in_len / 2 };
		pk.held[nheld++] = (struct vhx_done) { c->id, c->ndesc, c->in_len / 2 };
	}
	vhx_ring_unpull(&split.ring, sp.chain + pk.p.nchain - back, back);
	vhx_ring_unpull(&pack.d.ring, pk.chain + pk.p.nchain - back, back);
}

/* Give back @n of those held, from any of them on. */
static void push(struct input *in)
{
	uint32_t n = nheld ? byte(in) % (nheld + 1) : 0;
	uint32_t at = n < nheld ? byte(in) % (nheld - n + 1) : 0;

	CHECK(!vhx_ring_push(&split.ring, sp.held + at, n));
	CHECK(!vhx_ring_push(&pack.d.ring, pk.held + at, n));
	nheld -= n;
	memmove(sp.held + at, sp.held + at + n, (nheld - at) * sizeof(sp.held[0]));
	memmove(pk.held + at, pk.held + at + n, (nheld - at) * sizeof(pk.held[0]));
}

static void reap(void)
{
	uint32_t id, len, plen;
	uint16_t pid;

	while (mockdrv_reap(&split, &id, &len)) {
		CHECK(packdrv_reap(&pack, &pid, &plen));
		CHECK(id == pid * PIECES && len == plen && size[pid]);
		room += size[pid];
		size[pid] = 0;
	}
	CHECK(!packdrv_is_used(&pack, pack.used));
}

static void wishes(struct input *in)
{
	int more = vhx_ring_kick_on(&split.ring);

	/* How many are known differs, and so may the answer; what is there does not. */
	CHECK(more >= 0 && vhx_ring_kick_on(&pack.d.ring) >= 0);
	CHECK(!vhx_ring_kick_on(&split.ring) && !vhx_ring_kick_on(&pack.d.ring));
	CHECK(!vhx_ring_pending(&split.ring) == !vhx_ring_pending(&pack.d.ring));
	packdrv_event(&pack, byte(in) % 4, pack.used);
	CHECK(vhx_ring_want_call(&pack.d.ring, false) >= 0);
	CHECK(!vhx_ring_kick_off(&pack.d.ring) && !vhx_ring_kick_off(&split.ring));
}

static void begin(struct input *in)
{
	uint8_t flags = byte(in);

	if (!arena.mem)
		packdrv_open(&pack, NUM, PACK_START);
	pack.d.event_idx = flags & 1;
	pack.d.indirect = true;
	pack.d.swap = flags & 2;
	packdrv_restart(&pack, PACK_START | byte(in) % NUM);
	split = pack.d;
	split.num = NUM * PIECES;
	split.desc = SPLIT_AT;
	split.avail = split.desc + 16 * split.num;
	split.used = split.avail + 8 + 2 * split.num;
	mockdrv_restart(&split, (uint16_t)(byte(in) << 8 | byte(in)));
	memset(size, 0, sizeof(size));
	room = NUM;
	nheld = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };

	begin(&in);
	while (in.n) {
		uint8_t op = byte(&in);

		switch (op % 8) {
		case 0 ... 2:
			post(&in, op / 8 % NUM);
			break;
		case 3:
		case 4:
			pull(&in);
			break;
		case 5:
			push(&in);
			break;
		case 6:
			reap();
			break;
		default:
			wishes(&in);
		}
	}
	return 0;
}
