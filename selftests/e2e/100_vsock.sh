#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A stock guest on an unmodified QEMU has a vsock: streams and messages both ways, every byte
# compared; by socat and ncat too. A pause keeps its connections, a reboot and a killed
# QEMU end them, and the host is told at once. Then another guest, with packed rings.
# time-limit: 600
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/vsock.sh"
vsock_begin
RANDOM=${SEED:=$(date +%s)}
diag "SEED=$SEED"
reset="Connection reset by peer"

# said_by CMD...: what CMD says on its stderr, within 20 seconds
said_by()
{
	{ timeout 20 "$@" >/dev/null; } 2>&1
}

# endless NAME: a stream to the guest that does not end by itself; $sender has it
endless()
{
	guest_bg "$1" "traffic vsock-recv 5003 1"
	guest_listens 5003
	"$E2E_BIN/traffic" vsock-send "$CID" 5003 1 0 2>"$E2E_RUN/sender" &
	sender=$!
	sleep 1
	kill -0 $sender
	ok $? "a stream runs"
}

# is_reset WHEN: it has ended, by that
is_reset()
{
	until_true 20 grep -q "$reset" "$E2E_RUN/sender"
	ok $? "$1: the host's stream is reset" || diag "$(cat "$E2E_RUN/sender")"
	kill $sender 2>/dev/null
	wait $sender
}

guest_start
ok $? "the guest boots" || bail "no guest"
is "$(guest "basename \$(readlink $(vsock_sys)/driver)")" vmw_vsock_virtio_transport \
	"and its driver has the device"
vsock_both_ways "every byte" 4

### socat and ncat

guest_bg echo "socat -t 60 VSOCK-LISTEN:7,fork EXEC:cat"
guest_listens 7
is "$(echo hello | socat -t 60 - "VSOCK-CONNECT:$CID:7")" hello "socat to the guest and back"
if command -v ncat >/dev/null; then
	is "$(echo hello | timeout 20 ncat --vsock "$CID" 7)" hello "so does ncat"
else
	skip "so does ncat" "there is none: package ncat"
fi
is "$(said_by socat - "VSOCK-CONNECT:$CID:8" </dev/null | grep -o "$reset")" "$reset" \
	"where nobody listens: ECONNRESET"
socat -t 60 VSOCK-LISTEN:7,fork EXEC:cat &
at_exit "kill $!"
until_true 10 host_listens 7
is "$(guest "echo hello | socat -t 60 - VSOCK-CONNECT:$HOST_CID:7")" hello \
	"socat to the host and back"
is "$(guest "socat - VSOCK-CONNECT:$HOST_CID:8 </dev/null" | grep -o "$reset")" "$reset" \
	"where nobody listens: ECONNRESET"
if vsock_is_vhx; then
	is "$(guest "socat - VSOCK-CONNECT:77:8 </dev/null" | grep -o "$reset")" "$reset" \
		"and for a CID that nobody has, without a wait"
fi

### a pause

guest_bg paused "traffic vsock-recv 5003 2"
guest_listens 5003
"$E2E_BIN/traffic" vsock-send "$CID" 5003 2 0 &
sender=$!
"$E2E_BIN/traffic" seq-recv 5004 2 &
receiver=$!
until_true 10 host_listens 5004
guest_bg pausing "traffic seq-send $HOST_CID 5004 2 0"
bad=0
for _ in 1 2 3 4 5 6; do
	sleep 0.$((RANDOM % 4))$((RANDOM % 10))
	{ qmp stop && qmp cont; } >/dev/null || bad=$((bad + 1))
done
is "$bad" 0 "each of six times stop and cont succeeds"
guest_signal TERM "traffic seq-send"
kill $sender
wait $sender
ok $? "the host's streams lasted"
guest_join paused
ok $? "to the last byte"
guest_join pausing
ok $? "the guest's messages, too"
wait $receiver
ok $? "to the last byte"

### a reboot

endless first
guest_reboot
ok $? "the guest reboots" || bail "no guest"
if vsock_is_vhx; then
	is_reset "rebooted"
else
	kill -9 $sender
fi
vsock_both_ways "after the reboot" 1

### killed

endless second
guest_kill
is_reset "killed"

qemu_is_content
ok $? "QEMU has nothing to complain of"

### packed rings

if vsock_is_vhx; then
	VSOCK=packed=on
	vsock_device 43
	guest_start
	ok $? "a guest with packed rings boots" || bail "no guest"
	vsock_has 34
	ok $? "they are"
	vsock_both_ways "packed" 4
	guest_reboot
	ok $? "it reboots" || bail "no guest"
	vsock_both_ways "packed, after the reboot" 1
	guest_poweroff
	ok $? "it switches off"
	qemu_is_content
	ok $? "QEMU has nothing to complain of"
fi
plan
