// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vIOMMU's translations as any VMM may give and take them, looked up as any guest may ask: the
 * table must be what looking at each of them in turn says, and never larger than was agreed.
 */
#include <errno.h>
#include <stdint.h>

#include "naive_iotlb.h"

struct want {
	uint64_t iova;
	uint64_t size;
	uint64_t uaddr;
	uint8_t what;
	uint8_t perm;
	uint16_t hit;
};

static void step(struct iotlb_pair *p, const struct want *w)
{
	const struct vhx_region rg = {
		.gpa = w->iova, .last = w->iova + (w->size - 1), .uaddr = w->uaddr, .perm = w->perm,
	};
	const struct vhx_seg run = { .addr = w->iova, .len = (uint32_t)w->size };

	switch (w->what % 4) {
	case 0:
		iotlb_pair_insert(p, &rg);
		break;
	case 1:
		if (rg.last >= rg.gpa)
			iotlb_pair_remove(p, rg.gpa, rg.last);
		break;
	default:
		iotlb_pair_look(p, &run, w->what & 4 ? VHX_PERM_WO : VHX_PERM_RO,
				w->hit % p->naive.max);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct iotlb_pair p;
	struct want w;

	if (!size)
		return 0;
	iotlb_pair_open(&p, 1 + *data++ % NAIVE_IOTLB_MOST);
	size--;
	for (; size >= sizeof(w); data += sizeof(w), size -= sizeof(w)) {
		memcpy(&w, data, sizeof(w));
		step(&p, &w);
	}
	iotlb_pair_close(&p);
	return 0;
}
