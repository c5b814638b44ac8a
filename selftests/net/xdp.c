// SPDX-License-Identifier: GPL-2.0-only
/*
 * XDP on the tap: the batches vhost hands over are what its programs run on, with headroom to
 * grow into; and XDP frames in the tap's ring, which are no skbs, reach the guest.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>

#include "frame.h"
#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "rnd.h"
#include "tap.h"

#define WAIT 5000

#define MOV_IMM(dst, v)	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = dst, .imm = v }
#define CALL(fn)	{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_##fn }
#define EXIT()		{ .code = BPF_JMP | BPF_EXIT }

static struct netdrv drv;
static int tap, host;
static uint8_t frame[FRAME_MAX], got[FRAME_MAX];

static int load(const struct bpf_insn *insn, size_t n)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "vhx_test", "GPL", insn, n, &opts);
}

/* A program that only says @verdict, after moving the packet's head by @by if that is not 0. */
static int program(int verdict, int by)
{
	const struct bpf_insn plain[] = { MOV_IMM(0, verdict), EXIT() };
	const struct bpf_insn move[] = {
		MOV_IMM(2, by), CALL(xdp_adjust_head), MOV_IMM(0, verdict), EXIT()
	};

	return by ? load(move, 4) : load(plain, 2);
}

static int redirect_to(const char *name)
{
	const struct bpf_insn insn[] = {
		MOV_IMM(1, if_nametoindex(name)), MOV_IMM(2, 0), CALL(redirect), EXIT()
	};

	return load(insn, 4);
}

static int attach(const char *name, int prog)
{
	return bpf_xdp_attach(if_nametoindex(name), prog, XDP_FLAGS_DRV_MODE, NULL);
}

static void burst(uint32_t n, uint32_t max_len)
{
	uint32_t i, len;

	for (i = 0; i < n; i++) {
		len = FRAME_MIN + i * 13 % (max_len - FRAME_MIN);
		frame_make(frame, len, i);
		netdrv_tx(&drv, NULL, frame, len);
	}
	netdrv_tx_flush(&drv);
}

/* What arrives of a burst, each frame @grown bytes longer in front. */
static uint32_t arrived(uint32_t n, uint32_t max_len, int grown, int ms)
{
	uint32_t i, len;
	int r;

	for (i = 0; i < n; i++) {
		len = FRAME_MIN + i * 13 % (max_len - FRAME_MIN);
		r = packet_recv(host, got, sizeof(got), ms);
		frame_make(frame, len, i);
		if (r != (int)len + grown)
			break;
		if (grown < 0 ? memcmp(got, frame - grown, r) : memcmp(got + grown, frame, len))
			break;
	}
	return i;
}

static void test_verdicts(void)
{
	int drop = program(XDP_DROP, 0), pass = program(XDP_PASS, 0), r;
	uint32_t n;

	if (!tap_ok(drop >= 0 && pass >= 0, "the programs load (%s)", strerror(errno)))
		return;
	r = attach("vt0", drop);
	burst(100, 1500);
	tap_ok(!r && netdrv_tx_drain(&drv, WAIT) && packet_recv(host, got, sizeof(got), 100) == 0,
	       "XDP_DROP: all TX buffers come back, no packet arrives");
	r = attach("vt0", pass);
	burst(200, 1500);
	n = arrived(200, 1500, 0, WAIT);
	tap_ok(!r && n == 200 && netdrv_tx_drain(&drv, WAIT), "XDP_PASS: %u of 200 arrive as sent",
	       n);
	burst(64, 20000);
	n = arrived(64, 20000, 0, WAIT);
	tap_ok(n == 64 && netdrv_tx_drain(&drv, WAIT),
	       "XDP_PASS: frames longer than a page too (%u)", n);
	attach("vt0", -1);
	burst(100, 1500);
	tap_ok(arrived(100, 1500, 0, WAIT) == 100 && netdrv_tx_drain(&drv, WAIT),
	       "and without a program as before");
}

