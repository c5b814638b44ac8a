// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every ioctl of a vhost-net fd with every wrong argument: one line a case, the errno is
 * in-tree's. The same table runs on /dev/vhost-net, which proves it; where vhx differs, the line
 * says so behind VHX(), with the reason beside it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest.h"
#include "netdrv.h"
#include "nettap.h"
#include "tap.h"

#define NUM		64
#define UNKNOWN		_IO(VHOST_VIRTIO, 0xee)

/* How far a VMM has come with the fd. */
enum state {
	OPENED,			/* no owner */
	OWNED,			/* owner, nothing else */
	READY,			/* rings set up, no backend */
	RUNNING,		/* with a tap */
	FORKED,			/* RUNNING, and the call comes from a child of the owner */
};

/* What the ioctl's argument points to. */
enum kind {
	NONE,			/* nothing: NULL */
	BADPTR,			/* any of bad_pointers(): all have to give the same errno */
	U64,			/* a */
	U8,			/* a */
	INT,			/* a kind of fd: a */
	STATE,			/* vhost_vring_state { a, b } */
	FILE_,			/* vhost_vring_file { a, a kind of fd: b } */
	ADDR,			/* vhost_vring_addr of ring a, spoilt as enum spoilt b says */
	MEM,			/* a memory table spoilt as enum table a says */
	FARRAY,			/* a features array of a words, word b set to 1 */
	FHIGH,			/* a features array: F_MODERN, a, and b words of zero */
};

enum fd_kind {
	FD_NONE, FD_MINUS2, FD_CLOSED, FD_HUGE, FD_FILE, FD_OPATH, FD_DIR, FD_PIPE, FD_EVENT,
	FD_TIMER, FD_EPOLL, FD_MEMFD, FD_UNIX, FD_UDP, FD_RAWIP, FD_PKT_DGRAM, FD_PKT, FD_SELF,
	FD_TAP, FD_NR,
};

enum spoilt {
	GOOD, FLAG_LOG, FLAG_2, FLAG_HIGH, AVAIL_ODD, USED_2, LOG_2, DESC_ODD,
	DESC_KERNEL, AVAIL_KERNEL, USED_KERNEL, ALL_ZERO,
};

enum table {
	T_GOOD, T_EMPTY, T_PADDING, T_MAX, T_TOO_MANY, T_HUGE, T_SIZE0, T_GPA_WRAP, T_UADDR_WRAP,
	T_KERNEL, T_OVERLAP, T_SAME, T_SHORT_COPY, T_UNALIGNED, T_FLAGS, T_LAST_BYTE,
};

struct row {
	enum state state;
	unsigned long cmd;
	enum kind kind;
	uint64_t a, b;
	int err;		/* in-tree's answer, 0 for success */
	int vhx_err;		/* vhx's, where has_vhx */
	bool has_vhx;
	bool newer;		/* in-tree has it from 7.x on; before, the row says nothing */
	bool tunnel;		/* EOPNOTSUPP where the kernel's tun segments no tunnels */
	const char *text;	/* the line as it stands below */
	const char *what;	/* what is remarkable about it */
};

