// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's side of vsock, see vsockhost.h.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "tap.h"
#include "vsockhost.h"

static struct vsockpkt pkt;

static struct sockaddr_vm address(uint32_t cid, uint32_t port)
{
	return (struct sockaddr_vm) {
		.svm_family = AF_VSOCK,
		.svm_cid = cid,
		.svm_port = port,
	};
}

int host_listen(int type)
{
	struct sockaddr_vm a = address(VMADDR_CID_ANY, HOST_PORT);
	int fd = socket(AF_VSOCK, type | SOCK_CLOEXEC, 0);

	if (bind(fd, (void *)&a, sizeof(a)) || listen(fd, 8))
		tap_bail("a host's listener: %s", strerror(errno));
	return fd;
}

bool host_wait(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, HOST_WAIT) == 1;
}

size_t host_read(int fd, uint8_t *to, size_t len)
{
	size_t n = 0;
	ssize_t r;

	while (n < len && host_wait(fd, POLLIN)) {
		r = read(fd, to + n, len - n);
		if (r <= 0)
			break;
		n += r;
	}
	return n;
}

int guest_send(struct vsockdrv *d, uint32_t port, const struct virtio_vsock_hdr *like,
	       const void *data, uint32_t len)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(d, port, HOST_PORT, le16toh(like->op));

	h.type = like->type;
	h.flags = like->flags;
	h.len = htole32(len);
	return vsockdrv_send(d, &h, data, len);
}

int guest_connect(struct vsockdrv *d, int listener, uint32_t port, uint16_t type)
{
	const struct virtio_vsock_hdr request = {
		.op = htole16(VIRTIO_VSOCK_OP_REQUEST),
		.type = htole16(type),
	};

	guest_send(d, port, &request, NULL, 0);
	if (!vsockdrv_recv_op(d, &pkt, port, VIRTIO_VSOCK_OP_RESPONSE, HOST_WAIT))
		return -1;
	return host_wait(listener, POLLIN) ? accept4(listener, NULL, NULL, SOCK_CLOEXEC) : -1;
}

int host_try(uint32_t cid, int type, uint32_t port)
{
	struct sockaddr_vm a = address(cid, port);
	int fd = socket(AF_VSOCK, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (!connect(fd, (void *)&a, sizeof(a)) || errno == EINPROGRESS)
		return fd;
	close(fd);
	return -errno;
}

int host_connect(struct vsockdrv *d, int type, uint32_t port)
{
	int fd = host_try(d->opt.cid, type, port), err = 0;
	struct virtio_vsock_hdr h;
	socklen_t len = sizeof(err);

	if (fd < 0)
		return -1;
	if (!vsockdrv_recv_op(d, &pkt, port, VIRTIO_VSOCK_OP_REQUEST, HOST_WAIT))
		goto err_close;
	h = vsockdrv_hdr(d, port, le32toh(pkt.h.src_port), VIRTIO_VSOCK_OP_RESPONSE);
	h.type = pkt.h.type;
	vsockdrv_send(d, &h, NULL, 0);
	if (!host_wait(fd, POLLOUT) || getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) || err)
		goto err_close;
	fcntl(fd, F_SETFL, 0);
	return fd;

err_close:
	close(fd);
	return -1;
}

bool host_close(struct vsockdrv *d, int fd, uint32_t port)
{
	struct virtio_vsock_hdr h;

	close(fd);
	if (!vsockdrv_recv_op(d, &pkt, port, VIRTIO_VSOCK_OP_SHUTDOWN, HOST_WAIT))
		return false;
	h = vsockdrv_hdr(d, port, le32toh(pkt.h.src_port), VIRTIO_VSOCK_OP_RST);
	h.type = pkt.h.type;
	return !vsockdrv_send(d, &h, NULL, 0) && vsockdrv_taken(d);
}
