# psirtd - build, test, lint, install.
#
# Reading the lists below shows the architecture: one folder of daemon/ a
# room, one line a file.  Two targets do all the set-up on a fresh Debian 12:
#   make demo    install what is missing, build, run the main job on
#                throw-away mail servers, show what came of it
#   make check   install what is missing, build, run every test
# and `make fuzz` looks for inputs that no test has yet.

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
BUILD      ?= build$(if $(SANITIZE),/sanitize)
VERSION    := 0.1.0

CC         ?= gcc
PKGCONFIG  ?= pkg-config
PYTHON     ?= /usr/bin/python3

# ---- what is built ---------------------------------------------------------

ROOMS := base wire settings stream fetch read vault desk write send store engine \
	control

base_SRC := error bytes armor cvss wire channel log text text_show text_plain lookalike clock clock_day clock_read room starter \
	sandbox landlock
wire_SRC := reading opening vault fetch send
settings_SRC := settings_keys settings_load settings_parse settings_read \
	settings_text settings_braces settings_value settings_check \
	settings_check_files settings_check_keys settings_trust settings_find settings_secret \
	settings_roles settings_procedure settings_holidays settings_customers \
	flow_answers flow_value flow_names flow_keys flow_parse flow_words \
	flow_check flow_notes
stream_SRC := connect tls stream secret watchdog walls
fetch_SRC := room session login folder list letter reconcile take move wait talk utf7
read_SRC := read_address read_armor read_archive read_autocrypt read_charset read_guess read_header read_japanese read_language read_param read_signed read_word read_normal read_html read_page read_style read_ident read_product read_label read_line read_value read_field read_json read read_leaf read_message read_mime read_protected read_repeated read_sealed read_room
vault_SRC := vault_room vault_setup vault_home vault_agent vault_import vault_run vault_job vault_open vault_scan vault_verify vault_packets vault_armor vault_key vault_blob vault_gpgme vault_mime vault_mail vault_seal vault_wrap
desk_SRC := judge match belief signer claims machine bounce report answer route exploited fold names \
	clock_rules mail_lines commands command_ref command_judge lines scrub scrub_names numbered found_clocks case_view advance turns guards arrival status
write_SRC := write_names write_facts write_flow write_parse write_load \
    write_render
send_SRC := room session reply mail
store_SRC := store store_schema store_schema_3 store_schema_5 store_query store_seal store_key \
	store_renew store_renew_row store_renew_letter store_mailbox store_intake \
	store_letter store_case store_known store_outmail \
	store_record store_alert store_flow store_step store_answer store_desk \
	store_approval store_clock store_link store_expiry store_pin store_names \
	store_inspect store_backup store_purge
engine_SRC := engine engine_rooms engine_setup engine_key engine_intake engine_open \
	engine_opening engine_proof engine_report engine_match engine_source engine_file \
	engine_finder engine_draft engine_limit engine_rest \
	engine_overview engine_alert engine_seal engine_mail engine_copy engine_ask engine_check engine_inspect \
	engine_restore engine_release engine_mailbox engine_reconcile \
	engine_case engine_flow engine_aside engine_step engine_step_mail engine_step_letter \
	engine_step_facts engine_counterpart \
	engine_leave engine_answer engine_question engine_clock engine_department engine_arrival engine_bounce \
	engine_link engine_task engine_due engine_status engine_morning engine_expiry engine_pin engine_held engine_stage engine_checkpoint engine_wake engine_order \
	engine_order_step engine_order_mail engine_order_case engine_order_clock \
	engine_order_talk engine_order_link
control_SRC := control connection request strangers words commands answer today waits unread cases casework \
	show step orders desk_lists approve keys letters letter_show letter_headers \
	letter_parts mails record backup purge
ctl_SRC := psirt verbs ask block talk save edit print print_line view view_case view_step \
	view_approve view_letter view_part

# what a unit test of a room links beside that room
base_NEEDS :=
wire_NEEDS := base
settings_NEEDS := base
stream_NEEDS := wire base
fetch_NEEDS := stream wire base
read_NEEDS := wire base
vault_NEEDS := wire base
desk_NEEDS := settings wire base
write_NEEDS := settings wire base
send_NEEDS := stream wire base
store_NEEDS := base
engine_NEEDS := control desk write store settings wire base
control_NEEDS := store desk write settings wire base
ctl_NEEDS := base

# ---- libraries -------------------------------------------------------------

