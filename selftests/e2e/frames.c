// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames that come back: through a NIC that hands its owner what it sends to itself.
 *
 *	frames IFACE COUNT SEED
 *
 * COUNT frames to IFACE's own address, of 60 bytes to as long as it takes them, a few at a
 * time. Each must come back once, in order, with every byte as it was. Ends with a line
 * "frames N bytes N". In a guest it is the static build.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROTOCOL	0x88b5		/* for local experiments */
#define WINDOW		8
#define WAIT_MS		10000
#define MIN_LEN		60

static int fd;
static uint64_t seed;
static uint8_t mac[ETH_ALEN];
static size_t max_len;

static void die(const char *what)
{
	fprintf(stderr, "frames: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* The frame of that number. Return: its length. */
static size_t fill(uint8_t *at, uint32_t number)
{
	const size_t len = MIN_LEN + mix(seed + number) % (max_len - MIN_LEN + 1);
	const uint16_t protocol = htons(PROTOCOL);
	size_t i;

	memcpy(at, mac, ETH_ALEN);
	memcpy(at + ETH_ALEN, mac, ETH_ALEN);
	memcpy(at + 2 * ETH_ALEN, &protocol, sizeof(protocol));
	memcpy(at + ETH_HLEN, &number, sizeof(number));
	for (i = ETH_HLEN + sizeof(number); i < len; i++)
		at[i] = (uint8_t)mix(seed ^ ((uint64_t)number << 16 | i));
	return len;
}

static void setup(const char *name)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htons(PROTOCOL) };
	struct ifreq ifr = { 0 };
	const int on = 1;

	fd = socket(AF_PACKET, SOCK_RAW, htons(PROTOCOL));
	if (fd < 0)
		die("socket");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFINDEX, &ifr))
		die(name);
	addr.sll_ifindex = ifr.ifr_ifindex;
	if (ioctl(fd, SIOCGIFHWADDR, &ifr))
		die(name);
	memcpy(mac, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	if (ioctl(fd, SIOCGIFMTU, &ifr))
		die(name);
	max_len = (size_t)ifr.ifr_mtu + ETH_HLEN;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("bind");
	/* What this socket sends it must see only when the NIC has it back. */
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)))
		die("PACKET_IGNORE_OUTGOING");
}

static void post(uint32_t number)
{
	uint8_t frame[max_len];
	const size_t len = fill(frame, number);

	if (send(fd, frame, len, 0) != (ssize_t)len)
		die("send");
}

static size_t take(uint32_t number)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t got[max_len + 1], should[max_len];
	const size_t len = fill(should, number);
	ssize_t n;

	errno = ETIMEDOUT;
	if (poll(&p, 1, WAIT_MS) != 1)
		die("no frame came back");
	n = recv(fd, got, sizeof(got), 0);
	if (n < 0)
		die("recv");
	if ((size_t)n != len || memcmp(got, should, len)) {
		fprintf(stderr, "frames: frame %u of %zu bytes came back as another, of %zd\n",
			number, len, n);
		exit(1);
	}
	return len;
}

int main(int argc, char **argv)
{
	unsigned long long bytes = 0;
	uint32_t count, sent = 0, came;

	if (argc != 4) {
		fprintf(stderr, "usage: frames IFACE COUNT SEED\n");
		return 2;
	}
	count = (uint32_t)strtoul(argv[2], NULL, 0);
	seed = mix(strtoull(argv[3], NULL, 0));
	setup(argv[1]);
	for (came = 0; came < count; came++) {
		for (; sent < count && sent - came < WINDOW; sent++)
			post(sent);
		bytes += take(came);
	}
	printf("frames %u bytes %llu\n", count, bytes);
	return 0;
}
