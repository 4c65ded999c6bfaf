"""The register map over AXI4-Lite."""

from cocotbext.axi import AxiResp

import register_map as reg
from engine import engine_test


@engine_test
async def identity_and_sizes_read_as_built_and_cannot_be_written(engine):
    sizes = engine.sizes
    constants = {
        reg.ID: int.from_bytes(b"TRIT", "little"),
        reg.VERSION: 1 << 16 | 2,
        reg.LANES: sizes.lanes,
        reg.COLUMNS: sizes.columns,
        reg.TOKENS: sizes.tokens,
        reg.STREAM_BITS: sizes.stream_bits,
        reg.ACC_BITS: sizes.acc_bits,
        reg.ACTIVATION_BITS: sizes.activation_bits,
        reg.ACTIVATION_WORDS: sizes.activation_words,
        reg.RESULT_LANES: sizes.result_lanes,
        reg.JOB_SLOTS: 4,
        reg.FEATURES: int(sizes.fetched),
        reg.STATUS: 4 << reg.STATUS_FREE_SLOTS,
        reg.JOBS_DONE: 0,
    }
    for address, value in constants.items():
        await engine.expect(address, value)
        await engine.write_refused(address, engine.random.getrandbits(32))
        await engine.expect(address, value)


@engine_test
async def every_address_answers_as_the_map_says(engine):
    random, tokens = engine.random, engine.sizes.tokens
    maxima = range(reg.MAXIMUM, reg.MAXIMUM + 4 * tokens, 4)
    beyond = [maxima.stop, maxima.stop + 4, reg.ADDRESS_END - 4, reg.MAXIMUM - 4]
    somewhere = [4 * random.randrange(0x100 // 4, reg.ADDRESS_END // 4) for _ in range(12)]
    addresses = [*range(0, 0x100, 4), *maxima[:4], *maxima[-1:], *beyond, *somewhere]
    random.shuffle(addresses)
    # Until they are written the maxima are unknown.
    await engine.write_maxima()
    for address in addresses:
        readable = address in reg.READ_ONLY or address in reg.READ_WRITE or address in maxima
        writable = address in reg.READ_WRITE or address in maxima
        # The two lowest bits of an address are not looked at.
        answer = await engine.registers.read(address, 4)
        assert (answer.resp == AxiResp.OKAY) == readable, f"read of {address:#x}: {answer.resp!r}"
        assert answer.resp in (AxiResp.OKAY, AxiResp.SLVERR)
        # 0 describes no job and sets no bit.
        answer = await engine.registers.write(address, bytes(4))
        assert (answer.resp == AxiResp.OKAY) == writable, f"write of {address:#x}: {answer.resp!r}"
        assert answer.resp in (AxiResp.OKAY, AxiResp.SLVERR)
    # JOB_START was among them.
    await engine.expect(reg.ERROR, reg.ERROR_JOB_REFUSED)


# What each register keeps of what is written to it.
KEPT = {
    reg.JOB_N: 0xFFFFFFFF,
    reg.JOB_K: 0xFFFFFFFF,
    reg.JOB_TOKENS: 0xFFFFFFFF,
    reg.JOB_FLAGS: 0x1F,
    reg.JOB_ADDRESS_LOW: 0xFFFFFFFF,
    reg.JOB_ADDRESS_HIGH: 0xFFFFFFFF,
    reg.INTERRUPT_ENABLE: 0x3,
}


@engine_test
async def what_is_written_is_read_and_reset_clears_it(engine):
    random = engine.random
    held = dict.fromkeys(KEPT, 0)
    for _ in range(40):
        address = random.choice(list(KEPT))
        value = random.getrandbits(32)
        if random.random() < 0.7:
            await engine.write(address, value)
            held[address] = value & KEPT[address]
        else:
            # Fewer than four bytes: refused, nothing changes.
            first = random.randrange(4)
            count = random.randint(1, min(3, 4 - first))
            answer = await engine.registers.write(address + first, random.randbytes(count))
            assert answer.resp == AxiResp.SLVERR, f"{count} bytes at {address + first:#x}: {answer.resp!r}"
        await engine.expect(address, held[address])
    for address, value in held.items():
        await engine.expect(address, value)
    await engine.reset()
    for address in [*KEPT, reg.CONTROL, reg.ERROR, reg.INTERRUPT_STATUS]:
        await engine.expect(address, 0)


@engine_test
async def accesses_in_flight_are_answered_in_order(engine):
    # The models put out addresses and data far ahead of the answers, reads beside writes.
    random = engine.random
    for _ in range(6):
        words = [random.getrandbits(32) for _ in range(3)]
        data = b"".join(word.to_bytes(4, "little") for word in words)
        writes = engine.registers.init_write(reg.JOB_N, data)
        reads = [engine.registers.init_read(reg.ID, 8) for _ in range(3)]
        await writes.wait()
        assert writes.data.resp == AxiResp.OKAY
        for read in reads:
            await read.wait()
            assert read.data.resp == AxiResp.OKAY
            assert read.data.data == b"TRIT" + (1 << 16 | 2).to_bytes(4, "little"), read.data
        back = await engine.registers.read(reg.JOB_N, 12)
        assert back.data == data, f"{back.data.hex()}, expected {data.hex()}"
    for name in ["aw", "w", "b", "ar", "r"]:
        channel = engine.channels[f"s_axi_{name}"]
        assert channel.held_cycles > 0, f"{name}: no cycle with an offer held"
        assert channel.idle_cycles > 0, f"{name}: no cycle without an offer"


@engine_test
async def maxima_hold_what_is_written(engine):
    for _ in range(2):
        await engine.write_maxima()
        await engine.expect_maxima()
    # A partial write changes none.
    answer = await engine.registers.write(reg.MAXIMUM, b"\x55")
    assert answer.resp == AxiResp.SLVERR
    await engine.expect_maxima()
