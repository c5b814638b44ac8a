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
#include "msgagent.h"
#include "tap.h"

#define SIZE	8192
#define TO	3		/* slots to the agent */
#define FROM	2		/* from it */

static struct msgagent m = {
	.arg = {
		.size = sizeof(struct vhx_agent_attach), .class = VHX_ENDPOINT_SCSI,
		.flags = VHX_AGENT_MESSAGES, .name = MAIL_ENDPOINT,
		.message_size = SIZE, .messages = TO, .grants = FROM,
	},
};
static int dev = -1;

static bool fetched(uint32_t n)
{
	return msgagent_fetched(&m, n);
}

static const struct vhx_agent_req *take(uint16_t type, uint32_t *tag)
{
	return msgagent_take(&m, type, tag);
}

static int commit(uint32_t tag, uint32_t gen, uint32_t in_len)
{
	return msgagent_commit(&m, tag, gen, in_len);
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

	agent_start(&m.a, 1, MSG_TAGS, 64 * 4096);
#define WRONG(what, text) do { arg = m.arg; what; \
		tap_ok(msgagent_attach(&m, &arg) == -EINVAL, text ": EINVAL"); } while (0)
	WRONG(arg.message_size = 0, "slots of no bytes");
	WRONG(arg.message_size = 4097, "of parts of a page");
	WRONG(arg.message_size = 2 << 20, "of more than may be");
	WRONG(arg.messages = 1, "too few to the agent");
	WRONG(arg.grants = 1025, "too many from it");
	WRONG(arg.message_queue = 1, "a queue that there is not");
	WRONG(arg.flags = 0, "slots, and no flag");
	WRONG(arg.flags = 2, "an unknown flag");
	arg = m.arg;
	arg.messages = 15;
	tap_ok(msgagent_attach(&m, &arg) == -ENOSPC, "more than there are tags: ENOSPC");
	arg = m.arg;
	arg.message_size = 1 << 20;
	tap_ok(msgagent_attach(&m, &arg) == -ENOSPC, "more than there are pages: ENOSPC");
	arg = m.arg;
	arg.size = 88;
	tap_ok(msgagent_attach(&m, &arg) == -EINVAL, "a flag without what it needs: EINVAL");
	arg.flags = 0;
	tap_ok(!msgagent_attach(&m, &arg), "an agent that knows of no messages attaches");
	agent_stop(&m.a);
	msgagent_begin(&m);
	tap_ok(true, "nothing of it is left: one that wants some attaches");
}

static void test_to_agent(void)
{
	const struct vhx_agent_req *r;
	uint32_t tag, i;

	tap_ok(fetched(FROM), "the agent is granted its slots");
	tap_ok(put("hello") == 5 && fetched(FROM + 1), "a message comes");
	r = take(VHX_AGENT_REQ_MESSAGE, &tag);
	tap_ok(r->out_len == 5 && !r->in_len && !memcmp(m.a.pool + r->pool_off, "hello", 5),
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
	strcpy(m.a.pool + r->pool_off, "from the agent");
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
	agent_stop(&m.a);
	msgagent_begin(&m);
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
	tap_ok(ioctl(m.a.fd, VHX_AGENT_DETACH, &arg) == -1 && errno == EBUSY,
	       "giving it up while the device has a slot: EBUSY");
	tap_ok(commit(tag, gen, 1) == 0, "what the agent had is not its any more: refused");
	got(text, sizeof(text));
	tap_ok(!ioctl(m.a.fd, VHX_AGENT_DETACH, &arg), "when it has not: it is given up");
	tap_ok(counts().down == 2 && put("x") == -EAGAIN, "the device hears");
	m.nhave = 0;
	tap_ok(!msgagent_attach(&m, &m.arg) && fetched(FROM), "and it can be served again");
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
	agent_stop(&m.a);
	close(dev);
	while (agent_destroy(MAIL_ENDPOINT) == -EBUSY)
		usleep(10000);
	tap_ok(!system("rmmod test_vhx_mail"), "the test's module goes");
	return tap_done();
}