base_PKGS := talloc libseccomp glib-2.0
settings_PKGS := libconfuse
stream_PKGS := gnutls
read_PKGS := gmime-3.0 libxml-2.0 jansson
vault_PKGS := gpgme gmime-3.0
store_PKGS := sqlite3 libsodium
engine_PKGS := libsystemd
control_PKGS := jansson
ctl_PKGS := jansson talloc
ALL_PKGS := $(sort $(foreach r,$(ROOMS) ctl,$($(r)_PKGS)))

# libetpan's own pkg-config file asks for a spec file that undoes PIE.
ETPAN_LIBS := -letpan

# ---- flags -----------------------------------------------------------------

WARN := -Wall -Wextra -Wshadow -Wformat=2 -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Wundef -Wcast-qual -Wimplicit-fallthrough \
	-Wnull-dereference -Wno-unused-parameter
WERROR := $(if $(CI),-Werror)
ifdef SANITIZE
OPT := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer \
	-fno-sanitize-recover=undefined -DPSIRTD_SANITIZE=1
else ifdef FUZZING
# Its warnings are not asked for: gcc and clang-tidy give theirs.
OPT := -w -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fno-omit-frame-pointer -fno-sanitize-recover=undefined \
	-DPSIRTD_SANITIZE=1
else
OPT := -O2 -g -D_FORTIFY_SOURCE=3
endif
HARDEN := -fPIE $(if $(FUZZING),,-fstack-protector-strong \
	-fstack-clash-protection -fcf-protection -ftrivial-auto-var-init=zero)
CPPFLAGS += -Iinclude -D_GNU_SOURCE -DPSIRTD_VERSION='"$(VERSION)"' \
	-DPSIRTD_SYSCONFDIR='"$(SYSCONFDIR)"' \
	-DPSIRTD_DATADIR='"$(PREFIX)/share/psirtd"'
CFLAGS ?= $(OPT)
ALL_CFLAGS = -std=c11 $(CFLAGS) $(WARN) $(WERROR) $(HARDEN)
LDFLAGS += -pie -Wl,-z,relro,-z,now -Wl,--as-needed \
	$(if $(SANITIZE),-fsanitize=address$(comma)undefined) \
	$(if $(FUZZING),-fsanitize=fuzzer$(comma)address$(comma)undefined)
comma := ,
pkg_cflags = $(if $(1),$(shell $(PKGCONFIG) --cflags $(1) 2>/dev/null))
pkg_libs = $(if $(1),$(shell $(PKGCONFIG) --libs $(1) 2>/dev/null))
LIBS = $(call pkg_libs,$(ALL_PKGS)) $(ETPAN_LIBS)

# One short line a file; V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1)')

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps test-deps check faults demo lint check-rooms format install clean

all: $(BUILD)/psirtd $(BUILD)/psirt

# ---- rules -----------------------------------------------------------------

room_dir = $(if $(filter engine,$(1)),daemon,daemon/$(1))
room_objs = $(patsubst %,$(BUILD)/obj/$(call room_dir,$(1))/%.o,$($(1)_SRC))

define room_rules
$(BUILD)/lib/$(1).a: $(call room_objs,$(1))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)$$(AR) rcs $$@ $$^
$(call room_objs,$(1)): ROOM_CFLAGS = $$(call pkg_cflags,$($(1)_PKGS) talloc)
endef
$(foreach r,$(ROOMS) ctl,$(eval $(call room_rules,$(r))))

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC    $<)
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(ROOM_CFLAGS) -MMD -MP -c -o $@ $<

ROOM_LIBS := $(foreach r,$(ROOMS),$(BUILD)/lib/$(r).a)
link_group = -Wl,--start-group $(1) -Wl,--end-group

