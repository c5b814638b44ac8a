#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The same of a guest that knows IN_ORDER, which is one of 7.x.
# time-limit: 600
# dealt to: 6.12 (see KVM internal errors in README.md)
SCSI=num_queues=2,in_order=on HOPS=2 exec "$(dirname "$0")/93_scsi_migrate.sh"
