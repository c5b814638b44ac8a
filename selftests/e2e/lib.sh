# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# An unmodified QEMU with a stock Debian kernel as the guest, its NIC on the
# vhost node under test. Sourced by the tests here and by tools/demo, which run
# in the test machine.
#
#	VHX_NET		the node (/dev/vhx-net; /dev/vhost-net is the reference)
#	E2E_GUEST	the guest's kernel release (the machine's 6.12)
#
# One guest at a time; while it migrates it has two QEMUs, told apart by SIDE. Its
# console is a virtio-serial port, whose other end, as QMP's, is a pair of FIFOs: no
# client can come late, and a shell can read them.

E2E_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
E2E_SRC=$(cd "$E2E_DIR/../.." && pwd)
# shellcheck source=../lib/tap.sh
. "$E2E_SRC/selftests/lib/tap.sh"
E2E_BIN=$E2E_SRC/build/selftests/e2e
E2E_RUN=/run/vhx-e2e

VHX_NET=${VHX_NET:-/dev/vhx-net}
TAP=${TAP:-vhxtap0}
HOST_IP=10.77.0.1
GUEST_IP=10.77.0.2
QUEUES=2
GUEST_CPUS=2
GUEST_CPU=max
GUEST_MEM=192M
NIC=mrg_rxbuf=on		# properties of virtio-net-pci
MACHINE=pc			# and its properties
IOMMU=()			# QEMU's arguments that make one
APPEND=				# to the guest's command line
BACKEND=tap			# of -netdev, and its properties; withfds opens what % stands for
NETDEV=fds=%TAPFDS%,vhost=on,vhostfds=%VHOSTFDS%
MORE=()				# other arguments of QEMU's
QEMU=(qemu-system-x86_64)	# and who starts it
INITRAMFS=			# to the name of one that has other modules or programs
GUEST_MODULES=(virtio_net e1000e)	# beside what they need
GUEST_PROGRAMS=(ethtool)	# beside busybox and our own
SIDE=				# of names of the files that a QEMU has
FACTOR=${FACTOR:-1}		# as run-vm has it: the machine is slow
BOOT_SECONDS=$((150 * FACTOR))
COMMAND_SECONDS=$((150 * FACTOR))
QMP_SECONDS=$((20 * FACTOR))
GUEST_PID=
RELAY_PID=
partial=()			# read_line's, by fd

# Why the tests cannot run here; nothing when they can.
e2e_missing()
{
	[ "$(id -u)" = 0 ] || { echo "needs root"; return; }
	[ -c "$VHX_NET" ] || { echo "there is no $VHX_NET"; return; }
	[ -x "$E2E_BIN/withfds" ] || echo "run make selftests first"
}

# How each test begins
e2e_begin()
{
	local missing

	missing=$(e2e_missing)
	[ -z "$missing" ] || skip_all "$missing"
	at_exit e2e_teardown
	e2e_setup || bail "the tap or the initramfs cannot be made"
}

### the machine's side

# In the test machine both drivers run on an emulated SVM or VMX, and are still
# faster than TCG within TCG by far.
e2e_accel()
{
	[ -e /dev/kvm ] || modprobe kvm_amd 2>/dev/null || modprobe kvm_intel 2>/dev/null
	if [ -w /dev/kvm ]; then echo kvm; else echo tcg; fi
}

e2e_guest_release()
{
	local kernel

	kernel=$(printf '%s\n' /boot/vmlinuz-6.12.* | sort -V | tail -n 1)
	echo "${E2E_GUEST:-${kernel#/boot/vmlinuz-}}"
}