#define C(state_, cmd_, kind_, a_, b_, err_, ...) \
	{ .state = (state_), .cmd = VHOST_##cmd_, .kind = (kind_), .a = (a_), .b = (b_), \
	  .err = (err_), .text = #cmd_ " " #kind_ " " #a_ " " #b_, __VA_ARGS__ }
#define VHX(e)		.vhx_err = e, .has_vhx = true
#define FROM_7		.newer = true
#define TUNNEL		.newer = true, .tunnel = true

#define F_LOG		BIT64(VHOST_F_LOG_ALL)

#define VHOST_UNKNOWN	UNKNOWN

static const struct row rows[] = {
	/* Bad pointers, everywhere. */
	C(OPENED,  GET_FEATURES, BADPTR, 0, 0, EFAULT),
	C(OPENED,  SET_FEATURES, BADPTR, 0, 0, EFAULT),
	C(OPENED,  GET_FEATURES_ARRAY, BADPTR, 0, 0, EFAULT, FROM_7),
	C(OPENED,  SET_FEATURES_ARRAY, BADPTR, 0, 0, EFAULT, FROM_7),
	C(OPENED,  GET_BACKEND_FEATURES, BADPTR, 0, 0, EFAULT),
	C(OPENED,  SET_BACKEND_FEATURES, BADPTR, 0, 0, EFAULT),
	C(OPENED,  NET_SET_BACKEND, BADPTR, 0, 0, EFAULT),
	C(OWNED,   SET_MEM_TABLE, BADPTR, 0, 0, EFAULT),
	C(OWNED,   SET_LOG_BASE, BADPTR, 0, 0, EFAULT),
	C(OWNED,   SET_LOG_FD, BADPTR, 0, 0, EFAULT),
	C(OWNED,   SET_VRING_NUM, BADPTR, 0, 0, EFAULT),
	C(OWNED,   SET_VRING_ADDR, BADPTR, 0, 0, EFAULT),
	C(OWNED,   SET_VRING_BASE, BADPTR, 0, 0, EFAULT),
	C(OWNED,   GET_VRING_BASE, BADPTR, 0, 0, EFAULT),
	C(OWNED,   SET_VRING_KICK, BADPTR, 0, 0, EFAULT),
	C(OWNED,   SET_VRING_CALL, BADPTR, 0, 0, EFAULT),
	C(OWNED,   SET_VRING_ERR, BADPTR, 0, 0, EFAULT),
	C(OWNED,   SET_VRING_ENDIAN, BADPTR, 0, 0, EFAULT),
	C(OWNED,   GET_VRING_ENDIAN, BADPTR, 0, 0, EFAULT),
	C(OWNED,   SET_VRING_BUSYLOOP_TIMEOUT, BADPTR, 0, 0, EFAULT),
	C(OWNED,   GET_VRING_BUSYLOOP_TIMEOUT, BADPTR, 0, 0, EFAULT),
	C(OWNED,   NET_SET_BACKEND, BADPTR, 0, 0, EFAULT),
	C(RUNNING, SET_MEM_TABLE, BADPTR, 0, 0, EFAULT),
	C(RUNNING, SET_VRING_ADDR, BADPTR, 0, 0, EFAULT),
	C(RUNNING, SET_VRING_KICK, BADPTR, 0, 0, EFAULT),
	C(RUNNING, SET_VRING_CALL, BADPTR, 0, 0, EFAULT),
	C(RUNNING, NET_SET_BACKEND, BADPTR, 0, 0, EFAULT),

	/* Before there is an owner. */
	C(OPENED,  RESET_OWNER, NONE, 0, 0, EPERM),
	C(OPENED,  SET_MEM_TABLE, MEM, T_GOOD, 0, EPERM),
	C(OPENED,  SET_MEM_TABLE, BADPTR, 0, 0, EPERM),
	C(OPENED,  SET_LOG_BASE, U64, 0, 0, EPERM),
	C(OPENED,  SET_LOG_FD, INT, FD_NONE, 0, EPERM),
	C(OPENED,  SET_VRING_NUM, STATE, 0, NUM, EPERM),
	C(OPENED,  SET_VRING_NUM, STATE, 2, NUM, EPERM),
	C(OPENED,  SET_VRING_ADDR, ADDR, 0, GOOD, EPERM),
	C(OPENED,  SET_VRING_BASE, STATE, 0, 0, EPERM),
	C(OPENED,  GET_VRING_BASE, STATE, 0, 0, EPERM),
	C(OPENED,  SET_VRING_KICK, FILE_, 0, FD_EVENT, EPERM),
	C(OPENED,  SET_VRING_KICK, FILE_, 0, FD_CLOSED, EPERM),
	C(OPENED,  SET_VRING_CALL, FILE_, 0, FD_EVENT, EPERM),
	C(OPENED,  SET_VRING_ERR, FILE_, 0, FD_EVENT, EPERM),
	C(OPENED,  SET_VRING_ENDIAN, STATE, 0, 0, EPERM),
	C(OPENED,  GET_VRING_ENDIAN, STATE, 0, 0, EPERM),
	C(OPENED,  SET_VRING_BUSYLOOP_TIMEOUT, STATE, 0, 0, EPERM),
	C(OPENED,  GET_VRING_BUSYLOOP_TIMEOUT, STATE, 0, 0, EPERM),
	C(OPENED,  NET_SET_BACKEND, FILE_, 0, FD_NONE, EPERM),
	C(OPENED,  NET_SET_BACKEND, FILE_, 0, FD_TAP, EPERM),
	C(OPENED,  NET_SET_BACKEND, FILE_, 2, FD_TAP, EPERM),
	C(OPENED,  UNKNOWN, STATE, 0, 0, EPERM),
	C(OPENED,  UNKNOWN, BADPTR, 0, 0, EPERM),
	/* In-tree has these with vhost-scsi alone: there, errno are what vhx's are (workers.c). */
	C(OPENED,  NEW_WORKER, STATE, 0, 0, EPERM, VHX(EINVAL)),
	C(OPENED,  FREE_WORKER, STATE, 0, 0, EPERM, VHX(EINVAL)),
	C(OPENED,  ATTACH_VRING_WORKER, STATE, 0, 0, EPERM, VHX(EINVAL)),
	C(OPENED,  GET_VRING_WORKER, STATE, 0, 0, EPERM, VHX(EINVAL)),

	/* A child of the owner has the fd but not the memory. */
	C(FORKED,  SET_OWNER, NONE, 0, 0, EBUSY),
	C(FORKED,  RESET_OWNER, NONE, 0, 0, EPERM),
	C(FORKED,  SET_MEM_TABLE, MEM, T_GOOD, 0, EPERM),
	C(FORKED,  SET_LOG_BASE, U64, 0, 0, EPERM),
	C(FORKED,  SET_LOG_FD, INT, FD_NONE, 0, EPERM),
	C(FORKED,  SET_VRING_NUM, STATE, 0, NUM, EPERM),
	C(FORKED,  SET_VRING_ADDR, ADDR, 0, GOOD, EPERM),
	C(FORKED,  SET_VRING_BASE, STATE, 0, 0, EPERM),
	C(FORKED,  GET_VRING_BASE, STATE, 0, 0, EPERM),
	C(FORKED,  SET_VRING_KICK, FILE_, 0, FD_EVENT, EPERM),
	C(FORKED,  SET_VRING_CALL, FILE_, 0, FD_EVENT, EPERM),
	C(FORKED,  SET_VRING_ERR, FILE_, 0, FD_EVENT, EPERM),
	C(FORKED,  SET_VRING_BUSYLOOP_TIMEOUT, STATE, 0, 0, EPERM),
	C(FORKED,  GET_VRING_BUSYLOOP_TIMEOUT, STATE, 0, 0, EPERM),
	C(FORKED,  NET_SET_BACKEND, FILE_, 0, FD_NONE, EPERM),
	C(FORKED,  NET_SET_BACKEND, FILE_, 0, FD_TAP, EPERM),
	C(FORKED,  GET_FEATURES, U64, 0, 0, 0),
	C(FORKED,  GET_BACKEND_FEATURES, U64, 0, 0, 0),

	/* The owner. */
	C(OPENED,  SET_OWNER, NONE, 0, 0, 0),
	C(OWNED,   SET_OWNER, NONE, 0, 0, EBUSY),
	C(RUNNING, SET_OWNER, NONE, 0, 0, EBUSY),
	C(OWNED,   RESET_OWNER, NONE, 0, 0, 0),
	C(READY,   RESET_OWNER, NONE, 0, 0, 0),
	C(RUNNING, RESET_OWNER, NONE, 0, 0, 0),

	/* Whose child the worker is. */
	C(OPENED,  SET_FORK_FROM_OWNER, BADPTR, 0, 0, EFAULT),
	C(OPENED,  GET_FORK_FROM_OWNER, BADPTR, 0, 0, EFAULT),
	C(FORKED,  SET_FORK_FROM_OWNER, U8, 1, 0, EBUSY),
	C(FORKED,  GET_FORK_FROM_OWNER, U8, 0, 0, 0),
	C(OPENED,  GET_FORK_FROM_OWNER, U8, 0, 0, 0),
	C(OWNED,   GET_FORK_FROM_OWNER, BADPTR, 0, 0, EFAULT),
	C(OPENED,  SET_FORK_FROM_OWNER, U8, 0, 0, 0),
	C(OPENED,  SET_FORK_FROM_OWNER, U8, 1, 0, 0),
	C(OPENED,  SET_FORK_FROM_OWNER, U8, 2, 0, EINVAL),
	C(OPENED,  SET_FORK_FROM_OWNER, U8, 255, 0, EINVAL),
	C(OWNED,   SET_FORK_FROM_OWNER, U8, 1, 0, EBUSY),
	C(OWNED,   SET_FORK_FROM_OWNER, BADPTR, 0, 0, EBUSY),

	/* Features. */
	C(OPENED,  GET_FEATURES, U64, 0, 0, 0),
	C(OPENED,  SET_FEATURES, U64, 0, 0, 0),
	C(OPENED,  SET_FEATURES, U64, F_MODERN, 0, 0),
	C(OPENED,  SET_FEATURES, U64, F_V1, 0, 0),
	C(OPENED,  SET_FEATURES, U64, F_VHOST_HDR, 0, 0),
	C(OPENED,  SET_FEATURES, U64, BIT64(VIRTIO_F_NOTIFY_ON_EMPTY), 0, 0),
	C(OPENED,  SET_FEATURES, U64, BIT64(40), 0, 0, .what = "RING_RESET"),
	C(OPENED,  SET_FEATURES, U64, BIT64(0), 0, EOPNOTSUPP),
	C(OPENED,  SET_FEATURES, U64, BIT64(14), 0, EOPNOTSUPP),
	C(OPENED,  SET_FEATURES, U64, BIT64(63), 0, EOPNOTSUPP),
	C(OPENED,  SET_FEATURES, U64, ~0ULL, 0, EOPNOTSUPP),
	C(OPENED,  SET_FEATURES, U64, F_MODERN | BIT64(5), 0, EOPNOTSUPP),
	C(OPENED,  SET_FEATURES, U64, F_PACKED, 0, EOPNOTSUPP, VHX(0), .what = "RING_PACKED"),
	/* Another format under a running queue. */
	C(RUNNING, SET_FEATURES, U64, F_MODERN | F_PACKED, 0, EOPNOTSUPP, VHX(EBUSY)),
	C(OPENED,  SET_FEATURES, U64, F_MODERN | F_IN_ORDER, 0, 0, FROM_7, .what = "IN_ORDER"),
	C(RUNNING, SET_FEATURES, U64, F_MODERN | F_IN_ORDER, 0, 0, FROM_7, .what = "live"),
	C(RUNNING, SET_FEATURES, U64, F_MODERN, 0, 0, .what = "live"),
	C(RUNNING, SET_FEATURES, U64, F_MODERN | BIT64(5), 0, EOPNOTSUPP),
	C(OPENED,  SET_FEATURES, U64, F_LOG, 0, 0, .what = "LOG_ALL"),
	C(RUNNING, SET_FEATURES, U64, F_MODERN | F_LOG, 0, 0, .what = "LOG_ALL, live"),
	C(OPENED,  SET_FEATURES, U64, F_PLATFORM, 0, 0, .what = "ACCESS_PLATFORM"),
	C(RUNNING, SET_FEATURES, U64, F_PLATFORM, 0, 0, .what = "and that while it runs"),
	C(OPENED,  GET_FEATURES_ARRAY, FARRAY, 0, 9, 0, FROM_7),
	C(OPENED,  GET_FEATURES_ARRAY, FARRAY, 1, 9, 0, FROM_7),
	C(OPENED,  GET_FEATURES_ARRAY, FARRAY, 2, 9, 0, FROM_7),
	C(OPENED,  GET_FEATURES_ARRAY, FARRAY, 4, 9, 0, FROM_7),
	C(OPENED,  SET_FEATURES_ARRAY, FARRAY, 0, 9, 0, FROM_7),
	C(OPENED,  SET_FEATURES_ARRAY, FARRAY, 2, 9, 0, FROM_7),
	C(OPENED,  SET_FEATURES_ARRAY, FARRAY, 4, 9, 0, FROM_7),
	C(OPENED,  SET_FEATURES_ARRAY, FARRAY, 2, 0, EOPNOTSUPP, FROM_7),
	C(OPENED,  SET_FEATURES_ARRAY, FARRAY, 2, 1, EOPNOTSUPP, FROM_7),
	C(OPENED,  SET_FEATURES_ARRAY, FARRAY, 4, 3, EOPNOTSUPP, FROM_7),
	C(OPENED,  SET_FEATURES_ARRAY, FHIGH, 0, 0, 0, FROM_7),
	C(OPENED,  SET_FEATURES_ARRAY, FHIGH, F_GUEST_TUNNEL, 0, 0, TUNNEL),
	C(OPENED,  SET_FEATURES_ARRAY, FHIGH, F_HOST_TUNNEL, 0, 0, TUNNEL),
	C(OPENED,  SET_FEATURES_ARRAY, FHIGH, F_TUNNEL, 0, 0, TUNNEL),
	C(OPENED,  SET_FEATURES_ARRAY, FHIGH, F_TUNNEL, 6, 0, TUNNEL),
	C(RUNNING, SET_FEATURES_ARRAY, FHIGH, F_TUNNEL, 0, 0, TUNNEL, .what = "live"),
	/* The tunnel's checksum is between the guest and the tap. */
	C(OPENED,  SET_FEATURES_ARRAY, FHIGH, BIT64(66 - 64), 0, EOPNOTSUPP, FROM_7),
	C(OPENED,  SET_FEATURES_ARRAY, FHIGH, BIT64(68 - 64), 0, EOPNOTSUPP, FROM_7),
	C(OPENED,  SET_FEATURES_ARRAY, FHIGH, F_TUNNEL | BIT64(127 - 64), 0, EOPNOTSUPP, FROM_7),
	C(OPENED,  SET_FEATURES_ARRAY, FHIGH, ~0ULL, 0, EOPNOTSUPP, FROM_7),
	C(RUNNING, SET_FEATURES_ARRAY, FHIGH, BIT64(66 - 64), 0, EOPNOTSUPP, FROM_7),
	C(OPENED,  GET_BACKEND_FEATURES, U64, 0, 0, 0),
	C(OPENED,  SET_BACKEND_FEATURES, U64, 0, 0, 0),
	C(OPENED,  SET_BACKEND_FEATURES, U64, BIT64(0), 0, EOPNOTSUPP),
	C(OPENED,  SET_BACKEND_FEATURES, U64, BIT64(1), 0, 0, .what = "IOTLB_MSG_V2"),
	C(RUNNING, SET_BACKEND_FEATURES, U64, BIT64(1), 0, 0),
	C(OPENED,  SET_BACKEND_FEATURES, U64, BIT64(2), 0, EOPNOTSUPP),
	C(OPENED,  SET_BACKEND_FEATURES, U64, ~0ULL, 0, EOPNOTSUPP),

	/* Guest memory. */
	C(OWNED,   SET_MEM_TABLE, MEM, T_GOOD, 0, 0),
	C(OWNED,   SET_MEM_TABLE, MEM, T_EMPTY, 0, 0),
	C(OWNED,   SET_MEM_TABLE, MEM, T_PADDING, 0, EOPNOTSUPP),
	C(OWNED,   SET_MEM_TABLE, MEM, T_MAX, 0, 0, .what = "64 regions"),
	/* in-tree's default limit is 64, and QEMU reads the limit from its sysfs. */
	C(OWNED,   SET_MEM_TABLE, MEM, T_TOO_MANY, 65, E2BIG, VHX(0)),
	C(OWNED,   SET_MEM_TABLE, MEM, T_TOO_MANY, 509, E2BIG, VHX(0)),
	C(OWNED,   SET_MEM_TABLE, MEM, T_TOO_MANY, 510, E2BIG),
	C(OWNED,   SET_MEM_TABLE, MEM, T_HUGE, 0, E2BIG),
	C(OWNED,   SET_MEM_TABLE, MEM, T_SIZE0, 0, EFAULT),
	C(OWNED,   SET_MEM_TABLE, MEM, T_GPA_WRAP, 0, EFAULT),
	/* in-tree looks at user addresses once there is a backend; vhx at once. */
	C(OWNED,   SET_MEM_TABLE, MEM, T_UADDR_WRAP, 0, 0, VHX(EFAULT)),
	C(OWNED,   SET_MEM_TABLE, MEM, T_KERNEL, 0, 0, VHX(EFAULT)),
	C(RUNNING, SET_MEM_TABLE, MEM, T_UADDR_WRAP, 0, EFAULT),
	C(RUNNING, SET_MEM_TABLE, MEM, T_KERNEL, 0, EFAULT),
	C(OWNED,   SET_MEM_TABLE, MEM, T_SHORT_COPY, 0, EFAULT),
	C(OWNED,   SET_MEM_TABLE, MEM, T_UNALIGNED, 0, 0),
	C(OWNED,   SET_MEM_TABLE, MEM, T_FLAGS, 0, 0, .what = "flags_padding is not looked at"),
	C(OWNED,   SET_MEM_TABLE, MEM, T_LAST_BYTE, 0, 0, .what = "region ends at 2^64 - 1"),
	/* in-tree lets one of two overlapping regions win; in vhx no table means two things. */
	C(OWNED,   SET_MEM_TABLE, MEM, T_OVERLAP, 0, 0, VHX(EFAULT)),
	C(OWNED,   SET_MEM_TABLE, MEM, T_SAME, 0, 0, VHX(EFAULT)),
	C(RUNNING, SET_MEM_TABLE, MEM, T_GOOD, 0, 0, .what = "live"),
	C(RUNNING, SET_MEM_TABLE, MEM, T_EMPTY, 0, 0, .what = "live"),
	C(RUNNING, SET_MEM_TABLE, MEM, T_PADDING, 0, EOPNOTSUPP),
	C(RUNNING, SET_MEM_TABLE, MEM, T_SIZE0, 0, EFAULT),

	/* The log; core/dirty.c has what depends on LOG_ALL. */
	C(OWNED,   SET_LOG_BASE, U64, 0, 0, 0),
	C(OWNED,   SET_LOG_BASE, U64, 0xffff888000000000, 0, 0, .what = "checked when it is used"),
	C(RUNNING, SET_LOG_BASE, U64, 0, 0, 0),
	C(RUNNING, SET_LOG_BASE, U64, 0xffff888000000000, 0, 0, .what = "nothing is logged"),
	C(RUNNING, SET_LOG_BASE, BADPTR, 0, 0, EFAULT),
	C(OWNED,   SET_LOG_FD, INT, FD_NONE, 0, 0),
	C(OWNED,   SET_LOG_FD, INT, FD_EVENT, 0, 0),
	C(OWNED,   SET_LOG_FD, INT, FD_MINUS2, 0, EBADF),
	C(OWNED,   SET_LOG_FD, INT, FD_CLOSED, 0, EBADF),
	C(OWNED,   SET_LOG_FD, INT, FD_HUGE, 0, EBADF),
	C(OWNED,   SET_LOG_FD, INT, FD_FILE, 0, EINVAL),
	C(OWNED,   SET_LOG_FD, INT, FD_TAP, 0, EINVAL),
	C(RUNNING, SET_LOG_FD, INT, FD_EVENT, 0, 0, .what = "live"),
	C(RUNNING, SET_LOG_FD, INT, FD_NONE, 0, 0, .what = "live"),

	/* Ring size. */
	C(OWNED,   SET_VRING_NUM, STATE, 0, 1, 0),
	C(OWNED,   SET_VRING_NUM, STATE, 1, 2, 0),
	C(OWNED,   SET_VRING_NUM, STATE, 1, 1024, 0),
	C(OWNED,   SET_VRING_NUM, STATE, 1, 32768, 0),
	C(OWNED,   SET_VRING_NUM, STATE, 0, 0, EINVAL),
	C(OWNED,   SET_VRING_NUM, STATE, 0, 3, EINVAL),
	C(OWNED,   SET_VRING_NUM, STATE, 0, 255, EINVAL),
	C(OWNED,   SET_VRING_NUM, STATE, 0, 65535, EINVAL),
	C(OWNED,   SET_VRING_NUM, STATE, 0, 65536, EINVAL),
	C(OWNED,   SET_VRING_NUM, STATE, 0, 0x80000000, EINVAL),
	C(OWNED,   SET_VRING_NUM, STATE, 0, 0xffffffff, EINVAL),
	C(OWNED,   SET_VRING_NUM, STATE, 2, NUM, ENOBUFS),
	C(OWNED,   SET_VRING_NUM, STATE, 2, 0, ENOBUFS),
	C(OWNED,   SET_VRING_NUM, STATE, 0xffffffff, NUM, ENOBUFS),
	C(RUNNING, SET_VRING_NUM, STATE, 0, NUM, EBUSY),
	C(RUNNING, SET_VRING_NUM, STATE, 1, NUM, EBUSY),
	C(RUNNING, SET_VRING_NUM, STATE, 1, 0, EBUSY),

	/* Ring addresses. */
	C(OWNED,   SET_VRING_ADDR, ADDR, 0, GOOD, 0),
	C(OWNED,   SET_VRING_ADDR, ADDR, 1, GOOD, 0),
	C(OWNED,   SET_VRING_ADDR, ADDR, 2, GOOD, ENOBUFS),
	C(OWNED,   SET_VRING_ADDR, ADDR, 0, FLAG_LOG, 0),
	C(OWNED,   SET_VRING_ADDR, ADDR, 0, FLAG_2, EOPNOTSUPP),
	C(OWNED,   SET_VRING_ADDR, ADDR, 0, FLAG_HIGH, EOPNOTSUPP),
	C(OWNED,   SET_VRING_ADDR, ADDR, 0, AVAIL_ODD, EINVAL),
	C(OWNED,   SET_VRING_ADDR, ADDR, 0, USED_2, EINVAL),
	C(OWNED,   SET_VRING_ADDR, ADDR, 0, LOG_2, EINVAL),
	C(OWNED,   SET_VRING_ADDR, ADDR, 0, DESC_ODD, 0),
	C(OWNED,   SET_VRING_ADDR, ADDR, 0, DESC_KERNEL, 0, .what = "checked at start"),
	C(OWNED,   SET_VRING_ADDR, ADDR, 0, ALL_ZERO, 0),
	C(RUNNING, SET_VRING_ADDR, ADDR, 0, GOOD, 0, .what = "live, as for logging"),
	C(RUNNING, SET_VRING_ADDR, ADDR, 1, GOOD, 0, .what = "live, as for logging"),
	C(RUNNING, SET_VRING_ADDR, ADDR, 0, FLAG_LOG, 0, .what = "live"),
	C(RUNNING, SET_VRING_ADDR, ADDR, 0, FLAG_2, EOPNOTSUPP),
	C(RUNNING, SET_VRING_ADDR, ADDR, 0, AVAIL_ODD, EINVAL),
	C(RUNNING, SET_VRING_ADDR, ADDR, 0, DESC_KERNEL, EINVAL),
	C(RUNNING, SET_VRING_ADDR, ADDR, 1, AVAIL_KERNEL, EINVAL),
	C(RUNNING, SET_VRING_ADDR, ADDR, 1, USED_KERNEL, EINVAL),

	/* Ring position. */
	C(OWNED,   SET_VRING_BASE, STATE, 0, 0, 0),
	C(OWNED,   SET_VRING_BASE, STATE, 1, 0xffff, 0),
	C(OWNED,   SET_VRING_BASE, STATE, 0, 0x10000, EINVAL),
	C(OWNED,   SET_VRING_BASE, STATE, 0, 0xffffffff, EINVAL),
	C(OWNED,   SET_VRING_BASE, STATE, 2, 0, ENOBUFS),
	C(RUNNING, SET_VRING_BASE, STATE, 0, 0, EBUSY),
	C(RUNNING, SET_VRING_BASE, STATE, 1, 0x10000, EBUSY),
	C(OWNED,   GET_VRING_BASE, STATE, 0, 0, 0),
	C(OWNED,   GET_VRING_BASE, STATE, 1, 0, 0),
	C(OWNED,   GET_VRING_BASE, STATE, 2, 0, ENOBUFS),
	C(RUNNING, GET_VRING_BASE, STATE, 0, 0, 0),

	/* Eventfds: of every kind, for each of the three. */
#define EVENTFD(cmd) \
	C(OWNED,   cmd, FILE_, 0, FD_EVENT, 0), \
	C(OWNED,   cmd, FILE_, 1, FD_EVENT, 0), \
	C(OWNED,   cmd, FILE_, 0, FD_NONE, 0), \
	C(OWNED,   cmd, FILE_, 2, FD_EVENT, ENOBUFS), \
	C(OWNED,   cmd, FILE_, 2, FD_CLOSED, ENOBUFS), \
	C(OWNED,   cmd, FILE_, 0xffffffff, FD_NONE, ENOBUFS), \
	C(OWNED,   cmd, FILE_, 0, FD_MINUS2, EBADF), \
	C(OWNED,   cmd, FILE_, 0, FD_CLOSED, EBADF), \
	C(OWNED,   cmd, FILE_, 0, FD_HUGE, EBADF), \
	C(OWNED,   cmd, FILE_, 0, FD_OPATH, EBADF), \
	C(OWNED,   cmd, FILE_, 0, FD_FILE, EINVAL), \
	C(OWNED,   cmd, FILE_, 0, FD_DIR, EINVAL), \
	C(OWNED,   cmd, FILE_, 0, FD_PIPE, EINVAL), \
	C(OWNED,   cmd, FILE_, 0, FD_TIMER, EINVAL), \
	C(OWNED,   cmd, FILE_, 0, FD_EPOLL, EINVAL), \
	C(OWNED,   cmd, FILE_, 0, FD_MEMFD, EINVAL), \
	C(OWNED,   cmd, FILE_, 0, FD_UNIX, EINVAL), \
	C(OWNED,   cmd, FILE_, 0, FD_TAP, EINVAL), \
	C(OWNED,   cmd, FILE_, 0, FD_SELF, EINVAL), \
	C(RUNNING, cmd, FILE_, 0, FD_EVENT, 0, .what = "live"), \
	C(RUNNING, cmd, FILE_, 1, FD_NONE, 0, .what = "live"), \
	C(RUNNING, cmd, FILE_, 0, FD_CLOSED, EBADF), \
	C(RUNNING, cmd, FILE_, 1, FD_FILE, EINVAL)
	EVENTFD(SET_VRING_KICK),
	EVENTFD(SET_VRING_CALL),
	EVENTFD(SET_VRING_ERR),

	/* Debian builds without cross-endian rings. */
	C(OWNED,   SET_VRING_ENDIAN, STATE, 0, 0, ENOTTY),
	C(OWNED,   SET_VRING_ENDIAN, STATE, 0, 2, ENOTTY),
	C(OWNED,   SET_VRING_ENDIAN, STATE, 2, 0, ENOBUFS),
	C(OWNED,   GET_VRING_ENDIAN, STATE, 0, 0, ENOTTY),
	C(OWNED,   SET_VRING_BUSYLOOP_TIMEOUT, STATE, 0, 50, 0),
	C(OWNED,   SET_VRING_BUSYLOOP_TIMEOUT, STATE, 1, 0xffffffff, 0),
	C(OWNED,   SET_VRING_BUSYLOOP_TIMEOUT, STATE, 2, 0, ENOBUFS),
	C(OWNED,   GET_VRING_BUSYLOOP_TIMEOUT, STATE, 1, 0, 0),
	C(OWNED,   GET_VRING_BUSYLOOP_TIMEOUT, STATE, 2, 0, ENOBUFS),

	/* To in-tree's vhost-net unknown ioctls, looked at as a vring's. */
	C(OWNED,   NEW_WORKER, STATE, 0, 0, ENOTTY, VHX(0)),
	C(OWNED,   NEW_WORKER, BADPTR, 0, 0, EFAULT),
	C(RUNNING, NEW_WORKER, STATE, 0, 0, ENOTTY, VHX(0)),
	C(FORKED,  NEW_WORKER, STATE, 0, 0, EPERM),
	C(OWNED,   FREE_WORKER, STATE, 0, 0, ENOTTY, VHX(EBUSY), .what = "the one all queues have"),
	C(OWNED,   FREE_WORKER, STATE, 1, 0, ENOTTY, VHX(ENODEV)),
	C(OWNED,   FREE_WORKER, STATE, 0xffffffff, 0, ENOBUFS, VHX(ENODEV)),
	C(OWNED,   FREE_WORKER, BADPTR, 0, 0, EFAULT),
	C(FORKED,  FREE_WORKER, STATE, 0, 0, EPERM),
	C(OWNED,   ATTACH_VRING_WORKER, STATE, 0, 0, ENOTTY, VHX(0)),
	C(RUNNING, ATTACH_VRING_WORKER, STATE, 1, 0, ENOTTY, VHX(0)),
	C(OWNED,   ATTACH_VRING_WORKER, STATE, 0, 1, ENOTTY, VHX(ENODEV)),
	C(OWNED,   ATTACH_VRING_WORKER, STATE, 1, 0xffffffff, ENOTTY, VHX(ENODEV)),
	C(OWNED,   ATTACH_VRING_WORKER, STATE, 2, 0, ENOBUFS),
	C(OWNED,   ATTACH_VRING_WORKER, STATE, 0xffffffff, 0, ENOBUFS),
	C(OWNED,   ATTACH_VRING_WORKER, BADPTR, 0, 0, EFAULT),
	C(FORKED,  ATTACH_VRING_WORKER, STATE, 0, 0, EPERM),
	C(OWNED,   GET_VRING_WORKER, STATE, 0, 0, ENOTTY, VHX(0)),
	C(RUNNING, GET_VRING_WORKER, STATE, 1, 0, ENOTTY, VHX(0)),
	C(OWNED,   GET_VRING_WORKER, STATE, 2, 0, ENOBUFS),
	C(OWNED,   GET_VRING_WORKER, BADPTR, 0, 0, EFAULT),
	C(FORKED,  GET_VRING_WORKER, STATE, 0, 0, EPERM),
	C(OWNED,   UNKNOWN, STATE, 0, 0, ENOTTY),
	C(OWNED,   UNKNOWN, STATE, 2, 0, ENOBUFS),
	C(OWNED,   UNKNOWN, BADPTR, 0, 0, EFAULT),
	C(RUNNING, UNKNOWN, STATE, 1, 0, ENOTTY),

	/* Backends: of every kind. */
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_TAP, 0),
	C(READY,   NET_SET_BACKEND, FILE_, 1, FD_TAP, 0),
	C(READY,   NET_SET_BACKEND, FILE_, 1, FD_PKT, 0),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_NONE, 0),
	/* in-tree wants a memory table before it lets go; with vhx letting go never fails. */
	C(OWNED,   NET_SET_BACKEND, FILE_, 0, FD_NONE, EFAULT, VHX(0)),
	C(OWNED,   NET_SET_BACKEND, FILE_, 0, FD_TAP, EFAULT, .what = "rings never set up"),
	C(RUNNING, NET_SET_BACKEND, FILE_, 0, FD_NONE, 0),
	C(RUNNING, NET_SET_BACKEND, FILE_, 0, FD_TAP, 0, .what = "the same again"),
	C(READY,   NET_SET_BACKEND, FILE_, 2, FD_TAP, ENOBUFS),
	C(READY,   NET_SET_BACKEND, FILE_, 2, FD_NONE, ENOBUFS),
	C(READY,   NET_SET_BACKEND, FILE_, 0xffffffff, FD_NONE, ENOBUFS),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_MINUS2, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_CLOSED, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_HUGE, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_FILE, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_OPATH, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_DIR, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_PIPE, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_EVENT, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_TIMER, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_EPOLL, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_MEMFD, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_UNIX, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_UDP, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_RAWIP, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_PKT_DGRAM, ENOTSOCK),
	C(READY,   NET_SET_BACKEND, FILE_, 0, FD_SELF, ENOTSOCK),
	C(RUNNING, NET_SET_BACKEND, FILE_, 0, FD_CLOSED, ENOTSOCK),
	C(RUNNING, NET_SET_BACKEND, FILE_, 1, FD_UDP, ENOTSOCK),
};

