/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output. A verb builds one JSON value; -j prints it, and text is a view of it. So the two can
 * never disagree, and text shows nothing that a program could not read.
 */
#ifndef _VHX_OUT_H
#define _VHX_OUT_H

#include "vhx.h"

/* How a value looks in text. Numbers are raw in JSON. */
enum out_kind {
	OUT_PLAIN,
	OUT_COUNT,	/* 12.3M */
	OUT_BYTES,	/* 12.3 MiB */
	OUT_BITS,	/* 12.3 Mbit/s */
	OUT_NS,		/* 12.3 us */
	OUT_AGO,	/* of CLOCK_BOOTTIME: 12 s ago */
	OUT_STATE,	/* a word with a colour */
};

/**
 * struct out_col - a column of a table, or a line of a record
 * @key: the JSON key; "policy.name" goes down
 * @head: what text calls it
 */
struct out_col {
	const char *key;
	const char *head;
	enum out_kind kind;
};

/* Print @value as JSON and put it. Return: false where text is wanted instead. */
bool out_json(struct json_object *value);

void out_table(struct json_object *rows, const struct out_col *cols, size_t nr);
void out_record(struct json_object *obj, const struct out_col *cols, size_t nr);
void out_title(const char *title);

/* Text of one value, into @buf. */
const char *out_format(struct json_object *value, enum out_kind kind, char *buf, size_t size);

/* Colours on: a terminal, and no NO_COLOR. */
bool out_colours(void);

/* Short names for what json-c says at length. A NULL string is null. */
struct json_object *j_obj(void);
struct json_object *j_arr(void);
void j_str(struct json_object *obj, const char *key, const char *value);
void j_num(struct json_object *obj, const char *key, __u64 value);
void j_bool(struct json_object *obj, const char *key, bool value);
void j_hex(struct json_object *obj, const char *key, __u64 value);
void j_add(struct json_object *obj, const char *key, struct json_object *value);
struct json_object *j_get(struct json_object *obj, const char *path);
const char *j_get_str(struct json_object *obj, const char *path);
__u64 j_get_num(struct json_object *obj, const char *path);
bool j_get_bool(struct json_object *obj, const char *path);

#endif
