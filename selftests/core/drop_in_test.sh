#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# vhx_net drop_in=1 is /dev/vhost-net, if nobody else is; with the file from
# tools/drop-in it is the one that opening the node loads.

. "$(dirname "$0")/../lib/tap.sh"

[ "${VHX_NET:-/dev/vhx-net}" = /dev/vhx-net ] || skip_all "in-tree is what it always was"
dir=build/$(uname -r)
node=/dev/vhost-net
conf=/etc/modprobe.d/vhx-drop-in.conf
modules=/lib/modules/$(uname -r)
few=/tmp/vhx-drop-in

loaded()
{
	[ -d "/sys/module/$1" ]
}

# shellcheck disable=SC2317 # called by at_exit
restore()
{
	rm -f "$conf"
	umount "$modules" 2>/dev/null
	rm -rf "$few"
	rmmod vhost_net 2>/dev/null
	loaded vhx || insmod "$dir/vhx.ko"
	loaded vhx_scsi || insmod "$dir/vhx_scsi.ko"
	[ "$(cat /sys/module/vhx_net/parameters/drop_in)" = N ] && return
	rmmod vhx_net 2>/dev/null
	insmod "$dir/vhx_net.ko"
}

# vhx installed beside what it is about, in the place of the machine's modules:
# a depmod of all of those takes a minute.
# shellcheck disable=SC2317 # called by run
install_modules()
{
	mkdir -p "$few$modules" &&
	cp "$modules"/modules.builtin* "$modules/modules.order" "$dir"/vhx*.ko "$few$modules/" &&
	modprobe -C /dev/null -a --show-depends vhost_net tun tap | awk '{ print $2 }' | sort -u |
		xargs cp -t "$few$modules" &&
	depmod -b "$few" "$(uname -r)" &&
	mount --bind "$few$modules" "$modules"
}

# Who has the node: the module with one more user while it is open
holder()
{
	(
		exec 3<$node || exit
		for module in vhx_net vhost_net; do
			loaded $module && [ "$(cat /sys/module/$module/refcnt)" -gt 0 ] && echo $module
		done
	) 2>/dev/null
}

# Lines of ours in the kernel log that say why
complaints()
{
	dmesg | grep -c 'vhx_net: drop_in=1, but another module holds /dev/vhost-net: rmmod vhost_net'
}

at_exit restore
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
run "the modules are installed" install_modules
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
