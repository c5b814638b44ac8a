// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every chance to fail, taken, in what agents and a VMM bound to one of them do: what fails has
 * changed nothing, and the same again works. See core/failnth.c, which does that to the rest.
 *
 * Needs fault injection, which the kernel of `make check-debug` has. time-limit: 600
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"
#include "scsidrv.h"
#include "serve.h"
#include "tap.h"

#define PAGE	4096u
#define WWPN	"naa.5001405abcdef00d"
#define WAIT	10000

static struct server agent;
static struct scsidrv drv;
static int other = -1;
static uint32_t begun;

static int step_open(void)
{
	other = agent_open_fd(1, 16, 4 * PAGE);
	return other < 0 ? other : 0;
}

static int step_close(void)
{
	close(other);
	other = -1;
	return 0;
}

static int step_attach(void)
{
	int r = agent_attach(agent.a.fd, WWPN);

	return r < 0 ? r : 0;
}

static int step_detach(void)
{
	return server_detach(&agent, 0);
}

static int step_attach_other(void)
{
	int r = agent_attach_wait(other, WWPN, WAIT);

	return r < 0 ? r : 0;
}

/* A guest that begins anew, so that its agent is to hear of it. */
static int step_bind(void)
{
	return scsidrv_set_endpoint(&drv);
}

static int step_clear(void)
{
	return scsidrv_stop(&drv);
}

static int step_resume(void)
{
	return scsidrv_resume(&drv);
}

/**
 * struct step - what is made to fail
 * @name: for the reader
 * @run: does it; 0 or a negative errno
 * @works: a command is served after it
 * @spared: it has no chance to fail
 */
struct step {
	const char *name;
	int (*run)(void);
	bool works;
	bool spared;
};

static const struct step steps[] = {
	{ "OPEN", .run = step_open },
	{ "ATTACH", .run = step_attach },
	{ "SET_ENDPOINT", .run = step_bind, .works = true },
	{ "DETACH", .run = step_detach },
	{ "ATTACH again", .run = step_attach, .works = true },
	{ "CLEAR_ENDPOINT", .run = step_clear },
	{ "SET_ENDPOINT again", .run = step_resume, .works = true },
	{ "DETACH once more", .run = step_detach },
	{ "ATTACH by another", .run = step_attach_other },
	{ "close", .run = step_close, .spared = true },
	{ 0 }
};

/* The agent answers what it is asked, until that is no news of a nexus. Return: 0 or negative. */
static int serve(void)
{
	bool news;
	int tag;

	do {
		tag = server_fetch(&agent, 1, WAIT);
		if (tag < 0)
			return tag;
		/* Once it is answered the tag may be another request's. */
		news = agent.a.req[tag].type == VHX_AGENT_REQ_NEXUS;
		begun += news;
		if (!server_answer(&agent, tag))
			return -EPROTO;
	} while (news);
	return 0;
}

/* A command goes to the agent, and its data comes back. */
static bool works(void)
{
	static uint8_t data[PAGE];
	struct scsicmd c;
	uint32_t k;
	int r;

	scsicmd_to(&c, 0, 0);
	scsicmd_read(&c, 7, PAGE / 512);
	c.in = data;
	c.in_len = PAGE;
	r = scsidrv_submit(&drv, 0, &c);
	if (!r) {
		scsidrv_flush(&drv, 0);
		r = serve();
	}
	if (r) {
		tap_diag("a command: %s", strerror(-r));
		return false;
	}
	if (!scsidrv_wait(&drv, 0, &c, WAIT) || !scsicmd_good(&c)) {
		tap_diag("a command that was answered has not ended well");
		return false;
	}
	for (k = 0; k < PAGE; k++)
		if (data[k] != server_byte(7, k))
			return false;
	return true;
}

/* What fails is clean, and works when it is tried again. */
static int run_failing(const struct step *s, unsigned int nth, bool *injected)
{
	int r;

	faults_arm(nth);
	r = s->run();
	*injected = faults_disarm();
	if (r && *injected && (r == -EFAULT || r == -ENOMEM))
		r = s->run();
	return r;
}

/* As before the first step, wherever it ended: the guest is gone, and so is the endpoint. */
static bool undo(void)
{
	if (other >= 0)
		step_close();
	server_detach(&agent, 0);
	guest_ioctl(drv.g.fd, VHOST_RESET_OWNER, NULL);
	if (guest_ioctl(drv.g.fd, VHOST_SET_OWNER, NULL) || guest_map(&drv.g))
		tap_bail("the guest does not come again");
	return !agent_destroy(WWPN);
}

/* All steps, @at made to fail. */
static bool pass(const struct step *at, unsigned int nth, bool *injected)
{
	const uint32_t before = begun;
	const struct step *s;
	int r = 0;

	*injected = false;
	scsidrv_reset(&drv);
	for (s = steps; s->run && !r; s++) {
		r = s == at ? run_failing(s, nth, injected) : s->run();
		if (!r && s->works && !works())
			r = -ENODATA;
		if (r)
			tap_diag("%s failing at its chance %u, %s: %s", at ? at->name : "nothing",
				 nth, s->name, strerror(-r));
	}
	if (!r && begun != before + 1) {
		tap_diag("the agent heard %u times of one guest", begun - before);
		r = -EPROTO;
	}
	return undo() && !r;
}

static void sweep(const struct step *at)
{
	bool injected = true, ok = true;
	unsigned int nth;

	for (nth = 1; ok && injected && nth < FAULTS_MAX; nth++)
		ok = pass(at, nth, &injected);
	tap_ok(ok && !injected && (nth > 2 || at->spared), "%s: made to fail at each of %u chances",
	       at->name, nth - 2);
}

int main(void)
{
	const struct step *s;
	bool injected;

	faults_begin();
	if (access(AGENT_CTL, F_OK) || access(scsidrv_node(), F_OK))
		tap_skip_all("no %s, or no %s", AGENT_CTL, scsidrv_node());
	server_open(&agent, 16, 16 * PAGE);
	if (scsidrv_open(&drv, &(struct scsidrv_opt){ .wwpn = WWPN }))
		tap_bail("a guest");
	if (tap_ok(pass(NULL, 0, &injected), "all steps, nothing made to fail"))
		for (s = steps; s->run; s++)
			sweep(s);
	tap_ok(pass(NULL, 0, &injected), "all steps again, nothing made to fail");
	scsidrv_close(&drv);
	server_close(&agent);
	faults_end();
	return tap_done();
}
