#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Two stock guests and a route between them: streams and messages either way, every byte compared,
# with the host's beside them; without the route neither reaches the other, and a guest that is killed
# is heard of by the other at once.
# time-limit: 900
# shellcheck disable=SC2317,SC2030,SC2031 # functions are called by run; what is set for the other is set there alone
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/vsock.sh"
vsock_is_vhx || skip_all "in-tree knows no way from guest to guest"
vsock_begin
reset="Connection reset by peer"
OTHER=43
OTHER_PID=
FIRST_TAP=$TAP

# other CMD...: of the other guest, which was started first
other()
{
	(exec 5>&15 6<&16 7>&17 8<&18; GUEST_PID=$OTHER_PID CID=$OTHER; "$@")
}

e2e_teardown()
{
	[ -z "$OTHER_PID" ] || kill -9 "$OTHER_PID" 2>/dev/null
	guest_kill
	ip link del "$FIRST_TAP" 2>/dev/null
	ip link del "$TAP" 2>/dev/null
}

# sends KIND: from the guest to the other one
sends()
{
	other guest_bg recv "traffic $1-recv 5001 2"
	other guest_listens 5001 || return
	guest "traffic $1-send $OTHER 5001 2 4" && other guest_join recv
}

# takes KIND: and the other way
takes()
{
	guest_bg recv "traffic $1-recv 5001 2"
	guest_listens 5001 || return
	other guest "traffic $1-send $CID 5001 2 4" && guest_join recv
}

# to_other: what the guest hears that connects to the other
to_other()
{
	guest "socat -t 60 - VSOCK-CONNECT:$OTHER:7 </dev/null" | grep -o "$reset"
}

vsock_device $OTHER
guest_start
ok $? "a guest boots" || bail "no guest"
exec 15>&5 16<&6 17>&7 18<&8
OTHER_PID=$GUEST_PID
SIDE=.1 TAP=${TAP}b HOST_IP=10.77.9.1 GUEST_IP=10.77.9.2
vsock_device 42
e2e_tap_make && guest_start
ok $? "and another" || bail "no second guest"

other guest_bg echo "socat -t 60 VSOCK-LISTEN:7,fork EXEC:cat"
other guest_listens 7
is "$(to_other)" "$reset" "without a route: ECONNRESET"
run "a route from either to the other" vhx -q vsock route add from 42-43 to 42-43 sibling
is "$(guest "echo hello | socat -t 60 - VSOCK-CONNECT:$OTHER:7")" hello "there and back"
for kind in vsock seq; do
	run "$kind: every byte, the one way" sends $kind
	run "$kind: and the other" takes $kind
done
before=$(vsock_stat to_siblings)
run "beside them the host: to the guest" vsock_to_guest vsock 2 1
run "from it" vsock_to_host vsock 2 1
is "$(vsock_stat to_siblings)" "$before" "and that is not from guest to guest"

other guest_bg endless "traffic vsock-recv 5003 1"
other guest_listens 5003
guest_bg sender "traffic vsock-send $OTHER 5003 1 0"
run "a connection is seen" until_true 10 sh -c "vhx -j vsock show 42 | jq -e '.connections > 0' >/dev/null"
kill -9 "$OTHER_PID"
wait "$OTHER_PID" 2>/dev/null
OTHER_PID=
refuse "the other is killed: the guest's stream ends" guest_join sender
said=$(guest "cat /tmp/sender.out")
run "by a reset: $said" grep -qE "$reset|Broken pipe" <<<"$said"
run "and none is left" until_true 10 sh -c "vhx -j vsock show 42 | jq -e '.connections == 0' >/dev/null"
vhx -q vsock route flush
qemu_is_content
ok $? "QEMU has nothing to complain of"
plan
