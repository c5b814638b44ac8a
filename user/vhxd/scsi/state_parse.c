// SPDX-License-Identifier: GPL-2.0-only
/* The state file, read: every line is one that state.c could have written, or none is taken. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "state.h"
#include "state_file.h"

#define MAX_WORDS	8

/**
 * struct parse - the file on the way through
 * @power_lost: it was written before the host was booted
 * @pr: the table so far, with all the room there can be
 */
struct parse {
	struct scsi_unit *unit;
	char *word[MAX_WORDS];
	uint32_t nr_words;
	bool has_unit, has_boot, has_mode, has_pr, power_lost;
	struct mode mode;
	struct pr_table *pr;
	uint32_t nr_ua;
};

static bool number(const char *text, int base, uint64_t max, uint64_t *value)
{
	char *end;

	if (!isxdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*value = strtoull(text, &end, base);
	return !errno && !*end && *value <= max;
}

static bool flag(const char *text, bool *value)
{
	*value = text[0] == '1';
	return (text[0] == '0' || text[0] == '1') && !text[1];
}

static bool parse_unit(struct parse *p)
{
	p->has_unit = true;
	return !strcmp(p->word[1], p->unit->name);
}

static bool parse_boot(struct parse *p)
{
	p->has_boot = true;
	p->power_lost = strcmp(p->word[1], p->unit->boot_id);
	return true;
}

static bool parse_mode(struct parse *p)
{
	p->has_mode = true;
	return flag(p->word[1], &p->mode.wce) && flag(p->word[2], &p->mode.d_sense) &&
	       flag(p->word[3], &p->mode.swp);
}

static bool parse_pr(struct parse *p)
{
	uint64_t gen, type, holder = 0;
	bool nobody = !strcmp(p->word[4], "-1");

	if (p->has_pr || !number(p->word[1], 10, UINT32_MAX, &gen) ||
	    !flag(p->word[2], &p->pr->aptpl) || !number(p->word[3], 10, 8, &type) ||
	    (!nobody && !number(p->word[4], 10, PR_MAX - 1, &holder)))
		return false;
	if (type && !pr_type_is_valid((uint8_t)type))
		return false;
	p->has_pr = true;
	p->pr->gen = (uint32_t)gen;
	p->pr->type = (enum pr_type)type;
	p->pr->holder = nobody ? -1 : (int)holder;
	return true;
}

static bool parse_reg(struct parse *p)
{
	struct pr_reg *reg = p->pr->reg + p->pr->nr;
	uint64_t port;

	if (!p->has_pr || p->pr->nr == PR_MAX || !number(p->word[1], 16, UINT64_MAX, &reg->key) ||
	    !reg->key || !number(p->word[2], 10, UINT16_MAX, &port) ||
	    !name_is_sound(p->word[3]) || !name_is_sound(p->word[4]))
		return false;
	reg->port = (uint16_t)port;
	strcpy(reg->initiator, p->word[3]);
	strcpy(reg->wwpn, p->word[4]);
	p->pr->nr++;
	return true;
}

static bool parse_done(struct parse *p)
{
	struct pr_done d;
	uint64_t action;

	if (!p->has_pr || !number(p->word[1], 16, UINT64_MAX, &d.nexus) ||
	    !number(p->word[2], 16, UINT64_MAX, &d.target) ||
	    !number(p->word[3], 16, UINT64_MAX, &d.id) ||
	    !number(p->word[4], 16, UINT64_MAX, &d.key) ||
	    !number(p->word[5], 16, UINT64_MAX, &d.sa_key) ||
	    !number(p->word[6], 10, 7, &action))
		return false;
	d.action = (uint8_t)action;
	pr_set_done(p->pr, &d);
	return true;
}

static bool parse_ua(struct parse *p)
{
	struct restored *r;
	uint64_t mask;

	if (p->nr_ua++ == STATE_MAX_UA || !number(p->word[1], 16, UA_ALL, &mask) ||
	    !name_is_sound(p->word[2]) || !name_is_sound(p->word[3]))
		return false;
	r = calloc(1, sizeof(*r));
	if (!r)
		return false;
	r->ua = (ua_mask)mask;
	strcpy(r->initiator, p->word[2]);
	strcpy(r->wwpn, p->word[3]);
	list_add(&p->unit->restored, &r->node);
	return true;
}

static const struct {
	const char *key;
	uint32_t words;
	bool (*parse)(struct parse *p);
} kinds[] = {
	{ "unit", 2, parse_unit },
	{ "boot", 2, parse_boot },
	{ "mode", 4, parse_mode },
	{ "pr", 5, parse_pr },
	{ "reg", 5, parse_reg },
	{ "done", 7, parse_done },
	{ "ua", 4, parse_ua },
};

static bool parse_line(struct parse *p, char *line)
{
	char *save;
	size_t i;

	p->nr_words = 0;
	for (line = strtok_r(line, " ", &save); line; line = strtok_r(NULL, " ", &save)) {
		if (p->nr_words == MAX_WORDS)
			return false;
		p->word[p->nr_words++] = line;
	}
	for (i = 0; p->nr_words && i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].key, p->word[0]))
			return p->nr_words == kinds[i].words && kinds[i].parse(p);
	return false;
}

