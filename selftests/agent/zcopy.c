// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes that are not copied: what an agent may do with them, what it must not, and who waits as
 * long as one is under way. The guest is a SCSI host's; a pipe that is full is the slow disk.
 * time-limit: 240
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"
#include "rnd.h"
#include "scsidrv.h"
#include "serve.h"
#include "tap.h"

#define PAGE	4096u
#define WWPN	"naa.5001405abcdef01c"
#define TAGS	16u
#define POOL	(128 * PAGE)	/* a window has a quarter */
#define QUOTA	(32 * PAGE)
#define MIN	(4 * PAGE)
#define LONG	(16 * PAGE)
#define PLACES	8u		/* of registered buffers */
#define WAIT	10000
#define SHORT	100		/* for what must not happen */
#define N	8u

enum { BUF = 0x100, IO };	/* what an SQE is, behind those of serve.c */

static struct server ag;
static struct scsidrv drv;
static struct scsicmd cmd[N];
static uint8_t *mem[N];		/* what each sends, and a page more */
static uint8_t got[2 * QUOTA];
static int pipefd[2];

static struct vhx_agent_open want(uint32_t flags, uint32_t min)
{
	return (struct vhx_agent_open) {
		.size = sizeof(struct vhx_agent_open), .flags = flags, .queues = 1,
		.tags = TAGS, .pool_size = POOL, .zero_copy_min = min,
	};
}

static int open_errno(uint32_t flags, uint32_t min)
{
	const struct vhx_agent_open arg = want(flags, min);
	int fd = agent_open_with(&arg);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

/* ---- the agent's side ---- */

static void begin_agent(struct server *s)
{
	const struct vhx_agent_open arg = want(VHX_AGENT_ZERO_COPY, MIN);

	server_open_with(s, &arg);
	if (io_uring_register_buffers_sparse(&s->a.uring, PLACES))
		tap_bail("no table of buffers");
}

/* The completion of @what, and of nothing else that matters. */
static int result(struct server *s, uint64_t what, int ms)
{
	uint64_t data;
	int res;

	while (agent_next(&s->a, ms, &res, &data)) {
		if (data == what)
			return res;
		if (data == 0) {
			s->parked = false;
			s->have += res > 0 ? res : 0;
		}
	}
	return -ETIME;
}

static struct io_uring_sqe *buf_sqe(struct server *s, uint32_t tag, uint32_t gen, uint32_t index)
{
	const struct vhx_agent_buf_cmd arg = { .tag = tag, .gen = gen, .index = index };
	struct io_uring_sqe *sqe = agent_sqe(&s->a, VHX_AGENT_BUF_REG, 0, BUF);

	memcpy(sqe->cmd, &arg, sizeof(arg));
	return sqe;
}

static int buf_reg(struct server *s, uint32_t tag, uint32_t gen, uint32_t index)
{
	buf_sqe(s, tag, gen, index);
	agent_submit(&s->a);
	return result(s, BUF, WAIT);
}

static int buf_read(struct server *s, uint32_t tag, uint32_t gen)
{
	struct vhx_agent_buf arg = { .size = sizeof(arg), .tag = tag, .gen = gen };

	return ioctl(s->a.fd, VHX_AGENT_BUF_READ, &arg) ? -errno : 0;
}

static uint32_t gen_of(int tag)
{
	return ag.a.req[tag].gen;
}

static void transfer(struct server *s, int op, int fd, uint32_t len, uint32_t index)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&s->a.uring);

	io_uring_prep_rw(op, sqe, fd, NULL, len, op == IORING_OP_WRITE_FIXED && fd == pipefd[1] ?
			 (uint64_t)-1 : 0);
	sqe->buf_index = index;
	sqe->user_data = IO;
	agent_submit(&s->a);
}

static int write_out(int fd, uint32_t len, uint32_t index)
{
	transfer(&ag, IORING_OP_WRITE_FIXED, fd, len, index);
	return result(&ag, IO, WAIT);
}

/* An answer by hand: how many were accepted. */
static int commit(struct server *s, int tag)
{
	const struct vhx_agent_done d = { .tag = tag, .gen = s->a.req[tag].gen };
	struct io_uring_sqe *sqe = agent_sqe(&s->a, VHX_AGENT_COMMIT, 0, BUF);

	sqe->addr = (uintptr_t)&d;
	agent_sqe_cmd(sqe)->nr = 1;
	agent_submit(&s->a);
	return result(s, BUF, WAIT);
}

