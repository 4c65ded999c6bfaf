"""Random and directed jobs on the engine's bus against golden values, for any sizes; all from the README."""

from itertools import product as combinations

import cocotb
from driver import (
    ABORT,
    CLEAR_COUNTERS,
    COUNTERS,
    DECERR,
    SLVERR,
    Engine,
    Error,
    Flag,
    Job,
    Reg,
    Refused,
    encode,
)
from golden import Model, product

CODE = {encode(trits): trits for trits in combinations((-1, 0, 1), repeat=5)}
INVALID = [32, 160, 161, 176, 177] + [byte for byte in range(256) if byte & 31 == 0b01000]
STARVED = [Reg.WEIGHT_STARVED, Reg.ACTIVATION_STARVED, Reg.OUTPUT_BLOCKED]
test = cocotb.test(timeout_time=1, timeout_unit="ms")


def size_up_to(rng, largest):
    """A size from 1 to `largest`: often small, often the largest."""
    return rng.choice([rng.randint(1, largest), rng.randint(1, min(largest, 4)), largest])


def matrix(rng, rows, columns, low, high):
    """Random values; now and then all the lowest, which gives the largest sums."""
    if rng.random() < 0.1:
        low = high = rng.choice([low, high])
    return [[rng.randint(low, high) for _ in range(columns)] for _ in range(rows)]


