#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What is proven on split rings, on packed ones and in order: whoever negotiates
# VERSION_1 gets them, the others stay as they are. time-limit: 600, dealt to: one

. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/formats.sh
. "$(dirname "$0")/../lib/formats.sh"

[ "${VHX_NET:-/dev/vhx-net}" = /dev/vhx-net ] || skip_all "in-tree vhost has no packed rings"

on packed net/basic net/gso net/tcp net/reload net/multiqueue net/packet net/backpressure
on packed core/dirty core/dirtyrace core/dirtyiommu
on in_order net/basic net/tcp net/backpressure
on packed,in_order net/basic net/tcp net/reload core/dirty
plan
