#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The same with large writes that go to the disks from the guest's memory.
# time-limit: 600
# dealt to: 7
case $(uname -r) in
[0-6].*) echo "1..0 # SKIP this kernel's io_uring takes nobody else's memory" && exit ;;
esac
ZERO_COPY=on exec "$(dirname "$0")/91_scsi_kill.sh"
