// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policies and what is said of them, see steer.h.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "steer.h"
#include "tap.h"

static struct vhx_nl *events;
static int events_fd;

/* ---- policies ---- */

static int set_fields(struct policy *p, const struct policy_opt *o)
{
	int err = 0;

	if (o->name)
		err = vhx_policy__set_str(p->p, "name", o->name);
	if (!err && o->nic_name)
		err = vhx_policy__set_str(p->p, "nic_name", o->nic_name);
	if (!err && o->nic_id)
		err = vhx_policy__set_num(p->p, "nic_id", o->nic_id);
	if (!err && o->nic_fd)
		err = vhx_policy__set_num(p->p, "nic_fd", o->nic_fd);
	if (!err && o->max_errors)
		err = vhx_policy__set_num(p->p, "max_errors", o->max_errors);
	if (!err && o->flags)
		err = vhx_policy__set_num(p->p, "flags", o->flags);
	return err;
}

static int set_knob(struct policy *p, const char *name, int64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return value ? vhx_policy__set_knob(p->p, name, text) : 0;
}

int policy_load(struct policy *p, const struct policy_opt *o)
{
	int err;

	*p = (struct policy){ .rx_table = -1, .tx_table = -1, .seen = -1 };
	err = vhx_policy__open(&p->p, o->object ?: PROGS "table.bpf.o");
	if (!err)
		err = set_fields(p, o);
	if (!err)
		err = set_knob(p, "rx_else", o->rx);
	if (!err)
		err = set_knob(p, "tx_else", o->tx);
	if (!err)
		err = set_knob(p, "refuse", o->refuse);
	if (!err)
		err = vhx_policy__load(p->p);
	if (err && p->p && *vhx_policy__error(p->p))
		tap_diag("%s", vhx_policy__error(p->p));
	return err;
}

static int find_map(const struct vhx_map_info *map, void *arg)
{
	struct policy *p = arg;
	int *fd = !strcmp(map->name, "rx_table") ? &p->rx_table :
		  !strcmp(map->name, "tx_table") ? &p->tx_table :
		  !strcmp(map->name, "seen") ? &p->seen : NULL;

	if (fd && *fd < 0)
		*fd = bpf_map_get_fd_by_id(map->id);
	return 0;
}

static int find_maps(struct policy *p)
{
	p->id = vhx_policy__id(p->p);
	return vhx_policy__each_map(p->id, find_map, p);
}

int policy_attach(struct policy *p)
{
	int err = vhx_policy__attach(p->p);

	return err ? err : find_maps(p);
}

/* Load and attach. */
int policy_start(struct policy *p, const struct policy_opt *o)
{
	int err = policy_load(p, o);

	return err ? err : policy_attach(p);
}

