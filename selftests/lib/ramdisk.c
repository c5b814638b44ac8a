// SPDX-License-Identifier: GPL-2.0-only
/*
 * A RAM disk, see ramdisk.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/virtio_scsi.h>

#include "agent.h"
#include "ramdisk.h"
#include "tap.h"

#define WAIT_MS		10000
#define BATCH		64u
#define TAGS_MAX	1024

enum {
	TEST_UNIT_READY = 0x00,
	INQUIRY = 0x12,
	SYNCHRONIZE_CACHE_10 = 0x35,
	READ_16 = 0x88,
	WRITE_16 = 0x8a,
	SERVICE_ACTION_IN_16 = 0x9e,
	REPORT_LUNS = 0xa0,
};

#define CHECK_CONDITION	2
#define ILLEGAL_REQUEST	5
#define SENSE_LEN	18

/**
 * struct server - the agent's process
 * @d: disk
 * @a: its session
 * @cursor: entries read of each queue's ring
 * @parked: a FETCH of the queue is
 * @event: an EVENT is
 * @held: tags that are not answered
 * @nheld: how many
 * @done: answers under way
 * @sense: their sense data
 */
struct server {
	struct ramdisk *d;
	struct agent a;
	uint32_t cursor[VHX_AGENT_QUEUES_MAX];
	bool parked[VHX_AGENT_QUEUES_MAX];
	bool event;
	uint32_t held[TAGS_MAX];
	uint32_t nheld;
	struct vhx_agent_done done[BATCH];
	uint8_t sense[BATCH][SENSE_LEN];
};

static uint64_t get_be(const uint8_t *p, unsigned int bytes)
{
	uint64_t v = 0;

	while (bytes--)
		v = v << 8 | *p++;
	return v;
}

static void put_be(uint8_t *p, uint64_t v, unsigned int bytes)
{
	for (; bytes; v >>= 8)
		p[--bytes] = v;
}

/* ---- commands ---- */

static void refuse(struct vhx_agent_done *done, uint8_t *sense, uint16_t asc_ascq)
{
	memset(sense, 0, SENSE_LEN);
	sense[0] = 0x70;
	sense[2] = ILLEGAL_REQUEST;
	sense[7] = SENSE_LEN - 8;
	put_be(sense + 12, asc_ascq, 2);
	done->status = CHECK_CONDITION;
	done->sense_len = SENSE_LEN;
	done->sense = (uintptr_t)sense;
}

/* @len bytes to the guest, as many as it has room for: none if it sends some. */
static void give(const struct server *s, const struct vhx_agent_req *r,
		 struct vhx_agent_done *done, const void *from, uint32_t len)
{
	if (!r->in_len)
		len = 0;
	if (len > r->win_len)
		len = r->win_len;
	memcpy(s->a.pool + r->pool_off, from, len);
	done->in_len = len;
}

static void move(const struct server *s, const struct vhx_agent_req *r,
		 struct vhx_agent_done *done, uint8_t *sense)
{
	const uint64_t lba = get_be(r->scsi.cdb + 2, 8), blocks = get_be(r->scsi.cdb + 10, 4);
	const uint32_t total = blocks * RAMDISK_BLOCK;
	uint8_t *at = s->d->data + lba * RAMDISK_BLOCK + r->win_off;
	uint32_t n = total > r->win_off ? total - r->win_off : 0;

	if (lba > s->d->blocks || blocks > s->d->blocks - lba) {
		refuse(done, sense, 0x2100);
		return;
	}
	if (n > r->win_len)
		n = r->win_len;
	if (r->scsi.cdb[0] == READ_16) {
		give(s, r, done, at, n);
		return;
	}
	if (r->out_len)
		memcpy(at, s->a.pool + r->pool_off, n);
	done->resid = r->out_len > total ? r->out_len - total : 0;
}

static void carry_out(const struct server *s, const struct vhx_agent_req *r,
		      struct vhx_agent_done *done, uint8_t *sense)
{
	uint8_t buf[36] = { 0 };

