#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Without the modules: exit code 5 and the command that mends it; and with vhx
# alone, which knows of no NICs.
. "$(dirname "$0")/lib.sh"

modules=build/$(uname -r)
at_exit "for m in vhx vhx_net vhx_scsi; do insmod $modules/\$m.ko; done"

until_true 10 rmmod vhx_net || bail "vhx_net does not unload"
rc 5 "without vhx_net: nic list" vhx nic list
says "$err" 'vhx_net is not loaded' "says so"
rc 1 "without vhx_net: doctor" vhx -j doctor
json 'any(.check == "modules" and .verdict == "bad")' "doctor finds it"

for args in 'vsock list' 'vsock show 5' 'vsock stats' 'vsock route' 'vsock route add reject' 'vsock limit'; do
	# shellcheck disable=SC2086
	rc 5 "without vhx_vsock: vhx $args" vhx $args
	says "$err" '^hint: modprobe vhx_vsock' "has a hint"
done

for args in 'vdpa list' 'vdpa show x' 'vdpa stats' 'vdpa stats x' 'vdpa stats -m'; do
	# shellcheck disable=SC2086
	rc 5 "without vhx_vdpa: vhx $args" vhx $args
	says "$err" '^hint: modprobe vhx_vdpa' "has a hint"
done

until_true 10 rmmod vhx_scsi || bail "vhx_scsi does not unload"
rc 5 "without vhx_scsi: scsi list" vhx scsi list
says "$err" 'vhx_scsi is not loaded' "says so"
rc 0 "without vhx_scsi: agent list" vhx -j agent list
json 'length == 0' "there is none"
until_true 10 rmmod vhx || bail "vhx does not unload"
for args in '' 'nic list' 'nic show x' 'nic open x' 'nic set x poll-us 1' 'worker list' 'policy list' 'policy show x' \
	'policy load flow_pin' 'policy replace x flow_pin' 'policy detach x' 'policy eject x' \
	'policy exits' 'policy shim x' 'policy test flow_pin' stats 'stats -w' monitor feature; do
	# shellcheck disable=SC2086
	rc 5 "vhx $args" vhx $args
	says "$err" '^hint: modprobe vhx_net' "has a hint"
done
for args in 'scsi list' 'scsi show x' 'scsi stats' 'agent list' 'agent show x' 'agent stats -a' 'endpoint list' 'endpoint show x'; do
	# shellcheck disable=SC2086
	rc 5 "vhx $args" vhx $args
	says "$err" '^hint: modprobe vhx_scsi' "has a hint"
done
rc 5 "as JSON" vhx -j policy list
json '.error | .code == "UNAVAILABLE" and (.hint | test("modprobe"))' "it has the hint, too"

rc 1 "doctor" vhx doctor
says "$out" 'modprobe vhx_net' "names the command"
rc 1 "doctor as JSON" vhx -j doctor
json 'any(.check == "modules" and .verdict == "bad" and (.mend | test("modprobe")))' \
	"names it too"
rc 1 "the self-test without a node" vhx -j doctor --self-test
json 'any(.check == "self-test" and .verdict == "bad" and (.found | test("ENOENT")))' \
	"says that there is none"

# What needs no module works.
rc 0 "an object file is shown" vhx -j policy show build/bpf/flow_pin.bpf.o
json '.name == "flow_pin" and .ops == ["rx", "batch"] and .knobs[0].name == "learn"' "with ops and knobs"
rc 1 "no such object" vhx policy load nonesuch
rc 1 "an object that is none" vhx policy load /etc/hostname
rc 1 "an object that is no policy" vhx policy load tap_shim
says "$err" 'no struct vhx_steer_ops' "says why"

plan
