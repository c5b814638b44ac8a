// SPDX-License-Identifier: GPL-2.0-only
/* Test vectors: from lines to statements. The grammar is in bpf/README.md. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vec.h"

#define MIN_FRAME	14

static struct packet *find_packet(const struct vhx_vec *vec, const char *name)
{
	size_t i;

	for (i = 0; i < vec->nr_packets; i++)
		if (!strcmp(vec->packets[i].name, name))
			return &vec->packets[i];
	return NULL;
}

static int parse_packet(struct vec_line *line)
{
	struct vhx_vec *vec = line->vec;
	struct packet *packets, *packet;
	unsigned int i;
	int err;

	if (line->nr_words < 3)
		return LINE_FAIL(line, "it is: packet NAME BYTES...");
	if (find_packet(vec, line->words[1]))
		return LINE_FAIL(line, "packet %s is there already", line->words[1]);
	packets = reallocarray(vec->packets, vec->nr_packets + 1, sizeof(*packets));
	if (!packets)
		return -ENOMEM;
	vec->packets = packets;
	packet = &packets[vec->nr_packets++];
	memset(packet, 0, sizeof(*packet));

	err = vec_take_name(line, line->words[1], packet->name);
	for (i = 2; !err && i < line->nr_words; i++)
		err = vec_take_bytes(line, line->words[i], &packet->bytes);
	return err;
}

static int parse_set(struct vec_line *line, struct stmt *stmt)
{
	stmt->kind = STMT_SET;
	if (line->nr_words != 3 || strlen(line->words[2]) >= sizeof(stmt->text))
		return LINE_FAIL(line, "it is: set NAME VALUE");
	strcpy(stmt->text, line->words[2]);
	return vec_take_name(line, line->words[1], stmt->name);
}

static int parse_map_lookup(struct vec_line *line, struct stmt *stmt)
{
	stmt->kind = STMT_MAP_LOOKUP;
	if (line->nr_words != 6 || strcmp(line->words[4], "=>"))
		return LINE_FAIL(line, "it is: map NAME lookup BYTES => BYTES or none");
	stmt->absent = !strcmp(line->words[5], "none");
	return stmt->absent ? 0 : vec_take_bytes(line, line->words[5], &stmt->value);
}

static int parse_map(struct vec_line *line, struct stmt *stmt)
{
	const char *verb = line->nr_words > 2 ? line->words[2] : "";
	int err;

	if (!strcmp(verb, "update") && line->nr_words == 5) {
		stmt->kind = STMT_MAP_UPDATE;
		err = vec_take_bytes(line, line->words[4], &stmt->value);
	} else if (!strcmp(verb, "delete") && line->nr_words == 4) {
		stmt->kind = STMT_MAP_DELETE;
		err = 0;
	} else if (!strcmp(verb, "lookup")) {
		err = parse_map_lookup(line, stmt);
	} else {
		return LINE_FAIL(line, "it is: map NAME update, delete or lookup KEY...");
	}
	if (!err)
		err = vec_take_name(line, line->words[1], stmt->name);
	return err ?: vec_take_bytes(line, line->words[3], &stmt->key);
}

/* --- tests --- */

enum option {
	OPT_PKT,
	OPT_HEX,
	OPT_CUT,
	OPT_QUEUES,
	OPT_QUEUE,
	OPT_GSO,
	OPT_REPEAT,
};

static const char *const options[] = {
	[OPT_PKT] = "pkt",
	[OPT_HEX] = "hex",
	[OPT_CUT] = "cut",
	[OPT_QUEUES] = "queues",
	[OPT_QUEUE] = "queue",
	[OPT_GSO] = "gso",
	[OPT_REPEAT] = "repeat",
};

static int find_option(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcmp(options[i], name))
			return i;
	return -1;
}

static int take_packet(struct vec_line *line, const char *name, struct bytes *bytes)
{
	const struct packet *packet = find_packet(line->vec, name);

	if (!packet)
		return LINE_FAIL(line, "no packet %s", name);
	bytes->data = malloc(packet->bytes.len);
	if (!bytes->data)
		return -ENOMEM;
	memcpy(bytes->data, packet->bytes.data, packet->bytes.len);
	bytes->len = packet->bytes.len;
	return 0;
}

static int parse_option(struct vec_line *line, char *word, unsigned int *seen, struct stmt *stmt)
{
	struct vhx_test_run *run = &stmt->run;
	char *value = strchr(word, '=');
	int opt;

	if (!value)
		return LINE_FAIL(line, "\"%s\" is no option KEY=VALUE", word);
	*value++ = '\0';
	opt = find_option(word);
	if (opt < 0)
		return LINE_FAIL(line, "no option \"%s\"", word);
	if (*seen & 1U << opt)
		return LINE_FAIL(line, "option %s twice", word);
	*seen |= 1U << opt;

	switch ((enum option)opt) {
	case OPT_PKT:
		return take_packet(line, value, &stmt->value);
	case OPT_HEX:
		return vec_take_bytes(line, value, &stmt->value);
	case OPT_CUT:
		return vec_take_number(line, value, MIN_FRAME, VEC_MAX_BYTES, &run->data_len);
	case OPT_QUEUES:
		return vec_take_number(line, value, 1, 256, &run->queues);
	case OPT_QUEUE:
		return vec_take_number(line, value, 0, 255, &run->queue);
	case OPT_GSO:
		return vec_take_number(line, value, 0, 65535, &run->gso_size);
	case OPT_REPEAT:
		return vec_take_number(line, value, 1, VHX_TEST_MAX_REPEAT, &run->repeat);
	}
	return -EINVAL;
}

