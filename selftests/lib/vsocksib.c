// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two guests of the vsock tests, see vsocksib.h.
 */
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "tap.h"
#include "vsocksib.h"

struct vsockpkt sib_pkt;

int sib_vhx(const char *fmt, ...)
{
	char words[512], line[600];
	int status;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	/* What it says is for the reader of the test. */
	snprintf(line, sizeof(line),
		 "said=$(vhx -q %s 2>&1); rc=$?; echo \"${said:-nothing said}\" | sed 's/^/# vhx: /'; exit $rc",
		 words);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

long long sib_show(const char *words, const char *what)
{
	char line[512];
	long long n = -1;
	FILE *f;

	snprintf(line, sizeof(line), "vhx -j %s | jq -r '%s'", words, what);
	f = popen(line, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%lld", &n) != 1)
		n = -1;
	pclose(f);
	return n;
}

void sib_open(struct vsockdrv *d, uint64_t cid, const struct vsockdrv_opt *opt)
{
	struct vsockdrv_opt o = opt ? *opt : (struct vsockdrv_opt){ 0 };
	int r;

	o.cid = cid;
	r = vsockdrv_open(d, &o);
	if (!r)
		r = vsockdrv_start(d);
	if (r)
		tap_bail("guest %llu: %s", (unsigned long long)cid, strerror(-r));
}

int sib_send(const struct sib *from, const struct sib *to, const struct virtio_vsock_hdr *like,
	     const void *data, uint32_t len)
{
	struct virtio_vsock_hdr h = vsockdrv_hdr(from->d, from->port, to->port, le16toh(like->op));

	h.dst_cid = htole64(to->d->opt.cid);
	h.type = like->type;
	h.flags = like->flags;
	h.len = htole32(len);
	return vsockdrv_send(from->d, &h, data, len);
}

int sib_say(const struct sib *from, const struct sib *to, uint16_t op)
{
	const struct virtio_vsock_hdr like = {
		.op = htole16(op),
		.type = htole16(VIRTIO_VSOCK_TYPE_STREAM),
	};

	return sib_send(from, to, &like, NULL, 0);
}

bool sib_hears(const struct sib *to, const struct sib *from, uint16_t op, int ms)
{
	const struct virtio_vsock_hdr *h = &sib_pkt.h;

	if (!vsockdrv_recv(to->d, &sib_pkt, ms))
		return false;
	if (le16toh(h->op) == op && le64toh(h->src_cid) == from->d->opt.cid &&
	    le64toh(h->dst_cid) == to->d->opt.cid && le32toh(h->src_port) == from->port &&
	    le32toh(h->dst_port) == to->port)
		return true;
	tap_diag("heard op %u of %llu:%u for %llu:%u", le16toh(h->op),
		 (unsigned long long)le64toh(h->src_cid), le32toh(h->src_port),
		 (unsigned long long)le64toh(h->dst_cid), le32toh(h->dst_port));
	return false;
}

bool sib_silent(const struct sib *to)
{
	if (!vsockdrv_recv(to->d, &sib_pkt, SIB_NEVER))
		return true;
	tap_diag("heard op %u of %llu", le16toh(sib_pkt.h.op),
		 (unsigned long long)le64toh(sib_pkt.h.src_cid));
	return false;
}

bool sib_connect(const struct sib *from, const struct sib *to)
{
	return !sib_say(from, to, VIRTIO_VSOCK_OP_REQUEST) &&
	       sib_hears(to, from, VIRTIO_VSOCK_OP_REQUEST, SIB_WAIT) &&
	       !sib_say(to, from, VIRTIO_VSOCK_OP_RESPONSE) &&
	       sib_hears(from, to, VIRTIO_VSOCK_OP_RESPONSE, SIB_WAIT);
}
