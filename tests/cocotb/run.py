"""Builds one engine with Icarus Verilog, runs the cocotb tests on it, and prints what came of each as JSON.

Usage: run.py VERILOG TOP BUILD_FOLDER MODULE...; the sizes in TRITIUM_ENGINE, the seed in TRITIUM_SEED.
"""

import json
import os
import sys
from pathlib import Path
from xml.etree import ElementTree

from cocotb_tools.runner import get_runner


def main(verilog, top, build, *modules):
    here = Path(__file__).parent
    runner = get_runner("icarus")
    runner.build(
        sources=[verilog],
        hdl_toplevel=top,
        build_dir=build,
        timescale=("1ns", "1ps"),
        always=True,
        log_file=Path(build) / "build.log",
    )
    results = runner.test(
        test_module=modules,
        hdl_toplevel=top,
        build_dir=build,
        test_dir=build,
        seed=os.environ["TRITIUM_SEED"],
        log_file=Path(build) / "test.log",
        extra_env={"PYTHONPATH": str(here), "COCOTB_ANSI_OUTPUT": "0"},
    )
    outcomes = {}
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        kinds = [kind.tag for kind in case if kind.tag in ("failure", "error", "skipped")]
        outcomes[f"{case.get('classname')}.{case.get('name')}"] = kinds[0] if kinds else "passed"
    print(json.dumps(outcomes))


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main(*sys.argv[1:])
