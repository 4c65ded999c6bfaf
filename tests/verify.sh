#!/usr/bin/env bash
# What is too long for `make test`. Its results are kept in tests/verified.txt, with the revision they belong to.
#
#   verify.sh SIM MUTATION
set -euo pipefail
sim=$1 mutation=$2

kept=$(dirname "$0")/verified.txt
results=$(mktemp "$kept.XXXXXX")
trap 'rm -f "$results"' EXIT

changed=$(git status --porcelain --untracked-files=no)
{
    echo "revision $(git rev-parse HEAD)${changed:+, and changes to it}"
    echo
    echo '$ sim verify --lanes 128 --columns 64 --tokens 32 --stream-bits 512 --seeds 4'
    "$sim" verify --lanes 128 --columns 64 --tokens 32 --stream-bits 512 --seeds 4
    echo
    echo '$ sim verify --lanes 6 --columns 8 --tokens 4 --stream-bits 64 --result-lanes 1 --activation-words 8 --fifo-beats 4 --burst-beats 2 --seeds 60 --coverage'
    "$sim" verify --lanes 6 --columns 8 --tokens 4 --stream-bits 64 --result-lanes 1 --activation-words 8 \
        --fifo-beats 4 --burst-beats 2 --seeds 60 --coverage
    echo
    echo '$ make mutation'
    $mutation
} | tee "$results"
mv "$results" "$kept"
