#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# time-limit: 300, dealt to: one
#
# The agent in docs/agent.md is whole: it compiles without a warning, serves a
# guest, is killed with requests under way, and followed by the next.
. "$(dirname "$0")/vhxd.sh"
# A guest that died is found by what it does not say.
trap : PIPE

awk '/^```c/ { on = 1; next } /^```/ { on = 0 } on' docs/agent.md >"$tmp/agent.c"
run "it compiles" gcc -std=gnu11 -O2 -Wall -Wextra -Wshadow -Werror -Iinclude/uapi "$tmp/agent.c" \
	-o "$tmp/agent" -luring

agent=
# state WANT: the endpoint's, at last
state()
{
	until_true 20 sh -c "vhx -j endpoint show $wwpn | jq -e '.state == \"$1\"'"
	ok $? "the endpoint is $1" || diag "$(vhx -j endpoint list)"
}

begin_agent()
{
	"$tmp/agent" "$wwpn" "$tmp/d1" 2>"$tmp/log" 8>&- &
	agent=$!
}

end_agent()
{
	[ -z "$agent" ] || kill "-$1" "$agent" 2>/dev/null
	wait "$agent"
	status=$?
	agent=
}
at_exit 'end_agent KILL'

# tell LINE: the guest does it
tell()
{
	said=$(wc -l <"$tmp/host.out")
	echo "$1" >&8
	until_true 20 sh -c "[ \$(wc -l <'$tmp/host.out') -gt $said ]"
	is "$(tail -n 1 "$tmp/host.out")" "done" "the guest: $1"
}

disk d1 1M
begin_agent
state served
mkfifo "$tmp/host.in"
build/selftests/cli/host hold "$wwpn" <"$tmp/host.in" >"$tmp/host.out" 2>&1 &
host=$!
exec 8>"$tmp/host.in"
at_exit "exec 8>&-; wait $host"
until_true 10 grep -q ready "$tmp/host.out" || bail "no guest: $(cat "$tmp/host.out")"
state live
tell 'read 8'
tell 'write as the guest wrote it'
run "it is in the file" grep -q 'as the guest wrote it' "$tmp/d1"
tell reset

# Stopped, it has a FETCH parked: what is asked for now is its when it goes on, or the next one's.
kill -STOP "$agent"
tell 'post 8'
end_agent KILL
state waiting
begin_agent
state live
tell wait
rc 0 "what the next one got" vhx -j agent stats agent
json '([.[].stats.committed] | add) >= 8 and ([.[].stats.refused] | add) == 0' "it answered"

# An upgrade: the old one is drained and ends well, the new one has waited for that.
"$tmp/agent" "$wwpn" "$tmp/d1" 2>"$tmp/log2" 8>&- &
next=$!
end_agent TERM
is "$status" 0 "SIGTERM: it is drained and ends with 0"
agent=$next
state live
tell 'write the new one'
run "in the same file" grep -q 'the new one' "$tmp/d1"
end_agent KILL
is "$(cat "$tmp/log" "$tmp/log2")" "" "none of them complained"
exec 8>&-
wait "$host"
is $? 0 "the guest ends well"

plan
