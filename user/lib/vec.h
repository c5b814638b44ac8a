/* SPDX-License-Identifier: GPL-2.0-only */
/* Test vectors: a file as vec_parse.c reads it and vec.c runs it. */
#ifndef _LIBVHX_VEC_H
#define _LIBVHX_VEC_H

#include "internal.h"

#define VEC_NAME_LEN	64
#define VEC_MAX_WORDS	4096
#define VEC_MAX_BYTES	(1U << 20)

enum stmt_kind {
	STMT_SET,
	STMT_MAP_UPDATE,
	STMT_MAP_DELETE,
	STMT_MAP_LOOKUP,
	STMT_TEST,
	STMT_FRESH,
};

struct bytes {
	__u8 *data;
	size_t len;
};

/**
 * struct expect - what a test wants
 * @effect: VHX_EFFECT_*
 * @exact: @detail counts: the queue, or the reason of a drop
 * @same: the queue of the last rx test that had one
 * @words: as the file says it
 */
struct expect {
	__u32 effect;
	__u32 detail;
	bool exact;
	bool same;
	char words[VEC_NAME_LEN];
};

/**
 * struct stmt - a statement; "packet" is none, it is looked up while reading
 * @name: of the knob or the map
 * @text: the knob's value
 * @key: of a map's element
 * @value: of a map's element, or a test's frame
 * @absent: lookup: there must be no such key
 * @run: a test's options
 * @title: a test's name
 */
struct stmt {
	enum stmt_kind kind;
	unsigned int line;
	char name[VEC_NAME_LEN];
	char text[VEC_NAME_LEN];
	struct bytes key;
	struct bytes value;
	bool absent;
	struct vhx_test_run run;
	struct expect expect;
	char *title;
};

struct packet {
	char name[VEC_NAME_LEN];
	struct bytes bytes;
};

struct vhx_vec {
	char *object;
	char *file;
	struct stmt *stmts;
	size_t nr_stmts;
	struct packet *packets;
	size_t nr_packets;
	struct vhx_policy *policy;
	unsigned int nr_tests;
	__u32 last_queue;
	bool has_queue;
	char error[512];
};

/**
 * struct vec_line - one statement, its continuations joined, cut into words
 * @nr: the line it begins in
 * @comment: NULL when it has none
 */
struct vec_line {
	struct vhx_vec *vec;
	unsigned int nr;
	char *words[VEC_MAX_WORDS];
	unsigned int nr_words;
	const char *comment;
};

/* file:line: what; returns -EINVAL */
int vec_fail(struct vhx_vec *vec, unsigned int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define LINE_FAIL(line, ...) vec_fail((line)->vec, (line)->nr, __VA_ARGS__)

/* vec_line.c: what a line is made of */
int vec_each_line(struct vhx_vec *vec, int (*fn)(struct vec_line *line));
int vec_take_name(struct vec_line *line, const char *word, char *name);
int vec_take_number(struct vec_line *line, const char *word, __u32 min, __u32 max,
		    __u32 *number);
int vec_take_bytes(struct vec_line *line, const char *word, struct bytes *bytes);

/* vec_parse.c: what it means */
int vec_parse(struct vhx_vec *vec);

#endif
