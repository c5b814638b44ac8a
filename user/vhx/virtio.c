// SPDX-License-Identifier: GPL-2.0-only
/* virtio feature bits by name. */
#include <stdio.h>

#include "out.h"

/* virtio 1.4, 5.1.3 and 6; 26 and 27 as vhost uses them. */
static const char *const bits[128] = {
	[0] = "csum",
	[1] = "guest_csum",
	[2] = "ctrl_guest_offloads",
	[3] = "mtu",
	[5] = "mac",
	[7] = "guest_tso4",
	[8] = "guest_tso6",
	[9] = "guest_ecn",
	[10] = "guest_ufo",
	[11] = "host_tso4",
	[12] = "host_tso6",
	[13] = "host_ecn",
	[14] = "host_ufo",
	[15] = "mrg_rxbuf",
	[16] = "status",
	[17] = "ctrl_vq",
	[18] = "ctrl_rx",
	[19] = "ctrl_vlan",
	[20] = "ctrl_rx_extra",
	[21] = "guest_announce",
	[22] = "mq",
	[23] = "ctrl_mac_addr",
	[24] = "notify_on_empty",
	[26] = "log_all",
	[27] = "vnet_hdr",
	[28] = "indirect_desc",
	[29] = "event_idx",
	[32] = "version_1",
	[33] = "access_platform",
	[34] = "ring_packed",
	[35] = "in_order",
	[36] = "order_platform",
	[37] = "sr_iov",
	[38] = "notification_data",
	[40] = "ring_reset",
	[54] = "guest_uso4",
	[55] = "guest_uso6",
	[56] = "host_uso",
	[57] = "hash_report",
	[59] = "guest_hdrlen",
	[60] = "rss",
	[61] = "rsc_ext",
	[62] = "standby",
	[63] = "speed_duplex",
	[65] = "guest_udp_tunnel_gso",
	[66] = "guest_udp_tunnel_gso_csum",
	[67] = "host_udp_tunnel_gso",
	[68] = "host_udp_tunnel_gso_csum",
};

/* @high: those from 64 on. */
struct json_object *virtio_features(__u64 features, __u64 high)
{
	struct json_object *names = j_arr();
	char number[16];
	unsigned int i;

	for (i = 0; i < 128; i++) {
		if (!((i < 64 ? features : high) >> (i % 64) & 1))
			continue;
		snprintf(number, sizeof(number), "bit_%u", i);
		json_object_array_add(names, json_object_new_string(bits[i] ?: number));
	}
	return names;
}