static uint64_t counter(const char *name)
{
	char path[64], line[1024], *at;
	uint64_t n = UINT64_MAX;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ag.a.fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		at = strncmp(line, "queue-0:", 8) ? NULL : strstr(line, name);
		if (at)
			n = strtoull(at + strlen(name), NULL, 10);
	}
	if (f)
		fclose(f);
	return n;
}

/* ---- the guest's side ---- */

static uint8_t byte_of(unsigned int i, uint32_t off)
{
	return (uint8_t)(i * 41 + off * 7 + (off >> 8) * 3 + 1);
}

static void fill(unsigned int i, uint32_t len)
{
	uint32_t k;

	for (k = 0; k < len; k++)
		mem[i][k] = byte_of(i, k);
}

static bool is_of(unsigned int i, const uint8_t *p, uint32_t len)
{
	uint32_t k;

	for (k = 0; k < len; k++)
		if (p[k] != byte_of(i, k))
			return false;
	return true;
}

static void open_guest(void)
{
	unsigned int i;

	if (scsidrv_open(&drv, &(struct scsidrv_opt){ .wwpn = WWPN, .num = 64 }) ||
	    scsidrv_start(&drv))
		tap_bail("a guest of %s", WWPN);
	for (i = 0; i < N; i++) {
		mem[i] = mem_alloc(&drv.mem, 2 * QUOTA + PAGE, PAGE);
		if (!mem[i])
			tap_bail("the guest has no memory left");
	}
}

static void submit_sg(unsigned int i, const struct sg *sg, unsigned int n, uint32_t len)
{
	scsicmd_to(&cmd[i], 0, 0);
	scsicmd_write(&cmd[i], i, len / 512);
	cmd[i].out = NULL;
	cmd[i].out_len = 0;
	cmd[i].out_sg = sg;
	cmd[i].out_nsg = n;
	cmd[i].tag = 100 + i;
	if (scsidrv_submit(&drv, 0, &cmd[i]))
		tap_bail("submit");
	scsidrv_flush(&drv, 0);
}

static void submit(unsigned int i, uint32_t off, uint32_t len)
{
	const struct sg sg = { mem_gpa(&drv.mem, mem[i]) + off, len };

	fill(i, off + len);
	submit_sg(i, &sg, 1, len);
}

/*
 * An I/O that a thread of io_uring's did holds its buffer until the ring's owner comes by, after its
 * completion.
 */
static bool ends(unsigned int i, int ms)
{
	for (; ms > 0; ms -= 10) {
		io_uring_get_events(&ag.a.uring);
		if (scsidrv_wait(&drv, 0, &cmd[i], 10))
			return true;
	}
	return false;
}

static bool good(unsigned int i)
{
	return ends(i, WAIT) && scsicmd_good(&cmd[i]);
}

static bool waits(unsigned int i)
{
	return !ends(i, SHORT);
}

/* One that was not copied, fetched. */
static int fetch(unsigned int i, uint32_t len)
{
	int tag;

	submit(i, 0, len);
	tag = server_fetch(&ag, 1, WAIT);
	if (tag < 0 || !(ag.a.req[tag].flags & VHX_AGENT_REQ_ZERO_COPY))
		tap_bail("command %u: tag %d, flags %#x", i, tag, tag < 0 ? 0 : ag.a.req[tag].flags);
	return tag;
}

static void begins(void)
{
	int tag = server_fetch(&ag, 1, WAIT);

	if (tag < 0 || ag.a.req[tag].type != VHX_AGENT_REQ_NEXUS || !server_answer(&ag, tag))
		tap_bail("no guest begins");
}

/* ---- a disk that is slow ---- */

static uint32_t stuffed;

static void stuff_pipe(void)
{
	static const char page[PAGE];
	int flags;

	if (pipe2(pipefd, O_CLOEXEC) || fcntl(pipefd[1], F_SETPIPE_SZ, 4 * QUOTA) < 0)
		tap_bail("pipe");
	flags = fcntl(pipefd[1], F_GETFL);
	fcntl(pipefd[1], F_SETFL, flags | O_NONBLOCK);
	for (stuffed = 0; write(pipefd[1], page, PAGE) == PAGE; stuffed += PAGE)
		;
	fcntl(pipefd[1], F_SETFL, flags);
}

