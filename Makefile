# SPDX-License-Identifier: GPL-2.0-only
#
# vhx's front door; `make help` lists what it opens. Everything built goes to
# build/. Compilers run where Debian 13's packages are: here, if they are here,
# else in the test machine's root (tools/vm), which is then made first.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := all

PREFIX ?= /usr/local
KERNELS := 6.12 7

# Every kernel whose headers are installed, or the one asked for.
KRELS := $(or $(KREL),$(patsubst /lib/modules/%/build,%,$(wildcard /lib/modules/*/build)))

NATIVE := $(and $(wildcard /usr/bin/clang-19),$(wildcard /usr/include/bpf/libbpf.h),$(KRELS))

BUILDS := all modules parents bpf user selftests check-unit fuzz prove lint

ifneq ($(NATIVE),)

all: modules parents bpf user selftests

modules: $(KRELS:%=modules-%)

modules-%:
	@tools/build-modules $*

# vDPA devices that tests have vhx drive: the kernel's own, where its source is
parents: $(KRELS:%=parents-%)

parents-%:
	@tools/build-parents $*

# Policies and tools include headers only, so that they need no module built.
bpf:
	@$(MAKE) -C bpf

user: bpf
	@$(MAKE) -C user

selftests: user
	@$(MAKE) -C selftests

check-unit:
	@$(MAKE) -C selftests/unit check
	@$(MAKE) -C selftests/unit/scsi check
	@$(MAKE) -C selftests/unit/vhxd check

fuzz:
	@$(MAKE) -C selftests/fuzz run

prove:
	@selftests/prove/run

lint:
	@tools/lint

else

$(BUILDS):
	@echo "make: no Debian 13 toolchain on this machine: $@ in the test machine's root"
	@tools/vm/setup
	@$(IN_ROOT) $@ $(MAKEOVERRIDES)

endif

# What boots the machine makes it first, and builds in its root wherever it runs:
# its kernels need not be this machine's.
IN_ROOT = tools/vm/enter -- make -j$(shell nproc) --output-sync=target

setup:
	@tools/vm/setup

machine: setup
	@$(IN_ROOT) all

check: setup
	@tools/check

# make check-vm KERNEL=7 GROUP=net ONLY=steer: what a developer repeats
check-vm: setup
	@tools/check vm $(or $(KERNEL),$(KERNELS))

check-debug: setup
	@tools/check debug

soak: setup
	@tools/soak $(HOURS)

demo: machine
	@tools/vm/run --mem 4G --timeout 900 -- tools/demo

bench: machine
	@selftests/bench/run $(BENCH)

install: all
	$(MAKE) -C user install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)
	install -d $(DESTDIR)$(PREFIX)/lib/vhx/bpf/vectors $(DESTDIR)$(PREFIX)/include/vhx
	install -m 644 build/bpf/*.bpf.o $(DESTDIR)$(PREFIX)/lib/vhx/bpf/
	install -m 644 bpf/vectors/*.txt $(DESTDIR)$(PREFIX)/lib/vhx/bpf/vectors/
	install -m 644 bpf/include/vhx/*.h $(DESTDIR)$(PREFIX)/include/vhx/
	install -d $(DESTDIR)$(PREFIX)/share/vhx
	install -m 644 tools/drop-in/vhx-drop-in.conf $(DESTDIR)$(PREFIX)/share/vhx/
	for rel in $(KRELS); do \
		install -d $(DESTDIR)/lib/modules/$$rel/updates && \
		install -m 644 build/$$rel/vhx*.ko $(DESTDIR)/lib/modules/$$rel/updates/ && \
		{ [ -n "$(DESTDIR)" ] || depmod $$rel; } || exit; \
	done

clean:
	rm -rf build

help:
	@echo 'make                modules, policies, tools and tests, into build/'
	@echo 'make modules        build/RELEASE/vhx*.ko for each kernel; KREL=RELEASE for one'
	@echo 'make parents        build/RELEASE/parents/*.ko, vDPA devices for the tests'
	@echo 'make bpf            build/bpf/*.bpf.o'
	@echo 'make user           build/user/vhx and libvhx'
	@echo 'make check          everything tested: unit tests, then both kernels in the machine'
	@echo 'make check-unit     the PURE files and the agent's disks under sanitizers, seconds'
	@echo 'make check-vm       tests in the machine; KERNEL=6.12|7 GROUP=net ONLY=pattern'
	@echo 'make check-debug    the same under a KASAN and lockdep kernel'
	@echo 'make soak           rounds of everything, HOURS=8; never in CI'
	@echo 'make demo           a guest whose packets a policy steers, and whose disk outlives its agent'
	@echo 'make bench          instructions a packet and a SCSI request, beside in-tree vhost; BENCH=--check'
	@echo 'make fuzz           the fuzzers, a minute each'
	@echo 'make prove          what CBMC can prove of rings and barriers'
	@echo 'make lint           checkpatch, sparse, shellcheck, codespell, size limits'
	@echo 'make install        to PREFIX (/usr/local) and /lib/modules, as root'
	@echo 'make clean          remove build/; the machine stays (tools/vm/README.md)'

.PHONY: $(BUILDS) setup machine check check-vm check-debug soak demo bench install clean help
