#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The same on packed rings, with a worker for each queue.
# time-limit: 500
SCSI=num_queues=2,packed=on,worker_per_virtqueue=on exec "$(dirname "$0")/90_scsi.sh"
