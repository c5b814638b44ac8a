#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What people run over vsock: ssh to the guest, by systemd's proxy, and scp of a file that is
# compared; ncat from either side. Nothing here has an IP address.
# time-limit: 900
# shellcheck disable=SC2317 # functions are called by run, refuse and at_exit
. "$(dirname "$0")/lib.sh"
. "$E2E_DIR/vsock.sh"

SYSTEMD=/usr/lib/systemd
SSHD=/usr/lib/openssh
INITRAMFS=-vsock-ssh
GUEST_PROGRAMS+=(ncat ssh-keygen /usr/sbin/sshd "$SSHD/sshd-session" "$SSHD/sshd-auth")
for program in ncat ssh scp $SYSTEMD/systemd-ssh-proxy /usr/sbin/sshd $SSHD/sshd-session; do
	command -v "$program" >/dev/null ||
		skip_all "there is no $program: run tools/vm/setup again (README.md)"
done
vsock_begin

key=$E2E_RUN/key
config=$E2E_RUN/ssh_config
mib=2				# bytes of a file that is copied

# The guest's accounts, its keys and what sshd is to do; it has none of that by itself
sshd_configure()
{
	rm -f "$key" "$key.pub"
	ssh-keygen -q -t ed25519 -N '' -f "$key" || return
	guest "mkdir -p /etc/ssh /root/.ssh /run/sshd /var/empty; chmod 700 /root /root/.ssh;
		echo 'root:x:0:0:root:/root:/bin/sh' >/etc/passwd;
		echo 'sshd:x:100:65534::/run/sshd:/bin/false' >>/etc/passwd;
		echo 'root:x:0:' >/etc/group;
		echo 'root:*:19000:0:99999:7:::' >/etc/shadow;
		echo '$(cat "$key.pub")' >/root/.ssh/authorized_keys" || return
	guest "ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/host" &&
	guest "printf '%s\\n' 'HostKey /etc/ssh/host' 'UsePAM no' 'StrictModes no' \
		'PasswordAuthentication no' 'LoginGraceTime 0' \
		'Subsystem sftp internal-sftp' >/etc/ssh/config; sshd -t -f /etc/ssh/config"
}

# As systemd has it in /etc/ssh/ssh_config.d
ssh_configure()
{
	cat >"$config" <<-END
	Include $SYSTEMD/ssh_config.d/20-systemd-ssh-proxy.conf
	# scp takes what is behind a slash for a path.
	Host guest
		ProxyCommand $SYSTEMD/systemd-ssh-proxy vsock/$CID %p
		ProxyUseFdpass yes
		StrictHostKeyChecking no
		UserKnownHostsFile /dev/null
	Host *
		User root
		IdentityFile $key
		IdentitiesOnly yes
		BatchMode yes
	END
	chmod 600 "$config"
}

# patient PROGRAM [ARG]...: one of ssh's, in a time that is enough for a guest's cryptography
patient()
{
	local program=$1

	shift
	timeout "$COMMAND_SECONDS" "$program" -F "$config" "$@" 2>"$E2E_RUN/ssh.said"
}

copied()
{
	patient scp -q "$1" "$2" && return
	diag "$(tail -n 5 "$E2E_RUN/ssh.said")"
	return 1
}

guest_start
ok $? "the guest boots" || bail "no guest"

### ssh

sshd_configure
ok $? "sshd is configured in the guest" || bail "no sshd"
ssh_configure
guest_bg sshd "socat -t 60 VSOCK-LISTEN:22,fork,reuseaddr 'EXEC:/usr/sbin/sshd -i -f /etc/ssh/config'"
guest_listens 22
is "$(patient ssh "vsock/$CID" "echo from \$(cat /proc/sys/kernel/hostname)")" \
	"from $(guest "cat /proc/sys/kernel/hostname")" "ssh vsock/$CID CMD" ||
	diag "$(tail -n 5 "$E2E_RUN/ssh.said")"
patient ssh "vsock/$CID" "exit 42"
is $? 42 "its exit status comes back"
head -c "${mib}M" /dev/urandom >"$E2E_RUN/file"
sum=$(sha256sum <"$E2E_RUN/file")
is "$(patient ssh "vsock/$CID" "sha256sum" <"$E2E_RUN/file")" "$sum" "so does what it reads and says"
run "scp to the guest" copied "$E2E_RUN/file" guest:/tmp/file
is "$(guest "sha256sum </tmp/file")" "$sum" "the file is the same"
run "scp from the guest" copied guest:/tmp/file "$E2E_RUN/back"
is "$(sha256sum <"$E2E_RUN/back")" "$sum" "it is the same still"
patient ssh -p 23 "vsock/$CID" true
is $? 255 "where no sshd listens: refused"
grep -o "Connection reset by peer" "$E2E_RUN/ssh.said" | head -n 1 >"$E2E_RUN/why"
is "$(cat "$E2E_RUN/why")" "Connection reset by peer" "and why is said"

### ncat

guest_bg ncat "ncat --vsock -l -p 7 >/tmp/got"
guest_listens 7
timeout "$COMMAND_SECONDS" ncat --vsock --send-only "$CID" 7 <"$E2E_RUN/file"
ok $? "ncat to the guest"
guest_join ncat
is "$(guest "sha256sum </tmp/got")" "$sum" "every byte came"
timeout "$COMMAND_SECONDS" ncat --vsock -l -p 7 >"$E2E_RUN/got" &
ncat=$!
until_true 10 host_listens 7
guest "ncat --vsock --send-only $HOST_CID 7 </tmp/got"
ok $? "ncat to the host"
wait $ncat
is "$(sha256sum <"$E2E_RUN/got")" "$sum" "every byte came"

guest_poweroff
ok $? "the guest switches off"
qemu_is_content
ok $? "QEMU has nothing to complain of"
plan
