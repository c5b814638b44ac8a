// SPDX-License-Identifier: GPL-2.0-only
/* vhx doctor: agents that stand still or do not go, and guests that wait for one. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

static bool is(struct json_object *obj, const char *state)
{
	return !strcmp(j_get_str(obj, "state"), state);
}

static void check_agent(struct json_object *list, struct json_object *agent)
{
	const char *name = j_get_str(agent, "name");
	const __u64 pid = j_get_num(agent, "pid");
	char mend[128];

	if (is(agent, "stalled")) {
		snprintf(mend, sizeof(mend), "vhx agent show %llu; kill -9 %llu, and the next one "
			 "goes on with what it had", j_get_num(agent, "id"), pid);
		found(list, "agent", WRONG, mend,
		      "%s (pid %llu) stands still: it does not fetch requests, or not answer them",
		      name, pid);
	} else if (is(agent, "fenced")) {
		snprintf(mend, sizeof(mend), "end what the agent left behind: lsof | grep vhx-agent");
		found(list, "agent", DOUBT, mend,
		      "%s (pid %llu) ended, and pages of its pool are still in use: no other agent "
		      "may serve its guests", name, pid);
	} else {
		found(list, "agent", FINE, NULL, "%s (pid %llu) is %s, for %llu endpoints", name,
		      pid, j_get_str(agent, "state"), j_get_num(agent, "endpoints"));
	}
}

static void check_endpoint(struct json_object *list, struct json_object *endpoint)
{
	if (is(endpoint, "waiting"))
		found(list, "endpoint", WRONG, "systemctl start vhxd, or whichever agent serves it",
		      "no agent serves %s: its guest waits", j_get_str(endpoint, "name"));
}

static void each(struct json_object *list, struct json_object *array,
		 void (*check)(struct json_object *list, struct json_object *item))
{
	size_t i;

	for (i = 0; array && i < json_object_array_length(array); i++)
		check(list, json_object_array_get_idx(array, i));
	json_object_put(array);
}

void check_agents(struct json_object *list)
{
	struct vhx_nl *nl;
	int rc;

	/* That a module is not there was said already; without SCSI there are no agents. */
	if (access("/sys/module/vhx_scsi", F_OK) || vhx_nl__open(&nl))
		return;
	each(list, collect_agents(nl, &rc), check_agent);
	each(list, collect_endpoints(nl, &rc), check_endpoint);
	vhx_nl__close(nl);
}
