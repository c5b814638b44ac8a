/* SPDX-License-Identifier: GPL-2.0-only */
/* What the CLI's files share: options, verbs, errors, what is looked up by name. */
#ifndef _VHX_CLI_H
#define _VHX_CLI_H

#include <argp.h>
#include <stdbool.h>

#include <json-c/json.h>

#include "libvhx.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Exit codes; vhx(8) promises them. */
enum {
	RC_OK		= 0,
	RC_FAIL		= 1,
	RC_USAGE	= 2,
	RC_NONE		= 3,	/* no such NIC, policy, disk, host, device, agent or endpoint */
	RC_PERM		= 4,
	RC_LACK		= 5,	/* the kernel lacks it, a module is not loaded, vhxd does not run */
	RC_INT		= 130,
};

/* --- opt.c: options that every verb takes, and argp --- */

struct opts {
	bool json;
	bool pretty;
	bool quiet;
	int verbose;
};

extern struct opts opts;
extern const struct argp common_argp;

/* Child parsers of a verb that has only the common options beside its own. */
extern const struct argp_child common_children[];

/* Whether -j stands anywhere: a word before it may be wrong, and the answer shall be JSON. */
bool wants_json(int argc, char **argv);

/* argp_parse() whose errors are JSON where JSON is asked for; returns only on success. */
void parse_args(const struct argp *argp, int argc, char **argv, void *input);

#define WORDS_MAX	20

/* For verbs that take words, and no option of their own. */
struct words {
	const char *word[WORDS_MAX];
	int min;
	int max;
	int nr;
};

void parse_words(const char *args, const char *doc, int argc, char **argv, struct words *words);

/* --- main.c: the verbs --- */

/**
 * struct verb - what can be done to what
 * @name: NULL for an object that is its own verb, as "stats"
 * @args: for the list of verbs
 * @doc: one line
 */
struct verb {
	const char *object;
	const char *name;
	const char *args;
	const char *doc;
	int (*run)(int argc, char **argv);
};

