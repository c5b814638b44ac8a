// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters: of a queue, by `vdpa dev vstats show` and `ethtool -S`; of the peer, by `ip -s link`.
 */
#include <linux/ethtool.h>
#include <linux/netdevice.h>
#include <linux/vhx.h>
#include <net/netlink.h>
#include <uapi/linux/vdpa.h>

#include "vnet.h"

/* Those that a queue of ours counts: without a vIOMMU's, and a policy's. */
static const struct {
	u32 id;
	const char *name;
} vhx_vnet_counters[] = {
	{ VHX_QSTAT_PACKETS, "packets" },
	{ VHX_QSTAT_BYTES, "bytes" },
	{ VHX_QSTAT_KICKS, "kicks" },
	{ VHX_QSTAT_CALLS, "calls" },
	{ VHX_QSTAT_CALLS_SKIPPED, "calls_skipped" },
	{ VHX_QSTAT_DESCRIPTORS, "descriptors" },
	{ VHX_QSTAT_BATCHES, "batches" },
	{ VHX_QSTAT_BAD_RINGS, "bad_rings" },
	{ VHX_QSTAT_BAD_PACKETS, "bad_packets" },
	{ VHX_QSTAT_NO_BUFFERS, "no_buffers" },
	{ VHX_QSTAT_BACKEND_ERRORS, "backend_errors" },
};

static struct vhx_vnet *vhx_stats_vnet(const struct net_device *dev)
{
	return *(struct vhx_vnet **)netdev_priv(dev);
}

static u64 vhx_stat(const struct vhx_vnet *vn, u32 queue, u32 id)
{
	return READ_ONCE(vn->queue[queue].vq.stats[id]);
}

/* What the guest gets the peer has sent. */
void vhx_vnet_get_stats64(struct net_device *dev, struct rtnl_link_stats64 *s)
{
	const struct vhx_vnet *vn = vhx_stats_vnet(dev);
	u32 i;

	for (i = 0; i < 2 * vn->pairs; i += 2) {
		s->tx_packets += vhx_stat(vn, i, VHX_QSTAT_PACKETS);
		s->tx_bytes += vhx_stat(vn, i, VHX_QSTAT_BYTES);
		s->tx_dropped += vhx_stat(vn, i, VHX_QSTAT_BAD_PACKETS);
		s->rx_packets += vhx_stat(vn, i + 1, VHX_QSTAT_PACKETS);
		s->rx_bytes += vhx_stat(vn, i + 1, VHX_QSTAT_BYTES);
		s->rx_errors += vhx_stat(vn, i + 1, VHX_QSTAT_BAD_PACKETS);
		s->rx_dropped += vhx_stat(vn, i + 1, VHX_QSTAT_BACKEND_ERRORS);
	}
}

int vhx_vnet_get_vendor_stats(struct vdpa_device *vdpa, u16 idx, struct sk_buff *msg,
			      struct netlink_ext_ack *extack)
{
	const struct vhx_vnet *vn = vhx_vnet_of(vdpa);
	u32 i;

	if (idx >= vhx_vnet_nvqs(vn)) {
		NL_SET_ERR_MSG(extack, "no such queue");
		return -EINVAL;
	}
	for (i = 0; i < ARRAY_SIZE(vhx_vnet_counters); i++)
		if (nla_put_string(msg, VDPA_ATTR_DEV_VENDOR_ATTR_NAME,
				   vhx_vnet_counters[i].name) ||
		    nla_put_u64_64bit(msg, VDPA_ATTR_DEV_VENDOR_ATTR_VALUE,
				      vhx_stat(vn, idx, vhx_vnet_counters[i].id), VDPA_ATTR_PAD))
			return -EMSGSIZE;
	return 0;
}

static void vhx_ethtool_drvinfo(struct net_device *dev, struct ethtool_drvinfo *info)
{
	strscpy(info->driver, KBUILD_MODNAME, sizeof(info->driver));
	strscpy(info->bus_info, dev_name(&vhx_stats_vnet(dev)->vdpa.dev), sizeof(info->bus_info));
}

static int vhx_ethtool_count(struct net_device *dev, int sset)
{
	if (sset != ETH_SS_STATS)
		return -EOPNOTSUPP;
	return vhx_vnet_nvqs(vhx_stats_vnet(dev)) * ARRAY_SIZE(vhx_vnet_counters);
}

/* Queues are called as the guest has them: rx is to it. The last is the control queue. */
static void vhx_ethtool_strings(struct net_device *dev, u32 sset, u8 *data)
{
	const struct vhx_vnet *vn = vhx_stats_vnet(dev);
	u32 i, k;

	if (sset != ETH_SS_STATS)
		return;
	for (i = 0; i < vhx_vnet_nvqs(vn); i++)
		for (k = 0; k < ARRAY_SIZE(vhx_vnet_counters); k++)
			ethtool_sprintf(&data, "%s%u_%s", i == 2 * vn->pairs ? "cvq" :
					i & 1 ? "tx" : "rx", i / 2, vhx_vnet_counters[k].name);
}

static void vhx_ethtool_stats(struct net_device *dev, struct ethtool_stats *stats, u64 *data)
{
	const struct vhx_vnet *vn = vhx_stats_vnet(dev);
	u32 i, k;

	for (i = 0; i < vhx_vnet_nvqs(vn); i++)
		for (k = 0; k < ARRAY_SIZE(vhx_vnet_counters); k++)
			*data++ = vhx_stat(vn, i, vhx_vnet_counters[k].id);
}

/* As many pairs as the guest uses: it says how many. */
static void vhx_ethtool_channels(struct net_device *dev, struct ethtool_channels *ch)
{
	const struct vhx_vnet *vn = vhx_stats_vnet(dev);

	ch->max_combined = vn->pairs;
	ch->combined_count = READ_ONCE(vn->curr);
}

const struct ethtool_ops vhx_vnet_ethtool_ops = {
	.get_drvinfo		= vhx_ethtool_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_channels		= vhx_ethtool_channels,
	.get_sset_count		= vhx_ethtool_count,
	.get_strings		= vhx_ethtool_strings,
	.get_ethtool_stats	= vhx_ethtool_stats,
};
