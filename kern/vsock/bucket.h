/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/*
 * A token bucket. It is filled by time, up to its burst, and what is taken from it may be more than
 * it holds: the debt is waited for. PURE: knows no kernel, and so is built for tests as it is.
 */
#ifndef _VHX_VSOCK_BUCKET_H
#define _VHX_VSOCK_BUCKET_H

#include <linux/types.h>

#define VHX_BUCKET_MOST		(1ULL << 40)	/* tokens a second, and of burst */
#define VHX_BUCKET_US		1000000ULL	/* in a second */
#define VHX_BUCKET_LONG		64ULL		/* seconds after which nobody counts any more */

/**
 * struct vhx_bucket - one of them
 * @level: tokens in it; negative is a debt
 * @at_us: when it was filled
 * @part: of the next token, in VHX_BUCKET_US'ths
 */
struct vhx_bucket {
	__s64 level;
	__u64 at_us;
	__u64 part;
};

/**
 * struct vhx_bucket_size - what it is filled by
 * @rate: tokens a second, 1 to VHX_BUCKET_MOST
 * @burst: most that it holds, 1 to VHX_BUCKET_MOST
 */
struct vhx_bucket_size {
	__u64 rate;
	__u64 burst;
};

/**
 * vhx_bucket_fill - what time brought
 * @b: bucket
 * @s: its size, which may be another than the last time
 * @now_us: the time, microseconds; never before the last time
 */
static inline void vhx_bucket_fill(struct vhx_bucket *b, const struct vhx_bucket_size *s,
				   __u64 now_us)
{
	const __u64 passed = now_us - b->at_us;

	b->at_us = now_us;
	if (passed >= VHX_BUCKET_LONG * VHX_BUCKET_US) {
		b->level = s->burst;
		return;
	}
	b->part += passed % VHX_BUCKET_US * s->rate;
	b->level += passed / VHX_BUCKET_US * s->rate + b->part / VHX_BUCKET_US;
	b->part %= VHX_BUCKET_US;
	if (b->level > (__s64)s->burst)
		b->level = s->burst;
}

/**
 * vhx_bucket_wait - how long until there is something in it
 * @b: bucket, just filled
 * @rate: by which it is
 *
 * Return: microseconds; 0: there is.
 */
static inline __u64 vhx_bucket_wait(const struct vhx_bucket *b, __u64 rate)
{
	__u64 short_by;

	if (b->level > 0)
		return 0;
	short_by = 1 - b->level;
	return short_by / rate * VHX_BUCKET_US + short_by % rate * VHX_BUCKET_US / rate + 1;
}

#endif /* _VHX_VSOCK_BUCKET_H */
