/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters of queues: what a verb says of its kind, and counters.c prints in every way. */
#ifndef _VHX_CLI_COUNTERS_H
#define _VHX_CLI_COUNTERS_H

#include "out.h"

/**
 * struct counters - a kind of queues
 * @object: whose, as in "[NIC]"
 * @module: which knows of them
 * @about: what the verb does, for --help
 * @none: said when there is no queue
 * @prefix: of its metrics
 * @labels: JSON keys that say which queue it is; the first is the object's name for people, and made
 *	here; the second its id
 * @heads: columns that say it in the table of all counters
 * @totals: columns of the table
 * @rates: columns with --watch; "rates.NAME_per_s" for each counter, and what @derive adds
 * @count: how many counters
 * @name: of one
 * @doc: what it means
 * @find: the object that a word names. This and what follows: NULL when it failed, and was said: then
 *	*rc is the exit code
 * @objects: all of them, with "id" and "name"
 * @queues: the queues, each with "stats", of an object, or of all if @id is 0; it may give all where
 *	an id of 0 is an object's: those of others are dropped
 * @refine: add to a queue what is made of its counters, or NULL
 * @derive: add rates that are no counter's, or NULL
 */
struct counters {
	const char *object;
	const char *module;
	const char *about;
	const char *none;
	const char *prefix;
	const char *const *labels;
	size_t nr_labels;
	const struct out_col *heads;
	size_t nr_heads;
	const struct out_col *totals;
	size_t nr_totals;
	const struct out_col *rates;
	size_t nr_rates;
	unsigned int (*count)(void);
	const char *(*name)(unsigned int id);
	const char *(*doc)(unsigned int id);
	struct json_object *(*find)(struct vhx_nl *nl, const char *word, int *rc);
	struct json_object *(*objects)(struct vhx_nl *nl, int *rc);
	struct json_object *(*queues)(struct vhx_nl *nl, __u32 id, int *rc);
	void (*refine)(struct json_object *queue);
	void (*derive)(struct json_object *rates, struct json_object *now,
		       struct json_object *before, double seconds);
};

int counters_cmd(const struct counters *kind, int argc, char **argv);

/* For @refine and @derive. */
__u64 counters_grown(struct json_object *now, struct json_object *before, const char *name);
void counters_put_rate(struct json_object *rates, const char *key, double value);

#endif
