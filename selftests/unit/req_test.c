// SPDX-License-Identifier: GPL-2.0-only
/*
 * virtio-scsi's requests: what is understood of their bytes, and what is answered.
 */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "req.h"
#include "naive.h"

#define N(a)	(sizeof(a) / sizeof((a)[0]))

static const struct vhx_scsi_opt plain;
static const struct vhx_scsi_opt pi = { .t10_pi = true };
static const struct vhx_scsi_opt both = { .inout = true };
static struct vhx_scsi_cmd cmd;
static struct vhx_scsi_ctl ctl;

/* A command's head, put together field by field, in this machine's byte order or the other. */
struct want {
	__u8 lun[8];
	__u64 tag;
	__u8 attr;
	__u8 prio;
	__u8 crn;
	__u32 pi_out;
	__u32 pi_in;
	__u8 cdb[32];
};

static const struct want read10 = {
	.lun = { 1, 7, 0x41, 0x23 },
	.tag = 0x1122334455667788,
	.cdb = { 0x28, 0, 0, 0, 0, 9, 0, 0, 8, 0, [31] = 0x5a },
};

static __u8 *put(__u8 *p, const void *from, __u32 n, bool swap)
{
	const __u8 *b = from;
	__u32 i;

	for (i = 0; i < n; i++)
		p[i] = b[swap ? n - 1 - i : i];
	return p + n;
}

static __u32 write_head(__u8 *to, const struct vhx_scsi_opt *opt, const struct want *w)
{
	__u8 *p = to;

	p = put(p, w->lun, 8, false);
	p = put(p, &w->tag, 8, opt->swap);
	*p++ = w->attr;
	*p++ = w->prio;
	*p++ = w->crn;
	if (opt->t10_pi) {
		p = put(p, &w->pi_out, 4, opt->swap);
		p = put(p, &w->pi_in, 4, opt->swap);
	}
	p = put(p, w->cdb, 32, false);
	return p - to;
}

/* From a block of as many bytes as there are, so that a byte too far is found. */
static int parse_bytes(const struct vhx_scsi_opt *opt, const void *head, __u32 out, __u32 in)
{
	__u32 have = out < vhx_scsi_head_len(opt) ? out : vhx_scsi_head_len(opt);
	__u8 *copy = malloc(have ? have : 1);
	struct vhx_scsi_buf buf = { .head = copy, .out_len = out, .in_len = in };
	int rc;

	assert_non_null(copy);
	memcpy(copy, head, have);
	if (!out)
		buf.head = NULL;
	memset(&cmd, 0xff, sizeof(cmd));
	rc = vhx_scsi_parse_cmd(opt, &buf, &cmd);
	free(copy);
	return rc;
}

/* @out and @in are bytes behind the head and the response. */
static int parse(const struct vhx_scsi_opt *opt, const struct want *w, __u32 out, __u32 in)
{
	struct vhx_scsi_opt other = *opt;
	struct vhx_scsi_cmd first;
	__u8 head[64];
	__u32 n;
	int rc;

	other.swap = !opt->swap;
	n = write_head(head, &other, w);
	rc = parse_bytes(&other, head, n + out, 108 + in);
	first = cmd;
	write_head(head, opt, w);
	assert_int_equal(parse_bytes(opt, head, n + out, 108 + in), rc);
	/* The other byte order must make no difference. */
	assert_memory_equal(&first, &cmd, sizeof(cmd));
	return rc;
}

static void span_is(const struct vhx_scsi_span *s, __u32 off, __u32 len)
{
	assert_int_equal(s->off, off);
	assert_int_equal(s->len, len);
}

static void command_is_parsed(void **state)
{
	struct want w = read10;

	(void)state;
	w.attr = VHX_SCSI_ATTR_HEAD;
	w.prio = 0xa5;
	w.crn = 0xee;
	assert_int_equal(parse(&plain, &w, 0, 4096), VHX_SCSI_S_OK);
	assert_memory_equal(cmd.lun, w.lun, 8);
	assert_memory_equal(cmd.cdb, w.cdb, 32);
	assert_int_equal(cmd.task.target, 7);
	assert_int_equal(cmd.task.lun, 0x123);
	assert_int_equal(cmd.task.tag, 0x1122334455667788);
	assert_int_equal(cmd.task_attr, VHX_SCSI_ATTR_HEAD);
	assert_int_equal(cmd.prio, 5);
	assert_int_equal(cmd.crn, 0xee);
	assert_int_equal(cmd.head_len, 51);
	span_is(&cmd.out, 51, 0);
	span_is(&cmd.in, 108, 4096);
	span_is(&cmd.pi_out, 51, 0);
	span_is(&cmd.pi_in, 108, 0);

	assert_int_equal(parse(&plain, &w, 512, 0), VHX_SCSI_S_OK);
	span_is(&cmd.out, 51, 512);
	span_is(&cmd.in, 108, 0);
	assert_int_equal(parse(&plain, &w, 0, 0), VHX_SCSI_S_OK);
}