static const char *const state_names[] = { "opened", "owned", "ready", "running", "forked" };

/* What all rows share. */
static int fds[FD_NR];
static bool has_new;		/* the node under test has what in-tree got with 7.x */
static bool has_tunnel;		/* so has the kernel's tun */

static void make_fds(void)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC))
		exit(1);
	fds[FD_NONE] = -1;
	fds[FD_MINUS2] = -2;
	fds[FD_CLOSED] = 1000;
	fds[FD_HUGE] = 0x7fffffff;
	fds[FD_FILE] = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	fds[FD_OPATH] = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	fds[FD_DIR] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fds[FD_PIPE] = p[0];
	fds[FD_EVENT] = eventfd(0, EFD_CLOEXEC);
	fds[FD_TIMER] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	fds[FD_EPOLL] = epoll_create1(EPOLL_CLOEXEC);
	fds[FD_MEMFD] = memfd_create("vhx", MFD_CLOEXEC);
	fds[FD_UNIX] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	fds[FD_UDP] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fds[FD_RAWIP] = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 255);
	fds[FD_PKT_DGRAM] = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fds[FD_TAP] = nettap_open("vt0", NETTAP_DEFAULT);
	nettap_up("vt0", 0);
	fds[FD_PKT] = packet_open("vt0", true);
}

