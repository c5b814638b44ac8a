/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The host's side of a NIC: taps, macvtaps, packet sockets, network namespaces. A test calls
 * nettap_own_netns() first, and so neither sees the machine's traffic nor leaves anything behind.
 *
 * What can fail returns a negative errno.
 */
#ifndef _SELFTEST_NETTAP_H
#define _SELFTEST_NETTAP_H

#include <stdbool.h>
#include <stdint.h>

#include <net/if.h>

#include <linux/if_tun.h>

#define NETTAP_DEFAULT	(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
#define NETTAP_MULTI	(NETTAP_DEFAULT | IFF_MULTI_QUEUE)
/* From 7.x on; Debian 13's headers do not have them. */
#ifndef TUN_F_UDP_TUNNEL_GSO
#define TUN_F_UDP_TUNNEL_GSO		0x080
#define TUN_F_UDP_TUNNEL_GSO_CSUM	0x100
#endif

#define NETTAP_OFFLOADS	(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | \
			 TUN_F_USO4 | TUN_F_USO6)
#define NETTAP_TUNNEL	(TUN_F_UDP_TUNNEL_GSO | TUN_F_UDP_TUNNEL_GSO_CSUM)

int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

int nettap_own_netns(void);
int nettap_this_netns(void);
int nettap_new_netns(void);
int nettap_enter_netns(int fd);

int nettap_open(const char *name, int flags);
int nettap_attach(int fd, const char *name, int flags);
int nettap_set_hdr(int fd, int len);
int nettap_set_offload(int fd, unsigned int offloads);
void nettap_flush(int fd);
int nettap_up(const char *name, int mtu);
int nettap_down(const char *name);
uint64_t nettap_dropped(const char *name);
int macvtap_open(const char *lower, const char *name);

int packet_open(const char *ifname, bool vnet_hdr);
int packet_recv(int fd, void *buf, uint32_t size, int ms);
int packet_send(int fd, const void *buf, uint32_t len);

#endif /* _SELFTEST_NETTAP_H */
