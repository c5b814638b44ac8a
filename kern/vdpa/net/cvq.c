// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control queue: commands of a driver's, one a chain. A command is read once, by an iterator that
 * is as long as what the guest sent; the answer is one byte.
 */
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/uio.h>

#include "trace.h"
#include "vnet.h"

/* Commands a turn, then others get theirs. */
#define VHX_CVQ_BUDGET	64

/* A command: who asks, what for, and its argument. */
struct vhx_cvq_cmd {
	struct vhx_vnet *vn;
	u8 cmd;
	struct iov_iter *arg;
};

static int vhx_cvq_rx(const struct vhx_cvq_cmd *c)
{
	static const u32 flag[] = {
		[VIRTIO_NET_CTRL_RX_PROMISC]	= VHX_FILTER_PROMISC,
		[VIRTIO_NET_CTRL_RX_ALLMULTI]	= VHX_FILTER_ALLMULTI,
		[VIRTIO_NET_CTRL_RX_ALLUNI]	= VHX_FILTER_ALLUNI,
		[VIRTIO_NET_CTRL_RX_NOMULTI]	= VHX_FILTER_NOMULTI,
		[VIRTIO_NET_CTRL_RX_NOUNI]	= VHX_FILTER_NOUNI,
		[VIRTIO_NET_CTRL_RX_NOBCAST]	= VHX_FILTER_NOBCAST,
	};
	u8 on;

	if (c->cmd >= ARRAY_SIZE(flag) || !copy_from_iter_full(&on, sizeof(on), c->arg))
		return -EINVAL;
	if (!vhx_vnet_has(c->vn, c->cmd > VIRTIO_NET_CTRL_RX_ALLMULTI ?
			  VIRTIO_NET_F_CTRL_RX_EXTRA : VIRTIO_NET_F_CTRL_RX))
		return -EOPNOTSUPP;
	return vhx_vnet_filter_mode(c->vn, flag[c->cmd], on);
}

static int vhx_cvq_mac_addr(const struct vhx_cvq_cmd *c)
{
	u8 mac[ETH_ALEN];
	int err;

	if (!vhx_vnet_has(c->vn, VIRTIO_NET_F_CTRL_MAC_ADDR))
		return -EOPNOTSUPP;
	if (!copy_from_iter_full(mac, sizeof(mac), c->arg) || !is_valid_ether_addr(mac))
		return -EINVAL;
	err = vhx_vnet_filter_mac(c->vn, mac);
	if (err)
		return err;
	vhx_vnet_set_mac(c->vn, mac);
	return 0;
}

static int vhx_cvq_mac(const struct vhx_cvq_cmd *c)
{
	switch (c->cmd) {
	case VIRTIO_NET_CTRL_MAC_ADDR_SET:
		return vhx_cvq_mac_addr(c);
	case VIRTIO_NET_CTRL_MAC_TABLE_SET:
		if (!vhx_vnet_has(c->vn, VIRTIO_NET_F_CTRL_RX))
			return -EOPNOTSUPP;
		return vhx_vnet_filter_table(c->vn, c->arg);
	default:
		return -EINVAL;
	}
}

static int vhx_cvq_vlan(const struct vhx_cvq_cmd *c)
{
	__le16 vid;

	if (!vhx_vnet_has(c->vn, VIRTIO_NET_F_CTRL_VLAN))
		return -EOPNOTSUPP;
	if (c->cmd != VIRTIO_NET_CTRL_VLAN_ADD && c->cmd != VIRTIO_NET_CTRL_VLAN_DEL)
		return -EINVAL;
	if (!copy_from_iter_full(&vid, sizeof(vid), c->arg) || le16_to_cpu(vid) >= VLAN_N_VID)
		return -EINVAL;
	return vhx_vnet_filter_vlan(c->vn, le16_to_cpu(vid), c->cmd == VIRTIO_NET_CTRL_VLAN_ADD);
}

static int vhx_cvq_set_pairs(struct vhx_vnet *vn, u32 pairs)
{
	if (!pairs || pairs > vn->pairs)
		return -EINVAL;
	WRITE_ONCE(vn->curr, pairs);
	vhx_vnet_curr_changed(vn);
	return 0;
}

