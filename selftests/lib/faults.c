// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failures on demand, see faults.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"
#include "tap.h"

#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define DEBUGFS		"/sys/kernel/debug/"
#define KMEMLEAK	DEBUGFS "kmemleak"

static int nth_fd;
static int no_kmemleak;

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return r;
}

/* Sleeping allocations fail as well, and none of it makes the kernel talk. */
static int turn(bool on)
{
	int r = write_file(DEBUGFS "failslab/ignore-gfp-wait", on ? "N" : "Y");

	if (!r)
		r = write_file(DEBUGFS "failslab/verbose", on ? "0" : "2");
	if (!r)
		r = write_file(DEBUGFS "fail_usercopy/verbose", on ? "0" : "2");
	return r;
}

void faults_begin(void)
{
	int r;

	nth_fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC);
	if (nth_fd < 0)
		tap_skip_all("no %s: this kernel was built without fault injection", FAIL_NTH);
	r = turn(true);
	if (r)
		tap_skip_all("no failslab and fail_usercopy in debugfs: %s", strerror(-r));
	no_kmemleak = write_file(KMEMLEAK, "clear");
}

void faults_arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(nth_fd, text, len, 0) != len)
		tap_bail("cannot write %s: %s", FAIL_NTH, strerror(errno));
}

/* While the failure was not used up, reading may be what fails. */
bool faults_disarm(void)
{
	char text[16] = "";
	bool used = pread(nth_fd, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;

	while (pwrite(nth_fd, "0", 1, 0) != 1)
		;
	return used;
}

/* Memory that nobody knows of any more, taken by code of ours. */
static bool leaked(void)
{
	char line[512];
	bool ours = false;
	FILE *f;

	/* It says nothing of what is younger than 5 seconds, and nothing seen only once. */
	sleep(6);
	write_file(KMEMLEAK, "scan");
	write_file(KMEMLEAK, "scan");
	f = fopen(KMEMLEAK, "re");
	while (f && fgets(line, sizeof(line), f)) {
		ours |= !!strstr(line, "[vhx");
		line[strcspn(line, "\n")] = '\0';
		tap_diag("%s", line);
	}
	if (f)
		fclose(f);
	return ours;
}

void faults_end(void)
{
	if (no_kmemleak)
		tap_skip("nothing has leaked", "no %s: %s", KMEMLEAK, strerror(-no_kmemleak));
	else
		tap_ok(!leaked(), "nothing has leaked");
	turn(false);
}
