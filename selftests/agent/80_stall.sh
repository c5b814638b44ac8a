#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# time-limit: 180
#
# A vhxd that stands still, dies, and comes back, as `vhx monitor`, `vhx doctor`
# and the lists show it.
. "$(dirname "$0")/vhxd.sh"
# A guest that died is found by what it does not say.
trap : PIPE

param=/sys/module/vhx/parameters/agent_stall_s
at_exit "echo 30 >$param"

# finds VERDICT CHECK PATTERN: doctor has a finding that matches
finds()
{
	vhx -j doctor >"$tmp/out"
	out=$(cat "$tmp/out")
	json "any(.verdict == \"$1\" and .check == \"$2\" and (.found | test(\"$3\")))" \
		"doctor: $2 is $1: $3"
}

# event NAME: monitor has told of it
event()
{
	until_true 30 grep -q "\"event\":\"$1\"" "$tmp/events"
	ok $? "monitor: $1" || diag "$(cat "$tmp/events")"
}

tell()
{
	said=$(wc -l <"$tmp/host.out")
	echo "$1" >&8
	until_true 20 sh -c "[ \$(wc -l <'$tmp/host.out') -gt $said ]"
	is "$(tail -n 1 "$tmp/host.out")" "done" "the guest: $1"
}

is "$(cat $param)" 30 "30 seconds by default"
refuse "two days are too long" sh -c "echo 172800 >$param"
disk d1 1M
configure "[scsi $wwpn]" "lun.0 = $tmp/d1"
begin "vhxd serves"
mkfifo "$tmp/host.in"
build/selftests/cli/host hold "$wwpn" <"$tmp/host.in" >"$tmp/host.out" 2>&1 &
host=$!
exec 8>"$tmp/host.in"
at_exit "exec 8>&-; wait $host"
until_true 10 grep -q ready "$tmp/host.out" || bail "no guest: $(cat "$tmp/host.out")"
tell 'read 4'
finds ok agent "vhxd .* is live, for 1 endpoints"

vhx -j monitor >"$tmp/events" 2>&1 8>&- &
monitor=$!
vhx monitor >"$tmp/text" 2>&1 8>&- &
text=$!
at_exit "kill $monitor $text"
# Nothing says that they listen.
sleep 1
echo 1 >$param
kill -STOP "$pid"
tell 'post 4'
event agent_stalled
out=$(grep agent_stalled "$tmp/events" | head -n 1)
json ".agent == \"vhxd\" and .agent_id > 0 and .endpoint == \"$wwpn\" and (.reason | test(\"^4 not fetched, 0 not answered\"))" \
	"it says who, for whom, and what"
until_true 10 grep -q 'agent_stalled  agent vhxd' "$tmp/text"
ok $? "as text" || diag "$(cat "$tmp/text")"
rc 0 "the list" vhx -j agent list
json '.[0].state == "stalled"' "has it as stalled"
rc 0 "show" vhx -j agent show vhxd
json '([.queue_list[].unfetched] | add) == 4' "says how many"
rc 1 "doctor" vhx -j doctor
json 'any(.check == "agent" and .verdict == "bad" and (.mend | test("kill -9 [0-9]+")))' "names the command"

kill -9 "$pid"
wait "$pid" 2>/dev/null
pid=
event agent_gone
event agent_fenced
finds bad endpoint "no agent serves $wwpn"
begin "the next one" 8>&-
tell wait
finds ok agent "vhxd .* is live"
exec 8>&-
wait "$host"
is $? 0 "the guest ends well"

plan
