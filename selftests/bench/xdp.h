/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _BENCH_XDP_H
#define _BENCH_XDP_H

/**
 * xdp_load - a program that has one answer for everything
 * @action: XDP_DROP, XDP_TX...
 *
 * Return: its fd or -errno.
 */
int xdp_load(int action);

/**
 * xdp_attach - until the fd that is returned is closed
 * @ifname: the netdev
 * @prog: what xdp_load() returned
 *
 * Return: the link's fd or -errno.
 */
int xdp_attach(const char *ifname, int prog);

#endif /* _BENCH_XDP_H */
