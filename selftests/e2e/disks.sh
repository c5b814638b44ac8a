# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest with disks, which a vhxd of its own serves. Sourced after lib.sh, whose
# variables these are.
# shellcheck disable=SC2034
#
#	VHX_SCSI	the node (/dev/vhx-scsi)

export VHX_SCSI=${VHX_SCSI:-/dev/vhx-scsi}
export VHXD_SOCKET=$E2E_RUN/vhxd.sock
WWPN=naa.5001405e2e000001
SCSI=num_queues=2		# properties of vhost-scsi-pci
NODE=,vhostfd=9		# and which node it has; nothing: the one that it opens itself
DISKS=/var/tmp/vhx-e2e		# on ext4: O_DIRECT
MEMORY_DISKS=/dev/shm/vhx-e2e	# on tmpfs
VHXD_LINES=()			# of [vhxd], beside those that it needs
VHXD_PID=
VHXD_CONF=$E2E_RUN/vhxd.conf
SEED=${VHX_SEED:-$RANDOM}

INITRAMFS=-disks
GUEST_MODULES+=(virtio_scsi sd_mod sg ext4)
GUEST_PROGRAMS+=(mkfs.ext4)
# In QEMU's process alone: who holds the fd holds the endpoint.
QEMU=(sh -c "exec \"\$0\" \"\$@\" 9<>$VHX_SCSI" qemu-system-x86_64)

# above GOT LIMIT NAME
above()
{
	if [ "$1" -gt "$2" ]; then
		pass "$3"
	else
		fail "$3" "got $1, wanted more than $2"
	fi
}

### vhxd

# vhxd_configure [LINE...]: of the target's section
vhxd_configure()
{
	mkdir -p "$E2E_RUN" "$DISKS" "$MEMORY_DISKS"
	{
		printf '%s\n' '[vhxd]' 'queues = 2' "state_dir = $DISKS/state" \
			"socket = $VHXD_SOCKET" "${VHXD_LINES[@]}" "[scsi $WWPN]" "$@"
	} >"$VHXD_CONF"
}

# vhxd_launch SECONDS: from now
vhxd_launch()
{
	(
		sleep "$1"
		exec vhxd --foreground --config "$VHXD_CONF"
	) >"$E2E_RUN/vhxd.log" 2>&1 5>&- 6>&- 7>&- 8>&- &
	VHXD_PID=$!
}

# Return when it serves
vhxd_start()
{
	vhxd_launch 0
	until vhx -q disk list >/dev/null 2>&1; do
		kill -0 "$VHXD_PID" 2>/dev/null || { vhxd_lament; return 1; }
		sleep 0.05
	done
}

vhxd_lament()
{
	sed 's/^/# vhxd: /' "$E2E_RUN/vhxd.log"
}

# vhxd_end SIGNAL: and what it ended with
vhxd_end()
{
	local pid=$VHXD_PID

	VHXD_PID=
	kill "-$1" "$pid"
	wait "$pid"
}

# vhxd_stat NAME: a counter of vhxd's session, of all its queues
vhxd_stat()
{
	cat "/proc/$VHXD_PID/fdinfo"/* 2>/dev/null | tr '\t ' '\n' |
		awk -F = -v name="$1" '$1 == name { sum += $2 } END { print sum + 0 }'
}

# vhxd_reaches NAME N: wait until the counter does
vhxd_reaches()
{
	local end=$((SECONDS + COMMAND_SECONDS))

	until [ "$(vhxd_stat "$1")" -ge "$2" ]; do
		if [ $SECONDS -ge $end ] || ! kill -0 "$VHXD_PID"; then
			diag "$1 is $(vhxd_stat "$1"), and should become $2"
			vhxd_lament
			return 1
		fi
		sleep 0.02
	done
}

### block devices of the machine's, which are there until the test ends: to be made before disks_begin

# block_device SIZE: a loop device of a file of its own; its name is in $block
block_device()
{
	local file

	modprobe loop
	mkdir -p "$DISKS"
	file=$(mktemp -p "$DISKS")
	truncate -s "$1" "$file"
	block=$(losetup --find --show --direct-io=on "$file") || bail "no loop device"
	at_exit "losetup -d $block"
}

# slow_device MIB MS: what it is asked for takes so long; its name is in $block
slow_device()
{
	local dm=$E2E_SRC/build/selftests/agent/tools/dm

	modprobe dm_delay
	block_device "$1M"
	block=$("$dm" create vhxslow delay $(($1 * 2048)) "$block 0 $2") || bail "no slow device"
	at_exit "$dm remove vhxslow"
}

### begin and end

# disks_prepare LINE...: what QEMU and vhxd, whose target's section has these lines, begin with
disks_prepare()
{
	MORE+=(-device "vhost-scsi-pci,id=scsi0,wwpn=$WWPN,$SCSI$NODE")
	vhxd_configure "$@"
}

# disks_begin LINE...: vhxd serves, and there is no guest yet
disks_begin()
{
	[ -c "$VHX_SCSI" ] || skip_all "there is no $VHX_SCSI"
	disks_prepare "$@"
	e2e_begin
	at_exit disks_teardown
	diag "VHX_SEED=$SEED"
	vhxd_start || bail "no vhxd"
}

disks_teardown()
{
	guest_kill
	[ -z "$VHXD_PID" ] || vhxd_end KILL
	rm -rf "$DISKS" "$MEMORY_DISKS"
}

scsi_users()
{
	cat /sys/module/vhx_scsi/refcnt
}

### the guest

# guest_disk SERIAL: its name, once it is there
guest_disk()
{
	guest "for i in \$(seq 400); do
		for d in /sys/block/sd*; do
			if grep -q '$1' \$d/device/vpd_pg80; then echo \${d##*/}; exit 0; fi;
		done 2>/dev/null;
		usleep 50000;
	done; exit 1"
}

# guest_scsi_has BIT: 1 if its driver of SCSI hosts negotiated that feature
guest_scsi_has()
{
	guest "cut -c $(($1 + 1)) /sys/bus/virtio/drivers/virtio_scsi/virtio*/features"
}

# What the guest's kernel has to say of commands that failed
guest_errors()
{
	guest "dmesg | grep -E 'I/O error|Sense Key|FAILED Result|abort|: device reset\$|offline|rejecting'"
}

guest_is_content()
{
	local said

	said=$(guest_errors)
	[ -z "$said" ] || { diag "$said"; return 1; }
}

# guest_load DISK THREADS COUNT; its line is in $loaded
guest_load()
{
	loaded=$(guest "blocks load /dev/$1 $SEED $2 $3") || { diag "$loaded"; return 1; }
}

# guest_load_end NAME: of one that was begun by guest_bg; its line is in $loaded
guest_load_end()
{
	guest_signal TERM "blocks load"
	loaded=$(guest_join "$1") || { diag "$loaded"; return 1; }
}

# digest_of WORDS...: the one that they end in
digest_of()
{
	echo "${*##*digest }"
}

# host_digest FILE [BLOCK]: of what is there, past every cache of the guest's
host_digest()
{
	digest_of "$("$E2E_BIN/blocks" scan "$1" "$SEED" "${2:-512}" 2>&1)"
}

# Kilobytes that the file system has for a file
room_of()
{
	du -k "$1" | cut -f 1
}
