/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An agent that has messages: slots come, are taken one by one, and go back.
 */
#ifndef _SELFTEST_MSGAGENT_H
#define _SELFTEST_MSGAGENT_H

#include "agent.h"

#define MSG_WAIT	30000	/* ms, for what must come */
#define MSG_QUIET	200	/* for what must not */
#define MSG_TAGS	16

/**
 * struct msgagent - an agent
 * @a: its session
 * @arg: as it attaches
 * @cursor: tags fetched
 * @have: those that it has, and nobody took
 * @nhave: how many
 * @parked: a FETCH waits
 * @committed: what the last COMMIT said
 */
struct msgagent {
	struct agent a;
	struct vhx_agent_attach arg;
	uint32_t cursor;
	uint32_t have[MSG_TAGS];
	uint32_t nhave;
	bool parked;
	int committed;
};

/* Attach once. Return: 0 or -errno. */
int msgagent_attach(struct msgagent *m, const struct vhx_agent_attach *arg);
/* A session of one queue that serves @m->arg; bails out. What a dead one did is waited for. */
void msgagent_begin(struct msgagent *m);

/* Fetch until there are @n tags, or nothing comes. Return: whether there are exactly so many. */
bool msgagent_fetched(struct msgagent *m, uint32_t n);
/* A slot of this type, which comes if there is none; bails out. @tag: its tag */
const struct vhx_agent_req *msgagent_take(struct msgagent *m, uint16_t type, uint32_t *tag);
/* The same if one comes within @ms, or NULL. */
const struct vhx_agent_req *msgagent_wait(struct msgagent *m, uint16_t type, uint32_t *tag, int ms);
/* Return: answers accepted, or -errno. */
int msgagent_commit_done(struct msgagent *m, const struct vhx_agent_done *done);
int msgagent_commit(struct msgagent *m, uint32_t tag, uint32_t gen, uint32_t in_len);

#endif /* _SELFTEST_MSGAGENT_H */
