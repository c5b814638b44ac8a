// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest and its host talk: connections from either side, data both ways, messages, ends; on split
 * and packed rings, and in order.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"
#include "vsockhost.h"

#define PORT	1234		/* the guest's */
#define BULK	(200 * 1024)	/* less than a socket's credit: nobody waits for the other side */

static struct vsockdrv drv;
static struct vsockpkt pkt;
static uint8_t bytes[BULK], got[BULK];

static void send_data(uint32_t port, uint16_t type, uint32_t flags, const void *data, uint32_t len)
{
	const struct virtio_vsock_hdr like = {
		.op = htole16(VIRTIO_VSOCK_OP_RW),
		.type = htole16(type),
		.flags = htole32(flags),
	};

	guest_send(&drv, port, &like, data, len);
}

/* ---- streams ---- */

static void test_to_host(int fd)
{
	uint32_t at, part;

	for (at = 0; at < sizeof(bytes); at += part) {
		part = sizeof(bytes) - at < 30000 ? sizeof(bytes) - at : 30000;
		send_data(PORT, VIRTIO_VSOCK_TYPE_STREAM, 0, bytes + at, part);
	}
	tap_ok(host_read(fd, got, sizeof(bytes)) == sizeof(bytes) &&
	       !memcmp(got, bytes, sizeof(bytes)), "the guest's bytes come to the host");
}

static void test_to_guest(int fd)
{
	size_t n = 0;
	bool ok = true;

	if (write(fd, bytes, sizeof(bytes)) != sizeof(bytes))
		tap_diag("the host cannot write: %s", strerror(errno));
	while (n < sizeof(bytes) &&
	       vsockdrv_recv_op(&drv, &pkt, PORT, VIRTIO_VSOCK_OP_RW, HOST_WAIT)) {
		uint32_t len = le32toh(pkt.h.len);

		ok &= pkt.used == sizeof(pkt.h) + len && len && n + len <= sizeof(bytes) &&
		      !memcmp(pkt.data, bytes + n, len) && le64toh(pkt.h.src_cid) == 2 &&
		      le64toh(pkt.h.dst_cid) == drv.opt.cid;
		n += len;
	}
	tap_ok(ok && n == sizeof(bytes), "the host's bytes come to the guest, %zu of %zu", n,
	       sizeof(bytes));
}

static void test_end(int fd)
{
	const struct virtio_vsock_hdr shutdown = {
		.op = htole16(VIRTIO_VSOCK_OP_SHUTDOWN),
		.type = htole16(VIRTIO_VSOCK_TYPE_STREAM),
		.flags = htole32(VIRTIO_VSOCK_SHUTDOWN_RCV | VIRTIO_VSOCK_SHUTDOWN_SEND),
	};

	guest_send(&drv, PORT, &shutdown, NULL, 0);
	tap_ok(host_wait(fd, POLLIN) && read(fd, got, 1) == 0, "the guest's shutdown is an end");
	tap_ok(vsockdrv_recv_op(&drv, &pkt, PORT, VIRTIO_VSOCK_OP_RST, HOST_WAIT),
	       "which the host answers by a RST");
	close(fd);
}

static void test_streams(void)
{
	int listener = host_listen(SOCK_STREAM);
	int fd = guest_connect(&drv, listener, PORT, VIRTIO_VSOCK_TYPE_STREAM);

	if (tap_ok(fd >= 0, "the guest connects to the host")) {
		test_to_host(fd);
		test_to_guest(fd);
		test_end(fd);
	}
	close(listener);

	fd = host_connect(&drv, SOCK_STREAM, PORT);
	if (tap_ok(fd >= 0, "the host connects to the guest")) {
		test_to_guest(fd);
		tap_ok(host_close(&drv, fd, PORT), "a close is a shutdown to the guest");
	}
}

/* ---- messages ---- */

