#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The VMM stops and continues the guest (SET_BACKEND -1, GET_VRING_BASE, and
# all set up again) at random points of streams both ways: no byte is lost or
# comes twice.
# time-limit: 400
. "$(dirname "$0")/lib.sh"
e2e_begin
RANDOM=${SEED:=$(date +%s)}
diag "SEED=$SEED"

guest_start
ok $? "the guest boots" || bail "no guest"
streams_start 2
bad=0
for _ in 1 2 3 4 5 6 7 8; do
	sleep 0.$((RANDOM % 4))$((RANDOM % 10))
	{ qmp stop && qmp cont; } >/dev/null || bad=$((bad + 1))
done
is "$bad" 0 "each of eight times stop and cont succeeds"
streams_end
qemu_is_content
ok $? "QEMU has nothing to complain of"
plan