/* An address whose page is there and whose next one is not: @tail bytes of it are good. */
static void *at_page_end(size_t tail)
{
	static uint8_t *page;

	if (!page) {
		page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mprotect(page + 4096, 4096, PROT_NONE);
	}
	memset(page, 0, 4096);
	return page + 4096 - tail;
}

static void *bad_pointer(unsigned int i)
{
	switch (i) {
	case 0: return NULL;
	case 1: return (void *)8;
	case 2: return at_page_end(0);
	case 3: return (void *)0x7ffffffff000;			/* end of user space */
	case 4: return (void *)0x800000000000;			/* not canonical */
	case 5: return (void *)0xffff888000000000;		/* the kernel's */
	case 6: return (void *)0xfffffffffffffff8;
	default: return (void *)-1;
	}
}
#define BAD_POINTERS 8

static void *make_addr(struct vhost_vring_addr *a, const struct row *row, struct mem *m)
{
	uint64_t page = (uintptr_t)m->base + (8 << 20);

	*a = (struct vhost_vring_addr){
		.index = row->a,
		.desc_user_addr = page,
		.avail_user_addr = page + 65536,
		.used_user_addr = page + 2 * 65536,
	};
	switch ((enum spoilt)row->b) {
	case GOOD:		break;
	case FLAG_LOG:		a->flags = 1 << VHOST_VRING_F_LOG; break;
	case FLAG_2:		a->flags = 2; break;
	case FLAG_HIGH:		a->flags = 0x80000000; break;
	case AVAIL_ODD:		a->avail_user_addr++; break;
	case USED_2:		a->used_user_addr += 2; break;
	case LOG_2:		a->log_guest_addr = 2; break;
	case DESC_ODD:		a->desc_user_addr++; break;
	case DESC_KERNEL:	a->desc_user_addr = 0xffff888000000000; break;
	case AVAIL_KERNEL:	a->avail_user_addr = 0xffff888000000000; break;
	case USED_KERNEL:	a->used_user_addr = 0xffff888000000000; break;
	case ALL_ZERO:
		a->desc_user_addr = a->avail_user_addr = a->used_user_addr = 0;
		break;
	}
	return a;
}

