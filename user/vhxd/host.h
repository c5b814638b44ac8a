/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All that the agent has: a session, its loops, targets and their disks. The main thread alone
 * changes it; the loops find their way from a request's endpoint to its target in it.
 */
#ifndef _VHXD_HOST_H
#define _VHXD_HOST_H

#include "conf.h"
#include "disk.h"
#include "libvhx.h"
#include "loop.h"

struct queue;
struct vsock;

/**
 * struct lun - a disk at its place
 * @by_hand: by the control socket: the configuration file has no say in it
 * @told: its guest knows of it, or comes later
 */
struct lun {
	struct list node;
	struct disk *disk;
	uint8_t target;
	uint16_t lun;
	bool by_hand;
	bool told;
};

/**
 * struct endpoint - what a VMM names by its wwpn
 * @number: what requests call it
 * @port: its relative target port, which only depends on the wwpn where none is taken
 * @leaving: it is to be closed, and the kernel gives nothing more of it
 * @nexus: NULL until endpoint_begin()
 * @watch: hears of changes, for @agent to tell the guest
 */
struct endpoint {
	char wwpn[CONF_WWPN_LEN];
	uint32_t number;
	uint16_t port;
	bool leaving;
	struct group *group;
	struct scsi_target *target;
	struct scsi_nexus *nexus;
	struct list luns;
	struct scsi_watch watch;
	struct vhx_agent *agent;
};

/**
 * struct host - see above
 * @zcopy: NULL unless the configuration asks for it, and the kernel has it
 * @endpoints: by number; one that is there stays as long as a loop has a request of it
 * @opening: held while one is attached and not there yet
 * @places: which of the registered files are taken
 * @vsock: guests' vsock, NULL without any
 */
struct host {
	struct conf *conf;
	struct vhx_agent *agent;
	struct zcopy *zcopy;
	struct disk_home home;
	char boot_id[40];
	struct loop *loops;
	struct queue *queues;
	bool loops_run;
	struct endpoint *endpoints[VHX_AGENT_ENDPOINTS_MAX];
	pthread_mutex_t opening;
	struct list groups;
	struct list disks;
	bool places[LOOP_NR_FILES];
	struct vsock *vsock;
};

/* host.c: from the configuration to loops that run, and back. */
int host_open(struct host *host, struct conf *conf, struct msg *msg);
int host_run(struct host *host, struct msg *msg);
/* Fetches nothing more, finishes what it has, saves. The process is to end then. */
void host_close(struct host *host);
/* Every loop goes around, and so does vsock's: false if one has not since it was asked last. */
bool host_alive(struct host *host);

/* endpoint.c */
struct endpoint *endpoint_find(struct host *host, const char *wwpn);
/*
 * Attached, and without disks. Requests of it can come from then on: they wait for
 * endpoint_begin(), which must follow.
 */
int endpoint_open(struct host *host, const struct target_conf *conf, struct endpoint **endpoint,
		  struct msg *msg);
/* Its guest waits for who serves it next. An error is said, and then it is to be tried again. */
int endpoint_close(struct host *host, struct endpoint *endpoint, struct msg *msg);
/* Its guest comes, or is there still: of the disks that there are by now it is told the difference. */
int endpoint_begin(struct host *host, struct endpoint *endpoint, struct msg *msg);
/* As requests call it; waits for one that is being opened. NULL if there is none. */
struct endpoint *endpoint_at(struct host *host, uint32_t number);
struct lun *endpoint_lun(const struct endpoint *endpoint, uint8_t target, uint16_t lun);

/* host_disk.c */
int host_add_disk(struct host *host, struct endpoint *endpoint, const struct disk_conf *conf,
		  bool by_hand, struct msg *msg);
int host_remove_disk(struct host *host, struct endpoint *endpoint, struct lun *lun,
		     struct msg *msg);

/* reload.c: what the file says now; errors are logged, and everything else is done. */
int host_reload(struct host *host, const char *path);

#endif
