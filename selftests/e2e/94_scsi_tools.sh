#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What others make of a disk of vhxd's: sg3-utils, whose every answer is looked at, and
# libiscsi's tests of what a SCSI disk has to do, by SG_IO on the guest's device.
# time-limit: 900
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/disks.sh"

INITRAMFS=-tools
for tool in inq vpd readcap opcodes modes luns requests unmap get_lba_status write_same \
	compare_and_write persist reset verify sync start logs raw senddiag; do
	GUEST_PROGRAMS+=("sg_$tool")
done
GUEST_PROGRAMS+=(iscsi-test-cu)
disk=$DISKS/disk.img
mkdir -p "$DISKS"
truncate -s 1M "$DISKS/readonly.img"
disks_begin \
	"lun.0 = $disk,serial=DISK,size=32M,thin" \
	"lun.1 = $DISKS/readonly.img,serial=READONLY,readonly" \
	"lun.2 = $DISKS/large.img,serial=LARGE,size=32M,thin,block=4096"

# says NAME STATUS [PATTERN...] -- CMD...: CMD ends so, and what it says has a line of each
says()
{
	local name=$1 status=$2 got said
	local -a wanted=()

	shift 2
	while [ "$1" != -- ]; do
		wanted+=("$1")
		shift
	done
	shift
	said=$(guest "$* 2>&1")
	got=$?
	[ $got = "$status" ] || { fail "$name" "status $got: $said"; return; }
	for pattern in "${wanted[@]}"; do
		grep -qE -e "$pattern" <<<"$said" ||
			{ fail "$name" "no line \"$pattern\" in: $said"; return; }
	done
	pass "$name"
}

# tests DISK SUITE...: of libiscsi's, which counts what it asserts; a sample of SUITES of them
tests()
{
	local said suite name=$1

	shift
	for suite in $(shuf -n "${SUITES:-12}" --random-source=<(yes "$SEED") -e "$@"); do
		said=$(guest "iscsi-test-cu -d -n -t SCSI.$suite /dev/$name 2>&1")
		# their total, those that ran, passed, failed
		[ "$(awk '$1 == "asserts" { print ($2 > 0), $2 - $4, $5 }' <<<"$said")" = "1 0 0" ]
		ok $? "iscsi-test-cu $suite" || diag "$said"
	done
}

guest_start
ok $? "the guest boots" || bail "no guest"
d=$(guest_disk DISK) && r=$(guest_disk READONLY)
ok $? "and has its disks" || bail "no disks"
dev=/dev/$d

### what it is

says "sg_inq" 0 'SPC-4' 'Resp_data_format=2' 'CmdQue=1' 'Vendor identification: VHX' \
	'Product identification: vhx disk' 'device type: disk' -- sg_inq "$dev"
says "sg_vpd, all pages" 0 \
	'Supported VPD pages \[sv\]' 'Product serial number: DISK$' 'type: NAA' \
	'vendor specific: naa.5001405e2e000001:0:0' 'Relative target port' 'HEADSUP=1 ORDSUP=1 SIMPSUP=1' \
	'V_SUP=1' 'compare and write length: 0xff' 'Maximum unmap LBA count: 0x100000' \
	'Maximum write same length: 0x200000' 'Non-rotating' 'LBPU=1' 'LBPWS=1' 'LBPWS10=1' \
	'LBPRZ=0x1' 'type: thin provisioned' -- sg_vpd -a "$dev"
says "a page that there is not" 83 'etching VPD page failed' -- sg_vpd -p 0xc5 "$dev"
says "sg_readcap" 0 'blocks=65536$' 'block length=512 ' -- sg_readcap "$dev"
says "sg_readcap, 16" 0 'lbpme=1, lbprz=1' 'physical block length=4096 ' -- sg_readcap -l "$dev"
says "sg_luns" 0 '3 lun entries' '^ *0000000000000000' '^ *0001000000000000' \
	'^ *0002000000000000' -- sg_luns "$dev"
says "sg_luns, well-known ones" 0 '1 lun entry' 'c101000000000000' -- sg_luns -s 1 "$dev"

