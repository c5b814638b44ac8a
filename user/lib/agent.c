// SPDX-License-Identifier: GPL-2.0-only
/* Sessions of agents: making one, its mappings, and its commands for io_uring. */
#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent.h"

/* As the kernel maps it: whole pages. */
static size_t whole_pages(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (size + page - 1) & ~(page - 1);
}

static int map(const struct vhx_agent *agent, struct area area, void **at)
{
	void *mem;

	mem = mmap(NULL, whole_pages(area.size), area.prot, MAP_SHARED, agent->fd,
		   (off_t)area.offset);
	if (mem == MAP_FAILED)
		return -errno;
	/* A child's copy of a page would no longer be what the kernel writes. */
	madvise(mem, whole_pages(area.size), MADV_DONTFORK);
	*at = mem;
	return 0;
}

static void unmap(void *at, struct area area)
{
	if (at)
		munmap(at, whole_pages(area.size));
}

static int map_all(struct vhx_agent *agent)
{
	int err;

	err = map(agent, area_req(agent), (void **)&agent->req);
	if (err)
		return err;
	err = map(agent, area_ring(agent), (void **)&agent->ring);
	if (err || !agent->pool_size)
		return err;
	return map(agent, area_pool(agent), &agent->pool);
}

static int open_session(struct vhx_agent_open arg)
{
	int ctl, fd;

	arg.size = sizeof(arg);
	ctl = vhx_node__open(VHX_NODE_CTL);
	if (ctl < 0)
		return ctl;
	fd = ioctl(ctl, VHX_AGENT_OPEN, &arg);
	if (fd < 0)
		fd = -errno;
	close(ctl);
	return fd;
}

int vhx_agent__open(struct vhx_agent **agent, __u32 queues, __u32 tags, __u32 pool_size)
{
	const struct vhx_agent_open arg = {
		.queues = queues, .tags = tags, .pool_size = pool_size,
	};

	return vhx_agent__open_with(agent, &arg);
}

int vhx_agent__open_with(struct vhx_agent **agent, const struct vhx_agent_open *arg)
{
	struct vhx_agent *a;
	int err;

	*agent = NULL;
	if (!arg->queues || arg->tags % arg->queues)
		return -EINVAL;
	a = calloc(1, sizeof(*a));
	if (!a)
		return -ENOMEM;
	a->queues = arg->queues;
	a->tags = arg->tags;
	a->queue_tags = arg->tags / arg->queues;
	a->pool_size = arg->pool_size;
	a->fd = open_session(*arg);
	if (a->fd < 0) {
		err = a->fd;
		free(a);
		return err;
	}
	err = map_all(a);
	if (err) {
		vhx_agent__close(a);
		return err;
	}
	*agent = a;
	return 0;
}

void vhx_agent__close(struct vhx_agent *agent)
{
	if (!agent)
		return;
	unmap(agent->pool, area_pool(agent));
	unmap((void *)agent->ring, area_ring(agent));
	unmap((void *)agent->req, area_req(agent));
	close(agent->fd);
	free(agent);
}

int vhx_agent__attach(struct vhx_agent *agent, const char *name, __u32 quota, __u32 *endpoint)
{
	struct vhx_agent_attach arg = {
		.size = sizeof(arg),
		.class = VHX_ENDPOINT_SCSI,
		.quota = quota,
	};

	if (!*name || strlen(name) >= sizeof(arg.name))
		return -EINVAL;
	strcpy(arg.name, name);
	if (ioctl(agent->fd, VHX_AGENT_ATTACH, &arg))
		return -errno;
	*endpoint = arg.endpoint;
	return 0;
}

int vhx_agent__attach_with(struct vhx_agent *agent, struct vhx_agent_attach *arg)
{
	arg->size = sizeof(*arg);
	return ioctl(agent->fd, VHX_AGENT_ATTACH, arg) ? -errno : 0;
}

int vhx_agent__detach(struct vhx_agent *agent, __u32 endpoint)
{
	struct vhx_agent_detach arg = { .size = sizeof(arg), .endpoint = endpoint };

	return ioctl(agent->fd, VHX_AGENT_DETACH, &arg) ? -errno : 0;
}

