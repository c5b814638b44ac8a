// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests from end to end, on the smallest class there is (kern/test/echo.c): a guest posts them,
 * an agent in the same thread or in a child answers, dies, and is followed by another.
 * time-limit: 180
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../kern/test/echo.h"
#include "agent.h"
#include "pair.h"
#include "tap.h"

#define PAGE	4096u
#define NUM	256u
#define TAGS	32u			/* of two queues */
#define PER	(TAGS / 2)
#define POOL	(64 * PAGE)
#define QUOTA	(16 * PAGE)
#define LONG	(40 * PAGE + 100)	/* three windows */
#define SOON	3000			/* ms */
#define F_ECHO	(F_V1 | F_INDIRECT | F_EVENT_IDX)

/* What the guest posted. */
struct post {
	struct echo_req *req;
	struct echo_resp *resp;
	uint8_t *data;
	uint32_t len;
	bool in;
	bool used;
	uint32_t used_len;
};

static struct rig {
	struct mem mem;
	struct guest g;
	struct agent a;
	uint32_t cursor[2];
	uint32_t have[2];
	bool parked[2];
	struct vhx_agent_done done[TAGS];
} rig;

#define MAX_POSTS 512
static struct post posts[MAX_POSTS];
static unsigned int nposts;

static uint8_t pattern(uint64_t id, uint32_t off)
{
	return (uint8_t)(id * 31 + off * 7 + (off >> 8));
}

static void fill(uint8_t *p, uint64_t id, uint32_t off, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		p[i] = pattern(id, off + i);
}

static bool is_filled(const uint8_t *p, uint64_t id, uint32_t off, uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		if (p[i] != pattern(id, off + i))
			return false;
	return true;
}

/* ---- the guest ---- */

/* Pieces that no page or structure begins with: the header in two, the data in three. */
static struct post *post(unsigned int q, uint64_t id, uint32_t len, bool in)
{
	struct post *p = &posts[nposts++ % MAX_POSTS];
	struct mem *m = &rig.mem;
	const uint32_t cut = len / 3;
	struct sg sg[8];
	unsigned int n = 0, nout;

	memset(p, 0, sizeof(*p));
	p->req = mem_alloc(m, sizeof(*p->req), 8);
	p->resp = mem_alloc(m, sizeof(*p->resp), 8);
	p->data = len ? mem_alloc(m, len, 1) : NULL;
	if (!p->req || !p->resp || (len && !p->data))
		tap_bail("the guest has no memory left");
	p->len = len;
	p->in = in;
	memset(p->req, 0, sizeof(*p->req));
	memset(p->resp, 0xee, sizeof(*p->resp));
	p->req->id = id;
	p->req->lun[0] = 1;
	p->req->cdb[31] = 0x5a;
	if (len && in)
		memset(p->data, 0xee, len);
	else if (len)
		fill(p->data, id, 0, len);

	sg[n++] = (struct sg) { mem_gpa(m, p->req), 10 };
	sg[n++] = (struct sg) { mem_gpa(m, p->req) + 10, sizeof(*p->req) - 10 };
	nout = n;
	if (in || !len)
		sg[n++] = (struct sg) { mem_gpa(m, p->resp), sizeof(*p->resp) };
	if (len > 2) {
		sg[n++] = (struct sg) { mem_gpa(m, p->data), cut };
		sg[n++] = (struct sg) { mem_gpa(m, p->data) + cut, cut };
		sg[n++] = (struct sg) { mem_gpa(m, p->data) + 2 * cut, len - 2 * cut };
	}
	if (!in && len) {
		nout = n;
		sg[n++] = (struct sg) { mem_gpa(m, p->resp), sizeof(*p->resp) };
	}
	if (ring_add(&rig.g.vq[q].ring, sg, nout, n - nout, p))
		tap_bail("the ring is full");
	vq_publish(&rig.g.vq[q]);
	return p;
}

