# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vDPA devices for a test: made by one of the parents below, given to a driver of the vDPA
# bus by its name, and all undone at the test's end. Sourced behind tap.sh.
#
# Who sources it uses its variables.
# shellcheck disable=SC2034
#
#	VHX_VDPA	the driver under test (vhx_vdpa; in-tree is the reference)
#
#	vdpa_begin
#	vdpa_sim net sim0 use_va=0 || bail "no device"
#	vdpa_give sim0 "$VDPA_DRIVER" && node=$(vdpa_node sim0)
#
# Parents: vdpa_own (vhx_vdpa_net's NIC), vdpa_sim (net, blk), vdpa_vp (a virtio NIC of the machine's),
# vdpa_vduse (a disk of qemu-storage-daemon's). vdpa_sim and vp_vdpa are built by tools/build-parents.

VHX_VDPA=${VHX_VDPA:-vhx_vdpa}
VDPA_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VDPA_MODULES=$VDPA_TOP/build/$(uname -r)
VDPA_PARENTS=$VDPA_MODULES/parents
VDPA_RUN=/run/vhx-vdpa
VDPA_BUS=/sys/bus/vdpa
VDPA_MAC=52:54:00:76:64:01	# of a device of vdpa_sim's
VDPA_DRIVER=vhx_vdpa
VDPA_NODES=vhx-vdpa		# what its nodes' names begin with

if [ "$VHX_VDPA" = in-tree ]; then
	VDPA_DRIVER=vhost_vdpa VDPA_NODES=vhost-vdpa
fi

# The NICs of tools/vm/run --vdpa, and the machine's own at the other end of their wires
VP_FULL=0000:00:10.0		# offers all it can, also packed rings
VP_PLAIN=0000:00:11.0		# nothing that shadow virtqueues refuse
declare -A VP_PEER=([$VP_FULL]=0000:00:12.0 [$VP_PLAIN]=0000:00:13.0)

vdpa_is_vhx()
{
	[ "$VHX_VDPA" != in-tree ]
}

### the driver under test

# Why no vDPA test can run; nothing when they can.
vdpa_missing()
{
	[ "$(id -u)" = 0 ] || { echo "needs root"; return; }
	command -v vdpa >/dev/null || { echo "there is no vdpa(8): package iproute2"; return; }
	if vdpa_is_vhx && [ ! -e "$VDPA_MODULES/vhx_vdpa.ko" ]; then
		echo "there is no vhx_vdpa.ko"
	fi
}

# How each test begins. A limit of what may be locked is for the test of that alone.
vdpa_begin()
{
	local missing

	missing=$(vdpa_missing)
	[ -z "$missing" ] || skip_all "$missing"
	mkdir -p "$VDPA_RUN"
	ulimit -l unlimited
	vdpa_load_driver || bail "$VDPA_DRIVER does not load"
}

# The two are never loaded at once: DPDK would take the one's nodes for the other's. And 7.x's
# own maps no more than 2,048 pieces unless it is told to.
vdpa_load_driver()
{
	local options=

	# There is no udev to load what a new device wants.
	modprobe -a vdpa virtio_net virtio_blk || return
	if vdpa_is_vhx; then
		modprobe -rq vhost_vdpa
		vdpa_insmod "$VDPA_MODULES" vhx_vdpa
		return
	fi
	if modinfo vhost_vdpa | grep -q max_iotlb_entries; then
		options=max_iotlb_entries=1048576
	fi
	at_exit "modprobe -r vhost_vdpa"
	modprobe vhost_vdpa $options
}

# vdpa_insmod DIR NAME [OPTION...]: with what it needs of the kernel's, until the test ends;
# one that is loaded stays as it is
vdpa_insmod()
{
	local dir=$1 name=$2 dep

	shift 2
	[ ! -d "/sys/module/$name" ] || return 0
	for dep in $(modinfo -F depends "$dir/$name.ko" | tr , ' '); do
		if [ -e "$dir/$dep.ko" ]; then
			vdpa_insmod "$dir" "$dep"
		else
			modprobe "$dep"
		fi || return
	done
	insmod "$dir/$name.ko" "$@" || return
	at_exit "vdpa_rmmod $name"
}

