# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest that moves from one QEMU to another, both in the test machine. Each has a
# tap of its own, and both taps are in a bridge, which learns where the guest is as a
# network does. Sourced after lib.sh, whose variables these are.
# shellcheck disable=SC2030,SC2031,SC2034

BRIDGE=vhxbr0
TAPS=(vhxtap0 vhxtap1)
PLAIN_TAPS=()			# of one queue, for other NICs of the guest's
TAP=${TAPS[0]}
SIDE=.0
LEFT_PID=			# the QEMU that the guest leaves
MIGRATE_SECONDS=$((100 * FACTOR))
QMP_SECONDS=$((60 * FACTOR))			# QEMU is busy copying

links_delete()
{
	local link

	for link in "$BRIDGE" "${TAPS[@]}" "${PLAIN_TAPS[@]}"; do
		ip link del "$link" 2>/dev/null
	done
}

e2e_tap_make()
{
	local tap

	links_delete
	modprobe bridge
	ip link add "$BRIDGE" type bridge || return
	for tap in "${TAPS[@]}" "${PLAIN_TAPS[@]}"; do
		case $tap in
		vhxtap*) ip tuntap add "$tap" mode tap vnet_hdr multi_queue ;;
		*) ip tuntap add "$tap" mode tap vnet_hdr ;;
		esac &&
		sysctl -qw "net.ipv6.conf.$tap.disable_ipv6=1" &&
		ip link set "$tap" master "$BRIDGE" up || return
	done
	sysctl -qw "net.ipv6.conf.$BRIDGE.disable_ipv6=1" &&
	ip addr add "$HOST_IP/24" dev "$BRIDGE" &&
	ip link set "$BRIDGE" up
}

e2e_teardown()
{
	[ -z "$LEFT_PID" ] || kill -9 "$LEFT_PID" 2>/dev/null
	guest_kill
	links_delete
}

# left CMD...: of the QEMU that the guest leaves, whose QMP is at 15 and 16
left()
{
	(exec 5>&15 6<&16; GUEST_PID=$LEFT_PID; "$@")
}

# migrate_wait: until the guest has left; prints QEMU's last word on it
migrate_wait()
{
	local end=$((SECONDS + MIGRATE_SECONDS)) said status

	while [ $SECONDS -lt $end ]; do
		said=$(left qmp query-migrate) || continue
		status=$(jq -r .return.status <<<"$said")
		case $status in
		completed) printf '%s\n' "$said"; return 0 ;;
		failed|cancelled) break ;;
		esac
		sleep 0.2
	done
	diag "migration: $said" >&2
	return 1
}

# What is to be seen of the QEMU that was left, before it goes: a test's
migrate_left()
{
	:
}

# To the other side: its own QEMU, tap and vhost fds; then the old one goes.
# MIGRATED has what QEMU says of the way.
guest_migrate()
{
	local socket=$E2E_RUN/migrate.sock more=("${MORE[@]}")

	LEFT_PID=$GUEST_PID
	exec 15>&5 16<&6
	if [ "$SIDE" = .0 ]; then SIDE=.1 TAP=${TAPS[1]}; else SIDE=.0 TAP=${TAPS[0]}; fi
	rm -f "$socket"
	MORE+=(-incoming "unix:$socket")
	guest_launch
	MORE=("${more[@]}")
	until [ -S "$socket" ]; do
		guest_alive || { guest_lament "no QEMU to migrate to"; return 1; }
		sleep 0.05
	done
	qmp qmp_capabilities >/dev/null &&
	left qmp migrate-set-parameters \
		'{"max-bandwidth": 1073741824, "downtime-limit": 1500}' >/dev/null || return
	left qmp migrate "{\"uri\": \"unix:$socket\"}" >/dev/null || return
	MIGRATED=$(migrate_wait) || return
	migrate_left
	left qmp quit >/dev/null
	exec 15>&- 16<&-
	wait "$LEFT_PID"
	LEFT_PID=
}

migrate_report()
{
	diag "$(jq -r '.return | "downtime \(.downtime) ms, \(.ram."dirty-sync-count") rounds, " +
		"\(.ram.normal) pages, memory of \(.ram.total / 1048576 | floor) MiB"' <<<"$MIGRATED")"
}
