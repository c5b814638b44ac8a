#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 240
#
# Policies that cannot be had: refused by the verifier, by the module, by the
# library, each with its reason; and nothing of them stays.
. "$(dirname "$0")/lib.sh"
own_netns "$@"
no_policies
at_exit no_policies
progs=build/selftests/bpf

rc 1 "refused by the verifier" vhx policy load $progs/writer.bpf.o
says "$err" 'only read is supported' "its log is shown"
says "$err" '^hint: .*-v shows all' "with a way to all of it"
run "its last 20 lines at most" test "$(echo "$err" | wc -l)" -le 22
rc 1 "with -q" vhx -q policy load $progs/writer.bpf.o
is "$(echo "$err" | wc -l)" 2 "message and hint alone are"
rc 1 "as JSON" vhx -j policy load $progs/writer.bpf.o
json '.error | .code == "FAILED" and (.message | test("verifier"))' "it is no EACCES"
rc 1 "under test" vhx policy test $progs/writer.bpf.o bpf/vectors/minimal.txt
says "$out" '^Bail out!' "bails out"

rc 1 "a datapath that sleeps" vhx policy load $progs/sleepy.bpf.o
rc 1 "without rx and tx" vhx policy load $progs/deaf.bpf.o
says "$err" 'neither rx nor tx' "is told so"
rc 1 "without link" vhx policy load $progs/nolink.bpf.o
says "$err" '.struct_ops.link' "is told so"
rc 2 "a name with a blank" vhx policy load flow_pin --name 'a b'
rc 2 "a name with a slash" vhx policy load flow_pin --name ../x
rc 2 "a name of nothing" vhx policy load flow_pin --name ''
rc 2 "a pattern that is too long" vhx policy load flow_pin --nic "$(printf '%032d' 0)"
rc 2 "without what there is not" vhx policy load flow_pin --without nonsense

rc 0 "a policy" vhx policy load flow_pin --nic vt9
for prog in writer deaf; do
	rc 1 "$prog in its place" vhx policy replace flow_pin $progs/$prog.bpf.o
done
is "$(vhx -j policy list | jq -r '.[] | [.name, .generation] | @csv')" '"flow_pin",0' \
	"it stays as it was"
is "$(find /sys/fs/bpf/vhx -name 'writer*' -o -name 'deaf*')" '' "and nothing of them is pinned"

# Without bpffs there is nowhere to pin.
cat >"$tmp/nowhere" <<'END'
umount -l /sys/fs/bpf
exec vhx policy load minimal --nic vt8
END
rc 5 "without bpffs" unshare --mount sh "$tmp/nowhere"
says "$err" '^hint: mount -t bpf' "says how to mount it"
is "$(vhx -j policy list | jq length)" 1 "and attaches nothing"

plan
