#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The same on packed rings.
# time-limit: 600
# dealt to: 6.12 (see KVM internal errors in README.md)
PACKED=on exec "$(dirname "$0")/80_migrate.sh"
