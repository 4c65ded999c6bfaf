# `make test` is all a newcomer needs: it installs the open EDA tools that are missing and runs everything.

TARGET := $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)
# The tests of the command line run the binary that users run.
export TRITIUM_SIM := $(TARGET)/release/sim
# The router for ECP5 comes from PyPI into an environment of its own; what the system has comes first.
export PATH := $(PATH):$(TARGET)/tools/bin

# nextest where it is installed (it enforces the time budgets of .config/nextest.toml), else cargo's own runner.
RUNNER := $(shell cargo nextest --version >/dev/null 2>&1 && echo nextest run || echo test)

.PHONY: test tools lint sim readme verify synth bench peers mutation

test: tools lint sim
	cargo $(RUNNER) --workspace

tools:
	tests/install-tools.sh $(TARGET)/tools

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

sim:
	cargo build --release

# What takes too long for `test`; its results are kept in tests/verified, with the revision they belong to.
verify: tools sim
	for part in engines cycles dram; do tests/verify.sh $(TRITIUM_SIM) $$part || exit 1; done

# What engines take on FPGAs and how fast they run, by Yosys and nextpnr; kept in tests/synthesised.txt in the same way.
synth: tools sim
	tests/synthesise.sh $(TRITIUM_SIM)

# How fast the simulator is: whole models with what repeats skipped, every burst stepped, in bursts a second, and how its time
# grows; and the reference transformer, in bytes of weights and tokens a second.
bench:
	cargo bench -p tritium-sim -p tritium-model
	cargo bench -p tritium-cli --bench growth

# `sim dram` against Ramulator 2.1 and DRAMsim3, in cycles and in speed; tests/dram/compare.py says how these are built.
peers: sim
	@test -n "$(RAMULATOR2)" -a -n "$(DRAMSIM3)" || { echo "make peers: RAMULATOR2 and DRAMSIM3 must name built binaries; see tests/dram/compare.py" >&2; exit 1; }
	python3 tests/dram/compare.py check
	python3 tests/dram/compare.py speed

# Sets faults into the emitted Verilog of every block and lists those that the block's own tests do not see.
mutation: tools
	rm -rf $(TARGET)/recorded
	TRITIUM_RECORD=$(TARGET)/recorded cargo test -q -p tritium-rtl --lib
	cargo run --release -p tritium-rtl --example mutation -- $(TARGET)/recorded

# Regenerates the output and the charts that the README shows; a test holds them to what the command prints.
readme: sim
	UPDATE_README=1 cargo test -p tritium-tests --test readme
