// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taps, macvtaps, packet sockets and namespaces, see nettap.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>

#include "nettap.h"

/* Run a shell command, silently. Its exit status. */
int sh(const char *fmt, ...)
{
	char cmd[1024];
	va_list ap;
	int len, status;

	va_start(ap, fmt);
	len = vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	snprintf(cmd + len, sizeof(cmd) - len, " >/dev/null 2>&1");
	status = system(cmd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* A network namespace in which nobody speaks unasked: no IPv6, no router solicitations. */
int nettap_own_netns(void)
{
	if (unshare(CLONE_NEWNET))
		return -errno;
	write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
	write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	return sh("ip link set lo up") ? -EIO : 0;
}

int nettap_this_netns(void)
{
	int fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Another such namespace, without entering it: its fd. */
int nettap_new_netns(void)
{
	int back = nettap_this_netns();
	int fd, r;

	if (back < 0)
		return back;
	r = nettap_own_netns();
	fd = nettap_this_netns();
	if (fd < 0)
		r = fd;
	if (setns(back, CLONE_NEWNET))
		r = -errno;
	close(back);
	return r ? r : fd;
}

int nettap_enter_netns(int fd)
{
	return setns(fd, CLONE_NEWNET) ? -errno : 0;
}

int nettap_attach(int fd, const char *name, int flags)
{
	struct ifreq req = { .ifr_flags = flags };

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	return ioctl(fd, TUNSETIFF, &req) ? -errno : 0;
}

int nettap_open(const char *name, int flags)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = nettap_attach(fd, name, flags);
	if (r) {
		close(fd);
		return r;
	}
	return fd;
}

int nettap_set_hdr(int fd, int len)
{
	return ioctl(fd, TUNSETVNETHDRSZ, &len) ? -errno : 0;
}

int nettap_set_offload(int fd, unsigned int offloads)
{
	return ioctl(fd, TUNSETOFFLOAD, (unsigned long)offloads) ? -errno : 0;
}

/* Take away what waits in the tap's queue. For taps that nobody else reads at the moment. */
void nettap_flush(int fd)
{
	static uint8_t frame[65536 + 64];

	while (read(fd, frame, sizeof(frame)) > 0)
		;
}

static int set_flags(const char *name, int set, int clear)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = { 0 };
	int r = 0;

	if (fd < 0)
		return -errno;
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFFLAGS, &req))
		r = -errno;
	req.ifr_flags = (req.ifr_flags & ~clear) | set;
	if (!r && ioctl(fd, SIOCSIFFLAGS, &req))
		r = -errno;
	close(fd);
	return r;
}

static int set_mtu(const char *name, int mtu)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq req = { .ifr_mtu = mtu };
	int r;

	if (fd < 0)
		return -errno;
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
	r = ioctl(fd, SIOCSIFMTU, &req) ? -errno : 0;
	close(fd);
	return r;
}

/* @mtu of 0 leaves it as it is. */
int nettap_up(const char *name, int mtu)
{
	int r = mtu ? set_mtu(name, mtu) : 0;

	return r ? r : set_flags(name, IFF_UP, 0);
}

int nettap_down(const char *name)
{
	return set_flags(name, 0, IFF_UP);
}

/* Packets the host's stack sent to a netdev that it dropped, a tap because its ring was full. */
uint64_t nettap_dropped(const char *name)
{
	char line[512], format[128];
	uint64_t n = 0;
	FILE *f = fopen("/proc/thread-self/net/dev", "re");

	if (!f)
		return 0;
	snprintf(format, sizeof(format), " %s: %%*u %%*u %%*u %%*u %%*u %%*u %%*u %%*u %%*u %%*u %%*u %%lu",
		 name);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, format, &n) == 1)
			break;
	fclose(f);
	return n;
}

/* The node of a macvtap has the number the kernel chose; there may be no udev to make it. */
static int macvtap_node(const char *name)
{
	char path[128], node[64];
	unsigned int major, minor, index;
	FILE *f;
	int n;

	snprintf(path, sizeof(path), "/sys/class/net/%s/ifindex", name);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	n = fscanf(f, "%u", &index);
	fclose(f);
	snprintf(path, sizeof(path), "/sys/class/net/%s/tap%u/dev", name, index);
	f = n == 1 ? fopen(path, "re") : NULL;
	if (!f)
		return -ENOENT;
	n = fscanf(f, "%u:%u", &major, &minor);
	fclose(f);
	if (n != 2)
		return -ENOENT;
	snprintf(node, sizeof(node), "/tmp/macvtap-%u", index);
	sh("rm -f %s; mknod %s c %u %u", node, node, major, minor);
	n = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	n = n < 0 ? -errno : n;
	unlink(node);
	return n;
}

/* A mount of sysfs shows the netdevs of the namespace it was made in. */
static int own_sysfs(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("sysfs", "/sys", "sysfs", 0, NULL))
		return -errno;
	return 0;
}

/* A macvtap on @lower, up, with the vnet header on. */
int macvtap_open(const char *lower, const char *name)
{
	struct ifreq req = { .ifr_flags = NETTAP_DEFAULT };
	int fd, r;

	r = own_sysfs();
	if (r)
		return r;
	if (sh("ip link add link %s name %s type macvtap mode bridge", lower, name))
		return -EIO;
	r = nettap_up(name, 0);
	if (r)
		return r;
	fd = macvtap_node(name);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &req)) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

/* What goes in through a netdev and, by packet_send(), out. It does not see its own frames. */
int packet_open(const char *ifname, bool vnet_hdr)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex(ifname),
	};
	int on = 1, size = 64 << 20;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	if (vnet_hdr && setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)))
		goto err;
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)))
		goto err;
	return fd;

err:
	on = -errno;
	close(fd);
	return on;
}

/* A frame's length, 0 when none came within @ms. */
int packet_recv(int fd, void *buf, uint32_t size, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int r = recv(fd, buf, size, 0);

	if (r < 0 && errno == EAGAIN && ms) {
		if (poll(&p, 1, ms) <= 0)
			return 0;
		r = recv(fd, buf, size, 0);
	}
	if (r < 0)
		return errno == EAGAIN ? 0 : -errno;
	return r;
}

int packet_send(int fd, const void *buf, uint32_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int r = send(fd, buf, len, 0);

	if (r < 0 && (errno == EAGAIN || errno == ENOBUFS) && poll(&p, 1, 1000) > 0)
		r = send(fd, buf, len, 0);
	return r < 0 ? -errno : r;
}