/* The CDB begins behind the two words of protection information. */
static void command_with_protection_is_parsed(void **state)
{
	struct want w = read10;

	(void)state;
	w.pi_in = 64;
	assert_int_equal(parse(&pi, &w, 0, 64 + 4096), VHX_SCSI_S_OK);
	assert_memory_equal(cmd.cdb, w.cdb, 32);
	assert_int_equal(cmd.head_len, 59);
	span_is(&cmd.pi_in, 108, 64);
	span_is(&cmd.in, 172, 4096);
	span_is(&cmd.pi_out, 59, 0);
	span_is(&cmd.out, 59, 0);

	w.pi_in = 0;
	w.pi_out = 8;
	assert_int_equal(parse(&pi, &w, 8 + 512, 0), VHX_SCSI_S_OK);
	span_is(&cmd.pi_out, 59, 8);
	span_is(&cmd.out, 67, 512);
	span_is(&cmd.in, 108, 0);

	/* Not negotiated: the words are not there, whatever the bytes are. */
	assert_int_equal(parse(&plain, &w, 0, 8), VHX_SCSI_S_OK);
	span_is(&cmd.in, 108, 8);
}

static void head_or_response_that_does_not_fit_is_a_bad_chain(void **state)
{
	const struct vhx_scsi_opt *opt[] = { &plain, &pi, &both };
	__u8 head[64];
	__u32 i, n, len;

	(void)state;
	for (i = 0; i < N(opt); i++) {
		n = write_head(head, opt[i], &read10);
		assert_int_equal(n, vhx_scsi_head_len(opt[i]));
		for (len = 0; len < n; len++) {
			assert_int_equal(parse_bytes(opt[i], head, len, 108), -EINVAL);
			assert_int_equal(parse_bytes(opt[i], head, len, 0xffffffff), -EINVAL);
		}
		for (len = 0; len < 108; len++) {
			assert_int_equal(parse_bytes(opt[i], head, n, len), -EINVAL);
			assert_int_equal(parse_bytes(opt[i], head, 0xffffffff, len), -EINVAL);
		}
		assert_int_equal(parse_bytes(opt[i], head, n, 108), VHX_SCSI_S_OK);
	}
}

static const struct addr {
	__u8 lun[8];
	int rc;			/* of a TMF of a logical unit */
	__u8 target;
	__u16 unit;
} addrs[] = {
	{ { 1, 0, 0x40, 0 }, VHX_SCSI_S_OK, 0, 0 },
	{ { 1, 0, 0, 0 }, VHX_SCSI_S_OK, 0, 0 },
	{ { 1, 255, 0x40, 255 }, VHX_SCSI_S_OK, 255, 255 },
	{ { 1, 255, 0, 255 }, VHX_SCSI_S_OK, 255, 255 },
	{ { 1, 3, 0x7f, 0xff }, VHX_SCSI_S_OK, 3, 16383 },
	{ { 1, 3, 0x41, 0 }, VHX_SCSI_S_OK, 3, 256 },
	{ { 0xc1, 1 }, VHX_SCSI_S_OK, 0, VHX_SCSI_LUN_REPORT },
	{ { 0xc1, 1, 0x40 }, VHX_SCSI_S_BAD_TARGET, 0, 0 },
	{ { 0xc1, 1, 0, 0, 0, 0, 0, 1 }, VHX_SCSI_S_BAD_TARGET, 0, 0 },
	{ { 0xc1, 0 }, VHX_SCSI_S_BAD_TARGET, 0, 0 },
	{ { 0xc1, 2 }, VHX_SCSI_S_BAD_TARGET, 0, 0 },
	{ { 0, 0, 0x40, 0 }, VHX_SCSI_S_BAD_TARGET, 0, 0 },
	{ { 2, 0, 0x40, 0 }, VHX_SCSI_S_BAD_TARGET, 0, 0 },
	{ { 0xff, 0, 0x40, 0 }, VHX_SCSI_S_BAD_TARGET, 0, 0 },
	{ { 1, 5, 0x01, 0 }, VHX_SCSI_S_INCORRECT_LUN, 0, 0 },
	{ { 1, 5, 0x3f, 0 }, VHX_SCSI_S_INCORRECT_LUN, 0, 0 },
	{ { 1, 5, 0x80, 0 }, VHX_SCSI_S_INCORRECT_LUN, 0, 0 },
	{ { 1, 5, 0xc1, 1 }, VHX_SCSI_S_INCORRECT_LUN, 0, 0 },
	{ { 1, 5, 0xff, 0xff }, VHX_SCSI_S_INCORRECT_LUN, 0, 0 },
	{ { 1, 5, 0x40, 0, 1 }, VHX_SCSI_S_INCORRECT_LUN, 0, 0 },
	{ { 1, 5, 0x40, 0, 0, 0x80 }, VHX_SCSI_S_INCORRECT_LUN, 0, 0 },
	{ { 1, 5, 0x40, 0, 0, 0, 1 }, VHX_SCSI_S_INCORRECT_LUN, 0, 0 },
	{ { 1, 5, 0x00, 0, 0, 0, 0, 1 }, VHX_SCSI_S_INCORRECT_LUN, 0, 0 },
};

