/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The service manager's store of descriptors: what is put there outlives the process, and the next one
 * gets it by name. See sd_pid_notify_with_fds(3), FDSTORE=1.
 */
#ifndef _VHXD_VSOCK_STORE_H
#define _VHXD_VSOCK_STORE_H

#include <stdbool.h>

#define STORE_NAME_LEN	48

struct stored {
	int fd;
	char name[STORE_NAME_LEN];
};

/**
 * struct store - what a former process left
 * @room: descriptors that the store holds at most; 0: there is none
 * @left: those that nobody took yet, @nr_left of them
 */
struct store {
	unsigned int room;
	unsigned int nr_left;
	struct stored *left;
};

/* Once in a process, and before it has others. Return: 0 or -errno. */
int store_open(struct store *store);
/* Return: the descriptor of that name, from now on the caller's, and in the store still; or -1. */
int store_take(struct store *store, const char *name);
/* What nobody took is of no use. */
void store_close(struct store *store);

/* Return: 0 or -errno; that the store was full nobody says. */
int store_put(const char *name, int fd);
void store_remove(const char *name);
/* Likewise, and whoever is at the socket's other end hears so at once. */
void store_drop(const char *name, int fd);

#endif