/* What is in it goes: then there is room. */
static void drain_pipe(void)
{
	while (stuffed) {
		ssize_t n = read(pipefd[0], got, stuffed < PAGE ? stuffed : PAGE);

		if (n <= 0)
			tap_bail("pipe");
		stuffed -= n;
	}
}

static bool pipe_has(unsigned int i, uint32_t len)
{
	uint32_t have = 0;
	ssize_t n;

	while (have < len && (n = read(pipefd[0], got + have, len - have)) > 0)
		have += n;
	return have == len && is_of(i, got, len);
}

static void close_pipe(void)
{
	close(pipefd[0]);
	close(pipefd[1]);
}

/* A tag whose write is under way for as long as the pipe is full. */
static int in_flight(unsigned int i)
{
	int tag = fetch(i, LONG);

	stuff_pipe();
	if (buf_reg(&ag, tag, gen_of(tag), 1))
		tap_bail("BUF_REG");
	transfer(&ag, IORING_OP_WRITE_FIXED, pipefd[1], LONG, 1);
	if (result(&ag, IO, SHORT) != -ETIME)
		tap_bail("the write does not wait");
	return tag;
}

static bool lands(unsigned int i)
{
	drain_pipe();
	return result(&ag, IO, WAIT) == (int)LONG && pipe_has(i, LONG);
}

/* ---- tests ---- */

static void test_open(bool able)
{
	tap_ok(open_errno(0, MIN) == -EINVAL, "a size without the flag");
	tap_ok(open_errno(2, 0) == -EINVAL && open_errno(1 | 4, 0) == -EINVAL, "unknown flags");
	tap_ok(open_errno(VHX_AGENT_ZERO_COPY, MIN) == (able ? 0 : -EOPNOTSUPP),
	       able ? "a session without copies" : "this kernel has none: EOPNOTSUPP");
	tap_ok(open_errno(VHX_AGENT_ZERO_COPY, 0) == (able ? 0 : -EOPNOTSUPP), "of the usual size");
}

static void test_unasked(void)
{
	struct server s;

	server_open(&s, TAGS, POOL);
	tap_ok(buf_reg(&s, 0, 0, 0) == -EOPNOTSUPP, "BUF_REG in a session that did not ask for it");
	tap_ok(buf_read(&s, 0, 0) == -ENOENT, "BUF_READ: no such tag");
	server_close(&s);
}

static void test_write(int file)
{
	uint64_t before = counter(" zero_copy="), bytes = counter("zero_copy_bytes=");
	const struct vhx_agent_req *r;
	int tag;

	memset(ag.a.pool, 0x5a, POOL);
	tag = fetch(0, LONG);
	r = &ag.a.req[tag];
	tap_ok(r->out_len == LONG && r->win_len == LONG && !r->win_off, "a write in one window");
	tap_ok((uint8_t)ag.a.pool[r->pool_off] == 0x5a && (uint8_t)ag.a.pool[r->pool_off + LONG - 1] == 0x5a,
	       "of which nothing is in the pool");
	tap_ok(!buf_reg(&ag, tag, r->gen, 3), "is registered");
	tap_ok(write_out(file, LONG, 3) == (int)LONG, "is written");
	tap_ok(pread(file, got, LONG, 0) == (int)LONG && is_of(0, got, LONG), "as the guest had it");
	mem[0][5]++;
	tap_ok(write_out(file, LONG, 3) == (int)LONG && pread(file, got, LONG, 0) == (int)LONG &&
	       got[5] == mem[0][5], "or has it: the guarantee is weaker");
	tap_ok(write_out(file, LONG + 1, 3) == -EFAULT, "no more than there is");
	transfer(&ag, IORING_OP_READ_FIXED, file, LONG, 3);
	tap_ok(result(&ag, IO, WAIT) == -EFAULT, "nothing is read into it");
	tap_ok(waits(0) && commit(&ag, tag) == 1 && good(0), "the guest has its answer");
	tap_ok(write_out(file, 512, 3) == -EFAULT, "and the ring the buffer no more");
	tap_ok(counter(" zero_copy=") == before + 1 && counter("zero_copy_bytes=") == bytes + LONG,
	       "it is counted");
}

