// SPDX-License-Identifier: GPL-2.0-only
/*
 * Agents gone mad, and VMMs that come and go: threads throw ioctls and commands in any order, with
 * any argument, at sessions that they share, and open others in their place; VMMs start, ask and
 * are gone, without a stop as well. Nothing may come of it but errors, and who comes after it is
 * served.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent.h"
#include "ramdisk.h"
#include "rnd.h"
#include "scsidrv.h"
#include "tap.h"

#define PAGE		4096u
#define WWPN		"naa.5001405abcdef01%u"
#define ENDPOINTS	3u
#define SESSIONS	3u
#define TAGS		16u
#define AGENTS		3u
#define VMMS		2u
#define OPS		4000u	/* of each thread */
#define WAIT		10000

static int session[SESSIONS];
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;	/* of session's fds being other ones */
static atomic_uint calls, good;

/* A generator for each thread. */
static uint32_t any(unsigned int *seed, uint32_t below)
{
	return (uint32_t)rand_r(seed) % below;
}

static void count(int rc)
{
	calls++;
	good += rc >= 0;
}

static void wwpn(char *name, uint32_t i)
{
	snprintf(name, VHX_ENDPOINT_NAME_LEN, WWPN, i);
}

/* ---- agents ---- */

static void try_attach(int fd, unsigned int *seed)
{
	struct vhx_agent_attach arg = {
		.size = sizeof(arg), .class = VHX_ENDPOINT_SCSI,
		.quota = any(seed, 4) * PAGE, .flags = !any(seed, 30),
	};

	wwpn(arg.name, any(seed, ENDPOINTS));
	count(ioctl(fd, VHX_AGENT_ATTACH, &arg));
}

static void try_detach(int fd, unsigned int *seed)
{
	struct vhx_agent_detach arg = {
		.size = any(seed, 30) ? sizeof(arg) : any(seed, 64), .flags = !any(seed, 30),
		.endpoint = any(seed, 30) ? any(seed, 2 * ENDPOINTS) : (uint32_t)rand_r(seed),
	};

	count(ioctl(fd, VHX_AGENT_DETACH, &arg));
}

static void try_destroy(unsigned int *seed)
{
	struct vhx_agent_destroy arg = { .size = sizeof(arg), .class = VHX_ENDPOINT_SCSI };
	int fd = open(AGENT_CTL, O_RDWR | O_CLOEXEC);

	wwpn(arg.name, any(seed, ENDPOINTS));
	count(ioctl(fd, VHX_AGENT_DESTROY, &arg));
	close(fd);
}

/* Another session in the place of one; what is parked in it stays, and so does the session. */
static void replace(unsigned int *seed)
{
	const uint32_t i = any(seed, SESSIONS);
	int fd = agent_open_fd(1, TAGS, 16 * PAGE);

	pthread_rwlock_wrlock(&lock);
	if (fd >= 0) {
		close(session[i]);
		session[i] = fd;
	}
	pthread_rwlock_unlock(&lock);
}

/* Commit what may be anybody's, and fetch. */
static void try_commands(struct io_uring *ring, int fd, unsigned int *seed)
{
	static const uint32_t ops[] = {
		VHX_AGENT_FETCH, VHX_AGENT_COMMIT, VHX_AGENT_COMMIT_FETCH, VHX_AGENT_COMMIT_FETCH,
		VHX_AGENT_EVENT,
	};
	const uint32_t op = ops[any(seed, 5)];
	struct vhx_agent_done done[TAGS] = { 0 };
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
	struct vhx_agent_cmd *cmd;
	struct io_uring_cqe *cqe;
	uint32_t i;

	for (i = 0; i < TAGS; i++) {
		done[i].tag = i;
		done[i].gen = 1 + any(seed, 8);
		done[i].flags = !any(seed, 8);
		done[i].status = any(seed, 4) ? 0 : 2;
	}
	if (!sqe)
		return;
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, fd, NULL, 0, 0);
	sqe->cmd_op = op;
	cmd = memset(sqe->cmd, 0, sizeof(*cmd));
	if (op == VHX_AGENT_COMMIT || op == VHX_AGENT_COMMIT_FETCH) {
		sqe->addr = (uintptr_t)done;
		cmd->nr = TAGS;
	}
	io_uring_submit_and_get_events(ring);
	while (!io_uring_peek_cqe(ring, &cqe)) {
		count(cqe->res);
		io_uring_cqe_seen(ring, cqe);
	}
}

static void open_ring(struct io_uring *ring)
{
	int rc = io_uring_queue_init(64, ring, IORING_SETUP_SINGLE_ISSUER |
				     IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL);

	if (rc)
		tap_bail("io_uring: %s", strerror(-rc));
}