/* The room before the frame is the program's to use: a wrong batch layout shows here. */
static void test_headroom(void)
{
	static const int moves[] = { -4, -16, -128, -192, 4 };
	unsigned int i;

	for (i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
		int prog = program(XDP_PASS, moves[i]);
		uint32_t n, seq;
		bool ok = prog >= 0 && !attach("vt0", prog);

		for (seq = n = 0; ok && seq < 32; seq++) {
			int r;

			frame_make(frame, 100 + seq, seq);
			netdrv_tx(&drv, NULL, frame, 100 + seq);
			netdrv_tx_flush(&drv);
			r = packet_recv(host, got, sizeof(got), WAIT);
			ok = r == (int)(100 + seq) - moves[i];
			if (moves[i] < 0)
				ok = ok && !memcmp(got - moves[i], frame, 100 + seq);
			else
				ok = ok && !memcmp(got, frame + moves[i], r);
			n += ok;
		}
		tap_ok(ok, "R43: a program moves the head by %d bytes (%u of 32)", moves[i], n);
		close(prog);
	}
	attach("vt0", -1);
	netdrv_tx_drain(&drv, WAIT);
}

/* Frames that never were skbs: XDP_TX puts the guest's own back in the tap's ring. */
static void test_tx(void)
{
	int prog = program(XDP_TX, 0);
	uint32_t i, len;
	vnet_hdr hdr;
	int r = attach("vt0", prog);

	burst(100, 1500);
	for (i = 0; !r && i < 100; i++) {
		len = FRAME_MIN + i * 13 % (1500 - FRAME_MIN);
		frame_make(frame, len, i);
		if (netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT) != (int)len ||
		    memcmp(got, frame, len) || hdr.hdr.gso_type || hdr.hdr.flags ||
		    hdr.num_buffers != 1)
			break;
	}
	tap_ok(i == 100, "XDP_TX: %u of 100 come back to the guest as XDP frames", i);
	attach("vt0", -1);
	close(prog);
	netdrv_tx_drain(&drv, WAIT);
}

/* Another netdev's packets redirected into the tap. */
static void test_redirect(void)
{
	int prog = redirect_to("vt0"), pass = program(XDP_PASS, 0), far_end, r;
	uint32_t i, len;
	vnet_hdr hdr;

	r = sh("ip link add ve0 type veth peer name ve1 && ip link set ve0 up && "
	       "ip link set ve1 up");
	/* veth hands over frames only to a peer that has a program as well. */
	r = r || attach("ve1", prog) || attach("ve0", pass);
	if (!tap_ok(!r, "a veth that redirects into the tap"))
		return;
	far_end = packet_open("ve0", false);
	for (i = 0; i < 200; i++) {
		len = FRAME_MIN + 1 + i * 7 % 1400;
		frame_make(frame, len, i);
		packet_send(far_end, frame, len);
		r = netdrv_rx_wait(&drv, &hdr, got, sizeof(got), WAIT);
		if (r != (int)len || memcmp(got, frame, len))
			break;
	}
	tap_ok(i == 200, "redirected frames reach the guest (%u of 200, last %d)", i, r);
	close(far_end);
	sh("ip link del ve0");
}

/* XDP frames that nobody takes any more, and a ring full of them when the NIC goes. */
static void test_left_behind(void)
{
	int prog = program(XDP_TX, 0);
	uint32_t i;

	attach("vt0", prog);
	for (i = 0; i < 20; i++) {
		burst(100, 1500);
		netdrv_tx_drain(&drv, WAIT);
	}
	tap_ok(!guest_stop(&drv.g), "stopped with XDP frames in the ring");
	attach("vt0", -1);
	tap_ok(!netdrv_restart(&drv, tap), "started again");
	netdrv_close(&drv);
	close(tap);
	tap_ok(!if_nametoindex("vt0"), "and the tap goes");
}

int main(void)
{
	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	rnd_start();
	tap = nettap_open("vt0", NETTAP_DEFAULT);
	if (tap < 0 || nettap_set_hdr(tap, HDR_V1) || nettap_up("vt0", 0))
		tap_bail("a tap");
	host = packet_open("vt0", false);
	if (netdrv_open(&drv, &(struct netdrv_opt){ .tx_pieces = 2 }) || netdrv_start(&drv, tap))
		tap_bail("open %s", guest_node());
	test_verdicts();
	test_headroom();
	test_tx();
	test_redirect();
	test_left_behind();
	return tap_done();
}
