// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two guests talk: data both ways, messages, ends; what one does to the other, and what it cannot.
 */
#include <endian.h>
#include <string.h>
#include <unistd.h>

#include "tap.h"
#include "vsocksib.h"

static struct vsockdrv drv_a, drv_b, drv_c;
static const struct sib a = { &drv_a, 1000 }, b = { &drv_b, 2000 };
static uint8_t bytes[64 * 1024];

#define ASK	VIRTIO_VSOCK_OP_REQUEST
#define AGREE	VIRTIO_VSOCK_OP_RESPONSE
#define RST	VIRTIO_VSOCK_OP_RST
#define RW	VIRTIO_VSOCK_OP_RW

static struct virtio_vsock_hdr data_hdr;	/* of a stream */

static long long nconns(void)
{
	return sib_show("vsock show 50", ".connections");
}

/* Bytes come as they were sent, in as many parts as it takes. */
static bool comes(const struct sib *to, const struct sib *from, uint32_t len)
{
	uint32_t at = 0, n;

	while (at < len && sib_hears(to, from, RW, SIB_WAIT)) {
		n = le32toh(sib_pkt.h.len);
		if (!n || at + n > len || memcmp(sib_pkt.data, bytes + at, n))
			return false;
		at += n;
	}
	return at == len;
}

static void drop(const struct sib *from, const struct sib *to)
{
	sib_say(from, to, RST);
	sib_hears(to, from, RST, SIB_WAIT);
}

/* ---- what there is to it ---- */

static void test_stream(void)
{
	tap_ok(sib_connect(&a, &b), "a guest asks another, which agrees");
	tap_ok(nconns() == 1 && sib_show("vsock show 51", ".connection_list[0].from_port") == 1000,
	       "the connection is shown");
	sib_send(&a, &b, &data_hdr, bytes, sizeof(bytes));
	tap_ok(comes(&b, &a, sizeof(bytes)), "64 KiB come as they were sent");
	sib_send(&b, &a, &data_hdr, bytes, 10000);
	tap_ok(comes(&a, &b, 10000), "and 10,000 bytes back");
	sib_say(&b, &a, VIRTIO_VSOCK_OP_CREDIT_UPDATE);
	tap_ok(sib_hears(&a, &b, VIRTIO_VSOCK_OP_CREDIT_UPDATE, SIB_WAIT) &&
	       le32toh(sib_pkt.h.buf_alloc) == 1 << 20, "credit is between the two");
	sib_say(&a, &b, VIRTIO_VSOCK_OP_SHUTDOWN);
	tap_ok(sib_hears(&b, &a, VIRTIO_VSOCK_OP_SHUTDOWN, SIB_WAIT) && nconns() == 1,
	       "a shutdown is no end");
	sib_say(&b, &a, RST);
	tap_ok(sib_hears(&a, &b, RST, SIB_WAIT) && nconns() == 0, "a RST is");
	sib_say(&a, &b, RW);
	tap_ok(sib_hears(&a, &b, RST, SIB_WAIT) && sib_silent(&b), "what comes after it is rejected");
}

static void test_messages(void)
{
	const struct virtio_vsock_hdr ask = {
		.op = htole16(ASK),
		.type = htole16(VIRTIO_VSOCK_TYPE_SEQPACKET),
	}, agree = {
		.op = htole16(AGREE),
		.type = htole16(VIRTIO_VSOCK_TYPE_SEQPACKET),
	}, message = {
		.op = htole16(RW),
		.type = htole16(VIRTIO_VSOCK_TYPE_SEQPACKET),
		.flags = htole32(VIRTIO_VSOCK_SEQ_EOM),
	};
	uint32_t n = 0, eom = 0;

	sib_send(&a, &b, &ask, NULL, 0);
	tap_ok(sib_hears(&b, &a, ASK, SIB_WAIT) && !sib_send(&b, &a, &agree, NULL, 0) &&
	       sib_hears(&a, &b, AGREE, SIB_WAIT), "a connection for messages");
	sib_send(&a, &b, &message, bytes, 9000);
	while (n < 9000 && !eom && sib_hears(&b, &a, RW, SIB_WAIT)) {
		n += le32toh(sib_pkt.h.len);
		eom = le32toh(sib_pkt.h.flags) & VIRTIO_VSOCK_SEQ_EOM;
	}
	tap_ok(n == 9000 && eom, "a message ends where it ends, and nowhere before");
	sib_send(&a, &b, &data_hdr, bytes, 1);
	tap_ok(sib_hears(&a, &b, RST, SIB_WAIT) && sib_hears(&b, &a, RST, SIB_WAIT),
	       "what is no message there is the end of it, for both");
}

