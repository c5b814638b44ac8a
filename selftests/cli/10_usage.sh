#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What is wrong on the command line is exit code 2, said on stderr, with what
# there is; as JSON where JSON is asked for.
. "$(dirname "$0")/lib.sh"

usage()
{
	name=$1
	shift
	rc 2 "$name" vhx "$@"
	is "$out" "" "$name: nothing on stdout"
	run "$name: something on stderr" test -n "$err"
}

usage "an object that is not there" nik
says "$err" 'did you mean nic?' "and what was probably meant"
usage "a verb that is not there" policy lst
says "$err" 'did you mean list?' "and what was probably meant"
usage "an object without its verb" policy
says "$err" 'load list show' "and the verbs there are"
usage "an option that is not there" nic list --colour
usage "an option of another verb" nic list --watch
usage "an argument too few" nic show
usage "an argument too many" nic show a b
usage "an argument where none is taken" policy exits a
usage "a wrong interval" stats --watch=never
usage "an interval of nothing" stats --watch=0
usage "two ways to print" stats --all --openmetrics
usage "two ways to print an agent's" agent stats --all --openmetrics
usage "two hosts" scsi stats a b
usage "two guests" vsock show 3 4
usage "a device of the vDPA bus that nobody named" vdpa show
usage "two devices of the vDPA bus" vdpa stats a b
usage "two ways to print a device's" vdpa stats --all --openmetrics
usage "words where vdpa list takes none" vdpa list a
usage "a verb that vdpa has not" vdpa lst
says "$err" 'did you mean list?' "and what was probably meant"
usage "an agent that has words" vsock agent 3
usage "a route without a verdict" vsock route add to 5
usage "a verdict that is none" vsock route add maybe
usage "CIDs that are none" vsock route add from 5-4 reject
usage "a type that is none" vsock route add type dgram reject
usage "a route that nobody named" vsock route remove
usage "a limit that is not there" vsock limit set 5 legs 1
says "$err" 'vsock limit --help' "and where they are"
usage "a limit without a number" vsock limit set 5 conns
usage "a number that is none" vsock limit set 5 conns 1x
usage "limits of the host" vsock limit set 2 conns 1
usage "two bindings" policy load flow_pin --nic a --nic-id 1
usage "a NIC id that is none" policy load flow_pin --nic-id x
usage "a NIC id of 0" policy load flow_pin --nic-id 0
usage "a knob without value" policy load flow_pin --set learn
usage "a knob that is not there" policy load flow_pin --set learnn=1
says "$err" 'did you mean learn?' "and what was probably meant"
usage "a value that does not fit" policy load flow_pin --set learn=maybe
usage "a number that is too large" policy load ddos_guard --set syn_burst=4294967296
usage "a number below 0 for an unsigned knob" policy load ddos_guard --set syn_burst=-1
usage "a name that is too long" policy load flow_pin --name a123456789012345
usage "neither on nor off" policy shim vt0 maybe

for args in 'nik' 'policy lst' 'nic show' 'nic list --colour' 'stats --watch=never'; do
	# shellcheck disable=SC2086 # words
	rc 2 "as JSON: vhx -j $args" vhx -j $args
	json '.error | .code == "USAGE" and (.message | length > 0)' "is an error with a code"
done
rc 2 "the option at its end" vhx nic shw -j
json '.error.code == "USAGE"' "is JSON, too"

rc 0 "--version" vhx --version
says "$out" '^vhx [0-9]*\.[0-9]*\.[0-9]*$' "says vhx and a version"
rc 0 "--help" vhx --help
cp "$tmp/out" "$tmp/help"
rc 0 "help" vhx help
is "$out" "$(cat "$tmp/help")" "--help and help are one"
rc 0 "help of a verb" vhx help policy load
says "$out" '--keep-maps\|--nic=PATTERN' "shows its options"
rc 0 "help as JSON" vhx help -j
json 'map(.object) | contains(["nic", "policy", "vdpa", "stats", "doctor"])' "lists the objects"

plan
