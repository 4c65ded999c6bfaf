"""The sizes of the engine under test, and what follows from them."""

import json
import os
from dataclasses import dataclass


def ceil_div(a, b):
    return -(-a // b)


@dataclass(frozen=True)
class Sizes:
    lanes: int
    columns: int
    tokens: int
    stream_bits: int
    acc_bits: int
    activation_bits: int
    activation_words: int
    result_lanes: int
    dividers: int
    fifo_beats: int
    burst_beats: int
    fetched: bool

    @property
    def beat_bytes(self):
        """Bytes of a beat of weights."""
        return self.stream_bits // 8

    @property
    def column_bytes(self):
        """Bytes of one output's weights in a step."""
        return ceil_div(self.lanes, 5)

    @property
    def step_bytes(self):
        """Bytes of a step, padded to whole beats."""
        return ceil_div(self.columns * self.column_bytes, self.beat_bytes) * self.beat_bytes

    @property
    def word_bytes(self):
        """Bytes of a word of activations, padded to whole beats."""
        return ceil_div(8 * self.lanes, self.activation_bits) * self.activation_bits // 8

    @property
    def most_k(self):
        """The largest K: each product may be 128."""
        return (2 ** (self.acc_bits - 1) - 1) // 128


def under_test():
    """The sizes that the runner gave."""
    return Sizes(**json.loads(os.environ["TRITIUM_ENGINE"]))
