# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What setup, run and enter share. The caller is a script of tools/vm that has
# set -eu; after this file it knows where the project and the cache are.

VM_DIR=$(cd "$(dirname "$0")" && pwd)
SRC=$(cd "$VM_DIR/../.." && pwd)
CACHE=${VHX_CACHE:-/var/cache/vhx}
ROOT=$CACHE/root

say()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die()
{
	say "$*"
	exit 1
}

# Mounts made below must not be seen by, nor outlive in, the host: run the
# calling script again in a mount namespace of its own.
own_mounts()
{
	if [ "${VHX_OWN_MOUNTS:-}" = yes ]; then
		unset VHX_OWN_MOUNTS
		# What somebody else mounted into the root is not part of it.
		sed -n "s|^[^ ]* \($ROOT/[^ ]*\) .*|\1|p" /proc/mounts |
			sort -r | xargs -r umount -l
		return
	fi
	[ "$(id -u)" = 0 ] || die "must be run as root: it mounts and chroots"
	VHX_OWN_MOUNTS=yes exec unshare --mount --propagation private -- "$0" "$@"
}

# The project at /src and the cache at /var/cache/vhx of the root.
mount_project()
{
	mount --bind "$SRC" "$ROOT/src"
	mount --bind "$CACHE" "$ROOT/var/cache/vhx"
}

# Kernel file systems below root $1.
mount_kernel_fs()
{
	mount -t proc proc "$1/proc"
	mount -t sysfs -o ro sysfs "$1/sys"
	mount --rbind /dev "$1/dev"
}

# CMD in root $1, with none of the caller's environment: no proxy, no locale,
# no MAKEFLAGS reaches a build by accident.
in_root()
{
	in_root_dir=$1
	shift
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		TERM="${TERM:-dumb}" DEBIAN_FRONTEND=noninteractive \
		chroot "$in_root_dir" "$@"
}
