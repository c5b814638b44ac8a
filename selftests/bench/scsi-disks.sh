# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The SCSI rows' disks, for inside-scsi and ratio-inside: 16 MiB each, full, and of each
# backend one for in-tree and one for vhx, since neither leaves a disk that it has to
# another.

DISK_MB=16
DISKS=/run/vhxbench
CONFIGFS=/sys/kernel/config/target
declare -A WWPN=([file]=naa.5001405000000f11 [null]=naa.5001405000000f12 [dev]=naa.5001405000000f13)

disks_load()
{
	local disk

	mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
	modprobe vhost_scsi
	modprobe target_core_file
	modprobe target_core_iblock
	modprobe brd rd_nr=2 rd_size=$((DISK_MB * 1024))
	insmod "build/$(uname -r)/vhx_scsi.ko"
	mkdir -p $DISKS
	mountpoint -q $DISKS || mount -t tmpfs -o size=100m tmpfs $DISKS
	for disk in $DISKS/in-tree $DISKS/vhx /dev/ram0 /dev/ram1; do
		dd if=/dev/zero of="$disk" bs=1M count=$DISK_MB status=none
	done
	sync
}

### in-tree: LIO

# lio_disk BACKEND HBA CONTROL...: a disk, and a target of one
lio_disk()
{
	local core=$CONFIGFS/core/$2/$1 port=$CONFIGFS/vhost/${WWPN[$1]}/tpgt_0 control

	mkdir -p "$core"
	for control in "${@:3}"; do
		echo "$control" >"$core/control"
	done
	echo 1 >"$core/enable"
	mkdir -p "$port/lun/lun_0"
	echo "${WWPN[$1]}" >"$port/nexus"
	ln -s "$core" "$port/lun/lun_0/port"
}

lio_up()
{
	# As vhxd: a write cache that the guest flushes.
	lio_disk file fileio_0 "fd_dev_name=$DISKS/in-tree,fd_dev_size=$((DISK_MB << 20))" \
		fd_buffered_io=1
	lio_disk null rd_mcp_0 "rd_pages=$((DISK_MB * 256)),rd_nullio=1"
	lio_disk dev iblock_0 udev_path=/dev/ram0
}

lio_down()
{
	local backend port

	for backend in "${!WWPN[@]}"; do
		port=$CONFIGFS/vhost/${WWPN[$backend]}/tpgt_0
		rm "$port/lun/lun_0/port"
		echo NULL >"$port/nexus"
		rmdir "$port/lun/lun_0" "$port" "${port%/*}"
	done
	rmdir $CONFIGFS/vhost
	rmdir $CONFIGFS/core/{fileio_0/file,rd_mcp_0/null,iblock_0/dev}
	rmdir $CONFIGFS/core/{fileio_0,rd_mcp_0,iblock_0}
}

### vhx: vhxd

vhxd_pid=

# vhxd_up SETTING: of [vhxd], or nothing
vhxd_up()
{
	local conf=$DISKS/vhxd.conf

	export VHXD_SOCKET=$DISKS/vhxd.sock
	cat >"$conf" <<-CONF
		[vhxd]
		queues = 2
		pool = 64M
		state_dir = $DISKS/state
		$1
		socket = $VHXD_SOCKET
		[scsi ${WWPN[file]}]
		lun.0 = $DISKS/vhx
		[scsi ${WWPN[null]}]
		lun.0 = /null,backend=null,size=${DISK_MB}M
		[scsi ${WWPN[dev]}]
		lun.0 = /dev/ram1
	CONF
	build/user/vhxd --foreground --config "$conf" >&2 &
	vhxd_pid=$!
	until build/user/vhx -q disk list >/dev/null 2>&1; do
		kill -0 "$vhxd_pid"
		sleep 0.1
	done
}

vhxd_down()
{
	kill "$vhxd_pid"
	wait "$vhxd_pid"
}

### symbols, one a line: "ADDRESS t NAME"

kernel_symbols()
{
	awk '{ print $1, $2, $3 }' /proc/kallsyms | grep -i ' t '
	# Programs that stand below 4 GiB are the drivers.
	printf '%016x t %s\n' 0 driver $((1 << 32)) user-space
}

# vhxd's by name; of a library all of it
vhxd_symbols()
{
	local base address name

	base=$(awk '/\/vhxd$/ { split($1, range, "-"); print range[1]; exit }' /proc/"$vhxd_pid"/maps)
	nm --defined-only build/user/vhxd | grep -i ' t ' | while read -r address _ name; do
		printf '%016x t vhxd:%s\n' $((0x$base + 0x$address)) "$name"
	done
	awk '$2 ~ /x/ && $6 ~ /\.so|\[vdso\]/ {
		address = substr($1, 1, index($1, "-") - 1)
		n = split($6, part, "/")
		print substr("0000000000000000", length(address) + 1) address, "t", "agent:" part[n]
	}' /proc/"$vhxd_pid"/maps
}