# The guest is of 7.x, if there is one
e2e_guest_is_7()
{
	local newest

	newest=$(printf '%s\n' /boot/vmlinuz-7.* | sort -V | tail -n 1)
	[ -e "$newest" ] || skip_all "there is no 7.x kernel for the guest"
	E2E_GUEST=${newest#/boot/vmlinuz-}
	# Its KVM guests with all of max stop now and then on an emulated SVM.
	GUEST_CPU=qemu64
}

# e2e_copy_programs TREE PROGRAM...: with what they are linked with, each where it was. By few
# processes: the machine is emulated.
e2e_copy_programs()
{
	local tree=$1

	shift
	{ printf '%s\n' "$@"; ldd "$@" 2>/dev/null | grep -o '/[^ :]*'; } | sort -u |
		xargs cp -L --parents -t "$tree"
}

# e2e_modules RELEASE: GUEST_MODULES and what they need, in order of loading
e2e_modules()
{
	local module

	for module in "${GUEST_MODULES[@]}"; do
		modprobe -S "$1" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# e2e_initramfs NAME MODULE...: busybox, the modules, our programs, GUEST_PROGRAMS;
# once in a boot of the machine
e2e_initramfs()
{
	local out=$E2E_RUN/initramfs-$1 tree module name
	local -a programs

	[ -e "$out" ] && return
	shift
	tree=$(mktemp -d)
	mkdir -p "$tree"/{bin,dev,lib,proc,sys,tmp}
	ln -s lib "$tree/lib64"
	ln -s . "$tree/usr"
	cp "$(command -v busybox)" "$E2E_BIN"/{traffic,blocks,frames} "$tree/bin/"
	install -m 755 "$E2E_DIR/guest-init" "$tree/init"
	mapfile -t programs < <(command -v "${GUEST_PROGRAMS[@]}")
	e2e_copy_programs "$tree" "${programs[@]}"
	for module; do
		name=$(basename "$module" .xz)
		xz -dcf "$module" >"$tree/lib/$name"
		echo "$name"
	done >"$tree/lib/order"
	(cd "$tree" && find . | busybox cpio -o -H newc 2>/dev/null) >"$out.tmp"
	mv "$out.tmp" "$out"
	rm -rf "$tree"
}

# A tap that stays when QEMU goes, as a hypervisor's would.
e2e_tap_make()
{
	ip link del "$TAP" 2>/dev/null
	ip tuntap add "$TAP" mode tap vnet_hdr multi_queue &&
	sysctl -qw "net.ipv6.conf.$TAP.disable_ipv6=1" &&
	ip addr add "$HOST_IP/24" dev "$TAP" &&
	ip link set "$TAP" up
}

tap_stat()
{
	cat "/sys/class/net/$TAP/statistics/$1"
}

e2e_setup()
{
	mkdir -p "$E2E_RUN"
	modprobe tun
	E2E_ACCEL=$(e2e_accel)
	GUEST_RELEASE=$(e2e_guest_release)
	# shellcheck disable=SC2046 # a word a module
	e2e_initramfs "$GUEST_RELEASE$INITRAMFS" $(e2e_modules "$GUEST_RELEASE") && e2e_tap_make
}

e2e_teardown()
{
	guest_kill
	ip link del "$TAP" 2>/dev/null
}

### the guest

# read_line FD: one within a second, into $line of the caller's. Of one that has come in part only, on a machine
# that is busy, the part is kept.
read_line()
{
	local got

	IFS= read -r -t 1 got <&"$1" || { partial[$1]+=$got; return 1; }
	line=${partial[$1]}$got
	partial[$1]=
}

# Opened for both ways, so that neither end waits for the other's open.
e2e_console()
{
	partial=()
	rm -f "$E2E_RUN/con$SIDE".{in,out}
	mkfifo "$E2E_RUN/con$SIDE".{in,out}
	exec 7<>"$E2E_RUN/con$SIDE.in" 8<>"$E2E_RUN/con$SIDE.out"
}

# guest_has BIT...: features that the guest's driver negotiated
guest_has()
{
	local bits bit

	bits=$(guest "cat /sys/class/net/eth0/device/features")
	for bit; do
		[ "${bits:$bit:1}" = 1 ] || { diag "features $bits"; return 1; }
	done
}

# A QEMU
guest_launch()
{
	e2e_console
	rm -f "$E2E_RUN/qmp$SIDE".{in,out}
	mkfifo "$E2E_RUN/qmp$SIDE".{in,out}
	exec 5<>"$E2E_RUN/qmp$SIDE.in" 6<>"$E2E_RUN/qmp$SIDE.out"

	"$E2E_BIN/withfds" "$TAP" "$VHX_NET" "$QUEUES" "${QEMU[@]}" \
		-machine "$MACHINE,accel=$E2E_ACCEL" -cpu "$GUEST_CPU" -smp "$GUEST_CPUS" \
		-m "$GUEST_MEM" "${IOMMU[@]}" -nodefaults -no-user-config -display none \
		-kernel "/boot/vmlinuz-$GUEST_RELEASE" \
		-initrd "$E2E_RUN/initramfs-$GUEST_RELEASE$INITRAMFS" \
		-append "console=ttyS0 quiet panic=-1 addr=$GUEST_IP/24 $APPEND" \
		-serial "file:$E2E_RUN/console$SIDE" \
		-device virtio-serial-pci \
		-chardev "pipe,id=con,path=$E2E_RUN/con$SIDE" \
		-device virtserialport,chardev=con,name=vhx.console \
		-chardev "pipe,id=qmp,path=$E2E_RUN/qmp$SIDE" -mon chardev=qmp,mode=control \
		-netdev "$BACKEND,id=n0,$NETDEV" \
		-device "virtio-net-pci,netdev=n0,mq=on,vectors=$((2 * QUEUES + 2)),romfile=,$NIC" \
		"${MORE[@]}" \
		</dev/null >"$E2E_RUN/qemu$SIDE.out" 2>"$E2E_RUN/qemu$SIDE.err" \
		5>&- 6>&- 7>&- 8>&- &
	GUEST_PID=$!
}

# Boot, and return when the console answers
guest_start()
{
	guest_launch
	guest_wait_ready && qmp qmp_capabilities >/dev/null
}

# The same as a user-mode Linux: one queue, one CPU
uml_start()
{
	local modules=(/usr/lib/uml/modules/*/kernel)

	e2e_initramfs uml "${modules[0]}/net/core/failover.ko" \
		"${modules[0]}"/drivers/net/{net_failover,virtio_net}.ko
	e2e_console
	"$E2E_BIN/uml_relay" "$E2E_RUN/uml.sock" "$VHX_NET" "$TAP" 2>"$E2E_RUN/qemu.err" \
		7>&- 8>&- &
	RELAY_PID=$!
	until [ -S "$E2E_RUN/uml.sock" ]; do sleep 0.05; done
	TMPDIR=/dev/shm linux.uml mem="$GUEST_MEM" initrd="$E2E_RUN/initramfs-uml" \
		"virtio_uml.device=$E2E_RUN/uml.sock:1" "addr=$GUEST_IP/24" port=/dev/tty1 \
		con=null con0=null,fd:1 con1=fd:7,fd:8 </dev/null >"$E2E_RUN/console" 2>&1 &
	GUEST_PID=$!
	guest_wait_ready
}

guest_alive()
{
	[ -n "$GUEST_PID" ] && kill -0 "$GUEST_PID" 2>/dev/null
}

# What the guest and QEMU said, for whoever reads the failure
guest_lament()
{
	diag "$1"
	sed 's/^/# qemu: /' "$E2E_RUN/qemu$SIDE.err"
	tail -n 15 "$E2E_RUN/console$SIDE" | sed 's/^/# guest: /'
}

guest_wait_ready()
{
	local line end=$((SECONDS + BOOT_SECONDS))

	while [ $SECONDS -lt $end ] && guest_alive; do
		read_line 8 || continue
		[ "$line" = "=ready" ] && return 0
	done
	guest_lament "the guest did not come up in $BOOT_SECONDS s"
	return 1
}

# guest CMD...: run in the guest; its output, its exit status (125: no answer)
guest()
{
	local line end=$((SECONDS + COMMAND_SECONDS))

	printf '%s\n' "${*//$'\n'/ }" >&7
	while [ $SECONDS -lt $end ] && guest_alive; do
		read_line 8 || continue
		case $line in
		'') ;;
		'=rc '*) return "${line#=rc }" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done
	guest_lament "no answer to: $*" >&2
	return 125
}

