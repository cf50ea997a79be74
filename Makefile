# Thin over Meson: every target sets up what it needs from Debian's packages (script/setup does nothing when all is there).
PYTHON := /usr/bin/python3
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)
FUZZ_SECONDS ?= 60

export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help run build binary asan fuzz test test-debian13 test-fresh bench fmt docs install clean

help:
	@echo 'make run            build, then serve examples/site at https://localhost'
	@echo 'make build          build/gate443, optimised'
	@echo 'make test           everything; SUITE="house unit e2e asan-unit fuzz asan-e2e" picks some,'
	@echo '                    E2E=tests/e2e/test_x.py picks files of the end-to-end suites'
	@echo 'make test-debian13  the same inside a Debian 13 (OpenSSL 3.5); needs root'
	@echo 'make test-fresh     the same on a Debian 12 with nothing installed; needs root'
	@echo 'make fuzz           libFuzzer, FUZZ_SECONDS=60 a target; FUZZ=name picks one'
	@echo 'make asan           build-asan/gate443, with AddressSanitizer and UBSan'
	@echo 'make bench          side by side with nginx, HAProxy, h2o and Caddy; BENCH=audit the auditor'
	@echo 'make fmt            clang-format over src/ and tests/'
	@echo 'make docs           docs/reference/ from the binary'"'"'s own tables, and a check of all links'
	@echo 'make install        program, manual page, systemd unit and examples: into PREFIX=/usr/local, DESTDIR= as usual'
	@echo 'make clean          removes build*/'

run: build
	build/gate443 serve examples/site

build:
	@script/setup build
	@$(MAKE) --no-print-directory binary

# Without the set-up: what the test runner calls.
binary:
	@test -e build/build.ninja || meson setup build --buildtype=release --prefix=$(PREFIX)
	@ninja -C build -j $(JOBS) --quiet

asan:
	@test -e build-asan/build.ninja || meson setup build-asan --buildtype=debugoptimized \
	    -Db_sanitize=address,undefined -Db_lto=false
	@ninja -C build-asan -j $(JOBS) --quiet

fuzz:
	@script/setup fuzz
	@test -e build-fuzz/build.ninja || CC=clang meson setup build-fuzz --buildtype=debugoptimized \
	    -Dfuzzers=true -Dtests=false -Db_sanitize=address,undefined -Db_lundef=false -Db_lto=false
	@ninja -C build-fuzz -j $(JOBS) --quiet
	@$(PYTHON) tools/fuzz.py build-fuzz $(FUZZ_SECONDS) $(FUZZ)

test:
	@script/setup test
	@$(PYTHON) tools/run_tests.py $(SUITE)

test-debian13:
	@script/debian13

test-fresh:
	@script/fresh-debian12

bench: build
	@script/setup bench
	@$(PYTHON) bench/run.py $(BENCH)

fmt:
	@script/setup dev
	@find src tests -name '*.[ch]' -print0 | xargs -0 clang-format -i

docs: build
	@$(PYTHON) tools/docs.py build/gate443

# The unit names the program's place, so a tree that was built for another one is told.
install: build
	@meson configure build --prefix=$(PREFIX)
	@ninja -C build -j $(JOBS) --quiet
	@meson install -C build --no-rebuild $(if $(DESTDIR),--destdir $(DESTDIR))

clean:
	rm -rf build build-asan build-fuzz
