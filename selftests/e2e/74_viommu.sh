#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest whose IOMMU is on: the NIC's addresses are the vIOMMU's, translated for
# the node by QEMU message by message, and taken back with every buffer (strict).
# time-limit: 600
. "$(dirname "$0")/lib.sh"
e2e_begin

MACHINE=q35,kernel-irqchip=split
IOMMU=(-device "intel-iommu,intremap=off,device-iotlb=on")
NIC=mrg_rxbuf=on,iommu_platform=on,ats=on,disable-legacy=on
APPEND="intel_iommu=on iommu.strict=1"
BOOT_SECONDS=$((300 * FACTOR))

# qstat NAME: the counter's sum over all queues
qstat()
{
	vhx -j stats | jq "[.. | objects | .$1? // empty] | add // 0"
}

guest_start
ok $? "the guest boots" || bail "no guest"
guest "dmesg | grep -q 'IOMMU enabled' && [ -e /sys/class/net/eth0/device/../iommu_group ]"
ok $? "its NIC is behind an IOMMU"
before=$(workers_ns) moved=$(vhx_packets)
run "ping, both ways" ping_both_ways
run "guest to host: every byte" tcp_to_host 2 1
run "host to guest: every byte" tcp_to_guest 2 1
node_worked "$before" "$moved"
ok $? "the node moved it"
if node_is_vhx; then
	misses=$(qstat iotlb_misses) taken=$(qstat iotlb_invalidations)
	came=1
	[ "$misses" -gt 0 ] && [ "$taken" -gt 0 ] && came=0
	ok $came "translations came ($misses misses) and went ($taken invalidations)"
	is "$(qstat bad_rings)" 0 "no queue stopped"
fi

guest_reboot
ok $? "the guest reboots" || bail "no guest"
before=$(workers_ns) moved=$(vhx_packets)
run "ping, both ways, after the reboot" ping_both_ways
run "guest to host after the reboot" tcp_to_host 2 1
node_worked "$before" "$moved"
ok $? "still by the node"
guest_poweroff
ok $? "the guest switches off, QEMU ends"
qemu_is_content
ok $? "QEMU has nothing to complain of"
plan