int policy_replace(struct policy *p, uint32_t id)
{
	int err = vhx_policy__replace(p->p, id);

	return err ? err : find_maps(p);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* With its link, what is attached is detached. */
void policy_close(struct policy *p)
{
	close_fd(&p->rx_table);
	close_fd(&p->tx_table);
	close_fd(&p->seen);
	vhx_policy__close(p->p);
	p->p = NULL;
}

static void set_entry(int map, uint32_t flow, uint64_t entry)
{
	if (bpf_map_update_elem(map, &flow, &entry, BPF_ANY))
		tap_bail("a table cannot be written: %s", strerror(errno));
}

void policy_rx(const struct policy *p, uint8_t flow, uint64_t entry)
{
	set_entry(p->rx_table, flow, entry);
}

void policy_tx(const struct policy *p, uint8_t flow, uint64_t entry)
{
	set_entry(p->tx_table, flow, entry);
}

uint64_t policy_seen(const struct policy *p, enum seen what)
{
	uint32_t key = what;
	uint64_t n = 0;

	bpf_map_lookup_elem(p->seen, &key, &n);
	return n;
}

/* Its struct_ops map, which once attached can be attached again by any link: an fd. */
int policy_map(const struct policy *p)
{
	struct bpf_link_info info = { 0 };
	uint32_t len = sizeof(info);

	if (bpf_link_get_info_by_fd(vhx_policy__link_fd(p->p), &info, &len))
		return -1;
	return bpf_map_get_fd_by_id(info.struct_ops.map_id);
}

/* Its link says that it was detached. */
bool policy_hung_up(const struct policy *p, int ms)
{
	struct pollfd pfd = { .fd = vhx_policy__link_fd(p->p) };

	return poll(&pfd, 1, ms) == 1 && pfd.revents & POLLHUP;
}

/* ---- netlink ---- */

/* One connection a call: a test changes its namespace. */
struct vhx_nl *steer_nl(void)
{
	struct vhx_nl *nl;
	int err = vhx_nl__open(&nl);

	if (err)
		tap_bail("netlink: %s", strerror(-err));
	return nl;
}

struct nic_query {
	const char *name;
	struct nic_state *state;
	unsigned int n;
};

static int on_nic(const struct vhx_nic_info *i, void *arg)
{
	struct nic_query *q = arg;

	q->n++;
	if (!q->name || strcmp(i->name, q->name))
		return 0;
	*q->state = (struct nic_state){
		.id = i->id, .policy_id = i->policy_id, .queues = i->queues, .live = i->live,
		.owner = i->owner, .closed = i->closed, .mismatch = i->mismatch,
	};
	snprintf(q->state->name, sizeof(q->state->name), "%s", i->name);
	return 1;
}

static struct nic_query ask_nics(const char *name, struct nic_state *state)
{
	struct nic_query q = { .name = name, .state = state };
	struct vhx_nl *nl = steer_nl();
	int r;

	memset(state, 0, sizeof(*state));
	do {
		q.n = 0;
		r = vhx_nic__each(nl, on_nic, &q);
	} while (r == -EINTR);
	vhx_nl__close(nl);
	if (r < 0)
		tap_bail("the NICs: %s", strerror(-r));
	return q;
}

bool nic_get(const char *name, struct nic_state *nic)
{
	ask_nics(name, nic);
	return nic->id;
}

uint32_t nic_id(const char *name)
{
	struct nic_state nic;

	ask_nics(name, &nic);
	return nic.id;
}

uint32_t nic_policy(const char *name)
{
	struct nic_state nic;

	ask_nics(name, &nic);
	return nic.policy_id;
}

bool nic_closed(const char *name)
{
	struct nic_state nic;

	ask_nics(name, &nic);
	return nic.closed;
}

unsigned int nic_count(void)
{
	struct nic_state nic;

	return ask_nics(NULL, &nic).n;
}

struct policy_query {
	uint32_t id;
	struct policy_state *state;
	unsigned int n;
};

static int on_policy(const struct vhx_policy_info *i, void *arg)
{
	struct policy_query *q = arg;

	q->n++;
	if (i->id != q->id)
		return 0;
	*q->state = (struct policy_state){
		.id = i->id, .nic_id = i->nic_id, .generation = i->generation,
		.nr_nics = i->nr_nics, .verdicts = i->verdicts, .drops = i->drops,
		.errors = i->errors, .dead = i->dead,
	};
	memcpy(q->state->reasons, i->drop_reasons, sizeof(q->state->reasons));
	snprintf(q->state->name, sizeof(q->state->name), "%s", i->name);
	return 1;
}

static unsigned int ask_policies(uint32_t id, struct policy_state *state)
{
	struct policy_query q = { .id = id, .state = state };
	struct vhx_nl *nl = steer_nl();
	int r;

	memset(state, 0, sizeof(*state));
	do {
		q.n = 0;
		r = vhx_policy__each(nl, on_policy, &q);
	} while (r == -EINTR);
	vhx_nl__close(nl);
	if (r < 0)
		tap_bail("the policies: %s", strerror(-r));
	return q.n;
}

bool policy_get(uint32_t id, struct policy_state *state)
{
	ask_policies(id, state);
	return state->id;
}

unsigned int policy_count(void)
{
	struct policy_state state;

	return ask_policies(0, &state);
}

static int on_exit_record(const struct vhx_exit_record *i, void *arg)
{
	struct exit_state *s = arg;

	if (i->policy_id != s->policy_id)
		return 0;
	*s = (struct exit_state){
		.policy_id = i->policy_id, .kind = i->kind, .nic_id = i->nic_id,
		.queue = i->queue, .dir = i->dir, .verdict = i->verdict,
		.head_len = i->head_len < sizeof(s->head) ? i->head_len : sizeof(s->head),
	};
	if (s->head_len)
		memcpy(s->head, i->head, s->head_len);
	snprintf(s->reason, sizeof(s->reason), "%s", i->reason ?: "");
	return 1;
}

/* Why a policy left; false when it is not told of. */
bool exit_get(uint32_t policy_id, struct exit_state *s)
{
	struct vhx_nl *nl = steer_nl();
	int r;

	*s = (struct exit_state){ .policy_id = policy_id };
	r = vhx_exit__each(nl, on_exit_record, s);
	vhx_nl__close(nl);
	return r == 1;
}

struct stat_query {
	int queue;
	unsigned int dir;
	unsigned int stat;
	uint64_t sum;
};

static int on_queue(const struct vhx_queue_info *i, void *arg)
{
	struct stat_query *q = arg;

	if (i->dir == q->dir && (q->queue < 0 || i->index == (uint32_t)q->queue))
		q->sum += i->stats[q->stat];
	return 0;
}

static uint64_t ask_queues(uint32_t nic, struct stat_query q)
{
	struct vhx_nl *nl = steer_nl();
	int r;

	do {
		q.sum = 0;
		r = vhx_queue__each(nl, nic, on_queue, &q);
	} while (r == -EINTR);
	vhx_nl__close(nl);
	if (r < 0)
		tap_bail("the queues: %s", strerror(-r));
	return q.sum;
}

uint64_t queue_stat(uint32_t nic, unsigned int queue, unsigned int dir, unsigned int stat)
{
	return ask_queues(nic, (struct stat_query){ queue, dir, stat, 0 });
}

/* Of all queues of one direction. */
uint64_t nic_stat(uint32_t nic, unsigned int dir, unsigned int stat)
{
	return ask_queues(nic, (struct stat_query){ -1, dir, stat, 0 });
}

/* ---- events ---- */

int events_open(void)
{
	int err = vhx_nl__open(&events);

	if (err)
		return err;
	events_fd = vhx_event__subscribe(events);
	return events_fd < 0 ? events_fd : 0;
}

struct event_query {
	uint32_t kind;
	uint32_t policy_id;
};

static int on_event(const struct vhx_event_info *e, void *arg)
{
	const struct event_query *q = arg;

	return e->kind == q->kind && (!q->policy_id || e->policy_id == q->policy_id);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Read on until this event; those before it are forgotten. */
bool events_wait(uint32_t kind, uint32_t policy_id, int ms)
{
	struct event_query q = { kind, policy_id };
	struct pollfd p = { .fd = events_fd, .events = POLLIN };
	int64_t end = now_ms() + ms;
	int left;

	while ((left = end - now_ms()) > 0 && poll(&p, 1, left) == 1)
		if (vhx_event__read(events, on_event, &q) == 1)
			return true;
	return false;
}

void events_close(void)
{
	vhx_nl__close(events);
	events = NULL;
}

/* ---- capabilities ---- */

static int change_cap(int cap, bool on)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	if (on)
		data[CAP_TO_INDEX(cap)].effective |= CAP_TO_MASK(cap);
	else
		data[CAP_TO_INDEX(cap)].effective &= ~CAP_TO_MASK(cap);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

/* From this thread's effective capabilities; it may have it back. */
int drop_cap(int cap)
{
	return change_cap(cap, false);
}

int raise_cap(int cap)
{
	return change_cap(cap, true);
}
