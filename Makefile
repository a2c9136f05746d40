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
DESTDIR     ?=

CC      ?= cc
B       ?= build
V       := utils/vzctl
VERSION := 5.0
SONAME  := libvzctl.so.0

# SAN=1 builds everything with address and undefined behaviour sanitizers, into a directory of its own.
SAN ?=
ifneq ($(SAN),)
B        := build-san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif

LIBS    := libcgroup libcap
CLILIBS := json-c
UNPACK  := libarchive nettle

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Werror=implicit-function-declaration
CFLAGS  ?= -O2 -g
override CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I$(V) -I$(B)/gen \
	-DVZ_VERSION='"$(VERSION)"' -DVZ_LIBEXECDIR='"$(libexecdir)"' -DVZ_DATADIR='"$(datadir)/vzctl"'
override CFLAGS += -std=gnu11 -fvisibility=hidden -fPIC $(WARN) $(SANFLAGS)
override LDFLAGS += -Wl,-z,relro,-z,now $(SANFLAGS)

floors   := base conf host backend ct
lib_src  := $(foreach f,$(floors),$(wildcard $(V)/$(f)/*.c))
lib_src  := $(filter-out %-gen.c,$(lib_src))
lib_obj  := $(lib_src:%.c=$(B)/%.o)
cli_src  := $(wildcard $(V)/cli/*.c)
tools    := vzctl vzlist vzpid
# One main per tool: cli/NAME-main.c; everything else in cli/ is shared between them.
cli_obj  := $(patsubst %.c,$(B)/%.o,$(filter-out %-main.c,$(cli_src)))
helpers  := $(basename $(notdir $(wildcard $(V)/helpers/*.c)))
unit     := $(basename $(notdir $(wildcard $(V)/tests/test-*.c)))

pc_cflags := $(shell pkg-config --cflags $(LIBS) $(CLILIBS) $(UNPACK) 2>/dev/null)
override CPPFLAGS += $(pc_cflags)

.PHONY: all help lib tools helpers clean install check check-unit check-floors check-lint bench demo
all: lib tools helpers ## build the library, the commands and their helper programs

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

lib: $(B)/$(SONAME)
tools: $(tools:%=$(B)/%)
helpers: $(helpers:%=$(B)/libexec/%)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The system call filter is compiled here, once, and not at every start of a container.
$(B)/seccomp-gen: $(V)/host/seccomp-gen.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -O1 -std=gnu11 $(WARN) -o $@ $< $(shell pkg-config --libs libseccomp)
$(B)/gen/seccomp-filter.inc: $(B)/seccomp-gen
	@mkdir -p $(@D)
	$< > $@.tmp
	mv $@.tmp $@
$(B)/$(V)/host/seccomp.o: $(B)/gen/seccomp-filter.inc

$(B)/$(SONAME): $(lib_obj) $(V)/include/libvzctl.map
	$(CC) $(CFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=$(V)/include/libvzctl.map \
		-Wl,-z,defs $(LDFLAGS) -o $@ $(lib_obj) $(shell pkg-config --libs $(LIBS))
	ln -sf $(SONAME) $(B)/libvzctl.so

# ---- command line tools: begin ----
# An archive, so that each tool takes only what it calls: vzctl exec must not load what vzlist needs.
$(B)/cli.a: $(cli_obj)
	@rm -f $@
	$(call say,AR $@)
	$(Q)$(AR) rcs $@ $(cli_obj)

# Programs of the build tree find the library beside them; installed ones are linked without that.
$(tools:%=$(B)/%) $(B)/gen-tables: $(B)/%: $(B)/$(V)/cli/%-main.o $(B)/cli.a $(B)/$(SONAME)
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
$(helpers:%=$(B)/libexec/%): $(B)/libexec/%: $(B)/$(V)/helpers/%.o $(base_obj)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs $(UNPACK))

# Unit tests see the inside of the library: they link its objects, not the shared object.
$(unit:%=$(B)/%): $(B)/%: $(B)/$(V)/tests/%.o $(lib_obj)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(lib_obj) $(shell pkg-config --libs $(LIBS) cmocka)
check-unit: $(unit:%=$(B)/%) ## run the unit tests
	@set -e; for t in $(unit); do echo "== $$t"; $(B)/$$t; done

clean: ## remove what was built
	rm -rf build build-san

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.SECONDARY:
