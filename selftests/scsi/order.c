// SPDX-License-Identifier: GPL-2.0-only
/*
 * IN_ORDER: a guest has its commands back as it posted them, whatever the agent is done with first,
 * what the kernel answers by itself, what is aborted, and whoever dies. A stop waits for all of it.
 * The driver takes no used entry for a buffer that is not the oldest.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "scsidrv.h"
#include "serve.h"
#include "tap.h"

#define WWPN	"naa.5001405abcdef00e"
#define WAIT	10000
#define SHORT	150		/* for what must not happen */
#define N	8
#define TAGS	64

static struct server agent;
static struct scsidrv drv;
static struct scsicmd cmd[N];
static uint8_t data[N][512];
static int tag[N];
static uint64_t features;
static const char *form;
static uint32_t num;

/* ---- both sides ---- */

static void serve(void)
{
	const uint64_t first[4] = { 1 };

	server_open(&agent, TAGS, 1 << 20);
	if (agent_attach_wait(agent.a.fd, WWPN, WAIT) || agent_targets(agent.a.fd, 0, first))
		tap_bail("an agent's session");
}

/* The agent is told of the guest first. */
static void hears(void)
{
	const int t = server_fetch(&agent, 0, WAIT);

	if (t < 0 || agent.a.req[t].type != VHX_AGENT_REQ_NEXUS || !server_answer(&agent, t))
		tap_bail("the agent does not hear of the guest");
}

static void start(uint32_t size)
{
	const struct scsidrv_opt opt = { .wwpn = WWPN, .features = features, .num = size };

	if (scsidrv_open(&drv, &opt) || scsidrv_start(&drv))
		tap_bail("a guest");
	hears();
}

static void post(unsigned int i, uint8_t target)
{
	scsicmd_to(&cmd[i], target, 0);
	scsicmd_read(&cmd[i], i, 1);
	cmd[i].in = data[i];
	cmd[i].in_len = 512;
	if (scsidrv_submit(&drv, 0, &cmd[i]))
		tap_bail("submit");
}

/* The commands of @mask, by their numbers, are for the agent; the others for a target that is not. */
static void post_mixed(unsigned int n, unsigned int mask)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		post(i, mask >> i & 1 ? 0 : 9);
	scsidrv_flush(&drv, 0);
	for (i = 0; i < n; i++) {
		tag[i] = mask >> i & 1 ? server_fetch(&agent, 0, WAIT) : -1;
		if (mask >> i & 1 && (tag[i] < 0 || agent.a.req[tag[i]].scsi.cdb[9] != i))
			tap_bail("command %u does not reach the agent", i);
	}
}

static void answer(unsigned int i)
{
	if (!server_answer(&agent, tag[i]))
		tap_bail("the answer to %u is not taken", i);
}

/* The guest has the first @n back, and no other. */
static bool shown(unsigned int n)
{
	unsigned int i;
	int rc;

	if (n && !scsidrv_wait(&drv, 0, &cmd[n - 1], WAIT))
		return false;
	usleep(SHORT * 1000);
	rc = scsidrv_reap(&drv, 0);
	for (i = 0; i < N; i++)
		if (cmd[i].done != (i < n)) {
			tap_diag("reap %d, command %u is%s back", rc, i, cmd[i].done ? "" : " not");
			return false;
		}
	return !rc;
}

static bool data_is_right(unsigned int i)
{
	unsigned int k;

	for (k = 0; k < 512; k++)
		if (data[i][k] != server_byte(i, k))
			return false;
	return scsicmd_good(&cmd[i]) && cmd[i].used == sizeof(cmd[i].resp) + 512;
}

static bool all_right(unsigned int from, unsigned int to)
{
	for (; from < to; from++)
		if (!data_is_right(from)) {
			tap_diag("command %u", from);
			return false;
		}
	return true;
}

static void forget(void)
{
	memset(cmd, 0, sizeof(cmd));
	memset(data, 0, sizeof(data));
}

static void end(void)
{
	scsidrv_close(&drv);
	forget();
}

/* ---- order ---- */

