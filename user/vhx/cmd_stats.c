// SPDX-License-Identifier: GPL-2.0-only
/* vhx stats: the counters of every queue of NICs. */
#include "counters.h"

static const struct out_col total_cols[] = {
	{ "nic", "NIC", OUT_PLAIN },
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "dir", "DIR", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "stats.packets", "PACKETS", OUT_COUNT },
	{ "stats.bytes", "BYTES", OUT_BYTES },
	{ "stats.kicks", "KICKS", OUT_COUNT },
	{ "stats.calls", "CALLS", OUT_COUNT },
	{ "stats.steered", "STEERED", OUT_COUNT },
	{ "stats.steer_moved", "MOVED", OUT_COUNT },
	{ "stats.steer_dropped", "DROPPED", OUT_COUNT },
	{ "lost_packets", "LOST", OUT_COUNT },
};

static const struct out_col rate_cols[] = {
	{ "nic", "NIC", OUT_PLAIN },
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "dir", "DIR", OUT_PLAIN },
	{ "state", "STATE", OUT_STATE },
	{ "rates.packets_per_s", "PACKETS/s", OUT_COUNT },
	{ "rates.bits_per_s", "BITS", OUT_BITS },
	{ "rates.packets_per_batch", "BATCH", OUT_COUNT },
	{ "rates.kicks_per_s", "KICKS/s", OUT_COUNT },
	{ "rates.calls_per_s", "CALLS/s", OUT_COUNT },
	{ "rates.steered_per_s", "STEERED/s", OUT_COUNT },
	{ "rates.steer_moved_per_s", "MOVED/s", OUT_COUNT },
	{ "rates.steer_dropped_per_s", "DROPPED/s", OUT_COUNT },
	{ "lost_packets", "LOST", OUT_COUNT },
};

static const struct out_col head_cols[] = {
	{ "nic", "NIC", OUT_PLAIN },
	{ "queue", "QUEUE", OUT_PLAIN },
	{ "dir", "DIR", OUT_PLAIN },
};

static const char *const labels[] = { "nic", "nic_id", "queue", "dir" };

/* What went missing, whoever's fault; what a policy dropped is not among it. */
static const char *const losses[] = {
	"bad_packets", "backend_errors", "mailbox_full", "closed",
};

static void refine(struct json_object *queue)
{
	struct json_object *stats = j_get(queue, "stats");
	__u64 lost = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(losses); i++)
		lost += j_get_num(stats, losses[i]);
	j_num(queue, "lost_packets", lost);
}

static void derive(struct json_object *rates, struct json_object *now, struct json_object *before,
		   double seconds)
{
	const __u64 batches = counters_grown(now, before, "batches");
	const double packets = counters_grown(now, before, "packets");

	counters_put_rate(rates, "bits_per_s", counters_grown(now, before, "bytes") * 8 / seconds);
	counters_put_rate(rates, "packets_per_batch", batches ? packets / batches : 0);
}

int cmd_stats(int argc, char **argv)
{
	static const struct counters kind = {
		.object = "NIC",
		.module = "vhx_net",
		.about = "Counters of every queue since it was made.",
		.none = "no queue: there is no NIC",
		.prefix = "vhx_queue",
		.labels = labels,
		.nr_labels = ARRAY_SIZE(labels),
		.heads = head_cols,
		.nr_heads = ARRAY_SIZE(head_cols),
		.totals = total_cols,
		.nr_totals = ARRAY_SIZE(total_cols),
		.rates = rate_cols,
		.nr_rates = ARRAY_SIZE(rate_cols),
		.count = vhx_stat__count,
		.name = vhx_stat__name,
		.doc = vhx_stat__doc,
		.find = find_nic,
		.objects = collect_nics,
		.queues = collect_queues,
		.refine = refine,
		.derive = derive,
	};

	return counters_cmd(&kind, argc, argv);
}