/* ---- what makes no sense ---- */

static void test_nonsense(void)
{
	sib_say(&b, &a, AGREE);
	tap_ok(sib_hears(&b, &a, RST, SIB_WAIT) && sib_silent(&a), "an answer that nobody asked for");
	sib_say(&a, &b, ASK);
	tap_ok(sib_hears(&b, &a, ASK, SIB_WAIT), "a guest asks");
	sib_say(&a, &b, ASK);
	tap_ok(sib_hears(&b, &a, ASK, SIB_WAIT) && nconns() == 1, "and again: it is the same");
	sib_say(&a, &b, AGREE);
	tap_ok(sib_hears(&a, &b, RST, SIB_WAIT) && sib_hears(&b, &a, RST, SIB_WAIT) && nconns() == 0,
	       "who answers itself has nothing any more");

	sib_say(&a, &b, ASK);
	sib_hears(&b, &a, ASK, SIB_WAIT);
	sib_send(&b, &a, &data_hdr, bytes, 10);
	tap_ok(sib_hears(&b, &a, RST, SIB_WAIT) && sib_hears(&a, &b, RST, SIB_WAIT),
	       "data before the answer: the end, for both");

	sib_connect(&a, &b);
	sib_say(&b, &a, ASK);
	tap_ok(sib_hears(&a, &b, RST, SIB_WAIT) && sib_hears(&b, &a, RST, SIB_WAIT),
	       "who has it and asks for it: the end, for both");
	sib_connect(&a, &b);
	sib_say(&a, &b, 77);
	tap_ok(sib_hears(&a, &b, RST, SIB_WAIT) && sib_hears(&b, &a, RST, SIB_WAIT) && nconns() == 0,
	       "an operation that there is not: likewise");
}

static void test_third(void)
{
	const struct sib c = { &drv_c, 1000 };

	sib_open(&drv_c, 52, NULL);
	sib_connect(&a, &b);
	sib_send(&c, &b, &data_hdr, bytes, 10);
	tap_ok(sib_hears(&c, &b, RST, SIB_WAIT) && sib_silent(&b),
	       "a third guest with the same ports has no part in it");
	sib_say(&c, &b, RST);
	sib_send(&a, &b, &data_hdr, bytes, 10);
	tap_ok(comes(&b, &a, 10), "and cannot end it");
	drop(&a, &b);
	vsockdrv_close(&drv_c);
}

/* ---- guests come and go ---- */

static void test_reboot(void)
{
	sib_connect(&a, &b);
	vsockdrv_stop(&drv_b);
	vsockdrv_resume(&drv_b);
	sib_send(&a, &b, &data_hdr, bytes, 100);
	tap_ok(comes(&b, &a, 100), "over a pause it stays");
	vsockdrv_stop(&drv_b);
	sib_send(&a, &b, &data_hdr, bytes, 100);
	tap_ok(vsockdrv_taken(&drv_a), "a guest that stands still holds nobody up");
	vsockdrv_reset(&drv_b);
	tap_ok(sib_hears(&a, &b, RST, SIB_WAIT), "who boots has lost it, and the other hears so");
	tap_ok(sib_silent(&b), "it hears nothing of what was for who it was");
	tap_ok(sib_connect(&a, &b), "and can be asked again");
	vsockdrv_close(&drv_b);
	tap_ok(sib_hears(&a, &b, RST, SIB_WAIT) && nconns() == 0, "who goes has lost it");
	sib_open(&drv_b, SIB_B, NULL);
}

