# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A NIC of vhx_vdpa_net, driven by this kernel's virtio_vdpa, its other end in a
# network namespace of its own. Sourced after tap.sh:
#
#	vnet_setup || exit	# modules and the namespace; skips all where there are none
#	vnet_add NAME ARG...	# vdpa dev add, and both ends up, with addresses
#	vnet_del NAME
#
# NAME is the peer's name, on the host, 10.77.0.1; $vnet_guest the driver's netdev
# in the namespace, 10.77.0.2.

vnet_ns=vhxg
vnet_guest=

vnet_setup()
{
	command -v vdpa >/dev/null || { skip_all "no vdpa tool"; return 1; }
	modprobe virtio_vdpa || { skip_all "no virtio_vdpa"; return 1; }
	modprobe virtio_net || { skip_all "no virtio_net"; return 1; }
	[ -d /sys/module/vhx_vdpa_net ] || { skip_all "vhx_vdpa_net is not loaded"; return 1; }
	ip netns add $vnet_ns
	ip -n $vnet_ns link set lo up
	at_exit "ip netns del $vnet_ns"
	at_exit "rmmod virtio_vdpa"
}

# bind NAME DRIVER: have a driver take a device
vnet_bind()
{
	local dev=/sys/bus/vdpa/devices/$1

	echo "$2" >"$dev/driver_override"
	[ ! -e "$dev/driver" ] || echo "$1" >"$dev/driver/unbind"
	echo "$1" >"/sys/bus/vdpa/drivers/$2/bind"
}

# The netdev that the driver made of a device.
vnet_find()
{
	local try path

	for try in 1 2 3 4 5 6 7 8 9 10 20 30; do
		for path in /sys/bus/vdpa/devices/"$1"/virtio*/net/*; do
			[ -e "$path" ] && { echo "${path##*/}"; return; }
		done
		sleep 0.$try
	done
	return 1
}

# up NAME: both ends up, and addresses
vnet_up()
{
	vnet_guest=$(vnet_find "$1") || return
	ip link set "$vnet_guest" netns $vnet_ns || return
	ip addr replace 10.77.0.1/24 dev "$1"
	ip -6 addr replace fd77::1/64 dev "$1" nodad
	ip link set "$1" up
	ip -n $vnet_ns addr add 10.77.0.2/24 dev "$vnet_guest"
	ip -n $vnet_ns -6 addr add fd77::2/64 dev "$vnet_guest" nodad
	ip -n $vnet_ns link set "$vnet_guest" up
	# Links do not come up at once.
	until_true 30 ping -q -c 1 -W 1 10.77.0.2
}

vnet_add()
{
	local name=$1

	shift
	vdpa dev add name "$name" mgmtdev vhx "$@" || return
	at_exit "vdpa dev del $name 2>/dev/null"
	vnet_up "$name"
}

vnet_del()
{
	vdpa dev del "$1"
}

in_guest()
{
	ip netns exec $vnet_ns "$@"
}

# send BYTES FROM TO ADDRESS: TCP between the ends, summed on both. FROM and TO are host and guest.
vnet_send()
{
	local from=env to=env sum got out

	[ "$2" = guest ] && from="ip netns exec $vnet_ns"
	[ "$3" = guest ] && to="ip netns exec $vnet_ns"
	out=$(mktemp)
	# shellcheck disable=SC2086 # a command
	$to timeout 60 socat -u "TCP${5:-4}-LISTEN:7777,reuseaddr" - 2>/dev/null | sha256sum >"$out" &
	# shellcheck disable=SC2086
	head -c "$1" /dev/urandom | tee >(sha256sum >"$out.sent") |
		$from timeout 60 socat -u - "TCP${5:-4}:$4:7777,retry=100,interval=0.1" 2>/dev/null
	wait $!
	got=$(cat "$out")
	sleep 0.1
	sum=$(cat "$out.sent")
	rm -f "$out" "$out.sent"
	[ "$got" = "$sum" ] && return
	diag "got $got sent $sum"
	return 1
}
