/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Policies of the tests (bpf/progs), and what netlink says of NICs, queues, policies, exits and
 * events. All of it in the caller's network namespace.
 */
#ifndef _SELFTEST_STEER_H
#define _SELFTEST_STEER_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/capability.h>

#include "libvhx.h"

#define PROGS	"build/selftests/bpf/"

/* An entry of table's tables. */
#define SAY(verdict)	(1ULL << 32 | (uint32_t)(verdict))

/* What table counts; as in bpf/progs/table.bpf.c. */
enum seen {
	SEEN_RX, SEEN_TX, SEEN_BATCH, SEEN_BATCHED, SEEN_ATTACH, SEEN_DETACH, SEEN_CONFIG,
	SEEN_EXIT, SEEN_EXIT_KIND, SEEN_EXIT_VERDICT, SEEN_QUEUES,
};

/**
 * struct policy_opt - how a policy is loaded; 0 means the default
 * @object: default PROGS "table.bpf.o"
 * @name: default the object's
 * @nic_name: bind by name
 * @nic_id: bind by id
 * @nic_fd: bind by fd
 * @max_errors: see struct vhx_steer_ops
 * @flags: VHX_STEER_F_*
 * @rx: table's entry for flows without one
 * @tx: likewise
 * @refuse: what table's nic_attach returns
 */
struct policy_opt {
	const char *object;
	const char *name;
	const char *nic_name;
	uint32_t nic_id;
	int nic_fd;
	uint32_t max_errors;
	uint64_t flags;
	uint64_t rx;
	uint64_t tx;
	int refuse;
};

struct policy {
	struct vhx_policy *p;
	uint32_t id;
	int rx_table;
	int tx_table;
	int seen;
};

int policy_load(struct policy *p, const struct policy_opt *opt);
int policy_attach(struct policy *p);
int policy_start(struct policy *p, const struct policy_opt *opt);
int policy_replace(struct policy *p, uint32_t id);
void policy_close(struct policy *p);
void policy_rx(const struct policy *p, uint8_t flow, uint64_t entry);
void policy_tx(const struct policy *p, uint8_t flow, uint64_t entry);
uint64_t policy_seen(const struct policy *p, enum seen what);
int policy_map(const struct policy *p);
bool policy_hung_up(const struct policy *p, int ms);

/* A NIC, a policy, an exit, as netlink tells of them. */
struct nic_state {
	uint32_t id, policy_id, queues, live, owner;
	bool closed, mismatch;
	char name[VHX_NAME_LEN];
};

struct policy_state {
	uint32_t id, nic_id, generation, nr_nics;
	uint64_t verdicts, drops, errors;
	uint64_t reasons[256];
	bool dead;
	char name[VHX_NAME_LEN];
};

struct exit_state {
	uint32_t policy_id, kind, nic_id, queue, dir, verdict, head_len;
	uint8_t head[64];
	char reason[VHX_REASON_LEN];
};

struct vhx_nl *steer_nl(void);
bool nic_get(const char *name, struct nic_state *nic);
uint32_t nic_id(const char *name);
uint32_t nic_policy(const char *name);
bool nic_closed(const char *name);
unsigned int nic_count(void);
bool policy_get(uint32_t id, struct policy_state *state);
unsigned int policy_count(void);
bool exit_get(uint32_t policy_id, struct exit_state *state);
uint64_t queue_stat(uint32_t nic, unsigned int queue, unsigned int dir, unsigned int stat);
uint64_t nic_stat(uint32_t nic, unsigned int dir, unsigned int stat);

int events_open(void);
bool events_wait(uint32_t kind, uint32_t policy_id, int ms);
void events_close(void);

int drop_cap(int cap);
int raise_cap(int cap);

/* Until @cond holds. */
#define EVENTUALLY(cond, ms) ({					\
	int left_ = (ms);					\
	while (!(cond) && left_ > 0) {				\
		usleep(5000);					\
		left_ -= 5;					\
	}							\
	left_ > 0 || (cond);					\
})

#endif /* _SELFTEST_STEER_H */