static void backwards(void)
{
	unsigned int i, round;

	start(num);
	/* Around the ring, more than once. */
	for (round = 0; round < 5; round++) {
		forget();
		post_mixed(N, 0xff);
		for (i = N - 1; i > 0; i--)
			answer(i);
		if (!round)
			tap_ok(shown(0), "%s: all but the first are done: the guest has none", form);
		answer(0);
		if (!scsidrv_drain(&drv, 0, WAIT) || !all_right(0, N))
			break;
	}
	tap_ok(round == 5, "%s: with the first it has all, with their data, round after round", form);
	forget();
	post_mixed(N, 0xff);
	answer(4);
	answer(1);
	answer(0);
	tap_ok(shown(2) && all_right(0, 2), "%s: as far as there is none missing", form);
	answer(2);
	answer(7);
	tap_ok(shown(3), "%s: and so on", form);
	answer(3);
	tap_ok(shown(5) && all_right(0, 5), "%s: and so on", form);
	answer(6);
	answer(5);
	tap_ok(shown(8) && all_right(5, 8), "%s: to the end", form);
	end();
}

/* What the kernel answers by itself is not ahead of what was posted before. */
static void by_itself(void)
{
	unsigned int i;
	bool absent = true;

	start(num);
	post_mixed(N, 1 << 1 | 1 << 4 | 1 << 6);
	tap_ok(shown(1), "%s: a target that is not there: only the one before all others", form);
	answer(6);
	answer(4);
	tap_ok(shown(1), "%s: no more when the last are done", form);
	answer(1);
	for (i = 0; i < N; i++)
		absent = absent && (tag[i] >= 0 ||
				    scsicmd_answered(&cmd[i], VIRTIO_SCSI_S_BAD_TARGET));
	tap_ok(shown(8), "%s: all when the first is", form);
	for (i = 0, absent = true; i < N; i++)
		absent = absent && (tag[i] < 0 ? scsicmd_answered(&cmd[i], VIRTIO_SCSI_S_BAD_TARGET) :
				    data_is_right(i));
	tap_ok(absent, "%s: each has its own answer", form);
	forget();
	post_mixed(N, 0);
	tap_ok(shown(8), "%s: with none for the agent, at once", form);
	end();
}

/* ---- functions ---- */

static void ask(struct scsictl *c, uint32_t subtype, const struct scsicmd *about)
{
	*c = (struct scsictl){ .subtype = subtype, .tag = about->tag };
	memcpy(c->lun, about->lun, sizeof(c->lun));
	if (scsidrv_ctl(&drv, c))
		tap_bail("a function");
}

static bool waits(struct scsictl *c)
{
	return !scsidrv_ctl_wait(&drv, c, SHORT);
}

static bool complete(struct scsictl *c)
{
	return scsidrv_ctl_wait(&drv, c, WAIT) && c->response == VIRTIO_SCSI_S_OK;
}

static void aborted(void)
{
	struct scsictl one, two;

	start(num);
	post_mixed(4, 0xf);
	ask(&one, VIRTIO_SCSI_T_TMF_ABORT_TASK, &cmd[1]);
	tap_ok(waits(&one), "%s: an abort of what the agent has", form);
	answer(1);
	answer(2);
	tap_ok(waits(&one) && shown(0), "%s: is not answered before the guest has it back", form);
	answer(0);
	tap_ok(complete(&one) && shown(3), "%s: in its turn", form);
	tap_ok(data_is_right(0) && scsicmd_answered(&cmd[1], VIRTIO_SCSI_S_ABORTED) &&
	       data_is_right(2), "%s: which is aborted, and no other", form);
	answer(3);
	tap_ok(shown(4) && data_is_right(3), "%s: the rest", form);
	forget();

	/* The later function lets the earlier one's command out. */
	post_mixed(3, 0x7);
	ask(&one, VIRTIO_SCSI_T_TMF_ABORT_TASK, &cmd[2]);
	ask(&two, VIRTIO_SCSI_T_TMF_ABORT_TASK, &cmd[0]);
	tap_ok(waits(&one) && waits(&two), "%s: two functions wait", form);
	answer(2);
	answer(1);
	tap_ok(waits(&one) && waits(&two) && shown(0), "%s: for the first command", form);
	answer(0);
	tap_ok(complete(&one) && complete(&two) && shown(3), "%s: and are answered", form);
	tap_ok(scsicmd_answered(&cmd[0], VIRTIO_SCSI_S_ABORTED) && data_is_right(1) &&
	       scsicmd_answered(&cmd[2], VIRTIO_SCSI_S_ABORTED), "%s: with what was aborted", form);
	end();
}

