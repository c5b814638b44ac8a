#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Who has a device, and what becomes of a VMM whose device goes: unbound, deleted, and its parent's
# module unloaded, idle and at work. Nobody waits for anybody, nothing stays pinned. time-limit: 240

. "$(dirname "$0")/../lib/tap.sh"
. "$(dirname "$0")/../lib/vdpa.sh"

tools=build/selftests/vdpa/tools
dev=$VDPA_BUS/devices/blk0

vdpa_is_vhx || skip_all "in-tree waits for the VMM to close"
vdpa_begin
missing=$(vdpa_parents_missing)
[ -z "$missing" ] || skip_all "$missing"

make_disk()
{
	vdpa_sim blk blk0 use_va=0 && vdpa_give blk0 "$VDPA_DRIVER" && node=$(vdpa_node blk0)
}

# at_work: a VMM that is, until its device goes
at_work()
{
	log=$(mktemp)
	"$tools/blk" "$node" 60 >"$log" 2>&1 &
	vmm=$!
	until_true 20 is_mapped
}

# shellcheck disable=SC2317 # until_true calls it
is_mapped()
{
	[ "$(vdpa_pinned_by "$vmm")" -gt 0 ]
}

# its_end NAME: it has heard of it, and has ended well
its_end()
{
	wait "$vmm"
	ok $? "$1" || diag "$(cat "$log")"
	rm -f "$log"
}

### whose it is

run "a disk of vdpa_sim's" vdpa_sim blk blk0 use_va=0
is "$(vdpa_driver_of "$dev")" '' "nobody has it unasked"
echo >"$dev/driver_override"
refuse "without a word it cannot be had: ENODEV" sh -c "echo blk0 >$VDPA_BUS/drivers/$VDPA_DRIVER/bind"
echo virtio_vdpa >"$dev/driver_override"
refuse "nor with a word for another" sh -c "echo blk0 >$VDPA_BUS/drivers/$VDPA_DRIVER/bind"
run "with a word for it, it can" vdpa_give blk0 "$VDPA_DRIVER"
node=$(vdpa_node blk0)
run "and has a node" test -c "$node"
grep -q '^ *[0-9]* vhost-vdpa' /proc/devices
ok $? "of a region that DPDK knows"

### it goes

run "unbound, its node goes" vdpa_unbind "$dev"
refuse "at once" test -e "$node"
vdpa_give blk0 "$VDPA_DRIVER" && node=$(vdpa_node blk0) && at_work
ok $? "a VMM at work"
refuse "its device is another's: EBUSY" dd if=/dev/zero of="$node" count=0
run "unbound, without waiting for it" timeout 20 sh -c "echo blk0 >$dev/driver/unbind"
its_end "it has heard"

vdpa_give blk0 "$VDPA_DRIVER" && node=$(vdpa_node blk0) && at_work
ok $? "a VMM at work"
run "deleted, without waiting for it" timeout 20 vdpa dev del blk0
its_end "it has heard"

run "the parent's module can go" vdpa_sim_end blk0
make_disk && at_work
ok $? "a VMM at work"
refuse "our module cannot: EBUSY" rmmod vhx_vdpa
vdpa_del blk0
its_end "without its device it can"

### R79: who opens, and who takes away, at the same time

make_disk
(while :; do (exec 3<"$node") 2>/dev/null || :; done) &
opener=$!
bound=0
for _ in $(seq 20); do
	vdpa_unbind "$dev"
	echo blk0 >"$VDPA_BUS/drivers/$VDPA_DRIVER/bind" && bound=$((bound + 1))
done
is $bound 20 "R79: opened, and bound and unbound, at the same time"
kill $opener
wait $opener 2>/dev/null
node=$(vdpa_node blk0)
tap=$("$tools/blk" "$node" 2>&1) && ! echo "$tap" | grep -q '^not ok'
ok $? "who comes after that is served" || diag "$tap"

### its VMM is killed

at_work
kill -KILL "$vmm"
wait "$vmm" 2>/dev/null
rm -f "$log"
tap=$("$tools/blk" "$node" 2>&1) && ! echo "$tap" | grep -q '^not ok'
ok $? "who comes after one that was killed is served" || diag "$tap"
vdpa_del blk0
run "our module goes when nobody has a device" vdpa_sim_end blk0

plan
