/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration: vhxd.conf(5), in memory. What is given by hand on the control socket goes
 * through the same parsers, so that it means the same.
 */
#ifndef _VHXD_CONF_H
#define _VHXD_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "libvhx.h"
#include "scsi/msg.h"

#define CONF_FILE	"/etc/vhx/vhxd.conf"
#define CONF_SOCKET	"/run/vhx/vhxd.sock"
#define CONF_STATE_DIR	"/var/lib/vhxd"

#define CONF_WWPN_LEN	64	/* with the NUL; what the kernel takes */
#define CONF_WORD_LEN	64
#define CONF_PATH_LEN	512
#define CONF_PLUGINS	8

/**
 * struct disk_conf - a disk at its place in a target
 * @target, @lun: where the guest finds it
 * @path: file or block device
 * @name: unique on this host; its state file has it, and the guest sees it unless @serial is given
 * @backend: kind by name; empty: what @path is
 * @size: the file is made so large if there is none
 */
struct disk_conf {
	uint8_t target;
	uint16_t lun;
	bool write_through;
	bool read_only;
	bool thin;
	bool buffered;
	uint32_t block;
	uint64_t size;
	char path[CONF_PATH_LEN];
	char name[CONF_WORD_LEN + 16];
	char serial[37];
	char uuid[37];
	char vendor[9];
	char product[17];
	char backend[17];
};

/**
 * struct target_conf - a target: what a VMM names by its wwpn
 * @group: targets of a group may share disks; empty: it is by itself
 * @quota: most bytes of the pool for its requests; 0: what the kernel gives
 */
struct target_conf {
	char wwpn[CONF_WWPN_LEN];
	char group[CONF_WORD_LEN];
	uint32_t quota;
	unsigned int nr_disks;
	struct disk_conf *disks;
};

/**
 * struct vsock_map - a port that has a socket of its own
 * @listen: who connects to @path is connected to the guest's @port; else a guest that connects to @port
 *	is connected to @path
 */
struct vsock_map {
	uint32_t port;
	bool listen;
	bool seqpacket;
	char path[CONF_PATH_LEN];
};

/**
 * struct vsock_conf - a guest's vsock
 * @is_registered: systemd-machined is to know of the guest
 * @name: of the guest, for people
 * @path: where clients say CONNECT, and what a guest's ports are PATH_PORT of; empty: nowhere
 * @limits: what the kernel is to be told; of those that are not set nothing
 * @grace: seconds that its connections wait for the next process; 0: they do not
 */
struct vsock_conf {
	uint32_t cid;
	bool is_registered;
	char name[CONF_WORD_LEN];
	char path[CONF_PATH_LEN];
	unsigned int grace;
	unsigned int nr_maps;
	struct vsock_map *maps;
	struct vhx_vsock_limits limits;
};

/**
 * struct conf - all of it
 * @tags: of all queues
 * @zero_copy: large writes go to the disk from the guest's memory
 * @zero_copy_min: from so many bytes on; 0: what the kernel has for a default
 * @user: whom it becomes once everything is open; empty: it stays who it is
 * @vsock_guests: so many guests with vsock there may be while it runs
 * @vsock_log: where connections of guests' vsock are written down; empty: nowhere
 * @plugins: shared objects with a kind of backend each, @nr_plugins of them
 */
struct conf {
	unsigned int queues;
	unsigned int tags;
	uint32_t pool;
	bool zero_copy;
	uint32_t zero_copy_min;
	char state_dir[CONF_PATH_LEN];
	char socket[100];
	char user[CONF_WORD_LEN];
	unsigned int nr_plugins;
	char plugins[CONF_PLUGINS][CONF_PATH_LEN];
	unsigned int nr_targets;
	struct target_conf *targets;
	unsigned int vsock_guests;
	char vsock_log[CONF_PATH_LEN];
	unsigned int nr_vsocks;
	struct vsock_conf *vsocks;
};

/* conf_vsock.c: a guest's section, and a setting of it */
int conf_new_vsock(struct conf *conf, const char *cid, struct msg *msg);
int conf_set_vsock(struct vsock_conf *vsock, const char *name, const char *value, struct msg *msg);
struct vsock_conf *conf_find_vsock(const struct conf *conf, uint32_t cid);
/* Return: 0 or -ENOMEM; *@to is overwritten. */
int conf_copy_vsock(struct vsock_conf *to, const struct vsock_conf *from);
/* Of all [vsock CID] together, once they are read. */
int conf_check_vsocks(struct conf *conf, struct msg *msg);

/* conf.c: -errno, and a message that says where it is wrong as FILE:LINE. */
int conf_load(const char *path, struct conf **conf, struct msg *msg);
void conf_free(struct conf *conf);
struct target_conf *conf_find(const struct conf *conf, const char *wwpn);

/* conf_check.c: what no line by itself can be wrong in: names, places and sharing. */
int conf_add_disk(struct conf *conf, struct target_conf *target, const struct disk_conf *disk,
		  struct msg *msg);

/* conf_disk.c: "PATH,OPTION,OPTION=VALUE", and "LUN" or "TARGET.LUN". */
int conf_parse_disk(struct disk_conf *disk, const char *spec, struct msg *msg);
int conf_parse_place(struct disk_conf *disk, const char *place, struct msg *msg);
/* Without a name of its own it is called after its first place. */
void conf_name_disk(struct disk_conf *disk, const char *wwpn);
bool conf_same_disk(const struct disk_conf *a, const struct disk_conf *b);

/* conf_value.c: -EINVAL, and a message that says what there is to choose from. */
int conf_parse_count(const char *text, uint64_t max, uint64_t *value, struct msg *msg);
int conf_parse_bytes(const char *text, uint64_t max, uint64_t *value, struct msg *msg);
int conf_parse_switch(const char *text, bool *value, struct msg *msg);
int conf_parse_text(const char *text, char *at, uint32_t size, struct msg *msg);

#endif
