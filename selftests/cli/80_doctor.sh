#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# vhx doctor finds what is wrong, and nothing where nothing is.
. "$(dirname "$0")/lib.sh"
own_netns "$@"
no_policies
at_exit no_policies

# finds VERDICT CHECK PATTERN: with a finding that matches
finds()
{
	vhx -j doctor >"$tmp/out"
	out=$(cat "$tmp/out")
	json "any(.verdict == \"$1\" and .check == \"$2\" and (.found | test(\"$3\")))" \
		"doctor: $2 is $1: $3"
}

chgrp kvm /dev/vhx-net 2>/dev/null
chmod 660 /dev/vhx-net
rc 0 "a host in order" vhx -j doctor
json 'all(.verdict != "bad")' "has nothing bad"
for check in kernel modules steering nodes rights bpffs objects; do
	json "any(.check == \"$check\" and .verdict == \"ok\")" "$check is ok"
done

modprobe vhost_net
rc 0 "the self-test" vhx -j doctor --self-test
json 'any(.check == "self-test" and .verdict == "ok")' "passes on vhx"
rc 0 "on in-tree vhost, by which it is judged" vhx -j doctor --self-test --node /dev/vhost-net
json 'any(.check == "self-test" and .verdict == "ok")' "it passes, too"
rc 1 "on what is no vhost" vhx -j doctor --self-test --node /dev/null
json 'any(.check == "self-test" and .verdict == "bad")' "it fails"
is "$(ip -j link show | jq length)" 1 "and leaves no netdev here"

chgrp root /dev/vhx-net
finds warn nodes "not for group kvm"
chgrp kvm /dev/vhx-net
rc 1 "without rights" setpriv --reuid 65534 --regid 65534 --clear-groups vhx -j doctor
json 'any(.check == "rights" and .verdict == "warn" and (.found | test("CAP_BPF")))' \
	"it says which are missing"
json 'any(.check == "nodes" and .verdict == "bad" and (.mend | test("kvm")))' \
	"and which group to be in"

# The JIT's switch is seen in the first network namespace only.
host_net()
{
	nsenter --net=/proc/1/ns/net "$@"
}
rc 0 "with the JIT on" host_net vhx -j doctor
json 'any(.check == "jit" and .verdict == "ok")' "it is ok"
at_exit 'host_net sysctl -q net.core.bpf_jit_enable=1'
run "the JIT is switched off" host_net sysctl -q net.core.bpf_jit_enable=0
rc 1 "with the JIT off" host_net vhx -j doctor
json 'any(.check == "jit" and .verdict == "bad" and (.mend | test("sysctl")))' "it is not"
host_net sysctl -q net.core.bpf_jit_enable=1

# Somebody on the in-tree vhost.
sleep 60 7</dev/vhost-net &
sleeper=$!
at_exit "kill $sleeper"
until_true 5 sh -c "ls -l /proc/$sleeper/fd | grep -q vhost-net"
finds warn vmm "sleep \\\\(pid $sleeper\\\\) uses the in-tree vhost by 1 fds"
kill $sleeper

hold_nic vt0 2
finds ok nic "vt0 is live, no policy"
finds ok vmm "has 2 vhx fds"
tell_nic stop
finds warn bypass "vt0: nic .* goes past vhx"
tell_nic start
vhx -j doctor >"$tmp/out"
out=$(cat "$tmp/out")
json 'all(.check != "bypass")' "a NIC that is live is not bypassed"

# A policy that speaks nonsense is thrown out, which is worth knowing for a while.
rc 0 "load chaos" vhx policy load chaos --nic vt0 --set illegal=1000
tell_nic tx 0 64
until_true 5 sh -c "vhx -j policy list | jq -e '. == []'"
ok $? "it is thrown out"
finds warn policy "chaos was thrown out"
rc 0 "exits" vhx -j policy exits
json '.[-1] | .kind == "illegal" and .dir == "tx" and (.verdict | length > 0) and
	(.packet_hex | length > 0)' "shows verdict and packet"

rc 0 "a policy bound to nothing" vhx policy load flow_hash
finds warn policy "flow_hash is bound to nothing"

plan
