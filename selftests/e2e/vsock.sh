# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest with vsock, and vhx_vsock loaded as long as the test runs: to the others the
# host's AF_VSOCK is as it was. Sourced after lib.sh, whose variables these are.
# shellcheck disable=SC2034
#
#	VHX_VSOCK	the node (/dev/vhx-vsock; /dev/vhost-vsock is the reference)

VHX_VSOCK=${VHX_VSOCK:-/dev/vhx-vsock}
CID=42				# the guest's
HOST_CID=2
VSOCK=				# properties of vhost-vsock-pci

INITRAMFS=-vsock
GUEST_MODULES+=(vmw_vsock_virtio_transport vsock_diag)
GUEST_PROGRAMS+=(ss socat)
# In QEMU's process alone: who holds the fd holds the CID.
QEMU=(sh -c "exec \"\$0\" \"\$@\" 9<>$VHX_VSOCK" qemu-system-x86_64)

vsock_is_vhx()
{
	[ "$VHX_VSOCK" != /dev/vhost-vsock ]
}

# A socket that waits for its peer to agree to its end has the module for eight seconds.
vsock_unload()
{
	guest_kill
	until_true 20 rmmod "$1"
}

vsock_load()
{
	if ! vsock_is_vhx; then
		at_exit "vsock_unload vhost_vsock"
		modprobe vhost_vsock
		return
	fi
	modprobe vmw_vsock_virtio_transport_common || return
	at_exit "vsock_unload vhx_vsock"
	insmod "$E2E_SRC/build/$(uname -r)/vhx_vsock.ko" h2g=on
}

# How each test with vsock begins
vsock_begin()
{
	local missing

	missing=$(e2e_missing)
	[ -z "$missing" ] || skip_all "$missing"
	vsock_load || bail "no $VHX_VSOCK"
	e2e_begin
	vsock_device "$CID"
}

# vsock_device CID: what the next QEMU gives the guest
vsock_device()
{
	CID=$1
	MORE=(-device "vhost-vsock-pci,id=vsock,guest-cid=$1,vhostfd=9${VSOCK:+,$VSOCK}")
}

# The device's directory in the guest
vsock_sys()
{
	guest "dirname \$(grep -l 0x0013 /sys/bus/virtio/devices/*/device)"
}

# vsock_has BIT...: features that the guest's driver negotiated
vsock_has()
{
	local bits bit

	bits=$(guest "cat $(vsock_sys)/features")
	for bit; do
		[ "${bits:$bit:1}" = 1 ] || { diag "features $bits"; return 1; }
	done
}

# vsock_stat NAME [CID]: vhx's counter of a guest
vsock_stat()
{
	vhx -j vsock show "${2:-$CID}" | jq ".stats.$1"
}

### traffic: KIND is vsock (streams) or seq (messages)

# vsock_to_guest KIND FLOWS MIB and vsock_to_host KIND FLOWS MIB: every byte compared
vsock_to_guest()
{
	local rc=0

	guest_bg recv "traffic $1-recv 5001 $2"
	guest_listens 5001 || return
	"$E2E_BIN/traffic" "$1-send" "$CID" 5001 "$2" "$3" || rc=1
	guest_join recv || rc=1
	return $rc
}

vsock_to_host()
{
	local receiver rc=0

	"$E2E_BIN/traffic" "$1-recv" 5002 "$2" &
	receiver=$!
	until_true 10 host_listens 5002 || return
	guest "traffic $1-send $HOST_CID 5002 $2 $3" || rc=1
	wait "$receiver" || rc=1
	return $rc
}

host_listens()
{
	ss -Hl --vsock | grep -q ":$1 "
}

guest_listens()
{
	guest "until ss -Hl --vsock | grep -q ':$1 '; do usleep 20000; done"
}

vsock_both_ways()
{
	run "$1: host to guest, stream" vsock_to_guest vsock 2 "$2"
	run "$1: guest to host, stream" vsock_to_host vsock 2 "$2"
	run "$1: host to guest, messages" vsock_to_guest seq 2 "$2"
	run "$1: guest to host, messages" vsock_to_host seq 2 "$2"
}
