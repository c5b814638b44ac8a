// SPDX-License-Identifier: GPL-2.0-only
/* The session and its loops, from their beginning to their end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "log.h"
#include "queue.h"
#include "vsock/vsock.h"

#define TAKEOVER_MS	30000	/* for what an agent that died has under way */

static void read_boot_id(char *id, size_t size)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f || !fgets(id, (int)size, f))
		strcpy(id, "-");
	id[strcspn(id, "\n")] = '\0';
	if (f)
		fclose(f);
}

static const char *session_hint(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENXIO:
		return ": the module is not loaded: modprobe vhx_scsi";
	case -ENOTTY:
		return ": the module that is loaded knows no agents";
	case -EACCES:
		return ": not permitted to open " VHX_NODE_CTL;
	case -ENOMEM:
		return ": a smaller \"pool =\" may do";
	}
	return "";
}

/* Without it all is as ever. */
static int open_zero_copy(struct host *host, const struct vhx_agent_open *plain)
{
	struct vhx_agent_open arg = *plain;
	int ret;

	arg.flags = VHX_AGENT_ZERO_COPY;
	arg.zero_copy_min = host->conf->zero_copy_min;
	ret = vhx_agent__open_with(&host->agent, &arg);
	if (ret == -EOPNOTSUPP || ret == -EINVAL) {
		log_warning("zero_copy = on: %s does not have it: data is copied",
			    ret == -EINVAL ? "the module that is loaded" : "this kernel");
		return vhx_agent__open_with(&host->agent, plain);
	}
	if (ret)
		return ret;
	host->zcopy = zcopy_open(host->agent);
	return host->zcopy ? 0 : -ENOMEM;
}

static int open_session(struct host *host, struct msg *msg)
{
	const struct conf *c = host->conf;
	const struct vhx_agent_open arg = {
		.queues = c->queues, .tags = c->tags, .pool_size = c->pool,
	};
	int ret;

	if (c->zero_copy)
		ret = open_zero_copy(host, &arg);
	else
		ret = vhx_agent__open_with(&host->agent, &arg);
	if (ret)
		return msg_set(msg, ret, "no session with the kernel (%s)%s", msg_errno(ret),
			       session_hint(ret));
	return 0;
}

static int open_target(struct host *host, const struct target_conf *conf, struct msg *msg)
{
	struct endpoint *endpoint;
	unsigned int i;
	int ret;

	ret = endpoint_open(host, conf, &endpoint, msg);
	if (ret)
		return ret;
	for (i = 0; !ret && i < conf->nr_disks; i++)
		ret = host_add_disk(host, endpoint, conf->disks + i, false, msg);
	/* The first message is the one that counts, and the end of it all. */
	return ret ? ret : endpoint_begin(host, endpoint, msg);
}

static int open_targets(struct host *host, struct msg *msg)
{
	const struct conf *c = host->conf;
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < c->nr_targets; i++)
		ret = open_target(host, c->targets + i, msg);
	/* From now on nobody but who asks for a disk would wait for it. */
	host->home.wait_ms = 0;
	return ret;
}

static int open_loops(struct host *host, struct msg *msg)
{
	const struct conf *c = host->conf;

	host->loops = calloc(c->queues, sizeof(*host->loops));
	host->queues = calloc(c->queues, sizeof(*host->queues));
	if (!host->loops || !host->queues)
		return msg_set(msg, -ENOMEM, "no memory");
	host->home = (struct disk_home) {
		.state_dir = c->state_dir,
		.boot_id = host->boot_id,
		.loops = host->loops,
		.nr_loops = c->queues,
		.wait_ms = TAKEOVER_MS,
	};
	return 0;
}

int host_open(struct host *host, struct conf *conf, struct msg *msg)
{
	int ret;

	memset(host, 0, sizeof(*host));
	host->conf = conf;
	pthread_mutex_init(&host->opening, NULL);
	list_init(&host->groups);
	list_init(&host->disks);
	read_boot_id(host->boot_id, sizeof(host->boot_id));
	ret = open_loops(host, msg);
	if (!ret)
		ret = open_session(host, msg);
	if (!ret)
		ret = open_targets(host, msg);
	return ret ? ret : vsock_open(conf, &host->vsock, msg);
}

int host_run(struct host *host, struct msg *msg)
{
	unsigned int i;
	int ret;

	for (i = 0; i < host->conf->queues; i++) {
		ret = queue_open(host->queues + i, host, i);
		if (ret)
			return msg_set(msg, ret, "queue %u: no memory", i);
		/* A loop that has begun cannot be taken back: the session ends with the process. */
		ret = loop_start(host->loops + i, msg);
		if (ret)
			return ret;
	}
	host->loops_run = true;
	return vsock_run(host->vsock, msg);
}

static void end_loops(struct host *host)
{
	unsigned int i;
	int ret;

	ret = vhx_agent__drain(host->agent);
	if (ret)
		log_die("the session cannot be drained: %s", msg_errno(ret));
	for (i = 0; i < host->conf->queues; i++)
		loop_end(host->loops + i);
	for (i = 0; i < host->conf->queues; i++)
		loop_join(host->loops + i);
	host->loops_run = false;
}

static void save(struct host *host)
{
	struct disk *disk;

	list_for_each(disk, &host->disks, node)
		disk_save(&host->home, disk);
}

/*
 * What else there is goes with the process. To take the nexuses down would tell their disks that
 * the VMs are gone, whereas the next agent is to go on with them.
 */
void host_close(struct host *host)
{
	vsock_close(host->vsock);
	end_loops(host);
	save(host);
	vhx_agent__close(host->agent);
}

/* A loop sleeps while there is nothing to do: it is woken, and looked at the next time. */
bool host_alive(struct host *host)
{
	bool alive = vsock_alive(host->vsock);
	unsigned int i;

	for (i = 0; i < host->conf->queues; i++)
		alive = queue_ping(host->queues + i) && alive;
	return alive;
}