static void addresses_of_commands(void **state)
{
	struct want w = read10;
	__u32 i;

	(void)state;
	for (i = 0; i < N(addrs); i++) {
		memcpy(w.lun, addrs[i].lun, 8);
		assert_int_equal(parse(&plain, &w, 0, 36),
				 addrs[i].rc ? VHX_SCSI_S_BAD_TARGET : VHX_SCSI_S_OK);
		assert_memory_equal(cmd.lun, addrs[i].lun, 8);
		if (addrs[i].rc)
			continue;
		assert_int_equal(cmd.task.target, addrs[i].target);
		assert_int_equal(cmd.task.lun, addrs[i].unit);
	}
}

/* Every first and third byte there is. */
static void addresses_of_every_kind(void **state)
{
	struct want w = read10;
	__u32 a, b;

	(void)state;
	for (a = 0; a < 256; a++) {
		for (b = 0; b < 256; b++) {
			const bool good = a == 1 && (!b || b >> 6 == 1);

			memcpy(w.lun, (__u8[]) { a, 9, b, 0x77, 0, 0, 0, 0 }, 8);
			assert_int_equal(parse(&plain, &w, 0, 0),
					 good ? VHX_SCSI_S_OK : VHX_SCSI_S_BAD_TARGET);
			if (good)
				assert_int_equal(cmd.task.lun, (b & 0x3f) << 8 | 0x77);
		}
	}
}

static void data_both_ways_must_be_negotiated(void **state)
{
	(void)state;
	assert_int_equal(parse(&plain, &read10, 1, 1), VHX_SCSI_S_FAILURE);
	assert_int_equal(parse(&pi, &read10, 1, 1), VHX_SCSI_S_FAILURE);
	assert_int_equal(parse(&both, &read10, 512, 1024), VHX_SCSI_S_OK);
	span_is(&cmd.out, 51, 512);
	span_is(&cmd.in, 108, 1024);
}

static void protection_longer_than_the_data(void **state)
{
	static const struct {
		__u32 pi, data;		/* @data: all that is behind the head */
		int rc;
	} v[] = {
		{ 0, 0, 0 }, { 0, 512, 0 }, { 8, 520, 0 }, { 8, 16, 0 }, { 1, 2, 0 },
		{ 1, 1, 9 }, { 1, 0, 9 }, { 8, 8, 9 }, { 8, 15, 9 }, { 8, 7, 9 },
		{ 513, 512, 9 }, { 0x80000000, 512, 9 }, { 0xffffffff, 512, 9 },
		{ 0xffffffff, 0, 9 }, { 0xffffffff, 0xffffff00, 9 }, { 0x7fffff80, 0xffffff00, 9 },
	};
	struct want w = read10;
	__u32 i;

	(void)state;
	for (i = 0; i < N(v); i++) {
		w.pi_out = v[i].pi;
		w.pi_in = 0;
		assert_int_equal(parse(&pi, &w, v[i].data, 0), v[i].rc);
		w.pi_in = v[i].pi;
		w.pi_out = 0;
		assert_int_equal(parse(&pi, &w, 0, v[i].data), v[i].rc);
	}
	/* Of data that goes the other way. */
	w.pi_in = 8;
	assert_int_equal(parse(&pi, &w, 4096, 0), VHX_SCSI_S_FAILURE);
}

static void data_without_bound_is_refused(void **state)
{
	struct want w = read10;

	(void)state;
	assert_int_equal(parse(&plain, &w, VHX_SCSI_DATA_MAX, 0), VHX_SCSI_S_OK);
	assert_int_equal(parse(&plain, &w, 0, VHX_SCSI_DATA_MAX), VHX_SCSI_S_OK);
	assert_int_equal(parse(&plain, &w, VHX_SCSI_DATA_MAX + 1, 0), VHX_SCSI_S_FAILURE);
	assert_int_equal(parse(&plain, &w, 0, VHX_SCSI_DATA_MAX + 1), VHX_SCSI_S_FAILURE);
	assert_int_equal(parse(&plain, &w, 0, 0xffffffff - 108), VHX_SCSI_S_FAILURE);
	assert_int_equal(parse(&plain, &w, 0xffffffff - 51, 0), VHX_SCSI_S_FAILURE);
	w.pi_out = VHX_SCSI_DATA_MAX / 64;
	assert_int_equal(parse(&pi, &w, w.pi_out + VHX_SCSI_DATA_MAX, 0), VHX_SCSI_S_OK);
	assert_int_equal(parse(&pi, &w, w.pi_out + VHX_SCSI_DATA_MAX + 1, 0), VHX_SCSI_S_FAILURE);
}

static void task_attributes(void **state)
{
	struct want w = read10;
	__u32 attr;

	(void)state;
	for (attr = 0; attr < 256; attr++) {
		w.attr = attr;
		assert_int_equal(parse(&plain, &w, 0, 0), VHX_SCSI_S_OK);
		assert_int_equal(cmd.task_attr, attr <= 3 ? attr : VHX_SCSI_ATTR_SIMPLE);
	}
}