static void reset(void)
{
	struct scsictl one, two;
	unsigned int i;
	bool good = true;
	int t;

	start(num);
	post_mixed(N, 0x7f);
	ask(&one, VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET, &cmd[0]);
	/* Nothing is there that it is about: it could be answered at once. */
	ask(&two, VIRTIO_SCSI_T_TMF_ABORT_TASK, &cmd[7]);
	tap_ok(waits(&two), "%s: functions are answered in order, too", form);
	for (i = 7; i-- > 0;)
		answer(i);
	t = server_fetch(&agent, 0, WAIT);
	tap_ok(t >= 0 && agent.a.req[t].type == VHX_AGENT_REQ_RESET && server_answer(&agent, t),
	       "%s: a reset goes its way", form);
	tap_ok(complete(&one) && complete(&two) && shown(8), "%s: and is answered", form);
	for (i = 0; i < 7; i++)
		good = good && scsicmd_answered(&cmd[i], VIRTIO_SCSI_S_RESET);
	tap_ok(good && scsicmd_answered(&cmd[7], VIRTIO_SCSI_S_BAD_TARGET),
	       "%s: with all of the unit", form);
	end();
}

/* Without an agent what nobody has begun can be aborted; what is before it waits nevertheless. */
static void nobody(void)
{
	struct scsictl one, two;
	unsigned int i;

	start(num);
	server_close(&agent);
	for (i = 0; i < 3; i++)
		post(i, 0);
	scsidrv_flush(&drv, 0);
	ask(&one, VIRTIO_SCSI_T_TMF_ABORT_TASK, &cmd[1]);
	tap_ok(waits(&one) && shown(0), "%s: no agent, an abort behind what waits for one", form);
	ask(&two, VIRTIO_SCSI_T_TMF_ABORT_TASK, &cmd[0]);
	tap_ok(complete(&one) && complete(&two) && shown(2) &&
	       scsicmd_answered(&cmd[0], VIRTIO_SCSI_S_ABORTED) &&
	       scsicmd_answered(&cmd[1], VIRTIO_SCSI_S_ABORTED), "%s: is answered with that", form);
	serve();
	tag[2] = server_fetch(&agent, 0, WAIT);
	answer(2);
	tap_ok(shown(3) && data_is_right(2), "%s: the next agent has the rest", form);
	end();
}

/* ---- ends ---- */

static void killed(void)
{
	static const unsigned int left[] = { 0, 2, 3, 5 };
	unsigned int i;
	bool again = true;

	start(num);
	post_mixed(6, 0x3f);
	answer(1);
	answer(4);
	tap_ok(shown(0), "%s: some are done", form);
	server_close(&agent);
	serve();
	for (i = 0; i < 4; i++) {
		const int t = server_fetch(&agent, 0, WAIT);

		again = again && t >= 0 && agent.a.req[t].scsi.cdb[9] == left[i] &&
			agent.a.req[t].flags & VHX_AGENT_REQ_AGAIN;
		tag[left[i]] = t;
	}
	tap_ok(again, "%s: the agent dies, the next has those that are not", form);
	for (i = 4; i-- > 1;)
		answer(left[i]);
	tap_ok(shown(0), "%s: but for the first all are done", form);
	answer(0);
	tap_ok(shown(6) && all_right(0, 6), "%s: then they come", form);
	end();
}

static volatile bool stopped;

static void *stop(void *arg)
{
	*(int *)arg = scsidrv_stop(&drv);
	stopped = true;
	return NULL;
}

