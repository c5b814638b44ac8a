// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session gives up an endpoint and goes on with others: at once what the agent has not seen is
 * another session's, and only then what it had. The guest is a SCSI host's.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent.h"
#include "rnd.h"
#include "scsidrv.h"
#include "serve.h"
#include "tap.h"

#define PAGE	4096u
#define WWPN	"naa.5001405abcdef00b"
#define OTHER	"naa.5001405abcdef00c"
#define POOL	(64 * PAGE)
#define WAIT	10000
#define SHORT	100		/* for what must not happen */
#define N	16

static struct server first, second;
static struct scsidrv drv, beside;
static struct scsicmd cmd[N];
static uint8_t data[N][16 * PAGE];

static bool begins(struct server *s, uint16_t endpoint)
{
	int tag = server_fetch(s, 1, WAIT);

	return tag >= 0 && s->a.req[tag].type == VHX_AGENT_REQ_NEXUS &&
	       s->a.req[tag].endpoint == endpoint && server_answer(s, tag);
}

static void open_guest(struct scsidrv *d, const char *wwpn)
{
	if (scsidrv_open(d, &(struct scsidrv_opt){ .wwpn = wwpn }) || scsidrv_start(d))
		tap_bail("a guest of %s", wwpn);
}

/* Commands @from and @n - 1 that follow: reads of @len bytes. */
static void submit(struct scsidrv *d, unsigned int from, unsigned int n, uint32_t len)
{
	unsigned int i;

	for (i = from; i < from + n; i++) {
		scsicmd_to(&cmd[i], 0, 0);
		scsicmd_read(&cmd[i], i, len / 512);
		cmd[i].tag = 100 + i;
		cmd[i].in = data[i];
		cmd[i].in_len = len;
		if (scsidrv_submit(d, 0, &cmd[i]))
			tap_bail("submit");
	}
	scsidrv_flush(d, 0);
}

static bool good(struct scsidrv *d, unsigned int i)
{
	uint32_t k;

	if (!scsidrv_wait(d, 0, &cmd[i], WAIT) || !scsicmd_good(&cmd[i]))
		return false;
	for (k = 0; k < cmd[i].in_len; k++)
		if (data[i][k] != server_byte(i, k))
			return false;
	return true;
}

/* ---- what is whose ---- */

static void test_under_way(void)
{
	int tag[2], rc, i, bad = 0;

	open_guest(&drv, WWPN);
	tap_ok(begins(&first, 0), "a guest begins");
	submit(&drv, 0, 4, PAGE);
	tag[0] = server_fetch(&first, 1, WAIT);
	tag[1] = server_fetch(&first, 1, WAIT);
	usleep(SHORT * 1000);
	tap_ok(server_detach(&first, 0) == -EBUSY, "with two of four commands the agent's: EBUSY");
	submit(&drv, 4, 1, PAGE);
	tap_ok(server_fetch(&first, 0, SHORT) < 0, "nothing of it is fetched any more");
	tap_ok(agent_attach(second.a.fd, WWPN) == -EBUSY && agent_destroy(WWPN) == -EBUSY,
	       "nobody else has it yet");
	tap_ok(scsidrv_tmf(&drv, VIRTIO_SCSI_T_TMF_ABORT_TASK, &cmd[3], WAIT) ==
	       VIRTIO_SCSI_S_OK && scsidrv_wait(&drv, 0, &cmd[3], WAIT) &&
	       scsicmd_answered(&cmd[3], VIRTIO_SCSI_S_ABORTED), "a command that waits is aborted");
	tap_ok(server_answer(&first, tag[0]) && server_detach(&first, 0) == -EBUSY, "one is left: EBUSY");
	tap_ok(server_answer(&first, tag[1]) && !server_detach(&first, 0), "with none it is given up");
	tap_ok(good(&drv, 0) && good(&drv, 1), "what was answered is the guest's");
	tap_ok(server_detach(&first, 0) == -ENOENT, "it is not there twice");
	tap_ok(!scsidrv_reap(&drv, 0) && !cmd[2].done && !cmd[4].done, "the guest waits");
	rc = agent_attach(second.a.fd, WWPN);
	tap_ok(rc == 0, "another session has it at once");
	for (i = 2; i < 5; i += 2) {
		tag[0] = server_fetch(&second, 1, WAIT);
		bad += tag[0] < 0 || second.a.req[tag[0]].scsi.cdb[9] != i ||
		       second.a.req[tag[0]].flags || !server_answer(&second, tag[0]) || !good(&drv, i);
	}
	tap_ok(!bad, "and gets what is left, in order and for the first time");
	tap_ok(!server_detach(&second, 0) && agent_attach(first.a.fd, WWPN) == 0,
	       "and back: the number is used again");
	submit(&drv, 5, 1, PAGE);
	tag[0] = server_fetch(&first, 1, WAIT);
	tap_ok(tag[0] >= 0 && server_answer(&first, tag[0]) && good(&drv, 5), "which serves");
}