/* What a command is, said a second time. */
static int naive_parse(const struct vhx_scsi_opt *opt, const struct want *w, __u32 out, __u32 in)
{
	__u64 pi_out = opt->t10_pi ? w->pi_out : 0, pi_in = opt->t10_pi ? w->pi_in : 0;
	__s64 data_out = (__s64)out - (__s64)pi_out, data_in = (__s64)in - (__s64)pi_in;

	if (data_out < (__s64)pi_out || data_out > 32 * 1024 * 1024)
		return VHX_SCSI_S_FAILURE;
	if (data_in < (__s64)pi_in || data_in > 32 * 1024 * 1024)
		return VHX_SCSI_S_FAILURE;
	if (data_out && data_in && !opt->inout)
		return VHX_SCSI_S_FAILURE;
	if (!memcmp(w->lun, "\xc1\1\0\0\0\0\0", 8))
		return VHX_SCSI_S_OK;
	if (w->lun[0] != 1 || memcmp(w->lun + 4, "\0\0\0", 4))
		return VHX_SCSI_S_BAD_TARGET;
	return !w->lun[2] || (w->lun[2] >= 0x40 && w->lun[2] < 0x80) ? VHX_SCSI_S_OK :
								     VHX_SCSI_S_BAD_TARGET;
}

static __u32 random_len(void)
{
	switch (naive_below(5)) {
	case 0:
		return 0;
	case 1:
		return naive_below(64);
	case 2:
		return naive_below(1 << 16);
	case 3:
		return VHX_SCSI_DATA_MAX - 8 + naive_below(16);
	default:
		return naive_random() % (0xffffffff - 128);
	}
}

static void commands_at_random(void **state)
{
	struct vhx_scsi_opt opt;
	struct want w;
	__u32 i, k, out, in, good = 0;
	int rc;

	(void)state;
	for (i = 0; i < 100000; i++) {
		opt = (struct vhx_scsi_opt) {
			.t10_pi = naive_once_in(2), .inout = naive_once_in(2),
			.swap = naive_once_in(2),
		};
		for (k = 0; k < sizeof(w); k++)
			((__u8 *)&w)[k] = naive_random();
		if (!naive_once_in(4))
			memcpy(w.lun, addrs[naive_below(N(addrs))].lun, 8);
		out = naive_once_in(3) ? random_len() : 0;
		in = naive_once_in(2) ? random_len() : 0;
		w.pi_out = naive_once_in(3) ? random_len() : out / 65;
		w.pi_in = naive_once_in(3) ? random_len() : in / 65;
		rc = parse(&opt, &w, out, in);
		assert_int_equal(rc, naive_parse(&opt, &w, out, in));
		if (rc)
			continue;
		good++;
		/* The halves are what there is, without gap or overlap. */
		assert_int_equal(cmd.pi_out.off, vhx_scsi_head_len(&opt));
		assert_int_equal(cmd.out.off, cmd.pi_out.off + cmd.pi_out.len);
		assert_int_equal(cmd.out.off + cmd.out.len, vhx_scsi_head_len(&opt) + out);
		assert_int_equal(cmd.pi_in.off, 108);
		assert_int_equal(cmd.in.off, cmd.pi_in.off + cmd.pi_in.len);
		assert_int_equal(cmd.in.off + cmd.in.len, 108 + in);
		assert_int_equal(cmd.task.tag, w.tag);
	}
	assert_true(good > 1000);
}

/* The response of @res, as bytes in little endian whatever this machine is. */
static const __u8 *fill(const struct vhx_scsi_result *res)
{
	static struct vhx_scsi_resp resp;
	const __u16 one = 1;
	struct vhx_scsi_opt opt = { .swap = !*(const __u8 *)&one };

	memset(&resp, 0xff, sizeof(resp));
	vhx_scsi_fill_resp(&opt, res, &resp);
	return (const __u8 *)&resp;
}

static void response_is_filled(void **state)
{
	__u8 want[108] = {
		18, 0, 0, 0, 0x44, 0x33, 0x22, 0x11, 0x66, 0x55, 2, 0,
		0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20,
	};
	struct vhx_scsi_result res = {
		.status = 2, .qualifier = 0x5566, .resid = 0x11223344,
		.sense_len = 18, .sense = want + 12,
	};

	(void)state;
	assert_memory_equal(fill(&res), want, 108);
}

static void response_of_no_sense_is_zero(void **state)
{
	static const __u8 none[108];
	struct vhx_scsi_result res = { 0 };

	(void)state;
	assert_memory_equal(fill(&res), none, 108);
}

/* Sense of every length, from a block of just that size. */
static void sense_is_bounded(void **state)
{
	struct vhx_scsi_result res = { .status = 2 };
	const __u8 *resp;
	__u32 len, n, i;
	__u8 *sense;

	(void)state;
	for (len = 0; len <= 300; len++) {
		n = len < 96 ? len : 96;
		sense = malloc(n ? n : 1);
		assert_non_null(sense);
		memset(sense, 0xa5, n);
		res.sense = n ? sense : NULL;
		res.sense_len = len;
		resp = fill(&res);
		free(sense);
		assert_int_equal(resp[0], n);
		assert_int_equal(resp[1] | resp[2] | resp[3], 0);
		for (i = 0; i < 96; i++)
			assert_int_equal(resp[12 + i], i < n ? 0xa5 : 0);
	}
	res.sense_len = 0xffffffff;
	sense = malloc(96);
	assert_non_null(sense);
	memset(sense, 1, 96);
	res.sense = sense;
	assert_int_equal(fill(&res)[0], 96);
	free(sense);
}