static void spread(struct vhost_memory *t, unsigned int n, uint64_t gpa, uint64_t va)
{
	unsigned int i;

	t->nregions = n;
	for (i = 0; i < n; i++)
		t->regions[i] = (struct vhost_memory_region){
			.guest_phys_addr = gpa + i * 8192,
			.memory_size = 4096,
			.userspace_addr = va,
		};
}

static void *make_table(struct vhost_memory *t, const struct row *row, struct mem *m)
{
	struct vhost_memory_region *r = t->regions;
	uint64_t va = (uintptr_t)m->base;

	memset(t, 0, sizeof(*t));
	spread(t, 2, m->gpa, va);
	r[0].memory_size = r[1].memory_size = m->size / 2;
	r[1].guest_phys_addr = m->gpa + m->size / 2;
	r[1].userspace_addr = va + m->size / 2;
	switch ((enum table)row->a) {
	case T_GOOD:		break;
	case T_EMPTY:		t->nregions = 0; break;
	case T_PADDING:		t->padding = 1; break;
	case T_MAX:		spread(t, 64, m->gpa, va); break;
	case T_TOO_MANY:	spread(t, row->b, m->gpa, va); break;
	case T_HUGE:		t->nregions = 0xffffffff; break;
	case T_SIZE0:		r[1].memory_size = 0; break;
	case T_GPA_WRAP:	r[1].guest_phys_addr = -4096ULL; break;
	case T_UADDR_WRAP:	r[1].userspace_addr = -4096ULL; break;
	case T_KERNEL:		r[1].userspace_addr = 0xffff888000000000; break;
	case T_OVERLAP:		r[1].guest_phys_addr -= 4096; break;
	case T_SAME:		r[1].guest_phys_addr = r[0].guest_phys_addr; break;
	case T_UNALIGNED:	r[1].userspace_addr += 1; r[1].memory_size = 4095; break;
	case T_FLAGS:		r[1].flags_padding = ~0ULL; break;
	case T_LAST_BYTE:
		r[1].guest_phys_addr = -4096ULL;
		r[1].memory_size = 4096;
		break;
	case T_SHORT_COPY: {
		struct vhost_memory *cut = at_page_end(sizeof(*t) + sizeof(*r));

		cut->nregions = 2;
		cut->padding = 0;
		cut->regions[0] = r[0];
		return cut;
	}
	}
	return t;
}

