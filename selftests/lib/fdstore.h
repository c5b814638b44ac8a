/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A service manager, as far as vhxd sees one: a socket for its notifications, and a store of descriptors
 * that outlives it. A thread of its own reads what comes.
 */
#ifndef _SELFTEST_FDSTORE_H
#define _SELFTEST_FDSTORE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FDSTORE_MAX	256
#define FDSTORE_NAME	64

struct fdstored {
	int fd;
	char name[FDSTORE_NAME];
};

/**
 * struct fdstore - a service manager
 * @path: of its socket
 * @fd: it
 * @room: what the service is told that the store holds; 0: that there is none
 * @lock: what is below
 * @ready: times that READY=1 came
 * @polled: descriptors that came without FDPOLL=0
 * @held: those in the store, @nr of them
 * @pid: the service; 0: it does not run
 */
struct fdstore {
	char path[100];
	int fd;
	unsigned int room;
	pthread_t thread;
	pthread_mutex_t lock;
	unsigned int ready;
	unsigned int polled;
	struct fdstored held[FDSTORE_MAX];
	unsigned int nr;
	pid_t pid;
};

/* Bails out. */
void fdstore_open(struct fdstore *s, const char *path);
void fdstore_close(struct fdstore *s);

/* Run the service, with what is in the store, and wait until it is ready. Return: whether it is. */
bool fdstore_start(struct fdstore *s, char *const argv[]);
/* By a signal; all that it said is heard. Return: what waitpid() says of it. */
int fdstore_stop(struct fdstore *s, int sig);

/* Wait until all of the service's threads wait, and go on to. Return: whether they do. */
bool fdstore_idle(struct fdstore *s);

/* How many names begin so. */
unsigned int fdstore_count(struct fdstore *s, const char *prefix);
/* Put something into it, as if the service had. */
void fdstore_put(struct fdstore *s, const char *name, int fd);
/* Empty it. */
void fdstore_flush(struct fdstore *s);

#endif /* _SELFTEST_FDSTORE_H */
