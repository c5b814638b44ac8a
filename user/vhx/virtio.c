// SPDX-License-Identifier: GPL-2.0-only
/* virtio's bits and numbers by name. */
#include <stdio.h>

#include <linux/vhost_types.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>

#include "out.h"

/* virtio 1.4, 5.1.3 and 6; 26 and 27 as vhost uses them. */
static const char *const nic_bits[128] = {
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
		json_object_array_add(names, json_object_new_string(nic_bits[i] ?: number));
	}
	return names;
}

/* 5.2.3, and 6 behind it: those of every type. 27 is of old. */
static const char *const block_bits[64] = {
	[1] = "size_max",
	[2] = "seg_max",
	[4] = "geometry",
	[5] = "ro",
	[6] = "blk_size",
	[9] = "flush",
	[10] = "topology",
	[11] = "config_wce",
	[12] = "mq",
	[13] = "discard",
	[14] = "write_zeroes",
	[15] = "lifetime",
	[16] = "secure_erase",
	[17] = "zoned",
};

#define RING_FIRST	24
#define RING_LAST	49

static const char *bit_name(__u32 type, unsigned int bit)
{
	if (bit == 27)
		return "any_layout";
	if (type == VIRTIO_ID_NET || (bit >= RING_FIRST && bit <= RING_LAST))
		return nic_bits[bit];
	return type == VIRTIO_ID_BLOCK ? block_bits[bit] : NULL;
}

static void add_name(struct json_object *names, const char *name, unsigned int bit)
{
	char number[16];

	snprintf(number, sizeof(number), "bit_%u", bit);
	json_object_array_add(names, json_object_new_string(name ?: number));
}

struct json_object *virtio_features_of(__u32 type, __u64 features)
{
	struct json_object *names = j_arr();
	unsigned int i;

	for (i = 0; i < 64; i++)
		if (features >> i & 1)
			add_name(names, bit_name(type, i), i);
	return names;
}

struct json_object *virtio_status(__u8 status)
{
	static const char *const bits[8] = {
		[0] = "acknowledge",
		[1] = "driver",
		[2] = "driver_ok",
		[3] = "features_ok",
		[6] = "needs_reset",
		[7] = "failed",
	};
	struct json_object *names = j_arr();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bits); i++)
		if (status >> i & 1)
			add_name(names, bits[i], i);
	return names;
}

struct json_object *virtio_backend_features(__u64 features)
{
	static const char *const bits[64] = {
		[VHOST_BACKEND_F_IOTLB_MSG_V2] = "iotlb_msg_v2",
		[VHOST_BACKEND_F_IOTLB_BATCH] = "iotlb_batch",
		[VHOST_BACKEND_F_IOTLB_ASID] = "iotlb_asid",
		[VHOST_BACKEND_F_SUSPEND] = "suspend",
		[VHOST_BACKEND_F_RESUME] = "resume",
		[VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK] = "enable_after_driver_ok",
		[VHOST_BACKEND_F_DESC_ASID] = "desc_asid",
		[VHOST_BACKEND_F_IOTLB_PERSIST] = "iotlb_persist",
	};
	struct json_object *names = j_arr();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bits); i++)
		if (features >> i & 1)
			add_name(names, bits[i], i);
	return names;
}

const char *virtio_type(__u32 type)
{
	static const char *const types[] = {
		[VIRTIO_ID_NET] = "net",
		[VIRTIO_ID_BLOCK] = "block",
		[VIRTIO_ID_CONSOLE] = "console",
		[VIRTIO_ID_RNG] = "rng",
		[VIRTIO_ID_BALLOON] = "balloon",
		[VIRTIO_ID_SCSI] = "scsi",
		[VIRTIO_ID_GPU] = "gpu",
		[VIRTIO_ID_INPUT] = "input",
		[VIRTIO_ID_VSOCK] = "vsock",
		[VIRTIO_ID_CRYPTO] = "crypto",
		[VIRTIO_ID_MEM] = "mem",
		[VIRTIO_ID_FS] = "fs",
	};

	return type < ARRAY_SIZE(types) ? types[type] : NULL;
}
