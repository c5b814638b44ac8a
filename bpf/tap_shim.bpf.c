// SPDX-License-Identifier: GPL-2.0-only
/*
 * tap_shim: lets a tap ask the policy of the NIC it belongs to.
 *
 * A tap chooses a packet's queue before vhx sees the packet. These socket filters, attached to the
 * tap, carry its question to the policy at the very moment of that choice: no second queue, no
 * wake-up, no reordering. They are no policy themselves; without one they choose as the tap
 * would have. vhx attaches them when it binds a policy, and there is nothing to configure.
 *
 *	vhx_tap_steer	by TUNSETSTEERINGEBPF: the queue
 *	vhx_tap_drop	by TUNSETFILTEREBPF: bytes to keep, 0 drops
 */
#include <vhx/common.bpf.h>

VHX_LICENSE("GPL");

SEC("socket")
int vhx_tap_steer(struct __sk_buff *skb)
{
	return vhx_tap_select(skb);
}

SEC("socket")
int vhx_tap_drop(struct __sk_buff *skb)
{
	return vhx_tap_filter(skb);
}