	switch (r->scsi.cdb[0]) {
	case TEST_UNIT_READY:
	case SYNCHRONIZE_CACHE_10:
		break;
	case INQUIRY:
		buf[2] = 6;
		buf[4] = sizeof(buf) - 5;
		memcpy(buf + 8, "VHX     RAM DISK        1   ", 28);
		give(s, r, done, buf, sizeof(buf));
		break;
	case SERVICE_ACTION_IN_16:
		put_be(buf, s->d->blocks - 1, 8);
		put_be(buf + 8, RAMDISK_BLOCK, 4);
		give(s, r, done, buf, 32);
		break;
	case REPORT_LUNS:
		put_be(buf, 8, 4);
		give(s, r, done, buf, 16);
		break;
	case READ_16:
	case WRITE_16:
		move(s, r, done, sense);
		break;
	default:
		refuse(done, sense, 0x2000);
	}
}

static void answer(struct server *s, uint32_t tag, struct vhx_agent_done *done, uint8_t *sense)
{
	const struct vhx_agent_req *r = &s->a.req[tag];

	memset(done, 0, sizeof(*done));
	done->tag = tag;
	done->gen = r->gen;
	if (r->type == VHX_AGENT_REQ_NEXUS)
		return;
	if (r->type == VHX_AGENT_REQ_RESET) {
		memcpy((void *)s->d->s->reset_lun, r->scsi.lun, 8);
		s->d->s->reset_attr = r->scsi.attr;
		s->d->s->resets++;
		return;
	}
	if (r->flags & VHX_AGENT_REQ_ABORTED)
		s->d->s->aborted++;
	if (r->flags & VHX_AGENT_REQ_ABORTED && !s->d->s->stubborn) {
		done->response = VIRTIO_SCSI_S_ABORTED;
		return;
	}
	if (r->flags & VHX_AGENT_REQ_MORE)
		s->d->s->windows++;
	if (r->scsi.lun[1])
		done->response = VIRTIO_SCSI_S_BAD_TARGET;
	else if (r->scsi.lun[3])
		refuse(done, sense, 0x2500);
	else
		carry_out(s, r, done, sense);
}

/* ---- the session ---- */

static void count(struct server *s, const struct vhx_agent_req *r)
{
	const bool again = r->flags & VHX_AGENT_REQ_AGAIN;

	if (r->type == VHX_AGENT_REQ_NEXUS) {
		s->d->s->begun_again += again;
		s->d->s->begun++;
		return;
	}
	s->d->s->again += again;
	s->d->s->fetched++;
}

static void fetched(struct server *s, uint32_t queue, uint32_t n)
{
	const uint32_t per = s->a.tags / s->a.queues;
	uint32_t tag;

	while (n--) {
		tag = s->a.tag[queue * per + s->cursor[queue]++ % per];
		s->held[s->nheld++] = tag;
		count(s, &s->a.req[tag]);
	}
}

#define DATA_COMMIT	1000
#define DATA_EVENT	1001

static void completed(struct server *s, int res, uint64_t data)
{
	if (data == DATA_EVENT) {
		s->event = false;
	} else if (data >= DATA_COMMIT + 2) {
		const uint32_t sent = data - DATA_COMMIT - 2;
		const uint32_t taken = res > 0 ? res : 0;

		s->d->s->answered += taken;
		s->d->s->refused += sent - taken;
	} else {
		s->parked[data] = false;
		if (res < 0)
			_exit(3);
		fetched(s, data, res);
	}
}

static bool may_answer(const struct server *s, uint32_t tag)
{
	const volatile struct ramdisk_state *st = s->d->s;

	const struct vhx_agent_req *r = &s->a.req[tag];

	if (r->type == VHX_AGENT_REQ_NEXUS)
		return !st->slow;
	if (st->most && st->answered >= st->most)
		return false;
	if (!st->hold)
		return true;
	if (st->deaf)
		return false;
	return r->type == VHX_AGENT_REQ_RESET || r->flags & VHX_AGENT_REQ_ABORTED;
}