static int fd_of(uint64_t kind, const struct guest *g)
{
	return kind == FD_SELF ? g->fd : fds[kind];
}

/* The ioctl of one row, from whoever calls this. */
static int call(struct guest *g, const struct row *row)
{
	static union {
		uint64_t u64;
		uint8_t u8;
		int i;
		struct vhost_vring_state state;
		struct vhost_vring_file file;
		struct vhost_vring_addr addr;
		struct vhost_memory table;
		struct vhost_features_array features;
		uint8_t room[sizeof(struct vhost_memory) +
			     512 * sizeof(struct vhost_memory_region)];
	} arg;

	memset(&arg, 0, sizeof(arg));
	switch (row->kind) {
	case NONE:
	case BADPTR:
		return guest_ioctl(g->fd, row->cmd, NULL);
	case U64:
		arg.u64 = row->a;
		break;
	case U8:
		arg.u8 = row->a;
		break;
	case INT:
		arg.i = fd_of(row->a, g);
		break;
	case STATE:
		arg.state = (struct vhost_vring_state){ row->a, row->b };
		break;
	case FILE_:
		arg.file = (struct vhost_vring_file){ row->a, fd_of(row->b, g) };
		break;
	case ADDR:
		make_addr(&arg.addr, row, g->mem);
		break;
	case MEM:
		return guest_ioctl(g->fd, row->cmd, make_table(&arg.table, row, g->mem));
	case FARRAY:
		arg.features.count = row->a;
		if (row->b < row->a)
			arg.features.features[row->b] = 1;
		break;
	case FHIGH:
		arg.features.count = 2 + row->b;
		arg.features.features[0] = F_MODERN;
		arg.features.features[1] = row->a;
		break;
	}
	return guest_ioctl(g->fd, row->cmd, &arg);
}

