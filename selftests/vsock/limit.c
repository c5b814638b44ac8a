// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits: connections, those without an answer, bytes and connections a second; of one guest and of
 * all that have none of their own; and what a guest that hears nothing can have us keep.
 */
#include <endian.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"
#include "vsockhost.h"
#include "vsocksib.h"

static struct vsockdrv drv_a, drv_b;

#define ASK	VIRTIO_VSOCK_OP_REQUEST
#define RST	VIRTIO_VSOCK_OP_RST
#define RW	VIRTIO_VSOCK_OP_RW

static struct sib end(struct vsockdrv *d, uint32_t port)
{
	return (struct sib){ d, port };
}

static bool connects(uint32_t port)
{
	const struct sib a = end(&drv_a, port), b = end(&drv_b, 2000);

	return sib_connect(&a, &b);
}

static bool asks_in_vain(uint32_t port)
{
	const struct sib a = end(&drv_a, port), b = end(&drv_b, 2000);

	return !sib_say(&a, &b, ASK) && sib_hears(&a, &b, RST, SIB_WAIT);
}

/* Nothing is left of what it had. */
static void reboot(struct vsockdrv *d)
{
	if (vsockdrv_stop(d) || vsockdrv_reset(d))
		tap_bail("a guest does not boot");
}

static void end_one(uint32_t port)
{
	const struct sib a = end(&drv_a, port), b = end(&drv_b, 2000);

	sib_say(&a, &b, RST);
	sib_hears(&b, &a, RST, SIB_WAIT);
}

static void test_conns(void)
{
	tap_ok(!sib_vhx("vsock limit set 50 conns 2") && connects(1) && connects(2),
	       "a guest that may have two connections has them");
	tap_ok(asks_in_vain(3), "a third it does not get");
	tap_ok(sib_show("vsock show 50", ".stats.refused") == 1, "it is counted");
	end_one(2);
	tap_ok(connects(3), "when one ends it gets another");
	end_one(1);
	end_one(3);
	tap_ok(!sib_vhx("vsock limit remove 50") && !sib_vhx("vsock limit set 51 conns 1") &&
	       connects(1) && asks_in_vain(2), "who is asked has limits, too");
	end_one(1);
	tap_ok(!sib_vhx("vsock limit remove 51") && !sib_vhx("vsock limit set default conns 0") &&
	       asks_in_vain(1), "who has none of its own has those of all");
	tap_ok(!sib_vhx("vsock limit remove default") && connects(1), "which can be as they were");
	end_one(1);
}

static void test_pending(void)
{
	const struct sib b = end(&drv_b, 2000);
	struct sib a;
	uint32_t i;

	sib_vhx("vsock limit set 50 pending 4");
	for (i = 0; i < 6; i++) {
		a = end(&drv_a, 100 + i);
		sib_say(&a, &b, ASK);
	}
	for (i = 0; i < 2; i++) {
		a = end(&drv_a, 100 + i);
		tap_ok(sib_hears(&a, &b, RST, SIB_WAIT), "of six that have no answer the oldest go, %u", i);
	}
	tap_ok(sib_show("vsock show 50", ".connections") == 4, "four stay");
	reboot(&drv_a);
	while (vsockdrv_recv(&drv_b, &sib_pkt, SIB_NEVER))
		;
	sib_vhx("vsock limit remove 50");
}

