#!/usr/bin/env python3
"""Compares `sim dram` with Ramulator 2.1 and DRAMsim3 on the same traces, at equal organisation, timings and mapping.

  compare.py check            sim against the cycles in recorded.csv, and those against the bounds; where RAMULATOR2 and DRAMSIM3 name
                              built binaries, those as well against the record
  compare.py record           writes recorded.csv anew; needs both
  compare.py speed            requests a second of all three, each on one processor; needs both

TRITIUM_SIM names `sim`. RAMULATOR2 and DRAMSIM3 name what ramulator2.cc and dramsim3.cc become, linked with the simulators' sources of the
revisions in peers.yaml:

  c++ -O3 -DNDEBUG -std=c++20 -I$RAMULATOR/src ramulator2.cc $RAMULATOR/src/ramulator/**/*.cpp -lyaml-cpp -lfmt   (but for python/)
  c++ -O3 -DNDEBUG -std=c++11 -DFMT_HEADER_ONLY=1 -I$DRAMSIM/src -I$DRAMSIM/ext/headers -I$DRAMSIM/ext/fmt/include dramsim3.cc \\
      $DRAMSIM/src/{bankstate,channel_state,command_queue,common,configuration,controller,dram_system,hmc,refresh,simple_stats}.cc \\
      $DRAMSIM/src/{timing,memory_system}.cc
"""

import csv
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RECORD = HERE / "recorded.csv"
REQUESTS = 100_000
TIMED_REQUESTS = 1_000_000
# Mapping, ranks: a row in one bank after the other, and consecutive bursts in other bank groups.
CASES = [("RoBaBgRaCo", 1), ("RoBaRaCoBg", 1), ("RoBaRaCoBg", 2)]
# How far cycles may be from a simulator's, where they are not between the two.
BOUNDS = {"stream": 0.01, "streams8": 0.01, "random": 0.03, "mixed": 0.06}
# How many times as many requests a second: against Ramulator 2.1, against DRAMsim3.
SPEEDS = {"stream": (50, 25), "random": (10, 10), "mixed": (10, 10)}
# sim_activate lets a request leave its queue with its activate, as Ramulator 2.1 does; sim with its column command, as DRAMsim3 does.
SIMULATORS = ["sim", "sim_activate", "ramulator2", "ramulator2_rowhit", "dramsim3"]
BITS = {"Ro": 16, "Ba": 2, "Bg": 2, "Co": 7}


