// SPDX-License-Identifier: GPL-2.0-only
/* vhx doctor: the kernel, the modules, the nodes, what the caller may do. */
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/magic.h>

#include "doctor.h"

#define BPFFS	"/sys/fs/bpf"

static bool read_number(const char *path, long *number)
{
	FILE *in = fopen(path, "re");
	bool ok;

	if (!in)
		return false;
	ok = fscanf(in, "%ld", number) == 1;
	fclose(in);
	return ok;
}

static bool is_loaded(const char *module)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return !access(path, F_OK);
}

static void check_kernel(struct json_object *list)
{
	struct utsname kernel;

	uname(&kernel);
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		found(list, "kernel", WRONG, "boot a kernel with CONFIG_DEBUG_INFO_BTF=y",
		      "%s has no BTF: no policy can be loaded", kernel.release);
	else
		found(list, "kernel", FINE, NULL, "%s, with BTF", kernel.release);
}

static void check_modules(struct json_object *list)
{
	if (is_loaded("vhx") && is_loaded("vhx_net"))
		found(list, "modules", FINE, NULL, "vhx and vhx_net are loaded");
	else
		found(list, "modules", WRONG,
		      "modprobe vhx_net; where there is none: make modules && make install",
		      "%s is not loaded", is_loaded("vhx") ? "vhx_net" : "vhx");
}

/* A module without fitting BTF loads and steers nothing, so its word is asked for. */
static void check_steering(struct json_object *list)
{
	static const char mend[] =
		"rebuild the modules against this kernel, with pahole installed: "
		"make modules KREL=$(uname -r)";
	__u64 features = 0;
	int err, fd;

	if (!is_loaded("vhx_net"))
		return;
	fd = vhx_node__open(VHX_NODE_CTL);
	if (fd < 0) {
		found(list, "steering", fd == -EACCES ? UNKNOWN : WRONG,
		      fd == -EACCES ? "run it as root" : "udevadm trigger, or reload vhx",
		      VHX_NODE_CTL ": %s", strerrorname_np(-fd));
		return;
	}
	err = vhx_node__features(fd, &features);
	close(fd);
	if (err)
		found(list, "steering", WRONG, "modules and vhx must be of one version",
		      VHX_NODE_CTL ": VHX_GET_FEATURES: %s", strerrorname_np(-err));
	else if (access("/sys/kernel/btf/vhx_net", R_OK))
		found(list, "steering", WRONG, mend, "module vhx_net has no BTF");
	else if (!(features & VHX_F_STEER))
		found(list, "steering", WRONG, mend,
		      "module vhx_net could not register struct vhx_steer_ops");
	else
		found(list, "steering", FINE, NULL, "policies can be attached");
}

static void check_mode(struct json_object *list, const char *path, const struct stat *st)
{
	const struct group *kvm = getgrnam("kvm");
	char mend[128];

	if (!kvm || (st->st_gid == kvm->gr_gid && (st->st_mode & 060) == 060)) {
		found(list, "nodes", FINE, NULL, "%s is there", path);
		return;
	}
	snprintf(mend, sizeof(mend), "chgrp kvm %s; chmod 660 %s; for good: a udev rule", path,
		 path);
	found(list, "nodes", DOUBT, mend, "%s is not for group kvm: a VMM must be root", path);
}

static void check_node(struct json_object *list, const char *path)
{
	const char *user = getenv("USER");
	struct stat st;
	char mend[128];
	int fd;

	if (stat(path, &st)) {
		found(list, "nodes", WRONG, "udevadm trigger --name-match=vhx*, or reload the "
		      "modules", "%s: %s", path, strerrorname_np(errno));
		return;
	}
	fd = vhx_node__open(path);
	if (fd >= 0) {
		close(fd);
		check_mode(list, path, &st);
		return;
	}
	snprintf(mend, sizeof(mend), "usermod -aG kvm %s", user ?: "USER");
	found(list, "nodes", WRONG, mend, "%s: %s", path, strerrorname_np(-fd));
}

static void check_nodes(struct json_object *list)
{
	if (is_loaded("vhx_net"))
		check_node(list, VHX_NODE_NET);
}

static void check_jit(struct json_object *list)
{
	static const char knob[] = "/proc/sys/net/core/bpf_jit_enable";
	long on;

	/* Only the first network namespace shows it. */
	if (access(knob, F_OK))
		return;
	if (!read_number(knob, &on))
		found(list, "jit", UNKNOWN, "run it as root", "%s is not readable", knob);
	else if (!on)
		found(list, "jit", WRONG, "sysctl -w net.core.bpf_jit_enable=1",
		      "the BPF JIT is off: programs that call vhx's functions do not load");
	else
		found(list, "jit", FINE, NULL, "the BPF JIT is on");
}

static __u64 effective_caps(void)
{
	FILE *in = fopen("/proc/self/status", "re");
	unsigned long long caps = 0;
	char line[128];

	if (!in)
		return 0;
	while (fgets(line, sizeof(line), in))
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	fclose(in);
	return caps;
}

static void check_caps(struct json_object *list)
{
	static const struct {
		int cap;
		const char *name;
	} wanted[] = {
		{ CAP_BPF, "CAP_BPF" },
		{ CAP_PERFMON, "CAP_PERFMON" },
		{ CAP_NET_ADMIN, "CAP_NET_ADMIN" },
		{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN" },
		{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE" },
	};
	__u64 caps = effective_caps();
	char missing[128] = "";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (caps >> wanted[i].cap & 1)
			continue;
		strcat(missing, " ");
		strcat(missing, wanted[i].name);
	}
	if (*missing)
		found(list, "rights", DOUBT, "run vhx as root to load policies",
		      "you lack%s: you can look, not load", missing);
	else
		found(list, "rights", FINE, NULL, "you may load policies");
}

static void check_bpffs(struct json_object *list)
{
	struct statfs fs;

	if (statfs(BPFFS, &fs) || fs.f_type != BPF_FS_MAGIC)
		found(list, "bpffs", WRONG, "mount -t bpf bpf " BPFFS,
		      "no bpffs on " BPFFS ": policies cannot be pinned");
	else
		found(list, "bpffs", FINE, NULL, "mounted on " BPFFS);
}

static void check_objects(struct json_object *list)
{
	char path[PATH_MAX];

	if (vhx_object__find("tap_shim", NULL, path, sizeof(path)))
		found(list, "objects", DOUBT, "make bpf && make install, or set VHX_BPF_DIR",
		      "tap_shim.bpf.o is not found: taps cannot ask the policy");
	else
		found(list, "objects", FINE, NULL, "policies by name are in %.*s",
		      (int)(strrchr(path, '/') - path), path);
}

void check_host(struct json_object *list)
{
	check_kernel(list);
	check_modules(list);
	check_steering(list);
	check_nodes(list);
	check_jit(list);
	check_caps(list);
	check_bpffs(list);
	check_objects(list);
}
