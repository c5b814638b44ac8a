// SPDX-License-Identifier: GPL-2.0-only
/*
 * vhxd: the agent. The main thread starts everything, and is then who hears signals, the control
 * socket and the watchdog; requests of guests are the loops'.
 */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "conf.h"
#include "control.h"
#include "detach.h"
#include "host.h"
#include "keeper.h"
#include "log.h"
#include "notify.h"
#include "priv.h"
#include "vsock/vsock.h"

const char *argp_program_version = "vhxd " VHX_VERSION;

struct args {
	const char *config;
	bool foreground;
	bool check;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case 'c':
		args->config = arg;
		return 0;
	case 'f':
		args->foreground = true;
		return 0;
	case 't':
		args->check = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "too many words: \"%s\"", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void parse_args(int argc, char **argv, struct args *args)
{
	static const struct argp_option options[] = {
		{ "config", 'c', "FILE", 0, "Read this file (" CONF_FILE ")", 0 },
		{ "foreground", 'f', NULL, 0, "Stay in the foreground", 0 },
		{ "check", 't', NULL, 0, "Only say whether the configuration is right", 0 },
		{ 0 },
	};
	static const struct argp argp = {
		.options = options,
		.parser = parse,
		.doc = "Serve SCSI disks and vsock of guests on vhx.",
	};

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, args);
}

/* Blocked before threads are made, so that all of them have them blocked. */
static int open_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -errno;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static unsigned int count_disks(const struct host *host)
{
	const struct disk *disk;
	unsigned int nr = 0;

	list_for_each(disk, &host->disks, node)
		nr++;
	return nr;
}

static void tell_ready(const struct host *host)
{
	char status[96];

	snprintf(status, sizeof(status), "serving %u disks, and vsock of %u guests", count_disks(host),
		 vsock_count(host->vsock));
	notify_ready(status);
}

static void reload(struct host *host, const char *path)
{
	notify_reloading();
	if (!host_reload(host, path))
		log_info("%s was read again", path);
	tell_ready(host);
}

/* Return: whether it is to end. */
static bool on_signal(struct host *host, int fd, const char *path)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP)
			return true;
		reload(host, path);
	}
	return false;
}

/*
 * If a loop has not come around since last time, nothing is said: it may only be slow, and the
 * service manager decides when that is too long.
 */
static void on_interval(struct host *host)
{
	if (host_alive(host))
		notify_watchdog();
}

static void serve(struct host *host, struct control *control, int signals, const char *path)
{
	const uint64_t interval = notify_interval_ms();
	struct pollfd fds[1 + CONTROL_FDS];
	int n;

	for (;;) {
		fds[0] = (struct pollfd) { .fd = signals, .events = POLLIN };
		control_fill(control, fds + 1);
		n = poll(fds, 1 + CONTROL_FDS, interval ? (int)interval : -1);
		if (n < 0 && errno != EINTR)
			log_die("poll: %s", msg_errno(errno));
		if (interval)
			on_interval(host);
		if (n <= 0)
			continue;
		if (fds[0].revents && on_signal(host, signals, path))
			return;
		control_serve(control, fds + 1);
	}
}

static int load_plugins(const struct conf *conf, struct msg *msg)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < conf->nr_plugins; i++)
		ret = backend_plugin(conf->plugins[i], msg);
	return ret;
}

/* What needs rights first, then no rights any more, then what guests can reach. */
static int start(struct host *host, struct control *control, struct conf *conf, struct msg *msg)
{
	int ret;

	ret = load_plugins(conf, msg);
	if (!ret)
		ret = priv_prepare(conf, msg);
	/* Who is without guests' vsock needs nobody that keeps rights. */
	if (!ret && conf->vsock_guests)
		ret = keeper_start(msg);
	if (ret)
		return ret;
	ret = control_open(control, host, conf->socket, msg);
	if (ret)
		return ret;
	ret = host_open(host, conf, msg);
	if (!ret)
		ret = priv_drop(conf->user, msg);
	if (!ret)
		ret = host_run(host, msg);
	if (ret)
		control_close(control);
	return ret;
}

static int run(struct conf *conf, const char *path)
{
	struct control control;
	struct host host;
	struct msg msg;
	int signals;

	signals = open_signals();
	if (signals < 0) {
		log_error("signals: %s", msg_errno(signals));
		return 1;
	}
	if (start(&host, &control, conf, &msg)) {
		log_error("%s", msg.text);
		return 1;
	}
	log_info("%u targets, %u disks, %u queues", conf->nr_targets, count_disks(&host),
		 conf->queues);
	tell_ready(&host);
	detach_done();
	serve(&host, &control, signals, path);
	notify_stopping();
	log_info("finishing what guests asked for; what comes now is for the next one");
	control_close(&control);
	host_close(&host);
	keeper_end();
	return 0;
}

/* A service manager starts what stays. */
static bool is_service(void)
{
	return getenv("NOTIFY_SOCKET") || getenv("INVOCATION_ID");
}

int main(int argc, char **argv)
{
	struct args args = { .config = CONF_FILE };
	struct conf *conf;
	struct msg msg;

	parse_args(argc, argv, &args);
	log_init();
	if (conf_load(args.config, &conf, &msg)) {
		log_error("%s", msg.text);
		return 1;
	}
	if (args.check) {
		printf("%s: %u targets\n", args.config, conf->nr_targets);
		conf_free(conf);
		return 0;
	}
	if (!args.foreground && !is_service() && detach(&msg)) {
		log_error("%s", msg.text);
		return 1;
	}
	return run(conf, args.config);
}
