#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What is proven of SCSI on split rings, in order, and on packed ones in order: whoever negotiates
# VERSION_1 gets that. time-limit: 600, dealt to: one

. "$(dirname "$0")/../lib/tap.sh"

log=$(mktemp)
at_exit "rm -f $log"

# on FORMAT PROGRAM...: each passes, and says that it did
on()
{
	format=$1
	shift
	for test in "$@"; do
		VHX_RING=$format "build/selftests/scsi/$test" >"$log" 2>&1 &&
			grep -q '^ok' "$log" && ! grep -q '^not ok' "$log"
		ok $? "$test on $format rings" || diag "$(grep -a -A3 '^not ok\|^Bail\|SEED' "$log")"
	done
}

[ "${VHX_SCSI:-/dev/vhx-scsi}" = /dev/vhx-scsi ] || skip_all "in-tree vhost-scsi has no IN_ORDER"

# Not tmf: in order a function is not answered before what is older than its commands: see order.c.
on in_order io windows late kill event iommu
on packed,in_order io windows event iommu
plan
