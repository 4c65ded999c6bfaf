"""Aborts and resets in the middle of anything."""

import job as jobs
import register_map as reg
from engine import engine_test


@engine_test
async def an_abort_drops_what_is_under_way(engine):
    sizes, random = engine.sizes, engine.random
    await engine.write_maxima()
    seen = set()
    for _ in range(8):
        engine.stall()
        for _ in range(random.randint(1, 4)):
            k = random.randint(1, min(4, sizes.activation_words // sizes.tokens) * sizes.lanes)
            n, tokens = random.randint(1, 24 + 2 * sizes.columns), random.randint(1, sizes.tokens)
            await engine.start(jobs.matrix(sizes, random, n, k, tokens, reg.RAW | random.choice((0, reg.SCALE))))
        await engine.cycles(random.randint(0, 300))
        seen.add(await engine.abort(drain=random.random() < 0.5))
        # As after reset: the next jobs are whole.
        await engine.run(*jobs.random_jobs(sizes, random, random.randint(0, 2)))
    assert True in seen, "no abort met a job"
    await engine.expect(reg.ERROR, 0)


@engine_test
async def nothing_starts_during_an_abort(engine):
    sizes, random = engine.sizes, engine.random
    await engine.write_maxima()
    await engine.write(reg.INTERRUPT_ENABLE, reg.INTERRUPT_ERROR)
    await engine.run(jobs.matrix(sizes, random, sizes.columns, sizes.lanes, 1))
    await engine.expect(reg.STATUS, 4 << reg.STATUS_FREE_SLOTS)
    await engine.write(reg.CONTROL, reg.CONTROL_ABORT)
    await engine.expect(reg.CONTROL, reg.CONTROL_ABORT)
    await engine.wait(reg.STATUS_ABORTED, reg.STATUS_ABORTED)
    await engine.write_refused(reg.JOB_START, 1)
    # What the streams bring is taken and dropped.
    for source in engine.sources.values():
        source.send_nowait(random.randbytes(40 * source.byte_lanes))
    for source in engine.sources.values():
        await source.wait()
    await engine.write(reg.CONTROL, 0)
    await engine.wait(reg.STATUS_ABORTED, 0)
    # Registers, maxima and counters stay.
    await engine.expect(reg.ERROR, reg.ERROR_JOB_REFUSED)
    await engine.expect(reg.INTERRUPT_ENABLE, reg.INTERRUPT_ERROR)
    await engine.expect(reg.JOB_N, sizes.columns)
    await engine.expect_maxima()
    await engine.expect_counters()
    await engine.run(jobs.matrix(sizes, random, sizes.columns + 1, sizes.lanes, 1))


@engine_test
async def a_reset_in_mid_run_leaves_nothing(engine):
    sizes, random = engine.sizes, engine.random
    for _ in range(3):
        for _ in range(random.randint(1, 3)):
            await engine.start(jobs.matrix(sizes, random, 3 * sizes.columns, sizes.lanes, sizes.tokens))
        await engine.cycles(random.randint(0, 200))
        await engine.reset()
        await engine.expect(reg.STATUS, 4 << reg.STATUS_FREE_SLOTS)
        await engine.expect(reg.JOB_N, 0)
        await engine.expect_counters()
        await engine.run(jobs.matrix(sizes, random, 2 * sizes.columns, sizes.lanes, sizes.tokens))