static void no_sense_without_a_status(void **state)
{
	static const __u8 sense[96] = { 0x70, 0, 6 };
	struct vhx_scsi_result res = {
		.status = 2, .qualifier = 7, .resid = 512, .sense_len = 96, .sense = sense,
	};
	__u8 want[108] = { [5] = 2 };
	__u32 response;

	(void)state;
	for (response = 1; response <= VHX_SCSI_S_INCORRECT_LUN; response++) {
		res.response = response;
		want[11] = response;
		assert_memory_equal(fill(&res), want, 108);
	}
}

static void response_in_the_other_byte_order(void **state)
{
	static const struct vhx_scsi_opt other = { .swap = true };
	static const __u8 sense[3] = { 0x70, 0, 5 };
	const struct vhx_scsi_result res = {
		.status = 2, .qualifier = 0x0102, .resid = 0x03040506, .sense_len = 3,
		.sense = sense,
	};
	struct vhx_scsi_resp a, b;
	__u32 i;

	(void)state;
	vhx_scsi_fill_resp(&plain, &res, &a);
	vhx_scsi_fill_resp(&other, &res, &b);
	for (i = 0; i < 4; i++) {
		assert_int_equal(a.sense_len[i], b.sense_len[3 - i]);
		assert_int_equal(a.resid[i], b.resid[3 - i]);
	}
	assert_int_equal(a.status_qualifier[0], b.status_qualifier[1]);
	assert_int_equal(a.status_qualifier[1], b.status_qualifier[0]);
	assert_memory_equal(&a.status, &b.status, 98);
}

static void used_length(void **state)
{
	struct want w = read10;

	(void)state;
	assert_int_equal(parse(&plain, &w, 512, 0), 0);
	assert_int_equal(vhx_scsi_used_len(&cmd, 0), 108);
	assert_int_equal(vhx_scsi_used_len(&cmd, 512), 108);
	assert_int_equal(parse(&plain, &w, 0, 4096), 0);
	assert_int_equal(vhx_scsi_used_len(&cmd, 0), 108);
	assert_int_equal(vhx_scsi_used_len(&cmd, 36), 144);
	assert_int_equal(vhx_scsi_used_len(&cmd, 4096), 4204);
	assert_int_equal(vhx_scsi_used_len(&cmd, 4097), 4204);
	assert_int_equal(vhx_scsi_used_len(&cmd, 0xffffffff), 4204);
	w.pi_in = 64;
	assert_int_equal(parse(&pi, &w, 0, 64 + 4096), 0);
	assert_int_equal(vhx_scsi_used_len(&cmd, 0), 108);
	assert_int_equal(vhx_scsi_used_len(&cmd, 1), 173);
	assert_int_equal(vhx_scsi_used_len(&cmd, 0xffffffff), 4268);
}

static int ctl_bytes(const struct vhx_scsi_opt *opt, const void *head, __u32 out, __u32 in)
{
	__u32 have = out < VHX_SCSI_CTL_LEN ? out : VHX_SCSI_CTL_LEN;
	__u8 *copy = malloc(have ? have : 1);
	struct vhx_scsi_buf buf = { .head = copy, .out_len = out, .in_len = in };
	int rc;

	assert_non_null(copy);
	memcpy(copy, head, have);
	memset(&ctl, 0xff, sizeof(ctl));
	rc = vhx_scsi_parse_ctl(opt, &buf, &ctl);
	free(copy);
	return rc;
}

static void write_tmf(__u8 *p, bool swap, __u32 subtype, const __u8 *lun)
{
	const __u64 tag = 0x1122334455667788;
	const __u32 type = VHX_SCSI_CTL_TMF;

	p = put(p, &type, 4, swap);
	p = put(p, &subtype, 4, swap);
	p = put(p, lun, 8, false);
	put(p, &tag, 8, swap);
}

static int tmf(__u32 subtype, const __u8 *lun)
{
	static const struct vhx_scsi_opt other = { .swap = true };
	struct vhx_scsi_ctl first;
	__u8 head[24];
	int rc;

	write_tmf(head, true, subtype, lun);
	rc = ctl_bytes(&other, head, 24, 1);
	first = ctl;
	write_tmf(head, false, subtype, lun);
	assert_int_equal(ctl_bytes(&plain, head, 24, 1), rc);
	assert_memory_equal(&first, &ctl, sizeof(ctl));
	return rc;
}

static void write_an(__u8 *p, bool swap, __u32 type)
{
	const __u32 events = 0x11223344;

	p = put(p, &type, 4, swap);
	p = put(p, addrs[0].lun, 8, false);
	put(p, &events, 4, swap);
}

static void every_tmf_is_parsed(void **state)
{
	__u32 sub;

	(void)state;
	for (sub = 0; sub < 300; sub++) {
		const bool known = sub < 8 && sub != VHX_SCSI_TMF_CLEAR_ACA;

		assert_int_equal(tmf(sub, read10.lun), known ? VHX_SCSI_S_OK : VHX_SCSI_S_REJECTED);
		assert_int_equal(ctl.type, VHX_SCSI_CTL_TMF);
		assert_int_equal(ctl.subtype, sub);
		if (!known)
			continue;
		assert_int_equal(ctl.task.target, 7);
		assert_int_equal(ctl.task.lun, 0x123);
		assert_int_equal(ctl.task.tag, 0x1122334455667788);
	}
	assert_int_equal(tmf(0x80000000, read10.lun), VHX_SCSI_S_REJECTED);
	assert_int_equal(tmf(0xffffffff, read10.lun), VHX_SCSI_S_REJECTED);
}

