#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# time-limit: 300, dealt to: one
#
# What is installed works: a program links libvhx by pkg-config and runs, the
# man page tells of every verb, option and counter, completion completes.
. "$(dirname "$0")/lib.sh"
own_netns "$@"
no_policies
at_exit no_policies

root=$tmp/root
prefix=$root/usr/local
run "install" make -s -C user install DESTDIR="$root"
for file in sbin/vhx sbin/vhxd lib/libvhx.so.0 lib/libvhx.so lib/libvhx.a lib/pkgconfig/libvhx.pc \
	include/libvhx.h include/linux/vhx.h include/linux/vhx_agent.h share/man/man8/vhx.8 \
	share/man/man8/vhxd.8 share/man/man5/vhxd.conf.5 lib/systemd/system/vhxd.service \
	share/vhx/vhxd.conf.example \
	share/bash-completion/completions/vhx; do
	run "$file is installed" test -e "$prefix/$file"
done

cat >"$tmp/prog.c" <<'END'
#include <libvhx.h>

static int tell(const struct vhx_nic_info *nic, void *arg)
{
	(void)arg;
	printf("%s %u\n", nic->name, nic->queues);
	return 0;
}

int main(void)
{
	struct vhx_nl *nl;
	int err = vhx_nl__open(&nl);

	if (err)
		return 1;
	err = vhx_nic__each(nl, tell, NULL);
	vhx_nl__close(nl);
	return err != 0;
}
END
flags=$(PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$prefix/lib/pkgconfig \
	PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1 PKG_CONFIG_ALLOW_SYSTEM_LIBS=1 \
	pkg-config --cflags --libs libvhx)
# shellcheck disable=SC2086 # flags
run "a program links it" gcc -Wall -Wextra -Werror "$tmp/prog.c" -o "$tmp/prog" $flags
hold_nic vt0 2
is "$(LD_LIBRARY_PATH=$prefix/lib "$tmp/prog")" "vt0 2" "and walks NICs"

nm -D --defined-only "$prefix/lib/libvhx.so.0" | awk '$2 == "T" { print $3 }' >"$tmp/syms"
is "$(grep -cv '^vhx_[a-z_]*__[a-z_]*@@VHX_0.1$' "$tmp/syms")" 0 \
	"every exported name is vhx_object__verb, of version VHX_0.1"
sed 's/@@.*//' "$tmp/syms" | while read -r name; do
	grep -q "$name(" user/lib/libvhx.h || echo "$name"
done >"$tmp/undeclared"
is "$(cat "$tmp/undeclared")" "" "every exported name is in libvhx.h"

### man page

man=build/user/vhx.8
sed 's/\\-/-/g; s/\\f[BIRP]//g' $man >"$tmp/man"
for counter in $(vhx -j stats vt0 | jq -r '.[0].stats | keys[]'); do
	grep -qx "\.B $counter" "$tmp/man"
	ok $? "man: counter $counter"
done
for counter in bad_target aborted fetched unanswered; do
	grep -qx "\.B $counter" "$tmp/man"
	ok $? "man: counter $counter, of hosts or agents"
done
vhx help -j | jq -r '.[] | .object + " " + (.verb // "")' | sed 's/ $//' >"$tmp/verbs"
while read -r verb; do
	grep -q "vhx $verb\|vhx monitor | $verb\|| $verb\( |\|$\)" "$tmp/man"
	ok $? "man: vhx $verb"
	# shellcheck disable=SC2086
	for option in $(vhx $verb --help </dev/null | grep -o -- '--[a-z][a-z-]*' | sort -u); do
		[ "$option" = --usage ] && continue
		grep -q -- "$option" "$tmp/man" || fail "man: $option of vhx $verb"
	done
done <"$tmp/verbs"
for code in 0 1 2 3 4 5 130; do
	grep -q "^$code  *[a-z]" "$tmp/man"
	ok $? "man: exit code $code"
done

### completion

cat >"$tmp/complete" <<'END'
. user/completion/vhx.bash
compopt() { :; }
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_vhx
printf '%s ' "${COMPREPLY[@]}"
END

# completes WANTED WORD...: the last word is being written
completes()
{
	want=$1
	shift
	got=$(bash "$tmp/complete" vhx "$@")
	case " $got" in
	*" $want "*) pass "completion: vhx $* => $want" ;;
	*) fail "completion: vhx $* => $want" "got: $got" ;;
	esac
}

vhx -q policy load flow_hash --nic vt0
completes policy p
completes doctor ''
completes replace policy re
completes resize disk re
completes vt0 nic show v
completes vt0 stats ''
completes flow_hash policy detach ''
completes flow_pin policy load flow
completes learn= policy load flow_pin --set ''
completes --keep-maps policy replace --k
completes vt0 policy load flow_pin --nic ''
completes off policy shim vt0 o
while read -r object verb; do
	[ -z "$verb" ] || completes "$verb" "$object" "$verb"
done <"$tmp/verbs"

plan