# guest_bg NAME CMD...: start in the guest; guest_join NAME waits for its end
guest_bg()
{
	local name=$1

	shift
	guest "(rm -f /tmp/$name.rc; { $*; } >/tmp/$name.out 2>&1; echo \$? >/tmp/$name.rc) &"
}

guest_join()
{
	guest "until [ -s /tmp/$1.rc ]; do usleep 50000; done; cat /tmp/$1.out; exit \$(cat /tmp/$1.rc)"
}

# guest_signal SIGNAL WORDS: to the guest's processes whose command line begins so
guest_signal()
{
	guest "for p in /proc/[0-9]*; do
		case \$(tr '\\0' ' ' <\$p/cmdline) in '$2'*) kill -$1 \${p#/proc/} ;; esac
	done 2>/dev/null; :"
}

guest_poweroff()
{
	guest_alive || return 1
	printf 'poweroff -f\n' >&7
	guest_wait_end 20
}

# guest_wait_end SECONDS: QEMU's exit status, 125 when it does not end
guest_wait_end()
{
	local end=$((SECONDS + $1)) pid=$GUEST_PID

	while guest_alive; do
		[ $SECONDS -lt $end ] || return 125
		sleep 0.1
	done
	GUEST_PID=
	wait "$pid"
}

# The guest answers no more, and then says that it is ready again.
guest_reboot()
{
	printf 'reboot -f\n' >&7
	guest_wait_ready
}

guest_kill()
{
	[ -n "$GUEST_PID" ] || return 0
	kill -9 "$GUEST_PID" 2>/dev/null
	wait "$GUEST_PID" 2>/dev/null
	GUEST_PID=
	[ -z "$RELAY_PID" ] || wait "$RELAY_PID"
}

