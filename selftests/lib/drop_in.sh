# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What tests of drop_in=1 need, whichever module is in whose place. Sourced behind tap.sh, with
#
#	ours=vhx_net theirs=vhost_net node=/dev/vhost-net
#
# and undone by drop_in_restore, at_exit.

dir=build/$(uname -r)
conf=/etc/modprobe.d/vhx-drop-in.conf
modules=/lib/modules/$(uname -r)
few=/tmp/vhx-drop-in

# Who is built in, or not there, cannot be once loaded and once not.
# shellcheck disable=SC2154 # theirs is set by who sources this
modprobe -C /dev/null --show-depends "$theirs" 2>/dev/null | grep -q "^insmod .*/$theirs\.ko" ||
	skip_all "$theirs is no module of this kernel"

loaded()
{
	[ -d "/sys/module/$1" ]
}

# shellcheck disable=SC2154,SC2317 # set by who sources this, called by at_exit
drop_in_restore()
{
	rm -f "$conf"
	umount "$modules" 2>/dev/null
	rm -rf "$few"
	rmmod "$theirs" 2>/dev/null
	if loaded "$ours" && [ "$(cat "/sys/module/$ours/parameters/drop_in")" != N ]; then
		rmmod "$ours"
	fi
	for module in vhx vhx_net vhx_scsi "$ours"; do
		loaded "$module" || insmod "$dir/$module.ko"
	done
}

# install_modules NEEDED...: vhx installed beside what it is about, in the place of the
# machine's modules: a depmod of all of those takes a minute. What is built in needs no file.
# shellcheck disable=SC2317 # called by run
install_modules()
{
	mkdir -p "$few$modules" &&
	cp "$modules"/modules.builtin* "$modules/modules.order" "$dir"/vhx*.ko "$few$modules/" &&
	modprobe -C /dev/null -a --show-depends "$@" | awk '$1 == "insmod" { print $2 }' | sort -u |
		xargs cp -t "$few$modules" &&
	depmod -b "$few" "$(uname -r)" &&
	mount --bind "$few$modules" "$modules"
}

# Who has the node: the module with one more user while it is open
# shellcheck disable=SC2154 # node is set by who sources this
holder()
{
	(
		exec 3<"$node" || exit
		for module in "$ours" "$theirs"; do
			loaded "$module" && [ "$(cat "/sys/module/$module/refcnt")" -gt 0 ] &&
				echo "$module"
		done
	) 2>/dev/null
}

# Lines of ours in the kernel log that say why
complaints()
{
	dmesg | grep -c "$ours: drop_in=1, but another module holds $node: rmmod $theirs"
}
