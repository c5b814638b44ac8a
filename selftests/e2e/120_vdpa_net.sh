#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A stock guest on an unmodified QEMU has a vDPA device of vdpa_sim's as its NIC, which gives
# back each frame that is sent to itself: by pages that are pinned, mapped all at once and one
# at a time, by virtual addresses, and by QEMU's shadow virtqueues. Reboots, stop and cont, a
# killed QEMU; then virtio_vdpa has the device on the host.
# time-limit: 700
. "$(dirname "$0")/lib.sh"
# shellcheck source=vdpa.sh
. "$E2E_DIR/vdpa.sh"
vdpa_begin_guest

FRAMES=200

# comes_back WHEN
comes_back()
{
	run "$form: $1: each frame comes back, every byte" guest_frames $FRAMES
}

# form FORM NIC-PROPERTIES OPTION...: of vdpa_sim's; a guest has booted
form()
{
	local properties=$2

	form=$1
	shift 2
	vdpa_sim net sim0 "$@" && vdpa_open sim0
	ok $? "$form: $VDPA_DRIVER has the device" || bail "no device"
	vdpa_nic sim0 "$properties"
	guest_start
	ok $? "$form: the guest boots" || bail "no guest"
	is "$(guest "cat /sys/class/net/eth0/address")" "$mac" "$form: the NIC is the device's"
	guest_has 32
	ok $? "$form: its driver negotiated VERSION_1"
	comes_back "at first"
}

# form_end: the guest switches off, and all is given back
form_end()
{
	guest_poweroff
	ok $? "$form: the guest switches off"
	qemu_is_content
	ok $? "$form: QEMU has nothing to complain of"
	vdpa_sim_end sim0
	ok $? "$form: the device and its parent go"
}

form "pinned" "" use_va=0
kib=$(vdpa_pinned_by "$GUEST_PID")
run "pinned: the guest's memory is ($kib kB)" test "$kib" -ge $((${GUEST_MEM%M} * 1024))
refuse "a second opener" sh -c "exec 3<>$node"
guest_reboot
ok $? "pinned: it reboots" || bail "no guest"
comes_back "after the reboot"
dev=$(guest "basename \$(readlink /sys/class/net/eth0/device)")
guest "echo $dev >/sys/bus/virtio/drivers/virtio_net/unbind &&
	echo $dev >/sys/bus/virtio/drivers/virtio_net/bind && ip link set eth0 up" >/dev/null
ok $? "pinned: virtio_net unbound and bound"
comes_back "after that"
bad=0
for _ in 1 2 3; do
	{ qmp stop && qmp cont; } >/dev/null || bad=$((bad + 1))
done
is "$bad" 0 "pinned: three times stop and cont"
comes_back "after stop and cont"
guest_kill
until_true 10 test "$(vdpa_users)" = 0
ok $? "killed: the module has no user left"
(exec 3<>"$node")
ok $? "killed: the node can be opened again"

### the host's own driver has the device, and gives it back

vdpa_give sim0 virtio_vdpa && netdev=$(vdpa_netdev sim0)
ok $? "virtio_vdpa has the device, and makes $netdev of it"
ip link set "$netdev" up
run "the host's frames come back, every byte" "$E2E_BIN/frames" "$netdev" 500 "$SEED"
vdpa_open sim0
ok $? "$VDPA_DRIVER has it again"
refuse "and $netdev is gone" test -e "/sys/class/net/$netdev"
vdpa_sim_end sim0
ok $? "the device and its parent go"

form "mapped one by one" "" use_va=0 batch_mapping=0
form_end

form "virtual addresses" "" use_va=1
is "$(vdpa_pinned_by "$GUEST_PID")" 0 "$form: nothing is pinned"
form_end

form "shadowed" x-svq=on use_va=0
{ qmp stop && qmp cont; } >/dev/null
ok $? "$form: stop and cont"
comes_back "after stop and cont"
form_end
plan