static void test_cid(void)
{
	const struct sib old = { &(struct vsockdrv){ .opt.cid = SIB_B }, 2000 };

	sib_connect(&a, &b);
	tap_ok(!vsockdrv_set_cid(&drv_b, 60) && sib_hears(&a, &old, RST, SIB_WAIT),
	       "who gets another CID: the other hears that it ended");
	tap_ok(vsockdrv_recv_op(&drv_b, &sib_pkt, 2000, RST, SIB_WAIT), "and it itself");
	drv_b.opt.cid = 60;
	tap_ok(sib_connect(&a, &b), "by that CID it can be asked");
	drop(&a, &b);
	vsockdrv_set_cid(&drv_b, SIB_B);
	drv_b.opt.cid = SIB_B;
}

/* ---- one that is slow ---- */

static void test_slow(void)
{
	const struct sib other = { &drv_a, 1001 }, b_other = { &drv_b, 2001 };
	uint32_t i, n;

	sib_vhx("vsock limit set 51 backlog 1M");
	sib_connect(&a, &b);
	sib_connect(&other, &b_other);
	vsockdrv_stop(&drv_b);
	for (i = 0; i < 40; i++)
		sib_send(&a, &b, &data_hdr, bytes, sizeof(bytes));
	tap_ok(vsockdrv_taken(&drv_a), "2.5 MB for one that stands still: all is taken");
	tap_ok(sib_hears(&a, &b, RST, SIB_WAIT), "what is too much ends the connection");
	n = sib_show("vsock show 51", ".waiting");
	tap_ok(n > 2 && n <= 16, "of it 1 MiB waits at most: %u packets of 64 KiB", n);
	vsockdrv_resume(&drv_b);
	sib_send(&other, &b_other, &data_hdr, bytes, 100);
	tap_ok(vsockdrv_recv_op(&drv_b, &sib_pkt, 2001, RW, SIB_WAIT), "the other one stays");
	tap_ok(sib_show("vsock show 50", ".stats.overflows") == 1, "it is counted");
	/* What is left for it to hear. */
	drop(&other, &b_other);
	while (vsockdrv_recv(&drv_b, &sib_pkt, SIB_NEVER))
		;
	while (vsockdrv_recv(&drv_a, &sib_pkt, SIB_NEVER))
		;
	tap_ok(nconns() == 0 && sib_show("vsock show 51", ".waiting") == 0, "nothing is left of it");
	sib_vhx("vsock limit remove 51");
}

/* Two send to a third: none has to wait until the other has nothing more. */
static void test_fair(void)
{
	const struct sib c = { &drv_c, 3000 }, b_c = { &drv_b, 2001 };
	uint32_t i, of_c = 0;

	sib_open(&drv_c, 52, NULL);
	sib_connect(&a, &b);
	sib_connect(&c, &b_c);
	vsockdrv_stop(&drv_b);
	for (i = 0; i < 30; i++)
		sib_send(&a, &b, &data_hdr, bytes, sizeof(bytes));
	vsockdrv_taken(&drv_a);
	for (i = 0; i < 4; i++)
		sib_send(&c, &b_c, &data_hdr, bytes, 1000);
	vsockdrv_taken(&drv_c);
	vsockdrv_resume(&drv_b);
	/* Less than a quarter of what the first sent. */
	for (i = 0; i < 100 && of_c < 4 && vsockdrv_recv(&drv_b, &sib_pkt, SIB_WAIT); i++)
		of_c += le64toh(sib_pkt.h.src_cid) == 52;
	tap_ok(of_c == 4, "what a guest sends does not wait for all that another sent, %u packets before",
	       i);
	vsockdrv_close(&drv_c);
	drop(&a, &b);
	while (vsockdrv_recv(&drv_b, &sib_pkt, SIB_NEVER))
		;
}

int main(void)
{
	uint32_t i;

	if (!vsockdrv_is_vhx())
		tap_skip_all("in-tree connects no guests");
	data_hdr.op = htole16(RW);
	data_hdr.type = htole16(VIRTIO_VSOCK_TYPE_STREAM);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7 ^ i >> 8;
	sib_vhx("vsock route flush");
	sib_vhx("vsock route add sibling");
	sib_open(&drv_a, SIB_A, NULL);
	sib_open(&drv_b, SIB_B, NULL);
	test_stream();
	test_messages();
	test_nonsense();
	test_third();
	test_reboot();
	test_cid();
	test_slow();
	test_fair();
	vsockdrv_close(&drv_a);
	vsockdrv_close(&drv_b);
	sib_vhx("vsock route flush");
	return tap_done();
}
