#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest with a vsock migrates live, there and back, and then by a file. Its connections end
# with the way, as virtio says (TRANSPORT_RESET, which is QEMU's to send), at once on both sides;
# its listeners stay, and it has new connections at once.
#
# QEMU takes its CID when it makes the device, before anything arrives. On one host the next
# QEMU therefore has another CID as long as the one that the guest leaves is there, and the guest
# learns of it by that event; by a file, with nobody at either end meanwhile, it keeps its own.
# time-limit: 900
# dealt to: 6.12 (see KVM internal errors in README.md)
#
#	HOPS=2		how often
#	VSOCK=...	other properties of vhost-vsock-pci
# shellcheck disable=SC2317 # functions are called by run, refuse and at_exit
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/migrate.sh"
given=${VSOCK:-}
. "$E2E_DIR/vsock.sh"
VSOCK=$given
vsock_begin

STATE=$E2E_RUN/state
ended="Connection reset by peer|Transport endpoint is not connected|Connection timed out"

migrate_left()
{
	! vsock_is_vhx || vsock_stat dirty_pages "$was" >"$E2E_RUN/dirty"
}

# streams: one each way, which last as long as they can. What comes is compared, byte by byte.
streams()
{
	guest_bg to "traffic vsock-recv 5003 1"
	guest_listens 5003 || return
	"$E2E_BIN/traffic" vsock-send "$CID" 5003 1 0 2>"$E2E_RUN/to" &
	to=$!
	"$E2E_BIN/traffic" vsock-recv 5004 1 2>"$E2E_RUN/from" &
	from=$!
	until_true 10 host_listens 5004 || return
	guest_bg from "traffic vsock-send $HOST_CID 5004 1 0"
	sleep 1
	kill -0 $to && kill -0 $from
}

# ended_here NAME PID WHEN: the host's end of a stream has heard, and of nothing worse
ended_here()
{
	until_true 20 grep -Eq "$ended" "$E2E_RUN/$1"
	ok $? "$3: the host's end hears ($1 the guest)" || diag "$(cat "$E2E_RUN/$1")"
	kill "$2" 2>/dev/null
	wait "$2"
}

# ended_there NAME WHEN: so has the guest's, within ten seconds
ended_there()
{
	local said

	said=$(guest "n=0; until [ -s /tmp/$1.rc ] || [ \$n -ge $((200 * FACTOR)) ]; do
		usleep 50000; n=\$((n + 1)); done; cat /tmp/$1.rc /tmp/$1.out")
	grep -Eq "$ended" <<<"$said"
	ok $? "$2: the guest's end hears ($1 the guest)" || diag "$said"
}

# arrived WHEN: the guest is where it was to go, and all is as it should be
arrived()
{
	ended_there to "$1"
	ended_there from "$1"
	ended_here to "$to" "$1"
	ended_here from "$from" "$1"
	is "$(echo hello | socat -t 60 - "VSOCK-CONNECT:$CID:7")" hello \
		"$1: the guest's listener is as it was"
	is "$(guest "echo hello | socat -t 60 - VSOCK-CONNECT:$HOST_CID:7")" hello \
		"$1: the host's, too"
	vsock_both_ways "$1" 1
	qemu_is_content
	ok $? "$1: QEMU has nothing to complain of"
}

# by_file: into a file, and out of it, by another QEMU with the same CID
by_file()
{
	qmp stop >/dev/null &&
	qmp migrate "{\"uri\": \"file:$STATE\"}" >/dev/null || return
	# shellcheck disable=SC2031 # it is that of here
	LEFT_PID=$GUEST_PID
	exec 15>&5 16<&6
	MIGRATED=$(migrate_wait) || return
	migrate_left
	left qmp quit >/dev/null
	exec 15>&- 16<&-
	wait "$LEFT_PID"
	LEFT_PID=
	guest_comes "-incoming" "file:$STATE" && until_true 60 is_there && qmp cont >/dev/null
}

is_there()
{
	qmp query-status | grep -q '"paused"'
}

# guest_comes ARG...: a QEMU that goes on with what is in a file
guest_comes()
{
	local more=("${MORE[@]}")

	MORE+=("$@")
	guest_launch
	MORE=("${more[@]}")
	qmp qmp_capabilities >/dev/null
}

# A QEMU with the guest's CID, while it has it
refused_cid()
{
	local said

	said=$(timeout 60 "${QEMU[@]}" -machine "$MACHINE,accel=tcg" -nodefaults -display none \
		-S "${MORE[@]}" 2>&1 </dev/null 5>&- 6>&- 7>&- 8>&-)
	grep -q "unable to set guest cid: Address already in use" <<<"$said" ||
		{ diag "$said"; return 1; }
}

guest_start
ok $? "the guest boots" || bail "no guest"
guest_bg echo "socat -t 60 VSOCK-LISTEN:7,fork EXEC:cat"
guest_listens 7
socat -t 60 VSOCK-LISTEN:7,fork EXEC:cat &
at_exit "kill $!"
until_true 10 host_listens 7
run "another QEMU cannot have its CID meanwhile, and says why" refused_cid

for hop in $(seq "${HOPS:-2}"); do
	streams
	ok $? "hop $hop: two streams run" || bail "no streams"
	was=$CID
	vsock_device $((was == 42 ? 43 : 42))
	guest_migrate
	ok $? "hop $hop" || bail "the guest is lost"
	migrate_report
	if vsock_is_vhx; then
		dirty=$(cat "$E2E_RUN/dirty")
		run "hop $hop: what vhx wrote on the way was logged ($dirty pages)" test "$dirty" -gt 0
		is "$(vhx -j vsock list | jq -c '[.[].id]')" "[$CID]" \
			"hop $hop: CID $was is nobody's, $CID the guest's"
	fi
	arrived "hop $hop"
done

streams
ok $? "by a file: two streams run" || bail "no streams"
was=$CID
by_file
ok $? "by a file, with the same CID" || bail "the guest is lost"
arrived "by a file"
rm -f "$STATE"
guest_poweroff
is $? 0 "the guest powers off"
plan
