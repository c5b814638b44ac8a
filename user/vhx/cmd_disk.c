// SPDX-License-Identifier: GPL-2.0-only
/* vhx disk: disks that vhxd serves. */
#include "ask.h"
#include "out.h"

static const struct out_col list_cols[] = {
	{ "target", "TARGET", OUT_PLAIN },
	{ "target_id", "ID", OUT_PLAIN },
	{ "lun", "LUN", OUT_PLAIN },
	{ "name", "NAME", OUT_PLAIN },
	{ "size_bytes", "SIZE", OUT_BYTES },
	{ "cache", "CACHE", OUT_PLAIN },
	{ "readonly", "READONLY", OUT_PLAIN },
	{ "path", "PATH", OUT_PLAIN },
};

static const struct out_col show_cols[] = {
	{ "target", "target", OUT_PLAIN },
	{ "group", "group", OUT_PLAIN },
	{ "target_id", "target id", OUT_PLAIN },
	{ "lun", "lun", OUT_PLAIN },
	{ "name", "name", OUT_PLAIN },
	{ "path", "path", OUT_PLAIN },
	{ "backend", "backend", OUT_PLAIN },
	{ "size_bytes", "size", OUT_BYTES },
	{ "used_bytes", "used", OUT_BYTES },
	{ "block_bytes", "block, bytes", OUT_PLAIN },
	{ "cache", "cache", OUT_PLAIN },
	{ "readonly", "read only", OUT_PLAIN },
	{ "thin", "thin", OUT_PLAIN },
	{ "serial", "serial", OUT_PLAIN },
	{ "uuid", "uuid", OUT_PLAIN },
	{ "targets", "targets that have it", OUT_PLAIN },
	{ "io", "I/O", OUT_PLAIN },
	{ "origin", "from", OUT_PLAIN },
};

/* --- the verbs --- */

static struct json_object *about(const char *op, const struct words *words)
{
	struct json_object *request = j_obj();

	j_str(request, "op", op);
	j_str(request, "target", words->word[0]);
	j_str(request, "place", words->word[1]);
	return request;
}

int cmd_disk_list(int argc, char **argv)
{
	struct words words = { .max = 0 };
	struct json_object *request, *disks;
	int rc;

	parse_words("", "The disks that vhxd serves.", argc, argv, &words);
	request = j_obj();
	j_str(request, "op", "list");
	disks = ask_vhxd(request, &rc);
	if (!disks)
		return rc;
	if (out_json(disks))
		return RC_OK;
	out_table(disks, list_cols, ARRAY_SIZE(list_cols));
	if (!json_object_array_length(disks))
		say("no disk: see vhxd.conf(5), or `vhx disk add`");
	json_object_put(disks);
	return RC_OK;
}

static int print_disk(struct json_object *disk)
{
	if (out_json(disk))
		return RC_OK;
	out_record(disk, show_cols, ARRAY_SIZE(show_cols));
	json_object_put(disk);
	return RC_OK;
}

int cmd_disk_show(int argc, char **argv)
{
	struct words words = { .min = 2, .max = 2 };
	struct json_object *disk;
	int rc;

	parse_words("TARGET LUN", "One disk: where it is, and how it is served."
		    "\vTARGET is a wwpn, LUN a number, or ID.LUN with another target id than 0.",
		    argc, argv, &words);
	disk = ask_vhxd(about("show", &words), &rc);
	return disk ? print_disk(disk) : rc;
}

int cmd_disk_add(int argc, char **argv)
{
	struct words words = { .min = 3, .max = 3 };
	struct json_object *request, *disk;
	int rc;

	parse_words("TARGET LUN PATH[,OPTION...]",
		    "Serve a file or block device as a disk, until vhxd ends."
		    "\vThe options are those of a lun.LUN line in vhxd.conf(5), as in"
		    " /dev/vg/data,serial=D1,cache=writethrough. A TARGET that was not served is"
		    " from now on.", argc, argv, &words);
	request = about("add", &words);
	j_str(request, "disk", words.word[2]);
	disk = ask_vhxd(request, &rc);
	if (!disk)
		return rc;
	say("until vhxd ends; for good: vhxd.conf(5), and `systemctl reload vhxd`");
	return print_disk(disk);
}

int cmd_disk_remove(int argc, char **argv)
{
	struct words words = { .min = 2, .max = 2 };
	int rc;

	parse_words("TARGET LUN", "Take a disk away; what guests do to it is aborted.", argc, argv,
		    &words);
	json_object_put(ask_vhxd(about("remove", &words), &rc));
	if (!rc)
		say("%s has no disk at %s any more", words.word[0], words.word[1]);
	return rc;
}

int cmd_disk_resize(int argc, char **argv)
{
	struct words words = { .min = 2, .max = 3 };
	struct json_object *request, *disk;
	int rc;

	parse_words("TARGET LUN [SIZE]",
		    "Tell the guests that a disk has another size; with SIZE make its file so large."
		    "\vSIZE is in bytes, or with K, M, G or T behind it. A file is not made smaller.",
		    argc, argv, &words);
	request = about("resize", &words);
	if (words.nr == 3)
		j_str(request, "size", words.word[2]);
	disk = ask_vhxd(request, &rc);
	return disk ? print_disk(disk) : rc;
}
