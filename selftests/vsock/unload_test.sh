#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# vhx_vsock goes when nobody uses it, at once, and never under a guest or a socket that has it for
# its transport (R67). time-limit: 240, dealt to: one

# shellcheck disable=SC2317 # functions are called by run, refuse and at_exit
. "$(dirname "$0")/../lib/tap.sh"

[ "${VHX_VSOCK:-/dev/vhx-vsock}" = /dev/vhx-vsock ] || skip_all "in-tree is what it always was"
class=vhx_vsock node=/dev/vhx-vsock
tests=build/selftests/vsock

load_class()
{
	insmod "build/$(uname -r)/$class.ko"
}

loaded()
{
	[ -d "/sys/module/$class" ]
}

has_users()
{
	[ "$(cat "/sys/module/$class/refcnt")" -ge "$1" ]
}

at_exit "loaded || load_class"
# A socket that waits for its peer to agree to its end has the module for eight seconds.
until_true 10 rmmod $class
ok $? "rmmod when nobody uses it"
refuse "its node is gone" test -e $node
refuse "and the host's sockets reach nobody" socat -u /dev/null VSOCK-CONNECT:42:1
run "it loads again" load_class

exec 3<$node
refuse "rmmod with an fd open: EBUSY" rmmod $class
exec 3>&-
run "rmmod right after that is closed" rmmod $class
run "it loads again" load_class

# Guests at work, and sockets that have connections to them.
$tests/race >/dev/null 2>&1 &
guest=$!
until_true 20 has_users 3
ok $? "guests, and sockets of the host's"
refuse "rmmod with those at work: EBUSY" rmmod $class
kill -KILL $guest
wait $guest 2>/dev/null
until_true 20 rmmod $class
ok $? "rmmod when they were killed"
run "it loads again" load_class

# Whoever connects looks for a transport, and whoever unloads takes it away.
(while :; do socat -u /dev/null VSOCK-CONNECT:42:1; done) >/dev/null 2>&1 &
sockets=$!
(while :; do (exec 3<$node) 2>/dev/null || :; done) &
opener=$!
gone=0
for _ in $(seq 30); do
	rmmod $class 2>/dev/null || continue
	gone=$((gone + 1))
	load_class || break
done
kill $sockets $opener
wait $sockets $opener 2>/dev/null
loaded
ok $? "connected, opened and unloaded at the same time ($gone of 30 unloads won)"
[ $gone -gt 0 ]
ok $? "some were"
$tests/life >/dev/null 2>&1
ok $? "and guests are well afterwards"

plan