/* Answer what may be, of one queue, a batch at most. */
static void commit(struct server *s, uint32_t queue)
{
	const uint32_t per = s->a.tags / s->a.queues;
	struct io_uring_sqe *sqe;
	uint32_t i, kept = 0, n = 0;

	for (i = 0; i < s->nheld; i++) {
		const uint32_t tag = s->held[i];

		if (n < BATCH && tag / per == queue && may_answer(s, tag)) {
			answer(s, tag, &s->done[n], s->sense[n]);
			n++;
		} else {
			s->held[kept++] = tag;
		}
	}
	s->nheld = kept;
	if (!n)
		return;
	sqe = agent_sqe(&s->a, VHX_AGENT_COMMIT, queue, DATA_COMMIT + 2 + n);
	sqe->addr = (uintptr_t)s->done;
	agent_sqe_cmd(sqe)->nr = n;
	/* Taken when this returns. */
	agent_submit(&s->a);
}

static void park(struct server *s)
{
	uint32_t i;

	for (i = 0; i < s->a.queues; i++) {
		if (!s->parked[i] && s->nheld + BATCH <= TAGS_MAX)
			agent_sqe(&s->a, VHX_AGENT_FETCH, i, i);
		s->parked[i] = true;
	}
	if (!s->event)
		agent_sqe(&s->a, VHX_AGENT_EVENT, 0, DATA_EVENT);
	s->event = true;
	agent_submit(&s->a);
}

/* Target 0 is always there, whatever else is. */
static void say_targets(const struct server *s)
{
	uint64_t map[4] = { s->d->targets };

	if (!map[0])
		return;
	if (s->d->s->flip)
		map[s->d->s->flips++ % 4] |= 1ULL << 63;
	if (agent_targets(s->a.fd, 0, map))
		_exit(4);
}

static void serve(struct ramdisk *d)
{
	static struct server s;
	uint64_t data;
	uint32_t i;
	int res;

	s.d = d;
	agent_start(&s.a, d->queues, d->tags, d->pool);
	if (agent_attach_wait(s.a.fd, d->name, WAIT_MS) < 0)
		_exit(2);
	say_targets(&s);
	d->s->ready = true;
	for (;;) {
		park(&s);
		if (d->s->flip)
			say_targets(&s);
		if (agent_next(&s.a, s.nheld || d->s->flip ? 2 : 1000, &res, &data))
			completed(&s, res, data);
		for (i = 0; i < s.a.queues; i++)
			commit(&s, i);
		d->s->held = s.nheld;
	}
}

/* ---- the test's side ---- */

static void *shared(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		tap_bail("memory for a disk");
	return p;
}

void ramdisk_open(struct ramdisk *d)
{
	d->blocks = d->blocks ?: 16384;
	d->queues = d->queues ?: 1;
	d->tags = d->tags ?: 128;
	d->pool = d->pool ?: 4 << 20;
	d->data = shared((size_t)d->blocks * RAMDISK_BLOCK);
	d->s = shared(sizeof(*d->s));
	d->pid = 0;
	ramdisk_start(d);
}

/* Another agent, after the last one died. */
void ramdisk_start(struct ramdisk *d)
{
	int i;

	d->s->ready = false;
	d->pid = fork();
	if (d->pid < 0)
		tap_bail("fork: %s", strerror(errno));
	if (!d->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A guest's fd must not outlive the guest here. */
		close_range(3, ~0U, 0);
		serve(d);
	}
	for (i = 0; i < WAIT_MS && !d->s->ready; i++)
		usleep(1000);
	if (!d->s->ready)
		tap_bail("the agent of %s does not start", d->name);
}

void ramdisk_kill(struct ramdisk *d)
{
	if (!d->pid)
		return;
	kill(d->pid, SIGKILL);
	waitpid(d->pid, NULL, 0);
	d->pid = 0;
}

void ramdisk_close(struct ramdisk *d)
{
	ramdisk_kill(d);
	munmap(d->data, (size_t)d->blocks * RAMDISK_BLOCK);
	munmap((void *)d->s, sizeof(*d->s));
	tap_ok(!agent_destroy(d->name), "nobody has endpoint %s any more", d->name);
}

bool ramdisk_reaches(volatile const uint32_t *counter, uint32_t n)
{
	int i;

	for (i = 0; i < WAIT_MS && *counter < n; i++)
		usleep(1000);
	return *counter >= n;
}