/* Nothing that was taken is lost by a stop, shown or not: where the rings stand says so. */
static void drained(void)
{
	unsigned int i;
	pthread_t t;
	int rc = -1;

	start(num);
	stopped = false;
	post_mixed(N, 1 << 0 | 1 << 2 | 1 << 5);
	answer(5);
	if (pthread_create(&t, NULL, stop, &rc))
		tap_bail("thread");
	usleep(SHORT * 1000);
	tap_ok(!stopped && shown(0), "%s: a stop waits", form);
	answer(2);
	usleep(SHORT * 1000);
	tap_ok(!stopped && shown(0), "%s: for the first", form);
	answer(0);
	pthread_join(t, NULL);
	tap_ok(!rc && shown(8), "%s: and then the guest has all", form);
	tap_ok(drv.base[SCSI_REQ] == ring_base(&drv.q[SCSI_REQ].vq->ring),
	       "%s: the ring stands behind them", form);
	tap_ok(!scsidrv_resume(&drv), "%s: it goes on", form);
	forget();
	post_mixed(N, 0xff);
	answer(1);
	answer(0);
	tap_ok(shown(2) && all_right(0, 2), "%s: in order", form);
	for (i = N - 1; i > 1; i--)
		answer(i);
	tap_ok(shown(8) && all_right(2, 8), "%s: to the end", form);
	end();
}

/* A VMM that dies takes with it what was not shown. */
static void vmm_gone(void)
{
	unsigned int i;
	int t;

	start(num);
	post_mixed(N, 1 << 0 | 1 << 3);
	answer(3);
	usleep(SHORT * 1000);
	end();
	answer(0);
	start(num);
	post_mixed(N, 0xff);
	for (i = N; i-- > 0;)
		answer(i);
	tap_ok(shown(8) && all_right(0, 8), "%s: a VMM is gone: the next begins in order", form);
	t = server_fetch(&agent, 0, SHORT);
	tap_ok(t < 0, "%s: nothing of the first is left", form);
	end();
}

static void broken(void)
{
	struct vring_avail *avail;
	unsigned int i;

	start(num);
	post_mixed(4, 0xf);
	answer(2);
	drv.q[SCSI_REQ].vq->ring.avail->idx += 1000;
	vq_kick(drv.q[SCSI_REQ].vq);
	tap_ok(vq_err(drv.q[SCSI_REQ].vq, WAIT), "%s: a ring breaks with one that is done", form);
	answer(0);
	tap_ok(shown(0), "%s: of which the guest hears no more", form);
	answer(1);
	answer(3);
	tap_ok(!scsidrv_stop(&drv) && !scsidrv_reset(&drv) && !scsidrv_start(&drv),
	       "%s: a stop does not wait for it, and it starts anew", form);
	hears();
	forget();
	post_mixed(N, 0xff);
	for (i = N; i-- > 0;)
		answer(i);
	tap_ok(shown(8) && all_right(0, 8), "%s: in order", form);
	end();

	if (!(features & F_INDIRECT))
		return;
	/* More than the ring has: what the device holds already. */
	start(N);
	post_mixed(N, 1);
	avail = drv.q[SCSI_REQ].vq->ring.avail;
	avail->ring[drv.q[SCSI_REQ].vq->ring.avail_idx % N] = 3;
	__atomic_store_n(&avail->idx, drv.q[SCSI_REQ].vq->ring.avail_idx + 1, __ATOMIC_RELEASE);
	vq_kick(drv.q[SCSI_REQ].vq);
	tap_ok(vq_err(drv.q[SCSI_REQ].vq, WAIT) && shown(0),
	       "%s: who posts what the device has, breaks the ring", form);
	answer(0);
	end();
}

static void run(uint64_t f, const char *name)
{
	features = f | F_IN_ORDER;
	form = name;
	/* N commands' pieces, and room; so that they go around. */
	num = f & F_INDIRECT ? 2 * N : 4 * N;
	backwards();
	by_itself();
	aborted();
	reset();
	nobody();
	killed();
	drained();
	vmm_gone();
	if (!(f & F_PACKED))
		broken();
}

int main(void)
{
	uint64_t offered = 0;
	int i;

	if (!scsidrv_is_vhx())
		tap_skip_all("%s has no agent", scsidrv_node());
	serve();
	features = F_SCSI_MODERN;
	num = 2 * N;
	start(num);
	i = guest_ioctl(drv.g.fd, VHOST_GET_FEATURES, &offered);
	tap_ok(!i && offered & F_IN_ORDER, "IN_ORDER is offered");
	end();
	run(F_SCSI_MODERN, "split");
	run(F_V1, "split, pieces");
	run(F_SCSI_MODERN | F_PACKED, "packed");
	run(F_V1 | F_PACKED, "packed, pieces");
	server_close(&agent);
	tap_ok(!agent_destroy(WWPN), "nobody has the endpoint any more");
	return tap_done();
}
