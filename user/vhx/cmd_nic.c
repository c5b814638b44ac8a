// SPDX-License-Identifier: GPL-2.0-only
/* vhx nic: guest NICs. */
#include <stdlib.h>
#include <string.h>

#include "out.h"

static const struct out_col list_cols[] = {
	{ "id", "ID", OUT_PLAIN },
	{ "name", "NIC", OUT_PLAIN },
	{ "kind", "KIND", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "live_queues", "LIVE", OUT_PLAIN },
	{ "queues", "QUEUES", OUT_PLAIN },
	{ "policy.name", "POLICY", OUT_PLAIN },
	{ "owner_pid", "OWNER", OUT_PLAIN },
	{ "owner_comm", "COMMAND", OUT_PLAIN },
};

static const struct out_col show_cols[] = {
	{ "id", "id", OUT_PLAIN },
	{ "name", "name", OUT_PLAIN },
	{ "ifindex", "ifindex", OUT_PLAIN },
	{ "kind", "kind", OUT_PLAIN },
	{ "state", "state", OUT_STATE },
	{ "queues", "queue pairs", OUT_PLAIN },
	{ "live_queues", "live", OUT_PLAIN },
	{ "policy.name", "policy", OUT_PLAIN },
	{ "policy.id", "policy id", OUT_PLAIN },
	{ "owner_pid", "owner", OUT_PLAIN },
	{ "owner_comm", "command", OUT_PLAIN },
	{ "poll_us", "polls, us", OUT_PLAIN },
	{ "features", "features", OUT_PLAIN },
	{ "feature_names", "", OUT_PLAIN },
};

static const struct out_col queue_cols[] = {
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "dir", "DIR", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "size", "SIZE", OUT_PLAIN },
	{ "avail_index", "AVAIL", OUT_PLAIN },
	{ "used_index", "USED", OUT_PLAIN },
	{ "worker_pid", "WORKER", OUT_PLAIN },
	{ "poll_us", "POLL-US", OUT_PLAIN },
	{ "stats.packets", "PACKETS", OUT_COUNT },
	{ "stats.bytes", "BYTES", OUT_BYTES },
};

static const struct out_col worker_cols[] = {
	{ "pid", "WORKER", OUT_PLAIN },
	{ "id", "ID", OUT_PLAIN },
	{ "kind", "KIND", OUT_PLAIN },
	{ "queues", "QUEUES", OUT_PLAIN },
	{ "runs", "RUNS", OUT_COUNT },
	{ "items", "ITEMS", OUT_COUNT },
};

int cmd_nic_list(int argc, char **argv)
{
	struct words words = { .max = 0 };
	struct json_object *nics;
	struct vhx_nl *nl;
	int rc;

	parse_words("", "Guest NICs of this network namespace.", argc, argv, &words);
	rc = session_open(&nl);
	if (rc)
		return rc;
	nics = collect_nics(nl, &rc);
	vhx_nl__close(nl);
	if (!nics)
		return rc;
	if (out_json(nics))
		return RC_OK;
	out_table(nics, list_cols, ARRAY_SIZE(list_cols));
	if (!json_object_array_length(nics))
		say("no NIC: no VMM has set the backend of a " VHX_NODE_NET " here");
	json_object_put(nics);
	return RC_OK;
}

static bool runs_one_of(struct json_object *worker, struct json_object *queues)
{
	size_t i;

	for (i = 0; i < json_object_array_length(queues); i++)
		if (j_get_num(json_object_array_get_idx(queues, i), "worker_pid") ==
		    j_get_num(worker, "pid"))
			return true;
	return false;
}

/* The workers of the NIC's owner: a NIC's queues have no others. A vDPA device belongs to nobody. */
static struct json_object *workers_of(struct vhx_nl *nl, struct json_object *nic, int *rc)
{
	struct json_object *queues = j_get(nic, "queue_list");
	const __u64 owner = j_get_num(nic, "owner_pid");
	struct json_object *all = collect_workers(nl, rc), *own, *worker;
	size_t i;

	if (!all)
		return NULL;
	own = j_arr();
	for (i = 0; i < json_object_array_length(all); i++) {
		worker = json_object_array_get_idx(all, i);
		if (owner ? j_get_num(worker, "owner_pid") == owner : runs_one_of(worker, queues))
			json_object_array_add(own, json_object_get(worker));
	}
	json_object_put(all);
	return own;
}

