// SPDX-License-Identifier: GPL-2.0-only
/*
 * An agent by hand, see serve.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "serve.h"

#define WAIT	10000

enum { FETCH, COMMIT };

void server_open(struct server *s, uint32_t tags, uint32_t pool_size)
{
	memset(s, 0, sizeof(*s));
	agent_start(&s->a, 1, tags, pool_size);
}

void server_open_with(struct server *s, const struct vhx_agent_open *arg)
{
	memset(s, 0, sizeof(*s));
	agent_start_with(&s->a, arg);
}

void server_close(struct server *s)
{
	agent_stop(&s->a);
}

int server_detach(struct server *s, uint32_t number)
{
	struct vhx_agent_detach arg = { .size = sizeof(arg), .endpoint = number };

	return ioctl(s->a.fd, VHX_AGENT_DETACH, &arg) ? -errno : 0;
}

/* A FETCH completed. Return: whether it has not failed. */
static bool fetched(struct server *s, int res)
{
	s->parked = false;
	if (res > 0)
		s->have += res;
	return res >= 0;
}

int server_fetch(struct server *s, uint16_t max, int ms)
{
	uint64_t what;
	int res;

	while (!s->have) {
		if (!s->parked) {
			agent_sqe_cmd(agent_sqe(&s->a, VHX_AGENT_FETCH, 0, FETCH))->max = max;
			agent_submit(&s->a);
			s->parked = true;
		}
		if (!agent_next(&s->a, ms, &res, &what))
			return -1;
		if (what == FETCH && !fetched(s, res))
			return -1;
	}
	s->have--;
	return s->a.tag[s->cursor++ & (s->a.tags - 1)];
}

uint8_t server_byte(uint8_t lba, uint32_t off)
{
	return (uint8_t)(lba * 17 + off / 64);
}

bool server_answer(struct server *s, int tag)
{
	const struct vhx_agent_req *r = &s->a.req[tag];
	struct vhx_agent_done d = { .tag = tag, .gen = r->gen };
	struct io_uring_sqe *sqe;
	uint64_t what;
	uint32_t i;
	int res;

	if (r->in_len)
		d.in_len = r->win_len;
	for (i = 0; i < d.in_len; i++)
		s->a.pool[r->pool_off + i] = server_byte(r->scsi.cdb[9], r->win_off + i);
	sqe = agent_sqe(&s->a, VHX_AGENT_COMMIT, 0, COMMIT);
	sqe->addr = (uintptr_t)&d;
	agent_sqe_cmd(sqe)->nr = 1;
	agent_submit(&s->a);
	while (agent_next(&s->a, WAIT, &res, &what)) {
		if (what == COMMIT)
			return res == 1;
		fetched(s, res);
	}
	return false;
}
