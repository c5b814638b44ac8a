// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_vhx_mail.ko: the smallest user of messages, for the tests of kern/core. What is written goes
 * to an agent, what an agent sends can be read; there is no guest.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/message.h"
#include "mail.h"

#define MAIL_KEPT	64

/**
 * struct mail - a correspondent
 * @c: the core's
 * @ep: endpoint
 * @lock: what is below
 * @counts: for the test
 * @keep: what comes is kept
 * @kept: messages that are, and
 * @len: their lengths
 * @nkept: how many
 */
struct mail {
	struct vhx_correspondent c;
	struct vhx_endpoint *ep;
	struct mutex lock;
	struct mail_counts counts;
	bool keep;
	struct vhx_message *kept[MAIL_KEPT];
	u32 len[MAIL_KEPT];
	u32 nkept;
};

static struct mail *mail_of(struct vhx_correspondent *c)
{
	return container_of(c, struct mail, c);
}

/* ---- what it is told ---- */

static void mail_up(struct vhx_correspondent *c)
{
	mail_of(c)->counts.up++;
}

static void mail_down(struct vhx_correspondent *c)
{
	mail_of(c)->counts.down++;
}

static void mail_room(struct vhx_correspondent *c)
{
	mail_of(c)->counts.room++;
}

static int mail_recv(struct vhx_correspondent *c, struct vhx_message *msg, u32 len)
{
	struct mail *m = mail_of(c);
	int rc = 0;

	mutex_lock(&m->lock);
	m->counts.recv++;
	if (m->keep && m->nkept < MAIL_KEPT) {
		m->kept[m->nkept] = msg;
		m->len[m->nkept++] = len;
		rc = -EAGAIN;
	} else {
		m->counts.bytes += len;
	}
	mutex_unlock(&m->lock);
	return rc;
}

/* ---- its fd ---- */

static ssize_t mail_write(struct file *file, const char __user *from, size_t n, loff_t *pos)
{
	struct mail *m = file->private_data;
	struct vhx_message *msg = vhx_message_get(m->ep);
	int err = 0;

	if (!msg)
		return -EAGAIN;
	if (n > vhx_message_size(msg))
		err = -EMSGSIZE;
	else if (copy_from_user(vhx_message_data(msg), from, n))
		err = -EFAULT;
	/* There is no way but this to let go of it. */
	if (err)
		vhx_message_send(msg, 0);
	else
		err = vhx_message_send(msg, n);
	return err ?: n;
}

/* The oldest that is kept. Context: @m->lock. */
static struct vhx_message *mail_take(struct mail *m, u32 *len)
{
	struct vhx_message *msg = m->kept[0];

	if (!m->nkept)
		return NULL;
	*len = m->len[0];
	m->nkept--;
	memmove(m->kept, m->kept + 1, m->nkept * sizeof(*m->kept));
	memmove(m->len, m->len + 1, m->nkept * sizeof(*m->len));
	return msg;
}

static ssize_t mail_read(struct file *file, char __user *to, size_t n, loff_t *pos)
{
	struct mail *m = file->private_data;
	struct vhx_message *msg;
	u32 len = 0;
	ssize_t ret;

	mutex_lock(&m->lock);
	msg = mail_take(m, &len);
	mutex_unlock(&m->lock);
	if (!msg)
		return -EAGAIN;
	ret = min_t(size_t, n, len);
	if (copy_to_user(to, vhx_message_data(msg), ret))
		ret = -EFAULT;
	vhx_message_grant(msg);
	return ret;
}

static long mail_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct mail *m = file->private_data;

	switch (cmd) {
	case MAIL_COUNTS:
		return copy_to_user((void __user *)arg, &m->counts, sizeof(m->counts)) ?
		       -EFAULT : 0;
	case MAIL_KEEP:
		m->keep = arg;
		return 0;
	default:
		return -ENOTTY;
	}
}

static int mail_open(struct inode *inode, struct file *file)
{
	struct vhx_endpoint *ep;
	struct mail *m;

	ep = vhx_endpoint_use(VHX_ENDPOINT_SCSI, MAIL_ENDPOINT);
	if (IS_ERR(ep))
		return PTR_ERR(ep);
	m = kzalloc(sizeof(*m), GFP_KERNEL_ACCOUNT);
	if (!m) {
		vhx_endpoint_unuse(ep);
		return -ENOMEM;
	}
	m->c = (struct vhx_correspondent) {
		.up	= mail_up,
		.down	= mail_down,
		.room	= mail_room,
		.recv	= mail_recv,
	};
	m->ep = ep;
	mutex_init(&m->lock);
	m->keep = true;
	vhx_endpoint_correspond(ep, &m->c);
	file->private_data = m;
	return 0;
}

static int mail_release(struct inode *inode, struct file *file)
{
	struct mail *m = file->private_data;
	struct vhx_message *msg;
	u32 len;

	vhx_endpoint_correspond(m->ep, NULL);
	while ((msg = mail_take(m, &len)))
		vhx_message_grant(msg);
	vhx_endpoint_unuse(m->ep);
	kfree(m);
	return 0;
}

static const struct file_operations mail_fops = {
	.owner		= THIS_MODULE,
	.open		= mail_open,
	.release	= mail_release,
	.read		= mail_read,
	.write		= mail_write,
	.unlocked_ioctl	= mail_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice mail_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vhx-mail",
	.fops	= &mail_fops,
	.mode	= 0600,
};

module_misc_device(mail_misc);
MODULE_DESCRIPTION("vhx: messages to an agent and back, for tests");
MODULE_LICENSE("GPL");