def matrix_job(rng, sizes, flags, like=None, n=None, k=None, tokens=None):
    """A random matrix job; `like`, a job with KEEP, gives its activations."""
    if like:
        activations, k, tokens = like.activations, like.k, like.tokens
    else:
        tokens = tokens or size_up_to(rng, sizes.tokens)
        fitting = min(sizes.largest_k, sizes.activation_words // tokens * sizes.lanes)
        k = k or size_up_to(rng, min(fitting, 4 * sizes.lanes))
        activations = matrix(rng, tokens, k, -128, 127)
    n = n or size_up_to(rng, 3 * sizes.columns + 1)
    return Job(n, tokens, flags, k, matrix(rng, n, k, -1, 1), activations)


def vector_job(rng, sizes, flags, values=None):
    """A vector job, and its values; beyond N there may be anything unless a maximum is taken (README, "Results")."""
    if values is None:
        bits = rng.choice([8, 16, 32])
        n, tokens = size_up_to(rng, 3 * sizes.columns + 1), size_up_to(rng, sizes.tokens)
        values = matrix(rng, tokens, n, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    padding = (lambda: 0) if flags & Flag.MAXIMUM else lambda: rng.getrandbits(32)
    job = Job(len(values[0]), len(values), flags | Flag.VECTOR, rng.getrandbits(24))
    job.vector = sizes.vector_beats(values, padding)
    return job, values


def random_flags(rng):
    return rng.choice([Flag.RAW, Flag.RAW | Flag.MAXIMUM, Flag.MAXIMUM, Flag.SCALE, Flag.RAW | Flag.SCALE])


def expect(model, job, values):
    """The golden outputs of a job, by flag."""
    flags = (bool(job.flags & flag) for flag in (Flag.RAW, Flag.MAXIMUM, Flag.SCALE))
    raw, quantized = model.run(*flags, values)
    return {Flag.RAW: raw, Flag.SCALE: quantized}


async def check(engine, job, golden):
    for flag, values in golden.items():
        if values is not None:
            got = await engine.results(job, flag)
            assert got == values, f"{flag.name} of N={job.n} K={job.k} tokens={job.tokens} {job.flags}"


async def set_up(dut, gap=0.0, stall=0.0):
    """An engine after reset with random maxima, and the model that follows it."""
    engine = await Engine.reset(dut, cocotb.RANDOM_SEED)
    maxima = [engine.rng.getrandbits(engine.rng.choice([8, 16, 32])) for _ in range(engine.sizes.tokens)]
    await engine.write_maxima(maxima)
    engine.bus.pace(gap, stall)
    if engine.bus.memory:
        engine.bus.memory.latency = engine.rng.randrange(40)
    return engine, Model(maxima)


async def random_jobs(engine, model, count):
    """Jobs of all kinds, as many queued as fit; every output, then the maxima, against the model."""
    rng, done, like = engine.rng, [], None
    for _ in range(count):
        flags = random_flags(rng)
        if rng.random() < 0.3:
            job, values = vector_job(rng, engine.sizes, flags)
            await engine.submit(job, data_first=rng.random() < 0.5)
        else:
            keep = rng.choice([Flag(0), Flag.KEEP])
            job = matrix_job(rng, engine.sizes, flags | keep, like)
            values = product(job.weights, job.activations)
            await engine.submit(job, activations=like is None, data_first=rng.random() < 0.5)
            like = job if keep else None
        done.append((job, expect(model, job, values)))
    for job, golden in done:
        await check(engine, job, golden)
    await engine.idle()
    assert await engine.read_maxima() == model.maxima
    assert await engine.errors() == 0


async def is_refused(access):
    """An access has to answer SLVERR."""
    try:
        await access
    except Refused:
        return True
    return False


@test
async def byte_code(dut):
    """README, "Weights": 243 codes, 13 bytes that are none, 0 is five zeros, the example; nothing is simulated."""
    assert sorted(CODE) == sorted(set(range(256)) - set(INVALID)) and CODE[0] == (0,) * 5
    assert encode((1, 0, -1, 0, 0)) == 0xC0


@test
async def registers(dut):
    """README, "Registers": sizes, values after reset, what answers SLVERR."""
    engine = await Engine.reset(dut, cocotb.RANDOM_SEED)
    sizes, rng = engine.sizes, engine.rng
    engine.bus.pace(0.3, 0.3)
    assert sizes.job_slots == 4
    assert await engine.status() == (False, False, 4)
    written = [Reg.JOB_N, Reg.JOB_K, Reg.JOB_TOKENS, Reg.JOB_FLAGS]
    for reg in written + [Reg.CONTROL, Reg.ERROR, Reg.INTERRUPT_ENABLE, Reg.INTERRUPT_STATUS, Reg.JOBS_DONE] + COUNTERS:
        assert await engine.read(reg) == 0, reg.name
    for reg, value in [(Reg.JOB_N, 1 << 20), (Reg.JOB_K, 0xABCDEF), (Reg.JOB_TOKENS, sizes.tokens)]:
        await engine.write(reg, value)
        for strobe in range(15):
            assert await is_refused(engine.write(reg, 1, strobe))
        assert await engine.read(reg) == value
    await engine.write(Reg.JOB_FLAGS, 0xFFFFFFFF)
    assert await engine.read(Reg.JOB_FLAGS) == 0b11111
    if sizes.fetches:
        for reg in (Reg.JOB_ADDRESS_LOW, Reg.JOB_ADDRESS_HIGH):
            await engine.write(reg, value := rng.getrandbits(32) & -128)
            assert await engine.read(reg) == value
    for reg in [Reg.ID, Reg.LANES, Reg.FEATURES, Reg.STATUS, Reg.JOBS_DONE, Reg.BUSY_CYCLES]:
        assert await is_refused(engine.write(reg, 0)), reg.name
    unmapped = [0x030, 0x03C, 0x058, 0x09C, 0x0BC, 0x0E0, 0x100, 0xFFC, Reg.MAXIMUM + 4 * sizes.tokens]
    for address in [Reg.JOB_START] + unmapped:
        assert await is_refused(engine.read(address)), hex(address)
    for address in unmapped:
        assert await is_refused(engine.write(address, 0)), hex(address)
    maxima = [rng.getrandbits(32) for _ in range(sizes.tokens)]
    await engine.write_maxima(maxima)
    assert await is_refused(engine.write(Reg.MAXIMUM, 0, 0b0111))
    assert await engine.read_maxima() == maxima


@test
async def jobs_without_stalls(dut):
    """README, "Jobs": all kinds, nothing stalls."""
    engine, model = await set_up(dut)
    await random_jobs(engine, model, 14)


@test
async def jobs_with_gaps(dut):
    """All kinds, with gaps in what is sent."""
    engine, model = await set_up(dut, gap=0.5)
    await random_jobs(engine, model, 8)


@test
async def jobs_with_stalls(dut):
    """All kinds, with stalls of what is received."""
    engine, model = await set_up(dut, stall=0.7)
    await random_jobs(engine, model, 8)


@test
async def jobs_with_both(dut):
    """All kinds, with gaps and stalls."""
    engine, model = await set_up(dut, gap=0.4, stall=0.4)
    await random_jobs(engine, model, 8)


@test
async def largest_sums(dut):
    """The largest K that the accumulators hold, or that the buffer does, with the largest activations."""
    engine, _ = await set_up(dut)
    sizes = engine.sizes
    k = min(sizes.largest_k, sizes.activation_words * sizes.lanes, 300)
    for weight in (-1, 1):
        job = Job(sizes.columns, 1, Flag.RAW, k, [[weight] * k] * sizes.columns, [[-128] * k])
        await engine.submit(job)
        assert await engine.results(job, Flag.RAW) == [[-128 * k * weight] * sizes.columns]


@test
async def four_jobs_wait(dut):
    """README, "Jobs": four jobs wait or are under way; a fifth is refused, and they run in order."""
    engine, model = await set_up(dut)
    done = []
    for _ in range(engine.sizes.job_slots):
        job = matrix_job(engine.rng, engine.sizes, Flag.RAW)
        await engine.describe(job)
        await engine.start(job)
        done.append(job)
    assert await engine.status() == (True, False, 0)
    assert await is_refused(engine.write(Reg.JOB_START, 0))
    assert await engine.errors() == Error.JOB_REFUSED
    assert await is_refused(engine.read(Reg.MAXIMUM)) and await is_refused(engine.write(Reg.MAXIMUM, 0))
    for job in done:
        engine.feed(job)
        await check(engine, job, {Flag.RAW: product(job.weights, job.activations)})
    await engine.idle()
    assert await engine.read(Reg.JOBS_DONE) == len(done)
    assert await engine.read_maxima() == model.maxima


@test
async def keep(dut):
    """README, `KEEP`: the next matrix job, also beyond a vector job, takes no activations from the stream."""
    engine, model = await set_up(dut, gap=0.2, stall=0.2)
    rng, sizes, done = engine.rng, engine.sizes, []
    first = matrix_job(rng, sizes, Flag.RAW | Flag.KEEP)
    await engine.submit(first)
    done.append((first, product(first.weights, first.activations)))
    vector, values = vector_job(rng, sizes, Flag.RAW)
    await engine.submit(vector)
    done.append((vector, values))
    for flags in (Flag.RAW | Flag.KEEP, Flag.RAW):
        job = matrix_job(rng, sizes, flags, like=first)
        await engine.submit(job, activations=False)
        done.append((job, product(job.weights, job.activations)))
    for job, values in done:
        await check(engine, job, {Flag.RAW: values})
    assert await engine.read(Reg.ACTIVATION_BEATS) == engine.bus.activation.taken
    await random_jobs(engine, model, 2)


@test
async def layer(dut):
    """README, "Jobs": RAW and MAXIMUM, then VECTOR and SCALE with the stored beats, queued at once or after an exchange
    of maxima."""
    engine, model = await set_up(dut, gap=0.1, stall=0.1)
    for exchange in (False, True, False):
        job = matrix_job(engine.rng, engine.sizes, Flag.RAW | Flag.MAXIMUM)
        golden = expect(model, job, product(job.weights, job.activations))
        await engine.submit(job)
        again = Job(job.n, job.tokens, Flag.VECTOR | Flag.SCALE)
        if exchange:
            await engine.idle()
            assert await engine.read_maxima() == model.maxima
            model.maxima = [(2 * maximum + 1) % 2**32 for maximum in model.maxima]
            await engine.write_maxima(model.maxima)
            await engine.submit(again)
        else:
            await engine.submit(again)
        await check(engine, job, golden)
        engine.bus.vector.send((beat,) for beat in await engine.beats(job, Flag.RAW))
        await check(engine, again, expect(model, again, golden[Flag.RAW]))
    assert await engine.errors() == 0


@test
async def requantize(dut):
    """README, `SCALE`: ties, a maximum of 0, values beyond the maximum, the ends of 32 bits."""
    engine, model = await set_up(dut)
    for maximum in (0, 1, 2, 254, 508, 255, 2**31, 2**32 - 1):
        await engine.idle()
        model.maxima = [maximum] * engine.sizes.tokens
        await engine.write_maxima(model.maxima)
        ties = [(2 * i + 1) * maximum // 254 for i in (0, 1, 2, 63, 125, 126)]
        ends = [0, 1, 2**31 - 1, maximum, maximum + 1, maximum // 2]
        row = [sign * min(value, 2**31 - 1) for value in ties + ends for sign in (1, -1)] + [-(2**31)]
        job, values = vector_job(engine.rng, engine.sizes, Flag.SCALE, [row] * engine.sizes.tokens)
        await engine.submit(job)
        await check(engine, job, expect(model, job, values))
    await engine.idle()
    job, values = vector_job(engine.rng, engine.sizes, Flag.MAXIMUM, [[5, -(2**31), 3]])
    await engine.submit(job)
    await engine.idle()
    assert await engine.read(Reg.MAXIMUM) == 2**31


@test
async def invalid_bytes(dut):
    """README, "Weights": the 13 bytes count as zero trits and set `ERROR.INVALID_CODE`, padding included."""
    engine, _ = await set_up(dut, gap=0.1)
    rng, sizes = engine.rng, engine.sizes
    for byte in INVALID:
        job = matrix_job(rng, sizes, Flag.RAW)
        job.image = sizes.weight_image(job.weights)
        n, k = rng.randrange(job.n), rng.randrange(len(job.weights[0]))
        place = sizes.weight_address(n, k, len(job.weights[0]))
        job.image[place] = byte
        for other in range(len(job.weights[0])):
            if sizes.weight_address(n, other, len(job.weights[0])) == place:
                job.weights[n][other] = 0
        await engine.submit(job)
        await check(engine, job, {Flag.RAW: product(job.weights, job.activations)})
        assert await engine.errors() == Error.INVALID_CODE, byte
    step = sizes.step_beats * sizes.stream_bits // 8
    if step > sizes.columns * sizes.column_bytes:
        job = matrix_job(rng, sizes, Flag.RAW)
        job.image = sizes.weight_image(job.weights)
        job.image[step - 1] = rng.choice(INVALID)
        await engine.submit(job)
        await check(engine, job, {Flag.RAW: product(job.weights, job.activations)})
        assert await engine.errors() == Error.INVALID_CODE


@test
async def refused_jobs(dut):
    """README, `JOB_REFUSED`: what is out of range is not queued, and the engine goes on."""
    engine, model = await set_up(dut)
    sizes = engine.sizes
    job = matrix_job(engine.rng, sizes, Flag.RAW)
    await engine.describe(job)
    good = {Reg.JOB_N: job.n, Reg.JOB_K: job.k, Reg.JOB_TOKENS: job.tokens, Reg.JOB_FLAGS: Flag.RAW}
    wrong = [(Reg.JOB_N, 0), (Reg.JOB_N, 2**20 + 1), (Reg.JOB_K, 0), (Reg.JOB_TOKENS, 0)]
    wrong += [(Reg.JOB_TOKENS, sizes.tokens + 1)]
    if sizes.largest_k < 2**24 - 1:
        wrong += [(Reg.JOB_K, sizes.largest_k + 1), (Reg.JOB_K, 2**24 - 1)]
    flags = [0, Flag.VECTOR, Flag.KEEP, Flag.SCALE | Flag.MAXIMUM, Flag.RAW | Flag.SCALE | Flag.MAXIMUM]
    wrong += [(Reg.JOB_FLAGS, flag) for flag in flags + [Flag.VECTOR | Flag.RAW | Flag.KEEP]]
    if sizes.fetches and sizes.stream_bits > 8:
        wrong += [(Reg.JOB_ADDRESS_LOW, sizes.stream_bits // 16)]
        good[Reg.JOB_ADDRESS_LOW] = job.address & 0xFFFFFFFF
    for reg, value in wrong:
        await engine.write(reg, value)
        assert await is_refused(engine.write(Reg.JOB_START, 1)), f"{reg.name} = {value}"
        assert await engine.errors() == Error.JOB_REFUSED
        await engine.write(reg, good.get(reg, 0))
    assert await engine.status() == (False, False, 4)
    assert await engine.read(Reg.JOBS_DONE) == 0
    await engine.submit(job)
    await check(engine, job, {Flag.RAW: product(job.weights, job.activations)})
    await random_jobs(engine, model, 2)


@test
async def interrupts(dut):
    """README, `INTERRUPT_ENABLE` and `INTERRUPT_STATUS`: job done, error; the interrupt is a level."""
    engine, _ = await set_up(dut)
    bus, rng, sizes = engine.bus, engine.rng, engine.sizes

    async def levels(status, irq):
        await bus.cycles(2)
        assert (await engine.read(Reg.INTERRUPT_STATUS), bus.irq) == (status, irq)

    await levels(0, False)
    await engine.write(Reg.INTERRUPT_ENABLE, 1)
    job = matrix_job(rng, sizes, Flag.RAW)
    await engine.submit(job)
    await bus.until(lambda: bus.irq)
    await levels(1, True)
    assert await engine.read(Reg.JOBS_DONE) == 1
    await engine.write(Reg.INTERRUPT_STATUS, 1)
    await levels(0, False)
    await engine.write(Reg.JOB_N, 0)
    assert await is_refused(engine.write(Reg.JOB_START, 1))
    await levels(2, False)
    await engine.write(Reg.INTERRUPT_ENABLE, 2)
    await levels(2, True)
    await engine.write(Reg.INTERRUPT_STATUS, 3)
    await levels(2, True)
    assert await engine.errors() == Error.JOB_REFUSED
    await levels(0, False)


@test
async def activation_overflow(dut):
    """README, `ACTIVATION_OVERFLOW`: the engine stands still; after an abort it works.

    A job of one tile frees each word as it is used and overflows nothing, so this one takes two; and while the job is
    under way the bit comes back when it is cleared.
    """
    engine, model = await set_up(dut)
    sizes = engine.sizes
    k = (sizes.activation_words // sizes.tokens + 1) * sizes.lanes
    if k > sizes.largest_k:
        return
    job = matrix_job(engine.rng, sizes, Flag.RAW, n=sizes.columns + 1, k=k, tokens=sizes.tokens)
    await engine.submit(job)
    while await engine.read(Reg.ERROR) != Error.ACTIVATION_OVERFLOW:
        pass
    await engine.bus.cycles(50)
    assert (await engine.status())[0] and await engine.read(Reg.JOBS_DONE) == 0
    await engine.abort()
    assert await engine.errors() == Error.ACTIVATION_OVERFLOW
    await random_jobs(engine, model, 3)


@test
async def abort_and_restart(dut):
    """README, "Abort": with full queues, at any time; then at most two offered beats a stream, registers and maxima as
    before (but what an aborted MAXIMUM job leaves is not said), and jobs as after reset.

    A job's last beat can be offered just before the abort and the job not be counted in JOBS_DONE, so there may be one
    `tlast` more than jobs done.
    """
    engine, model = await set_up(dut)
    rng, sizes, bus = engine.rng, engine.sizes, engine.bus
    outputs = {Flag.RAW: bus.result, Flag.SCALE: bus.quantized}
    described = [Reg.JOB_N, Reg.JOB_K, Reg.JOB_TOKENS, Reg.JOB_FLAGS]
    for maximum in (Flag(0), Flag.MAXIMUM) * 2:
        bus.pace(0.2 * rng.random(), 0.2 * rng.random())
        done = await engine.read(Reg.JOBS_DONE)
        sequence = [Flag.RAW | Flag.KEEP | maximum, Flag.RAW | maximum, Flag.SCALE, Flag.RAW | Flag.SCALE]
        first = {flag: len(stream.queue) for flag, stream in outputs.items()}
        for flags in sequence:
            k = min(2 * sizes.lanes, sizes.largest_k)
            await engine.submit(matrix_job(rng, sizes, flags, n=4 * sizes.columns, tokens=sizes.tokens, k=k))
        registers = [await engine.read(reg) for reg in described]
        await bus.cycles(rng.randrange(100))
        for stream in outputs.values():
            stream.stall = 1
        await bus.cycles(1)
        taken = {flag: len(stream.queue) for flag, stream in outputs.items()}
        await engine.write(Reg.CONTROL, ABORT)
        assert await is_refused(engine.write(Reg.JOB_START, 1))
        if any(stream.waiting for stream in outputs.values()):
            assert not (await engine.status())[1]
        for stream in outputs.values():
            stream.stall = 0
        beats = await engine.abort()
        done = await engine.read(Reg.JOBS_DONE) - done
        for flag in outputs:
            assert len(beats[flag]) <= taken[flag] + 2, "more than the beats that were offered"
            ends = sum(last for _, last in beats[flag][first[flag] :])
            least, most = (sum(1 for flags in sequence[:jobs] if flags & flag) for jobs in (done, done + 1))
            assert least <= ends <= most, "tlast"
        assert await engine.errors() == Error.JOB_REFUSED
        assert await engine.status() == (False, False, 4)
        assert [await engine.read(reg) for reg in described] == registers
        if maximum:
            await engine.write_maxima(model.maxima)
        assert await engine.read_maxima() == model.maxima
        await random_jobs(engine, model, 3)


@test
async def counters(dut):
    """README, "Registers": what the jobs of a sequence add up to, and that jobs count no cycle twice."""
    engine, _ = await set_up(dut, gap=0.3, stall=0.3)
    rng, sizes = engine.rng, engine.sizes
    await engine.write(Reg.CONTROL, CLEAR_COUNTERS)
    assert await engine.read(Reg.CONTROL) == 0
    issued = weights = activations = results = 0
    for _ in range(4):
        job = matrix_job(rng, sizes, Flag.RAW | Flag.MAXIMUM)
        await engine.submit(job)
        blocks = sizes.tiles(job.n) * sizes.steps(job.k)
        issued += blocks * job.tokens
        weights += blocks * sizes.step_beats
        activations += sizes.steps(job.k) * job.tokens * sizes.word_beats
        results += sizes.result_beats(job.n, job.tokens)
    job, _ = vector_job(rng, sizes, Flag.RAW)
    await engine.submit(job)
    results += sizes.result_beats(job.n, job.tokens)
    await engine.idle()
    counts = await engine.counters()
    assert counts[Reg.ISSUED] == issued
    assert counts[Reg.WEIGHT_BEATS] == weights
    assert counts[Reg.ACTIVATION_BEATS] == activations
    assert counts[Reg.RESULT_BEATS] == results
    assert issued + sum(counts[reg] for reg in STARVED) <= counts[Reg.BUSY_CYCLES]
    assert counts == await engine.counters()


@test
async def counters_while_tokens_are_to_be_issued(dut):
    """README, "Registers": each such cycle counts in exactly one of ISSUED and its three reasons why not: between
    clearing the counters and an abort, both while a matrix job has tokens to issue, BUSY_CYCLES is their sum."""
    engine, _ = await set_up(dut, gap=0.4, stall=0.4)
    rng, sizes = engine.rng, engine.sizes
    tiles = 1 + 500 // (2 * max(sizes.tokens, sizes.step_beats))
    for _ in range(4):
        job = matrix_job(rng, sizes, Flag.RAW, n=tiles * sizes.columns, tokens=sizes.tokens, k=2 * sizes.lanes)
        await engine.submit(job)
        await engine.bus.cycles(rng.randrange(20))
        await engine.write(Reg.CONTROL, CLEAR_COUNTERS)
        await engine.bus.cycles(rng.randrange(50, 150))
        before = await engine.counters()
        assert (await engine.status())[0]
        await engine.abort()
        counts = await engine.counters()
        assert all(counts[reg] >= before[reg] for reg in COUNTERS)
        total = counts[Reg.ISSUED] + sum(counts[reg] for reg in STARVED)
        assert counts[Reg.ISSUED] < sizes.tiles(job.n) * sizes.steps(job.k) * job.tokens, "the job is too short"
        assert total == counts[Reg.BUSY_CYCLES], {reg.name: count for reg, count in counts.items()}


@test
async def timing(dut):
    """README, "Timing": when nothing stalls, a step takes exactly max(tokens, BEATS) cycles.

    Only with a stream of weights: how fast fetched ones come depends on the memory, and on the FIFO and the bursts,
    which no register tells.
    """
    engine, _ = await set_up(dut)
    rng, sizes = engine.rng, engine.sizes
    if sizes.fetches:
        return
    beats = -(-sizes.columns // sizes.result_lanes)
    for tokens in {1, sizes.tokens}:
        cycles = max(tokens, sizes.step_beats)
        steps = -(-tokens * beats // cycles)
        if steps * tokens > sizes.activation_words or steps * sizes.lanes > sizes.largest_k:
            continue
        flags = Flag.RAW | Flag.KEEP
        k = steps * sizes.lanes
        first = matrix_job(rng, sizes, flags, n=1, k=k, tokens=tokens)
        await engine.submit(first)
        busy = []
        for tiles in (5, 15):
            await engine.idle()
            await engine.write(Reg.CONTROL, CLEAR_COUNTERS)
            await engine.submit(matrix_job(rng, sizes, flags, first, n=tiles * sizes.columns), activations=False)
            await engine.idle()
            busy.append(await engine.read(Reg.BUSY_CYCLES))
        assert busy[1] - busy[0] == 10 * steps * cycles, (tokens, steps, cycles, busy)
        await engine.abort()


@test
async def read_errors(dut):
    """README, `READ_SLVERR` and `READ_DECERR`: what came counts as weights."""
    engine, _ = await set_up(dut, gap=0.1)
    if not engine.bus.memory:
        return
    for response, error in [(SLVERR, Error.READ_SLVERR), (DECERR, Error.READ_DECERR)]:
        job = matrix_job(engine.rng, engine.sizes, Flag.RAW)
        await engine.describe(job)
        place = engine.rng.randrange(0, len(job.image), engine.sizes.stream_bits // 8)
        engine.bus.memory.responses = {job.address + place: response}
        await engine.start(job)
        engine.feed(job)
        await check(engine, job, {Flag.RAW: product(job.weights, job.activations)})
        assert await engine.errors() == error
    engine.bus.memory.responses = {}