says "sg_opcodes" 0 'Compare and write' 'Unmap' 'Write same\(16\)' 'Get LBA status' \
	'Persistent reserve out, register and move' 'Report timestamp' 'Synchronize cache\(16\)' \
	-- sg_opcodes "$dev"
says "of one command" 0 'is supported' 'Usage data: 89 18 ff ff ff ff ff ff ff ff 00 00 00 ff 00 00' \
	-- sg_opcodes --opcode=0x89 "$dev"
says "of none" 0 'NOT supported' -- sg_opcodes --opcode=0x99 "$dev"
says "task management functions" 0 'Abort task$' 'Abort task set' 'Clear task set' \
	'Logical unit reset' 'I_T nexus reset' 'Query task$' -- sg_opcodes -t "$dev"

says "sg_modes" 0 'DpoFua=1' 'WP=0' 'Caching' '08 12 04 ' 'Control' \
	'Informational exceptions' -- sg_modes -a "$dev"
says "which of it changes" 0 '08 12 04 ' -- sg_modes --page=8 -c 1 "$dev"
for mode in 'write through,00' 'write back,04'; do
	says "MODE SELECT: ${mode%,*}" 0 "08 12 ${mode#*,} " -- \
		"for f in /sys/block/$d/device/scsi_disk/*/cache_type; do echo '${mode%,*}' >\$f; done;
		sg_modes --page=8 $dev"
done
says "READONLY is so" 0 'WP=1' -- sg_modes -a "/dev/$r"
says "and does not let itself be written" 7 'Data Protect' 'Write protected' -- \
	"sg_raw --readonly --send=512 --infile=/dev/zero /dev/$r 2a 00 00 00 00 00 00 00 01 00"
says "sg_logs" 0 'Logical block provisioning log page' 'Available LBA mapping resource count: [1-9]' \
	-- sg_logs -a "$dev"
says "sg_senddiag" 0 -- sg_senddiag --test "$dev"

### what it does

says "sg_raw, TEST UNIT READY" 0 'SCSI Status: Good' -- sg_raw "$dev" 00 00 00 00 00 00
says "sg_requests" 0 'No Sense' -- sg_requests "$dev"
says "sg_start stops it" 0 -- sg_start --stop "$dev"
says "not ready then" 2 'Not Ready' -- sg_raw "$dev" 00 00 00 00 00 00
says "and starts it" 0 'Good' -- "sg_start --start $dev; sg_raw $dev 00 00 00 00 00 00"
says "sg_sync" 0 -- "sg_sync $dev && sg_sync --16 $dev"

guest "dd if=/dev/urandom of=/tmp/a bs=4k count=2 2>/dev/null &&
	dd if=/tmp/a of=$dev bs=4k oflag=direct 2>/dev/null"
says "sg_verify" 0 -- sg_verify --lba=0 --count=16 "$dev"
says "with data" 0 -- sg_verify --lba=0 --count=16 --ndo=8192 --in=/tmp/a "$dev"
says "with other data" 14 'MISCOMPARE: started at LBA 0x1' -- \
	sg_verify --lba=1 --count=8 --ndo=4096 --in=/tmp/a "$dev"
says "sg_verify of what there is not" 22 'LBA out of range' -- sg_verify --lba=65536 --count=1 "$dev"
says "sg_unmap" 0 'LBA: 0x0 .* 8  deallocated' 'LBA: 0x8 .* 8  mapped' 'LBA: 0x10 .* 65520  deallocated' \
	-- "sg_unmap --force --lba=0 --num=8 $dev; sg_get_lba_status --lba=0 $dev"
is "$(od -An -tx1 -N4096 "$disk" | tr -d ' \n*')" "$(printf '%032d' 0)" "and the file has a hole there"
says "sg_write_same" 0 -- "head -c 512 /tmp/a >/tmp/b &&
	sg_write_same --16 --lba=64 --num=8 --in=/tmp/b $dev"
is "$(for i in {64..71}; do dd if="$disk" skip="$i" count=1 2>/dev/null | sha256sum; done | uniq)" \
	"$(guest "sha256sum </tmp/b")" "and the file has it, eight times"