static bool message_to_host(int fd, uint32_t port)
{
	send_data(port, VIRTIO_VSOCK_TYPE_SEQPACKET, 0, bytes, 1000);
	send_data(port, VIRTIO_VSOCK_TYPE_SEQPACKET, VIRTIO_VSOCK_SEQ_EOM | VIRTIO_VSOCK_SEQ_EOR,
		  bytes + 1000, 500);
	return host_wait(fd, POLLIN) && recv(fd, got, sizeof(got), 0) == 1500 &&
	       !memcmp(got, bytes, 1500);
}

/* It goes into more than one buffer, and the last part alone is its end. */
static bool message_to_guest(int fd, uint32_t port)
{
	uint32_t n = 0, flags = 0;
	bool ok = true;

	if (send(fd, bytes, 9000, MSG_EOR) != 9000)
		return false;
	while (ok && n < 9000) {
		ok = !flags && vsockdrv_recv_op(&drv, &pkt, port, VIRTIO_VSOCK_OP_RW, HOST_WAIT);
		flags = le32toh(pkt.h.flags);
		ok = ok && !memcmp(pkt.data, bytes + n, le32toh(pkt.h.len));
		n += le32toh(pkt.h.len);
	}
	return ok && n == 9000 && flags == (VIRTIO_VSOCK_SEQ_EOM | VIRTIO_VSOCK_SEQ_EOR);
}

static void test_messages(void)
{
	int listener = host_listen(SOCK_SEQPACKET);
	int fd = guest_connect(&drv, listener, PORT + 1, VIRTIO_VSOCK_TYPE_SEQPACKET);

	if (tap_ok(fd >= 0, "the guest connects for messages")) {
		tap_ok(message_to_host(fd, PORT + 1), "a message of two packets is one to the host");
		tap_ok(message_to_guest(fd, PORT + 1), "one that needs more buffers ends once");
		tap_ok(host_close(&drv, fd, PORT + 1), "and is closed");
	}
	close(listener);
}

/* ---- who is not there ---- */

static bool rejected(uint64_t cid, uint32_t port, uint16_t op)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(&drv, PORT + 7, port, op);

	h.dst_cid = htole64(cid);
	vsockdrv_send(&drv, &h, NULL, 0);
	return vsockdrv_recv_op(&drv, &pkt, PORT + 7, VIRTIO_VSOCK_OP_RST, 2000) &&
	       le64toh(pkt.h.src_cid) == cid && le32toh(pkt.h.src_port) == port;
}

static void test_absent(void)
{
	int fd;

	tap_ok(rejected(2, HOST_PORT + 99, VIRTIO_VSOCK_OP_REQUEST), "nobody listens: RST");
	if (vsockdrv_is_vhx()) {
		tap_ok(rejected(77, HOST_PORT, VIRTIO_VSOCK_OP_REQUEST), "no such CID: RST");
		tap_ok(rejected(77, HOST_PORT, VIRTIO_VSOCK_OP_RW), "data to no such CID: RST");
		tap_ok(!rejected(77, HOST_PORT, VIRTIO_VSOCK_OP_RST), "but a RST is not answered");
	} else {
		tap_skip("no such CID: RST", "in-tree drops it without a word");
	}
	fd = host_connect(&drv, SOCK_STREAM, PORT);
	tap_ok(fd >= 0 && host_close(&drv, fd, PORT), "the guest is well");
}

static void test_format(const char *name, uint64_t features)
{
	if (vsockdrv_open(&drv, &(struct vsockdrv_opt){ .features = F_VSOCK_MODERN | features })) {
		if (vsockdrv_is_vhx())
			tap_bail("%s: a guest cannot be made", name);
		tap_skip(name, "%s has no such rings", vsockdrv_node());
		return;
	}
	tap_diag("%s", name);
	if (vsockdrv_start(&drv))
		tap_bail("a guest does not start");
	test_streams();
	test_messages();
	test_absent();
	vsockdrv_close(&drv);
}

int main(void)
{
	size_t i;

	if (access(vsockdrv_node(), F_OK))
		tap_skip_all("no %s", vsockdrv_node());
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7 + i / 251;
	test_format("split", 0);
	test_format("split, in order", F_IN_ORDER);
	test_format("packed", F_PACKED);
	test_format("packed, in order", F_PACKED | F_IN_ORDER);
	return tap_done();
}