/* Without RSS: the built-in choice among as many. What hashes are reported stays. */
static int vhx_cvq_pairs(const struct vhx_cvq_cmd *c)
{
	__le16 pairs;

	if (!vhx_vnet_has(c->vn, VIRTIO_NET_F_MQ))
		return -EOPNOTSUPP;
	if (!copy_from_iter_full(&pairs, sizeof(pairs), c->arg))
		return -EINVAL;
	return vhx_cvq_set_pairs(c->vn, le16_to_cpu(pairs));
}

/* The key, behind its length. */
static int vhx_cvq_key(struct iov_iter *arg, struct vhx_rss *rss)
{
	u8 len;

	if (!copy_from_iter_full(&len, sizeof(len), arg) || len > VHX_RSS_KEY_LEN)
		return -EINVAL;
	/* Kinds of hashes need all of it. */
	if (rss->types && len != VHX_RSS_KEY_LEN)
		return -EINVAL;
	return copy_from_iter_full(rss->key, len, arg) ? 0 : -EINVAL;
}

static int vhx_cvq_table(const struct vhx_cvq_cmd *c, struct vhx_rss *rss)
{
	__le16 table[VHX_RSS_TABLE_MAX];
	const u32 n = rss->mask + 1;
	u32 i;

	/* What is no power of two is no mask. */
	if (n > VHX_RSS_TABLE_MAX || n & rss->mask || rss->unclassified >= c->vn->pairs)
		return -EINVAL;
	if (!copy_from_iter_full(table, n * sizeof(*table), c->arg))
		return -EINVAL;
	for (i = 0; i < n; i++) {
		rss->table[i] = le16_to_cpu(table[i]);
		if (rss->table[i] >= c->vn->pairs)
			return -EINVAL;
	}
	return 0;
}

/* Pairs that are in use when the guest sends by @tx of them, and gets by those that a table names. */
static u32 vhx_cvq_most(const struct vhx_rss *rss, u32 tx)
{
	u32 i, most = max_t(u32, tx, rss->unclassified + 1);

	for (i = 0; i <= rss->mask; i++)
		most = max_t(u32, most, rss->table[i] + 1);
	return most;
}

static int vhx_cvq_rss(const struct vhx_cvq_cmd *c)
{
	struct {
		__le32 types;
		__le16 mask;
		__le16 unclassified;
	} __packed head;
	struct vhx_rss rss = { .spread = true };
	__le16 max_tx;
	int err;

	if (!vhx_vnet_has(c->vn, VIRTIO_NET_F_RSS))
		return -EOPNOTSUPP;
	if (!copy_from_iter_full(&head, sizeof(head), c->arg))
		return -EINVAL;
	rss.types = le32_to_cpu(head.types);
	rss.mask = le16_to_cpu(head.mask);
	rss.unclassified = le16_to_cpu(head.unclassified);
	if (rss.types & ~VHX_RSS_ALL)
		return -EINVAL;
	err = vhx_cvq_table(c, &rss);
	if (err)
		return err;
	if (!copy_from_iter_full(&max_tx, sizeof(max_tx), c->arg))
		return -EINVAL;
	err = vhx_cvq_key(c->arg, &rss);
	if (err)
		return err;
	if (!le16_to_cpu(max_tx) || le16_to_cpu(max_tx) > c->vn->pairs)
		return -EINVAL;
	err = vhx_vnet_spread_set(c->vn, &rss);
	return err ?: vhx_cvq_set_pairs(c->vn, vhx_cvq_most(&rss, le16_to_cpu(max_tx)));
}

static int vhx_cvq_hash(const struct vhx_cvq_cmd *c)
{
	struct {
		__le32 types;
		__le16 reserved[4];
	} __packed head;
	struct vhx_rss rss = {};
	int err;

	if (!vhx_vnet_has(c->vn, VIRTIO_NET_F_HASH_REPORT))
		return -EOPNOTSUPP;
	if (!copy_from_iter_full(&head, sizeof(head), c->arg))
		return -EINVAL;
	rss.types = le32_to_cpu(head.types);
	if (rss.types & ~VHX_RSS_ALL)
		return -EINVAL;
	err = vhx_cvq_key(c->arg, &rss);
	return err ?: vhx_vnet_spread_set(c->vn, &rss);
}