static int call_bad_pointers(struct guest *g, const struct row *row, int want)
{
	unsigned int i;
	int r;

	for (i = 0; i < BAD_POINTERS; i++) {
		r = guest_ioctl(g->fd, row->cmd, bad_pointer(i));
		if (r != want) {
			tap_diag("with the pointer %p", bad_pointer(i));
			return r;
		}
	}
	return want;
}

static int call_from_child(struct guest *g, const struct row *row)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(-call(g, row) & 0xff);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

static int reach(struct guest *g, struct mem *m, enum state state)
{
	int r;

	if (state >= READY) {
		r = pair_open(g, m, F_MODERN, NUM);
		return r || state == READY ? r : guest_start(g, fds[FD_TAP]);
	}
	memset(g, 0, sizeof(*g));
	g->mem = m;
	g->fd = open(guest_node(), O_RDWR | O_CLOEXEC);
	g->vq[RX].kick = g->vq[RX].call = g->vq[RX].err = -1;
	g->vq[TX].kick = g->vq[TX].call = g->vq[TX].err = -1;
	if (g->fd < 0)
		return -errno;
	return state == OWNED ? guest_ioctl(g->fd, VHOST_SET_OWNER, NULL) : 0;
}

static int expected(const struct row *row)
{
	if (guest_is_vhx() && row->has_vhx)
		return -row->vhx_err;
	if (row->tunnel && !has_tunnel)
		return -EOPNOTSUPP;
	return -row->err;
}

