#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What is proven on split rings, on packed ones and in order: whoever negotiates
# VERSION_1 gets them, the others stay as they are. time-limit: 600, dealt to: one

. "$(dirname "$0")/../lib/tap.sh"

log=$(mktemp)
at_exit "rm -f $log"

# on FORMAT PROGRAM...: each passes, and says that it did
on()
{
	format=$1
	shift
	for test in "$@"; do
		VHX_RING=$format "build/selftests/$test" >"$log" 2>&1 &&
			grep -q '^ok' "$log" && ! grep -q '^not ok' "$log"
		ok $? "$test on $format rings" || diag "$(grep -a -A3 '^not ok\|^Bail\|SEED' "$log")"
	done
}

[ "${VHX_NET:-/dev/vhx-net}" = /dev/vhx-net ] || skip_all "in-tree vhost has no packed rings"

on packed net/basic net/gso net/tcp net/reload net/multiqueue net/packet net/backpressure
on packed core/dirty core/dirtyrace core/dirtyiommu
on in_order net/basic net/tcp net/backpressure
on packed,in_order net/basic net/tcp net/reload core/dirty
plan