static int vhx_cvq_mq(const struct vhx_cvq_cmd *c)
{
	switch (c->cmd) {
	case VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET:
		return vhx_cvq_pairs(c);
	case VIRTIO_NET_CTRL_MQ_RSS_CONFIG:
		return vhx_cvq_rss(c);
	case VIRTIO_NET_CTRL_MQ_HASH_CONFIG:
		return vhx_cvq_hash(c);
	default:
		return -EINVAL;
	}
}

static int vhx_cvq_offloads(const struct vhx_cvq_cmd *c)
{
	__le64 offloads;

	if (!vhx_vnet_has(c->vn, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS))
		return -EOPNOTSUPP;
	if (c->cmd != VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET ||
	    !copy_from_iter_full(&offloads, sizeof(offloads), c->arg))
		return -EINVAL;
	return vhx_vnet_set_offloads(c->vn, le64_to_cpu(offloads));
}

static int vhx_cvq_class(const struct vhx_cvq_cmd *c, u8 class)
{
	switch (class) {
	case VIRTIO_NET_CTRL_RX:
		return vhx_cvq_rx(c);
	case VIRTIO_NET_CTRL_MAC:
		return vhx_cvq_mac(c);
	case VIRTIO_NET_CTRL_VLAN:
		return vhx_cvq_vlan(c);
	case VIRTIO_NET_CTRL_MQ:
		return vhx_cvq_mq(c);
	case VIRTIO_NET_CTRL_GUEST_OFFLOADS:
		return vhx_cvq_offloads(c);
	default:
		return -EOPNOTSUPP;
	}
}

static int vhx_cvq_do(struct vhx_vnet *vn, struct iov_iter *from)
{
	struct virtio_net_ctrl_hdr h;
	struct vhx_cvq_cmd c = { .vn = vn, .arg = from };
	int err;

	if (!copy_from_iter_full(&h, sizeof(h), from))
		return -EINVAL;
	c.cmd = h.cmd;
	err = vhx_cvq_class(&c, h.class);
	trace_vhx_vnet_ctrl(vn, h.class, h.cmd, err);
	return err;
}

/* Return: bytes written, of the answer. */
static u32 vhx_cvq_answer(struct vhx_vq *vq, struct vhx_vnet_scratch *s,
			  const struct vhx_chain *c)
{
	const struct vhx_seg *seg = s->seg + c->seg;
	struct iov_iter it;
	u8 ack = VIRTIO_NET_OK;

	/* Nobody could be told. */
	if (!c->nin) {
		vhx_vq_count(vq, VHX_QSTAT_BAD_PACKETS, 1);
		return 0;
	}
	iov_iter_kvec(&it, ITER_SOURCE, (struct kvec *)seg, c->nout, c->out_len);
	if (vhx_cvq_do(vhx_vnet_queue_of(vq)->vn, &it)) {
		vhx_vq_count(vq, VHX_QSTAT_BAD_PACKETS, 1);
		ack = VIRTIO_NET_ERR;
	}
	vhx_vq_count(vq, VHX_QSTAT_PACKETS, 1);
	iov_iter_kvec(&it, ITER_DEST, (struct kvec *)(seg + c->nout), c->nin, c->in_len);
	return copy_to_iter(&ack, sizeof(ack), &it);
}

/**
 * vhx_vnet_cvq_handle - serve the control queue
 * @vq: the queue
 *
 * Context: its worker, @vq->lock. Who waits for the answer may hold rtnl.
 */
void vhx_vnet_cvq_handle(struct vhx_vq *vq)
{
	struct vhx_vnet_scratch *s = vq->runner->scratch;
	struct vhx_pull pull = {
		.chain = s->chain,
		.seg = s->seg,
		.max_chain = 1,
		.max_seg = VHX_VNET_SEGS,
	};
	u32 done = 0;
	int n;

	vhx_vq_busy(vq);
	while (!vq->broken) {
		if (done++ == VHX_CVQ_BUDGET) {
			vhx_vq_queue(vq);
			break;
		}
		n = vhx_vq_pull(vq, &pull);
		if (n < 0)
			break;
		if (!n) {
			if (!vhx_vq_rest(vq))
				break;
			continue;
		}
		s->done[0] = (struct vhx_done) {
			.id = s->chain[0].id,
			.ndesc = s->chain[0].ndesc,
			.len = vhx_cvq_answer(vq, s, &s->chain[0]),
		};
		vhx_vq_push(vq, s->done, 1);
	}
}
