#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Every policy that is shipped loads and does what its vectors say; the tap shim, which has no
# verdicts of its own, loads.
. "$(dirname "$0")/../lib/tap.sh"

# Its own TAP is shown where something failed, and summed up where nothing did.
test_policy()
{
	vectors=bpf/vectors/$1.txt
	[ -e "$vectors" ] || { fail "$1 has vectors" "no $vectors"; return; }
	said=$(vhx policy test "build/bpf/$1.bpf.o" "$vectors" 2>&1)
	status=$?
	name="$1: $(printf '%s\n' "$said" | grep -c '^ok ') vectors"
	[ $status = 0 ] || diag "$(printf '%s\n' "$said" | grep -v '^ok ')"
	ok $status "$name"
}

for object in build/bpf/*.bpf.o; do
	policy=$(basename "$object" .bpf.o)
	[ "$policy" = tap_shim ] || test_policy "$policy"
done

pins=/sys/fs/bpf/vhx-vectors-test
at_exit "rm -rf $pins"
run "tap_shim: both programs load" bpftool prog loadall build/bpf/tap_shim.bpf.o "$pins"
for prog in vhx_tap_steer vhx_tap_drop; do
	[ -e "$pins/$prog" ]
	ok $? "tap_shim: $prog"
done
plan