def run(command):
    """What a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def peer_cycles(printed):
    return int(re.search(r"cycles (\d+)", printed).group(1))


def sim_command(trace, mapping, ranks, leaves="column"):
    return [os.environ["TRITIUM_SIM"], "dram", "--standard", "ddr4-3200", "--trace", trace, "--mapping", mapping,
            "--ranks", str(ranks), "--order", "age", "--leaves", leaves, "--format",
            "json"]


def ramulator_command(folder, trace, mapping, ranks, scheduler):
    config = (HERE / "ramulator2.yaml").read_text()
    config = re.sub(r"impl: FRFCFS\S*", f"impl: {scheduler}", config)
    config = config.replace("count: [1, 1,", f"count: [1, {ranks},")
    # Refreshes of the ranks spread over tREFI, as in the other two.
    config = config.replace("scatter_interval: 0", f"scatter_interval: {12480 // ranks if ranks > 1 else 0}")
    path = pathlib.Path(folder) / "ramulator2.yaml"
    path.write_text(config)
    fields = re.findall("..", mapping)
    sizes = ",".join(str(BITS.get(field, ranks.bit_length() - 1)) for field in fields)
    return [os.environ["RAMULATOR2"], str(path), trace, mapping, "64", sizes]


def dramsim_command(folder, trace, mapping, ranks):
    config = (HERE / "dramsim3.ini").read_text()
    config = config.replace("channel_size = 8192", f"channel_size = {8192 * ranks}")
    # Of each rank.
    config = config.replace("cmd_queue_size = 32", f"cmd_queue_size = {32 // ranks}")
    fields = mapping.lower() + "ch"
    config = re.sub("address_mapping = .*", f"address_mapping = {fields}", config)
    path = pathlib.Path(folder) / "dramsim3.ini"
    path.write_text(config)
    return [os.environ["DRAMSIM3"], str(path), trace, folder]


def write_trace(folder, kind, requests):
    path = str(pathlib.Path(folder) / f"{kind}.trace")
    with open(path, "w") as trace:
        subprocess.run([sys.executable, str(HERE / "traces.py"), kind, str(requests)], check=True, stdout=trace)
    return path


def cycles(simulator, folder, trace, mapping, ranks):
    if simulator.startswith("sim"):
        leaves = "activate" if simulator == "sim_activate" else "column"
        return json.loads(run(sim_command(trace, mapping, ranks, leaves)))["cycles"]
    if simulator == "dramsim3":
        return peer_cycles(run(dramsim_command(folder, trace, mapping, ranks)))
    scheduler = "FRFCFS-RowHit" if simulator == "ramulator2_rowhit" else "FRFCFS"
    return peer_cycles(run(ramulator_command(folder, trace, mapping, ranks, scheduler)))


def measured(simulators):
    """Rows of the record."""
    with tempfile.TemporaryDirectory() as folder:
        for kind in BOUNDS:
            trace = write_trace(folder, kind, REQUESTS)
            for mapping, ranks in CASES:
                row = {"trace": kind, "requests": REQUESTS, "mapping": mapping, "ranks": ranks}
                for simulator in simulators:
                    row[simulator] = cycles(simulator, folder, trace, mapping, ranks)
                yield row


def check():
    has = {"sim": True, "sim_activate": True, "ramulator2": "RAMULATOR2" in os.environ, "dramsim3": "DRAMSIM3" in os.environ}
    has["ramulator2_rowhit"] = has["ramulator2"]
    simulators = [name for name in SIMULATORS if has[name]]
    wrong = 0
    recorded = list(csv.DictReader(RECORD.open()))
    now = list(measured(simulators))
    assert len(recorded) == len(now), "recorded.csv has other cases"
    for row, found in zip(recorded, now):
        name = f"{row['trace']}, {row['mapping']}, {row['ranks']} ranks"
        for column in ["trace", "requests", "mapping", "ranks", *simulators]:
            if row[column] != str(found[column]):
                print(f"{name}: {column} is {found[column]}, recorded is {row[column]}")
                wrong += 1
        peers = {peer: int(row[peer]) for peer in SIMULATORS[2:]}
        between = min(peers.values()) <= int(row["sim"]) <= max(peers.values())
        apart = {
            peer: int(row["sim" if peer == "dramsim3" else "sim_activate"]) / cycles - 1
            for peer, cycles in peers.items()
        }
        is_near = between or all(abs(part) <= BOUNDS[row["trace"]] for part in apart.values())
        if not is_near:
            wrong += 1
        shown = ", ".join(f"{100 * part:+.2f}% of {peer}" for peer, part in apart.items())
        print(f"{name}: {shown}{', between them' if between else ''}{'' if is_near else ': TOO FAR'}")
    print("compared with the record and", ", ".join(simulators))
    return wrong


def record():
    rows = list(measured(SIMULATORS))
    with RECORD.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return 0


def seconds(command):
    """Processor time of a command, the least of three runs."""
    def once():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(command)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return min(once() for _ in range(3))


def speed():
    wrong = 0
    mapping, ranks = CASES[1]
    with tempfile.TemporaryDirectory() as folder:
        for kind, bounds in SPEEDS.items():
            trace = write_trace(folder, kind, TIMED_REQUESTS)
            times = [
                seconds(command)
                for command in (
                    sim_command(trace, mapping, ranks),
                    ramulator_command(folder, trace, mapping, ranks, "FRFCFS"),
                    dramsim_command(folder, trace, mapping, ranks),
                )
            ]
            rates = [TIMED_REQUESTS / time / 1e6 for time in times]
            ratios = [rates[0] / rate for rate in rates[1:]]
            is_fast = all(ratio >= bound for ratio, bound in zip(ratios, bounds))
            wrong += not is_fast
            print(f"{kind}: {rates[0]:.2f} M requests/s, {ratios[0]:.1f} times Ramulator 2.1's {rates[1]:.3f} and "
                  f"{ratios[1]:.1f} times DRAMsim3's {rates[2]:.3f}{'' if is_fast else ': TOO SLOW'}")
    return wrong


if __name__ == "__main__":
    actions = {"check": check, "record": record, "speed": speed}
    if len(sys.argv) != 2 or sys.argv[1] not in actions:
        sys.exit(__doc__)
    sys.exit(1 if actions[sys.argv[1]]() else 0)