/* Pieces of all kinds: is it copied, and is all of it right? */
static bool sends(const struct sg *sg, unsigned int n, uint32_t len, bool copied)
{
	const struct vhx_agent_req *r;
	int tag, file = memfd_create("z", 0);
	uint32_t at = 0, k;
	bool ok;

	submit_sg(1, sg, n, len);
	tag = server_fetch(&ag, 1, WAIT);
	if (tag < 0 || file < 0)
		return false;
	r = &ag.a.req[tag];
	ok = copied == !(r->flags & VHX_AGENT_REQ_ZERO_COPY);
	if (copied)
		ok = ok && pwrite(file, ag.a.pool + r->pool_off, len, 0) == (int)len;
	else
		ok = ok && !buf_reg(&ag, tag, r->gen, 2) && write_out(file, len, 2) == (int)len;
	ok = ok && pread(file, got, len, 0) == (int)len;
	while (ok && n--) {
		for (k = 0; k < sg->len; k++)
			ok = ok && got[at + k] == drv.mem.base[sg->gpa - MEM_GPA + k];
		at += (sg++)->len;
	}
	close(file);
	return commit(&ag, tag) == 1 && good(1) && ok;
}

static void test_pieces(void)
{
	const uint64_t a = mem_gpa(&drv.mem, mem[1]);
	struct sg sg[16], cut;
	uint64_t not = counter("zero_copy_not=");
	unsigned int i;

	fill(1, 2 * QUOTA);
	for (i = 0; i < 16; i++)
		sg[i] = (struct sg) { a + (i * 7 % 16) * 2 * PAGE, PAGE };
	tap_ok(sends(sg, 16, 16 * PAGE, false), "sixteen pages, from here and there");
	sg[15].len = 512;
	tap_ok(sends(sg, 16, 15 * PAGE + 512, false), "the last of them a part of one");
	sg[0] = (struct sg) { a, 8 * PAGE };
	sg[1] = (struct sg) { a + 9 * PAGE, 3 * PAGE };
	tap_ok(sends(sg, 2, 11 * PAGE, false), "two pieces of some pages");
	cut = (struct sg) { a, MIN - 512 };
	tap_ok(sends(&cut, 1, MIN - 512, true), "less than the agent wants");
	tap_ok(counter("zero_copy_not=") == not, "is none of those that were copied all the same");
	cut = (struct sg) { a + 512, LONG };
	tap_ok(sends(&cut, 1, LONG, true), "what begins within a page is copied");
	sg[0] = (struct sg) { a, 4 * PAGE - 512 };
	sg[1] = (struct sg) { a + 8 * PAGE, 4 * PAGE + 512 };
	tap_ok(sends(sg, 2, 8 * PAGE, true), "what has a part of a page in its middle, too");
	sg[0] = (struct sg) { a, 3 * PAGE };
	sg[1] = (struct sg) { a + 3 * PAGE, 512 };
	sg[2] = (struct sg) { a + 3 * PAGE + 512, PAGE - 512 };
	tap_ok(sends(sg, 3, 4 * PAGE, true), "and a page that is in pieces");
	tap_ok(counter("zero_copy_not=") == not + 3, "which is counted");
}

static void test_windows(int file)
{
	int tag = fetch(2, 2 * QUOTA);
	const struct vhx_agent_req *r = &ag.a.req[tag];
	bool ok = r->win_len == QUOTA && r->flags & VHX_AGENT_REQ_MORE;

	ok = ok && !buf_reg(&ag, tag, r->gen, 0) && write_out(file, QUOTA, 0) == (int)QUOTA &&
	     pread(file, got, QUOTA, 0) == (int)QUOTA && commit(&ag, tag) == 1;
	tag = server_fetch(&ag, 1, WAIT);
	r = &ag.a.req[tag < 0 ? 0 : tag];
	ok = ok && tag >= 0 && r->win_off == QUOTA && r->flags == VHX_AGENT_REQ_ZERO_COPY &&
	     !buf_reg(&ag, tag, r->gen, 0) && write_out(file, QUOTA, 0) == (int)QUOTA &&
	     pread(file, got + QUOTA, QUOTA, 0) == (int)QUOTA && commit(&ag, tag) == 1;
	tap_ok(ok && good(2) && is_of(2, got, 2 * QUOTA), "more than the quota: windows without a copy");
}

static void test_refused(int file)
{
	struct io_uring_sqe *sqe;
	struct vhx_agent_buf arg;
	int tag, other, rc = 0;
	struct iovec iov = { ag.a.pool, PAGE }, nothing = { 0 };
	__u64 none = 0;

	tag = fetch(0, LONG);
	submit(1, 0, LONG);
	usleep(SHORT * 1000);
	other = !tag;
	tap_ok(buf_reg(&ag, tag, gen_of(tag) + 1, 1) == -ENOENT, "another generation");
	tap_ok(buf_reg(&ag, other, gen_of(other), 1) == -ENOENT, "a tag that was not fetched");
	tap_ok(buf_reg(&ag, TAGS, 1, 1) == -ENOENT && buf_reg(&ag, ~0u, 1, 1) == -ENOENT,
	       "tags that are none");
	tap_ok(buf_reg(&ag, tag, gen_of(tag), PLACES) == -EINVAL &&
	       buf_reg(&ag, tag, gen_of(tag), ~0u) == -EINVAL, "places that are none");
	tap_ok(io_uring_register_buffers_update_tag(&ag.a.uring, 1, &iov, &none, 1) == 1 &&
	       buf_reg(&ag, tag, gen_of(tag), 1) == -EBUSY, "a place that is taken");
	io_uring_register_buffers_update_tag(&ag.a.uring, 1, &nothing, &none, 1);
	buf_sqe(&ag, tag, gen_of(tag), 2)->len = 1;
	agent_submit(&ag.a);
	rc |= result(&ag, BUF, WAIT) != -EINVAL;
	buf_sqe(&ag, tag, gen_of(tag), 2)->addr = (uintptr_t)got;
	agent_submit(&ag.a);
	rc |= result(&ag, BUF, WAIT) != -EINVAL;
	sqe = buf_sqe(&ag, tag, gen_of(tag), 2);
	((struct vhx_agent_buf_cmd *)sqe->cmd)->reserved = 1;
	agent_submit(&ag.a);
	tap_ok(!rc && result(&ag, BUF, WAIT) == -EINVAL, "what must be 0");
	tap_ok(buf_read(&ag, tag, gen_of(tag) + 1) == -ENOENT && buf_read(&ag, TAGS, 1) == -ENOENT,
	       "BUF_READ: the same");
	arg = (struct vhx_agent_buf) { .size = sizeof(arg), .flags = 1, .tag = tag, .gen = gen_of(tag) };
	tap_ok(ioctl(ag.a.fd, VHX_AGENT_BUF_READ, &arg) && errno == EINVAL, "BUF_READ: no flags");
	tap_ok(!buf_read(&ag, tag, gen_of(tag)) &&
	       is_of(0, (uint8_t *)ag.a.pool + ag.a.req[tag].pool_off, LONG), "BUF_READ copies to the pool");
	tap_ok(!buf_reg(&ag, tag, gen_of(tag), 2), "after all that it can be registered");
	tap_ok(buf_reg(&ag, tag, gen_of(tag), 3) == -EBUSY, "once");
	tap_ok(buf_read(&ag, tag, gen_of(tag)) == -EBUSY, "and is not copied meanwhile");
	tap_ok(write_out(file, LONG, 2) == (int)LONG && pread(file, got, LONG, 0) == (int)LONG &&
	       is_of(0, got, LONG), "it is what it was");
	rc = gen_of(tag);
	tap_ok(commit(&ag, tag) == 1 && good(0), "it is answered");
	tap_ok(buf_reg(&ag, tag, rc, 2) == -ENOENT && buf_read(&ag, tag, rc) == -ENOENT,
	       "and not the agent's any more");
	tag = server_fetch(&ag, 1, WAIT);
	tap_ok(tag >= 0 && !buf_read(&ag, tag, gen_of(tag)) &&
	       is_of(1, (uint8_t *)ag.a.pool + ag.a.req[tag].pool_off, LONG) &&
	       server_answer(&ag, tag) && good(1), "a write that is only copied");

	scsicmd_to(&cmd[0], 0, 0);
	scsicmd_read(&cmd[0], 0, LONG / 512);
	cmd[0].out_nsg = 0;
	cmd[0].in = got;
	cmd[0].in_len = LONG;
	scsidrv_submit(&drv, 0, &cmd[0]);
	scsidrv_flush(&drv, 0);
	tag = server_fetch(&ag, 1, WAIT);
	tap_ok(tag >= 0 && !ag.a.req[tag].flags && buf_reg(&ag, tag, gen_of(tag), 2) == -EINVAL &&
	       buf_read(&ag, tag, gen_of(tag)) == -EINVAL, "a READ is none of these");
	tap_ok(server_answer(&ag, tag) && good(0), "and goes as ever");
	memset(&cmd[0], 0, sizeof(cmd[0]));
}

