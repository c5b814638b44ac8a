#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# vhx_vsock drop_in=1 is /dev/vhost-vsock, if nobody else is; with the file from tools/drop-in
# that is what opening the node loads. Beside in-tree's it leaves it the node and AF_VSOCK.

. "$(dirname "$0")/../lib/tap.sh"

[ "${VHX_VSOCK:-/dev/vhx-vsock}" = /dev/vhx-vsock ] || skip_all "in-tree is what it always was"
ours=vhx_vsock theirs=vhost_vsock node=/dev/vhost-vsock
# shellcheck source=../lib/drop_in.sh
. "$(dirname "$0")/../lib/drop_in.sh"

at_exit drop_in_restore
[ -c $node ] || mknod $node c 10 241

is "$(cat /sys/module/vhx_vsock/parameters/drop_in)" N "not asked for, not done"
# A socket that waits for its peer to agree to its end has the module for eight seconds.
until_true 10 rmmod vhx_vsock || bail "vhx_vsock does not unload"
run "drop_in=1 loads where in-tree is not" insmod "$dir/vhx_vsock.ko" drop_in=1 h2g=on
is "$(cat /sys/class/misc/vhost-vsock/dev)" 10:241 "the node is in-tree's by number and name"
is "$(holder)" vhx_vsock "and it is vhx that has it"
refuse "in-tree's vhost_vsock does not load then" modprobe vhost_vsock
# By a name that the test does not take for in-tree's
mkdir -p "$few"
ln -s $node "$few/node"
run "vsock/life on it" env VHX_VSOCK="$few/node" build/selftests/vsock/life
until_true 10 rmmod vhx_vsock
ok $? "it unloads"
refuse "and the node is nobody's" test -e /sys/class/misc/vhost-vsock

modprobe vhost_vsock || bail "no vhost_vsock"
before=$(complaints)
refuse "drop_in=1 where in-tree is loaded" insmod "$dir/vhx_vsock.ko" drop_in=1
is $(($(complaints) - before)) 1 "the kernel log says why, once"
refuse "nor with h2g=on" insmod "$dir/vhx_vsock.ko" h2g=on
refuse "nor with what it does not know" insmod "$dir/vhx_vsock.ko" h2g=perhaps
refuse "and it has not loaded" loaded vhx_vsock
is "$(holder)" vhost_vsock "in-tree still has the node"
run "without either it loads beside in-tree" insmod "$dir/vhx_vsock.ko"
is "$(holder)" vhost_vsock "and leaves it the node"
rmmod vhx_vsock
modprobe -r vhost_vsock

# From boot on: nothing is loaded, and somebody opens the node.
cp tools/drop-in/vhx-drop-in.conf "$conf"
run "the modules are installed" install_modules vhost_vsock vhost_net tun tap
for module in vhx_scsi vhx_net vhx; do
	rmmod $module
done
is "$(holder)" vhx_vsock "the node is opened, and that loads vhx_vsock"
is "$(cat /sys/module/vhx_vsock/parameters/drop_in)" Y "with drop_in=1"
refuse "and not vhost_vsock" loaded vhost_vsock
rmmod vhx_vsock
modprobe -r vhost 2>/dev/null
rmmod vhx
plan
