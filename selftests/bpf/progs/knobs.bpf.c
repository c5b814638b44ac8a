// SPDX-License-Identifier: GPL-2.0-only
/*
 * knobs: one of every type that can be set from text. The verdict is the queue 0 when all of them
 * are what cli/70_vectors.sh sets, else the number of the first that is not.
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

enum shape { ROUND = 1, SQUARE = 7 };

const volatile __u8 byte = 3;
const volatile __s16 word;
const volatile __u32 number;
const volatile __s64 wide;
const volatile bool flag;
const volatile enum shape shape = ROUND;
const volatile char text[8];
const volatile __u8 mac[6];
const volatile __u8 ip4[4];
const volatile __u8 ip6[16];
const volatile __u32 list[4];
const __u32 table[2] = { 1, 2 };

SEC("struct_ops/rx")
__u32 BPF_PROG(rx, struct vhx_pkt *pkt, struct vhx_nic *nic)
{
	if (byte != 255)
		return 1;
	if (word != -32768)
		return 2;
	if (number != 0xffffffff)
		return 3;
	if (wide != -9000000000)
		return 4;
	if (!flag)
		return 5;
	if (shape != SQUARE)
		return 6;
	if (text[0] != 'e' || text[1] != 't' || text[2])
		return 7;
	if (mac[0] != 2 || mac[5] != 0xfe)
		return 8;
	if (ip4[0] != 192 || ip4[3] != 1)
		return 9;
	if (ip6[0] != 0x20 || ip6[1] != 1 || ip6[15] != 8)
		return 10;
	if (list[0] != 5 || list[1] != 6 || list[2] || table[1] != 2)
		return 11;
	return 0;
}

VHX_STEER_OPS(knobs, .rx = (void *)rx);
