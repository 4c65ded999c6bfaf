#!/usr/bin/env bash
# Installs the open EDA tools that the tests run, where they are missing: Yosys, Verilator and Icarus Verilog, from the
# distribution (apt), the C++ compiler and make that Verilator needs, and what of Python cocotb needs.
set -euo pipefail

declare -A package=([yosys]=yosys [verilator]=verilator [iverilog]=iverilog [g++]=g++ [make]=make)
missing=()
for tool in "${!package[@]}"; do
    command -v "$tool" >/dev/null || missing+=("${package[$tool]}")
done
# cocotb comes from PyPI into an environment of its own, and runs Python as a library inside the simulator.
python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
python3 -c 'import ctypes, sysconfig; ctypes.CDLL(sysconfig.get_config_var("INSTSONAME"))' 2>/dev/null ||
    missing+=(libpython3-dev)
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

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
