# The everyday commands; what each does stands in CONTRIBUTING.md.
.PHONY: demo test bench check screenshot build install uninstall dist test-packages decky test-decky flatpak test-flatpak test-kernel

PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
BUILD_DIR ?= $(or $(CARGO_TARGET_DIR),target)/release
export DESTDIR PREFIX SYSCONFDIR BUILD_DIR

demo: ## the whole thing on a small network of its own
	@scripts/demo.sh

test: ## everything CI runs
	@scripts/test.sh

bench: ## the figures of docs/FIGURES.md
	@scripts/bench.sh

check: ## the fast part of the tests: format and lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

screenshot: ## assets/screenshot.png, taken of the window on the lab
	@scripts/screenshot.sh

build: ## the programs, as they are installed
	cargo build --locked --release -p evenkeel -p evenkeeld

install: ## what `make build` made, below $(DESTDIR)$(PREFIX), as packaging/install.table says
	scripts/install.sh install make
	@if [ -z "$(DESTDIR)" ]; then scripts/settle.sh installed; fi

uninstall: ## takes away what `make install` put there
	@if [ -z "$(DESTDIR)" ]; then scripts/settle.sh leaving; fi
	scripts/install.sh uninstall make
	@if [ -z "$(DESTDIR)" ]; then scripts/settle.sh left; fi

# Programs that lie about are no release's, unless somebody says where they are.
dist: ## source and SteamOS tarballs, deb, Decky plugin, Flatpak and checksums, in target/dist
	$(if $(filter file,$(origin BUILD_DIR)),env -u BUILD_DIR) scripts/dist.sh

decky: ## the Decky plugin, target/decky/evenkeel-decky.zip
	@scripts/packages.sh decky
	@packaging/decky/build.sh $(or $(CARGO_TARGET_DIR),target)/decky/evenkeel-decky.zip

flatpak: ## the Flatpak's bundle, in target/flatpak
	@scripts/packages.sh flatpak
	@packaging/flatpak/build.sh $(or $(CARGO_TARGET_DIR),target)/flatpak

test-packages: test-decky test-flatpak ## installs, uses, upgrades and removes every package under a real systemd
	@scripts/test-packages.sh

test-decky: ## builds the Decky plugin and tests it in a browser and against the helper
	@scripts/test-decky.sh

test-flatpak: ## builds the Flatpak and runs it in the lab
	@scripts/test-flatpak.sh

test-kernel: ## builds the test kernels and runs the whole list on each in a virtual machine
	@scripts/test-kernel.sh
