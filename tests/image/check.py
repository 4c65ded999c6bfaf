"""Compares a file of weight images, byte by byte, with a Hugging Face folder of packed ternary weights.

Written from rtl/README.md alone ("Weights", "A file of images") and from none of the project's Rust: the byte code and the image
are those of the cocotb tests. Usage: check.py IMAGE FOLDER.
"""

import json
import struct
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent.parent / "cocotb"))

import golden
from sizes import Sizes, ceil_div

PARTS = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
         "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]  # fmt: skip

# What pads a step may be any code, and is 0.
ZEROS = SimpleNamespace(choice=lambda codes: 0)


def tensors(folder):
    data = (folder / "model.safetensors").read_bytes()
    start = 8 + struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:start])
    for name, tensor in header.items():
        if name != "__metadata__":
            first, last = tensor["data_offsets"]
            yield name, tensor["shape"], data[start + first : start + last]


def unpacked(shape, data):
    """Rows r + i * n are bits 2i and 2i + 1 of row r, plus one."""
    n, columns = shape
    rows = [data[r * columns : (r + 1) * columns] for r in range(n)]
    return [[(byte >> (2 * i) & 3) - 1 for byte in row] for i in range(4) for row in rows]


def main(image, folder):
    data = Path(image).read_bytes()
    assert data[:8] == b"TRITIMG\0"
    version, code, lanes, columns, stream_bits, count = struct.unpack_from("<6I", data, 8)
    assert (version, code) == (1, 2)
    unused = dict.fromkeys(["tokens", "acc_bits", "activation_bits", "activation_words", "result_lanes", "dividers",
                            "fifo_beats", "burst_beats", "fetched"], 0)  # fmt: skip
    sizes = Sizes(lanes=lanes, columns=columns, stream_bits=stream_bits, **unused)
    weights = {name: (shape, raw) for name, shape, raw in tensors(Path(folder))}
    end = 32 + 48 * count
    for m in range(count):
        offset, length, n, k, layer, part, kind, scale, *zeros = struct.unpack_from("<QQIIIIIfII", data, 32 + 48 * m)
        assert (layer, part) == divmod(m, 7) and zeros == [0, 0]
        name = f"model.layers.{layer}.{PARTS[part]}.weight"
        trits = unpacked(*weights[name])
        assert (n, k) == (len(trits), len(trits[0])), name
        # A bfloat16 is the upper half of a single.
        assert struct.pack("<f", scale)[2:] == weights[f"{name}_scale"][1] and kind == 1, name
        assert offset % 4096 == 0 and offset % (stream_bits // 8) == 0 and end <= offset < end + 4096 * stream_bits
        assert not any(data[end:offset]), name
        end = offset + length
        assert data[offset:end] == golden.image(trits, sizes, ZEROS), name
        assert length == ceil_div(n, columns) * ceil_div(k, lanes) * sizes.step_bytes
    assert end == len(data)
    print(f"{count} matrices are equal")


main(*sys.argv[1:])
