// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest memory tables of whatever regions: what a sealed one translates must be inside it, must
 * be what looking at every region says, and what does not must not be there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memtbl.h"
#include "naive.h"
#include "ring.h"

#define REGIONS	16
#define SEGS	(REGIONS + 1)

#define CHECK(cond)	do { if (!(cond)) abort(); } while (0)

struct want_region {
	uint64_t gpa;
	uint64_t size;
	uint64_t uaddr;
};

struct want_run {
	uint64_t gpa;
	uint32_t len;
	uint32_t hit;
};

static union {
	struct vhx_memtbl mt;
	uint8_t room[sizeof(struct vhx_memtbl) + REGIONS * sizeof(struct vhx_region)];
} memory;

static bool overlapping(const struct vhx_memtbl *mt)
{
	uint32_t i, j;

	for (i = 0; i < mt->n; i++)
		for (j = 0; j < i; j++)
			if (mt->region[i].gpa <= mt->region[j].last &&
			    mt->region[j].gpa <= mt->region[i].last)
				return true;
	return false;
}

static void add(struct vhx_memtbl *mt, const struct want_region *r)
{
	uint32_t n = mt->n;
	bool legal = r->size && r->size - 1 <= ~r->gpa && r->size - 1 <= ~r->uaddr;
	int rc = vhx_memtbl_add(mt, r->gpa, r->size, r->uaddr);

	CHECK(rc == (legal ? 0 : -EINVAL));
	CHECK(mt->n == n + legal);
}

static void translate(const struct vhx_memtbl *mt, const struct want_run *run)
{
	struct vhx_seg seg[SEGS], want[SEGS];
	struct vhx_xlate x = { .mt = mt, .hit = run->hit, .seg = seg, .room = SEGS };
	int i, n;

	n = naive_translate(mt, run->gpa, run->len, want);
	CHECK(vhx_memtbl_translate(&x, run->gpa, run->len) == n);
	CHECK(n <= 0 || x.hit < mt->n);
	for (i = 0; i < n; i++)
		CHECK(seg[i].addr == want[i].addr && seg[i].len == want[i].len);
	if (n <= 0)
		return;
	x.seg = seg;
	x.room = n - 1;
	CHECK(vhx_memtbl_translate(&x, run->gpa, run->len) == -ENOBUFS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vhx_memtbl *mt = &memory.mt;
	struct want_region r;
	struct want_run run;
	uint32_t n;
	bool bad;

	if (!size)
		return 0;
	n = *data++ % (REGIONS + 1);
	size--;
	mt->n = 0;
	for (; n && size >= sizeof(r); n--, data += sizeof(r), size -= sizeof(r)) {
		memcpy(&r, data, sizeof(r));
		add(mt, &r);
	}
	bad = overlapping(mt);
	CHECK(vhx_memtbl_seal(mt) == (bad ? -EINVAL : 0));
	if (bad)
		return 0;
	for (; size >= sizeof(run); data += sizeof(run), size -= sizeof(run)) {
		memcpy(&run, data, sizeof(run));
		translate(mt, &run);
	}
	return 0;
}
