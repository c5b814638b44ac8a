/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's side of the vsock tests, by AF_VSOCK, and the guest's side of a connection, by its
 * driver.
 */
#ifndef _SELFTEST_VSOCKHOST_H
#define _SELFTEST_VSOCKHOST_H

#include <stddef.h>
#include <stdint.h>

#include "vsockdrv.h"

#define HOST_WAIT	10000	/* ms: for what must come */
#define HOST_PORT	4711

struct vsockdrv;

/* Bail out if it cannot be had. */
int host_listen(int type);
bool host_wait(int fd, short events);
/* All that is to come, or what there is before the end. */
size_t host_read(int fd, uint8_t *to, size_t len);

/* A packet of the guest's port to the host's. */
int guest_send(struct vsockdrv *d, uint32_t port, const struct virtio_vsock_hdr *like,
	       const void *data, uint32_t len);

/* The guest connects to a listener, the host to the guest. Return: the host's end, or -1. */
int guest_connect(struct vsockdrv *d, int listener, uint32_t port, uint16_t type);
int host_connect(struct vsockdrv *d, int type, uint32_t port);
/* Its request is under way, and was answered by nobody. Return: the host's end, or -errno. */
int host_try(uint32_t cid, int type, uint32_t port);
/* The host's end is closed; the guest agrees, so that nothing is left of it. */
bool host_close(struct vsockdrv *d, int fd, uint32_t port);

#endif /* _SELFTEST_VSOCKHOST_H */