/* It never takes what is for it: what it has not heard counts. */
static void test_deaf(void)
{
	const struct sib b = end(&drv_b, 2000);
	struct sib a;
	uint32_t i;

	sib_vhx("vsock limit set 51 conns 16");
	vsockdrv_stop(&drv_b);
	/* Its queues stand still: it cannot be asked, as one whose driver is not there. */
	a = end(&drv_a, 300);
	sib_say(&a, &b, ASK);
	tap_ok(sib_hears(&a, &b, RST, SIB_WAIT), "a guest that stands still cannot be asked");
	vsockdrv_resume(&drv_b);
	for (i = 0; i < 16; i++)
		connects(300 + i);
	vsockdrv_stop(&drv_b);
	for (i = 0; i < 16; i++) {
		a = end(&drv_a, 300 + i);
		sib_say(&a, &b, 77);
		sib_hears(&a, &b, RST, SIB_WAIT);
	}
	tap_ok(sib_show("vsock show 51", ".waiting") == 16 &&
	       sib_show("vsock show 51", ".connections") == 0, "sixteen ends wait for it");
	vsockdrv_resume(&drv_b);
	for (i = 0; i < 16; i++)
		vsockdrv_recv_op(&drv_b, &sib_pkt, 2000, RST, SIB_WAIT);
	tap_ok(sib_show("vsock show 51", ".waiting") == 0 && connects(400),
	       "it hears them, and has room again");
	end_one(400);
	sib_vhx("vsock limit remove 51");
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Slower than it may be is no fault of a limit's; faster is. */
static void test_rate(void)
{
	static uint8_t bytes[64 * 1024];
	int listener = host_listen(SOCK_STREAM);
	double begin;
	uint32_t i;
	int fd;

	tap_ok(!sib_vhx("vsock limit set 50 rate 512k burst 128k"), "512 KiB a second");
	fd = guest_connect(&drv_a, listener, 7, VIRTIO_VSOCK_TYPE_STREAM);
	begin = now();
	for (i = 0; i < 16; i++) {
		guest_send(&drv_a, 7, &(struct virtio_vsock_hdr){
				.op = htole16(RW),
				.type = htole16(VIRTIO_VSOCK_TYPE_STREAM) }, bytes, sizeof(bytes));
		if (host_read(fd, bytes, sizeof(bytes)) != sizeof(bytes))
			break;
	}
	/* All but the burst and the last packet, which is a debt, at that rate. */
	tap_ok(i == 16 && now() - begin > (1024 - 128 - 64) / 512.0 * 0.9,
	       "1 MiB takes as long as that: %.2f s", now() - begin);
	tap_ok(sib_show("vsock show 50", ".stats.throttled") > 0, "it is counted");
	guest_send(&drv_a, 7, &(struct virtio_vsock_hdr){
			.op = htole16(RW),
			.type = htole16(VIRTIO_VSOCK_TYPE_STREAM) }, bytes, sizeof(bytes));
	tap_ok(!sib_vhx("vsock limit remove 50") && vsockdrv_taken(&drv_a), "without it goes on");
	host_read(fd, bytes, sizeof(bytes));
	tap_ok(host_close(&drv_a, fd, 7), "the connection ends");
	close(listener);
}

static void test_conn_rate(void)
{
	const struct sib b = end(&drv_b, 2000);
	uint32_t i, refused = 0;

	sib_vhx("vsock limit set 50 conn-rate 1 conn-burst 3");
	for (i = 0; i < 20; i++) {
		const struct sib a = end(&drv_a, 500 + i);

		sib_say(&a, &b, ASK);
	}
	vsockdrv_taken(&drv_a);
	for (i = 0; i < 20 && vsockdrv_recv(&drv_a, &sib_pkt, SIB_NEVER); i++)
		refused += le16toh(sib_pkt.h.op) == RST;
	tap_ok(refused >= 10 && refused <= 17, "of twenty at once %u are refused", refused);
	reboot(&drv_a);
	while (vsockdrv_recv(&drv_b, &sib_pkt, SIB_NEVER))
		;
	sib_vhx("vsock limit remove 50");
}

static void test_refused(void)
{
	tap_ok(sib_vhx("vsock limit set 2 conns 5"), "limits of the host: refused");
	tap_ok(sib_vhx("vsock limit set 50 conns"), "a limit without a number: refused");
	tap_ok(sib_vhx("vsock limit set 50 legs 4"), "one that there is not: refused");
	tap_ok(sib_vhx("vsock limit set 50 backlog 1k"), "a backlog that no packet fits: refused");
	tap_ok(sib_vhx("vsock limit set 50 rate 9000G"), "a rate beyond counting: refused");
	tap_ok(sib_vhx("vsock limit set 50 pending 0"), "none that may be pending: refused");
	tap_ok(sib_vhx("vsock limit remove 50"), "to take away what is not there: refused");
	tap_ok(sib_show("vsock limit", "length") == 1 && sib_show("vsock limit", ".[0].conns") == 4096,
	       "and nothing of it stays");
	tap_ok(!sib_vhx("vsock limit set 70 conns 9") && !sib_vhx("vsock limit set 60 rate 1G") &&
	       sib_show("vsock limit", ".[2].conns") == 9 &&
	       sib_show("vsock limit", ".[1].rate") == 1 << 30,
	       "a guest that is not there can have some");
	sib_vhx("vsock limit remove 60");
	sib_vhx("vsock limit remove 70");
}

int main(void)
{
	if (!vsockdrv_is_vhx())
		tap_skip_all("in-tree has no limits");
	sib_vhx("vsock route flush");
	sib_vhx("vsock route add sibling");
	sib_open(&drv_a, SIB_A, NULL);
	sib_open(&drv_b, SIB_B, NULL);
	test_conns();
	test_pending();
	test_deaf();
	test_rate();
	test_conn_rate();
	test_refused();
	vsockdrv_close(&drv_a);
	vsockdrv_close(&drv_b);
	sib_vhx("vsock route flush");
	return tap_done();
}
