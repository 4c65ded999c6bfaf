#!/usr/bin/env bash
# Random jobs on the engine of every chip preset, the largest as well, whose Verilog takes minutes to compile, the states
# that they reach in a small one, and the largest one's cycles against the simulator's; ten million random requests through every DRAM
# standard, each command checked. What is printed is kept in tests/verified.txt, with the revision it belongs to.
#
#   verify.sh SIM
set -euo pipefail
sim=$1

kept=$(dirname "$0")/verified.txt
results=$(mktemp "$kept.XXXXXX")
random=$(mktemp)
trap 'rm -f "$results" "$random"' EXIT
python3 "$(dirname "$0")/dram/traces.py" mixed 10000000 --bytes 32 --span $((1 << 28)) > "$random"

verify() {
    echo
    echo "\$ sim verify $*"
    "$sim" verify "$@"
}

changed=$(git status --porcelain --untracked-files=no)
{
    echo "revision $(git rev-parse HEAD)${changed:+, and changes to it}"
    verify --lanes 80 --columns 1 --tokens 4 --stream-bits 128 --seeds 200
    verify --lanes 80 --columns 4 --tokens 4 --stream-bits 512 --seeds 200
    verify --lanes 128 --columns 16 --tokens 8 --stream-bits 512 --seeds 100
    verify --lanes 128 --columns 64 --tokens 32 --stream-bits 512 --seeds 10
    verify --lanes 6 --columns 8 --tokens 4 --stream-bits 64 --result-lanes 1 --activation-words 8 --fifo-beats 4 \
        --burst-beats 2 --seeds 60 --coverage
    dram=$(dirname "$0")/dram
    for standard in "$dram"/../../sim/standards/*.yaml; do
        modes="all-bank $(grep -q per_bank "$standard" && echo per-bank)"
        for mode in $modes; do
            echo
            echo "\$ sim dram --standard $(basename "$standard" .yaml) --ranks 2 --refresh $mode --check, of random requests"
            "$sim" dram --standard "$standard" --trace "$random" --ranks 2 --refresh "$mode" --check 2>&1 |
                grep -E "^requests|^row|obey"
        done
    done
    cycles="cargo test -p tritium-tests --test engine_timing -- --ignored"
    echo
    echo "\$ $cycles"
    $cycles 2>&1 | grep "^test "
} | tee "$results"
chmod 644 "$results"
mv "$results" "$kept"
