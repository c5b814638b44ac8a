# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The vsock rows' nodes, for inside-vsock and ratio-inside: the host's AF_VSOCK has room for one
# of the two at a time, and so they take turns.

# shellcheck disable=SC2034 # for who sources this
declare -A vsock_node=([in-tree]=/dev/vhost-vsock [vhx]=/dev/vhx-vsock)

# vsock_up NODE
vsock_up()
{
	if [ "$1" = in-tree ]; then
		modprobe vhost_vsock
		return
	fi
	modprobe vmw_vsock_virtio_transport_common
	insmod "build/$(uname -r)/vhx_vsock.ko" h2g=on
	build/user/vhx vsock route add from 42 to 43 sibling
}

# vsock_down NODE: it may have sockets yet that are about to end.
vsock_down()
{
	local module=vhx_vsock try

	[ "$1" = vhx ] || module=vhost_vsock
	for ((try = 0; try < 100; try++)); do
		rmmod "$module" 2>/dev/null && return
		sleep 0.1
	done
	rmmod "$module"
}
