# `make test` is all a newcomer needs: it installs the open EDA tools that are missing and runs everything.

TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
# The tests of the command line run the binary that users run.
export TRITIUM_SIM := $(TARGET)/release/sim

# nextest where it is installed (it enforces the time budgets of .config/nextest.toml), else cargo's own runner.
RUNNER := $(shell cargo nextest --version >/dev/null 2>&1 && echo nextest run || echo test)

.PHONY: test tools lint sim readme verify

test: tools lint sim
	cargo $(RUNNER) --workspace

tools:
	tests/install-tools.sh

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

sim:
	cargo build --release

# Random jobs on the engine of every chip preset, the largest as well, whose Verilog takes minutes to compile.
verify: tools sim
	$(TRITIUM_SIM) verify --lanes 80 --columns 1 --tokens 4 --stream-bits 128 --seeds 200
	$(TRITIUM_SIM) verify --lanes 80 --columns 4 --tokens 4 --stream-bits 512 --seeds 200
	$(TRITIUM_SIM) verify --lanes 128 --columns 16 --tokens 8 --stream-bits 512 --seeds 100
	$(TRITIUM_SIM) verify --lanes 128 --columns 64 --tokens 32 --stream-bits 512 --seeds 20

# Regenerates the output and the charts that the README shows; a test holds them to what the command prints.
readme: sim
	UPDATE_README=1 cargo test -p tritium-tests --test readme
