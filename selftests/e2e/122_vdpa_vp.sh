#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A stock guest on an unmodified QEMU has a vDPA device of vp_vdpa's as its NIC, which maps by
# an IOMMU; the machine has a NIC of its own at the other end of the wire. Pings and streams
# both ways, every byte compared; a reboot, a killed QEMU; packed rings, and
# QEMU's shadow virtqueues. Then virtio_vdpa has the device, in a network namespace.
# machine: --vdpa
# time-limit: 700, dealt to: 6.12 (on 7.x a guest after one that was killed stood still at times, see README.md)
. "$(dirname "$0")/lib.sh"
# shellcheck source=vdpa.sh
. "$E2E_DIR/vdpa.sh"

missing=$(vdpa_vp_missing)
[ -z "$missing" ] || skip_all "$missing"
vdpa_begin_guest

# What the guest reaches is the peer, and no tap.
ip addr flush dev "$TAP"

# traffic WHEN MIB
traffic()
{
	run "$form: $1: ping, both ways" ping_both_ways
	run "$form: $1: guest to host, every byte" tcp_to_host 2 "$2"
	run "$form: $1: host to guest, every byte" tcp_to_guest 2 "$2"
}

# form FORM SLOT NIC-PROPERTIES BACKEND-PROPERTIES
form()
{
	form=$1
	vdpa_vp_wire "$2" "$HOST_IP/24"
	vdpa_vp vp0 "$2" && vdpa_open vp0
	ok $? "$form: $VDPA_DRIVER has the device" || bail "no device"
	vdpa_nic vp0 "$4"
	NIC=$NIC$3
	guest_start
	ok $? "$form: the guest boots" || bail "no guest"
	traffic "at first" 2
}

form_end()
{
	guest_poweroff
	ok $? "$form: the guest switches off"
	qemu_is_content_but
	ok $? "$form: QEMU has nothing to complain of"
	run "$form: the device goes" vdpa_del vp0
	vdpa_vp_unwire
}

form "split" "$VP_PLAIN" "" ""
kib=$(vdpa_pinned_by "$GUEST_PID")
run "the guest's memory is pinned ($kib kB)" test "$kib" -ge $((${GUEST_MEM%M} * 1024))
guest_reboot
ok $? "$form: it reboots" || bail "no guest"
traffic "after the reboot" 1
guest_kill
until_true 10 test "$(vdpa_users)" = 0
ok $? "killed: the module has no user left"
guest_start
ok $? "killed: another guest boots on the same device" || bail "no guest"
traffic "after a killed one" 1
form_end

form "packed" "$VP_FULL" ,packed=on ""
guest_has 34
ok $? "$form: its driver negotiated RING_PACKED"
form_end

form "shadowed" "$VP_PLAIN" "" x-svq=on
form_end

### the host's own driver

vdpa_vp_wire "$VP_FULL" "$HOST_IP/24"
vdpa_vp vp0 "$VP_FULL" && vdpa_give vp0 virtio_vdpa && netdev=$(vdpa_netdev vp0)
ok $? "virtio_vdpa has the device, and makes $netdev of it" || bail "no netdev"
ip netns add vdpa
at_exit "ip netns del vdpa"
ip link set "$netdev" netns vdpa && ip -n vdpa addr add "$GUEST_IP/24" dev "$netdev" &&
	ip -n vdpa link set "$netdev" up
ok $? "$netdev is in a network namespace"
run "and is pinged" ping -q -c 3 -i 0.2 -W 5 "$GUEST_IP"
vdpa_open vp0
ok $? "$VDPA_DRIVER has it again"
plan