# What its last device still holds is on its way.
vdpa_rmmod()
{
	[ ! -d "/sys/module/$1" ] || until_true 5 rmmod "$1"
}

### parents

vdpa_parents_missing()
{
	[ -e "$VDPA_PARENTS/vdpa_sim.ko" ] ||
		echo "no parents of Linux $(uname -r): tools/vm/setup fetches their source"
}

# vdpa_add NAME MGMTDEV [ATTRIBUTE VALUE]...
vdpa_add()
{
	local name=$1 mgmtdev=$2

	shift 2
	at_exit "vdpa_del $name"
	vdpa dev add name "$name" mgmtdev "$mgmtdev" "$@" &&
	# Whichever driver is there took it at once: none has it from here on.
	vdpa_take "$name"
}

# vdpa_del NAME
vdpa_del()
{
	[ ! -e "$VDPA_BUS/devices/$1" ] || vdpa dev del "$1"
}

# vdpa_sim net|blk NAME [OPTION...]: options are vdpa_sim's, and hold for all that there is
# of it: use_va=0 pins pages, batch_mapping=0 maps each by itself. It knows 2,048 pieces of
# memory unless it is told otherwise; in-tree's driver does not hear of its failure at the
# end of a batch, and the device has no memory at all then.
vdpa_sim()
{
	local kind=$1 name=$2
	local -a attributes=()

	shift 2
	[ "$kind" = blk ] || attributes=(mac "$VDPA_MAC")
	vdpa_insmod "$VDPA_PARENTS" vringh &&
	vdpa_insmod "$VDPA_PARENTS" vdpa_sim max_iotlb_entries=1048576 "$@" &&
	vdpa_insmod "$VDPA_PARENTS" "vdpa_sim_$kind" &&
	vdpa_add "$name" "vdpasim_$kind" "${attributes[@]}"
}

# vdpa_sim_end NAME...: the devices go, and vdpa_sim with them, for other options
vdpa_sim_end()
{
	local name

	for name; do
		vdpa_del "$name"
	done
	for name in vdpa_sim_net vdpa_sim_blk vdpa_sim; do
		vdpa_rmmod $name || return
	done
}

# vdpa_own NAME [ATTRIBUTE VALUE]...: of vhx_vdpa_net's; its peer is the netdev NAME
vdpa_own()
{
	local name=$1

	shift
	vdpa_insmod "$VDPA_MODULES" vhx_vdpa_net && vdpa_add "$name" vhx "$@"
}

# Why there is no NIC for vp_vdpa; nothing if there is.
vdpa_vp_missing()
{
	[ -e "$VDPA_PARENTS/vp_vdpa.ko" ] || { vdpa_parents_missing; return; }
	[ -e "/sys/bus/pci/devices/$VP_FULL" ] || echo "no NICs for it: tools/vm/run --vdpa"
}

# vdpa_vp NAME SLOT: a virtio NIC of the machine's is a vDPA device, until the test ends
vdpa_vp()
{
	local pci=/sys/bus/pci/devices/$2

	vdpa_insmod "$VDPA_PARENTS" vp_vdpa || return
	if [ "$(vdpa_driver_of "$pci")" != vp-vdpa ]; then
		at_exit "vdpa_vp_end $2"
		echo vp-vdpa >"$pci/driver_override"
		vdpa_unbind "$pci"
		echo "$2" >/sys/bus/pci/drivers_probe || return
	fi
	vdpa_add "$1" "pci/$2"
}

vdpa_vp_end()
{
	local pci=/sys/bus/pci/devices/$1

	vdpa_unbind "$pci"
	echo >"$pci/driver_override"
	echo "$1" >/sys/bus/pci/drivers_probe
}