static void reap(unsigned int q)
{
	struct post *p;
	uint32_t len;

	while ((p = ring_get(&rig.g.vq[q].ring, &len))) {
		p->used = true;
		p->used_len = len;
	}
}

static bool answered(struct post *p, unsigned int q, int ms)
{
	for (; ms >= 0 && !p->used; ms -= 2) {
		reap(q);
		if (!p->used)
			usleep(2000);
	}
	return p->used;
}

/* ---- the agent ---- */

/* A queue's FETCH completed. */
static void fetched(unsigned int q, int res)
{
	rig.parked[q] = false;
	if (res < 0)
		tap_diag("fetch: %d", res);
	else
		rig.have[q] += res;
}

/* The next tag of a queue; -1 when none came. */
static int fetch(unsigned int q, int ms)
{
	struct agent *a = &rig.a;
	uint64_t data;
	int res;

	while (!rig.have[q]) {
		if (!rig.parked[q]) {
			agent_sqe(a, VHX_AGENT_FETCH, q, q);
			agent_submit(a);
			rig.parked[q] = true;
		}
		if (!agent_next(a, ms, &res, &data))
			return -1;
		if (data > 1)
			continue;
		fetched(data, res);
		if (res < 0)
			return -1;
	}
	rig.have[q]--;
	return a->tag[q * PER + (rig.cursor[q]++ & (PER - 1))];
}

/* Answer one, from @done; returns how many were accepted. */
static int commit(unsigned int q, const struct vhx_agent_done *done, uint16_t n)
{
	struct io_uring_sqe *sqe = agent_sqe(&rig.a, VHX_AGENT_COMMIT, q, 100);
	uint64_t data;
	int res;

	sqe->addr = (uintptr_t)done;
	agent_sqe_cmd(sqe)->nr = n;
	agent_submit(&rig.a);
	for (;;) {
		if (!agent_next(&rig.a, SOON, &res, &data))
			return -ETIME;
		if (data == 100)
			return res;
		if (data <= 1)
			fetched(data, res);
	}
}

/* As an agent should: data by the pattern. */
static int serve(int tag)
{
	const struct vhx_agent_req *r = &rig.a.req[tag];
	struct vhx_agent_done d = { .tag = tag, .gen = r->gen, .in_len = r->in_len ? r->win_len : 0 };
	uint8_t *p = (uint8_t *)rig.a.pool + r->pool_off;

	if (r->in_len)
		fill(p, r->scsi.id, r->win_off, r->win_len);
	else if (!is_filled(p, r->scsi.id, r->win_off, r->win_len))
		d.status = 2;
	return commit(tag / PER, &d, 1);
}

static void live(void)
{
	agent_start(&rig.a, 2, TAGS, POOL);
	memset(rig.cursor, 0, sizeof(rig.cursor));
	memset(rig.have, 0, sizeof(rig.have));
	memset(rig.parked, 0, sizeof(rig.parked));
}

static bool attach(void)
{
	struct vhx_agent_attach arg = {
		.size = sizeof(arg), .class = VHX_ENDPOINT_SCSI, .quota = QUOTA,
		.name = ECHO_ENDPOINT,
	};
	int tries, rc;

	for (tries = 0; tries < 300; tries++) {
		rc = ioctl(rig.a.fd, VHX_AGENT_ATTACH, &arg);
		if (!rc || errno != EBUSY)
			break;
		usleep(10000);
	}
	return !rc;
}

static bool good(const struct post *p)
{
	if (p->resp->result || p->resp->status || p->resp->response)
		return false;
	if (!p->in)
		return p->used_len == sizeof(*p->resp);
	return p->resp->copied == p->len && p->used_len == sizeof(*p->resp) + p->len &&
	       is_filled(p->data, p->req->id, 0, p->len);
}

/* ---- tests ---- */

static void test_one(uint32_t len, bool in)
{
	struct post *p = post(0, 1000 + len, len, in);
	int tag = fetch(0, SOON);
	const struct vhx_agent_req *r = &rig.a.req[tag];

	if (!tap_ok(tag >= 0 && tag < (int)PER, "a request of %u bytes %s is fetched", len,
		    in ? "in" : "out"))
		tap_bail("nothing works");
	tap_ok(r->type == VHX_AGENT_REQ_SCSI && r->scsi.id == 1000 + len && r->scsi.lun[0] == 1 &&
	       r->scsi.cdb[31] == 0x5a && r->endpoint == 0, "as it is");
	tap_ok(r->in_len == (in ? len : 0) && r->out_len == (in ? 0 : len) && !r->win_off &&
	       r->win_len == len && !r->flags, "as long as it is");
	tap_ok(!p->used && serve(tag) == 1, "it is served");
	tap_ok(answered(p, 0, SOON) && good(p), "and answered");
}

static void test_answer(void)
{
	static uint8_t sense[96] = { 0x70, [95] = 0x99 };
	struct post *p = post(0, 5, 1000, true);
	int tag = fetch(0, SOON);
	struct vhx_agent_done d = {
		.tag = tag, .gen = rig.a.req[tag].gen, .status = 2, .response = 3, .sense_len = 96,
		.resid = 77, .in_len = 10, .sense = (uintptr_t)sense,
	};

	fill((uint8_t *)rig.a.pool + rig.a.req[tag].pool_off, 5, 0, 1000);
	tap_ok(commit(0, &d, 1) == 1 && answered(p, 0, SOON), "an answer that is not good");
	tap_ok(p->resp->status == 2 && p->resp->response == 3 && p->resp->resid == 77 &&
	       p->resp->sense_len == 96 && !memcmp(p->resp->sense, sense, 96), "as the agent said");
	tap_ok(p->resp->copied == 10 && is_filled(p->data, 5, 0, 10) && p->data[10] == 0xee,
	       "with the bytes that it says there are, and no others");
}

static void refuse(struct vhx_agent_done d, unsigned int q, const char *what)
{
	int rc = commit(q, &d, 1);

	tap_ok(rc == 0, "refused: %s", what);
}

static void test_refused(void)
{
	static uint8_t sense[96];
	struct post *p = post(0, 6, 1000, true), *w;
	int tag = fetch(0, SOON);
	struct vhx_agent_done d = { .tag = tag, .gen = rig.a.req[tag].gen, .in_len = 1000 }, x;

#define REFUSE(field, value, what) do { \
	x = d; x.field = value; refuse(x, 0, what); \
} while (0)
	REFUSE(gen, d.gen + 1, "another generation");
	REFUSE(gen, d.gen - 1, "a late one");
	REFUSE(tag, tag ^ 1, "a tag that is free");
	REFUSE(tag, PER, "a tag of another queue");
	REFUSE(tag, TAGS, "a tag there is not");
	REFUSE(tag, ~0u, "none at all");
	REFUSE(in_len, 1001, "more than the window");
	REFUSE(sense_len, 97, "too much sense");
	REFUSE(flags, 2, "a flag that is none");
	refuse(d, 1, "by another queue");
	x = d;
	x.sense_len = 96;
	tap_ok(commit(0, &x, 1) == -EFAULT, "sense from nowhere is a fault");
	x.sense = (uintptr_t)sense;
	tap_ok(!answered(p, 0, 20), "nothing was answered");
	tap_ok(commit(0, &x, 1) == 1 && answered(p, 0, SOON), "the right one is taken");
	refuse(d, 0, "once more");

	w = post(0, 7, 100, false);
	tag = fetch(0, SOON);
	d = (struct vhx_agent_done) { .tag = tag, .gen = rig.a.req[tag].gen, .in_len = 1 };
	refuse(d, 0, "data for who sent some");
	tap_ok(serve(tag) == 1 && answered(w, 0, SOON) && good(w), "and then it is right");
}

static void test_windows(bool in)
{
	struct post *p = post(1, 8 + in, LONG, in);
	const struct vhx_agent_req *r;
	struct vhx_agent_done d;
	uint32_t off = 0;
	int tag, n;

	for (n = 0; off < LONG; n++) {
		tag = fetch(1, SOON);
		if (tag < 0)
			break;
		r = &rig.a.req[tag];
		if (r->win_off != off || r->win_len > QUOTA ||
		    !(r->flags & VHX_AGENT_REQ_MORE) != (off + r->win_len == LONG))
			break;
		off += r->win_len;
		if (serve(tag) != 1)
			break;
	}
	tap_ok(n == 3 && off == LONG, "what is above the quota comes in windows");
	tap_ok(answered(p, 1, SOON) && good(p), "that make the whole");

	p = post(1, 9, LONG, in);
	tag = fetch(1, SOON);
	commit(1, &(struct vhx_agent_done) {
		.tag = tag, .gen = rig.a.req[tag].gen, .status = 8,
	}, 1);
	tap_ok(answered(p, 1, SOON) && p->resp->status == 8 && !p->resp->copied,
	       "an answer that is not good ends it");
	tap_ok(fetch(1, 50) < 0, "nothing of it comes again");

	p = post(1, 9, LONG, in);
	tag = fetch(1, SOON);
	d = (struct vhx_agent_done) {
		.tag = tag, .gen = rig.a.req[tag].gen, .resid = 5, .flags = VHX_AGENT_DONE_LAST,
		.in_len = in ? rig.a.req[tag].win_len : 0,
	};
	commit(1, &d, 1);
	tap_ok(answered(p, 1, SOON) && !p->resp->status && p->resp->resid == 5 &&
	       p->resp->copied == d.in_len, "nor of one whose agent wants no other window");
	tap_ok(fetch(1, 50) < 0, "which gets none");
}

/* More than there are tags, and pages. */
static void test_many(void)
{
	struct post *p[2][60];
	unsigned int i, q, bad = 0, left = 120;
	int tag;

	for (i = 0; i < 60; i++)
		for (q = 0; q < 2; q++)
			p[q][i] = post(q, 100 * q + i, i % 4 ? i * 300 : 9 * PAGE, i & 1);
	while (left) {
		q = left & 1;
		tag = fetch(q, 50);
		if (tag < 0)
			tag = fetch(q ^= 1, SOON);
		if (tag < 0 || serve(tag) != 1)
			break;
		left--;
	}
	for (i = 0; i < 60; i++)
		for (q = 0; q < 2; q++)
			bad += !answered(p[q][i], q, SOON) || !good(p[q][i]);
	tap_ok(!left && !bad, "more requests than tags and pages: %u left, %u bad", left, bad);
}