says "and unmaps" 0 'LBA: 0x40 .*deallocated' -- \
	"sg_write_same --10 --unmap --lba=64 --num=8 $dev; sg_get_lba_status --lba=64 $dev"
says "sg_compare_and_write" 0 -- "cat /tmp/b /tmp/b >/tmp/c; dd if=/tmp/b of=$dev oflag=direct \
	conv=notrunc 2>/dev/null; head -c 1024 /tmp/a | tail -c 512 | cat /tmp/b - >/tmp/c;
	sg_compare_and_write --lba=0 --in=/tmp/c $dev"
says "and once only" 14 'Miscompare' -- sg_compare_and_write --lba=0 --in=/tmp/c "$dev"

### reservations

pr="sg_persist --no-inquiry"
says "sg_persist: no keys" 0 'NO registered' -- "$pr -k $dev"
says "what it can" 0 'PTPL_C\): 1' 'SIP_C\): 1' 'Exclusive Access, all registrants: 1' -- "$pr -c $dev"
says "register" 0 '1 registered' '0xabc123' -- "$pr -o -G -S abc123 $dev && $pr -k $dev"
says "by a key that is not registered" 24 -- "$pr -o -R -K 777 -T 5 $dev"
says "reserve" 0 'Key=0xabc123' 'Write Exclusive, registrants only' -- \
	"$pr -o -R -K abc123 -T 5 $dev && $pr -r $dev"
says "in full" 0 'Reservation holder' 'Relative port' 'SAS address' -- "$pr -s $dev"
says "preempt" 0 'Exclusive Access, registrants only' -- \
	"$pr -o -P -K abc123 -S abc123 -T 6 $dev && $pr -r $dev"
says "release" 0 'NO reservation' -- "$pr -o -L -K abc123 -T 6 $dev && $pr -r $dev"
says "unregister" 0 'NO registered' -- "$pr -o -G -K abc123 -S 0 $dev && $pr -k $dev"

# The guest's driver knows no other reset.
says "sg_reset" 0 'completed device reset' -- sg_reset --no-esc --device -v "$dev"
says "the disk tells of it, once" 0 'Bus device reset function occurred' 'Good' -- \
	"sg_raw $dev 00 00 00 00 00 00; sg_raw $dev 00 00 00 00 00 00"

### libiscsi's tests

# Not: what an iSCSI target alone has, or a removable medium; commands that vhxd does not know;
# ReportLUNs, and a disk of 4096-byte blocks, at which iscsi-test-cu dies of a segmentation fault;
# ReadOnly, which wants to open the device for writing; GetLBAStatus.UnmapSingle, which asks for block
# N + 1 and wants the answer to begin with the next physical block. Of WriteSame10 and
# WriteSame16: InvalidDataOutSize, which wants more than a block of data refused, where vhxd says by the residual what
# it did not take; WriteSame10.UnmapUntilEnd, which unmaps with a block of 0xff and wants zeroes, where by SBC that block is
# what is read then (its like of 16 sends zeroes, and passes); WriteSame16.Unmap, whose READ of 32 MiB the guest's
# SG_IO refuses by itself.
tests "$d" Mandatory TestUnitReady StartStopUnit ReadCapacity10 ReadCapacity16 Reserve6 PrinReadKeys \
	PrinServiceactionRange PrinReportCapabilities ProutRegister ProutReserve ProutClear \
	ProutPreempt ReadDefectData10 ReadDefectData12 Inquiry ModeSense6 GetLBAStatus.Simple \
	GetLBAStatus.BeyondEol Read6 Read10 Read12 Read16 Write10 Write12 Write16 Verify10 Verify12 \
	Verify16 WriteVerify10 WriteVerify12 WriteVerify16 CompareAndWrite Unmap \
	ReportSupportedOpcodes.Simple ReportSupportedOpcodes.OneCommand \
	ReportSupportedOpcodes.RCTD ReportSupportedOpcodes.SERVACTV

guest_poweroff
ok $? "the guest switches off, QEMU ends"
qemu_is_content
ok $? "QEMU has nothing to complain of"
is "$(vhxd_stat refused)" 0 "no answer of vhxd's was refused"
plan
