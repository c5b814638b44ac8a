#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# time-limit: 240, dealt to: one
#
# vhx policy test: right expectations pass, a wrong one fails, a wrong statement
# names file and line; knobs of all types are set from text. The shipped
# policies' vectors are run by ../bpf/vectors_test.sh.
. "$(dirname "$0")/lib.sh"
own_netns "$@"

rc 0 "by its name" vhx -j policy test minimal
json '.failed == 0 and .passed == (.tests | length) and .passed > 0' "all pass"
rc 0 "as TAP" vhx policy test minimal
says "$out" '^TAP version 13' "with its head"
says "$out" '^1\.\.[0-9]' "its plan"
says "$out" '^ok 1 - ' "its tests"
is "$(vhx -j policy list)" "[]" "nothing stays attached"

# vectors TEXT...: a file of these lines
vectors()
{
	printf '%s\n' "$@" >"$tmp/v.txt"
}

packet='packet p ffffffffffff 020000000001 0806 00*46'
vectors "$packet" 'rx pkt=p => queue 0 # ARP' 'rx pkt=p => queue 3' 'rx pkt=p => drop'
rc 1 "a wrong expectation" vhx policy test minimal "$tmp/v.txt"
says "$out" '^ok 1 - ARP' "the right one passes, by its name"
says "$out" '^not ok 2 - line 3' "the wrong one fails"
says "$out" 'line 3: expected queue 3, got queue 0' "with what came"
rc 1 "as JSON" vhx -j policy test minimal --vectors "$tmp/v.txt"
json '.passed == 1 and .failed == 2 and .tests[2].ok == false' "is counted"

# wrong LINE PATTERN TEXT...: the file is refused, at that line
wrong()
{
	at=$1
	pattern=$2
	shift 2
	vectors "$packet" "$@"
	rc 1 "refused: $*" vhx policy test minimal "$tmp/v.txt"
	says "$err" "v.txt:$at: .*$pattern" "says line $at and why"
}

wrong 2 'no statement' 'receive pkt=p => queue 0'
wrong 2 'no packet' 'rx pkt=q => queue 0'
wrong 2 'is there already' 'packet p 00*14'
wrong 2 'a packet is wanted' 'rx queues=4 => queue 0'
wrong 2 'a packet is wanted' 'rx pkt=p hex=00*14 => queue 0'
wrong 2 'option queues twice' 'rx pkt=p queues=4 queues=4 => queue 0'
wrong 2 'no option' 'rx pkt=p colour=4 => queue 0'
wrong 2 'number from 1 to 256' 'rx pkt=p queues=257 => queue 0'
wrong 2 'not below' 'rx pkt=p queues=2 queue=2 => queue 0'
wrong 2 'beyond' 'rx pkt=p cut=61 => queue 0'
wrong 2 'no byte' 'rx hex=0x00*14 => queue 0'
wrong 2 'no byte' 'rx hex=000 => queue 0'
wrong 2 'a count is' 'rx hex=00*0 => queue 0'
wrong 2 'bytes' 'rx hex=00*13 => queue 0'
wrong 2 'says what it expects' 'rx pkt=p'
wrong 2 'nothing is' 'rx pkt=p => keep'
wrong 2 'nothing more' 'rx pkt=p => default 3'
wrong 2 'it is: map' 'map m update 00'
wrong 2 'fresh takes nothing' 'fresh now'
# shellcheck disable=SC1003 # a backslash
wrong 4 'no statement' 'rx pkt=p \' '=> queue 0' 'oops'
wrong 3 'no map' 'rx pkt=p => queue 0' 'map nonesuch delete 00'
wrong 3 'set comes before' 'rx pkt=p => queue 0' 'set learn 1'
wrong 2 'no knob' 'set learn 1' 'rx pkt=p => queue 0'
vectors "$packet"
rc 1 "a file without a test" vhx policy test minimal "$tmp/v.txt"
rc 1 "no file" vhx policy test minimal "$tmp/nonesuch"
cp build/bpf/null.bpf.o "$tmp/nameless.bpf.o"
rc 2 "no vectors of that name" vhx policy test "$tmp/nameless.bpf.o"

### knobs of every type

# selftests/bpf/progs/knobs.bpf.c
knobs=build/selftests/bpf/knobs.bpf.o

vectors "$packet" 'set byte 255' 'set word -32768' 'set number 0xffffffff' \
	'set wide -9000000000' 'set flag true' 'set shape SQUARE' 'set text et' \
	'set mac 02:00:00:00:00:fe' 'set ip4 192.0.2.1' 'set ip6 2001:db8::8' 'set list 5,6' \
	'rx pkt=p queues=16 => queue 0' 'fresh' 'rx pkt=p queues=16 => queue 1'
rc 0 "knobs of every type" vhx policy test $knobs "$tmp/v.txt"
rc 0 "show" vhx -j policy show $knobs
json 'any(.knobs[]; .name == "byte" and .value == "3" and .type == "u8")' "with their values"
json 'all(.knobs[]; .name != "table")' "a constant table is no knob"

while read -r knob value; do
	rc 2 "$knob cannot be $value" vhx policy load $knobs --set "$knob=$value"
done <<'END'
byte 256
byte -1
byte x
byte 1x
word 32768
word -32769
number 4294967296
number -1
wide 9223372036854775808
flag 2
shape OVAL
text 12345678
mac 02:00:00:00:00
mac 02:00:00:00:00:00:00
ip4 192.0.2
ip4 192.0.2.256
ip6 2001::8::1
list 1,2,3,4,5
list 1,x
END

plan
