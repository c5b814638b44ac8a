// SPDX-License-Identifier: GPL-2.0-only
/* vhx worker: the threads that move packets. */
#include "out.h"

static const struct out_col list_cols[] = {
	{ "pid", "WORKER", OUT_PLAIN },
	{ "owner_pid", "OWNER", OUT_PLAIN },
	{ "id", "ID", OUT_PLAIN },
	{ "kind", "KIND", OUT_PLAIN },
	{ "queues", "QUEUES", OUT_PLAIN },
	{ "runs", "RUNS", OUT_COUNT },
	{ "items", "ITEMS", OUT_COUNT },
};

int cmd_worker_list(int argc, char **argv)
{
	struct words words = { .max = 0 };
	struct json_object *workers;
	struct vhx_nl *nl;
	int rc;

	parse_words("", "The threads that move packets, of every VMM this process can see.", argc,
		    argv, &words);
	rc = session_open(&nl);
	if (rc)
		return rc;
	workers = collect_workers(nl, &rc);
	vhx_nl__close(nl);
	if (!workers)
		return rc;
	if (out_json(workers))
		return RC_OK;
	out_table(workers, list_cols, ARRAY_SIZE(list_cols));
	if (!json_object_array_length(workers))
		say("no worker: no VMM owns a " VHX_NODE_NET);
	json_object_put(workers);
	return RC_OK;
}
