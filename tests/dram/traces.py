#!/usr/bin/env python3
"""Writes the traces on which DRAM simulators are compared.

  traces.py KIND REQUESTS [--form ls|rw] [--bytes 64] [--span BYTES] [--row BYTES] > FILE

KIND     stream    reads of one address after the other
         streams8  reads of eight such streams in turn, a 16th of the span and one row apart
         random    reads of random addresses
         mixed     two random reads, then a random write
form     ls        `LD 0x...` / `ST 0x...` (Ramulator, sim)
         rw        `0x... READ cycle` / `0x... WRITE cycle`, all of cycle 0 (DRAMsim3, sim)

Random numbers come from a linear congruential generator written out here, so that a trace is the same everywhere.
"""

import argparse
import sys


def random_blocks(blocks):
    """Numbers below `blocks`, by the multiplier of Knuth's MMIX."""
    state = 20_240_601
    while True:
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        yield (state >> 24) % blocks


def requests(kind, count, size, span, row):
    """(is a write, address) of each request."""
    numbers = random_blocks(span // size)
    for index in range(count):
        if kind == "stream":
            yield False, index * size
        elif kind == "streams8":
            yield False, index % 8 * (span // 16 + row) + index // 8 * size
        elif kind == "random":
            yield False, next(numbers) * size
        else:
            yield index % 3 == 2, next(numbers) * size


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["stream", "streams8", "random", "mixed"])
    parser.add_argument("requests", type=int)
    parser.add_argument("--form", choices=["ls", "rw"], default="ls")
    parser.add_argument("--bytes", type=int, default=64)
    parser.add_argument("--span", type=int, default=1 << 30)
    parser.add_argument("--row", type=int, default=8192)
    chosen = parser.parse_args()
    names = ("LD", "ST") if chosen.form == "ls" else ("READ", "WRITE")
    for is_write, address in requests(chosen.kind, chosen.requests, chosen.bytes, chosen.span, chosen.row):
        name = names[is_write]
        line = f"{name} 0x{address:x}\n" if chosen.form == "ls" else f"0x{address:x} {name} 0\n"
        sys.stdout.write(line)


if __name__ == "__main__":
    main()