static void addresses_of_tmfs(void **state)
{
	__u32 i, sub;

	(void)state;
	for (i = 0; i < N(addrs); i++) {
		for (sub = 0; sub < 8; sub++) {
			const bool of_target = addrs[i].lun[0] == 1;
			int want = addrs[i].rc;

			if (sub == VHX_SCSI_TMF_NEXUS_RESET)
				want = of_target ? VHX_SCSI_S_OK : VHX_SCSI_S_BAD_TARGET;
			if (sub == VHX_SCSI_TMF_CLEAR_ACA)
				want = VHX_SCSI_S_REJECTED;
			assert_int_equal(tmf(sub, addrs[i].lun), want);
			if (want != VHX_SCSI_S_OK)
				continue;
			assert_int_equal(ctl.task.target, of_target ? addrs[i].lun[1] : 0);
			if (sub != VHX_SCSI_TMF_NEXUS_RESET)
				assert_int_equal(ctl.task.lun, addrs[i].unit);
		}
	}
}

static void control_requests_of_every_length(void **state)
{
	__u8 head[24] = { 0 };
	__u32 len, in;

	(void)state;
	for (len = 0; len < 40; len++) {
		for (in = 0; in < 12; in++) {
			write_tmf(head, false, VHX_SCSI_TMF_LUN_RESET, read10.lun);
			assert_int_equal(ctl_bytes(&plain, head, len, in),
					 len >= 24 && in >= 1 ? VHX_SCSI_S_OK : -EINVAL);
			write_an(head, false, VHX_SCSI_CTL_AN_QUERY);
			assert_int_equal(ctl_bytes(&plain, head, len, in),
					 len >= 16 && in >= 5 ? VHX_SCSI_S_OK : -EINVAL);
			write_an(head, false, 3);
			assert_int_equal(ctl_bytes(&plain, head, len, in),
					 len >= 4 ? -EOPNOTSUPP : -EINVAL);
		}
	}
}

static void notifications_are_parsed(void **state)
{
	static const struct vhx_scsi_opt other = { .swap = true };
	__u8 head[24] = { 0 };
	__u32 type;

	(void)state;
	for (type = 1; type <= 2; type++) {
		write_an(head, false, type);
		assert_int_equal(ctl_bytes(&plain, head, 16, 5), VHX_SCSI_S_OK);
		assert_int_equal(ctl.type, type);
		assert_int_equal(ctl.events, 0x11223344);
		write_an(head, true, type);
		assert_int_equal(ctl_bytes(&other, head, 16, 5), VHX_SCSI_S_OK);
		assert_int_equal(ctl.type, type);
		assert_int_equal(ctl.events, 0x11223344);
		assert_false(vhx_scsi_tmf_concerns(&(struct vhx_scsi_ctl) {
			.subtype = 99 }, &cmd.task));
	}
}

static void control_responses(void **state)
{
	static const __u8 zero[5];
	struct vhx_scsi_an_resp resp;

	(void)state;
	for (ctl.type = 0; ctl.type < 3; ctl.type++) {
		const bool is_tmf = ctl.type == VHX_SCSI_CTL_TMF;

		memset(&resp, 0xff, sizeof(resp));
		assert_int_equal(vhx_scsi_fill_ctl(&ctl, VHX_SCSI_S_OK, &resp), is_tmf ? 1 : 5);
		assert_memory_equal(&resp, zero, 5);
		vhx_scsi_fill_ctl(&ctl, VHX_SCSI_S_REJECTED, &resp);
		assert_int_equal(((__u8 *)&resp)[is_tmf ? 0 : 4], VHX_SCSI_S_REJECTED);
		assert_int_equal(((__u8 *)&resp)[is_tmf ? 4 : 0], 0);
	}
}

/* Whom each function is about: the command itself, and those that differ from it in one thing. */
static void whom_a_tmf_is_about(void **state)
{
	static const struct vhx_scsi_task to[] = {
		{ 7, 0x123, 0x1122334455667788 },	/* the command */
		{ 7, 0x123, 0x1122334455667789 },	/* another tag */
		{ 7, 0x124, 0x1122334455667788 },	/* another logical unit */
		{ 8, 0x123, 0x1122334455667788 },	/* another target */
		{ 7, 0x123, 0x0022334455667788 },
		{ 7, VHX_SCSI_LUN_REPORT, 0x1122334455667788 },
	};
	static const struct {
		__u32 subtype;
		const char *concerns;
		__u8 ends, found, none;
	} v[] = {
		{ VHX_SCSI_TMF_ABORT_TASK,	"y-----", VHX_SCSI_S_ABORTED, 0, 0 },
		{ VHX_SCSI_TMF_ABORT_TASK_SET,	"yy--y-", VHX_SCSI_S_ABORTED, 0, 0 },
		{ VHX_SCSI_TMF_CLEAR_TASK_SET,	"yy--y-", VHX_SCSI_S_ABORTED, 0, 0 },
		{ VHX_SCSI_TMF_LUN_RESET,	"yy--y-", VHX_SCSI_S_RESET, 0, 0 },
		{ VHX_SCSI_TMF_NEXUS_RESET,	"yyy-y-", VHX_SCSI_S_RESET, 0, 0 },
		{ VHX_SCSI_TMF_QUERY_TASK,	"y-----", 0, VHX_SCSI_S_SUCCEEDED, 0 },
		{ VHX_SCSI_TMF_QUERY_TASK_SET,	"yy--y-", 0, VHX_SCSI_S_SUCCEEDED, 0 },
	};
	__u32 i, k;

	(void)state;
	for (i = 0; i < N(v); i++) {
		assert_int_equal(tmf(v[i].subtype, read10.lun), VHX_SCSI_S_OK);
		for (k = 0; k < N(to); k++)
			assert_int_equal(vhx_scsi_tmf_concerns(&ctl, &to[k]),
					 v[i].concerns[k] == 'y');
		assert_int_equal(vhx_scsi_tmf_ends(&ctl), v[i].ends);
		assert_int_equal(vhx_scsi_tmf_answer(&ctl, true), v[i].found);
		assert_int_equal(vhx_scsi_tmf_answer(&ctl, false), v[i].none);
	}
}

