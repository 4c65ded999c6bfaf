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


class Standard:
    """A standard's organisation, which the simulators are told each in its own way, and on how many ranks it is compared."""

    def __init__(self, levels, bits, burst_bytes, prefetch, row_bytes, megabytes, refi, ranks, has_dramsim=True):
        self.levels, self.bits = levels, dict(zip(["Ro", "Ba", "Bg", "Co"], bits))
        self.burst_bytes, self.prefetch, self.row_bytes = burst_bytes, prefetch, row_bytes
        self.megabytes, self.refi, self.ranks, self.has_dramsim = megabytes, refi, ranks, has_dramsim

    def cases(self, kind):
        """Mapping, ranks, refresh: a row in one bank after the other, and consecutive bursts in other bank groups."""
        yield "RoBaBgRaCo", 1, "all-bank"
        for ranks in self.ranks:
            yield "RoBaRaCoBg", ranks, "all-bank"
        if kind in EXACT:
            yield "RoBaBgRaCo", 1, "none"
            yield "RoBaRaCoBg", 1, "none"


# Rows, banks, groups and columns in bits; DRAMsim3 has no burst of two cycles for GDDR6.
STANDARDS = {
    "ddr4-3200": Standard("ChRaBgBaRoCo", [16, 2, 2, 7], 64, 8, 8192, 8192, 12_480, [1, 2]),
    "ddr4-2400": Standard("ChRaBgBaRoCo", [16, 2, 2, 7], 64, 8, 8192, 8192, 9_360, [1, 2]),
    "hbm2": Standard("ChRaBgBaRoCo", [14, 2, 2, 5], 32, 4, 1024, 256, 3_510, [1]),
    "gddr6": Standard("ChBgBaRoCo", [14, 2, 2, 6], 32, 16, 2048, 512, 3_325, [1], has_dramsim=False),
}
# How far cycles may be from a simulator's, where they are not between the two.
BOUNDS = {"stream": 0.01, "streams8": 0.01, "random": 0.03, "mixed": 0.06}
# What has the cycles of Ramulator 2.1 exactly where nothing is refreshed.
EXACT = ["stream", "random"]
# Larger differences from Ramulator 2.1, each with the cause that DEVIATIONS.md has: where many rows meet in a bank, its request for
# another row does not wait for younger hits; and what it does before a refresh, which decides how two rows of a stream overlap after it.
EXPLAINED = {
    ("ddr4-2400", "streams8", "RoBaRaCoBg", "1"): 0.02,
    ("ddr4-2400", "streams8", "RoBaRaCoBg", "2"): 0.08,
    ("gddr6", "streams8", "RoBaRaCoBg", "1"): 0.025,
    ("gddr6", "stream", "RoBaBgRaCo", "1"): 0.015,
}
# How many times as many requests a second: against Ramulator 2.1, against DRAMsim3.
SPEEDS = {"stream": (50, 25), "random": (10, 10), "mixed": (10, 10)}
# sim_activate serves first what a row was opened for, and lets a request leave its queue with its activate, as Ramulator 2.1 does; sim goes
# by age, and lets it leave with its column command, as DRAMsim3 does.
SIMULATORS = ["sim", "sim_activate", "ramulator2", "ramulator2_rowhit", "dramsim3"]