static void test_commit(void)
{
	int tag = in_flight(0), others;

	tap_ok(commit(&ag, tag) == 1, "a commit while the write is under way");
	tap_ok(waits(0), "has the guest wait");
	tap_ok(commit(&ag, tag) == 0 && buf_reg(&ag, tag, gen_of(tag), 4) == -ENOENT &&
	       buf_read(&ag, tag, gen_of(tag)) == -ENOENT, "and the tag is not the agent's any more");
	others = fetch(1, LONG);
	tap_ok(!buf_reg(&ag, others, gen_of(others), 1) && commit(&ag, others) == 1 && good(1),
	       "another uses the place");
	tap_ok(waits(0) && lands(0) && good(0), "until it is over");
	close_pipe();

	tag = in_flight(0);
	{
		struct iovec none = { 0 };
		__u64 no_tag = 0;

		io_uring_register_buffers_update_tag(&ag.a.uring, 1, &none, &no_tag, 1);
	}
	tap_ok(commit(&ag, tag) == 1 && waits(0) && lands(0) && good(0),
	       "so too if the agent took the buffer from there by itself");
	close_pipe();
}

static uint8_t abort_answer;
static atomic_bool answered;

static void *abort_it(void *arg)
{
	abort_answer = scsidrv_tmf(&drv, (uintptr_t)arg, &cmd[0], WAIT);
	answered = true;
	return NULL;
}

static void test_abort(uint32_t function, const char *what)
{
	int tag = in_flight(0), reset;
	pthread_t t;

	answered = false;
	if (pthread_create(&t, NULL, abort_it, (void *)(uintptr_t)function))
		tap_bail("thread");
	usleep(SHORT * 1000);
	tap_ok(ag.a.req[tag].flags & VHX_AGENT_REQ_ABORTED && commit(&ag, tag) == 1,
	       "%s: it is committed, and under way", what);
	usleep(SHORT * 1000);
	tap_ok(!answered && waits(0), "%s waits for that", what);
	tap_ok(lands(0), "it is over");
	reset = function == VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET ? server_fetch(&ag, 1, WAIT) : -1;
	if (reset >= 0)
		server_answer(&ag, reset);
	pthread_join(t, NULL);
	tap_ok(abort_answer == VIRTIO_SCSI_S_OK && ends(0, WAIT),
	       "%s is answered", what);
	close_pipe();
}

static void test_detach(void)
{
	int tag = in_flight(0);

	tap_ok(commit(&ag, tag) == 1 && server_detach(&ag, 0) == -EBUSY, "DETACH waits");
	tap_ok(agent_destroy(WWPN) == -EBUSY && lands(0) && good(0) && !server_detach(&ag, 0) &&
	       agent_attach(ag.a.fd, WWPN) == 0, "until it is over");
	close_pipe();
}

static void *stop_guest(void *arg)
{
	scsidrv_clear_endpoint(&drv);
	answered = true;
	return arg;
}

static void test_drain(void)
{
	int tag = in_flight(0);
	pthread_t t;

	answered = false;
	if (pthread_create(&t, NULL, stop_guest, NULL))
		tap_bail("thread");
	usleep(SHORT * 1000);
	tap_ok(commit(&ag, tag) == 1, "a VMM stops the device");
	usleep(SHORT * 1000);
	tap_ok(!answered, "and waits");
	tap_ok(lands(0), "it is over");
	pthread_join(t, NULL);
	tap_ok(good(0), "so is the device's stop");
	scsidrv_close(&drv);
	open_guest();
	begins();
	close_pipe();
}

/* Its memory is somebody else's by then: but for what is pinned. */
static void test_vmm_dies(void)
{
	int tag = in_flight(0);

	scsidrv_close(&drv);
	open_guest();
	tap_ok(commit(&ag, tag) == 1, "a VMM goes, its write is under way");
	submit(1, 0, LONG);
	tap_ok(server_fetch(&ag, 1, SHORT) < 0, "nothing of the next one's is given out");
	tap_ok(lands(0), "what was written is what it had sent");
	begins();
	tag = server_fetch(&ag, 1, WAIT);
	tap_ok(tag >= 0 && ag.a.req[tag].flags & VHX_AGENT_REQ_ZERO_COPY && server_answer(&ag, tag) &&
	       good(1), "the next one goes on");
	close_pipe();
}