static void refused_tmfs_are_about_nobody(void **state)
{
	const struct vhx_scsi_task to = { 7, 0x123, 0x1122334455667788 };
	static const __u32 v[] = { VHX_SCSI_TMF_CLEAR_ACA, 8, 0xffffffff };
	__u32 i;

	(void)state;
	for (i = 0; i < N(v); i++) {
		assert_int_equal(tmf(v[i], read10.lun), VHX_SCSI_S_REJECTED);
		ctl.task = to;
		assert_false(vhx_scsi_tmf_concerns(&ctl, &to));
		assert_int_equal(vhx_scsi_tmf_ends(&ctl), VHX_SCSI_S_OK);
		assert_int_equal(vhx_scsi_tmf_answer(&ctl, true), VHX_SCSI_S_REJECTED);
		assert_int_equal(vhx_scsi_tmf_answer(&ctl, false), VHX_SCSI_S_REJECTED);
	}
}

/* A command's address in the one form, the function's in the other: it is the same unit. */
static void both_forms_of_an_address_are_one(void **state)
{
	static const __u8 flat[8] = { 1, 2, 0x40, 9 }, bare[8] = { 1, 2, 0, 9 };
	struct want w = read10;

	(void)state;
	memcpy(w.lun, flat, 8);
	assert_int_equal(parse(&plain, &w, 0, 0), VHX_SCSI_S_OK);
	assert_int_equal(tmf(VHX_SCSI_TMF_ABORT_TASK, bare), VHX_SCSI_S_OK);
	assert_true(vhx_scsi_tmf_concerns(&ctl, &cmd.task));
	memcpy(w.lun, "\xc1\1\0\0\0\0\0", 8);
	assert_int_equal(parse(&plain, &w, 0, 0), VHX_SCSI_S_OK);
	assert_int_equal(tmf(VHX_SCSI_TMF_ABORT_TASK, w.lun), VHX_SCSI_S_OK);
	assert_true(vhx_scsi_tmf_concerns(&ctl, &cmd.task));
	assert_int_equal(tmf(VHX_SCSI_TMF_NEXUS_RESET, (__u8[8]) { 1, 0 }), VHX_SCSI_S_OK);
	assert_false(vhx_scsi_tmf_concerns(&ctl, &cmd.task));
}

static void events_are_filled(void **state)
{
	static const struct {
		struct vhx_scsi_news news;
		__u8 want[16];
	} v[] = {
		{ { VHX_SCSI_EV_NONE, 0, 0, 0, false }, { 0 } },
		{ { VHX_SCSI_EV_NONE, 1, 2, 3, true }, { [3] = 0x80 } },
		{ { VHX_SCSI_EV_TRANSPORT_RESET, VHX_SCSI_RESET_RESCAN, 2, 3, false },
		  { 1, 0, 0, 0, 1, 2, 0, 3, 0, 0, 0, 0, 1 } },
		{ { VHX_SCSI_EV_TRANSPORT_RESET, VHX_SCSI_RESET_REMOVED, 255, 255, false },
		  { 1, 0, 0, 0, 1, 255, 0, 255, 0, 0, 0, 0, 2 } },
		{ { VHX_SCSI_EV_TRANSPORT_RESET, VHX_SCSI_RESET_HARD, 0, 256, true },
		  { 1, 0, 0, 0x80, 1, 0, 0x41, 0, 0, 0, 0, 0, 0 } },
		{ { VHX_SCSI_EV_PARAM_CHANGE, 0x092a, 0, 16383, false },
		  { 3, 0, 0, 0, 1, 0, 0x7f, 0xff, 0, 0, 0, 0, 0x2a, 9 } },
		{ { VHX_SCSI_EV_ASYNC_NOTIFY, 0x11223344, 1, 0, false },
		  { 2, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0x44, 0x33, 0x22, 0x11 } },
	};
	const __u16 one = 1;
	struct vhx_scsi_opt opt = { .swap = !*(const __u8 *)&one };
	struct vhx_scsi_event ev;
	__u32 i;

	(void)state;
	for (i = 0; i < N(v); i++) {
		memset(&ev, 0xff, sizeof(ev));
		vhx_scsi_fill_event(&opt, &v[i].news, &ev);
		assert_memory_equal(&ev, v[i].want, 16);
	}
	assert_int_equal(vhx_scsi_reason(0x2a, 0x09), 0x092a);
	assert_int_equal(vhx_scsi_reason(0xff, 0xff), 0xffff);

	opt.swap = !opt.swap;
	vhx_scsi_fill_event(&opt, &v[5].news, &ev);
	assert_memory_equal(&ev, "\0\0\0\3\1\0\x7f\xff\0\0\0\0\0\0\x09\x2a", 16);
}