static void check(const struct row *row)
{
	int want = expected(row), got;
	struct guest g;
	struct mem m;

	if (row->newer && !has_new)
		return;
	got = mem_open(&m, 16 << 20);
	if (!got)
		got = reach(&g, &m, row->state);
	if (got) {
		tap_ok(false, "%s %s: cannot be set up: %s", state_names[row->state], row->text,
		       strerrorname_np(-got));
		return;
	}
	if (row->kind == BADPTR)
		got = call_bad_pointers(&g, row, want);
	else if (row->state == FORKED)
		got = call_from_child(&g, row);
	else
		got = call(&g, row);
	tap_ok(got == want, "%s %s%s%s: %s%s%s", state_names[row->state], row->text,
	       row->what ? ", " : "", row->what ? row->what : "", strerrorname_np(-want),
	       got == want ? "" : ", got ", got == want ? "" : strerrorname_np(-got));
	guest_close(&g);
	mem_close(&m);
}

/* vhx has the feature arrays on every kernel, in-tree from 7.x on. */
static bool node_has_feature_arrays(void)
{
	struct utsname u;

	uname(&u);
	return guest_is_vhx() || atoi(u.release) >= 7;
}

/* Reads and writes of the fd: the channel of the vIOMMU; iotlb_msgs.c has the rest. */
static void check_channel(void)
{
	struct vhost_msg_v2 msg = { .type = VHOST_IOTLB_MSG_V2 };
	int fd = open(guest_node(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int zero = 0, r;

	r = read(fd, &msg, sizeof(msg));
	r = r < 0 ? -errno : r;
	tap_ok(r == -EAGAIN, "read of an fd that has nothing to say: %d", r);
	r = write(fd, &zero, sizeof(zero));
	r = r < 0 ? -errno : r;
	tap_ok(r == -EINVAL, "write of an unknown message: %d", r);
	close(fd);
}

/* What GET_FEATURES_ARRAY says of @n words, and that it keeps to them. */
static void check_offered(uint64_t n)
{
	uint64_t word[8], low = 0, want;
	int fd = open(guest_node(), O_RDWR | O_CLOEXEC);
	bool ok = true;
	uint64_t i;
	int r;

	memset(word, 0xee, sizeof(word));
	word[0] = n;
	r = guest_ioctl(fd, VHOST_GET_FEATURES_ARRAY, word);
	if (!r)
		r = guest_ioctl(fd, VHOST_GET_FEATURES, &low);
	close(fd);
	for (i = 0; i < 7; i++) {
		want = i == 0 ? low : i == 1 && has_tunnel ? F_TUNNEL : 0;
		if (i >= n)
			want = 0xeeeeeeeeeeeeeeee;
		if (word[1 + i] == want)
			continue;
		tap_diag("word %llu is %#llx, expected %#llx", (unsigned long long)i,
			 (unsigned long long)word[1 + i], (unsigned long long)want);
		ok = false;
	}
	tap_ok(!r && ok, "features offered in %llu words", (unsigned long long)n);
}

int main(void)
{
	unsigned int i;

	if (nettap_own_netns())
		tap_bail("a network namespace of our own: %s", strerror(errno));
	make_fds();
	if (fds[FD_TAP] < 0 || fds[FD_PKT] < 0)
		tap_bail("a tap to work with");
	has_new = node_has_feature_arrays();
	has_tunnel = !nettap_set_offload(fds[FD_TAP], NETTAP_OFFLOADS | NETTAP_TUNNEL);
	nettap_set_offload(fds[FD_TAP], 0);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
	for (i = 0; has_new && i <= 6; i++)
		check_offered(i);
	check_channel();
	return tap_done();
}
