#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Modules go when nobody uses them, at once, and never before. time-limit: 300, dealt to: one
# shellcheck disable=SC2317 # functions are called by run, refuse and at_exit

. "$(dirname "$0")/../lib/tap.sh"

node=${VHX_NET:-/dev/vhx-net}
dir=build/$(uname -r)

case $node in
*vhost-net)
	class=vhost_net core=vhost
	load_class() { modprobe vhost_net; }
	;;
*)
	class=vhx_net core=vhx
	load_class() { insmod "$dir/vhx_net.ko"; }
	;;
esac

loaded()
{
	[ -d "/sys/module/$1" ]
}

refcnt()
{
	cat "/sys/module/$class/refcnt" 2>/dev/null || echo 0
}

# Wait until $1 users hold the class module; give up after 10 s.
wait_users()
{
	tries=0
	while [ "$(refcnt)" -lt "$1" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 100 ] || return 1
		sleep 0.1
	done
}

loaded $class || skip_all "$class is not loaded"
at_exit "loaded $class || load_class"

# Opened for reading only: a shell would make the file if there were none.
# Nobody uses it.
run "rmmod of an idle module" rmmod $class
case $node in
*vhost-net) skip "its node is gone" "in-tree's node stays, and loads the module" ;;
*) refuse "its node is gone" test -e "$node" ;;
esac
run "it loads again" load_class
run "and its node opens" sh -c "exec 3<$node"

# An fd holds it, and nothing else does.
exec 3<"$node"
refuse "rmmod with an fd open: EBUSY" rmmod $class
refuse "rmmod of the core below it: EBUSY" rmmod $core
exec 3>&-
run "rmmod right after the fd is closed" rmmod $class
run "it loads again" load_class

# A whole guest at work.
build/selftests/net/multiqueue >/dev/null 2>&1 &
guest=$!
run "a guest of four queue pairs" wait_users 4
refuse "rmmod with a guest at work: EBUSY" rmmod $class
kill -KILL $guest
wait $guest 2>/dev/null
run "rmmod right after the guest was killed" rmmod $class
run "it loads again" load_class

# In and out.
ok=0
for _ in 1 2 3 4 5; do
	(exec 3<"$node") || ok=1
	rmmod $class && load_class || ok=1
done
ok $ok "loaded and unloaded five times, used each time"

# Opening and unloading race; either may fail, neither may hurt.
(while :; do (exec 3<"$node") 2>/dev/null || :; done) &
opener=$!
gone=0
for _ in $(seq 12); do
	rmmod $class 2>/dev/null || continue
	gone=$((gone + 1))
	load_class || break
done
kill $opener
wait $opener 2>/dev/null
loaded $class
ok $? "opened and unloaded at the same time ($gone of 12 unloads won)"
build/selftests/net/multiqueue >/dev/null 2>&1
ok $? "and a guest works afterwards"

plan
