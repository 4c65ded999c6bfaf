"""Weights that the engine fetches over AXI4."""

from math import log2

import job as jobs
import register_map as reg
from engine import engine_test
from cocotbext.axi import AxiResp
from sizes import ceil_div

PAGE = 4096


def requested(engine):
    """Addresses of all beats asked for, in order; each request is checked alone."""
    sizes, addresses = engine.sizes, []
    for address, length, size, burst, cache, prot in engine.channels["m_axi_ar"].transfers:
        assert length < sizes.burst_beats, f"a burst of {length + 1} beats"
        assert (size, burst, cache, prot) == (log2(sizes.beat_bytes), 1, 0b0011, 0)
        last = address + length * sizes.beat_bytes
        assert address // PAGE == last // PAGE, f"the burst at {address:#x} crosses 4 KB"
        addresses += range(address, last + 1, sizes.beat_bytes)
    return addresses


def image_addresses(address, job, sizes):
    return list(range(address, address + len(job.image), sizes.beat_bytes))


@engine_test
async def images_are_read_whole_and_in_order_across_pages(engine):
    sizes, random = engine.sizes, engine.random
    expected = []
    pages = [0, 7 * PAGE, 0xFFFF_F000, 0x1_0000_0000, 0xDEAD_BEEF_F000, 0xFFFF_FFFF_FFFF_E000]
    for page in pages:
        # From shortly before a boundary on.
        engine.next_address = page + PAGE - random.randint(1, 12) * sizes.beat_bytes
        for _ in range(2):
            n, k = random.randint(2, 5) * sizes.columns, random.randint(sizes.lanes, 3 * sizes.lanes)
            k = min(k, sizes.activation_words * sizes.lanes)
            job = jobs.matrix(sizes, random, n, k, 1)
            if engine.next_address + len(job.image) > 2**64:
                continue
            expected += image_addresses(await engine.start(job), job, sizes)
        await engine.receive()
    assert requested(engine) == expected
    assert engine.channels["m_axi_r"].count == len(expected)
    crossed = {address // PAGE for address in expected}
    assert len(crossed) >= 2 * len(pages) - 1
    assert engine.channels["m_axi_ar"].count < len(expected) or sizes.burst_beats == 1


@engine_test
async def a_slow_memory_only_takes_longer(engine):
    sizes, random = engine.sizes, engine.random
    engine.memory.most_latency = 250
    await engine.write_maxima()
    expected = []
    for job in jobs.random_jobs(sizes, random, 6):
        expected += image_addresses(await engine.start(job), job, sizes)
    await engine.receive()
    assert requested(engine) == expected
    await engine.expect_counters()


@engine_test
async def weights_are_fetched_ahead_as_far_as_the_fifo_reaches(engine):
    sizes, random = engine.sizes, engine.random
    engine.stall(False)
    # Without activations nothing leaves the FIFO but what fits the tiles and the stages after it.
    steps = 4 + ceil_div(2 * sizes.fifo_beats * sizes.beat_bytes, sizes.step_bytes)
    job = jobs.matrix(sizes, random, steps * sizes.columns, 1, 1)
    await engine.start(job, feed=False)
    await engine.cycles(400 + 20 * sizes.fifo_beats)
    ahead = len(requested(engine))
    assert engine.channels["m_axi_r"].count == ahead, "all that was asked for is taken"
    assert engine.channels["m_axi_r"].held_cycles == 0, "a read is asked for when there is room"
    assert sizes.fifo_beats <= ahead < len(job.image) // sizes.beat_bytes, ahead
    engine.feed(job)
    await engine.receive()


@engine_test
async def answers_that_are_errors_are_reported(engine):
    sizes, random = engine.sizes, engine.random
    bits = {AxiResp.SLVERR: reg.ERROR_READ_SLVERR, AxiResp.DECERR: reg.ERROR_READ_DECERR}
    for response, bit in [*bits.items(), *bits.items()]:
        job = jobs.matrix(sizes, random, 2 * sizes.columns, 2 * sizes.lanes, 1)
        beat = random.randrange(len(job.image) // sizes.beat_bytes) * sizes.beat_bytes
        engine.memory.faults = {engine.next_address + beat: response}
        if response == AxiResp.SLVERR:
            # What comes counts as weights: the model answers zeros, which are zero trits.
            for position in range(beat, beat + sizes.beat_bytes):
                job.zero(position, sizes)
        await engine.run(job)
        await engine.expect(reg.ERROR, bit)
        await engine.expect(reg.INTERRUPT_STATUS, reg.INTERRUPT_JOB_DONE | reg.INTERRUPT_ERROR)
        await engine.write(reg.ERROR, bit)
        await engine.run(jobs.matrix(sizes, random, sizes.columns, sizes.lanes, 1))
        await engine.expect(reg.ERROR, 0)


@engine_test
async def an_abort_waits_for_the_reads_that_are_outstanding(engine):
    sizes, random = engine.sizes, engine.random
    outstanding = lambda: len(requested(engine)) - engine.channels["m_axi_r"].count
    waited = 0
    for _ in range(6):
        engine.stall()
        engine.memory.most_latency = 150
        for _ in range(3):
            await engine.start(jobs.matrix(sizes, random, 4 * sizes.columns, sizes.lanes, sizes.tokens))
        for _ in range(random.randint(1, 300)):
            await engine.cycles(1)
        for _ in range(2000):
            if outstanding():
                break
            await engine.cycles(1)
        before = outstanding()
        await engine.abort(drain=True)
        assert outstanding() == 0, f"ABORTED with {outstanding()} beats outstanding"
        waited += before > 0
        reads = engine.channels["m_axi_ar"].count
        await engine.cycles(100)
        assert engine.channels["m_axi_ar"].count == reads, "read after the abort"
        await engine.run(jobs.matrix(sizes, random, sizes.columns + 1, sizes.lanes, 1))
    assert waited >= 3, f"{waited} aborts met a read"
    await engine.expect(reg.ERROR, 0)
