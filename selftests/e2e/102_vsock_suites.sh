#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's own tests of vsock, of this kernel's source: vsock_diag_test,
# vsock_uring_test and vsock_test, each with the guest as client and as server, and
# vsock_perf. The guest has the host's kernel. VHX_VSOCK=/dev/vhost-vsock shows what is
# to be expected.
# time-limit: 900
#
#	SKIP="32 33"	cases of vsock_test that are left out
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/vsock.sh"

series=$(uname -r | grep -o '^[0-9]*\.[0-9]*')
SUITE=$E2E_BIN/vsock-$series
[ -e "$SUITE/made" ] || skip_all "no tests of Linux $series: tools/vm/setup fetches their source"
E2E_GUEST=$(uname -r)
INITRAMFS=-vsock-test
GUEST_PROGRAMS+=("$SUITE"/vsock_{test,diag_test,uring_test,perf})
PAIR_SECONDS=$((400 * FACTOR))
COMMAND_SECONDS=$PAIR_SECONDS
PORT=7000			# of the control channel, another for each pair
SKIP=${SKIP:-}

# Until none is left of those before: vsock_diag_test counts them.
no_sockets()
{
	local left=$((20 * FACTOR))

	until [ -z "$(ss -Ha --vsock)" ] && [ -z "$(guest "ss -Ha --vsock")" ]; do
		left=$((left - 1))
		[ $left -gt 0 ] || return
		sleep 1
	done
}

# pair GUEST-MODE PROGRAM [ARG]...: it in the guest, and its other half here, both with
# ARGs. What they say is in $E2E_RUN/{guest,host}.said.
pair()
{
	local mode=$1 program=$SUITE/$2 there here rc=0

	shift 2
	PORT=$((PORT + 1))
	no_sockets || diag "there are sockets left: $(ss -Ha --vsock)"
	there="$program --control-port=$PORT --peer-cid=$HOST_CID $*"
	here=(timeout "$PAIR_SECONDS" "$program" --control-port="$PORT" --peer-cid="$CID" "$@")
	if [ "$mode" = client ]; then
		"${here[@]}" --mode=server >"$E2E_RUN/host.said" 2>&1 &
		until_true 10 eval "ss -Hltn | grep -q :$PORT"
		guest "$there --mode=client --control-host=$HOST_IP" >"$E2E_RUN/guest.said" || rc=1
		wait $! || rc=1
	else
		guest_bg pair "$there --mode=server"
		guest "until netstat -ltn | grep -q :$PORT; do usleep 20000; done"
		"${here[@]}" --mode=client --control-host="$GUEST_IP" >"$E2E_RUN/host.said" 2>&1 || rc=1
		guest_join pair >"$E2E_RUN/guest.said" || rc=1
	fi
	return $rc
}

# What a half said of its cases, a line each: N VERDICT. NAME. A case may say something
# itself, so that its verdict is on a line of its own.
verdicts()
{
	awk '
		function tell(verdict) { print n, verdict ".", name; n = "" }
		/^[0-9]+ - .*\.\.\./ {
			if (n != "") tell("")
			n = $1
			name = substr($0, length(n) + 4)
			verdict = name
			sub(/\.\.\..*/, "", name)
			sub(/.*\.\.\./, "", verdict)
			if (verdict ~ /^(ok|skipped)/) tell(verdict ~ /^ok/ ? "ok" : "skipped")
			next
		}
		n != "" && /^(ok|skipped)$/ { tell($0) }
		END { if (n != "") tell("") }' "$1"
}

# The cases that both halves came to, a line each: N VERDICT NAME
cases()
{
	{
		verdicts "$E2E_RUN/host.said"
		verdicts "$E2E_RUN/guest.said"
	} | sort -n -s -k 1,1 | awk 'BEGIN { n = -1 }
			$1 == n { print n, $2 == v ? v : "failed", rest }
			{ n = $1; v = $2; rest = $0; sub(/[^ ]* [^ ]* /, "", rest) }'
}

# suite GUEST-MODE PROGRAM [N]...: ok for each case, but the Ns. After one that fails, the
# next pair goes on.
suite()
{
	local mode=$1 program=$2 n verdict name last=-1 before rc
	local -a out

	shift 2
	out=("${@/#/--skip=}")
	while :; do
		pair "$mode" "$program" "${out[@]}"
		rc=$? before=$last
		while read -r n verdict name; do
			[ "$n" -gt "$last" ] || continue
			last=$n
			case $verdict in
			ok.) pass "$program, guest as $mode: $n $name" ;;
			skipped.) skip "$program, guest as $mode: $n $name" "SKIP says so" ;;
			*) fail "$program, guest as $mode: $n $name" ;;
			esac
		done < <(cases)
		[ $rc = 0 ] && break
		diag "host: $(tail -n 5 "$E2E_RUN/host.said")"
		diag "guest: $(tail -n 5 "$E2E_RUN/guest.said")"
		[ "$last" -gt "$before" ] || break
		mapfile -t out < <(seq -f --skip=%.0f 0 "$last")
	done
	ok $rc "$program, guest as $mode: all have been run"
}

# perf_to_guest and perf_to_host: what vsock_perf says of 8 MiB
perf_to_guest()
{
	guest_bg perf "$SUITE/vsock_perf --port 9001 --bytes 8M"
	guest_listens 9001
	timeout "$PAIR_SECONDS" "$SUITE/vsock_perf" --sender "$CID" --port 9001 --bytes 8M &&
		guest_join perf
}

perf_to_host()
{
	timeout "$PAIR_SECONDS" "$SUITE/vsock_perf" --port 9002 --bytes 8M &
	until_true 10 host_listens 9002
	guest "$SUITE/vsock_perf --sender $HOST_CID --port 9002 --bytes 8M" && wait $!
}

modprobe vsock_diag
vsock_begin
guest_start
ok $? "the guest boots" || bail "no guest"
for mode in client server; do
	suite $mode vsock_diag_test
	suite $mode vsock_uring_test
	# shellcheck disable=SC2086 # a word a case
	suite $mode vsock_test $SKIP
done
said=$(perf_to_guest)
ok $? "vsock_perf to the guest"
diag "$said"
said=$(perf_to_host)
ok $? "vsock_perf to the host"
diag "$said"
qemu_is_content
ok $? "QEMU has nothing to complain of"
guest_poweroff
ok $? "the guest switches off"
plan
