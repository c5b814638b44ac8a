# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# DPDK's testpmd as a guest: its virtio-user driver on the vhost node under test,
# the tap behind it, and no machine around it. Sourced after lib.sh, whose TAP,
# VHX_NET, HOST_IP and GUEST_IP it uses; each TAP may have one.
#
# It is told what to do on its standard input, a FIFO. What it is told it repeats
# once it is done with what it was told before: a comment that comes back, then,
# says that all of that has happened.

PMD_MAC=52:54:00:aa:00:01
PMD_DEVICE=iface=$TAP		# of virtio-user, beside the node and the address
PMD_SECONDS=$((150 * ${FACTOR:-1}))		# to start, too, on a machine that others use
declare -A pmd_pid=()
pmd_said=0

# The tap that testpmd finds, made as it would make it
pmd_tap_make()
{
	mkdir -p "$E2E_RUN"
	modprobe tun
	e2e_tap_make && ip link set "$TAP" mtu 9000
}

# As it starts it asks sysfs 4,000 times which CPU is of which node: half of its
# time. In a mount namespace of its own the answer comes at once.
pmd_exec()
{
	# shellcheck disable=SC2016 # for the inner shell
	exec unshare --mount sh -ec '
		mount -t tmpfs none /sys/devices/system/node
		exec stdbuf -oL dpdk-testpmd "$@"' pmd "$@"
}

# pmd_start DEVARG,... [OPTION]...: true when its port is up
pmd_start()
{
	local devargs=$1 in=$E2E_RUN/$TAP.in

	shift
	rm -f "$in"
	mkfifo "$in"
	: >"$E2E_RUN/$TAP.out"
	# Opened for both ways, so that it never ends.
	HOME=/root pmd_exec --no-huge -m 128 --no-pci --no-telemetry -l 0,1 --file-prefix "$TAP" \
		--vdev="virtio_user0,path=$VHX_NET,$PMD_DEVICE,mac=$PMD_MAC,$devargs" -- \
		-i --nb-cores=1 --total-num-mbufs=4096 --tx-offloads=0x8000 "$@" \
		0<>"$in" >"$E2E_RUN/$TAP.out" 2>&1 &
	pmd_pid[$TAP]=$!
	pmd '' >/dev/null && ! grep -q 'Start ports failed' "$E2E_RUN/$TAP.out" || return
	[ -n "$PMD_DEVICE" ] || return 0
	# Not before: it gave the tap an address, and that forgets all neighbours.
	ip neigh replace "$GUEST_IP" lladdr "$PMD_MAC" dev "$TAP" nud permanent
}

# pmd COMMAND...: what it answers; true when it has done them all
pmd()
{
	local end=$((SECONDS + PMD_SECONDS)) from mark out=$E2E_RUN/$TAP.out

	from=$(wc -l <"$out")
	pmd_said=$((pmd_said + 1))
	mark="# ${EPOCHREALTIME/./}.$pmd_said."
	printf '%s\n' "$@" "$mark" >"$E2E_RUN/$TAP.in"
	until tail -n "+$((from + 1))" "$out" | grep -qF "$mark"; do
		if [ $SECONDS -ge $end ] || ! kill -0 "${pmd_pid[$TAP]}" 2>/dev/null; then
			diag "testpmd does not answer to: $*" >&2
			tail -n 20 "$out" | sed 's/^/# testpmd: /' >&2
			return 1
		fi
		sleep 0.05
	done
	tail -n "+$((from + 1))" "$out"
}

# pmd_forward MODE: from now on, counted from nought
pmd_forward()
{
	pmd "set fwd $1" 'clear port stats 0' start >/dev/null
}

# pmd_stat RX-packets
pmd_stat()
{
	pmd 'show port stats 0' | grep -o " $1: *[0-9]*" | grep -o '[0-9]*$'
}

pmd_kill()
{
	[ -n "${pmd_pid[$TAP]:-}" ] || return 0
	kill -9 "${pmd_pid[$TAP]}" 2>/dev/null
	wait "${pmd_pid[$TAP]}" 2>/dev/null
	pmd_pid[$TAP]=
}

# pmd_quit: its exit status
pmd_quit()
{
	local pid=${pmd_pid[$TAP]}

	pmd_pid[$TAP]=
	printf 'quit\n' >"$E2E_RUN/$TAP.in"
	timeout "$PMD_SECONDS" tail -f --pid "$pid" /dev/null || kill -9 "$pid"
	wait "$pid"
}
