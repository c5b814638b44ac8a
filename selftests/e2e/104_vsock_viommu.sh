#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest whose IOMMU is on has a vsock: each buffer is at an address of the vIOMMU's that is
# there for that packet alone (strict), translated for the node by QEMU and taken back again.
# time-limit: 900
# shellcheck disable=SC2317 # functions are called by run, refuse and at_exit
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/vsock.sh"

MACHINE=q35,kernel-irqchip=split
IOMMU=(-device "intel-iommu,intremap=off,device-iotlb=on")
VSOCK=iommu_platform=on,ats=on,disable-legacy=on
APPEND="intel_iommu=on iommu.strict=1"
BOOT_SECONDS=$((2 * BOOT_SECONDS))
vsock_begin
RANDOM=${SEED:=$(date +%s)}
diag "SEED=$SEED"
events=/sys/kernel/tracing/events/vhx/vhx_iotlb_invalidate

# churn MODE: short connections, most of which share nothing but the port, with all that comes
# and goes with one; nothing is left of any
churn()
{
	local n bad=0

	guest_bg churn "socat -t 60 VSOCK-LISTEN:7,fork,reuseaddr EXEC:cat"
	guest_listens 7 || return
	for n in $(seq 20); do
		echo $((RANDOM * n)) >"$E2E_RUN/word"
		[ "$(socat -t 60 - "VSOCK-CONNECT:$CID:7" <"$E2E_RUN/word")" = \
			"$(cat "$E2E_RUN/word")" ] || bad=$((bad + 1))
	done
	guest_signal TERM "socat -t 60 VSOCK-LISTEN:7"
	[ "$bad" = 0 ] || { diag "$bad of 20 were not echoed"; return 1; }
}

# translated WHAT CMD...: it succeeds, and translations came and went meanwhile
translated()
{
	local what=$1 misses gone

	shift
	vsock_is_vhx || { run "$what" "$@"; return; }
	misses=$(vsock_stat iotlb_misses)
	echo >/sys/kernel/tracing/trace
	echo 1 >$events/enable
	run "$what" "$@"
	echo 0 >$events/enable
	gone=$(grep -c vhx_iotlb_invalidate: /sys/kernel/tracing/trace)
	misses=$(($(vsock_stat iotlb_misses) - misses))
	[ "$misses" -gt 0 ] && [ "$gone" -gt 0 ]
	ok $? "$what: translations came ($misses misses) and went ($gone invalidations)"
}

! vsock_is_vhx || at_exit "echo 0 >$events/enable"
guest_start
ok $? "the guest boots" || bail "no guest"
guest "dmesg | grep -q 'IOMMU enabled' && [ -e $(vsock_sys)/../iommu_group ]"
ok $? "its vsock is behind an IOMMU"
vsock_has 33
ok $? "and the driver negotiated that" || bail "nothing would be translated"
translated "to the guest" vsock_to_guest vsock 2 2
translated "to the host" vsock_to_host vsock 2 2
translated "messages to the guest" vsock_to_guest seq 2 2
translated "messages to the host" vsock_to_host seq 2 2
translated "short connections" churn

guest_reboot
ok $? "the guest reboots" || bail "no guest"
vsock_both_ways "after the reboot" 1
translated "short connections, after the reboot" churn
if vsock_is_vhx; then
	is "$(vsock_stat bad_rings) $(vsock_stat bad_packets) $(vsock_stat bad_buffers)" "0 0 0" \
		"no queue stopped, nothing was bad"
fi
guest_poweroff
ok $? "the guest switches off, QEMU ends"
qemu_is_content
ok $? "QEMU has nothing to complain of"
plan
