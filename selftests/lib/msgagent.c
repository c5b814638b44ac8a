// SPDX-License-Identifier: GPL-2.0-only
/*
 * An agent that has messages, see msgagent.h.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "msgagent.h"
#include "tap.h"

#define FETCH	1		/* what a completion is of */
#define COMMIT	2

int msgagent_attach(struct msgagent *m, const struct vhx_agent_attach *arg)
{
	struct vhx_agent_attach own = *arg;

	return ioctl(m->a.fd, VHX_AGENT_ATTACH, &own) ? -errno : 0;
}

void msgagent_begin(struct msgagent *m)
{
	int rc = -EBUSY, ms;

	agent_start(&m->a, 1, MSG_TAGS, 64 * 4096);
	m->cursor = 0;
	m->nhave = 0;
	m->parked = false;
	for (ms = 0; rc == -EBUSY && ms < MSG_WAIT; ms += 10) {
		rc = msgagent_attach(m, &m->arg);
		if (rc == -EBUSY)
			usleep(10000);
	}
	if (rc)
		tap_bail("attach: %d", rc);
}

static void park(struct msgagent *m)
{
	if (m->parked)
		return;
	agent_sqe(&m->a, VHX_AGENT_FETCH, 0, FETCH);
	agent_submit(&m->a);
	m->parked = true;
}

/* One completion. Return: what it is of; 0: none came. */
static uint64_t reap(struct msgagent *m, int ms)
{
	uint64_t data;
	int res, i;

	if (!agent_next(&m->a, ms, &res, &data))
		return 0;
	if (data == COMMIT) {
		m->committed = res;
		return data;
	}
	m->parked = false;
	for (i = 0; i < res && m->nhave < MSG_TAGS; i++)
		m->have[m->nhave++] = m->a.tag[m->cursor++ & (MSG_TAGS - 1)];
	return data;
}

bool msgagent_fetched(struct msgagent *m, uint32_t n)
{
	do
		park(m);
	while (reap(m, m->nhave < n ? MSG_WAIT : MSG_QUIET));
	return m->nhave == n;
}

/* The oldest of its type. */
static const struct vhx_agent_req *find(struct msgagent *m, uint16_t type, uint32_t *tag)
{
	uint32_t i, k;

	for (i = 0; i < m->nhave; i++) {
		if (m->a.req[m->have[i]].type != type)
			continue;
		*tag = m->have[i];
		m->nhave--;
		for (k = i; k < m->nhave; k++)
			m->have[k] = m->have[k + 1];
		return &m->a.req[*tag];
	}
	return NULL;
}

const struct vhx_agent_req *msgagent_wait(struct msgagent *m, uint16_t type, uint32_t *tag, int ms)
{
	const struct vhx_agent_req *r;

	while (!(r = find(m, type, tag))) {
		park(m);
		if (!reap(m, ms))
			return NULL;
	}
	return r;
}

const struct vhx_agent_req *msgagent_take(struct msgagent *m, uint16_t type, uint32_t *tag)
{
	const struct vhx_agent_req *r = msgagent_wait(m, type, tag, MSG_WAIT);

	if (!r)
		tap_bail("no slot of type %u", type);
	return r;
}

int msgagent_commit_done(struct msgagent *m, const struct vhx_agent_done *done)
{
	struct io_uring_sqe *sqe = agent_sqe(&m->a, VHX_AGENT_COMMIT, 0, COMMIT);
	uint64_t of;

	agent_sqe_cmd(sqe)->nr = 1;
	sqe->addr = (uintptr_t)done;
	agent_submit(&m->a);
	do
		of = reap(m, MSG_WAIT);
	while (of == FETCH);
	if (!of)
		tap_bail("a COMMIT does not end");
	return m->committed;
}

int msgagent_commit(struct msgagent *m, uint32_t tag, uint32_t gen, uint32_t in_len)
{
	const struct vhx_agent_done done = { .tag = tag, .gen = gen, .in_len = in_len };

	return msgagent_commit_done(m, &done);
}
