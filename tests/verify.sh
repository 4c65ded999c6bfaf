#!/usr/bin/env bash
# What takes too long for `make test`, in three parts; what each prints is kept in tests/verified, with the revision it belongs to.
#
#   verify.sh SIM PART
#
#   engines  random jobs on the engine of every chip preset, the largest as well, whose Verilog takes minutes to compile, and the states
#            that they reach in a small one
#   cycles   the simulator's cycles against the Verilog's, of the largest engine and of engines of random sizes
#   dram     ten million random requests through every DRAM standard, each command checked
set -euo pipefail
sim=$1 part=$2

here=$(dirname "$0")
mkdir -p "$here/verified"
kept=$here/verified/$part.txt
results=$(mktemp "$kept.XXXXXX")
random=$(mktemp)
trap 'rm -f "$results" "$random"' EXIT

verify() {
    echo
    echo "\$ sim verify $*"
    "$sim" verify "$@"
}

engines() {
    verify --lanes 80 --columns 1 --tokens 4 --stream-bits 128 --seeds 200
    verify --lanes 80 --columns 4 --tokens 4 --stream-bits 512 --seeds 200
    verify --lanes 128 --columns 16 --tokens 8 --stream-bits 512 --seeds 100
    verify --lanes 128 --columns 64 --tokens 32 --stream-bits 512 --seeds 10
    verify --lanes 6 --columns 8 --tokens 4 --stream-bits 64 --result-lanes 1 --activation-words 8 --fifo-beats 4 \
        --burst-beats 2 --seeds 60 --coverage
}

cycles() {
    local command="cargo test -p tritium-tests --test engine_timing -- --ignored"
    echo
    echo "\$ $command"
    $command 2>&1 | grep "^test "
}

dram() {
    python3 "$here/dram/traces.py" mixed 10000000 --bytes 32 --span $((1 << 28)) > "$random"
    for standard in "$here"/../sim/standards/*.yaml; do
        local modes=all-bank
        if grep -q per_bank "$standard"; then modes+=" per-bank"; fi
        for mode in $modes; do
            echo
            echo "\$ sim dram --standard $(basename "$standard" .yaml) --ranks 2 --refresh $mode --check, of random requests"
            "$sim" dram --standard "$standard" --trace "$random" --ranks 2 --refresh "$mode" --check 2>&1 |
                grep -E "^requests|^row|obey"
        done
    done
}

changed=$(git status --porcelain --untracked-files=no)
{
    echo "revision $(git rev-parse HEAD)${changed:+, and changes to it}"
    "$part"
} | tee "$results"
chmod 644 "$results"
mv "$results" "$kept"