/* The windows of one command, from two sessions. */
static void test_windows(void)
{
	const struct vhx_agent_req *r;
	uint32_t at;
	int tag;

	/* A quarter of the pool is 16 pages. */
	submit(&drv, 0, 1, 16 * PAGE);
	tag = server_fetch(&first, 1, WAIT);
	tap_ok(tag >= 0 && server_answer(&first, tag) && good(&drv, 0), "a command of one window");
	server_detach(&first, 0);
	tap_ok(!ioctl(first.a.fd, VHX_AGENT_ATTACH, &(struct vhx_agent_attach) {
		.size = sizeof(struct vhx_agent_attach), .class = VHX_ENDPOINT_SCSI,
		.quota = 4 * PAGE, .name = WWPN }), "with a smaller quota");
	submit(&drv, 1, 1, 16 * PAGE);
	tag = server_fetch(&first, 1, WAIT);
	tap_ok(tag >= 0 && first.a.req[tag].flags == VHX_AGENT_REQ_MORE &&
	       server_detach(&first, 0) == -EBUSY,
	       "a session has the first of some windows");
	tap_ok(server_answer(&first, tag) && server_fetch(&first, 1, SHORT) < 0, "it gets no other");
	tap_ok(!server_detach(&first, 0) && agent_attach(second.a.fd, WWPN) == 0, "another session does");
	for (at = 4 * PAGE; at < 16 * PAGE; at += r->win_len) {
		tag = server_fetch(&second, 1, WAIT);
		r = &second.a.req[tag < 0 ? 0 : tag];
		if (tag < 0 || r->win_off != at || !server_answer(&second, tag))
			break;
	}
	tap_ok(at == 16 * PAGE && good(&drv, 1), "which get the rest, and the guest has all of it");
	server_detach(&second, 0);
	agent_attach(first.a.fd, WWPN);
}

/* It dies before it is rid of what it gave up. */
static void test_death(void)
{
	int tag;

	submit(&drv, 0, 2, PAGE);
	tag = server_fetch(&first, 1, WAIT);
	tap_ok(tag >= 0 && server_detach(&first, 0) == -EBUSY, "a session has a command, and gives up");
	server_close(&first);
	tap_ok(agent_attach_wait(second.a.fd, WWPN, WAIT) == 0, "it dies: another has the endpoint");
	tag = server_fetch(&second, 1, WAIT);
	tap_ok(tag >= 0 && second.a.req[tag].flags == VHX_AGENT_REQ_AGAIN &&
	       second.a.req[tag].scsi.cdb[9] == 0 && server_answer(&second, tag) && good(&drv, 0),
	       "and what the dead one had, again");
	tag = server_fetch(&second, 1, WAIT);
	tap_ok(tag >= 0 && !second.a.req[tag].flags && server_answer(&second, tag) && good(&drv, 1),
	       "and what it had not");
	server_detach(&second, 0);
	server_open(&first, 64, POOL);
	tap_ok(agent_attach(first.a.fd, WWPN) == 0, "a new one");
}

/* The VMM dies with a command of the agent's. */
static void test_left(void)
{
	int tag;

	submit(&drv, 0, 1, PAGE);
	tag = server_fetch(&first, 1, WAIT);
	scsidrv_close(&drv);
	tap_ok(tag >= 0 && server_detach(&first, 0) == -EBUSY, "what a VMM left counts");
	open_guest(&drv, WWPN);
	submit(&drv, 0, 1, PAGE);
	tap_ok(server_answer(&first, tag) && !server_detach(&first, 0), "until it is committed");
	tap_ok(agent_attach(second.a.fd, WWPN) == 0 && begins(&second, 0),
	       "the next session hears of the next VMM");
	tag = server_fetch(&second, 1, WAIT);
	tap_ok(tag >= 0 && server_answer(&second, tag) && good(&drv, 0), "and serves it");
	server_detach(&second, 0);
	agent_attach(first.a.fd, WWPN);
}

