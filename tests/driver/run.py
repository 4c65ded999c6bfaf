"""Emits the engine for several sets of parameters and runs `test_driver` on each: `python3 run.py SIM_BINARY`."""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cocotb_tools.runner import get_results, get_runner

# lanes that are no multiple of 5, columns that are none of the result lanes, activation streams narrower than a word
CONFIGURATIONS = {
    "odd": "--lanes 7 --columns 3 --tokens 3 --stream-bits 24 --activation-words 128",
    "narrow": "--lanes 12 --columns 5 --tokens 4 --stream-bits 40 --acc-bits 16 --activation-bits 24 --result-lanes 2 "
    "--activation-words 32 --fifo-beats 8 --burst-beats 8",
    "smallest": "--lanes 1 --columns 1 --tokens 1 --stream-bits 8 --activation-words 4 --fifo-beats 4 --burst-beats 1",
    "wide": "--lanes 13 --columns 6 --tokens 4 --stream-bits 128 --acc-bits 32 --activation-bits 64 --dividers 3 "
    "--activation-words 32",
    "fetched": "--lanes 10 --columns 7 --tokens 2 --stream-bits 32 --activation-bits 16 --result-lanes 4 "
    "--activation-words 8 --fifo-beats 16 --burst-beats 4 --dividers 2",
}


def run(simulator, verilog, folder, seed):
    """Builds one file and runs all tests on it; gives how many ran and how many failed."""
    runner = get_runner(simulator)
    timescale = ("1ns", "1ps")
    runner.build(sources=[verilog], hdl_toplevel=verilog.stem, build_dir=folder, timescale=timescale, always=True)
    results = runner.test(
        test_module="test_driver",
        hdl_toplevel=verilog.stem,
        build_dir=folder,
        test_dir=folder,
        seed=seed,
        timescale=timescale,
        extra_env={"COCOTB_LOG_LEVEL": "WARNING", "GPI_LOG_LEVEL": "ERROR"},
    )
    return get_results(results)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sim", help="the project's binary, which emits the Verilog")
    parser.add_argument("--simulator", default="icarus", help="any simulator that cocotb's runner knows")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=CONFIGURATIONS, help="one configuration")
    parser.add_argument("--out", help="folder for what is emitted and built; else a temporary one")
    options = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory() as temporary:
        for name in [options.only] if options.only else CONFIGURATIONS:
            folder = Path(options.out or temporary).resolve() / name
            folder.mkdir(parents=True, exist_ok=True)
            parameters = CONFIGURATIONS[name].split()
            subprocess.run([options.sim, "verilog", *parameters, "--out", folder], check=True)
            for verilog in sorted(folder.glob("ternary_engine*.v")):
                start = time.monotonic()
                ran, failed = run(options.simulator, verilog, folder / verilog.stem, options.seed)
                failures += failed
                seconds = time.monotonic() - start
                print(f"{name} {verilog.stem}: {ran} tests, {failed} failed, {seconds:.0f} s", flush=True)
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
