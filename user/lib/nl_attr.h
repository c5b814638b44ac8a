/* SPDX-License-Identifier: GPL-2.0-only */
/* From netlink attributes to the structs of libvhx.h: what the files of objects share. */
#ifndef _LIBVHX_NL_ATTR_H
#define _LIBVHX_NL_ATTR_H

#include <string.h>

#include <linux/genetlink.h>

#include "nl.h"

/* More than the largest attribute number of any object. */
#define ATTRS		32

struct attrs {
	const struct nlattr *tb[ATTRS];
};

static inline int keep_attr(const struct nlattr *attr, void *arg)
{
	unsigned int type = mnl_attr_get_type(attr);
	struct attrs *attrs = arg;

	if (type < ATTRS)
		attrs->tb[type] = attr;
	return MNL_CB_OK;
}

static inline void parse(const struct nlmsghdr *nlh, struct attrs *attrs)
{
	memset(attrs, 0, sizeof(*attrs));
	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), keep_attr, attrs);
}

static inline __u8 get_u8(const struct attrs *attrs, int type)
{
	const struct nlattr *attr = attrs->tb[type];

	return attr && mnl_attr_get_payload_len(attr) >= 1 ? mnl_attr_get_u8(attr) : 0;
}

static inline __u16 get_u16(const struct attrs *attrs, int type)
{
	const struct nlattr *attr = attrs->tb[type];

	return attr && mnl_attr_get_payload_len(attr) >= 2 ? mnl_attr_get_u16(attr) : 0;
}

static inline __u32 get_u32(const struct attrs *attrs, int type)
{
	const struct nlattr *attr = attrs->tb[type];

	return attr && mnl_attr_get_payload_len(attr) >= 4 ? mnl_attr_get_u32(attr) : 0;
}

static inline __u64 get_u64(const struct attrs *attrs, int type)
{
	const struct nlattr *attr = attrs->tb[type];

	return attr && mnl_attr_get_payload_len(attr) >= 8 ? mnl_attr_get_u64(attr) : 0;
}

static inline const char *get_str(const struct attrs *attrs, int type)
{
	const struct nlattr *attr = attrs->tb[type];

	if (!attr || mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0)
		return "";
	return mnl_attr_get_str(attr);
}

static inline bool get_flag(const struct attrs *attrs, int type)
{
	return attrs->tb[type];
}

/* A nest of u64, attribute type = index + 1. */
static inline void get_table(const struct attrs *attrs, int type, __u64 *table, unsigned int nr)
{
	const struct nlattr *attr;
	unsigned int index;

	memset(table, 0, nr * sizeof(*table));
	if (!attrs->tb[type])
		return;
	mnl_attr_for_each_nested(attr, attrs->tb[type]) {
		index = mnl_attr_get_type(attr) - 1U;
		if (index < nr && mnl_attr_get_payload_len(attr) >= 8)
			table[index] = mnl_attr_get_u64(attr);
	}
}

/* Any of the functions that libvhx.h has for a walk; called as the one that it is. */
typedef void (*walk_fn)(void);

/**
 * struct walk - what a dump carries
 * @fn: the caller's function, to be cast back to what it is
 * @arg: for it
 * @ret: what it said last; all but 0 ends the walk
 */
struct walk {
	walk_fn fn;
	void *arg;
	int ret;
};

/*
 * A walk that its caller ended has the rest of the dump still to come; it is read and dropped,
 * so that the connection can be used again.
 */
static inline int walk_on(struct walk *walk, int ret)
{
	walk->ret = ret;
	return MNL_CB_OK;
}

/* The dump that @req asks for, an object a call of @each. Return: 0, or what ended it. */
static inline int walk(struct vhx_nl *nl, struct nl_req *req, mnl_cb_t each, walk_fn fn, void *arg)
{
	struct walk w = { .fn = fn, .arg = arg };
	int err = nl_run(nl, req, each, &w);

	return w.ret ?: err;
}

#endif