/* A process that has a write under way until it is killed. */
static pid_t serve_apart(bool heir)
{
	int say[2];
	pid_t pid, child = 0;

	if (pipe(say))
		tap_bail("pipe");
	submit(0, 0, LONG);
	pid = fork();
	if (!pid) {
		int tag;

		begin_agent(&ag);
		if (agent_attach_wait(ag.a.fd, WWPN, WAIT))
			_exit(1);
		tag = server_fetch(&ag, 1, WAIT);
		if (tag < 0 || buf_reg(&ag, tag, gen_of(tag), 1))
			_exit(2);
		transfer(&ag, IORING_OP_WRITE_FIXED, pipefd[1], LONG, 1);
		agent_do(&ag.a, VHX_AGENT_EVENT, 0);
		child = heir ? fork() : 1;
		if (!child)
			close(ag.a.fd);
		else if (write(say[1], &child, sizeof(child)) != sizeof(child))
			_exit(3);
		for (;;)
			pause();
	}
	close(say[1]);
	if (read(say[0], &child, sizeof(child)) != sizeof(child))
		tap_bail("the agent did not get so far");
	close(say[0]);
	if (heir)
		usleep(SHORT * 1000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return child;
}

static void test_agent_dies(void)
{
	int tag;

	server_close(&ag);
	stuff_pipe();
	serve_apart(false);
	begin_agent(&ag);
	tap_ok(agent_attach_wait(ag.a.fd, WWPN, WAIT) == 0, "an agent was killed: the next attaches");
	tag = server_fetch(&ag, 1, WAIT);
	tap_ok(tag >= 0 && ag.a.req[tag].flags == (VHX_AGENT_REQ_AGAIN | VHX_AGENT_REQ_ZERO_COPY),
	       "and has its write again");
	tap_ok(tag >= 0 && !buf_reg(&ag, tag, gen_of(tag), 1) && commit(&ag, tag) == 1 && good(0),
	       "the guest has its answer");
	close_pipe();
}

/* The dead agent's ring is another's as well, and the buffer is in it. */
static void test_heir(void)
{
	pid_t heir;
	int tag;

	server_close(&ag);
	stuff_pipe();
	heir = serve_apart(true);
	begin_agent(&ag);
	tap_ok(agent_attach_wait(ag.a.fd, WWPN, 5 * SHORT) == -ETIMEDOUT,
	       "its ring lives on, with the buffer: nobody attaches");
	kill(heir, SIGKILL);
	tap_ok(agent_attach_wait(ag.a.fd, WWPN, WAIT) == 0, "until that is gone");
	tag = server_fetch(&ag, 1, WAIT);
	tap_ok(tag >= 0 && ag.a.req[tag].flags & VHX_AGENT_REQ_AGAIN && commit(&ag, tag) == 1 && good(0),
	       "the guest has its answer");
	close_pipe();
}

/* ---- RLIMIT_MEMLOCK ---- */

static void set_effective(bool lock)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		tap_bail("capget");
	data[0].effective &= ~(1u << CAP_IPC_LOCK);
	data[0].effective |= lock ? data[0].permitted & 1u << CAP_IPC_LOCK : 0;
	if (syscall(SYS_capset, &head, data))
		tap_bail("capset");
}

