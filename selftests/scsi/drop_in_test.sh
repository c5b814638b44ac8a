#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# vhx_scsi drop_in=1 is /dev/vhost-scsi, if nobody else is; with the file from
# tools/drop-in it is what `modprobe vhost_scsi` loads.

. "$(dirname "$0")/../lib/tap.sh"

[ "${VHX_SCSI:-/dev/vhx-scsi}" = /dev/vhx-scsi ] || skip_all "in-tree is what it always was"
ours=vhx_scsi theirs=vhost_scsi node=/dev/vhost-scsi
# shellcheck source=../lib/drop_in.sh
. "$(dirname "$0")/../lib/drop_in.sh"

at_exit drop_in_restore
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
run "the modules are installed" install_modules vhost_scsi
rmmod vhx_net vhx
run "modprobe vhost_scsi" modprobe vhost_scsi
refuse "does not load it" loaded vhost_scsi
is "$(holder)" vhx_scsi "but vhx_scsi, which has the node"
is "$(cat /sys/module/vhx_scsi/parameters/drop_in)" Y "with drop_in=1"
rmmod vhx_scsi vhx
plan
