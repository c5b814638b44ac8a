/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a vIOMMU's table means, written to be read: translations in the order they came, each looked
 * at every time. The random tests and the fuzzer hold the real thing against it.
 */
#ifndef _VHX_NAIVE_IOTLB_H
#define _VHX_NAIVE_IOTLB_H

#include <stdlib.h>
#include <string.h>

#include "iotlb.h"
#include "ring.h"

#define NAIVE_IOTLB_MOST	64

struct naive_iotlb {
	__u32 max;
	__u32 n;
	__u64 retired;
	struct vhx_region region[NAIVE_IOTLB_MOST + 1];
};

static inline void naive_iotlb_drop(struct naive_iotlb *t, __u32 i)
{
	t->n--;
	memmove(&t->region[i], &t->region[i + 1], (t->n - i) * sizeof(t->region[0]));
}

static inline __u32 naive_iotlb_remove(struct naive_iotlb *t, __u64 first, __u64 last)
{
	__u32 i, n = 0;

	for (i = t->n; i-- > 0;) {
		if (t->region[i].gpa > last || t->region[i].last < first)
			continue;
		naive_iotlb_drop(t, i);
		n++;
	}
	return n;
}

static inline int naive_iotlb_insert(struct naive_iotlb *t, const struct vhx_region *rg)
{
	if (rg->last < rg->gpa || rg->last - rg->gpa > ~rg->uaddr)
		return -EINVAL;
	naive_iotlb_remove(t, rg->gpa, rg->last);
	if (!(rg->perm & VHX_PERM_RW))
		return 0;
	if (t->n == t->max) {
		naive_iotlb_drop(t, 0);
		t->retired++;
	}
	t->region[t->n++] = *rg;
	return 0;
}

/* The translation of one address that allows @perm. */
static inline const struct vhx_region *naive_iotlb_at(const struct naive_iotlb *t, __u64 iova,
						       __u32 perm)
{
	__u32 i;

	for (i = 0; i < t->n; i++)
		if (t->region[i].gpa <= iova && iova <= t->region[i].last)
			return t->region[i].perm & perm ? &t->region[i] : NULL;
	return NULL;
}

/*
 * The pieces of a run, as vhx_iotlb_translate() has them; *miss is where it ends early. A run
 * around the end of addresses is a fault without a miss.
 */
static inline int naive_iotlb_run(const struct naive_iotlb *t, const struct vhx_seg *run,
				  __u32 perm, struct vhx_seg *seg, __u64 *miss)
{
	__u64 iova = run->addr, left = run->len;
	int n = 0;

	if (left && left - 1 > ~iova)
		return -ERANGE;
	while (left) {
		const struct vhx_region *rg = naive_iotlb_at(t, iova, perm);
		__u64 here;

		if (!rg) {
			*miss = iova;
			return -EFAULT;
		}
		here = rg->last - iova < left - 1 ? rg->last - iova + 1 : left;
		seg[n].addr = rg->uaddr + (iova - rg->gpa);
		seg[n].len = here;
		n++;
		left -= here;
		iova += here;
	}
	return n;
}

/* The real table, the naive one, and the queue's view of the former. */
struct iotlb_pair {
	struct vhx_iotlb *real;
	struct naive_iotlb naive;
	struct vhx_iotlb_view view;
};

#define PAIR_CHECK(cond)	do { if (!(cond)) abort(); } while (0)

static inline void iotlb_pair_open(struct iotlb_pair *p, __u32 max)
{
	memset(p, 0, sizeof(*p));
	/* Exactly as much as it may use: a sanitizer watches the end. */
	p->real = malloc(sizeof(*p->real) + max * sizeof(struct vhx_region));
	PAIR_CHECK(p->real);
	vhx_iotlb_init(p->real, max);
	p->naive.max = max;
	p->view.mt = &p->real->mt;
}

static inline void iotlb_pair_close(struct iotlb_pair *p)
{
	free(p->real);
}

static inline void iotlb_pair_same(const struct iotlb_pair *p)
{
	const struct vhx_memtbl *mt = &p->real->mt;
	__u32 i;

	PAIR_CHECK(mt->n == p->naive.n && mt->n <= p->naive.max);
	PAIR_CHECK(p->real->retired == p->naive.retired);
	for (i = 1; i < mt->n; i++)
		PAIR_CHECK(mt->region[i - 1].last < mt->region[i].gpa);
	for (i = 0; i < p->naive.n; i++) {
		const struct vhx_region *want = &p->naive.region[i];
		const struct vhx_region *got = &mt->region[vhx_memtbl_seek(mt, want->gpa)];

		PAIR_CHECK(got < mt->region + mt->n);
		PAIR_CHECK(got->gpa == want->gpa && got->last == want->last);
		PAIR_CHECK(got->uaddr == want->uaddr && got->perm == want->perm);
	}
}

static inline void iotlb_pair_insert(struct iotlb_pair *p, const struct vhx_region *rg)
{
	__u64 gen = p->real->gen;
	__u32 n = p->naive.n;
	int want = naive_iotlb_insert(&p->naive, rg);

	PAIR_CHECK(vhx_iotlb_insert(p->real, rg) == want);
	PAIR_CHECK(p->real->gen != gen || want || (!(rg->perm & VHX_PERM_RW) && p->naive.n == n));
	iotlb_pair_same(p);
}

static inline void iotlb_pair_remove(struct iotlb_pair *p, __u64 first, __u64 last)
{
	__u64 gen = p->real->gen;
	__u32 want = naive_iotlb_remove(&p->naive, first, last);

	PAIR_CHECK(vhx_iotlb_remove(p->real, first, last) == want);
	PAIR_CHECK((p->real->gen != gen) == !!want);
	iotlb_pair_same(p);
}

/* One access to one run: translated, covered and found as the naive table says. */
static inline void iotlb_pair_look(struct iotlb_pair *p, const struct vhx_seg *run, __u32 perm,
				   __u32 hit)
{
	struct vhx_seg seg[NAIVE_IOTLB_MOST], want[NAIVE_IOTLB_MOST];
	struct vhx_xlate x = {
		.mt = p->view.mt, .hit = hit, .seg = seg, .room = NAIVE_IOTLB_MOST, .perm = perm,
	};
	__u64 miss = 0;
	int i, n, rc;

	n = naive_iotlb_run(&p->naive, run, perm, want, &miss);
	p->view.perm = 0;
	rc = vhx_iotlb_translate(&p->view, &x, run->addr, run->len);
	PAIR_CHECK(rc == (n == -ERANGE ? -EFAULT : n));
	PAIR_CHECK(p->view.perm == (n == -EFAULT ? perm : 0));
	PAIR_CHECK(n != -EFAULT || p->view.miss == miss);
	for (i = 0; i < n; i++)
		PAIR_CHECK(seg[i].addr == want[i].addr && seg[i].len == want[i].len);

	p->view.perm = 0;
	p->view.hit[(run->addr >> 12) % VHX_IOTLB_HITS] = hit;
	PAIR_CHECK(vhx_iotlb_covers(&p->view, run->addr, run->len, perm) == (n >= 0));
	PAIR_CHECK(p->view.perm == (n == -EFAULT ? perm : 0));
	PAIR_CHECK(n != -EFAULT || p->view.miss == miss);

	rc = vhx_iotlb_find(&p->view, seg, run->addr, perm);
	PAIR_CHECK(!rc == !!naive_iotlb_at(&p->naive, run->addr, perm));
	PAIR_CHECK(rc || n <= 0 || seg->addr == want->addr);
	PAIR_CHECK(rc || n <= 0 || seg->len >= want->len);
}

#endif
