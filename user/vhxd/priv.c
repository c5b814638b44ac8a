// SPDX-License-Identifier: GPL-2.0-only
/* Becoming less. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "log.h"
#include "priv.h"

static int find_user(const char *name, struct passwd **user, struct msg *msg)
{
	errno = 0;
	*user = getpwnam(name);
	if (*user)
		return 0;
	return msg_set(msg, -ENOENT, "user = %s: there is no such user: adduser --system --group %s",
		       name, name);
}

/* A loop's table of files may be no longer than a process's. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		log_warning("the limit of open files stays low (%s)", msg_errno(errno));
}

static int make_state_dir(const char *dir, const struct passwd *user, struct msg *msg)
{
	struct stat st;

	if (mkdir(dir, 0700) && errno != EEXIST)
		return msg_set(msg, -errno, "state_dir = %s: cannot be made (%s)", dir,
			       msg_errno(errno));
	if (stat(dir, &st) || !S_ISDIR(st.st_mode))
		return msg_set(msg, -ENOTDIR, "state_dir = %s: not a directory (ENOTDIR)", dir);
	if (user && !geteuid() && chown(dir, user->pw_uid, user->pw_gid))
		return msg_set(msg, -errno, "state_dir = %s: cannot be given to %s (%s)", dir,
			       user->pw_name, msg_errno(errno));
	if (access(dir, W_OK))
		return msg_set(msg, -errno, "state_dir = %s: cannot be written (%s)", dir,
			       msg_errno(errno));
	return 0;
}

int priv_prepare(const struct conf *conf, struct msg *msg)
{
	struct passwd *user = NULL;
	int ret;

	raise_limit();
	if (conf->user[0]) {
		ret = find_user(conf->user, &user, msg);
		if (ret)
			return ret;
	}
	return make_state_dir(conf->state_dir, user, msg);
}

static void drop_bounding_set(void)
{
	unsigned long cap;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* To change all ids from root's takes all capabilities away. */
static int become(const char *name, struct msg *msg)
{
	struct passwd *user;
	int ret;

	ret = find_user(name, &user, msg);
	if (ret)
		return ret;
	if (geteuid() == user->pw_uid)
		return 0;
	drop_bounding_set();
	if (initgroups(user->pw_name, user->pw_gid) ||
	    setresgid(user->pw_gid, user->pw_gid, user->pw_gid) ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid))
		return msg_set(msg, -errno, "user = %s: cannot become it (%s)", name,
			       msg_errno(errno));
	if (user->pw_uid && !setresuid(0, 0, 0))
		return msg_set(msg, -EPERM, "user = %s: there is a way back to root", name);
	return 0;
}

int priv_drop(const char *user, struct msg *msg)
{
	int ret = 0;

	if (*user)
		ret = become(user, msg);
	else if (!geteuid())
		log_warning("it stays root: \"user =\" in [vhxd] would have it be another");
	if (ret)
		return ret;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return msg_set(msg, -errno, "no_new_privs: %s", msg_errno(errno));
	return 0;
}

/* One that it has not is not to be had: who needs it is told so then. */
int priv_keep(unsigned int cap, struct msg *msg)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	struct __user_cap_data_struct *of = &data[CAP_TO_INDEX(cap)];
	__u32 had;

	drop_bounding_set();
	if (syscall(SYS_capget, &head, data))
		return msg_set(msg, -errno, "capabilities: %s", msg_errno(errno));
	had = of->permitted & CAP_TO_MASK(cap);
	memset(data, 0, sizeof(data));
	of->permitted = of->effective = had;
	if (syscall(SYS_capset, &head, data) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return msg_set(msg, -errno, "capabilities: %s", msg_errno(errno));
	return 0;
}
