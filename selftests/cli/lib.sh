# shellcheck shell=sh disable=SC2034 # out and err are the sourcing test's
# SPDX-License-Identifier: GPL-2.0-only
#
# For the CLI's tests: exit codes, JSON, and a guest's NIC to look at. Sourced
# in place of ../lib/tap.sh, which it sources.

CLI_DIR=$(cd "$(dirname "$0")" && pwd)
. "$CLI_DIR/../lib/tap.sh"

# A network namespace of the test's own; its taps and NICs are seen by no other.
own_netns()
{
	[ "${CLI_OWN_NETNS:-}" = yes ] ||
		CLI_OWN_NETNS=yes exec unshare --net -- "$0" "$@"
	ip link set lo up
	# No packet that no test sent: they are counted.
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
}

tmp=$(mktemp -d)
at_exit "rm -rf '$tmp'"

# rc STATUS NAME CMD...: CMD ends with STATUS; what it said is in $out and $err
rc()
{
	want=$1
	name=$2
	shift 2
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
	ok "$([ "$got" = "$want" ]; echo $?)" "$name" ||
		diag "exit status $got, wanted $want: $*
$out
$err"
}

# says TEXT PATTERN NAME: TEXT has a line that matches
says()
{
	printf '%s\n' "$1" | grep -q -e "$2"
	ok $? "$3" || diag "no line matches '$2' in:
$1"
}

# json FILTER NAME: $out is JSON, and jq's FILTER of it is true
json()
{
	printf '%s\n' "$out" | jq -e "$1" >/dev/null 2>"$tmp/jq"
	ok $? "$2" || diag "not so: $1
$(cat "$tmp/jq")
$out"
}

# hold_nic TAP QUEUES: a guest's NIC until the test ends; tell_nic talks to it
hold_nic()
{
	mkfifo "$tmp/nic.in"
	build/selftests/cli/nic hold "$1" "$2" <"$tmp/nic.in" >"$tmp/nic.out" 2>&1 &
	nic_pid=$!
	exec 8>"$tmp/nic.in"
	at_exit "exec 8>&-; wait $nic_pid"
	until_true 10 grep -q ready "$tmp/nic.out" || bail "no NIC: $(cat "$tmp/nic.out")"
}

tell_nic()
{
	said=$(wc -l <"$tmp/nic.out")
	echo "$*" >&8
	until_true 10 sh -c "[ \$(wc -l <'$tmp/nic.out') -gt $said ]"
	[ "$(tail -n 1 "$tmp/nic.out")" = "done" ]
}

# drop_nic: the VMM dies
drop_nic()
{
	exec 8>&-
	wait "$nic_pid"
	rm -f "$tmp/nic.in"
}

# flows TAP COUNT: as many UDP flows of the host's, a packet each, to the guest
flows()
{
	ip addr add 10.90.0.1/24 dev "$1" 2>/dev/null
	ip neigh replace 10.90.0.2 lladdr 02:00:00:00:00:09 dev "$1"
	port=0
	while [ $port -lt "$2" ]; do
		port=$((port + 1))
		echo flow >"$tmp/packet"
		bash -c "cat '$tmp/packet' >/dev/udp/10.90.0.2/$((5000 + port))"
	done
}

# stat_of NIC DIR COUNTER: summed over its queues
stat_of()
{
	vhx -j stats "$1" | jq "[.[] | select(.dir == \"$2\").stats.$3] | add"
}

# No policy of an earlier test's is there, and none of this one's stays.
no_policies()
{
	vhx -j policy list 2>/dev/null | jq -r '.[].id' | while read -r id; do
		vhx -q policy detach "$id" || vhx -q policy eject "$id"
		vhx -q policy eject "$id"
	done >/dev/null 2>&1
}
