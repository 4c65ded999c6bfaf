"""What an engine must do, in plain Python: the byte code, the image of the weights, the sums, the scaling.

Written from rtl/README.md alone, and from none of the project's other code.
"""

from fractions import Fraction
from itertools import product

from sizes import ceil_div

MOST_MAXIMUM = 2**31


def _sign(trit):
    return 1 if trit < 0 else 0


def _field(a, b, c):
    """The five bits of trits 0, 1 and 2."""
    if a and b and c:
        return 0b11000 | _sign(c) << 2 | _sign(b) << 1 | _sign(a)
    if b and c:
        return 0b01100 | _sign(b) << 1 | _sign(c)
    if a and b:
        return 0b10100 | _sign(b) << 1 | _sign(a)
    if a and c:
        return 0b00010 | _sign(c) << 2 | _sign(a)
    if a:
        return 0b10010 | _sign(a)
    if b:
        return 0b01001 | _sign(b) << 1
    if c:
        return 0b00100 | _sign(c)
    return 0b01010


def _code(trits):
    """The byte of five trits."""
    a, b, c, d, e = trits
    field = _field(a, b, c)
    if d and e:
        return _sign(e) << 6 | _sign(d) << 5 | field
    if e:
        return 0b10000000 | _sign(e) << 6 | field
    if d:
        return 0b10100000 | _sign(d) << 6 | field
    f4, f3, f2, f1, f0 = ((field >> i) & 1 for i in (4, 3, 2, 1, 0))
    return (1 - f3) << 7 | f2 << 6 | (1 - f1) << 5 | f4 << 4 | f0


CODE = {trits: _code(trits) for trits in product((-1, 0, 1), repeat=5)}
INVALID = sorted(set(range(256)) - set(CODE.values()))
assert len(set(CODE.values())) == 243 and len(INVALID) == 13, "the byte code is not one to one"


def padded(values, count):
    """Values, and zeros up to a count."""
    return list(values) + [0] * (count - len(values))


def column(trits):
    """Bytes of one output's weights in one step."""
    trits = padded(trits, ceil_div(len(trits), 5) * 5)
    return bytes(CODE[tuple(trits[i : i + 5])] for i in range(0, len(trits), 5))


def image(weights, sizes, random):
    """The image of N rows of K trits; what pads a step is any valid bytes."""
    valid = list(CODE.values())
    n, k = len(weights), len(weights[0])
    out = bytearray()
    for tile in range(0, n, sizes.columns):
        for step in range(0, k, sizes.lanes):
            block = bytearray()
            for output in range(tile, tile + sizes.columns):
                trits = weights[output][step : step + sizes.lanes] if output < n else []
                block += column(padded(trits, sizes.lanes))
            block += bytes(random.choice(valid) for _ in range(sizes.step_bytes - len(block)))
            out += block
    return out


def place(position, shape, sizes):
    """The output and the inputs whose weights byte `position` of an image holds, as (n, [k, ...]).

    Those beyond N and K are left out; a byte of padding has none.
    """
    n, k = shape
    block, byte = divmod(position, sizes.step_bytes)
    tile, step = divmod(block, ceil_div(k, sizes.lanes))
    output, byte = divmod(byte, sizes.column_bytes)
    if output >= sizes.columns or tile * sizes.columns + output >= n:
        return None, []
    lanes = range(5 * byte, min(5 * byte + 5, sizes.lanes))
    inputs = [step * sizes.lanes + lane for lane in lanes]
    return tile * sizes.columns + output, [i for i in inputs if i < k]


def activation_bytes(activations, sizes, random):
    """The activation stream of rows of K values, a row a token; what is not an activation is anything."""
    out = bytearray()
    for step in range(0, len(activations[0]), sizes.lanes):
        for row in activations:
            word = bytes(value & 0xFF for value in row[step : step + sizes.lanes])
            out += word + random.randbytes(sizes.word_bytes - len(word))
    return out


def dot_products(weights, activations):
    """Results, a row a token."""
    return [
        [sum(w * x for w, x in zip(row, token, strict=True)) for row in weights]
        for token in activations
    ]


def largest(values):
    return max(abs(value) for value in values)


def rescale(value, maximum):
    """127 v / M to the nearest, ties to even; Python rounds a fraction so."""
    if maximum == 0:
        return 0
    quotient = Fraction(127 * min(abs(value), maximum), maximum)
    return -round(quotient) if value < 0 else round(quotient)


def beats(rows, sizes):
    """Values by token, in the order and the beats of the output streams."""
    n = len(rows[0])
    out = []
    for tile in range(0, n, sizes.columns):
        end = min(tile + sizes.columns, n)
        for row in rows:
            for output in range(tile, end, sizes.result_lanes):
                out.append(padded(row[output : min(end, output + sizes.result_lanes)], sizes.result_lanes))
    return out


def where(rows, sizes, beat, lane):
    """In words, where a value of a beat comes from."""
    n, count = len(rows[0]), 0
    for tile in range(0, n, sizes.columns):
        groups = ceil_div(min(sizes.columns, n - tile), sizes.result_lanes)
        for token in range(len(rows)):
            if count <= beat < count + groups:
                return f"token {token}, output {tile + (beat - count) * sizes.result_lanes + lane}"
            count += groups
    return f"beat {beat}, beyond the job"


def words_32(rows):
    """Beats as bytes of 32-bit numbers."""
    return b"".join((value & 0xFFFFFFFF).to_bytes(4, "little") for row in rows for value in row)


def words_8(rows):
    """Beats as bytes of 8-bit numbers."""
    return bytes(value & 0xFF for row in rows for value in row)