/* What each line could not know of the others */
static bool is_whole(const struct parse *p)
{
	const struct pr_table *pr = p->pr;
	bool one = pr->type && !pr_type_is_all(pr->type);

	if (!p->has_unit || !p->has_boot || !p->has_mode || !p->has_pr)
		return false;
	if (pr->type && !pr->nr)
		return false;
	return one ? pr->holder >= 0 && pr->holder < (int)pr->nr : pr->holder == -1;
}

static bool apply(struct parse *p)
{
	struct scsi_unit *unit = p->unit;
	struct pr_table *pr;

	if (p->power_lost)
		state_forget(unit);
	else
		unit->mode = p->mode;
	if (p->power_lost && !p->pr->aptpl)
		return true;
	pr = pr_copy(p->pr, 0);
	if (!pr)
		return false;
	/* A new boot counts ids anew. */
	if (p->power_lost)
		memset(pr->done, 0, sizeof(pr->done));
	free(unit->pr);
	unit->pr = pr;
	return true;
}

/* The last line has the sum of all before it; cut off there, the rest is lines to parse. */
static bool check_sum(char *text, size_t len)
{
	char sum[17];
	char *line;

	if (strlen(text) != len || !len || text[len - 1] != '\n')
		return false;
	text[len - 1] = 0;
	line = strrchr(text, '\n');
	if (!line || strncmp(line + 1, "sum ", 4))
		return false;
	snprintf(sum, sizeof(sum), "%016" PRIx64, state_sum(text, (size_t)(line + 1 - text)));
	line[1] = 0;
	return !strcmp(line + 5, sum);
}

static int parse_lines(struct parse *p, char *text, struct msg *msg)
{
	char *line, *save;
	uint32_t nr = 1;

	line = strtok_r(text, "\n", &save);
	if (!line || strcmp(line, STATE_MAGIC))
		return msg_set(msg, -EINVAL, "%s: not a state file of this version",
			       p->unit->state);
	while ((line = strtok_r(NULL, "\n", &save))) {
		nr++;
		if (!parse_line(p, line))
			return msg_set(msg, -EINVAL, "%s: line %u is wrong, or of another unit",
				       p->unit->state, nr);
	}
	if (!is_whole(p))
		return msg_set(msg, -EINVAL, "%s: its lines do not go together", p->unit->state);
	return 0;
}

int state_parse(struct scsi_unit *unit, char *text, size_t len, struct msg *msg)
{
	struct parse p = { .unit = unit };
	struct pr_table *none = pr_new();
	int ret = -ENOMEM;

	if (!check_sum(text, len)) {
		free(none);
		return msg_set(msg, -EINVAL,
			       "%s: damaged, or not a state file: move it away to begin anew",
			       unit->state);
	}
	p.pr = none ? pr_copy(none, PR_MAX) : NULL;
	free(none);
	if (p.pr)
		ret = parse_lines(&p, text, msg);
	if (!ret && !apply(&p))
		ret = -ENOMEM;
	if (ret == -ENOMEM)
		msg_set(msg, ret, "%s: no memory", unit->state);
	if (ret)
		state_forget(unit);
	free(p.pr);
	return ret;
}
