// SPDX-License-Identifier: GPL-2.0-only
/* vhx vdpa: devices of the vDPA bus. */
#include "counters.h"

static const struct out_col list_cols[] = {
	{ "name", "NAME", OUT_PLAIN },
	{ "node", "NODE", OUT_PLAIN },
	{ "type", "TYPE", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "queues", "QUEUES", OUT_PLAIN },
	{ "mapped_bytes", "MAPPED", OUT_BYTES },
	{ "pinned_bytes", "PINNED", OUT_BYTES },
	{ "owner_pid", "OWNER", OUT_PLAIN },
	{ "owner_comm", "COMMAND", OUT_PLAIN },
};

static const struct out_col show_cols[] = {
	{ "name", "name", OUT_PLAIN },
	{ "node", "node", OUT_PLAIN },
	{ "type", "type", OUT_PLAIN },
	{ "state", "state", OUT_STATE },
	{ "owner_pid", "owner", OUT_PLAIN },
	{ "owner_comm", "command", OUT_PLAIN },
	{ "status", "status", OUT_PLAIN },
	{ "status_names", "", OUT_PLAIN },
	{ "features", "features", OUT_PLAIN },
	{ "feature_names", "", OUT_PLAIN },
	{ "offered", "offered", OUT_PLAIN },
	{ "offered_names", "", OUT_PLAIN },
	{ "backend_features", "backend features", OUT_PLAIN },
	{ "backend_feature_names", "", OUT_PLAIN },
	{ "queues", "queues", OUT_PLAIN },
	{ "groups", "groups of them", OUT_PLAIN },
	{ "address_spaces", "address spaces", OUT_PLAIN },
	{ "maps_by", "told of mappings", OUT_PLAIN },
	{ "use_va", "has user addresses", OUT_PLAIN },
	{ "mapped_bytes", "mapped", OUT_BYTES },
	{ "pieces", "in pieces", OUT_COUNT },
	{ "pinned_bytes", "pinned", OUT_BYTES },
	{ "stats.skipped_bytes", "skipped", OUT_BYTES },
	{ "progress.text", "map or unmap going on", OUT_PLAIN },
	{ "stats.refused", "refused", OUT_COUNT },
	{ "refused.text", "the last of these", OUT_PLAIN },
};

static const struct out_col queue_cols[] = {
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "size", "SIZE", OUT_PLAIN },
	{ "group", "GROUP", OUT_PLAIN },
	{ "address_space", "SPACE", OUT_PLAIN },
	{ "irq_bypass", "BYPASS", OUT_PLAIN },
	{ "doorbell_mapped", "DOORBELL", OUT_PLAIN },
	{ "kicks", "KICKS", OUT_COUNT },
	{ "calls", "CALLS", OUT_COUNT },
};

static const struct out_col total_cols[] = {
	{ "device", "DEVICE", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "stats.maps", "MAPS", OUT_COUNT },
	{ "stats.unmaps", "UNMAPS", OUT_COUNT },
	{ "stats.told", "TOLD", OUT_COUNT },
	{ "stats.refused", "REFUSED", OUT_COUNT },
	{ "stats.skipped_bytes", "SKIPPED", OUT_BYTES },
	{ "stats.resets", "RESETS", OUT_COUNT },
	{ "stats.suspends", "SUSPENDS", OUT_COUNT },
	{ "stats.kicks", "KICKS", OUT_COUNT },
	{ "stats.calls", "CALLS", OUT_COUNT },
};

static const struct out_col rate_cols[] = {
	{ "device", "DEVICE", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "rates.maps_per_s", "MAPS/s", OUT_COUNT },
	{ "rates.unmaps_per_s", "UNMAPS/s", OUT_COUNT },
	{ "rates.told_per_s", "TOLD/s", OUT_COUNT },
	{ "rates.refused_per_s", "REFUSED/s", OUT_COUNT },
	{ "rates.kicks_per_s", "KICKS/s", OUT_COUNT },
	{ "rates.calls_per_s", "CALLS/s", OUT_COUNT },
};

static const struct out_col head_cols[] = {
	{ "device", "DEVICE", OUT_PLAIN },
};

static const char *const labels[] = { "device", "minor" };

static const char none[] = "no device: none of the vDPA bus is bound to vhx_vdpa (driver_override)";

int cmd_vdpa_list(int argc, char **argv)
{
	struct words words = { .max = 0 };
	struct json_object *devs;
	struct vhx_nl *nl;
	int rc;

	parse_words("", "Devices of the vDPA bus that are bound to vhx_vdpa.", argc, argv, &words);
	rc = session_open_for(&nl, "vhx_vdpa");
	if (rc)
		return rc;
	devs = collect_vdpas(nl, &rc);
	vhx_nl__close(nl);
	if (!devs)
		return rc;
	if (out_json(devs))
		return RC_OK;
	out_table(devs, list_cols, ARRAY_SIZE(list_cols));
	if (!json_object_array_length(devs))
		say("%s", none);
	json_object_put(devs);
	return RC_OK;
}

static int show(struct json_object *dev)
{
	if (out_json(dev))
		return RC_OK;
	out_record(dev, show_cols, ARRAY_SIZE(show_cols));
	out_title("Queues");
	out_table(j_get(dev, "queue_list"), queue_cols, ARRAY_SIZE(queue_cols));
	json_object_put(dev);
	return RC_OK;
}

int cmd_vdpa_show(int argc, char **argv)
{
	struct words words = { .min = 1, .max = 1 };
	struct json_object *dev, *queues = NULL;
	struct vhx_nl *nl;
	int rc;

	parse_words("DEVICE", "One device by its name on the bus, its node or the node's number, with its queues.",
		    argc, argv, &words);
	rc = session_open_for(&nl, "vhx_vdpa");
	if (rc)
		return rc;
	dev = find_vdpa(nl, words.word[0], &rc);
	if (dev)
		queues = collect_vdpa_queues(nl, j_get_num(dev, "id"), &rc);
	vhx_nl__close(nl);
	if (!queues) {
		json_object_put(dev);
		return rc;
	}
	j_add(dev, "queue_list", queues);
	return show(dev);
}

/* --- counters --- */

int cmd_vdpa_stats(int argc, char **argv)
{
	static const struct counters kind = {
		.object = "DEVICE",
		.module = "vhx_vdpa",
		.about = "Counters of devices of the vDPA bus since they were bound.",
		.none = none,
		.prefix = "vhx_vdpa",
		.labels = labels,
		.nr_labels = ARRAY_SIZE(labels),
		.heads = head_cols,
		.nr_heads = ARRAY_SIZE(head_cols),
		.totals = total_cols,
		.nr_totals = ARRAY_SIZE(total_cols),
		.rates = rate_cols,
		.nr_rates = ARRAY_SIZE(rate_cols),
		.count = vhx_vdpa_stat__count,
		.name = vhx_vdpa_stat__name,
		.doc = vhx_vdpa_stat__doc,
		.find = find_vdpa,
		.objects = collect_vdpas,
		.queues = collect_vdpa_stats,
	};

	return counters_cmd(&kind, argc, argv);
}
