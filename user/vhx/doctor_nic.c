// SPDX-License-Identifier: GPL-2.0-only
/* vhx doctor: NICs and policies as they are, and traffic that goes past vhx. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "doctor.h"

/* Policies that were thrown out longer ago than this are history. */
#define RECENT_S	3600

static void check_tap(struct json_object *list, const char *name)
{
	__u32 flags;

	if (!vhx_tap__flags(name, &flags) && !(flags & IFF_VNET_HDR))
		found(list, "tap", WRONG,
		      "ip tuntap add ... mode tap vnet_hdr, or let the VMM make it",
		      "%s has no virtio header: its guest cannot use offloads", name);
}

static void check_closed(struct json_object *list, struct json_object *nic)
{
	const char *name = j_get_str(nic, "name");
	char mend[128];

	snprintf(mend, sizeof(mend), "vhx policy load its policy, or: vhx nic open %s", name);
	found(list, "nic", WRONG, mend, "%s is closed: its required policy %s is missing, "
	      "everything is dropped", name, j_get_str(nic, "policy.name"));
}

static void check_nic(struct json_object *list, struct json_object *nic)
{
	const char *name = j_get_str(nic, "name");

	if (j_get_bool(nic, "mismatch"))
		found(list, "nic", WRONG, "restart the VMM on the tap it shall use",
		      "%s: packets come from another netdev than the VMM handed over, policies "
		      "are not bound by name", name);
	if (j_get_bool(nic, "closed"))
		check_closed(list, nic);
	if (!strcmp(j_get_str(nic, "state"), "live"))
		found(list, "nic", FINE, NULL, "%s is live, %s", name,
		      j_get(nic, "policy") ? j_get_str(nic, "policy.name") : "no policy");
	check_tap(list, name);
}

static void check_policy(struct json_object *list, struct json_object *policy)
{
	const char *name = j_get_str(policy, "name");

	if (j_get_num(policy, "errors"))
		found(list, "policy", DOUBT, "vhx stats --all shows on which queue",
		      "%s gave %llu illegal verdicts", name, j_get_num(policy, "errors"));
	if (!strcmp(j_get_str(policy, "state"), "waiting") &&
	    !j_get(policy, "nic_pattern"))
		found(list, "policy", DOUBT, "vhx policy load --nic PATTERN or --nic-id ID",
		      "%s is bound to nothing", name);
}

static void check_exit(struct json_object *list, struct json_object *left)
{
	__u64 then = j_get_num(left, "boottime_ns") / 1000000000;
	const char *kind = j_get_str(left, "kind");
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	if ((__u64)now.tv_sec > then + RECENT_S || !strcmp(kind, "detached") ||
	    !strcmp(kind, "admin"))
		return;
	found(list, "policy", DOUBT, "vhx policy exits shows the packet and the verdict",
	      "%s was thrown out %llu s ago: %s", j_get_str(left, "name"), now.tv_sec - then,
	      j_get_str(left, "reason"));
}

static void each(struct json_object *list, struct json_object *array,
		 void (*check)(struct json_object *list, struct json_object *item))
{
	size_t i;

	for (i = 0; array && i < json_object_array_length(array); i++)
		check(list, json_object_array_get_idx(array, i));
	json_object_put(array);
}

/* --- processes --- */

struct look {
	struct json_object *list;
	struct json_object *nics;
};

static struct json_object *nic_of(struct json_object *nics, const char *name)
{
	struct json_object *nic;
	size_t i;

	for (i = 0; i < json_object_array_length(nics); i++) {
		nic = json_object_array_get_idx(nics, i);
		if (!strcmp(j_get_str(nic, "name"), name))
			return nic;
	}
	return NULL;
}

/*
 * A VMM that has a vhx fd and this tap, and the NIC is not live: before the guest's driver is up
 * that is how it should be, and when the VMM fell back to its own virtio, too, without a word.
 */
static void check_bypass(const struct look *look, const struct holder *holder, const char *tap)
{
	struct json_object *nic = nic_of(look->nics, tap);
	__u32 flags;

	if (vhx_tap__flags(tap, &flags) || (nic && j_get_num(nic, "live_queues")))
		return;
	found(look->list, "bypass", DOUBT,
	      "if the guest is up: start the VMM with vhostforce=on, or the guest with MSI-X",
	      "%s: %s (pid %d) has a vhx fd, and does not use it: what the guest sends goes past "
	      "vhx and its policies", tap, holder->comm, holder->pid);
}

static void look_at(const struct holder *holder, void *arg)
{
	const struct look *look = arg;
	size_t i;

	if (holder->in_tree)
		found(look->list, "vmm", DOUBT,
		      "start it with vhostfd= of " VHX_NODE_NET ", or in libvirt "
		      "<backend vhost='" VHX_NODE_NET "'/>",
		      "%s (pid %d) uses the in-tree vhost by %u fds", holder->comm, holder->pid,
		      holder->in_tree);
	if (!holder->vhx)
		return;
	found(look->list, "vmm", FINE, NULL, "%s (pid %d) has %u vhx fds", holder->comm,
	      holder->pid, holder->vhx);
	for (i = 0; i < json_object_array_length(holder->taps); i++)
		check_bypass(look, holder,
			     json_object_get_string(json_object_array_get_idx(holder->taps, i)));
}

void check_nics(struct json_object *list)
{
	struct look look = { .list = list };
	struct vhx_nl *nl;
	int rc;

	/* That a module is not there was said already. */
	if (access("/sys/module/vhx_net", F_OK) || vhx_nl__open(&nl)) {
		look.nics = j_arr();
		each_holder(look_at, &look);
		json_object_put(look.nics);
		return;
	}
	look.nics = collect_nics(nl, &rc);
	if (look.nics) {
		each_holder(look_at, &look);
		each(list, json_object_get(look.nics), check_nic);
		each(list, collect_policies(nl, &rc), check_policy);
		each(list, collect_exits(nl, &rc), check_exit);
	}
	json_object_put(look.nics);
	vhx_nl__close(nl);
}
