// SPDX-License-Identifier: GPL-2.0-only
/* vhx doctor: the vDPA bus, whose devices are whose, and guests' memory that they cannot have. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define BUS	"/sys/bus/vdpa/"

/* Of what is mapped, so much may be left out: a VMM's ROMs are. */
#define SKIP_PART	16

/* --- the bus --- */

/* The driver that a device is bound to, "" for none. */
static void driver_of(const char *dev, char *driver, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t len;

	*driver = '\0';
	snprintf(path, sizeof(path), BUS "devices/%s/driver", dev);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return;
	target[len] = '\0';
	slash = strrchr(target, '/');
	snprintf(driver, size, "%.*s", (int)size - 1, slash ? slash + 1 : target);
}

static bool is_to_be_ours(const char *dev)
{
	char path[PATH_MAX], driver[64] = "";
	FILE *in;

	snprintf(path, sizeof(path), BUS "devices/%s/driver_override", dev);
	in = fopen(path, "re");
	if (!in)
		return false;
	if (fgets(driver, sizeof(driver), in))
		driver[strcspn(driver, "\n")] = '\0';
	fclose(in);
	return !strcmp(driver, "vhx_vdpa");
}

static void check_device(struct json_object *list, const char *dev)
{
	const bool loaded = !access("/sys/module/vhx_vdpa", F_OK);
	char driver[64], mend[512], unbind[320] = "";
	const bool ours = is_to_be_ours(dev);

	driver_of(dev, driver, sizeof(driver));
	if (!strcmp(driver, "vhx_vdpa") || (*driver && !ours))
		return;
	if (*driver)
		snprintf(unbind, sizeof(unbind), "echo %s >" BUS "drivers/%s/unbind; ", dev,
			 driver);
	snprintf(mend, sizeof(mend), "%s%secho vhx_vdpa >" BUS "devices/%s/driver_override; "
		 "echo %s >" BUS "drivers/vhx_vdpa/bind", loaded ? "" : "modprobe vhx_vdpa; ",
		 unbind, dev, dev);
	if (*driver)
		found(list, "vdpa", DOUBT, mend, "%s is to be vhx_vdpa's (driver_override), and is %s's",
		      dev, driver);
	else
		found(list, "vdpa", DOUBT, mend, "%s of the vDPA bus is bound to no driver: nobody can use it",
		      dev);
}

static void check_bus(struct json_object *list)
{
	const struct dirent *entry;
	DIR *bus = opendir(BUS "devices");

	if (!bus)
		return;
	while ((entry = readdir(bus)))
		if (entry->d_name[0] != '.')
			check_device(list, entry->d_name);
	closedir(bus);
}

/* DPDK takes a node for vhost-vdpa's if its major is that of the first line that says so. */
static void check_major(struct json_object *list)
{
	char line[128], first[64] = "", name[64];
	FILE *in = fopen("/proc/devices", "re");
	bool ours = false;

	if (!in)
		return;
	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%*u %63s", name) != 1 || strncmp(name, "vhost-vdpa", 10))
			continue;
		if (!*first)
			snprintf(first, sizeof(first), "%s", name);
		ours |= !strcmp(name, "vhost-vdpa-vhx");
	}
	fclose(in);
	if (ours && strcmp(first, "vhost-vdpa-vhx"))
		found(list, "vdpa", DOUBT, "if DPDK is to use them: rmmod vhost_vdpa",
		      "in-tree's vhost_vdpa is loaded as well, and before it in /proc/devices: DPDK takes "
		      "no /dev/vhx-vdpa-N for a vDPA device");
}

/* --- devices --- */

static void check_refusal(struct json_object *list, struct json_object *dev)
{
	char mend[128];

	if (!j_get(dev, "refused"))
		return;
	snprintf(mend, sizeof(mend), "vhx vdpa show %s", j_get_str(dev, "name"));
	if (!strcmp(j_get_str(dev, "refused.why"), "memlock"))
		snprintf(mend, sizeof(mend), "ulimit -l unlimited before the VMM is started; systemd: "
			 "LimitMEMLOCK=infinity; libvirt: <memtune><hard_limit>");
	found(list, "vdpa", DOUBT, mend, "%s refused the VMM a %s", j_get_str(dev, "name"),
	      j_get_str(dev, "refused.text"));
}

static void check_skipped(struct json_object *list, struct json_object *dev)
{
	const __u64 skipped = j_get_num(dev, "stats.skipped_bytes");
	char text[32];

	if (!j_get_bool(dev, "use_va") || !strcmp(j_get_str(dev, "state"), "free") ||
	    skipped <= j_get_num(dev, "mapped_bytes") / SKIP_PART)
		return;
	out_format(j_get(dev, "stats.skipped_bytes"), OUT_BYTES, text, sizeof(text));
	found(list, "vdpa", DOUBT,
	      "QEMU: -object memory-backend-memfd,id=mem,size=SIZE,share=on -machine memory-backend=mem",
	      "%s cannot have %s of the guest's memory: its parent takes user addresses, of shared "
	      "memory only", j_get_str(dev, "name"), text);
}

static void check_dev(struct json_object *list, struct json_object *dev)
{
	const char *state = j_get_str(dev, "state");

	if (!strcmp(state, "broken"))
		found(list, "vdpa", WRONG, "restart the guest's driver or the VMM; else look at its parent",
		      "%s has failed, or needs a reset", j_get_str(dev, "name"));
	else
		found(list, "vdpa", FINE, NULL, "%s is %s, as %s", j_get_str(dev, "name"), state,
		      j_get_str(dev, "node"));
	check_refusal(list, dev);
	check_skipped(list, dev);
}

void check_vdpas(struct json_object *list)
{
	struct json_object *devs;
	struct vhx_nl *nl;
	size_t i;
	int rc;

	check_bus(list);
	/* That a module is not there is no fault: not everybody has vDPA. */
	if (access("/sys/module/vhx_vdpa", F_OK) || vhx_nl__open(&nl))
		return;
	check_major(list);
	devs = collect_vdpas(nl, &rc);
	vhx_nl__close(nl);
	for (i = 0; devs && i < json_object_array_length(devs); i++)
		check_dev(list, json_object_array_get_idx(devs, i));
	json_object_put(devs);
}