int cmd_nic_list(int argc, char **argv);
int cmd_nic_show(int argc, char **argv);
int cmd_nic_open(int argc, char **argv);
int cmd_nic_set(int argc, char **argv);
int cmd_policy_load(int argc, char **argv);
int cmd_policy_replace(int argc, char **argv);
int cmd_policy_list(int argc, char **argv);
int cmd_policy_show(int argc, char **argv);
int cmd_policy_detach(int argc, char **argv);
int cmd_policy_eject(int argc, char **argv);
int cmd_policy_exits(int argc, char **argv);
int cmd_policy_shim(int argc, char **argv);
int cmd_policy_test(int argc, char **argv);
int cmd_worker_list(int argc, char **argv);
int cmd_disk_list(int argc, char **argv);
int cmd_disk_show(int argc, char **argv);
int cmd_disk_add(int argc, char **argv);
int cmd_disk_remove(int argc, char **argv);
int cmd_disk_resize(int argc, char **argv);
int cmd_agent_list(int argc, char **argv);
int cmd_agent_show(int argc, char **argv);
int cmd_agent_stats(int argc, char **argv);
int cmd_endpoint_list(int argc, char **argv);
int cmd_endpoint_show(int argc, char **argv);
int cmd_scsi_list(int argc, char **argv);
int cmd_scsi_show(int argc, char **argv);
int cmd_scsi_stats(int argc, char **argv);
int cmd_vsock_list(int argc, char **argv);
int cmd_vsock_show(int argc, char **argv);
int cmd_vsock_stats(int argc, char **argv);
int cmd_vsock_route(int argc, char **argv);
int cmd_vsock_limit(int argc, char **argv);
int cmd_vsock_agent(int argc, char **argv);
int cmd_vdpa_list(int argc, char **argv);
int cmd_vdpa_show(int argc, char **argv);
int cmd_vdpa_stats(int argc, char **argv);
int cmd_stats(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_feature(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/* --- fail.c --- */

/**
 * fail() - say what went wrong, as text or as JSON
 * @rc: exit code
 * @err: errno, positive or negative; 0: none
 * @hint: what to do about it, NULL: nothing to say
 * @fmt: what was being done, and to what
 *
 * Return: @rc.
 */
int fail(int rc, int err, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The exit code an errno asks for where nothing better is known. */
int rc_of(int err);

/* A message for people: to stderr, not with -q. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void say_more(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What libbpf said last, since libbpf_quiet(); "" for nothing. */
void libbpf_quiet(void);
const char *libbpf_words(void);

/* --- suggest.c --- */

/**
 * nearest() - the candidate closest to a word with a typo
 * @word: as it was given
 * @names: candidates, an array of JSON strings
 *
 * Return: one that is near, or NULL.
 */
const char *nearest(const char *word, struct json_object *names);

/* fail() with RC_NONE or RC_USAGE: there is no such @what; here is what there is. */
int fail_unknown(int rc, const char *what, const char *word, struct json_object *names);

/* --- collect.c: the netlink dumps as JSON --- */

/* Connect, or say why not. Return: RC_OK or an exit code. */
int session_open(struct vhx_nl **nl);
/* The same for what module @module knows of. */
int session_open_for(struct vhx_nl **nl, const char *module);
/* fail(): it is not loaded, which the kernel says by EOPNOTSUPP. @objects: what it knows of */
int fail_unloaded(const char *module, const char *objects);

/* An array; NULL: it failed and was said, *rc is the exit code. */
struct json_object *collect_nics(struct vhx_nl *nl, int *rc);
struct json_object *collect_queues(struct vhx_nl *nl, __u32 nic_id, int *rc);
struct json_object *collect_policies(struct vhx_nl *nl, int *rc);
struct json_object *collect_workers(struct vhx_nl *nl, int *rc);
struct json_object *collect_exits(struct vhx_nl *nl, int *rc);

/* The NIC or policy that a name or an id stands for, with a reference; NULL as above. */
struct json_object *find_nic(struct vhx_nl *nl, const char *word, int *rc);
struct json_object *find_policy(struct vhx_nl *nl, const char *word, int *rc);

/* collect_agent.c, collect_scsi.c, collect_vsock.c, collect_vdpa.c: likewise; @id 0: of all. */
struct json_object *collect_endpoints(struct vhx_nl *nl, int *rc);
struct json_object *collect_agents(struct vhx_nl *nl, int *rc);
struct json_object *collect_agent_queues(struct vhx_nl *nl, __u32 id, int *rc);
struct json_object *collect_hosts(struct vhx_nl *nl, int *rc);
struct json_object *collect_host_queues(struct vhx_nl *nl, __u32 id, int *rc);

struct json_object *collect_guests(struct vhx_nl *nl, int *rc);
/* By what vhxd calls them, where it can be asked. */
void name_guests(struct json_object *guests);
struct json_object *collect_guest_stats(struct vhx_nl *nl, __u32 cid, int *rc);
struct json_object *collect_guest_conns(struct vhx_nl *nl, __u32 cid, int *rc);
struct json_object *collect_routes(struct vhx_nl *nl, int *rc);
struct json_object *collect_limits(struct vhx_nl *nl, int *rc);

struct json_object *collect_vdpas(struct vhx_nl *nl, int *rc);
/* Of all; their ids may be 0. */
struct json_object *collect_vdpa_stats(struct vhx_nl *nl, __u32 id, int *rc);
/* Of the one with that minor. */
struct json_object *collect_vdpa_queues(struct vhx_nl *nl, __u32 minor, int *rc);

struct json_object *find_endpoint(struct vhx_nl *nl, const char *word, int *rc);
struct json_object *find_agent(struct vhx_nl *nl, const char *word, int *rc);
struct json_object *find_host(struct vhx_nl *nl, const char *word, int *rc);
struct json_object *find_guest(struct vhx_nl *nl, const char *word, int *rc);
/* By its name on the bus, its node, or the node's minor. */
struct json_object *find_vdpa(struct vhx_nl *nl, const char *word, int *rc);

struct json_object *event_json(const struct vhx_event_info *event);

/* vdpa_text.c: the last refusal, and what to do about it, as one sentence of an allocated string. */
char *vdpa_fail_text(const struct vhx_vdpa_info *dev);

/* virtio.c: a NIC's virtio feature bits by name: an array. */
struct json_object *virtio_features(__u64 features, __u64 high);
/* The same of any type of device, as much as is known of it. */
struct json_object *virtio_features_of(__u32 type, __u64 features);
struct json_object *virtio_status(__u8 status);
/* VHOST_BACKEND_F_* */
struct json_object *virtio_backend_features(__u64 features);
/* NULL: not known. */
const char *virtio_type(__u32 type);

#endif