/* Who waits for tags of a session that gives it up, need not. */
static void test_starved(void)
{
	struct server small;
	int tag[2], i, k, bad = 0;

	server_detach(&first, 0);
	server_open(&small, 2, POOL);
	tap_ok(agent_attach(small.a.fd, OTHER) == 0 && agent_attach(small.a.fd, WWPN) == 1,
	       "a session of two tags and two endpoints");
	open_guest(&beside, OTHER);
	tap_ok(begins(&small, 0), "the other's guest begins");
	submit(&beside, 0, 2, PAGE);
	tag[0] = server_fetch(&small, 1, WAIT);
	tag[1] = server_fetch(&small, 1, WAIT);
	submit(&drv, 2, 8, PAGE);
	usleep(SHORT * 1000);
	tap_ok(!server_detach(&small, 1), "it has both tags: the other endpoint is given up at once");
	tap_ok(agent_attach(second.a.fd, WWPN) == 0, "to another session");
	for (i = 2; i < 10; i++) {
		k = server_fetch(&second, 1, WAIT);
		bad += k < 0 || !server_answer(&second, k) || !good(&drv, i);
	}
	tap_ok(!bad, "which serves it");
	tap_ok(server_answer(&small, tag[0]) && server_answer(&small, tag[1]) && good(&beside, 0) &&
	       good(&beside, 1), "the first goes on with what it has");
	scsidrv_close(&beside);
	server_close(&small);
	server_detach(&second, 0);
	agent_attach(first.a.fd, WWPN);
}

/* ---- two sessions that take turns ---- */

static atomic_bool over;
static atomic_uint turns, lost;

static void serve_some(struct server *s, unsigned int n)
{
	int tag;

	while (n--) {
		tag = server_fetch(s, rnd_range(0, 3), 1);
		if (tag >= 0 && !server_answer(s, tag))
			lost++;
	}
}

/* What was fetched before, of others as well, is to be committed. */
static void give_up(struct server *s, uint32_t number)
{
	int tag, rc;

	do {
		rc = server_detach(s, number);
		tag = s->have || s->parked ? server_fetch(s, 0, 0) : -1;
		if (tag >= 0 && !server_answer(s, tag))
			lost++;
	} while (rc == -EBUSY);
	if (rc)
		lost++;
	turns++;
}

static void *take_turns(void *arg)
{
	struct server s;
	int number;

	server_open(&s, 8, POOL);
	while (!over) {
		number = agent_attach(s.a.fd, WWPN);
		if (number < 0) {
			usleep(rnd_range(0, 500));
			continue;
		}
		serve_some(&s, rnd_range(0, 20));
		give_up(&s, number);
	}
	server_close(&s);
	return arg;
}

static void test_turns(void)
{
	unsigned int i, round, bad = 0;
	pthread_t t[2];

	server_detach(&first, 0);
	for (i = 0; i < 2; i++)
		if (pthread_create(&t[i], NULL, take_turns, NULL))
			tap_bail("thread");
	for (round = 0; round < 200 && !bad; round++) {
		submit(&drv, 0, N, rnd_range(1, 8) * PAGE);
		for (i = 0; i < N; i++)
			bad += !good(&drv, i);
		if (round % 16)
			continue;
		tap_diag("%u rounds, %u turns", round, turns);
		scsidrv_close(&drv);
		open_guest(&drv, WWPN);
	}
	over = true;
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	tap_ok(!bad && !lost && turns > 2, "two sessions take turns (%u): %u bad, %u lost", turns, bad,
	       lost);
}

int main(void)
{
	if (access(AGENT_CTL, F_OK) || access(scsidrv_node(), F_OK))
		tap_skip_all("no %s, or no %s", AGENT_CTL, scsidrv_node());
	rnd_start();
	server_open(&first, 64, POOL);
	server_open(&second, 64, POOL);
	tap_ok(agent_attach(first.a.fd, WWPN) == 0, "a session serves");
	test_under_way();
	test_windows();
	test_death();
	test_left();
	test_starved();
	test_turns();
	scsidrv_close(&drv);
	server_close(&first);
	server_close(&second);
	tap_ok(!agent_destroy(WWPN) && !agent_destroy(OTHER), "all gone");
	return tap_done();
}
