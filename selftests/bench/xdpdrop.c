// SPDX-License-Identifier: GPL-2.0-only
/*
 * xdpdrop IFNAME: all that IFNAME receives is dropped before it is a packet, until
 * this program is killed.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "xdp.h"

int main(int argc, char **argv)
{
	int prog, link;

	if (argc != 2) {
		fprintf(stderr, "usage: xdpdrop IFNAME\n");
		return 2;
	}
	prog = xdp_load(XDP_DROP);
	link = prog < 0 ? prog : xdp_attach(argv[1], prog);
	if (link < 0) {
		fprintf(stderr, "xdpdrop: %s: %s\n", argv[1], strerror(-link));
		return 1;
	}
	pause();
	return 0;
}
