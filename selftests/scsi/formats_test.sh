#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# What is proven of SCSI on split rings, in order, and on packed ones in order: whoever negotiates
# VERSION_1 gets that. time-limit: 600, dealt to: one

. "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=../lib/formats.sh
. "$(dirname "$0")/../lib/formats.sh"

[ "${VHX_SCSI:-/dev/vhx-scsi}" = /dev/vhx-scsi ] || skip_all "in-tree vhost-scsi has no IN_ORDER"

# Not tmf: in order a function is not answered before what is older than its commands: see order.c.
on in_order scsi/io scsi/windows scsi/late scsi/kill scsi/event scsi/iommu
on packed,in_order scsi/io scsi/windows scsi/event scsi/iommu
plan
