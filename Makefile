# The everyday commands; what each does stands in CONTRIBUTING.md.
.PHONY: demo test bench check screenshot decky test-decky

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

decky: ## the Decky plugin, target/decky/evenkeel-decky.zip
	@scripts/packages.sh decky
	@packaging/decky/build.sh $(or $(CARGO_TARGET_DIR),target)/decky/evenkeel-decky.zip

test-decky: ## builds the Decky plugin and tests it in a browser and against the helper
	@scripts/test-decky.sh
