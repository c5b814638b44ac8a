# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# TAP from a shell, as selftests/lib/tap.h does it from C. Sourced:
#
#	. "$(dirname "$0")/../lib/tap.sh"
#	at_exit 'ip link del vhxt0'
#	run "the tap is made" ip tuntap add vhxt0 mode tap
#	[ -e /dev/vhx-net ] || skip "a packet passes" "no /dev/vhx-net"
#	plan
#
# It needs neither set -e nor bash.

tap_results=0
tap_failures=0
tap_undo=

# ok CONDITION-STATUS NAME: [ "$a" = "$b" ]; ok $? "a is b"
ok()
{
	tap_results=$((tap_results + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_results - $2"
	else
		tap_failures=$((tap_failures + 1))
		echo "not ok $tap_results - $2"
	fi
	return "$1"
}

pass()
{
	ok 0 "$1"
}

# fail NAME [WHY]
fail()
{
	ok 1 "$1" || :
	[ -z "${2:-}" ] || diag "$2"
}

# is GOT WANTED NAME
is()
{
	if [ "$1" = "$2" ]; then
		ok 0 "$3"
	else
		fail "$3" "got '$1', wanted '$2'"
	fi
}

# run NAME CMD...: CMD succeeds; what it said is shown if it does not
run()
{
	tap_name=$1
	shift
	if tap_said=$("$@" 2>&1); then
		ok 0 "$tap_name"
	else
		tap_status=$?
		fail "$tap_name" "exit status $tap_status: $*
$tap_said"
	fi
}

# refuse NAME CMD...: CMD fails
refuse()
{
	tap_name=$1
	shift
	if tap_said=$("$@" 2>&1); then
		fail "$tap_name" "succeeded, and should not have: $*
$tap_said"
	else
		ok 0 "$tap_name"
	fi
}

# skip NAME REASON
skip()
{
	tap_results=$((tap_results + 1))
	echo "ok $tap_results - $1 # SKIP $2"
}

# skip_all REASON: nothing here can run
skip_all()
{
	echo "1..0 # SKIP $1"
	exit 0
}

# bail WHY: the rest makes no sense
bail()
{
	echo "Bail out! $1"
	exit 1
}

# A line for the reader, or several.
diag()
{
	printf '%s\n' "$*" | sed 's/^/# /'
}

# at_exit CMD: undo, last first, however the test ends
at_exit()
{
	tap_undo="$1
$tap_undo"
}

tap_cleanup()
{
	tap_status=$?
	trap - EXIT
	eval "$tap_undo" >/dev/null 2>&1
	exit "$tap_status"
}
trap tap_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# plan: the last line of a test
plan()
{
	echo "1..$tap_results"
	[ "$tap_failures" = 0 ]
	exit
}

# until_true SECONDS CMD...: wait for what comes soon
until_true()
{
	left=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.1
	done
}
