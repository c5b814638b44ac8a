#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
#
# qcow2.py make FILE BYTES     an empty image, version 3, clusters of 64 KiB
# qcow2.py check FILE          is every cluster counted as often as it is used?
# qcow2.py raw FILE            what the guest sees, to stdout
#
# Written from the format's description, and not from the plug-in.

import struct
import sys

CLUSTER = 65536
OFFSET = 0x00fffffffffffe00


def make(path, size):
    l1 = -(-size // (CLUSTER * CLUSTER // 8))
    header = struct.pack('>4sIQIIQIIQQIIQQQQII', b'QFI\xfb', 3, 0, 0, 16, size, 0, l1,
                         3 * CLUSTER, CLUSTER, 1, 0, 0, 0, 0, 0, 4, 104)
    with open(path, 'wb') as f:
        f.write(header)
        f.seek(CLUSTER)
        f.write(struct.pack('>Q', 2 * CLUSTER))
        f.seek(2 * CLUSTER)
        f.write(struct.pack('>4H', 1, 1, 1, 1))
        f.truncate(4 * CLUSTER)


def table(data, at, entries):
    return struct.unpack_from('>%dQ' % entries, data, at)


class Image:
    def __init__(self, path):
        with open(path, 'rb') as f:
            self.data = f.read()
        h = struct.unpack_from('>4sIQIIQIIQQII', self.data)
        self.bits, self.size, l1_len, self.l1_at, self.rt_at, self.rt_len = \
            h[4], h[5], h[7], h[8], h[9], h[10]
        self.cluster = 1 << self.bits
        self.l1 = table(self.data, self.l1_at, l1_len)

    def clusters(self):
        """Each cluster of the guest's, and where it is."""
        per = self.cluster // 8
        for i, e in enumerate(self.l1):
            if not e & OFFSET:
                continue
            for k, at in enumerate(table(self.data, e & OFFSET, per)):
                if at & OFFSET:
                    yield (i * per + k) * self.cluster, at

    def used(self):
        yield 0
        for i in range(self.rt_len):
            yield self.rt_at + i * self.cluster
        for e in table(self.data, self.rt_at, self.rt_len * self.cluster // 8):
            if e:
                yield e
        for at in range(0, len(self.l1) * 8, self.cluster):
            yield self.l1_at + at
        for e in self.l1:
            if e & OFFSET:
                yield e & OFFSET
        for _, at in self.clusters():
            yield at & OFFSET

    def count(self, cluster):
        per = self.cluster // 2
        at = struct.unpack_from('>Q', self.data, self.rt_at + cluster // per * 8)[0]
        return struct.unpack_from('>H', self.data, at + cluster % per * 2)[0] if at else 0


def check(path):
    image = Image(path)
    uses = {}
    for at in image.used():
        uses[at >> image.bits] = uses.get(at >> image.bits, 0) + 1
    bad = [c for c in range(-(-len(image.data) // image.cluster))
           if image.count(c) != uses.get(c, 0) and (c in uses or image.count(c) != 1)]
    leaked = [c for c in range(-(-len(image.data) // image.cluster))
              if c not in uses and image.count(c)]
    print('%d clusters in use, %d leaked' % (len(uses), len(leaked)))
    if bad or max(uses.values()) > 1:
        sys.exit('clusters that are counted wrongly: %s' % bad[:10])


def raw(path):
    image = Image(path)
    guest = bytearray(image.size)
    for off, at in image.clusters():
        if not at & 1:
            part = image.data[at & OFFSET:(at & OFFSET) + image.cluster]
            guest[off:off + len(part)] = part
    sys.stdout.buffer.write(guest[:image.size])


if sys.argv[1] == 'make':
    make(sys.argv[2], int(sys.argv[3]))
elif sys.argv[1] == 'check':
    check(sys.argv[2])
else:
    raw(sys.argv[2])
