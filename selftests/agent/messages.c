// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages: slots set apart, what goes which way, what is refused; an agent that keeps all, one that
 * dies, one that gives the endpoint up; and a device that goes while the agent has its slots. The
 * device is /dev/vhx-mail (kern/test/mail.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../../kern/test/mail.h"
#include "agent.h"
#include "tap.h"

#define WAIT	30000		/* ms, for what must come */
#define QUIET	200		/* for what must not */
#define SIZE	8192
#define TO	3		/* slots to the agent */
#define FROM	2		/* from it */

static struct agent agent;
static uint32_t cursor, have[16], nhave;
static bool parked;		/* a FETCH waits */
static int committed;		/* what the last COMMIT said */
static int dev = -1;

/* ---- the agent ---- */

static struct vhx_agent_attach attach_arg(void)
{
	struct vhx_agent_attach arg = {
		.size = sizeof(arg), .class = VHX_ENDPOINT_SCSI, .flags = VHX_AGENT_MESSAGES,
		.message_size = SIZE, .messages = TO, .grants = FROM,
	};

	strcpy(arg.name, MAIL_ENDPOINT);
	return arg;
}

static int attach(struct vhx_agent_attach arg)
{
	return ioctl(agent.fd, VHX_AGENT_ATTACH, &arg) ? -errno : (int)arg.endpoint;
}

static int attach_wait(void)
{
	int rc = -EBUSY, ms;

	for (ms = 0; rc == -EBUSY && ms < WAIT; ms += 10) {
		rc = attach(attach_arg());
		if (rc == -EBUSY)
			usleep(10000);
	}
	return rc;
}

static void begin(void)
{
	agent_start(&agent, 1, 16, 64 * 4096);
	cursor = 0;
	nhave = 0;
	parked = false;
	if (attach_wait() < 0)
		tap_bail("attach");
}

#define FETCH	1		/* what a completion is of */
#define COMMIT	2

/* One completion. Return: what it is of; 0: none came. */
static uint64_t reap(int ms)
{
	uint64_t data;
	int res, i;

	if (!agent_next(&agent, ms, &res, &data))
		return 0;
	if (data == COMMIT) {
		committed = res;
		return data;
	}
	parked = false;
	for (i = 0; i < res && nhave < 16; i++)
		have[nhave++] = agent.tag[cursor++ & 15];
	return data;
}

/* Fetch until there are @n tags, or nothing comes. Return: whether there are exactly so many. */
static bool fetched(uint32_t n)
{
	do {
		if (parked)
			continue;
		agent_sqe(&agent, VHX_AGENT_FETCH, 0, FETCH);
		agent_submit(&agent);
		parked = true;
	} while (reap(nhave < n ? WAIT : QUIET));
	return nhave == n;
}

/* A tag of this type, which is taken from what the agent has. */
static struct vhx_agent_req *take(uint16_t type, uint32_t *tag)
{
	uint32_t i;

	for (i = 0; i < nhave; i++) {
		if (agent.req[have[i]].type != type)
			continue;
		*tag = have[i];
		have[i] = have[--nhave];
		return &agent.req[*tag];
	}
	tap_bail("no slot of type %u", type);
}

/* Return: answers accepted, or -errno. */
static int commit(uint32_t tag, uint32_t gen, uint32_t in_len)
{
	struct vhx_agent_done done = { .tag = tag, .gen = gen, .in_len = in_len };
	struct io_uring_sqe *sqe = agent_sqe(&agent, VHX_AGENT_COMMIT, 0, COMMIT);
	uint64_t of;

	agent_sqe_cmd(sqe)->nr = 1;
	sqe->addr = (uintptr_t)&done;
	agent_submit(&agent);
	do
		of = reap(WAIT);
	while (of == FETCH);
	if (!of)
		tap_bail("a COMMIT does not end");
	return committed;
}

/* ---- the device ---- */

static struct mail_counts counts(void)
{
	struct mail_counts c = { 0 };

	ioctl(dev, MAIL_COUNTS, &c);
	return c;
}

static ssize_t put(const char *text)
{
	ssize_t n = write(dev, text, strlen(text));

	return n < 0 ? -errno : n;
}

static ssize_t got(char *text, size_t size)
{
	ssize_t n = read(dev, text, size - 1);

	if (n < 0)
		return -errno;
	text[n] = 0;
	return n;
}

static void device(void)
{
	dev = open("/dev/vhx-mail", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		tap_bail("/dev/vhx-mail: %s", strerror(errno));
}

/* ---- tests ---- */

static void test_attach(void)
{
	struct vhx_agent_attach arg;

	agent_start(&agent, 1, 16, 64 * 4096);
#define WRONG(what, text) do { arg = attach_arg(); what; \
		tap_ok(attach(arg) == -EINVAL, text ": EINVAL"); } while (0)
	WRONG(arg.message_size = 0, "slots of no bytes");
	WRONG(arg.message_size = 4097, "of parts of a page");
	WRONG(arg.message_size = 2 << 20, "of more than may be");
	WRONG(arg.messages = 0, "none to the agent");
	WRONG(arg.grants = 1025, "too many from it");
	WRONG(arg.message_queue = 1, "a queue that there is not");
	WRONG(arg.flags = 0, "slots, and no flag");
	WRONG(arg.flags = 2, "an unknown flag");
	arg = attach_arg();
	arg.messages = 15;
	tap_ok(attach(arg) == -ENOSPC, "more than there are tags: ENOSPC");
	arg = attach_arg();
	arg.message_size = 1 << 20;
	tap_ok(attach(arg) == -ENOSPC, "more than there are pages: ENOSPC");
	arg = attach_arg();
	arg.size = 88;
	tap_ok(attach(arg) == -EINVAL, "a flag without what it needs: EINVAL");
	arg.flags = 0;
	tap_ok(attach(arg) >= 0, "an agent that knows of no messages attaches");
	agent_stop(&agent);
	begin();
	tap_ok(true, "nothing of it is left: one that wants some attaches");
}

static void test_to_agent(void)
{
	const struct vhx_agent_req *r;
	uint32_t tag, i;

	tap_ok(fetched(FROM), "the agent is granted its slots");
	tap_ok(put("hello") == 5 && fetched(FROM + 1), "a message comes");
	r = take(VHX_AGENT_REQ_MESSAGE, &tag);
	tap_ok(r->out_len == 5 && !r->in_len && !memcmp(agent.pool + r->pool_off, "hello", 5),
	       "as it was sent");
	tap_ok(put("a") == 1 && put("b") == 1 && put("c") == -EAGAIN && fetched(FROM + 2),
	       "with no slot left the device has to wait");
	tap_ok(commit(tag, r->gen, 1) == 0, "bytes in the answer to a message: refused");
	tap_ok(commit(tag, r->gen + 1, 0) == 0, "another generation: refused");
	tap_ok(commit(tag, r->gen, 0) == 1 && counts().room == 1, "it is taken, and the device hears");
	tap_ok(commit(tag, r->gen, 0) == 0, "once");
	tap_ok(put("c") == 1 && put("d") == -EAGAIN && fetched(FROM + 3), "there is one slot");
	for (i = 0; i < TO; i++) {
		r = take(VHX_AGENT_REQ_MESSAGE, &tag);
		commit(tag, r->gen, 0);
	}
	tap_ok(counts().room == 1 + TO, "the others are taken");
}

static void test_from_agent(void)
{
	const struct vhx_agent_req *r;
	uint32_t tag, gen, i;
	char text[64];

	r = take(VHX_AGENT_REQ_GRANT, &tag);
	gen = r->gen;
	tap_ok(r->in_len == SIZE && !r->out_len, "a grant is room for a message");
	tap_ok(commit(tag, gen, SIZE + 1) == 0, "more than there is room: refused");
	strcpy(agent.pool + r->pool_off, "from the agent");
	tap_ok(got(text, sizeof(text)) == -EAGAIN && commit(tag, gen, 14) == 1 &&
	       got(text, sizeof(text)) == 14 && !strcmp(text, "from the agent"),
	       "what it commits comes to the device");
	tap_ok(fetched(FROM), "and the slot is the agent's again");
	for (i = 0; i < FROM; i++) {
		r = take(VHX_AGENT_REQ_GRANT, &tag);
		commit(tag, r->gen, 1);
	}
	tap_ok(fetched(0), "what the device does not read is not granted again");
	got(text, sizeof(text));
	tap_ok(fetched(1), "what it reads is");
	got(text, sizeof(text));
	ioctl(dev, MAIL_KEEP, 0);
	tap_ok(fetched(FROM), "all is");
	for (i = 0; i < 100; i++) {
		r = take(VHX_AGENT_REQ_GRANT, &tag);
		if (commit(tag, r->gen, 10) != 1 || !fetched(FROM))
			break;
	}
	tap_ok(i == 100 && counts().bytes == 1000, "a hundred that are read at once: %u", i);
	ioctl(dev, MAIL_KEEP, 1);
}

static void test_death(void)
{
	const struct vhx_agent_req *r;
	uint32_t tag;
	char text[8];

	put("lost");
	r = take(VHX_AGENT_REQ_GRANT, &tag);
	commit(tag, r->gen, 1);
	agent_stop(&agent);
	begin();
	tap_ok(counts().down == 1 && counts().up == 2, "a death, and a new agent: the device hears");
	tap_ok(fetched(FROM), "of what the dead one had, the new one hears nothing");
	tap_ok(got(text, sizeof(text)) == 1, "what the device has of it, it has");
	tap_ok(fetched(FROM) && put("x") == 1 && fetched(FROM + 1), "and the new one's slots go on");
	r = take(VHX_AGENT_REQ_MESSAGE, &tag);
	commit(tag, r->gen, 0);
}

static void test_detach(void)
{
	struct vhx_agent_detach arg = { .size = sizeof(arg) };
	const struct vhx_agent_req *r;
	uint32_t tag, gen;
	char text[8];

	r = take(VHX_AGENT_REQ_GRANT, &tag);
	commit(tag, r->gen, 1);
	r = take(VHX_AGENT_REQ_GRANT, &tag);
	gen = r->gen;
	tap_ok(ioctl(agent.fd, VHX_AGENT_DETACH, &arg) == -1 && errno == EBUSY,
	       "giving it up while the device has a slot: EBUSY");
	tap_ok(commit(tag, gen, 1) == 0, "what the agent had is not its any more: refused");
	got(text, sizeof(text));
	tap_ok(!ioctl(agent.fd, VHX_AGENT_DETACH, &arg), "when it has not: it is given up");
	tap_ok(counts().down == 2 && put("x") == -EAGAIN, "the device hears");
	nhave = 0;
	tap_ok(attach(attach_arg()) >= 0 && fetched(FROM), "and it can be served again");
}

static void test_device_goes(void)
{
	const struct vhx_agent_req *r;
	uint32_t tag, i;

	for (i = 0; i < FROM; i++) {
		r = take(VHX_AGENT_REQ_GRANT, &tag);
		commit(tag, r->gen, 1);
	}
	put("x");
	close(dev);
	tap_ok(fetched(FROM + 1), "a device that goes grants what it kept");
	r = take(VHX_AGENT_REQ_GRANT, &tag);
	tap_ok(commit(tag, r->gen, 1) == 1 && fetched(FROM + 1), "what is for nobody is read by nobody");
	r = take(VHX_AGENT_REQ_MESSAGE, &tag);
	tap_ok(commit(tag, r->gen, 0) == 1, "what the agent had of it can be committed");
	device();
	tap_ok(counts().up == 1 && put("y") == 1, "one that comes finds the agent there");
}

int main(void)
{
	struct utsname u;
	char cmd[128];

	uname(&u);
	snprintf(cmd, sizeof(cmd), "insmod build/%s/test_vhx_mail.ko", u.release);
	if (system(cmd))
		tap_bail("%s", cmd);
	test_attach();
	device();
	test_to_agent();
	test_from_agent();
	test_death();
	test_detach();
	test_device_goes();
	agent_stop(&agent);
	close(dev);
	while (agent_destroy(MAIL_ENDPOINT) == -EBUSY)
		usleep(10000);
	tap_ok(!system("rmmod test_vhx_mail"), "the test's module goes");
	return tap_done();
}
