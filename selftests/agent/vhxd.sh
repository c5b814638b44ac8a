# shellcheck shell=sh disable=SC2034 # for who sources it
# SPDX-License-Identifier: GPL-2.0-only
#
# For tests of vhxd: one with a configuration, a socket and disks of its own.
# Sourced in place of ../cli/lib.sh, which it sources.

. "$(dirname "$0")/../cli/lib.sh"

export VHXD_SOCKET="$tmp/vhxd.sock"
conf=$tmp/vhxd.conf
wwpn=naa.5001405$(printf %09x $$)
pid=
guest=
under=				# what vhxd is started by

# disk NAME SIZE: an image
disk()
{
	truncate -s "$2" "$tmp/$1"
}

# configure [LINE...]: the configuration, with these lines behind what all have
configure()
{
	{
		printf '[vhxd]\nstate_dir = %s/state\nsocket = %s\n' "$tmp" "$VHXD_SOCKET"
		for line; do
			printf '%s\n' "$line"
		done
	} >"$conf"
}

answers()
{
	vhx -q disk list >/dev/null 2>&1
}

# begin NAME: start vhxd and wait until it answers. Not by run: that is a subshell.
begin()
{
	# Not with the guest's ends: it would not see that they are closed.
	$under vhxd --foreground --config "$conf" >"$tmp/log" 2>&1 6>&- 7<&- &
	pid=$!
	until_true 20 answers
	ok $? "$1" || diag "vhxd does not answer: $(cat "$tmp/log")"
}

# end SIGNAL: and wait; $status is how it ended
end()
{
	kill "-$1" "$pid"
	wait "$pid"
	status=$?
	pid=
}

# disks FILTER NAME: jq's FILTER of what is served is true
disks()
{
	out=$(vhx -j disk list)
	json "$1" "$2"
}

# guest_begin: a guest at the target (tools/guest.c); guest_end
guest_begin()
{
	rm -f "$tmp/guest.in" "$tmp/guest.out"
	mkfifo "$tmp/guest.in" "$tmp/guest.out"
	build/selftests/agent/tools/guest "$wwpn" <"$tmp/guest.in" >"$tmp/guest.out" 2>"$tmp/guest.err" &
	guest=$!
	exec 6>"$tmp/guest.in" 7<"$tmp/guest.out"
	read -r said <&7 || bail "no guest: $(cat "$tmp/guest.err")"
}

guest_end()
{
	exec 6>&- 7<&-
	wait "$guest"
	guest=
}

# ask COMMAND...: what the guest says, into $said
ask()
{
	echo "$*" >&6
	said=
	read -r said <&7 || said="nothing more"
}

# guest ANSWER NAME COMMAND...: the guest's answer is this one
guest()
{
	wanted=$1
	name=$2
	shift 2
	ask "$@"
	is "$said" "$wanted" "$name"
}

kill_it()
{
	[ -z "$pid" ] || kill -9 "$pid"
	[ -z "$guest" ] || kill -9 "$guest"
}
at_exit kill_it
