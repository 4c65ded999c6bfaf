"""What the engine refuses, and what it reports."""

import job as jobs
import register_map as reg
from engine import engine_test
from sizes import ceil_div


@engine_test
async def bytes_that_are_no_code_are_reported_and_count_as_zero(engine):
    sizes, random = engine.sizes, engine.random
    for _ in range(4):
        tokens = random.randint(1, sizes.tokens)
        n, k = random.randint(1, 2 * sizes.columns), random.randint(1, 2 * sizes.lanes)
        job = jobs.matrix(sizes, random, n, k, tokens)
        used = [p for p in range(len(job.image)) if p % sizes.step_bytes < sizes.columns * sizes.column_bytes]
        job.invalidate(random.sample(used, min(len(used), random.randint(1, 4))), sizes, random)
        await engine.run(job)
        await engine.expect(reg.ERROR, reg.ERROR_INVALID_CODE)
        # It stays until it is cleared, and comes no second time.
        await engine.write(reg.ERROR, 0xFFFFFFFF ^ reg.ERROR_INVALID_CODE)
        await engine.expect(reg.ERROR, reg.ERROR_INVALID_CODE)
        await engine.write(reg.ERROR, reg.ERROR_INVALID_CODE)
        await engine.run(jobs.matrix(sizes, random, n, k, tokens))
        await engine.expect(reg.ERROR, 0)


@engine_test
async def padding_that_is_no_code_is_reported_too(engine):
    sizes, random = engine.sizes, engine.random
    used = sizes.columns * sizes.column_bytes
    padding = range(used, sizes.step_bytes)
    # A trit of padding in a column's last byte, or, where a step has no padding, a column beyond N.
    job = jobs.matrix(sizes, random, 1, 1, 1)
    position = random.choice(padding) if padding else (sizes.columns - 1) * sizes.column_bytes
    before = [list(row) for row in job.values]
    job.invalidate([position], sizes, random)
    assert job.values == before or not padding and sizes.columns == 1
    await engine.run(job)
    await engine.expect(reg.ERROR, reg.ERROR_INVALID_CODE)
    await engine.write(reg.ERROR, reg.ERROR_INVALID_CODE)


@engine_test
async def jobs_that_cannot_be_done_are_refused(engine):
    sizes, random = engine.sizes, engine.random
    legal = dict(n=1, k=1, tokens=1, flags=reg.RAW, address=0)
    wrong = [
        dict(n=0),
        dict(n=2**20 + 1),
        dict(n=2**21 + 1),
        dict(n=2**31 + 1),
        dict(k=0),
        dict(k=sizes.most_k + 1),
        dict(k=2**24 + 1),
        dict(tokens=0),
        dict(tokens=sizes.tokens + 1),
        dict(tokens=2**11 + 1),
        dict(flags=0),
        dict(flags=reg.KEEP),
        dict(flags=reg.VECTOR),
        dict(flags=reg.SCALE | reg.MAXIMUM_FLAG),
        dict(flags=reg.RAW | reg.SCALE | reg.MAXIMUM_FLAG),
        dict(flags=reg.VECTOR | reg.RAW | reg.KEEP),
        dict(n=0, flags=reg.VECTOR | reg.RAW),
        dict(tokens=0, flags=reg.VECTOR | reg.RAW),
    ]
    if sizes.fetched and sizes.beat_bytes > 1:
        wrong += [dict(address=1), dict(address=sizes.beat_bytes // 2), dict(address=2**40 + sizes.beat_bytes - 1)]
    random.shuffle(wrong)
    for change in wrong:
        await engine.describe(**{**legal, **change})
        await engine.write_refused(reg.JOB_START, random.getrandbits(32))
        await engine.expect(reg.ERROR, reg.ERROR_JOB_REFUSED)
        await engine.write(reg.ERROR, reg.ERROR_JOB_REFUSED)
        await engine.expect(reg.STATUS, 4 << reg.STATUS_FREE_SLOTS)
    # Nothing of them is left: a job is done as ever. Flags above bit 4 are not looked at.
    job = jobs.matrix(sizes, random, sizes.columns, sizes.lanes, sizes.tokens)
    job.flags |= random.getrandbits(27) << 5
    await engine.run(job)
    await engine.expect(reg.JOB_FLAGS, reg.RAW)
    await engine.expect(reg.ERROR, 0)


@engine_test
async def the_largest_sizes_are_accepted(engine):
    sizes = engine.sizes
    for n, k, flags in [(2**20, sizes.most_k, reg.RAW), (2**20, 0, reg.RAW | reg.VECTOR)]:
        await engine.describe(n, k, sizes.tokens, flags)
        await engine.write(reg.JOB_START, 1)
        await engine.expect(reg.ERROR, 0)
        assert await engine.read(reg.STATUS) & reg.STATUS_BUSY
        await engine.write(reg.CONTROL, reg.CONTROL_ABORT)
        await engine.wait(reg.STATUS_ABORTED, reg.STATUS_ABORTED)
        await engine.write(reg.CONTROL, 0)
    await engine.run(jobs.matrix(sizes, engine.random, 1, 1, 1))


@engine_test
async def activations_beyond_the_buffer_are_an_overflow(engine):
    sizes, random = engine.sizes, engine.random
    tokens = sizes.tokens
    most_steps = sizes.activation_words // tokens
    # As many words as there are, or as can be with so many tokens.
    fits = jobs.matrix(sizes, random, 1, most_steps * sizes.lanes, tokens)
    await engine.run(fits)
    await engine.expect(reg.ERROR, 0)
    # More: the engine stands still, and says so.
    steps = ceil_div(sizes.activation_words + 1, tokens)
    job = jobs.matrix(sizes, random, sizes.columns + 1, steps * sizes.lanes, tokens)
    await engine.start(job)
    await engine.wait(reg.ERROR_ACTIVATION_OVERFLOW, reg.ERROR_ACTIVATION_OVERFLOW, reg.ERROR)
    await engine.cycles(300)
    assert await engine.read(reg.STATUS) & reg.STATUS_BUSY
    await engine.expect(reg.JOBS_DONE, engine.jobs_done - 1)
    await engine.abort()
    await engine.write(reg.ERROR, reg.ERROR_ACTIVATION_OVERFLOW)
    await engine.run(fits)
    await engine.expect(reg.ERROR, 0)
