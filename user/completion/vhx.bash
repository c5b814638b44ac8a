# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Completion for vhx. Objects and verbs are what `vhx help` knows, NICs,
# policies, disks and devices are those that are there; so nothing here can be out of date.

# The objects, or the verbs of object $1.
_vhx_verbs()
{
	vhx help --json 2>/dev/null | tr '{' '\n' |
		sed -n 's/.*"object": *"\([a-z]*\)", *"verb": *"\{0,1\}\([a-z]*\).*/\1 \2/p' |
		awk -v object="${1-}" '
			object == "" && !seen[$1]++ { print $1 }
			object != "" && $1 == object && $2 != "null" { print $2 }'
}

# Names of NICs (nic), policies (policy), SCSI hosts (scsi) or agents (agent).
_vhx_names()
{
	vhx --quiet "$1" list 2>/dev/null | awk 'NR > 1 { print $2 }'
}

# CIDs of guests.
_vhx_cids()
{
	vhx --quiet vsock list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# Devices of the vDPA bus, by name.
_vhx_vdpas()
{
	vhx --quiet vdpa list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

_vhx_routes()
{
	vhx --quiet vsock route 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# Words behind `vsock route add`, where $1 is the one before.
_vhx_route_words()
{
	case $1 in
	from | to) echo any host guests; _vhx_cids ;;
	type) echo stream seqpacket ;;
	pref | port) ;;
	*) echo pref from to port type host sibling agent reject ;;
	esac
}

_vhx_limits()
{
	vhx vsock limit --help 2>/dev/null | sed -n 's/^ *\([a-z][a-z-]*\): .*(.*).*/\1/p'
}

_vhx_endpoints()
{
	vhx --quiet endpoint list 2>/dev/null | awk 'NR > 1 { print $1 }'
}

# Targets of disks, or the places of those of target $1.
_vhx_disks()
{
	vhx --quiet disk list 2>/dev/null | awk -v target="${1-}" '
		NR > 1 && target == "" && !seen[$1]++ { print $1 }
		NR > 1 && $1 == target { print $2 ? $2 "." $3 : $3 }'
}

# Policies that ship with vhx, by their bare names.
_vhx_objects()
{
	local dir file

	for dir in "${VHX_BPF_DIR:-}" build/bpf /usr/local/lib/vhx/bpf /usr/lib/vhx/bpf; do
		[ -n "$dir" ] || continue
		for file in "$dir"/*.bpf.o; do
			[ -e "$file" ] || continue
			file=${file##*/}
			[ "$file" = tap_shim.bpf.o ] || echo "${file%.bpf.o}"
		done
	done
}

# The knobs of object file $1, each with a "=" behind it.
_vhx_knobs()
{
	[ -n "$1" ] || return
	vhx policy show --file "$1" 2>/dev/null |
		awk '/^KNOB/ { on = 1; next } on && NF { print $1 "=" }'
}

_vhx_options()
{
	vhx "$@" --help 2>/dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u
}

# Candidates for argument number $3 of verb "$1 $2"; $4 is the first, $5 the one before.
_vhx_arguments()
{
	case "$1 $2 $3" in
	'nic show 1' | 'nic open 1' | 'nic set 1' | 'policy shim 1' | stats*)
		_vhx_names nic
		;;
	'scsi show 1' | 'scsi stats 1')
		_vhx_names scsi
		;;
	'vsock show 1' | 'vsock stats 1')
		_vhx_cids
		;;
	'vdpa show 1' | 'vdpa stats 1')
		_vhx_vdpas
		;;
	'vsock route 1')
		echo list add remove flush
		;;
	'vsock limit 1')
		echo list set remove
		;;
	'vsock route 2')
		case ${4-} in
		add) _vhx_route_words add ;;
		remove) _vhx_routes ;;
		esac
		;;
	'vsock route '*)
		_vhx_route_words "$5"
		;;
	'vsock limit 2')
		_vhx_cids
		echo default
		;;
	'vsock limit '*)
		[ $(($3 % 2)) = 0 ] || _vhx_limits
		;;
	'agent show 1' | 'agent stats 1')
		_vhx_names agent
		;;
	'endpoint show 1')
		_vhx_endpoints
		;;
	'nic set 2')
		echo poll-us
		;;
	'policy shim 2')
		echo on off
		;;
	disk*1)
		_vhx_disks
		;;
	'disk show 2' | 'disk remove 2' | 'disk resize 2')
		_vhx_disks "${4-}"
		;;
	'policy show 1')
		_vhx_names policy
		_vhx_objects
		;;
	'policy detach 1' | 'policy eject 1' | 'policy replace 1')
		_vhx_names policy
		;;
	'policy load 1' | 'policy replace 2' | 'policy test 1')
		_vhx_objects
		;;
	esac
}

# True where argument number $3 of verb "$1 $2" may be a file.
_vhx_takes_file()
{
	case "$1 $2 $3" in
	'policy show 1' | 'policy load 1' | 'policy replace 2' | 'policy test 1' | 'policy test 2' | 'disk add 3')
		return 0
		;;
	esac
	return 1
}

_vhx()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local word plain=() i

	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		-*) ;;
		*) plain+=("$word") ;;
		esac
	done
	COMPREPLY=()

	case $prev in
	--nic)
		mapfile -t COMPREPLY < <(compgen -W "$(_vhx_names nic)" -- "$cur")
		return
		;;
	--set)
		compopt -o nospace
		mapfile -t COMPREPLY < <(compgen -W "$(_vhx_knobs "${plain[2]-}")" -- "$cur")
		return
		;;
	--without)
		mapfile -t COMPREPLY < <(compgen -W "rx tx batch nic_attach nic_detach nic_config exit" -- "$cur")
		return
		;;
	--object-dir)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--vectors | --node)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	esac

	if [[ $cur == -* ]]; then
		word=$(_vhx_options "${plain[@]:0:2}")
	elif ((${#plain[@]} == 0)); then
		word="$(_vhx_verbs) help"
	elif ((${#plain[@]} == 1)) && [ -n "$(_vhx_verbs "${plain[0]}")" ]; then
		word=$(_vhx_verbs "${plain[0]}")
	elif [ "${plain[0]}" = help ]; then
		word=$(_vhx_verbs)
	else
		word=$(_vhx_arguments "${plain[0]}" "${plain[1]-}" $((${#plain[@]} - 1)) "${plain[2]-}" "$prev")
		if _vhx_takes_file "${plain[0]}" "${plain[1]-}" $((${#plain[@]} - 1)); then
			compopt -o filenames
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
	fi
	mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W "$word" -- "$cur")
}

complete -F _vhx vhx
