# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest whose NIC, or disk, is a vDPA device, by the node of the driver under test. Sourced
# after lib.sh, whose variables these are.
# shellcheck disable=SC2034
#
#	VHX_VDPA	that driver (vhx_vdpa; in-tree is the reference)

# shellcheck source=../lib/vdpa.sh
. "$E2E_SRC/selftests/lib/vdpa.sh"

INITRAMFS=-vdpa
GUEST_MODULES+=(virtio_blk)
SEED=${VHX_SEED:-$RANDOM}
disk=				# the guest's, of guest_disk

# A parent that uses virtual addresses reaches what is shared, and nothing else.
SHARED=(-object "memory-backend-memfd,id=mem,size=$GUEST_MEM,share=on")
MACHINE=pc,memory-backend=mem

# vdpa_begin_guest: how each test begins that has a guest
vdpa_begin_guest()
{
	local missing

	missing=$(vdpa_parents_missing)
	[ -z "$missing" ] || skip_all "$missing"
	vdpa_begin
	e2e_begin
	diag "VHX_SEED=$SEED"
	MORE=("${SHARED[@]}")
}

# vdpa_open NAME: the driver under test has it, its node is in $node. It does not go before
# who has opened that.
vdpa_open()
{
	at_exit guest_kill
	vdpa_give "$1" "$VDPA_DRIVER" && node=$(vdpa_node "$1")
}

# vdpa_nic NAME [PROPERTY,...]: what the next guest's only NIC is; $mac is its address
vdpa_nic()
{
	BACKEND=vhost-vdpa NETDEV=vhostdev=$node${2:+,$2} QUEUES=1
	mac=$(vdpa -j dev config show "$1" | jq -r ".config.\"$1\".mac")
	NIC=mac=$mac
}

# vdpa_guest_disk NODE: the next guest has this disk, and a NIC that is QEMU's alone
vdpa_guest_disk()
{
	NETDEV=fds=%TAPFDS%
	MORE=("${SHARED[@]}" -device "vhost-vdpa-device-pci,id=vdpa,vhostdev=$1")
}

# vp_vdpa and VDUSE do not say where a ring stands, whoever asks. QEMU complains of that
# when it stops, and that a guest which is stopped goes on is not tried with them.
qemu_is_content_but()
{
	sed -i '/ring restore failed/d' "$E2E_RUN/qemu.err"
	qemu_is_content
}

# Its name in the guest is in $disk
guest_finds_disk()
{
	disk=$(guest "for i in \$(seq 200); do
		for d in /sys/block/vd*; do
			[ -e \$d ] && echo \${d##*/} && exit 0;
		done;
		usleep 50000;
	done; exit 1")
}

# guest_load THREADS COUNT: of its disk; digest_of has what must be on it then
guest_load()
{
	loaded=$(guest "blocks load /dev/$disk $SEED $1 $2") || { diag "$loaded"; return 1; }
}

# digest_of WORDS...: the one that they end in
digest_of()
{
	echo "${*##*digest }"
}

# host_digest FILE
host_digest()
{
	digest_of "$("$E2E_BIN/blocks" scan "$1" "$SEED" 2>&1)"
}

# guest_frames COUNT: its NIC has each frame back that it sends to itself, as it was
guest_frames()
{
	guest "frames eth0 $1 $SEED"
}
