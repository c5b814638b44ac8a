#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A stock guest on an unmodified QEMU has a device of vhx_vdpa_net's as its NIC, whose other end
# is a netdev of the machine's: pings and streams both ways, every byte compared, by packed, split
# and shadowed rings, with several queues, by vhx_vdpa and by in-tree's driver. Reboot, stop and
# cont, a killed QEMU, a policy under load; then virtio_vdpa has the device, in a network namespace.
# time-limit: 700
. "$(dirname "$0")/lib.sh"
# shellcheck source=vdpa.sh
. "$E2E_DIR/vdpa.sh"
vdpa_begin_guest

# What the guest reaches is the peer, and no tap.
ip addr flush dev "$TAP"
PROFILE=$(sed -n 's/.*device_features \(0x[0-9a-f]*\).*/\1/p' "$E2E_SRC/docs/vdpa-net.md" | head -n 1)

# own ATTRIBUTE...: the device, and its peer up
own()
{
	vdpa_own own0 "$@" && ip addr add "$HOST_IP/24" dev own0 && ip link set own0 up &&
		vdpa_open own0
}

# traffic WHEN MIB
traffic()
{
	run "$form: $1: ping, both ways" ping_both_ways
	run "$form: $1: guest to host, every byte" tcp_to_host 2 "$2"
	run "$form: $1: host to guest, every byte" tcp_to_guest 2 "$2"
}

# form FORM NIC-PROPERTIES BACKEND-PROPERTIES ATTRIBUTE...: a guest has booted
form()
{
	local nic=$2 backend=$3

	form=$1
	shift 3
	own "$@"
	ok $? "$form: $VDPA_DRIVER has the device" || bail "no device"
	vdpa_nic own0 "$backend"
	NIC=$NIC$nic
	guest_start
	ok $? "$form: the guest boots" || bail "no guest"
	traffic "at first" 2
}

# form_end: the guest switches off, and all is given back
form_end()
{
	guest_poweroff
	ok $? "$form: the guest switches off"
	qemu_is_content
	ok $? "$form: QEMU has nothing to complain of"
	is "$(vdpa_users)" 0 "$form: the module has no user left"
	run "$form: the device goes" vdpa_del own0
}

pauses()
{
	local bad=0

	for _ in 1 2 3; do
		{ qmp stop && qmp cont; } >/dev/null || bad=$((bad + 1))
	done
	is "$bad" 0 "$form: three times stop and cont"
	traffic "after stop and cont" 1
}

form packed ,packed=on ""
guest_has 34
ok $? "$form: its driver negotiated RING_PACKED"
kib=$(vdpa_pinned_by "$GUEST_PID")
run "the guest's memory is pinned ($kib kB)" test "$kib" -ge $((${GUEST_MEM%M} * 1024))
is "$(vhx -j nic show own0 | jq -r .kind)" vdpa "it is one of the machine's NICs"
guest_reboot
ok $? "$form: it reboots" || bail "no guest"
traffic "after the reboot" 1
pauses
guest_kill
until_true 10 test "$(vdpa_users)" = 0
ok $? "killed: the module has no user left"
guest_start
ok $? "killed: another guest boots on the same device" || bail "no guest"
traffic "after a killed one" 1
form_end

QUEUES=2
form "several queues" "" queues=2 max_vqp 2
guest "ethtool -L eth0 combined 2"
is "$(vhx -j nic show own0 | jq .live_queues)" 2 "$form: the guest uses both"
run "$form: a policy is loaded" vhx policy load flow_hash --nic own0
traffic "steered" 4
run "$form: the policy has judged" \
	test "$(vhx -j policy show flow_hash | jq .verdicts)" -gt 100
run "$form: and goes" vhx policy detach flow_hash
traffic "as before" 1
form_end
QUEUES=1

form shadowed "" x-svq=on device_features "$PROFILE"
pauses
form_end

### the host's own driver

own && vdpa_give own0 virtio_vdpa && netdev=$(vdpa_netdev own0)
ok $? "virtio_vdpa has the device, and makes $netdev of it" || bail "no netdev"
ip netns add vdpa
at_exit "ip netns del vdpa"
ip link set "$netdev" netns vdpa && ip -n vdpa addr add "$GUEST_IP/24" dev "$netdev" &&
	ip -n vdpa link set "$netdev" up
ok $? "$netdev is in a network namespace"
until_true 10 ping -q -c 1 -W 1 "$GUEST_IP"
run "and is pinged" ping -q -c 3 -i 0.2 -W 5 "$GUEST_IP"
vdpa_give own0 "$VDPA_DRIVER"
ok $? "$VDPA_DRIVER has it again"
run "the device goes" vdpa_del own0

### in-tree's vhost_vdpa on the same parent

if vdpa_is_vhx; then
	vdpa_rmmod vhx_vdpa
	VHX_VDPA=in-tree VDPA_DRIVER=vhost_vdpa VDPA_NODES=vhost-vdpa
	vdpa_load_driver || bail "vhost_vdpa does not load"
	form "in-tree's driver" ,packed=on ""
	form_end
fi
plan
