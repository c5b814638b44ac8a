# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Tests that were written for split rings, on others: whoever negotiates VERSION_1 gets them.
# Sourced behind tap.sh.

log=$(mktemp)
at_exit "rm -f $log"

# on FORMAT TEST...: each passes, and says that it did
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