static void *agent(void *arg)
{
	unsigned int seed = (uintptr_t)arg, n;
	struct io_uring ring;
	int fd;

	open_ring(&ring);
	for (n = 0; n < OPS; n++) {
		pthread_rwlock_rdlock(&lock);
		fd = session[any(&seed, SESSIONS)];
		switch (any(&seed, 8)) {
		case 0:
			try_attach(fd, &seed);
			break;
		case 1:
			try_detach(fd, &seed);
			break;
		case 2:
			try_destroy(&seed);
			break;
		default:
			try_commands(&ring, fd, &seed);
		}
		pthread_rwlock_unlock(&lock);
		if (!any(&seed, 200))
			replace(&seed);
		/* All sessions end that had a command of this ring's. */
		if (!any(&seed, 500)) {
			io_uring_queue_exit(&ring);
			open_ring(&ring);
		}
	}
	io_uring_queue_exit(&ring);
	return NULL;
}

/* ---- VMMs ---- */

static void ask(struct scsidrv *d, unsigned int *seed)
{
	static __thread struct scsicmd cmd[8];
	static __thread struct scsictl ctl;
	static __thread uint8_t data[4 * PAGE];
	uint32_t i;

	for (i = 0; i < 8; i++) {
		scsicmd_to(&cmd[i], 0, 0);
		scsicmd_read(&cmd[i], i, 8 * 4);
		cmd[i].in = data;
		cmd[i].in_len = sizeof(data);
		if (scsidrv_submit(d, 0, &cmd[i]))
			break;
	}
	scsidrv_flush(d, 0);
	ctl = (struct scsictl){ .subtype = any(seed, 2) ? VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET :
							  VIRTIO_SCSI_T_TMF_ABORT_TASK_SET };
	scsi_lun(ctl.lun, 0, 0);
	scsidrv_ctl(d, &ctl);
	scsidrv_ctl_wait(d, &ctl, any(seed, 4));
	scsidrv_reap(d, 0);
}

static void live_a_while(unsigned int *seed)
{
	char name[VHX_ENDPOINT_NAME_LEN];
	struct scsidrv d;
	uint32_t lives;

	wwpn(name, any(seed, ENDPOINTS));
	if (scsidrv_open(&d, &(struct scsidrv_opt){ .wwpn = name, .num = 32, .data_size = 4 * PAGE }))
		return;
	for (lives = 1 + any(seed, 3); lives; lives--) {
		count(scsidrv_start(&d));
		ask(&d, seed);
		guest_ioctl(d.g.fd, VHOST_RESET_OWNER, NULL);
		guest_ioctl(d.g.fd, VHOST_SET_OWNER, NULL);
		guest_map(&d.g);
		scsidrv_reset(&d);
	}
	scsidrv_start(&d);
	ask(&d, seed);
	scsidrv_close(&d);
}

static void *vmm(void *arg)
{
	unsigned int seed = (uintptr_t)arg, n;

	for (n = 0; n < OPS / 40; n++)
		live_a_while(&seed);
	return NULL;
}

/* ---- afterwards ---- */

static void serves(uint32_t i)
{
	char name[VHX_ENDPOINT_NAME_LEN];
	struct ramdisk disk = { .name = name };
	struct scsidrv d;
	struct scsicmd c;
	int r;

	wwpn(name, i);
	ramdisk_open(&disk);
	r = scsidrv_open(&d, &(struct scsidrv_opt){ .wwpn = name });
	if (!r)
		r = scsidrv_start(&d);
	scsicmd_to(&c, 0, 0);
	scsicmd_ready(&c);
	tap_ok(!r && !scsidrv_run(&d, 0, &c, WAIT) && scsicmd_good(&c), "%s is served as ever", name);
	scsidrv_close(&d);
	ramdisk_close(&disk);
}

int main(void)
{
	pthread_t t[AGENTS + VMMS];
	uint32_t seed, i;

	if (access(AGENT_CTL, F_OK) || access(scsidrv_node(), F_OK))
		tap_skip_all("no %s, or no %s", AGENT_CTL, scsidrv_node());
	rnd_start();
	seed = rnd();
	for (i = 0; i < SESSIONS; i++) {
		session[i] = agent_open_fd(1, TAGS, 16 * PAGE);
		if (session[i] < 0)
			tap_bail("a session: %s", strerror(-session[i]));
	}
	for (i = 0; i < AGENTS + VMMS; i++)
		if (pthread_create(&t[i], NULL, i < AGENTS ? agent : vmm, (void *)(uintptr_t)(seed + i)))
			tap_bail("thread");
	for (i = 0; i < AGENTS + VMMS; i++)
		pthread_join(t[i], NULL);
	tap_ok(good > 100, "%u of %u calls succeeded, and nothing came of the others", good, calls);
	for (i = 0; i < SESSIONS; i++)
		close(session[i]);
	for (i = 0; i < ENDPOINTS; i++)
		serves(i);
	return tap_done();
}