$(BUILD)/psirtd: $(BUILD)/obj/daemon/main.o $(ROOM_LIBS)
	$(call say,LINK  $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(call link_group,$(ROOM_LIBS)) $(LIBS)

# The same daemon with a hook around every commit, for the kill tests alone.
STOPS_OBJS := $(patsubst %,$(BUILD)/stops/%.o,main $(engine_SRC))
$(BUILD)/stops/%.o: daemon/%.c Makefile
	@mkdir -p $(@D)
	$(call say,CC    $< (stops))
	$(Q)$(CC) $(CPPFLAGS) -DPSIRTD_STOPS_TEST $(ALL_CFLAGS) \
	    $(call pkg_cflags,$(engine_PKGS) talloc) -MMD -MP -c -o $@ $<
$(BUILD)/psirtd-stops: $(STOPS_OBJS) $(filter-out %/engine.a,$(ROOM_LIBS))
	$(call say,LINK  $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(STOPS_OBJS) \
	    $(call link_group,$(filter %.a,$^)) $(LIBS)

$(BUILD)/psirt: $(BUILD)/lib/ctl.a $(BUILD)/lib/base.a
	$(call say,LINK  $@)
	$(Q)$(CC) $(LDFLAGS) -o $@ \
	    -Wl,--whole-archive $(BUILD)/lib/ctl.a -Wl,--no-whole-archive \
	    $(BUILD)/lib/base.a $(LIBS)

# ---- unit tests: tests/unit/test_ROOM_NAME.c -------------------------------

UNIT := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
unit_room = $(word 2,$(subst _, ,$(1)))
define unit_rules
$(BUILD)/unit/$(1): tests/unit/$(1).c \
    $(foreach r,$(call unit_room,$(1)) $($(call unit_room,$(1))_NEEDS),$(BUILD)/lib/$(r).a)
	@mkdir -p $$(@D)
	$$(call say,TEST  $$<)
	$$(Q)$$(CC) $$(CPPFLAGS) $$(ALL_CFLAGS) $$(call pkg_cflags,$(ALL_PKGS)) \
	    -MMD -MP -MF $$@.d -o $$@ $$< $$(LDFLAGS) \
	    $$(call link_group,$$(filter %.a,$$^)) $$(LIBS) -lcmocka
endef
$(foreach t,$(UNIT),$(eval $(call unit_rules,$(t))))

# ---- fuzzing: tests/fuzz/fuzz_NAME.c, one harness a file -------------------

# One build takes replay.c for its main(), the other libFuzzer's (FUZZING).
# Either links what a harness needs of the rooms; a new one is a file more.
HARNESSES := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
REPLAY := $(if $(FUZZING),,$(BUILD)/obj/tests/fuzz/replay.o)
$(BUILD)/harness/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(REPLAY) $(ROOM_LIBS) \
    $(BUILD)/lib/ctl.a
	@mkdir -p $(@D)
	$(call say,LINK  $@)
	$(Q)$(CC) -o $@ $(filter %.o,$^) $(LDFLAGS) \
	    $(call link_group,$(filter %.a,$^)) $(LIBS)
$(BUILD)/harness/control: LIBS += -lcmocka # its desk is that of the unit tests
$(BUILD)/obj/tests/fuzz/%.o: ROOM_CFLAGS = $(call pkg_cflags,$(ALL_PKGS))
.PHONY: harnesses fuzz fuzz-build fuzz-keep
harnesses: $(addprefix $(BUILD)/harness/,$(HARNESSES))

FUZZ_SECONDS ?= 60
FUZZ_DEPS := clang libclang-rt-dev llvm
run_fuzz = @BUILD=$(abspath $(BUILD))/fuzz tests/tools/run-fuzz
# FUZZ="read html" chooses; keep puts what was learned into tests/fuzz/corpus.
fuzz: fuzz-build
	$(run_fuzz) $(FUZZ_SECONDS) $(FUZZ)
fuzz-keep: fuzz-build
	$(run_fuzz) --keep $(FUZZ)
fuzz-build: deps
	@tests/tools/install-deps $(FUZZ_DEPS)
	@$(MAKE) --no-print-directory -j$$(nproc) FUZZING=1 SANITIZE= CC=clang \
	    BUILD=$(BUILD)/fuzz harnesses

# ---- dependencies: the only installer --------------------------------------

BUILD_DEPS := gcc make pkg-config libgpgme-dev libetpan-dev libgmime-3.0-dev \
	libglib2.0-dev libconfuse-dev libsodium-dev libtalloc-dev libjansson-dev libxml2-dev \
	libseccomp-dev libsystemd-dev libgnutls28-dev libsqlite3-dev \
	gnupg gpg-agent ca-certificates
TEST_DEPS := libcmocka-dev dovecot-imapd exim4-daemon-light python3 \
	python3-pytest openssl procps strace libfaketime \
	sq rnp python3-pgpy mutt neomutt aerc s-nail
LINT_DEPS := clang-format clang-tidy cppcheck

deps:
	@tests/tools/install-deps $(BUILD_DEPS)
test-deps: deps
	@tests/tools/install-deps $(TEST_DEPS)

# ---- checks ----------------------------------------------------------------

check: test-deps
	@$(MAKE) --no-print-directory -j$$(nproc) all unit harnesses \
	    $(BUILD)/psirtd-stops
	@BUILD=$(abspath $(BUILD)) SANITIZE=$(SANITIZE) PYTHON=$(PYTHON) \
	    tests/tools/run-tests
.PHONY: unit
unit: $(addprefix $(BUILD)/unit/,$(UNIT))

# Every fault in full; FAULTS="-k storage" chooses.
ROUNDS ?= 500
faults: test-deps
	@$(MAKE) --no-print-directory -j$$(nproc) all $(BUILD)/psirtd-stops
	@BUILD=$(abspath $(BUILD)) FAULT_ROUNDS=$(ROUNDS) PYTHON=$(PYTHON) \
	    tests/tools/run-faults $(FAULTS)

demo: test-deps
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@BUILD=$(abspath $(BUILD)) $(PYTHON) tests/demo/demo.py

check-rooms:
	@tests/tools/check-rooms

C_FILES = $(shell find daemon include tests -name '*.[ch]')
lint: check-rooms
	@tests/tools/install-deps $(BUILD_DEPS) $(TEST_DEPS) $(LINT_DEPS)
	clang-format --dry-run -Werror $(C_FILES)
	cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
	    --enable=warning,performance,portability -Iinclude -j$$(nproc) \
	    --suppressions-list=.cppcheck daemon
	# One file a run: clang-tidy 14 takes va_list wrong in the second.
	find daemon -name '*.c' -print0 | sort -z | xargs -0 -P $$(nproc) -I {} \
	    clang-tidy --quiet --warnings-as-errors='*' {} -- -std=c11 \
	    $(CPPFLAGS) $(call pkg_cflags,$(ALL_PKGS)) 2>/dev/null
	$(MAKE) --no-print-directory -j$$(nproc) CI=1 BUILD=$(BUILD)/lint all unit \
	    harnesses

format:
	clang-format -i $(C_FILES)

# ---- install ---------------------------------------------------------------

# Files that name where they are installed.
SUBST := sed 's|@PREFIX@|$(PREFIX)|g; s|@SYSCONFDIR@|$(SYSCONFDIR)|g'
SHARE := $(DESTDIR)$(PREFIX)/share
UNITS := $(DESTDIR)$(PREFIX)/lib
ETC := $(DESTDIR)$(SYSCONFDIR)/psirtd
# install_text MODE FROM TO: substituted, and never half written
define install_text
	$(SUBST) $(2) >$(3).new
	chmod $(1) $(3).new
	mv -f $(3).new $(3)
endef

install: all
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin \
	    $(SHARE)/psirtd/templates/en $(SHARE)/psirtd/templates/ja \
	    $(SHARE)/man/man1 $(SHARE)/man/man5 $(SHARE)/man/man8 \
	    $(SHARE)/doc/psirtd $(UNITS)/systemd/system $(UNITS)/sysusers.d \
	    $(UNITS)/tmpfiles.d
	install -d -m 750 $(ETC)
	install -m 755 $(BUILD)/psirtd $(DESTDIR)$(PREFIX)/sbin/psirtd
	install -m 755 $(BUILD)/psirt $(DESTDIR)$(PREFIX)/bin/psirt
	install -m 644 conf/templates/en/* $(SHARE)/psirtd/templates/en
	install -m 644 conf/templates/ja/* $(SHARE)/psirtd/templates/ja
	install -m 644 conf/flow-jpcert.conf conf/flow-direct.conf $(SHARE)/psirtd
	install -m 644 conf/holidays-jp conf/customers.csv $(SHARE)/doc/psirtd
	$(call install_text,644,conf/psirtd.conf,$(SHARE)/doc/psirtd/psirtd.conf)
	test -e $(ETC)/psirtd.conf || \
	    install -m 640 $(SHARE)/doc/psirtd/psirtd.conf $(ETC)/psirtd.conf
	$(call install_text,644,systemd/psirtd.service,$(UNITS)/systemd/system/psirtd.service)
	$(call install_text,644,systemd/psirtd.sysusers,$(UNITS)/sysusers.d/psirtd.conf)
	$(call install_text,644,systemd/psirtd.tmpfiles,$(UNITS)/tmpfiles.d/psirtd.conf)
	$(call install_text,644,daemon/ctl/psirt.1,$(SHARE)/man/man1/psirt.1)
	$(call install_text,644,conf/psirtd.conf.5,$(SHARE)/man/man5/psirtd.conf.5)
	$(call install_text,644,conf/psirtd-flow.5,$(SHARE)/man/man5/psirtd-flow.5)
	$(call install_text,644,daemon/psirtd.8,$(SHARE)/man/man8/psirtd.8)
	install -m 644 README.md LICENSE $(SHARE)/doc/psirtd

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