static void test_memlock(void)
{
	const struct rlimit few = { 4 * MIN, RLIM_INFINITY };
	struct rlimit was;
	int tag[5], i, n = 0;

	server_close(&ag);
	getrlimit(RLIMIT_MEMLOCK, &was);
	setrlimit(RLIMIT_MEMLOCK, &few);
	{
		const struct vhx_agent_open arg = want(VHX_AGENT_ZERO_COPY, MIN);

		/* Its ring's memory counts, too. */
		set_effective(false);
		server_open_with(&ag, &arg);
		set_effective(true);
		io_uring_register_buffers_sparse(&ag.a.uring, PLACES);
	}
	tap_ok(agent_attach_wait(ag.a.fd, WWPN, WAIT) == 0, "an agent with a limit of memory");
	for (i = 0; i < 5; i++)
		submit(i, 0, MIN);
	for (i = 0; i < 5; i++) {
		tag[i] = server_fetch(&ag, 1, WAIT);
		if (tag[i] < 0)
			tap_bail("fetch");
		n += !!(ag.a.req[tag[i]].flags & VHX_AGENT_REQ_ZERO_COPY);
	}
	tap_ok(n >= 1 && n <= 4, "has no more without a copy than that (%d of 5)", n);
	tap_ok(!(ag.a.req[tag[4]].flags & VHX_AGENT_REQ_ZERO_COPY) &&
	       is_of(4, (uint8_t *)ag.a.pool + ag.a.req[tag[4]].pool_off, MIN), "the others are copied");
	for (i = 0, n = 0; i < 5; i++)
		n += server_answer(&ag, tag[i]) && good(i);
	tap_ok(n == 5, "all are answered");
	for (i = 0, n = 0; i < 20; i++)
		n += server_answer(&ag, fetch(0, MIN)) && good(0);
	tap_ok(n == 20, "what was charged is given back");
	setrlimit(RLIMIT_MEMLOCK, &was);
	server_close(&ag);
	begin_agent(&ag);
	if (agent_attach_wait(ag.a.fd, WWPN, WAIT))
		tap_bail("attach");
}

/* ---- all at random ---- */

/* Registered or not, written or not, in the place of another or not. */
static void serve_some(int tag, int file)
{
	if (rnd_range(0, 3))
		buf_reg(&ag, tag, gen_of(tag), rnd_range(0, PLACES - 1));
	if (rnd_range(0, 1))
		transfer(&ag, IORING_OP_WRITE_FIXED, file, PAGE, rnd_range(0, PLACES - 1));
	if (!rnd_range(0, 3))
		buf_read(&ag, tag, gen_of(tag));
}

static void begin_another(void)
{
	server_close(&ag);
	begin_agent(&ag);
	if (agent_attach_wait(ag.a.fd, WWPN, WAIT))
		tap_bail("attach");
}

static bool all_over(void)
{
	unsigned int i;

	for (i = 0; i < N; i++)
		if (!ends(i, 10))
			return false;
	return true;
}

/* An agent that does it all, and dies in the middle of it now and then. */
static void test_random(int file)
{
	unsigned int round, tries, i, left, bad = 0;
	int tag;

	for (round = 0; round < 60 && !bad; round++) {
		for (i = 0; i < N; i++)
			submit(i, rnd_range(0, 3) ? 0 : 512, rnd_range(1, 40) * PAGE);
		left = rnd_range(0, 2) ? UINT32_MAX : rnd_range(0, N);
		for (tries = 0; tries < 2 * WAIT / 20 && !all_over();) {
			tag = server_fetch(&ag, 1, 10);
			if (tag < 0) {
				tries++;
				continue;
			}
			serve_some(tag, file);
			if (!left--)
				begin_another();
			else
				bad += commit(&ag, tag) != 1;
		}
		for (i = 0; i < N; i++)
			bad += !good(i);
	}
	tap_ok(!bad, "at random (%u bad, round %u)", bad, round);
}

static bool is_able(void)
{
	struct utsname u;

	/* 6.12 has none; 7.3 does. Those between are nobody's to test. */
	uname(&u);
	return strtoul(u.release, NULL, 10) >= 7;
}

int main(void)
{
	const bool able = is_able();
	int file;

	if (access(AGENT_CTL, F_OK) || access(scsidrv_node(), F_OK))
		tap_skip_all("no %s, or no %s", AGENT_CTL, scsidrv_node());
	rnd_start();
	test_open(able);
	test_unasked();
	if (!able)
		return tap_done();
	file = memfd_create("disk", 0);
	begin_agent(&ag);
	tap_ok(agent_attach(ag.a.fd, WWPN) == 0, "an agent serves");
	open_guest();
	begins();
	test_write(file);
	test_pieces();
	test_windows(file);
	test_refused(file);
	test_commit();
	test_abort(VIRTIO_SCSI_T_TMF_ABORT_TASK, "an abort");
	test_abort(VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, "a reset");
	test_detach();
	test_drain();
	test_vmm_dies();
	test_agent_dies();
	test_heir();
	test_memlock();
	test_random(file);
	scsidrv_close(&drv);
	server_close(&ag);
	tap_ok(!agent_destroy(WWPN), "all gone");
	return tap_done();
}
