#!/usr/bin/env bash
# Installs the open EDA tools that the tests run, where they are missing: Yosys, Verilator, Icarus Verilog, nextpnr-ice40,
# OpenSTA and a library of standard cells from the distribution (apt), the C++ compiler and make that Verilator needs, what of Python cocotb needs, and
# nextpnr-ecp5 from PyPI, unless the system has it.
#
#   install-tools.sh FOLDER     of the Python environment for what comes from PyPI
set -euo pipefail
environment=$1

declare -A package=(
    [yosys]=yosys [verilator]=verilator [iverilog]=iverilog [nextpnr-ice40]=nextpnr-ice40 [sta]=opensta [g++]=g++ [make]=make
)
missing=()
for tool in "${!package[@]}"; do
    command -v "$tool" >/dev/null || missing+=("${package[$tool]}")
done
[ -e /usr/share/qflow/tech/osu018 ] || missing+=(qflow-tech-osu018)
# cocotb comes from PyPI into an environment of its own, and runs Python as a library inside the simulator.
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
python3 -c 'import ctypes, sysconfig; ctypes.CDLL(sysconfig.get_config_var("INSTSONAME"))' 2>/dev/null ||
    missing+=(libpython3-dev)
if [ ${#missing[@]} -gt 0 ]; then
    if ! command -v apt-get >/dev/null; then
        echo "error: these tools are missing: ${missing[*]}; install them with your system's package manager" >&2
        exit 1
    fi
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"
fi

requirements=$(dirname "$0")/tools-requirements.txt
if ! { command -v nextpnr-ecp5 && command -v ecppack; } >/dev/null &&
    ! cmp -s "$requirements" "$environment/installed"; then
    python3 -m venv --clear "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
    cp "$requirements" "$environment/installed"
fi
