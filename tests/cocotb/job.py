"""A job: its sizes and flags, what goes into the engine for it, and what must come out."""

from dataclasses import dataclass, field

import golden
import register_map as reg
from sizes import ceil_div


@dataclass
class Job:
    n: int
    k: int
    tokens: int
    flags: int
    # Golden values, a row a token.
    values: list
    image: bytearray = field(default_factory=bytearray)
    activations: list = None
    # The activations are already in the engine.
    kept: bool = False

    @property
    def is_matrix(self):
        return not self.flags & reg.VECTOR

    def steps(self, sizes):
        """Tiles times steps: how often weights meet every token."""
        return ceil_div(self.n, sizes.columns) * ceil_div(self.k, sizes.lanes) if self.is_matrix else 0

    def invalidate(self, positions, sizes, random):
        """Puts bytes that are no code into the image; their trits count as zero."""
        self.image = bytearray(self.image)
        for position in positions:
            self.image[position] = random.choice(golden.INVALID)
            self.zero(position, sizes)

    def zero(self, position, sizes):
        """The values without the weights of a byte of the image."""
        output, inputs = golden.place(position, (self.n, self.k), sizes)
        for i in inputs:
            trit, self.weights[output][i] = self.weights[output][i], 0
            for row, token in zip(self.values, self.activations, strict=True):
                row[output] -= trit * token[i]


def random_activations(random, k, tokens):
    """Any INT8, the ends of the range often."""
    draw = lambda: random.choice((-128, 127, 0)) if random.random() < 0.2 else random.randint(-128, 127)
    return [[draw() for _ in range(k)] for _ in range(tokens)]


def matrix(sizes, random, n, k, tokens, flags=reg.RAW, kept=None):
    """A matrix job of random weights; `kept` are the activations that the engine has kept."""
    weights_of = random.choices(((-1, 0, 1), (1,), (-1,), (0, 0, 0, 1)), (8, 1, 1, 1))[0]
    weights = [random.choices(weights_of, k=k) for _ in range(n)]
    activations = random_activations(random, k, tokens) if kept is None else kept
    job = Job(n, k, tokens, flags, golden.dot_products(weights, activations))
    job.weights, job.activations, job.kept = weights, activations, kept is not None
    job.image = golden.image(weights, sizes, random)
    return job


def vector(rows, flags=reg.SCALE, k=0):
    """A vector job of rows of values, a row a token; K is not looked at."""
    return Job(len(rows[0]), k, len(rows), flags | reg.VECTOR, [list(row) for row in rows])


def random_vector(random, n, tokens, flags):
    """A vector job of values of all magnitudes."""
    def draw():
        magnitude = random.choice((0, 1, 2**31 - 1, 2**31, random.getrandbits(random.randint(1, 31))))
        return max(-(2**31), min(2**31 - 1, random.choice((-1, 1)) * magnitude))

    return vector([[draw() for _ in range(n)] for _ in range(tokens)], flags, random.getrandbits(32))


def random_job(sizes, random, kept=None, tiles=3, steps=4):
    """A job of any kind; `kept` are the activations that the engine has kept."""
    flags = random.choice((
        reg.RAW, reg.RAW, reg.MAXIMUM_FLAG, reg.RAW | reg.MAXIMUM_FLAG, reg.SCALE, reg.RAW | reg.SCALE,
    ))
    # The smallest engines, too, have enough to do.
    n = random.randint(1, max(tiles * sizes.columns, 16))
    tokens = random.randint(1, sizes.tokens)
    if random.random() < 0.3:
        return random_vector(random, n, tokens, flags)
    if kept is not None:
        k, tokens = len(kept[0]), len(kept)
    else:
        k = random.randint(1, min(steps, sizes.activation_words // tokens) * sizes.lanes)
    if random.random() < 0.3:
        flags |= reg.KEEP
    return matrix(sizes, random, n, k, tokens, flags, kept)


def random_jobs(sizes, random, count, **limits):
    """Jobs of any kind, and, if the last ones keep activations, one more that frees them."""
    out, kept = [], None
    for _ in range(count):
        out.append(random_job(sizes, random, kept, **limits))
        if out[-1].is_matrix:
            kept = out[-1].activations if out[-1].flags & reg.KEEP else None
    if kept is not None:
        out.append(matrix(sizes, random, 1, len(kept[0]), len(kept), reg.RAW, kept))
    return out