/* What an agent says is as little to be believed as what a guest does. */
static void news_of_an_agent_are_looked_at(void **state)
{
	static const struct {
		__u8 lun[8];
		__u32 event, reason;
		int rc;
		__u8 target;
		__u16 unit;
	} v[] = {
		{ { 1, 2, 0x40, 3 }, VHX_SCSI_EV_TRANSPORT_RESET, VHX_SCSI_RESET_HARD, 0, 2, 3 },
		{ { 1, 2, 0, 3 }, VHX_SCSI_EV_TRANSPORT_RESET, VHX_SCSI_RESET_RESCAN, 0, 2, 3 },
		{ { 1, 255, 0x7f, 255 }, VHX_SCSI_EV_TRANSPORT_RESET, VHX_SCSI_RESET_REMOVED, 0, 255, 16383 },
		{ { 1, 0, 0, 0 }, VHX_SCSI_EV_PARAM_CHANGE, 0xffff, 0, 0, 0 },
		{ { 1, 0, 0, 0 }, VHX_SCSI_EV_TRANSPORT_RESET, 3, -EINVAL, 0, 0 },
		{ { 1, 0, 0, 0 }, VHX_SCSI_EV_PARAM_CHANGE, 0x10000, -EINVAL, 0, 0 },
		{ { 1, 0, 0, 0 }, VHX_SCSI_EV_NONE, 0, -EINVAL, 0, 0 },
		{ { 1, 0, 0, 0 }, VHX_SCSI_EV_ASYNC_NOTIFY, 0, -EINVAL, 0, 0 },
		{ { 1, 0, 0, 0 }, VHX_SCSI_EV_MISSED, 0, -EINVAL, 0, 0 },
		{ { 1, 0, 0, 0 }, VHX_SCSI_EV_MISSED | 1, 0, -EINVAL, 0, 0 },
		{ { 0 }, VHX_SCSI_EV_TRANSPORT_RESET, 0, -EINVAL, 0, 0 },
		{ { 2, 0, 0, 0 }, VHX_SCSI_EV_TRANSPORT_RESET, 0, -EINVAL, 0, 0 },
		{ { 1, 0, 0x80, 0 }, VHX_SCSI_EV_TRANSPORT_RESET, 0, -EINVAL, 0, 0 },
		{ { 1, 0, 0, 0, 0, 0, 0, 1 }, VHX_SCSI_EV_TRANSPORT_RESET, 0, -EINVAL, 0, 0 },
		{ { 0xc1, 1 }, VHX_SCSI_EV_TRANSPORT_RESET, 0, -EINVAL, 0, 0 },
	};
	__u32 i;

	(void)state;
	for (i = 0; i < N(v); i++) {
		struct vhx_scsi_news news = { .event = v[i].event, .reason = v[i].reason };

		assert_int_equal(vhx_scsi_parse_news(v[i].lun, &news), v[i].rc);
		assert_int_equal(news.target, v[i].target);
		assert_int_equal(news.lun, v[i].unit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(command_is_parsed),
		cmocka_unit_test(command_with_protection_is_parsed),
		cmocka_unit_test(head_or_response_that_does_not_fit_is_a_bad_chain),
		cmocka_unit_test(addresses_of_commands),
		cmocka_unit_test(addresses_of_every_kind),
		cmocka_unit_test(data_both_ways_must_be_negotiated),
		cmocka_unit_test(protection_longer_than_the_data),
		cmocka_unit_test(data_without_bound_is_refused),
		cmocka_unit_test(task_attributes),
		cmocka_unit_test(commands_at_random),
		cmocka_unit_test(response_is_filled),
		cmocka_unit_test(response_of_no_sense_is_zero),
		cmocka_unit_test(sense_is_bounded),
		cmocka_unit_test(no_sense_without_a_status),
		cmocka_unit_test(response_in_the_other_byte_order),
		cmocka_unit_test(used_length),
		cmocka_unit_test(every_tmf_is_parsed),
		cmocka_unit_test(addresses_of_tmfs),
		cmocka_unit_test(control_requests_of_every_length),
		cmocka_unit_test(notifications_are_parsed),
		cmocka_unit_test(control_responses),
		cmocka_unit_test(whom_a_tmf_is_about),
		cmocka_unit_test(refused_tmfs_are_about_nobody),
		cmocka_unit_test(both_forms_of_an_address_are_one),
		cmocka_unit_test(events_are_filled),
		cmocka_unit_test(news_of_an_agent_are_looked_at),
	};

	naive_seed();
	return cmocka_run_group_tests_name("req", tests, NULL, NULL);
}
