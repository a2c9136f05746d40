# SPDX-License-Identifier: GPL-2.0-only
#
# OpenVE. `make help` lists what there is to make.

prefix      ?= /usr
sbindir     ?= $(prefix)/sbin
libdir      ?= $(prefix)/lib/$(shell $(CC) -print-multiarch 2>/dev/null)
libexecdir  ?= $(prefix)/libexec/vzctl
datadir     ?= $(prefix)/share
includedir  ?= $(prefix)/include/vzctl
mandir      ?= $(prefix)/share/man
sysconfdir  ?= /etc
unitdir     ?= $(prefix)/lib/systemd/system
DESTDIR     ?=

CC      ?= cc
OBJCOPY ?= objcopy
B       ?= build
V       := utils/vzctl
VERSION := 5.0
SONAME  := libvzctl.so.0

# SAN=1 builds everything with address and undefined behaviour sanitizers, into a directory of its own.
SAN ?=
# FUZZ=1 likewise for the fuzzers, which need clang; FUZZ=coverage tells afterwards which lines they reached.
FUZZ ?=
# VERBOSE=1 prints whole commands.
VERBOSE ?=
Q := $(if $(VERBOSE),,@)
say = $(if $(VERBOSE),,@echo '  $(1)')
ifneq ($(SAN),)
B        := build-san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif
ifneq ($(FUZZ),)
CC       := clang
B        := build-fuzz$(if $(filter coverage,$(FUZZ)),-coverage)
SANFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
SANFLAGS += $(if $(filter coverage,$(FUZZ)),-fprofile-instr-generate -fcoverage-mapping)
endif

LIBS    := libcap
# A program starts 0.06 ms sooner without another shared object to find: the archive, where there is one.
CAP     := $(or $(filter /%,$(shell $(CC) -print-file-name=libcap.a)),-lcap)
# Loaded at run time, and only when they are needed; see host/cgroup-v1.c and host/netlink.h.
LOADED  := libcgroup libnl-3.0 libnl-route-3.0
soname = $(shell objdump -p "$$($(CC) -print-file-name=$(1))" 2>/dev/null | awk '$$1 == "SONAME" { print $$2 }')
LIBCGROUP_SONAME := $(call soname,libcgroup.so)
LIBNL_SONAME := $(call soname,libnl-3.so)
LIBNL_ROUTE_SONAME := $(call soname,libnl-route-3.so)
# Linked by vzlist, which may need it always; loaded by vzctl; see cli/cmd-why.c.
CLILIBS := json-c
JSONC_SONAME := $(call soname,libjson-c.so)
UNPACK  := libarchive nettle

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Werror=implicit-function-declaration
# What clang minds and gcc, rightly, does not.
WARN    += $(if $(FUZZ),-Wno-string-concatenation -Wno-missing-field-initializers)
CFLAGS  ?= -O2 -g
override CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I$(V) -I$(B)/gen \
	-DVZ_VERSION='"$(VERSION)"' -DVZ_LIBEXECDIR='"$(libexecdir)"' -DVZ_DATADIR='"$(datadir)/vzctl"'
override CFLAGS += -std=gnu11 -fPIC $(WARN) $(SANFLAGS)
override LDFLAGS += -Wl,-z,relro,-z,now $(SANFLAGS)