/* Guest memory moves while the agent has the request. */
static void test_mem_table(void)
{
	struct post *p = post(0, 11, 5000, true);
	int tag = fetch(0, SOON);
	uint8_t *old = rig.mem.base;
	struct vhost_memory_region r = {
		.guest_phys_addr = rig.mem.gpa, .memory_size = rig.mem.size,
	};
	void *new = mmap(NULL, rig.mem.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	size_t off = p->data - old;
	bool ok;

	r.userspace_addr = (uintptr_t)new;
	ok = !guest_set_mem(&rig.g, &r, 1);
	tap_ok(ok && serve(tag) == 1 && answered(p, 0, SOON), "another table meanwhile");
	tap_ok(is_filled((uint8_t *)new + off, 11, 0, 5000) && p->data[0] == 0xee,
	       "the data goes where it says");
	guest_map(&rig.g);
	munmap(new, rig.mem.size);
}

static void test_nowhere(void)
{
	struct sg sg[3];
	struct post *p = post(0, 12, 0, false);
	int tag = fetch(0, SOON);

	tap_ok(serve(tag) == 1 && answered(p, 0, SOON) && good(p), "a request without data");
	p->used = false;
	sg[0] = (struct sg) { mem_gpa(&rig.mem, p->req), sizeof(*p->req) };
	sg[1] = (struct sg) { 0x10, 100 };
	sg[2] = (struct sg) { mem_gpa(&rig.mem, p->resp), sizeof(*p->resp) };
	ring_add(&rig.g.vq[0].ring, sg, 2, 1, p);
	vq_publish(&rig.g.vq[0]);
	tap_ok(answered(p, 0, SOON) && p->resp->result == -EFAULT, "data that is nowhere");
	tap_ok(fetch(0, 50) < 0, "is not the agent's affair");
}

/* ---- death ---- */

static void die(void)
{
	agent_stop(&rig.a);
}

static void test_death(void)
{
	struct post *p[6];
	const uint32_t again[] = { 1, 1, 0, 0, 0, 0 };
	unsigned int i, bad = 0;
	int tag;

	/* One that has nothing parked. */
	die();
	live();
	attach();
	for (i = 0; i < 4; i++)
		p[i] = post(0, 20 + i, 3000, i & 1);
	/* Two are the agent's; the others it has not seen. */
	usleep(50000);
	agent_sqe_cmd(agent_sqe(&rig.a, VHX_AGENT_FETCH, 0, 0))->max = 2;
	agent_submit(&rig.a);
	tap_ok(agent_next(&rig.a, SOON, &tag, NULL) && tag == 2, "no more than asked for is fetched");
	die();
	for (i = 4; i < 6; i++)
		p[i] = post(0, 20 + i, LONG, i & 1);
	usleep(50000);
	reap(0);
	for (i = 0; i < 6; i++)
		bad += p[i]->used;
	tap_ok(!bad, "the guest waits while there is no agent");

	live();
	tap_ok(attach(), "another one comes");
	for (i = 0; i < 6; i++) {
		tag = fetch(0, SOON);
		if (tag < 0)
			break;
		bad += rig.a.req[tag].scsi.id != 20 + i ||
		       (rig.a.req[tag].flags & VHX_AGENT_REQ_AGAIN) != again[i];
		while (rig.a.req[tag].flags & VHX_AGENT_REQ_MORE) {
			bad += serve(tag) != 1;
			tag = fetch(0, SOON);
		}
		bad += serve(tag) != 1;
	}
	tap_ok(i == 6 && !bad, "it gets all, in the guest's order, and is told which it gets again");
	for (bad = 0, i = 0; i < 6; i++)
		bad += !answered(p[i], 0, SOON) || !good(p[i]);
	tap_ok(!bad, "and the guest gets its answers");
}

/* ---- stop ---- */

static uint32_t abort_id(uint64_t id, bool wait)
{
	struct echo_abort arg = { .id = id, .wait = wait };

	return ioctl(rig.g.fd, ECHO_ABORT, &arg) ? ~0u : arg.left;
}

static bool restart(void)
{
	ring_reset(&rig.g.vq[0].ring, 0);
	ring_reset(&rig.g.vq[1].ring, 0);
	return !guest_setup_vq(&rig.g, 0, BASE_BEGIN) && !guest_setup_vq(&rig.g, 1, BASE_BEGIN) &&
	       !guest_start(&rig.g, 0);
}

/* What comes after a stop must not overtake what the agent has of the time before. */
static void test_stop(void)
{
	struct post *p = post(0, 30, 3000, true), *ready, *next, *gone;
	int tag = fetch(0, SOON), res;
	struct vhx_agent_req r = rig.a.req[tag];
	struct vhx_agent_done d = { .tag = tag, .gen = r.gen, .in_len = 3000 };

	ready = post(0, 31, 100, true);
	agent_sqe(&rig.a, VHX_AGENT_EVENT, 0, 200);
	agent_submit(&rig.a);
	tap_ok(!guest_stop(&rig.g), "the VMM stops and waits for nobody");
	tap_ok(agent_next(&rig.a, SOON, &res, NULL) && res == VHX_AGENT_EV_ABORT &&
	       rig.a.req[tag].flags & VHX_AGENT_REQ_ABORTED,
	       "the agent hears that nobody wants an answer");
	tap_ok(restart(), "it starts again");
	next = post(0, 32, 100, true);
	gone = post(1, 33, 100, false);
	tap_ok(fetch(0, 100) < 0 && fetch(1, 100) < 0,
	       "nothing new is given out while the agent has old requests");
	tap_ok(abort_id(33, true) <= 1 && answered(gone, 1, SOON) &&
	       gone->resp->result == -ECANCELED, "but an abort is answered");
	memset(rig.a.pool + r.pool_off, 7, 3000);
	tap_ok(commit(0, &d, 1) == 1, "the agent may answer those");
	tag = fetch(0, SOON);
	tap_ok(tag >= 0 && rig.a.req[tag].scsi.id == 32 && serve(tag) == 1 &&
	       answered(next, 0, SOON) && good(next), "and then gets the new ones");
	tap_ok(p->data[0] == 0xee && (uint8_t)p->resp->status == 0xee && ready->data[0] == 0xee,
	       "the guest's memory is not touched by the old ones");
	tap_ok(fetch(0, 20) < 0 && fetch(1, 20) < 0, "what was not fetched is gone");
	test_one(500, true);
}

/* As before, but the agent dies, and until the kernel has its pool back it may still write. */
static void test_stop_fenced(void)
{
	struct post *p = post(0, 37, 3000, false), *next;
	int tag = fetch(0, SOON);
	char *pool = rig.a.pool;
	struct agent other;

	tap_ok(tag >= 0 && !guest_stop(&rig.g) && restart(), "a stop with a write under way");
	next = post(0, 38, 100, true);
	munmap(rig.a.req, TAGS * sizeof(*rig.a.req));
	munmap(rig.a.tag, TAGS * sizeof(*rig.a.tag));
	io_uring_queue_exit(&rig.a.uring);
	close(rig.a.fd);
	agent_start(&other, 2, TAGS, POOL);
	tap_ok(agent_attach_wait(other.fd, ECHO_ENDPOINT, 300) == -ETIMEDOUT,
	       "the agent dies, and no other comes before its pages are free");
	agent_stop(&other);
	munmap(pool, POOL);
	live();
	tap_ok(attach(), "then one does");
	tag = fetch(0, SOON);
	tap_ok(tag >= 0 && rig.a.req[tag].scsi.id == 38 && !rig.a.req[tag].flags &&
	       serve(tag) == 1 && answered(next, 0, SOON) && good(next),
	       "and gets what is new, and nothing old");
	tap_ok(!p->used, "which nobody answers");
}

static void *drain(void *arg)
{
	*(int *)arg = ioctl(rig.g.fd, ECHO_DRAIN, 1) ? -errno : 0;
	return NULL;
}

static void test_drain(void)
{
	struct post *p = post(1, 35, 3000, true), *late;
	int tag = fetch(1, SOON), rc = 1;
	pthread_t t;

	pthread_create(&t, NULL, drain, &rc);
	usleep(100000);
	tap_ok(rc == 1, "a stop that waits does");
	late = post(1, 36, 3000, true);
	serve(tag);
	pthread_join(t, NULL);
	tap_ok(!rc && answered(p, 1, SOON) && good(p), "until all is answered");
	tap_ok(!answered(late, 1, 50), "nothing more is taken");
	guest_set_backend(&rig.g, 1, -1);
	ring_reset(&rig.g.vq[1].ring, 0);
	guest_setup_vq(&rig.g, 1, BASE_BEGIN);
	tap_ok(!guest_set_backend(&rig.g, 1, 0), "and it goes on");
}

/* No agent could end what a broken queue has: nobody waits for that. */
static void test_drain_broken(void)
{
	struct post *p = post(1, 39, 3000, true);
	struct sg sg = { mem_gpa(&rig.mem, p->req), 4 };
	int tag = fetch(1, SOON), res;

	ring_add(&rig.g.vq[1].ring, &sg, 1, 0, p);
	vq_publish(&rig.g.vq[1]);
	tap_ok(vq_err(&rig.g.vq[1], SOON), "a queue breaks with a request under way");
	tap_ok(!ioctl(rig.g.fd, ECHO_DRAIN, 1), "a stop does not wait for it");
	guest_set_backend(&rig.g, 1, -1);
	agent_sqe(&rig.a, VHX_AGENT_EVENT, 0, 200);
	agent_submit(&rig.a);
	tap_ok(agent_next(&rig.a, SOON, &res, NULL) && res == VHX_AGENT_EV_ABORT,
	       "the agent hears of it");
	tap_ok(serve(tag) == 1, "and may let go of it");
	ring_reset(&rig.g.vq[1].ring, 0);
	guest_setup_vq(&rig.g, 1, BASE_BEGIN);
	tap_ok(!guest_set_backend(&rig.g, 1, 0), "a start makes the queue whole");
	p = post(1, 40, 3000, true);
	tag = fetch(1, SOON);
	tap_ok(tag >= 0 && serve(tag) == 1 && answered(p, 1, SOON) && good(p), "and it is served");
}

/* ---- aborts ---- */

static void *abort_wait(void *arg)
{
	uint32_t *left = arg;

	*left = abort_id(41, true);
	return NULL;
}

static void test_abort(void)
{
	struct post *ready = post(0, 40, 100, true), *owned, *other;
	uint32_t left = 99;
	pthread_t t;
	int tag, res;

	usleep(50000);
	tap_ok(abort_id(40, true) <= 1 && answered(ready, 0, SOON) &&
	       ready->resp->result == -ECANCELED, "one the agent has not seen is aborted at once");
	tap_ok(abort_id(40, true) == 0, "and then there is none");

	owned = post(0, 41, 100, true);
	other = post(0, 42, 100, true);
	tag = fetch(0, SOON);
	while (rig.a.req[tag].scsi.id != 41)
		tag = fetch(0, SOON);
	agent_sqe(&rig.a, VHX_AGENT_EVENT, 0, 200);
	agent_submit(&rig.a);
	pthread_create(&t, NULL, abort_wait, &left);
	tap_ok(agent_next(&rig.a, SOON, &res, NULL) && res == VHX_AGENT_EV_ABORT,
	       "an event tells the agent of one it has");
	tap_ok(rig.a.req[tag].flags & VHX_AGENT_REQ_ABORTED, "which one, the table");
	tap_ok(!answered(owned, 0, 50) && left == 99, "nobody is told before it is committed");
	serve(tag);
	pthread_join(t, NULL);
	tap_ok(left == 1, "then who aborted it is");
	tap_ok(answered(owned, 0, 0) && owned->resp->result == -ECANCELED && owned->data[0] == 0xee,
	       "after the guest, who gets no data");
	tag = fetch(0, SOON);
	tap_ok(serve(tag) == 1 && answered(other, 0, SOON) && good(other), "others are not touched");
}

/* A dead agent's request may still be written: it is not aborted before the fence. */
static void test_abort_fenced(void)
{
	struct post *p = post(0, 45, 100, false), *waits;
	int tag = fetch(0, SOON);
	char *pool = rig.a.pool;

	tap_ok(tag >= 0, "a write is under way");
	munmap(rig.a.req, TAGS * sizeof(*rig.a.req));
	munmap(rig.a.tag, TAGS * sizeof(*rig.a.tag));
	io_uring_queue_exit(&rig.a.uring);
	close(rig.a.fd);
	usleep(100000);
	waits = post(0, 46, 100, false);
	usleep(50000);
	abort_id(0, false);
	tap_ok(answered(waits, 0, SOON) && waits->resp->result == -ECANCELED,
	       "with the agent dead, what it never had is aborted");
	tap_ok(!answered(p, 0, 300), "what it had is not, while its pages are in use");
	munmap(pool, POOL);
	tap_ok(answered(p, 0, SOON) && p->resp->result == -ECANCELED, "and then is");
	live();
	tap_ok(attach() && fetch(0, 50) < 0, "the next agent does not get it");
	test_one(600, false);
}

/* ---- an agent that is killed over and over ---- */

static void agent_child(void)
{
	int tag;

	live();
	if (!attach())
		_exit(1);
	for (;;) {
		tag = fetch(0, 1);
		if (tag < 0)
			tag = fetch(1, 1);
		if (tag >= 0 && serve(tag) != 1)
			_exit(2);
	}
}

static void test_storm(void)
{
	unsigned int i, rounds, bad = 0, again = 0;
	struct post *p[16];
	pid_t pid = 0;
	int status;

	die();
	srand(time(NULL));
	for (rounds = 0; rounds < 20; rounds++) {
		pid = fork();
		if (!pid)
			agent_child();
		for (i = 0; i < 16; i++)
			p[i] = post(i & 1, rounds * 16 + i + 1, 1 + rand() % (20 * PAGE) + 2, i & 2);
		usleep(rand() % 150000);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		again += !WIFSIGNALED(status);
		pid = fork();
		if (!pid)
			agent_child();
		for (i = 0; i < 16; i++)
			bad += !answered(p[i], i & 1, 5000) || !good(p[i]);
		if (bad)
			tap_diag("round %u: %u bad", rounds, bad);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		again += !WIFSIGNALED(status);
		if (bad)
			break;
		/* Memory of the guest's, from the start. */
		rig.mem.used = rig.mem.size / 4;
	}
	tap_ok(!bad, "agents are killed, no request is lost: %u bad", bad);
	tap_ok(!again, "no agent gave up by itself: %u", again);
	live();
	tap_ok(attach(), "another agent");
}

static void run(uint64_t features)
{
	tap_diag("features %#llx", (unsigned long long)features);
	live();
	if (mem_open_shared(&rig.mem, 64u << 20))
		tap_bail("no memory");
	agent_destroy(ECHO_ENDPOINT);
	if (pair_open(&rig.g, &rig.mem, features, NUM))
		tap_bail("no guest");
	tap_ok(guest_start(&rig.g, 0) == -ENODEV, "without an endpoint nothing starts");
	tap_ok(attach(), "an agent attaches");
	tap_ok(!guest_start(&rig.g, 0), "and a VMM starts");
	tap_ok(agent_destroy(ECHO_ENDPOINT) == -EBUSY, "an endpoint in use is not destroyed");
	test_one(100, true);
	test_one(10000, true);
	test_one(100, false);
	test_one(10000, false);
	test_answer();
	test_refused();
	test_windows(true);
	test_windows(false);
	test_many();
	test_mem_table();
	test_nowhere();
	test_death();
	test_stop();
	test_stop_fenced();
	test_drain();
	test_drain_broken();
	test_abort();
	test_abort_fenced();
	test_storm();
	test_one(700, true);
	guest_close(&rig.g);
	die();
	mem_close(&rig.mem);
	tap_ok(!agent_destroy(ECHO_ENDPOINT), "all gone");
}

int main(void)
{
	struct utsname u;
	char cmd[256];

	uname(&u);
	snprintf(cmd, sizeof(cmd), "insmod build/%s/test_vhx_echo.ko", u.release);
	if (access(AGENT_CTL, F_OK))
		tap_skip_all("no %s", AGENT_CTL);
	if (system(cmd))
		tap_bail("%s", cmd);
	setenv("VHX_NET", "/dev/vhx-echo", 1);
	run(F_ECHO);
	run(F_ECHO | F_PACKED);
	tap_ok(!system("rmmod test_vhx_echo"), "the test's module goes");
	return tap_done();
}