static int add_parts(struct vhx_nl *nl, struct json_object *nic)
{
	struct json_object *queues, *workers;
	int rc;

	queues = collect_queues(nl, j_get_num(nic, "id"), &rc);
	if (!queues)
		return rc;
	j_add(nic, "queue_list", queues);
	workers = workers_of(nl, nic, &rc);
	if (!workers)
		return rc;
	j_add(nic, "workers", workers);
	return RC_OK;
}

static int show(struct json_object *nic)
{
	if (out_json(nic))
		return RC_OK;
	out_record(nic, show_cols, ARRAY_SIZE(show_cols));
	out_title("Queues");
	out_table(j_get(nic, "queue_list"), queue_cols, ARRAY_SIZE(queue_cols));
	out_title("Workers");
	out_table(j_get(nic, "workers"), worker_cols, ARRAY_SIZE(worker_cols));
	json_object_put(nic);
	return RC_OK;
}

int cmd_nic_show(int argc, char **argv)
{
	struct words words = { .min = 1, .max = 1 };
	struct json_object *nic;
	struct vhx_nl *nl;
	int rc;

	parse_words("NIC", "One NIC by name or id, its queues and its owner's workers.", argc,
		    argv, &words);
	rc = session_open(&nl);
	if (rc)
		return rc;
	nic = find_nic(nl, words.word[0], &rc);
	if (nic)
		rc = add_parts(nl, nic);
	vhx_nl__close(nl);
	if (nic && !rc)
		return show(nic);
	json_object_put(nic);
	return rc;
}

int cmd_nic_open(int argc, char **argv)
{
	struct words words = { .min = 1, .max = 1 };
	struct json_object *nic;
	struct vhx_nl *nl;
	int err, rc;

	parse_words("NIC",
		    "Let a NIC's traffic pass although its required policy is missing."
		    "\vIt is unfiltered until a policy is bound again.", argc, argv, &words);
	rc = session_open(&nl);
	if (rc)
		return rc;
	nic = find_nic(nl, words.word[0], &rc);
	if (nic) {
		err = vhx_nic__open(nl, j_get_num(nic, "id"));
		if (err)
			rc = fail(rc_of(err), err, *vhx_nl__error(nl) ? vhx_nl__error(nl) :
				  "opening a NIC needs CAP_NET_ADMIN", "nic %s: open",
				  words.word[0]);
		else
			say("nic %s passes traffic without its required policy", words.word[0]);
	}
	json_object_put(nic);
	vhx_nl__close(nl);
	return rc;
}

static int set_poll(struct vhx_nl *nl, __u32 id, const struct words *words)
{
	const char *word = words->word[2];
	unsigned long us;
	char *end;
	int err;

	us = strtoul(word, &end, 10);
	if (!strcmp(word, "vmm"))
		us = VHX_NIC_POLL_VMM;
	else if (*end || end == word || *word == '-' || us > UINT32_MAX - 1)
		return fail(RC_USAGE, 0, "microseconds, or \"vmm\"", "poll-us %s", word);
	err = vhx_nic__set_poll(nl, id, us);
	if (err)
		return fail(rc_of(err), err, *vhx_nl__error(nl) ? vhx_nl__error(nl) :
			    "setting needs CAP_NET_ADMIN", "nic %s: poll-us %s", words->word[0],
			    word);
	return RC_OK;
}

int cmd_nic_set(int argc, char **argv)
{
	struct words words = { .min = 3, .max = 3 };
	struct json_object *nic;
	struct vhx_nl *nl;
	int rc;

	parse_words("NIC poll-us N|vmm",
		    "How many microseconds the queues of a NIC poll at most before their worker sleeps."
		    "\v0: not at all. vmm: as the VMM said (QEMU's poll-us=).", argc, argv, &words);
	if (strcmp(words.word[1], "poll-us"))
		return fail(RC_USAGE, 0, "there is: poll-us", "no setting \"%s\"", words.word[1]);
	rc = session_open(&nl);
	if (rc)
		return rc;
	nic = find_nic(nl, words.word[0], &rc);
	if (nic)
		rc = set_poll(nl, j_get_num(nic, "id"), &words);
	json_object_put(nic);
	vhx_nl__close(nl);
	return rc;
}
