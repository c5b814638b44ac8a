#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# vhx_scsi drop_in=1 is /dev/vhost-scsi, if nobody else is; with the file from
# tools/drop-in it is what `modprobe vhost_scsi` loads.

. "$(dirname "$0")/../lib/tap.sh"

[ "${VHX_SCSI:-/dev/vhx-scsi}" = /dev/vhx-scsi ] || skip_all "in-tree is what it always was"
dir=build/$(uname -r)
node=/dev/vhost-scsi
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
	rmmod vhost_scsi 2>/dev/null
	loaded vhx || insmod "$dir/vhx.ko"
	loaded vhx_net || insmod "$dir/vhx_net.ko"
	[ "$(cat /sys/module/vhx_scsi/parameters/drop_in)" = N ] && return
	rmmod vhx_scsi 2>/dev/null
	insmod "$dir/vhx_scsi.ko"
}

# vhx installed beside what it is about, in the place of the machine's modules:
# a depmod of all of those takes a minute.
# shellcheck disable=SC2317 # called by run
install_modules()
{
	mkdir -p "$few$modules" &&
	cp "$modules"/modules.builtin* "$modules/modules.order" "$dir"/vhx*.ko "$few$modules/" &&
	modprobe -C /dev/null -a --show-depends vhost_scsi | awk '{ print $2 }' | sort -u |
		xargs cp -t "$few$modules" &&
	depmod -b "$few" "$(uname -r)" &&
	mount --bind "$few$modules" "$modules"
}

# Who has the node: the module with one more user while it is open
holder()
{
	(
		exec 3<$node || exit
		for module in vhx_scsi vhost_scsi; do
			loaded $module && [ "$(cat /sys/module/$module/refcnt)" -gt 0 ] && echo $module
		done
	) 2>/dev/null
}

# Lines of ours in the kernel log that say why
complaints()
{
	dmesg | grep -c 'vhx_scsi: drop_in=1, but another module holds /dev/vhost-scsi: rmmod vhost_scsi'
}

at_exit restore
rmmod vhost_scsi 2>/dev/null
is "$(cat /sys/module/vhx_scsi/parameters/drop_in)" N "not asked for, not done"
refuse "there is no $node" test -e $node
rmmod vhx_scsi
run "drop_in=1 loads where in-tree is not" insmod "$dir/vhx_scsi.ko" drop_in=1
is "$(holder)" vhx_scsi "it has the node"
is "$(stat -c %a $node)" "$(stat -c %a /dev/vhx-scsi)" "whose mode is that of its own"
# In-tree's vhost_scsi does not load then: sysfs says why, with a trace, which no test may leave.
# By a name that the test does not take for in-tree's
mkdir -p "$few"
ln -s $node "$few/node"
run "scsi/basic on it" env VHX_SCSI="$few/node" build/selftests/scsi/basic
run "it unloads" rmmod vhx_scsi
refuse "and the node is gone" test -e $node

modprobe vhost_scsi || bail "no vhost_scsi"
before=$(complaints)
refuse "drop_in=1 where in-tree is loaded" insmod "$dir/vhx_scsi.ko" drop_in=1
refuse "and it has not loaded" loaded vhx_scsi
is $(($(complaints) - before)) 1 "the kernel log says why, once"
is "$(insmod "$dir/vhx_scsi.ko" drop_in=1 2>&1 | grep -c 'busy')" 1 "the errno is EBUSY"
is "$(holder)" vhost_scsi "in-tree still has the node"
run "without drop_in it loads beside in-tree" insmod "$dir/vhx_scsi.ko"
is "$(holder)" vhost_scsi "and leaves it the node"
rmmod vhx_scsi
modprobe -r vhost_scsi

# What libvirt, or a file of systemd's, asks for by in-tree's name
cp tools/drop-in/vhx-drop-in.conf "$conf"
run "the modules are installed" install_modules
rmmod vhx_net vhx
run "modprobe vhost_scsi" modprobe vhost_scsi
refuse "does not load it" loaded vhost_scsi
is "$(holder)" vhx_scsi "but vhx_scsi, which has the node"
is "$(cat /sys/module/vhx_scsi/parameters/drop_in)" Y "with drop_in=1"
rmmod vhx_scsi vhx
plan
