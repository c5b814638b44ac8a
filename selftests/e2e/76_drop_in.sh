#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# QEMU as most people start it: vhost=on and no word of vhx. With drop_in=1 it
# is vhx that moves the packets.
# time-limit: 400
. "$(dirname "$0")/lib.sh"

node_is_vhx || skip_all "in-tree is what it always was"
dir=$E2E_SRC/build/$(uname -r)
at_exit "modprobe -r vhost; rmmod vhx_net; insmod $dir/vhx_net.ko"
modprobe -r vhost_net 2>/dev/null
rmmod vhx_net
insmod "$dir/vhx_net.ko" drop_in=1 || bail "no module"
modprobe vhost max_mem_regions=509
e2e_begin

NETDEV=ifname=$TAP,queues=$QUEUES,script=no,downscript=no,vhost=on
guest_start
ok $? "the guest boots" || bail "no guest"
is "$(vhx -j nic list | jq -r '.[] | [.name, .state, .live_queues] | @csv')" \
	"\"$TAP\",\"live\",2" "its NIC is on vhx"
before=$(workers_ns) moved=$(vhx_packets)
run "ping, both ways" ping_both_ways
node_worked "$before" "$moved"
ok $? "vhx moved it"
run "TCP to the host" tcp_to_host 1 2
run "TCP to the guest" tcp_to_guest 1 2
guest_poweroff
ok $? "the guest switches off"
qemu_is_content
ok $? "QEMU has nothing to complain of"
plan