static int check_options(struct vec_line *line, unsigned int seen, struct stmt *stmt)
{
	struct vhx_test_run *run = &stmt->run;
	bool pkt = seen & 1U << OPT_PKT;
	bool raw = seen & 1U << OPT_HEX;

	if (pkt == raw)
		return LINE_FAIL(line, "a packet is wanted, by pkt= or by hex=");
	if (stmt->value.len < MIN_FRAME || stmt->value.len > VHX_TEST_MAX_LEN)
		return LINE_FAIL(line, "a packet has %u to %u bytes, this has %zu", MIN_FRAME,
				 VHX_TEST_MAX_LEN, stmt->value.len);
	if (!(seen & 1U << OPT_CUT))
		run->data_len = stmt->value.len;
	if (run->data_len > stmt->value.len)
		return LINE_FAIL(line, "cut=%u is beyond the packet's %zu bytes", run->data_len,
				 stmt->value.len);
	if (run->queue >= run->queues)
		return LINE_FAIL(line, "queue=%u is not below queues=%u", run->queue, run->queues);
	return 0;
}

static int find_reason(const char *word)
{
	const char *name;
	__u32 reason;

	for (reason = 0; (name = vhx_drop_reason__name(reason)); reason++)
		if (!strcmp(name, word))
			return reason;
	return -1;
}

static int parse_detail(struct vec_line *line, const char *word, struct expect *expect)
{
	int reason;

	expect->exact = true;
	if (expect->effect == VHX_EFFECT_QUEUE) {
		expect->same = !strcmp(word, "same");
		return expect->same ? 0 : vec_take_number(line, word, 0, 0xffff, &expect->detail);
	}
	if (expect->effect != VHX_EFFECT_DROP)
		return LINE_FAIL(line, "nothing more is expected behind \"%s\"", expect->words);
	reason = find_reason(word);
	if (reason < 0)
		return vec_take_number(line, word, 0, 255, &expect->detail);
	expect->detail = reason;
	return 0;
}

/* The words from @first on, behind "=>". */
static int parse_expect(struct vec_line *line, unsigned int first, struct expect *expect)
{
	unsigned int nr = line->nr_words - first;
	const char *name;

	if (nr < 1 || nr > 2)
		return LINE_FAIL(line, "behind => comes what is expected");
	while ((name = vhx_effect__name(expect->effect)) && strcmp(name, line->words[first]))
		expect->effect++;
	if (!name)
		return LINE_FAIL(line, "nothing is \"%s\"", line->words[first]);
	snprintf(expect->words, sizeof(expect->words), "%s%s%.32s", name, nr > 1 ? " " : "",
		 nr > 1 ? line->words[first + 1] : "");
	return nr > 1 ? parse_detail(line, line->words[first + 1], expect) : 0;
}

static int parse_test(struct vec_line *line, struct stmt *stmt)
{
	unsigned int seen = 0;
	unsigned int i;
	int err;

	stmt->kind = STMT_TEST;
	stmt->run.dir = strcmp(line->words[0], "rx") ? VHX_DIR_TX : VHX_DIR_RX;
	stmt->run.queues = 4;
	stmt->run.repeat = 1;
	for (i = 1; i < line->nr_words && strcmp(line->words[i], "=>"); i++) {
		err = parse_option(line, line->words[i], &seen, stmt);
		if (err)
			return err;
	}
	if (i == line->nr_words)
		return LINE_FAIL(line, "a test says what it expects: =>");
	err = check_options(line, seen, stmt);
	return err ?: parse_expect(line, i + 1, &stmt->expect);
}

static int parse_fresh(struct vec_line *line, struct stmt *stmt)
{
	stmt->kind = STMT_FRESH;
	return line->nr_words == 1 ? 0 : LINE_FAIL(line, "fresh takes nothing");
}

static const struct {
	const char *word;
	int (*parse)(struct vec_line *line, struct stmt *stmt);
} statements[] = {
	{ "set", parse_set },
	{ "map", parse_map },
	{ "rx", parse_test },
	{ "tx", parse_test },
	{ "fresh", parse_fresh },
};

static int title(struct vec_line *line, struct stmt *stmt)
{
	if (stmt->kind != STMT_TEST && stmt->kind != STMT_MAP_LOOKUP)
		return 0;
	line->vec->nr_tests++;
	if (line->comment && *line->comment)
		stmt->title = strdup(line->comment);
	else if (asprintf(&stmt->title, "line %u", line->nr) < 0)
		stmt->title = NULL;
	return stmt->title ? 0 : -ENOMEM;
}

static int parse_statement(struct vec_line *line)
{
	struct vhx_vec *vec = line->vec;
	struct stmt *stmts, *stmt;
	size_t i;
	int err;

	if (!strcmp(line->words[0], "packet"))
		return parse_packet(line);
	for (i = 0; i < ARRAY_SIZE(statements); i++)
		if (!strcmp(line->words[0], statements[i].word))
			break;
	if (i == ARRAY_SIZE(statements))
		return LINE_FAIL(line, "no statement \"%s\"", line->words[0]);

	stmts = reallocarray(vec->stmts, vec->nr_stmts + 1, sizeof(*stmts));
	if (!stmts)
		return -ENOMEM;
	vec->stmts = stmts;
	stmt = &stmts[vec->nr_stmts++];
	*stmt = (struct stmt) { .line = line->nr };
	err = statements[i].parse(line, stmt);
	return err ?: title(line, stmt);
}

int vec_parse(struct vhx_vec *vec)
{
	int err = vec_each_line(vec, parse_statement);

	if (!err && !vec->nr_tests) {
		snprintf(vec->error, sizeof(vec->error), "%s: a file without any test",
			 vec->file);
		err = -EINVAL;
	}
	return err;
}