# qmp COMMAND [JSON ARGUMENTS]: true when QEMU says that it did it
qmp()
{
	local line end=$((SECONDS + QMP_SECONDS)) args=${2:+, \"arguments\": $2}

	printf '{"execute": "%s"%s}\n' "$1" "$args" >&5
	while [ $SECONDS -lt $end ] && guest_alive; do
		read_line 6 || continue
		case $line in
		'{"return"'*) printf '%s\n' "$line"; return 0 ;;
		'{"error"'*) diag "qmp $1: $line"; return 1 ;;
		esac
	done
	diag "qmp $1: no answer" >&2
	return 1
}

### is it really the node that moves the packets?

# Nanoseconds that the vhost workers of QEMU, or of the relay, have run
workers_ns()
{
	local task sum=0 ns

	for task in "/proc/${RELAY_PID:-$GUEST_PID}"/task/*; do
		case $(cat "$task/comm") in
		vhost-*|vhx*) read -r ns _ <"$task/schedstat"; sum=$((sum + ns)) ;;
		esac
	done
	echo $sum
}

# QEMU carries on without vhost when a start fails, and says so only here.
qemu_is_content()
{
	[ -s "$E2E_RUN/qemu$SIDE.err" ] || return 0
	sed 's/^/# qemu: /' "$E2E_RUN/qemu$SIDE.err"
	return 1
}

# Packets that vhx's own counters have seen; in-tree vhost has none.
vhx_packets()
{
	node_is_vhx || { echo 0; return; }
	vhx -j stats | jq '[.. | objects | .packets? // empty] | add // 0'
}

node_is_vhx()
{
	[ "$VHX_NET" != /dev/vhost-net ]
}

# node_worked NS PACKETS: QEMU did not fall back, and its workers have run and
# vhx's counters have moved since workers_ns and vhx_packets said that
node_worked()
{
	qemu_is_content && [ "$(workers_ns)" -gt "$1" ] &&
	if node_is_vhx; then [ "$(vhx_packets)" -gt "$2" ]; fi
}

node_users()
{
	if node_is_vhx; then
		cat /sys/module/vhx_net/refcnt
	else
		cat /sys/module/vhost_net/refcnt
	fi
}

### traffic

# Those of the guest's busybox know no pkill.
guest_end_senders()
{
	guest "for p in /proc/[0-9]*; do
		case \$(tr '\\0' ' ' <\$p/cmdline) in
		'traffic tcp-send '*|'traffic udp-send '*) kill \${p#/proc/} ;;
		esac
	done 2>/dev/null; :"
}

ping_both_ways()
{
	ping -q -c 3 -i 0.2 -W 5 "$GUEST_IP" >/dev/null &&
	guest "ping -q -c 3 -W 5 $HOST_IP"  >/dev/null
}

# tcp_to_guest FLOWS MIB and tcp_to_host FLOWS MIB: every byte compared
tcp_to_guest()
{
	local rc=0

	guest_bg recv "traffic tcp-recv 5001 $1"
	guest "until netstat -ltn | grep -q :5001; do usleep 20000; done" || return
	"$E2E_BIN/traffic" tcp-send "$GUEST_IP" 5001 "$1" "$2" || rc=1
	guest_join recv || rc=1
	return $rc
}

tcp_to_host()
{
	local receiver rc=0

	"$E2E_BIN/traffic" tcp-recv 5002 "$1" &
	receiver=$!
	until ss -Hltn sport = :5002 | grep -q .; do sleep 0.05; done
	guest "traffic tcp-send $HOST_IP 5002 $1 $2" || rc=1
	wait "$receiver" || rc=1
	return $rc
}

# streams_start FLOWS: both ways, without end, of $RATE MiB a second each if that is
# set; streams_end: ok for each of the four ends when every byte came
streams_start()
{
	"$E2E_BIN/traffic" tcp-recv 5002 "$1" &
	streams_recv=$!
	guest_bg recv "traffic tcp-recv 5001 $1"
	guest "until netstat -ltn | grep -q :5001; do usleep 20000; done"
	guest_bg send "${RATE:+RATE=$RATE} traffic tcp-send $HOST_IP 5002 $1 0"
	"$E2E_BIN/traffic" tcp-send "$GUEST_IP" 5001 "$1" 0 &
	streams_send=$!
}

streams_end()
{
	local carried=$(($(tap_stat rx_bytes) + $(tap_stat tx_bytes)))

	guest_end_senders
	kill "$streams_send"
	ok $? "the streams last until they are told to end"
	guest_join send
	ok $? "guest to host: every byte"
	guest_join recv
	ok $? "host to guest: every byte"
	wait "$streams_recv"
	ok $? "the host's receiver agrees"
	wait "$streams_send"
	ok $? "the host's sender agrees"
	diag "$((carried >> 20)) MiB carried"
}