# vdpa_vp_wire SLOT ADDRESS/BITS: the netdev at the other end of that NIC's wire, in $peer, has the
# address. It says nothing unasked: what nobody takes off the wire stays in its ring, and
# the kernel complains of that.
vdpa_vp_wire()
{
	peer=$(basename "/sys/bus/pci/devices/${VP_PEER[$1]}"/virtio*/net/*)
	at_exit "ip addr flush dev $peer; ip link set $peer down"
	sysctl -qw "net.ipv6.conf.$peer.disable_ipv6=1"
	if ! ip addr add "$2" dev "$peer" || ! ip link set "$peer" up; then
		bail "the other end of the wire cannot be set up"
	fi
}

# vdpa_vp_unwire: it has none any more
vdpa_vp_unwire()
{
	ip addr flush dev "$peer"
	ip link set "$peer" down
}

# vdpa_vduse NAME FILE [QUEUES]: a disk that qemu-storage-daemon serves
vdpa_vduse()
{
	local export=type=vduse-blk,id=e0,node-name=f0,name=$1,writable=on

	modprobe vduse || return
	command -v qemu-storage-daemon >/dev/null || return
	qemu-storage-daemon --blockdev "driver=file,node-name=f0,filename=$2" \
		--export "$export,num-queues=${3:-1},queue-size=1024" \
		</dev/null >"$VDPA_RUN/$1.log" 2>&1 5>&- 6>&- 7>&- 8>&- &
	at_exit "vdpa_vduse_end $1 $!"
	until_true 10 test -e "/dev/vduse/$1" || { cat "$VDPA_RUN/$1.log"; return 1; }
	vdpa_add "$1" vduse
}

# It gives the device up when it is told to end, and not while the bus has it.
vdpa_vduse_end()
{
	vdpa_del "$1"
	kill "$2" 2>/dev/null
	wait "$2" 2>/dev/null
	modprobe -r vduse
}

### who has a device

vdpa_driver_of()
{
	[ ! -e "$1/driver" ] || basename "$(readlink "$1/driver")"
}

# vdpa_unbind DEVICE-DIRECTORY
vdpa_unbind()
{
	[ ! -e "$1/driver" ] || basename "$1" >"$1/driver/unbind"
}

# vdpa_take NAME: from the driver that has it; and none gets it unasked
vdpa_take()
{
	vdpa_unbind "$VDPA_BUS/devices/$1" && echo none >"$VDPA_BUS/devices/$1/driver_override"
}

# vdpa_give NAME DRIVER: to it alone, whoever had it
vdpa_give()
{
	local dev=$VDPA_BUS/devices/$1

	[ -d "$VDPA_BUS/drivers/$2" ] || modprobe "$2" || return
	vdpa_unbind "$dev" && echo "$2" >"$dev/driver_override" &&
	echo "$1" >"$VDPA_BUS/drivers/$2/bind" &&
	[ "$(vdpa_driver_of "$dev")" = "$2" ]
}

# vdpa_node NAME [PREFIX]: the device's node, once it is there
vdpa_node()
{
	local dir

	for _ in 1 2 3 4 5 6 7 8 9 10; do
		for dir in "$VDPA_BUS/devices/$1"/{,*/}"${2:-$VDPA_NODES}"-[0-9]*; do
			[ -c "/dev/${dir##*/}" ] || continue
			echo "/dev/${dir##*/}"
			return
		done
		sleep 0.1
	done
	return 1
}

# vdpa_netdev NAME: of virtio_vdpa's, once it is there; vdpa_disk NAME likewise
vdpa_netdev()
{
	vdpa_child "$1" net
}

vdpa_disk()
{
	vdpa_child "$1" block
}

# It is the child of whoever does DMA, which is the device or, of vp_vdpa's, the NIC.
vdpa_child()
{
	local dev dir

	dev=$(realpath "$VDPA_BUS/devices/$1")
	for _ in {1..50}; do
		for dir in "$dev"/{,../}virtio*/"$2"/*; do
			[ ! -d "$dir" ] || { basename "$dir"; return; }
		done
		sleep 0.1
	done
	return 1
}

# Who uses the module under test
vdpa_users()
{
	cat "/sys/module/$VDPA_DRIVER/refcnt"
}

# vdpa_pinned_by PID: kilobytes
vdpa_pinned_by()
{
	awk '$1 == "VmPin:" { print $2 }' "/proc/$1/status"
}