def run(command):
    """What a command prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def peer_cycles(printed):
    return int(re.search(r"cycles (\d+)", printed).group(1))


def sim_command(name, trace, mapping, ranks, refresh="all-bank", order="age", leaves="column"):
    return [os.environ["TRITIUM_SIM"], "dram", "--standard", name, "--trace", trace, "--mapping", mapping,
            "--ranks", str(ranks), "--order", order, "--leaves", leaves, "--refresh", refresh,
            "--format", "json"]


def ramulator_command(name, folder, trace, mapping, ranks, refresh, scheduler):
    standard = STANDARDS[name]
    config = (HERE / "ramulator2" / f"{name}.yaml").read_text()
    config = re.sub(r"impl: FRFCFS\S*", f"impl: {scheduler}", config)
    if ranks > 1:
        config = config.replace("count: [1, 1,", f"count: [1, {ranks},")
        # Refreshes of the ranks spread over tREFI, as in the other two.
        config = config.replace("scatter_interval: 0", f"scatter_interval: {standard.refi // ranks}")
    if refresh == "none":
        config = re.sub(r"impl: AllBank\s+scatter_interval: \d+\s+debug: false", "impl: NoRefresh", config)
    path = pathlib.Path(folder) / "ramulator2.yaml"
    path.write_text(config)
    fields = re.findall("..", mapping)
    sizes = ",".join(str(standard.bits.get(field, ranks.bit_length() - 1)) for field in fields)
    return [os.environ["RAMULATOR2"], str(path), trace, mapping, sizes, str(standard.burst_bytes), str(standard.prefetch), standard.levels]


def dramsim_command(name, folder, trace, mapping, ranks):
    megabytes = STANDARDS[name].megabytes
    config = (HERE / "dramsim3" / f"{name}.ini").read_text()
    config = config.replace(f"channel_size = {megabytes}", f"channel_size = {megabytes * ranks}")
    # Of each rank.
    config = config.replace("cmd_queue_size = 32", f"cmd_queue_size = {32 // ranks}")
    fields = mapping.lower() + "ch"
    config = re.sub("address_mapping = .*", f"address_mapping = {fields}", config)
    path = pathlib.Path(folder) / "dramsim3.ini"
    path.write_text(config)
    return [os.environ["DRAMSIM3"], str(path), trace, folder]


def write_trace(name, folder, kind, requests):
    standard = STANDARDS[name]
    path = str(pathlib.Path(folder) / f"{kind}.trace")
    options = ["--bytes", str(standard.burst_bytes), "--row", str(standard.row_bytes)]
    options += ["--span", str(min(1024, standard.megabytes) << 20)]
    with open(path, "w") as trace:
        command = [sys.executable, str(HERE / "traces.py"), kind, str(requests), *options]
        subprocess.run(command, check=True, stdout=trace)
    return path


def cycles(simulator, name, folder, trace, mapping, ranks, refresh):
    """A simulator's cycles; none of DRAMsim3 where it does not have the standard or always refreshes it."""
    if simulator.startswith("sim"):
        policy = ["opened", "activate"] if simulator == "sim_activate" else ["age", "column"]
        return json.loads(run(sim_command(name, trace, mapping, ranks, refresh, *policy)))["cycles"]
    if simulator == "dramsim3":
        has_it = STANDARDS[name].has_dramsim and refresh != "none"
        return peer_cycles(run(dramsim_command(name, folder, trace, mapping, ranks))) if has_it else ""
    scheduler = "FRFCFS-RowHit" if simulator == "ramulator2_rowhit" else "FRFCFS"
    return peer_cycles(run(ramulator_command(name, folder, trace, mapping, ranks, refresh, scheduler)))


def measured(simulators):
    """Rows of the record."""
    with tempfile.TemporaryDirectory() as folder:
        for name, standard in STANDARDS.items():
            for kind in BOUNDS:
                trace = write_trace(name, folder, kind, REQUESTS)
                for mapping, ranks, refresh in standard.cases(kind):
                    row = {"standard": name, "trace": kind, "requests": REQUESTS, "mapping": mapping, "ranks": ranks}
                    row["refresh"] = refresh
                    for simulator in simulators:
                        row[simulator] = cycles(simulator, name, folder, trace, mapping, ranks, refresh)
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
        name = f"{row['standard']}, {row['trace']}, {row['mapping']}, {row['ranks']} ranks, refresh {row['refresh']}"
        for column in ["standard", "trace", "requests", "mapping", "ranks", "refresh", *simulators]:
            if row[column] != str(found[column]):
                print(f"{name}: {column} is {found[column]}, recorded is {row[column]}")
                wrong += 1
        peers = {peer: int(row[peer]) for peer in SIMULATORS[2:] if row[peer]}
        between = min(peers.values()) <= int(row["sim"]) <= max(peers.values())
        apart = {
            peer: int(row["sim" if peer == "dramsim3" else "sim_activate"]) / cycles - 1
            for peer, cycles in peers.items()
        }
        is_exact = row["refresh"] == "none"
        between = between and not is_exact
        explained = EXPLAINED.get(tuple(row[field] for field in ["standard", "trace", "mapping", "ranks"]), 0)
        explained = 0 if is_exact else explained
        bound = 0 if is_exact else BOUNDS[row["trace"]]
        bounds = {peer: bound if peer == "dramsim3" else max(bound, explained) for peer in peers}
        is_near = between or all(abs(part) <= bounds[peer] for peer, part in apart.items())
        needs_cause = not between and any(abs(part) > bound for part in apart.values())
        if not is_near:
            wrong += 1
        shown = ", ".join(f"{100 * part:+.2f}% of {peer}" for peer, part in apart.items())
        print(f"{name}: {shown}{', between them' if between else ''}"
              f"{', see DEVIATIONS.md' if needs_cause and is_near else ''}{'' if is_near else ': TOO FAR'}")
        # A cause that explains nothing any more goes.
        if explained and not needs_cause:
            print(f"{name}: needs no explanation")
            wrong += 1
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
    """Processor time of a command, the least of at least three runs and of those that two seconds hold, so that what else the machine does
    falls on the slow as on the fast."""
    def once():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(command)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    times = []
    while len(times) < 3 or sum(times) < 2:
        times.append(once())
    return min(times)


def speed():
    wrong = 0
    name, mapping, ranks = "ddr4-3200", "RoBaRaCoBg", 1
    with tempfile.TemporaryDirectory() as folder:
        for kind, bounds in SPEEDS.items():
            trace = write_trace(name, folder, kind, TIMED_REQUESTS)
            times = [
                seconds(command)
                for command in (
                    sim_command(name, trace, mapping, ranks),
                    ramulator_command(name, folder, trace, mapping, ranks, "all-bank", "FRFCFS"),
                    dramsim_command(name, folder, trace, mapping, ranks),
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
