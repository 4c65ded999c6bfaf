"""Jobs of every kind, with every channel stalling at random."""

from cocotb.triggers import RisingEdge, with_timeout

import golden
import job as jobs
import register_map as reg
from engine import PERIOD_NS, engine_test


@engine_test
async def shapes_with_and_without_tails(engine):
    sizes, random = engine.sizes, engine.random
    lanes, columns = sizes.lanes, sizes.columns
    most_steps = sizes.activation_words // sizes.tokens
    shapes = [
        (1, 1, 1),
        (columns, lanes, sizes.tokens),
        (columns + 1, lanes + 1, 1),
        (max(1, columns - 1), max(1, lanes - 1), sizes.tokens),
        (3 * columns, min(2, most_steps) * lanes, 1),
        (2 * columns + 1, max(1, min(4, most_steps) * lanes - 1), sizes.tokens),
        (1, min(4, most_steps) * lanes, sizes.tokens),
        (4 * columns, 1, sizes.tokens),
    ]
    for n, k, tokens in shapes:
        await engine.run(jobs.matrix(sizes, random, n, k, tokens))
    await engine.expect_counters()


@engine_test
async def activations_that_are_kept_serve_the_next_matrix_job(engine):
    sizes, random = engine.sizes, engine.random
    for _ in range(3):
        tokens = random.randint(1, sizes.tokens)
        k = random.randint(1, sizes.activation_words // tokens * sizes.lanes) % (3 * sizes.lanes) + 1
        k = min(k, sizes.activation_words // tokens * sizes.lanes)
        n = lambda: random.randint(1, 2 * sizes.columns)
        first = jobs.matrix(sizes, random, n(), k, tokens, reg.RAW | reg.KEEP)
        second = jobs.matrix(sizes, random, n(), k, tokens, reg.RAW | reg.KEEP, first.activations)
        between = jobs.random_vector(random, n(), tokens, reg.RAW)
        third = jobs.matrix(sizes, random, n(), k, tokens, reg.RAW, first.activations)
        fourth = jobs.matrix(sizes, random, n(), random.randint(1, sizes.lanes), tokens)
        await engine.run(first, second, between, third, fourth)
    await engine.expect_counters()


@engine_test
async def four_jobs_wait_and_a_fifth_is_refused(engine):
    sizes, random = engine.sizes, engine.random
    for _ in range(2):
        four = [
            jobs.matrix(sizes, random, random.randint(1, 2 * sizes.columns), sizes.lanes, sizes.tokens)
            for _ in range(4)
        ]
        for i, job in enumerate(four):
            assert await engine.free_slots() == 4 - i
            # Without activations no job can end.
            await engine.start(job, feed=False, wait=False)
        await engine.expect(reg.STATUS, reg.STATUS_BUSY)
        await engine.write_refused(reg.JOB_START, 1)
        await engine.expect(reg.ERROR, reg.ERROR_JOB_REFUSED)
        await engine.write(reg.ERROR, reg.ERROR_JOB_REFUSED)
        await engine.expect(reg.ERROR, 0)
        await engine.expect(reg.JOBS_DONE, engine.jobs_done - 4)
        for job in four:
            engine.feed(job)
        await engine.receive()
        await engine.expect_counters()


@engine_test
async def a_layer_is_summed_and_then_scaled(engine):
    sizes, random = engine.sizes, engine.random
    for _ in range(3):
        tokens, n = random.randint(1, sizes.tokens), random.randint(1, 3 * sizes.columns)
        k = random.randint(1, min(3, sizes.activation_words // tokens) * sizes.lanes)
        layer = jobs.matrix(sizes, random, n, k, tokens, reg.RAW | reg.MAXIMUM_FLAG)
        await engine.run(layer)
        await engine.expect_maxima()
        scaled = jobs.vector(layer.values)
        await engine.run(scaled)
        # By hand, without what `receive` compared by: the largest of each token is 127 or -127.
        for row, maximum in zip(layer.values, engine.maxima, strict=False):
            assert max(abs(golden.rescale(value, maximum)) for value in row) == (127 if maximum else 0)
    await engine.expect_counters()


@engine_test
async def values_are_scaled_by_maxima_that_the_host_writes(engine):
    sizes, random = engine.sizes, engine.random
    # As engines that share a token do; too small a maximum counts values beyond it as itself.
    chosen = [0, 1, 254, 2**31, 2**32 - 1, 2**31 - 1, 3]
    ties = [0, 1, 2, 3, 4, 5, -1, -2, -3, 127, 254, 255, -254, -255, -(2**31), 2**31 - 1]
    for i in range(0, len(chosen), sizes.tokens):
        part = chosen[i : i + sizes.tokens]
        await engine.idle()
        for slot, maximum in enumerate(part):
            await engine.write_maximum(slot, maximum)
        rows = [random.sample(ties, len(ties)) for _ in part]
        flags = reg.SCALE | random.choice((0, reg.RAW))
        await engine.run(jobs.vector(rows, flags))
        await engine.expect_maxima()
    # A matrix job whose results leave as both.
    await engine.write_maxima()
    await engine.run(jobs.matrix(sizes, random, 2 * sizes.columns, sizes.lanes, sizes.tokens, reg.RAW | reg.SCALE))
    # A maximum of values from memory, and nothing else.
    await engine.run(jobs.random_vector(random, 5, sizes.tokens, reg.MAXIMUM_FLAG))
    await engine.expect_maxima()


@engine_test
async def maxima_are_out_of_reach_while_busy(engine):
    sizes, random = engine.sizes, engine.random
    await engine.write_maxima()
    job = jobs.matrix(sizes, random, 1, 1, 1, reg.RAW)
    await engine.start(job, feed=False)
    await engine.read_refused(reg.MAXIMUM)
    await engine.write_refused(reg.MAXIMUM, 1)
    engine.feed(job)
    await engine.receive()
    await engine.expect_maxima()


@engine_test
async def the_interrupt_says_that_a_job_is_done_or_failed(engine):
    sizes, random, interrupt = engine.sizes, engine.random, engine.dut.irq
    small = lambda: jobs.matrix(sizes, random, 1, 1, 1)
    await engine.run(small())
    await engine.expect(reg.INTERRUPT_STATUS, reg.INTERRUPT_JOB_DONE)
    assert interrupt.value == 0, "not enabled yet"
    await engine.write(reg.INTERRUPT_ENABLE, reg.INTERRUPT_ERROR)
    assert interrupt.value == 0, "there is no error"
    await engine.write(reg.INTERRUPT_ENABLE, reg.INTERRUPT_JOB_DONE)
    await engine.cycles(2)
    assert interrupt.value == 1
    # 0 clears nothing; 1 does.
    await engine.write(reg.INTERRUPT_STATUS, reg.INTERRUPT_ERROR)
    await engine.expect(reg.INTERRUPT_STATUS, reg.INTERRUPT_JOB_DONE)
    await engine.write(reg.INTERRUPT_STATUS, reg.INTERRUPT_JOB_DONE)
    await engine.cycles(2)
    assert interrupt.value == 0
    job = small()
    await engine.start(job, feed=False)
    await engine.cycles(200)
    assert interrupt.value == 0, "the job waits"
    engine.feed(job)
    await with_timeout(RisingEdge(interrupt), 5000 * PERIOD_NS, "ns")
    await engine.receive()
    await engine.write(reg.INTERRUPT_STATUS, reg.INTERRUPT_JOB_DONE)
    # An error, by a refused job.
    await engine.write(reg.INTERRUPT_ENABLE, reg.INTERRUPT_ERROR)
    await engine.describe(0, 1, 1, reg.RAW)
    await engine.write_refused(reg.JOB_START, 1)
    await engine.cycles(2)
    assert interrupt.value == 1
    await engine.expect(reg.INTERRUPT_STATUS, reg.INTERRUPT_ERROR)
    await engine.write(reg.INTERRUPT_STATUS, reg.INTERRUPT_ERROR)
    await engine.expect(reg.INTERRUPT_STATUS, reg.INTERRUPT_ERROR)
    await engine.write(reg.ERROR, reg.ERROR_JOB_REFUSED)
    await engine.expect(reg.INTERRUPT_STATUS, 0)
    assert interrupt.value == 0


@engine_test
async def any_jobs_back_to_back(engine):
    sizes, random = engine.sizes, engine.random
    await engine.write_maxima()
    most_k = sizes.activation_words // sizes.tokens * sizes.lanes
    queue = [jobs.matrix(sizes, random, 1, most_k, sizes.tokens), *jobs.random_jobs(sizes, random, 20)]
    # What they take is there before they are, and fills the buffers.
    for job in queue:
        engine.feed(job)
    inputs = [channel for name, channel in engine.channels.items() if name.startswith("s_axis")]
    for _ in range(20):
        await engine.cycles(100)
        if all(channel.held_cycles for channel in inputs):
            break
    for job in queue:
        await engine.start(job, feed=False)
    await engine.receive()
    await engine.expect_maxima()
    await engine.expect_counters()
    await engine.expect(reg.ERROR, 0)
    # The stalls were there: at every stream either end waited for the other.
    for name, channel in engine.channels.items():
        if "axis" in name or name == "m_axi_ar":
            assert channel.count > 0, f"{name}: no transfer"
            assert channel.idle_cycles > 0, f"{name}: no cycle without an offer"
            assert channel.held_cycles > 0, f"{name}: no cycle with an offer held"
    # CLEAR_COUNTERS clears them all, and itself.
    await engine.write(reg.CONTROL, reg.CONTROL_CLEAR_COUNTERS)
    await engine.expect(reg.CONTROL, 0)
    for address in range(reg.BUSY_CYCLES, reg.RESULT_BEATS + 4, 4):
        await engine.expect(address, 0)


@engine_test
async def without_stalls_too(engine):
    sizes, random = engine.sizes, engine.random
    engine.stall(False)
    await engine.write_maxima()
    await engine.run(*jobs.random_jobs(sizes, random, 12, tiles=4, steps=6))
    await engine.expect_counters()
    busy = await engine.read(reg.BUSY_CYCLES)
    waits = [await engine.read(address) for address in range(reg.ISSUED, reg.OUTPUT_BLOCKED + 4, 4)]
    assert 0 < sum(waits) <= busy, f"{waits} of {busy}"
