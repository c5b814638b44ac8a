#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# vhx_net drop_in=1 is /dev/vhost-net, if nobody else is; with the file from
# tools/drop-in it is the one that opening the node loads.

. "$(dirname "$0")/../lib/tap.sh"

[ "${VHX_NET:-/dev/vhx-net}" = /dev/vhx-net ] || skip_all "in-tree is what it always was"
ours=vhx_net theirs=vhost_net node=/dev/vhost-net
# shellcheck source=../lib/drop_in.sh
. "$(dirname "$0")/../lib/drop_in.sh"

at_exit drop_in_restore
[ -c $node ] || mknod $node c 10 238
modprobe -r vhost_net 2>/dev/null

is "$(cat /sys/module/vhx_net/parameters/drop_in)" N "not asked for, not done"
rmmod vhx_net
run "drop_in=1 loads where in-tree is not" insmod "$dir/vhx_net.ko" drop_in=1
is "$(cat /sys/class/misc/vhost-net/dev)" 10:238 "the node is in-tree's by number and name"
is "$(holder)" vhx_net "and it is vhx that has it"
[ -c /dev/vhx-net ] && (exec 3</dev/vhx-net)
ok $? "its own is there as well"
refuse "in-tree's vhost_net does not load then" modprobe vhost_net
refuse "and has not" loaded vhost_net
for test in net/basic core/startstop; do
	run "$test on $node" env VHX_NET=$node "build/selftests/$test"
done
run "it unloads" rmmod vhx_net
refuse "and the node is nobody's" test -e /sys/class/misc/vhost-net

modprobe vhost_net
before=$(complaints)
refuse "drop_in=1 where in-tree is loaded" insmod "$dir/vhx_net.ko" drop_in=1
refuse "and it has not loaded" loaded vhx_net
is $(($(complaints) - before)) 1 "the kernel log says why, once"
is "$(insmod "$dir/vhx_net.ko" drop_in=1 2>&1 | grep -c 'busy')" 1 "the errno is EBUSY"
is "$(holder)" vhost_net "in-tree still has the node"
run "without drop_in it loads beside in-tree" insmod "$dir/vhx_net.ko"
is "$(holder)" vhost_net "and leaves it the node"
rmmod vhx_net
modprobe -r vhost_net

# From boot on: nothing is loaded, and somebody opens the node.
cp tools/drop-in/vhx-drop-in.conf "$conf"
run "the modules are installed" install_modules vhost_net tun tap
rmmod vhx_scsi vhx
refuse "nothing is loaded" loaded vhx
is "$(holder)" vhx_net "the node is opened, and that loads vhx_net"
is "$(cat /sys/module/vhx_net/parameters/drop_in)" Y "with drop_in=1"
refuse "and not vhost_net" loaded vhost_net
is "$(cat /sys/module/vhost/parameters/max_mem_regions)" 509 "QEMU is told of 509 memory regions"
run "modprobe vhost_net is modprobe vhx_net" modprobe vhost_net
refuse "and loads nothing else" loaded vhost_net
modprobe -r vhost
rmmod vhx_net vhx
plan