floors   := base conf host backend ct
lib_src  := $(foreach f,$(floors),$(wildcard $(V)/$(f)/*.c))
lib_src  := $(filter-out %-gen.c,$(lib_src))
lib_obj  := $(lib_src:%.c=$(B)/%.o)
cli_src  := $(wildcard $(V)/cli/*.c)
tools    := vzctl vzlist vzpid vzeventd vzcfgvalidate vzcpucheck vzsplit vzubc vzmemcheck vzcalc
# Small tools that need nothing of the library, and such as are scripts.
wire     := arpsend ndsend
scripts  := vztmpl vzifup-post vznetcfg vznetaddbr
# One main per tool: cli/NAME-main.c; everything else in cli/ is shared between them.
cli_obj  := $(patsubst %.c,$(B)/%.o,$(filter-out %-main.c,$(cli_src)))
# The same for helpers: vz-*.c are programs.
helpers  := $(basename $(notdir $(wildcard $(V)/helpers/vz-*.c)))
helper_src := $(filter-out $(helpers:%=$(V)/helpers/%.c),$(wildcard $(V)/helpers/*.c))
unit     := $(basename $(notdir $(wildcard $(V)/tests/test-*.c)))

pc_cflags := $(shell pkg-config --cflags $(LIBS) $(LOADED) $(CLILIBS) $(UNPACK) 2>/dev/null)
override CPPFLAGS += $(pc_cflags)
$(B)/$(V)/host/cgroup-v1.o: override CPPFLAGS += -DLIBCGROUP_SONAME='"$(LIBCGROUP_SONAME)"'
# The very header of the kernel's sources.
$(B)/$(V)/backend/ve-events.o: override CPPFLAGS += -Ikernel/ve/include/uapi
$(B)/$(V)/cli/cmd-why.o: override CPPFLAGS += -DJSONC_SONAME='"$(JSONC_SONAME)"'
$(B)/$(V)/host/netlink.o: override CPPFLAGS += -DLIBNL_SONAME='"$(LIBNL_SONAME)"' \
	-DLIBNL_ROUTE_SONAME='"$(LIBNL_ROUTE_SONAME)"'

.PHONY: all help lib tools helpers unit clean install uninstall check check-full check-unit check-floors check-lint bench demo
all: lib tools helpers ## build the library, the commands and their helper programs

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

lib: $(B)/$(SONAME)
tools: $(tools:%=$(B)/%) $(wire:%=$(B)/%)
helpers: $(helpers:%=$(B)/libexec/%)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The system call filter is compiled here, once, and not at every start of a container.
$(B)/seccomp-gen: $(V)/host/seccomp-gen.c
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) $(CPPFLAGS) -O1 -std=gnu11 $(WARN) -o $@ $< $(shell pkg-config --libs libseccomp)
$(B)/gen/seccomp-filter.inc: $(B)/seccomp-gen
	@mkdir -p $(@D)
	$< > $@.tmp
	mv $@.tmp $@
$(B)/$(V)/host/seccomp.o: $(B)/gen/seccomp-filter.inc

$(B)/$(SONAME): $(lib_obj) $(V)/include/libvzctl.map
	$(call say,LD $@)
	$(Q)$(CC) $(CFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=$(V)/include/libvzctl.map \
		-Wl,-z,defs $(LDFLAGS) -o $@ $(lib_obj) $(shell pkg-config --libs $(LIBS))
	ln -sf $(SONAME) $(B)/libvzctl.so

# The same for our own programs: one object, in which only what the interface exports can be seen.
$(B)/libvzctl.o: $(lib_obj) $(V)/include/libvzctl.map
	$(call say,LD $@)
	$(Q)$(LD) -r -o $@.tmp $(lib_obj)
	$(Q)sed -n 's/^\t\(vz_[a-z0-9_]*\);$$/\1/p' $(V)/include/libvzctl.map > $(B)/exports
	$(Q)$(OBJCOPY) --keep-global-symbols=$(B)/exports $@.tmp $@
	$(Q)rm $@.tmp

# ---- command line tools: begin ----
# An archive, so that each tool takes only what it calls: vzctl exec must not load what vzlist needs.
$(B)/cli.a: $(cli_obj)
	@rm -f $@
	$(call say,AR $@)
	$(Q)$(AR) rcs $@ $(cli_obj)

# They take the library with them: to find and bind a shared one costs 0.15 ms, a seventh of "vzctl status".
$(tools:%=$(B)/%): $(B)/%: $(B)/$(V)/cli/%-main.o $(B)/cli.a $(B)/libvzctl.o
	$(call say,LD $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $< $(B)/cli.a $(B)/libvzctl.o $(CAP) \
		$(shell pkg-config --libs $(CLILIBS))

# This one uses the shared library, as others' programs do.
$(B)/gen-tables: $(B)/$(V)/cli/gen-tables-main.o $(B)/cli.a $(B)/$(SONAME)
	$(call say,LD $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN' -Wl,--as-needed -o $@ $< $(B)/cli.a -L$(B) -lvzctl \
		$(shell pkg-config --libs $(CLILIBS))

man_in := $(wildcard $(V)/man/*.in)
.PHONY: man check-man
man: $(man_in:$(V)/man/%.in=$(B)/man/%) ## build the manual pages
check-man: man ## look for mistakes in the manual pages
	mandoc -Tlint -Wwarning $(man_in:$(V)/man/%.in=$(B)/man/%)
$(B)/man/%: $(V)/man/%.in $(B)/gen-tables scripts/gen-man
	@mkdir -p $(@D)
	$(call say,GEN $@)
	$(Q)scripts/gen-man $(B)/gen-tables $(VERSION) $< > $@.tmp
	$(Q)mv $@.tmp $@
# ---- command line tools: end ----

base_obj := $(patsubst %.c,$(B)/%.o,$(wildcard $(V)/base/*.c))
helper_obj := $(helper_src:%.c=$(B)/%.o)
$(helpers:%=$(B)/libexec/%): $(B)/libexec/%: $(B)/$(V)/helpers/%.o $(helper_obj) $(base_obj)
	@mkdir -p $(@D)
	$(call say,LD $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs $(UNPACK))

$(wire:%=$(B)/%): $(B)/%: $(B)/$(V)/wire/%.o $(B)/$(V)/wire/wire.o $(base_obj)
	$(call say,LD $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

# Units and init scripts name the programs by where they are installed.
boot := $(patsubst $(V)/etc/%,$(B)/etc/%,$(wildcard $(V)/etc/systemd/* $(V)/etc/init.d/*))
helpers: $(boot)
$(boot): $(B)/etc/%: $(V)/etc/% Makefile
	@mkdir -p $(@D)
	$(call say,GEN $@)
	$(Q)sed 's|@sbindir@|$(sbindir)|g; s|@libexecdir@|$(libexecdir)|g' $< > $@.tmp
	$(Q)mv $@.tmp $@

# Beside the helpers: what the library looks for there, straight from the tree.
helpers: $(B)/libexec/vztmpl $(B)/libexec/vznetcfg $(B)/libexec/templates
$(B)/libexec/vztmpl $(B)/libexec/vznetcfg: $(B)/libexec/%: $(V)/scripts/%
	@mkdir -p $(@D)
	@ln -sfn ../../$< $@
$(B)/libexec/templates: templates/README.md
	@mkdir -p $(@D)
	@ln -sfn ../../templates $@

# ---- tests and checks ----

# Unit tests see the inside of the library: they link its objects, not the shared object.
$(unit:%=$(B)/%): $(B)/%: $(B)/$(V)/tests/%.o $(lib_obj)
	$(call say,LD $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(lib_obj) $(shell pkg-config --libs $(LIBS) cmocka)
unit: $(unit:%=$(B)/%)
check-unit: unit ## run the unit tests (SAN=1: under sanitizers)
	@set -e; for t in $(unit); do echo "== $$t"; $(B)/$$t; done

# A fuzzer for each fuzz-*.c. They see the inside of everything: the library, the commands, the unpacker.
fuzzers := $(basename $(notdir $(wildcard $(V)/fuzz/fuzz-*.c)))
fuzz_libs = $(shell pkg-config --libs $(LIBS) $(CLILIBS) $(UNPACK))
.PHONY: fuzz fuzzers
fuzz: ## build the fuzzers (needs clang) and run each for a minute
	scripts/fuzz
fuzzers: $(fuzzers:%=$(B)/%) $(B)/fuzz.dict
$(fuzzers:%=$(B)/%): $(B)/%: $(B)/$(V)/fuzz/%.o $(B)/$(V)/fuzz/fuzz.o $(helper_obj) $(B)/cli.a $(lib_obj)
	$(call say,LD $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(fuzz_libs)
$(B)/fuzz-dict: $(B)/$(V)/fuzz/dict.o $(B)/cli.a $(lib_obj)
	$(call say,LD $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(fuzz_libs)
$(B)/fuzz.dict: $(B)/fuzz-dict
	$(call say,GEN $@)
	$(Q)$< > $@.tmp
	$(Q)mv $@.tmp $@

check: ## run all tests (the same as scripts/test)
	scripts/test

check-full: ## the same, then all other tests of containers in virtual machines, too (two hours)
	scripts/test --full

check-floors: ## no file includes a header of a floor above its own
	scripts/check-floors

shell_scripts = $(shell git ls-files -- scripts .ci templates '*.sh' $(V)/scripts $(V)/etc/init.d $(V)/etc/dists/scripts tests/lib | \
	while read -r f; do head -n 1 "$$f" | grep -qE '^\#!.*(bash|sh)' && echo "$$f"; done)
# cppcheck does not know variables that clean up after themselves: leaks are the sanitizers' business.
check-lint: $(B)/gen/seccomp-filter.inc ## shellcheck and cppcheck
	shellcheck $(shell_scripts) $(V)/completion/vzctl
	cppcheck --quiet --std=c11 --language=c --error-exitcode=1 --inline-suppr \
		--enable=warning,performance,portability --suppress=missingIncludeSystem \
		--suppress=memleak --suppress=resourceLeak --suppress=preprocessorErrorDirective --suppress=unknownMacro \
		-D_GNU_SOURCE -D__x86_64__ -DVZ_VERSION=\"$(VERSION)\" -DVZ_LIBEXECDIR=\"x\" -DVZ_DATADIR=\"x\" \
		-DLIBCGROUP_SONAME=\"x\" -DJSONC_SONAME=\"x\" -DLIBNL_SONAME=\"x\" -DLIBNL_ROUTE_SONAME=\"x\" -I$(V) -I$(B)/gen $(V)/base $(V)/conf $(V)/host $(V)/backend $(V)/ct $(V)/cli $(V)/helpers $(V)/wire $(V)/fuzz

# ---- our kernel ----

# LINUX=: the sources, if not Debian's (see scripts/kernel); TREE=: where the series is worked on.
TREE ?= linux-ve
export LINUX
.PHONY: kernel kernel-plain kernel-debug kernel-deb kernel-tree kernel-sync kernel-series check-kernel kunit kernel-test \
	kernel-debug-test vm
kernel: ## build our kernel for virtual machines (LINUX=sources); kept in the cache
	scripts/kernel build ve
kernel-plain: ## the same without our patches
	scripts/kernel build plain
kernel-debug: ## ours with KASAN, lockdep and other checks
	scripts/kernel build debug
kernel-deb: ## Debian packages of our kernel, for real machines (hours)
	scripts/kernel deb
kernel-tree: ## a git tree of Linux with the series as commits, in TREE
	scripts/kernel-tree make $(TREE)
kernel-sync: ## take back what is committed in TREE
	scripts/kernel-tree sync $(TREE)
kernel-series: ## the series with its new files as mails for git am, in build/series
	scripts/kernel-tree series
check-kernel: ## does the series apply, build and look as it should?
	scripts/check-kernel
kunit: ## the kernel's unit tests, in a User Mode Linux
	scripts/kernel kunit
kernel-test: ## the kernel's own tests in a virtual machine
	scripts/test-kernel
kernel-debug-test: all ## the same and the core of the suite, in the kernel with all checks
	scripts/test-kernel -k debug -t 7200
	scripts/test-vm -k debug -t 14400
vm: all man ## CMD='...' in a virtual machine with our kernel, where all this is installed
	@scripts/vm-host -k ve bash -c "$$VM_CMD"
vm: export VM_CMD := $(value CMD)

bench: all ## compare with lxc and crun, printed as ratios
	scripts/bench

demo: ## set everything up and start a Debian container
	scripts/demo

# ---- installation ----

I = install -D
etc = $(DESTDIR)$(sysconfdir)/vz
# bash-completion looks for a file of the command's name; one file is for all.
completions = $(DESTDIR)$(datadir)/bash-completion/completions
completed = vzctl vzlist vzpid vztmpl vzcfgvalidate vzcpucheck vzsplit vzubc vzmemcheck vzcalc
install: all man ## install below DESTDIR (prefix=/usr)
	$(I) -t $(DESTDIR)$(sbindir) $(tools:%=$(B)/%) $(wire:%=$(B)/%) $(scripts:%=$(V)/scripts/%)
	$(I) -m 0644 -t $(DESTDIR)$(libdir) $(B)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(libdir)/libvzctl.so
	$(I) -t $(DESTDIR)$(libexecdir) $(helpers:%=$(B)/libexec/%) $(V)/scripts/vz
	ln -sf $(sbindir)/vztmpl $(sbindir)/vznetcfg $(DESTDIR)$(libexecdir)/
	$(I) -m 0644 -t $(DESTDIR)$(includedir) $(V)/include/vzctl.h
	$(I) -m 0644 -t $(DESTDIR)$(includedir)/base $(V)/base/err.h $(V)/base/log.h $(V)/base/macros.h $(V)/base/errors.def
	mkdir -p $(DESTDIR)$(datadir)/vzctl && cp -R templates $(DESTDIR)$(datadir)/vzctl/
	$(I) -m 0644 -t $(DESTDIR)$(mandir)/man8 $(filter %.8,$(man_in:$(V)/man/%.in=$(B)/man/%))
	$(I) -m 0644 -t $(DESTDIR)$(mandir)/man5 $(filter %.5,$(man_in:$(V)/man/%.in=$(B)/man/%))
	$(I) -m 0644 -t $(completions) $(V)/completion/vzctl
	for tool in $(filter-out vzctl,$(completed)); do ln -sf vzctl $(completions)/$$tool; done
	$(I) -m 0644 $(V)/etc/logrotate $(DESTDIR)$(sysconfdir)/logrotate.d/vzctl
	$(I) -m 0644 -t $(DESTDIR)$(unitdir) $(filter $(B)/etc/systemd/%,$(boot))
	$(I) -t $(DESTDIR)$(sysconfdir)/init.d $(filter $(B)/etc/init.d/%,$(boot))
	scripts/install-host $(DESTDIR)$(sysconfdir) $(DESTDIR)
	$(if $(DESTDIR),,ldconfig)

uninstall: ## remove what install put there; configuration and containers stay
	rm -f $(patsubst %,$(DESTDIR)$(sbindir)/%,$(tools) $(wire) $(scripts))
	rm -f $(DESTDIR)$(libdir)/$(SONAME) $(DESTDIR)$(libdir)/libvzctl.so
	rm -rf $(DESTDIR)$(libexecdir) $(DESTDIR)$(includedir) $(DESTDIR)$(datadir)/vzctl
	rm -f $(patsubst $(V)/man/%.8.in,$(DESTDIR)$(mandir)/man8/%.8,$(filter %.8.in,$(man_in)))
	rm -f $(patsubst $(V)/man/%.5.in,$(DESTDIR)$(mandir)/man5/%.5,$(filter %.5.in,$(man_in)))
	rm -f $(completed:%=$(completions)/%)
	rm -f $(DESTDIR)$(sysconfdir)/logrotate.d/vzctl
	rm -f $(patsubst $(B)/etc/init.d/%,$(DESTDIR)$(sysconfdir)/init.d/%,$(filter $(B)/etc/init.d/%,$(boot)))
	rm -f $(patsubst $(B)/etc/systemd/%,$(DESTDIR)$(unitdir)/%,$(filter $(B)/etc/systemd/%,$(boot)))
	$(if $(DESTDIR),,ldconfig)

clean: ## remove what was built
	rm -rf build build-san build-fuzz build-fuzz-coverage

-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)
.SECONDARY:
