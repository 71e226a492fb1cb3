# SPDX-License-Identifier: GPL-2.0
# The targets for people; "make help" lists them. Kbuild has the module.

KDIR		?= /lib/modules/$(shell uname -r)/build
INSTALL_MOD_DIR	?= updates
# kernel that "make demo" boots: 6.1, 6.12, 7.2 or debug
KERNEL		?= 6.12

all: modules tools

help:
	@echo 'From a Debian machine with nothing installed, as root:'
	@echo '  demo          boot a kernel in a virtual machine and show two gateways with'
	@echo '                strongSwan in it (KERNEL=6.1|6.12|7.2|debug, $(KERNEL) if not given)'
	@echo '  check         all checks of the sources, unit tests, builds, and the'
	@echo '                selftests on the three kernels'
	@echo '  check-debug   the selftests on kernels with KASAN, lockdep, kmemleak'
	@echo '  check-ike     strongSwan of Debian 12, 13 and sid with nfipsec below it'
	@echo '  bench         how fast it is beside XFRM and WireGuard, in user-mode Linux'
	@echo '                (CASES=CASE,... WHO=NAME,... ROUNDS=N; bench-list has the cases)'
	@echo '  bench-instructions'
	@echo '                instructions a packet takes on a kernel of Debian, in qemu'
	@echo '                (CASES=CASE,... WHO=NAME,...)'
	@echo '  bench-profile where the kernel spends its time in one of these cases, per function'
	@echo '                (CASE=CASE WHO=NAME MS=N TOP=N; needs perf)'
	@echo '  bench-spd     what policies cost, up to a million of them, and what XFRM'\''s do'
	@echo '                (SETS=SET,... SIZES=N,...)'
	@echo '  bench-sas     what SAs cost, up to 100000 of them, and what XFRM'\''s do'
	@echo '                (WHO=NAME,... SIZES=N,...)'
	@echo
	@echo 'For this host and its own kernel:'
	@echo '  all           modules and tools'
	@echo '  modules       nfipsec.ko (KDIR: the kernel headers)'
	@echo '  tools         nfipsec, into build/tools/'
	@echo '  install       both (DESTDIR, PREFIX, INSTALL_MOD_DIR)'
	@echo '  uninstall     remove them again (the same, and KDIR)'
	@echo '  strongswan    the plugin for strongSwan, of this Debian suite or of SUITE='
	@echo '  demo-native   a tunnel in network namespaces of this kernel, with keys by hand'
	@echo '  bench-native  "bench" on this kernel, in network namespaces; loads and unloads'
	@echo '                modules (CASES, WHO, ROUNDS)'
	@echo '  clean         remove what was built here; the cache stays'
	@echo
	@echo 'For those who change the sources:'
	@echo '  style         checkpatch, kernel-doc, shellcheck'
	@echo '  bench-baseline'
	@echo '                what instructions "check" compares with, measured now'
	@echo '  generate      module/nl-gen.*, uapi/ from the netlink specification'

modules:
	@test -e '$(KDIR)/Makefile' || { \
		echo 'No kernel headers in $(KDIR):' >&2; \
		echo 'apt-get install linux-headers-$(shell uname -r), or give KDIR=' >&2; \
		exit 1; }
	$(MAKE) -C '$(KDIR)' M='$(CURDIR)' modules

tools:
	$(MAKE) -C tools

install: modules tools
	$(MAKE) -C '$(KDIR)' M='$(CURDIR)' \
		$(if $(DESTDIR),INSTALL_MOD_PATH='$(abspath $(DESTDIR))') \
		INSTALL_MOD_DIR='$(INSTALL_MOD_DIR)' modules_install
	$(MAKE) -C tools install DESTDIR='$(abspath $(DESTDIR))'

# The kernel that KDIR is of says where; it may have been compressed on its way.
uninstall:
	release=$$(cat '$(KDIR)/include/config/kernel.release') && \
		rm -f $(if $(DESTDIR),'$(abspath $(DESTDIR))')"/lib/modules/$$release/"'$(INSTALL_MOD_DIR)'/nfipsec.ko*
	$(MAKE) -C tools uninstall DESTDIR='$(abspath $(DESTDIR))'

demo:
	@selftests/vm/demo $(KERNEL)

demo-native: modules tools
	NFIPSEC_KO='$(CURDIR)/nfipsec.ko' selftests/demo.sh

check:
	@selftests/check stock $(STAGES)

check-debug:
	@selftests/check debug $(STAGES)

check-ike:
	@selftests/check ike $(STAGES)

bench:
	@selftests/bench/bench $(if $(CASES),--cases $(CASES)) \
		$(if $(WHO),--who $(WHO)) $(if $(ROUNDS),--rounds $(ROUNDS))

bench-native: modules tools
	@NFIPSEC_KO='$(CURDIR)/nfipsec.ko' selftests/bench/bench-native \
		$(if $(CASES),--cases $(CASES)) $(if $(WHO),--who $(WHO)) \
		$(if $(ROUNDS),--rounds $(ROUNDS))

bench-sas:
	@selftests/bench/bench-sas $(if $(WHO),--who $(WHO)) \
		$(if $(SIZES),--sizes $(SIZES)) $(if $(ROUNDS),--rounds $(ROUNDS))

bench-list:
	@python3 selftests/bench/bench.py --list

bench-instructions:
	@selftests/bench/instructions $(if $(CASES),--cases $(CASES)) \
		$(if $(WHO),--who $(WHO)) --runs $(or $(ROUNDS),2)

bench-baseline:
	@selftests/bench/instructions --update

bench-profile:
	@selftests/bench/bench-profile $(if $(CASE),--case $(CASE)) \
		$(if $(WHO),--who $(WHO)) $(if $(MS),--ms $(MS)) $(if $(TOP),--top $(TOP))

bench-spd:
	@selftests/bench/bench-spd $(if $(SETS),--sets $(SETS)) \
		$(if $(SIZES),--sizes $(SIZES)) $(if $(ROUNDS),--rounds $(ROUNDS))

strongswan:
	$(MAKE) -C tools/strongswan $(if $(SUITE),SUITE=$(SUITE))

style:
	@selftests/check stock style checks

generate:
	Documentation/netlink/regen

clean:
	rm -rf build selftests/unit/out
	find . -path ./.git -prune -o \( -name '*.o' -o -name '*.ko' -o -name '*.mod' \
		-o -name '*.mod.c' -o -name '.*.cmd' -o -name '.*.o.d' \) \
		-type f -exec rm -f {} +
	rm -f Module.symvers modules.order .module-common.o
	rm -rf .tmp_versions

.PHONY: all help modules tools install uninstall demo demo-native check check-debug \
	check-ike bench bench-list bench-native bench-instructions bench-baseline \
	bench-profile bench-sas bench-spd strongswan style generate clean
