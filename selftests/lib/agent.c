// SPDX-License-Identifier: GPL-2.0-only
/*
 * An agent's session, see agent.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent.h"
#include "tap.h"

static int ctl(unsigned long cmd, void *arg)
{
	int fd = open(AGENT_CTL, O_RDWR | O_CLOEXEC), rc;

	if (fd < 0)
		return -errno;
	rc = ioctl(fd, cmd, arg);
	if (rc < 0)
		rc = -errno;
	close(fd);
	return rc;
}

int agent_open_with(const struct vhx_agent_open *arg)
{
	return ctl(VHX_AGENT_OPEN, (void *)arg);
}

int agent_open_fd(uint32_t queues, uint32_t tags, uint32_t pool_size)
{
	const struct vhx_agent_open arg = {
		.size = sizeof(arg), .queues = queues, .tags = tags, .pool_size = pool_size,
	};

	return agent_open_with(&arg);
}

int agent_attach(int fd, const char *name)
{
	struct vhx_agent_attach arg = { .size = sizeof(arg), .class = VHX_ENDPOINT_SCSI };

	snprintf(arg.name, sizeof(arg.name), "%s", name);
	return ioctl(fd, VHX_AGENT_ATTACH, &arg) ? -errno : (int)arg.endpoint;
}

int agent_attach_wait(int fd, const char *name, int ms)
{
	int rc;

	for (; ms > 0; ms -= 10) {
		rc = agent_attach(fd, name);
		if (rc != -EBUSY)
			return rc;
		usleep(10000);
	}
	return -ETIMEDOUT;
}

int agent_destroy(const char *name)
{
	struct vhx_agent_destroy arg = { .size = sizeof(arg), .class = VHX_ENDPOINT_SCSI };
	int rc, tries;

	snprintf(arg.name, sizeof(arg.name), "%s", name);
	/* A session's end takes a moment. */
	for (tries = 0; tries < 300; tries++) {
		rc = ctl(VHX_AGENT_DESTROY, &arg);
		if (rc != -EBUSY)
			break;
		usleep(10000);
	}
	return rc;
}

int agent_targets(int fd, uint32_t endpoint, const uint64_t map[4])
{
	struct vhx_agent_targets arg = { .size = sizeof(arg), .endpoint = endpoint };

	memcpy(arg.map, map, sizeof(arg.map));
	return ioctl(fd, VHX_AGENT_TARGETS, &arg) ? -errno : 0;
}

static void *map(struct agent *a, uint64_t at, size_t size, int prot)
{
	void *p = mmap(NULL, size, prot, MAP_SHARED, a->fd, at);

	if (p == MAP_FAILED)
		tap_bail("mmap at %#llx: %s", (unsigned long long)at, strerror(errno));
	return p;
}

void agent_start(struct agent *a, uint32_t queues, uint32_t tags, uint32_t pool_size)
{
	const struct vhx_agent_open arg = {
		.size = sizeof(arg), .queues = queues, .tags = tags, .pool_size = pool_size,
	};

	agent_start_with(a, &arg);
}

void agent_start_with(struct agent *a, const struct vhx_agent_open *arg)
{
	int rc;

	memset(a, 0, sizeof(*a));
	a->queues = arg->queues;
	a->tags = arg->tags;
	a->pool_size = arg->pool_size;
	a->fd = agent_open_with(arg);
	if (a->fd < 0)
		tap_bail("VHX_AGENT_OPEN: %s", strerror(-a->fd));
	a->req = map(a, VHX_AGENT_MAP_REQ, a->tags * sizeof(*a->req), PROT_READ);
	a->tag = map(a, VHX_AGENT_MAP_RING, a->tags * sizeof(*a->tag), PROT_READ);
	a->pool = map(a, VHX_AGENT_MAP_POOL, a->pool_size, PROT_READ | PROT_WRITE);
	rc = io_uring_queue_init(64, &a->uring, IORING_SETUP_SINGLE_ISSUER |
				 IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL);
	if (rc)
		tap_bail("io_uring: %s", strerror(-rc));
}

void agent_stop(struct agent *a)
{
	munmap(a->req, a->tags * sizeof(*a->req));
	munmap(a->tag, a->tags * sizeof(*a->tag));
	munmap(a->pool, a->pool_size);
	io_uring_queue_exit(&a->uring);
	close(a->fd);
}

struct vhx_agent_cmd *agent_sqe_cmd(struct io_uring_sqe *sqe)
{
	return (struct vhx_agent_cmd *)sqe->cmd;
}

struct io_uring_sqe *agent_sqe(struct agent *a, uint32_t op, uint16_t queue, uint64_t data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&a->uring);

	if (!sqe)
		tap_bail("the ring is full");
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, a->fd, NULL, 0, 0);
	sqe->cmd_op = op;
	sqe->user_data = data;
	memset(sqe->cmd, 0, sizeof(struct vhx_agent_cmd));
	agent_sqe_cmd(sqe)->queue = queue;
	return sqe;
}

int agent_submit(struct agent *a)
{
	return io_uring_submit_and_get_events(&a->uring);
}

bool agent_next(struct agent *a, int ms, int *res, uint64_t *data)
{
	struct __kernel_timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };
	struct io_uring_cqe *cqe;

	if (io_uring_wait_cqe_timeout(&a->uring, &cqe, &ts))
		return false;
	*res = cqe->res;
	if (data)
		*data = cqe->user_data;
	io_uring_cqe_seen(&a->uring, cqe);
	return true;
}

int agent_do(struct agent *a, uint32_t op, uint16_t queue)
{
	int res;

	agent_sqe(a, op, queue, op);
	agent_submit(a);
	return agent_next(a, 50, &res, NULL) ? res : -ETIME;
}