int vhx_agent__targets(struct vhx_agent *agent, __u32 endpoint,
		       const __u64 map[VHX_AGENT_TARGETS_MAX / 64])
{
	struct vhx_agent_targets arg = { .size = sizeof(arg), .endpoint = endpoint };

	memcpy(arg.map, map, sizeof(arg.map));
	return ioctl(agent->fd, VHX_AGENT_TARGETS, &arg) ? -errno : 0;
}

int vhx_agent__notify(struct vhx_agent *agent, const struct vhx_agent_notify *event)
{
	struct vhx_agent_notify arg = {
		.size = sizeof(arg),
		.endpoint = event->endpoint,
		.event = event->event,
		.reason = event->reason,
	};

	memcpy(arg.lun, event->lun, sizeof(arg.lun));
	return ioctl(agent->fd, VHX_AGENT_NOTIFY, &arg) ? -errno : 0;
}

int vhx_agent__destroy(int ctl, const char *name)
{
	struct vhx_agent_destroy arg = { .size = sizeof(arg), .class = VHX_ENDPOINT_SCSI };

	if (!*name || strlen(name) >= sizeof(arg.name))
		return -EINVAL;
	strcpy(arg.name, name);
	return ioctl(ctl, VHX_AGENT_DESTROY, &arg) ? -errno : 0;
}

int vhx_agent__drain(struct vhx_agent *agent)
{
	return ioctl(agent->fd, VHX_AGENT_DRAIN) ? -errno : 0;
}

int vhx_agent__wake(struct vhx_agent *agent)
{
	return ioctl(agent->fd, VHX_AGENT_WAKE) ? -errno : 0;
}

int vhx_agent__buf_read(const struct vhx_agent *agent, __u32 tag, __u32 gen)
{
	struct vhx_agent_buf arg = { .size = sizeof(arg), .tag = tag, .gen = gen };

	return ioctl(agent->fd, VHX_AGENT_BUF_READ, &arg) ? -errno : 0;
}

__u32 vhx_agent__tag(const struct vhx_agent *agent, __u32 queue, __u32 at)
{
	return agent->ring[queue * agent->queue_tags + (at & (agent->queue_tags - 1))];
}

_Static_assert(sizeof(struct vhx_agent_cmd) == sizeof(struct vhx_agent_buf_cmd), "all are of a size");

/* liburing 2.9 has nothing to prepare these with. */
static void prep(struct io_uring_sqe *sqe, int fd, __u32 op, const void *cmd)
{
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = op;
	memcpy(sqe->cmd, cmd, sizeof(struct vhx_agent_cmd));
}

void vhx_agent__prep_fetch(struct io_uring_sqe *sqe, int fd, __u16 queue)
{
	const struct vhx_agent_cmd cmd = { .queue = queue };

	prep(sqe, fd, VHX_AGENT_FETCH, &cmd);
}

void vhx_agent__prep_event(struct io_uring_sqe *sqe, int fd)
{
	const struct vhx_agent_cmd cmd = { 0 };

	prep(sqe, fd, VHX_AGENT_EVENT, &cmd);
}

void vhx_agent__prep_commit(struct io_uring_sqe *sqe, int fd,
			    const struct vhx_agent_answers *answers)
{
	const struct vhx_agent_cmd cmd = { .queue = answers->queue, .nr = answers->nr };

	prep(sqe, fd, answers->fetch ? VHX_AGENT_COMMIT_FETCH : VHX_AGENT_COMMIT, &cmd);
	sqe->addr = (__u64)(uintptr_t)answers->done;
}

void vhx_agent__prep_buf_reg(struct io_uring_sqe *sqe, int fd,
			     const struct vhx_agent_window *window)
{
	const struct vhx_agent_buf_cmd cmd = {
		.tag = window->tag, .gen = window->gen, .index = window->index,
	};

	prep(sqe, fd, VHX_AGENT_BUF_REG, &cmd);
}
