"""A bus driver of the ternary engine for cocotb 2, written from the README alone.

It needs no bus library, and no simulator's order of events: `Bus` makes the clock, looks at every handshake just
before the rising edge, and changes every input at the falling edge. What runs as a coroutine only touches queues.
"""

import random
from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

import cocotb
from cocotb.triggers import Event, Lock, Timer

OKAY, SLVERR, DECERR = 0, 2, 3


class Reg(IntEnum):
    """README, "Registers"."""

    ID = 0x000
    VERSION = 0x004
    LANES = 0x008
    COLUMNS = 0x00C
    TOKENS = 0x010
    STREAM_BITS = 0x014
    ACC_BITS = 0x018
    ACTIVATION_BITS = 0x01C
    ACTIVATION_WORDS = 0x020
    RESULT_LANES = 0x024
    JOB_SLOTS = 0x028
    FEATURES = 0x02C
    CONTROL = 0x040
    STATUS = 0x044
    ERROR = 0x048
    INTERRUPT_ENABLE = 0x04C
    INTERRUPT_STATUS = 0x050
    JOBS_DONE = 0x054
    JOB_N = 0x080
    JOB_K = 0x084
    JOB_TOKENS = 0x088
    JOB_FLAGS = 0x08C
    JOB_ADDRESS_LOW = 0x090
    JOB_ADDRESS_HIGH = 0x094
    JOB_START = 0x098
    BUSY_CYCLES = 0x0C0
    ISSUED = 0x0C4
    WEIGHT_STARVED = 0x0C8
    ACTIVATION_STARVED = 0x0CC
    OUTPUT_BLOCKED = 0x0D0
    WEIGHT_BEATS = 0x0D4
    ACTIVATION_BEATS = 0x0D8
    RESULT_BEATS = 0x0DC
    MAXIMUM = 0x1000


COUNTERS = [reg for reg in Reg if Reg.BUSY_CYCLES <= reg <= Reg.RESULT_BEATS]
ABORT, CLEAR_COUNTERS = 1, 2
BUSY, ABORTED = 1, 2


class Flag(IntFlag):
    """README, `JOB_FLAGS`."""

    VECTOR = 1
    RAW = 2
    MAXIMUM = 4
    SCALE = 8
    KEEP = 16


class Error(IntFlag):
    """README, `ERROR`."""

    INVALID_CODE = 1
    ACTIVATION_OVERFLOW = 2
    JOB_REFUSED = 4
    READ_SLVERR = 8
    READ_DECERR = 16


def ceil_div(a, b):
    return -(-a // b)


def encode(trits):
    """Five trits as a byte (README, "Weights": the two tables)."""
    signs = [int(trit < 0) for trit in trits]
    s0, s1, s2, s3, s4 = signs
    f4, f3, f2, f1, f0 = {
        (1, 1, 1): (1, 1, s2, s1, s0),
        (0, 1, 1): (0, 1, 1, s1, s2),
        (0, 1, 0): (0, 1, 0, s1, 1),
        (1, 1, 0): (1, 0, 1, s1, s0),
        (1, 0, 0): (1, 0, 0, 1, s0),
        (1, 0, 1): (0, 0, s2, 1, s0),
        (0, 0, 1): (0, 0, 1, 0, s2),
        (0, 0, 0): (0, 1, 0, 1, 0),
    }[tuple(int(trit != 0) for trit in trits[:3])]
    field_bits = (f4, f3, f2, f1, f0)
    bits = {
        (1, 1): (0, s4, s3, *field_bits),
        (0, 1): (1, s4, 0, *field_bits),
        (1, 0): (1, s3, 1, *field_bits),
        (0, 0): (1 - f3, f2, 1 - f1, f4, 0, 0, 0, f0),
    }[tuple(int(trit != 0) for trit in trits[3:])]
    return int("".join(map(str, bits)), 2)


def pack(values, bits):
    """Values of `bits` bits as one beat, the first in the lowest bits (README, "Ports")."""
    return sum((value & ((1 << bits) - 1)) << (i * bits) for i, value in enumerate(values))


def unpack(beat, bits, count):
    """The two's complement values of a beat."""
    values = [(beat >> (i * bits)) & ((1 << bits) - 1) for i in range(count)]
    return [value - (value >> (bits - 1) << bits) for value in values]


@dataclass(frozen=True)
class Sizes:
    """The engine's sizes, as its registers give them, and the layouts that follow from them."""

    lanes: int
    columns: int
    tokens: int
    stream_bits: int
    acc_bits: int
    activation_bits: int
    activation_words: int
    result_lanes: int
    job_slots: int
    features: int

    @property
    def fetches(self):
        return bool(self.features & 1)

    @property
    def largest_k(self):
        return (2 ** (self.acc_bits - 1) - 1) // 128

    @property
    def column_bytes(self):
        return ceil_div(self.lanes, 5)

    @property
    def step_beats(self):
        """BEATS of README, "Weights"."""
        return ceil_div(self.columns * self.column_bytes * 8, self.stream_bits)

    @property
    def word_beats(self):
        """Beats of a word of activations."""
        return ceil_div(8 * self.lanes, self.activation_bits)

    def tiles(self, n):
        return ceil_div(n, self.columns)

    def steps(self, k):
        return ceil_div(k, self.lanes)

    def weight_address(self, n, k, inputs):
        """The byte of the image that holds weight[n][k], for rows of `inputs` weights (README, "In formulas")."""
        block = (n // self.columns * self.steps(inputs) + k // self.lanes) * self.step_beats * self.stream_bits // 8
        return block + n % self.columns * self.column_bytes + k % self.lanes // 5

    def weight_image(self, weights):
        """The bytes of weights[n][k] (README, "Weights")."""
        n, k = len(weights), len(weights[0])
        image = bytearray(self.tiles(n) * self.steps(k) * self.step_beats * self.stream_bits // 8)
        for output, row in enumerate(weights):
            for step in range(0, k, self.lanes):
                inputs = row[step : step + self.lanes]
                for j in range(0, len(inputs), 5):
                    image[self.weight_address(output, step + j, k)] = encode((inputs[j : j + 5] + [0] * 4)[:5])
        return image

    def weight_beats(self, image):
        size = self.stream_bits // 8
        return [int.from_bytes(image[i : i + size], "little") for i in range(0, len(image), size)]

    def activation_beats(self, activations, rng):
        """The beats of activations[t][k]; what may be anything is random (README, "Activations")."""
        beats = []
        for step in range(0, len(activations[0]), self.lanes):
            for token in activations:
                word = token[step : step + self.lanes]
                size = self.activation_bits // 8
                word = word + [rng.randrange(256) for _ in range(self.word_beats * size - len(word))]
                beats += [pack(word[i : i + size], 8) for i in range(0, len(word), size)]
        return beats

    def result_places(self, n, tokens):
        """For each beat its token and its outputs, None where there is none (README, "Results")."""
        for first in range(0, n, self.columns):
            count = min(self.columns, n - first)
            for token in range(tokens):
                for beat in range(0, count, self.result_lanes):
                    places = range(beat, beat + self.result_lanes)
                    yield token, [first + place if place < count else None for place in places]

    def result_beats(self, n, tokens):
        return sum(1 for _ in self.result_places(n, tokens))

    def vector_beats(self, values, padding=lambda: 0):
        """The beats of a vector job's values[t][n]."""
        return [
            pack([padding() if output is None else values[token][output] for output in outputs], 32)
            for token, outputs in self.result_places(len(values[0]), len(values))
        ]

    def values(self, beats, n, tokens, bits, zeros):
        """values[t][n] of a job's beats; `zeros`: the places beyond N have to be 0."""
        values = [[None] * n for _ in range(tokens)]
        for beat, (token, outputs) in zip(beats, self.result_places(n, tokens), strict=True):
            for value, output in zip(unpack(beat, bits, self.result_lanes), outputs):
                if output is not None:
                    values[token][output] = value
                else:
                    assert value == 0 or not zeros, f"{value} beyond the last output"
        return values


class Sender:
    """The valid side of a channel: offers what is queued, after random gaps, until it is taken."""

    def __init__(self, dut, prefix, names, rng):
        self.valid, self.ready = getattr(dut, prefix + "valid"), getattr(dut, prefix + "ready")
        self.signals = [getattr(dut, prefix + name) for name in names]
        self.rng, self.queue, self.gap, self.taken = rng, deque(), 0.0, 0
        self.offered, self.idle = False, False

    def drive(self):
        if self.offered:
            return
        self.offered = bool(self.queue) and self.rng.random() >= self.gap
        if self.offered:
            for signal, value in zip(self.signals, self.queue[0]):
                signal.value = value
            self.valid.value, self.idle = 1, False
        elif not self.idle:
            for signal in self.signals:
                signal.value = self.rng.getrandbits(len(signal))
            self.valid.value, self.idle = 0, True

    def sample(self):
        if self.offered and bool(self.ready.value):
            self.queue.popleft()
            self.taken += 1
            self.offered = False

    def send(self, payloads):
        self.queue.extend(payloads)

    def stop(self):
        """Drops what is queued, but not what is offered: that stays until it is taken."""
        while len(self.queue) > self.offered:
            self.queue.pop()


class Receiver:
    """The ready side of a channel: takes payloads after random stalls, and checks that what is offered stays."""

    def __init__(self, dut, prefix, names, rng):
        self.name = prefix
        self.valid, self.ready = getattr(dut, prefix + "valid"), getattr(dut, prefix + "ready")
        self.signals = [getattr(dut, prefix + name) for name in names]
        self.rng, self.queue, self.stall = rng, [], 0.0
        self.open, self.waiting = None, None

    def drive(self):
        is_open = self.stall == 0 or self.rng.random() >= self.stall
        if is_open != self.open:
            self.open = is_open
            self.ready.value = int(is_open)

    def sample(self):
        if not bool(self.valid.value):
            assert self.waiting is None, f"{self.name}: withdrawn"
            return
        payload = tuple(int(signal.value) for signal in self.signals)
        assert self.waiting in (None, payload), f"{self.name}: changed"
        self.waiting = None if self.open else payload
        if self.open:
            self.queue.append(payload)


class Memory:
    """The AXI4 slave of `m_axi`, reads only: in order, several bursts outstanding (README, "Ports")."""

    def __init__(self, dut, rng):
        self.address = Receiver(dut, "m_axi_ar", ["addr", "len", "size", "burst"], rng)
        self.data = Sender(dut, "m_axi_r", ["data", "resp", "last"], rng)
        self.size = len(dut.m_axi_rdata) // 8
        self.rng, self.bursts, self.latency, self.now = rng, deque(), 0, 0
        self.beats, self.responses = {}, {}

    def store(self, address, beats):
        self.beats |= {address + i * self.size: beat for i, beat in enumerate(beats)}

    @property
    def outstanding(self):
        return bool(self.bursts or self.data.queue)

    def drive(self):
        self.address.drive()
        self.data.drive()

    def sample(self):
        self.now += 1
        self.data.sample()
        self.address.sample()
        for address, length, size, burst in self.address.queue:
            assert (1 << size, burst) == (self.size, 1), "not whole beats, or not INCR"
            assert address // 4096 == (address + (length + 1) * self.size - 1) // 4096, "crosses 4 KB"
            self.bursts.append((self.now + self.latency, address, length))
        self.address.queue.clear()
        while self.bursts and self.bursts[0][0] <= self.now:
            _, address, length = self.bursts.popleft()
            places = [address + i * self.size for i in range(length + 1)]
            self.data.send((self.beats[p], self.responses.get(p, OKAY), int(p == places[-1])) for p in places)


class Bus:
    """The clock, the reset and all channels of the engine."""

    def __init__(self, dut, rng):
        self.dut, self.waiting, self.cycle, self.irq = dut, [], 0, False
        self.aw, self.w, self.ar = (
            Sender(dut, "s_axi_" + c, names, rng)
            for c, names in [("aw", ["addr", "prot"]), ("w", ["data", "strb"]), ("ar", ["addr", "prot"])]
        )
        self.b, self.r = (Receiver(dut, "s_axi_" + c, n, rng) for c, n in [("b", ["resp"]), ("r", ["data", "resp"])])
        self.activation, self.vector = (Sender(dut, f"s_axis_{s}_t", ["data"], rng) for s in ("activation", "vector"))
        self.result, self.quantized = (
            Receiver(dut, f"m_axis_{s}_t", ["data", "last"], rng) for s in ("result", "quantized")
        )
        self.memory = Memory(dut, rng) if hasattr(dut, "m_axi_araddr") else None
        self.weight = None if self.memory else Sender(dut, "s_axis_weight_t", ["data"], rng)
        self.registers = [self.aw, self.w, self.ar, self.b, self.r]
        self.streams = [self.activation, self.vector, self.result, self.quantized]

    def pace(self, gap, stall):
        """Probabilities of a gap before what is sent, and of a stall of what is received."""
        weights = [self.memory.address, self.memory.data] if self.memory else [self.weight]
        for channel in self.registers + self.streams + weights:
            if isinstance(channel, Sender):
                channel.gap = gap
            else:
                channel.stall = stall

    async def run(self):
        """README, "Ports": `aclk` rises, `aresetn` is synchronous and active low."""
        channels = self.registers + self.streams + [self.memory or self.weight]
        while True:
            reset = self.cycle < 4
            self.dut.aresetn.value = int(not reset)
            self.dut.aclk.value = 0
            for channel in channels:
                channel.drive()
            await Timer(5, "ns")
            if not reset:
                for channel in channels:
                    channel.sample()
                self.irq = bool(self.dut.irq.value)
            self.cycle += 1
            for entry in [entry for entry in self.waiting if entry[0]()]:
                self.waiting.remove(entry)
                entry[1].set()
            self.dut.aclk.value = 1
            await Timer(5, "ns")

    async def until(self, condition):
        if not condition():
            event = Event()
            self.waiting.append((condition, event))
            await event.wait()

    async def cycles(self, count):
        end = self.cycle + count
        await self.until(lambda: self.cycle >= end)


@dataclass
class Job:
    """A job as the driver knows it: weights[n][k] and activations[t][k], or a vector job's beats."""

    n: int
    tokens: int
    flags: Flag
    k: int = 0
    weights: list | None = None
    activations: list | None = None
    vector: list | None = None
    image: bytes | None = None
    address: int = 0
    first: dict = field(default_factory=dict)


class Refused(Exception):
    """An access that answered SLVERR."""


class Engine:
    """The driver: registers, jobs, results."""

    def __init__(self, dut, rng):
        self.bus, self.rng = Bus(dut, rng), rng
        self.lock, self.expected, self.top = Lock(), {}, 0
        self.sizes = None

    @classmethod
    async def reset(cls, dut, seed):
        """Resets the engine and reads its sizes."""
        engine = cls(dut, random.Random(seed))
        cocotb.start_soon(engine.bus.run())
        await engine.bus.cycles(6)
        assert await engine.read(Reg.ID) == int.from_bytes(b"TRIT", "little")
        assert await engine.read(Reg.VERSION) == 1 << 16 | 2
        names = list(Sizes.__dataclass_fields__)
        engine.sizes = Sizes(**{name: await engine.read(Reg[name.upper()]) for name in names})
        assert engine.sizes.fetches == (engine.bus.memory is not None)
        return engine

    async def write(self, address, data, strobe=0b1111):
        bus = self.bus
        async with self.lock:
            bus.aw.send([(address, 0)])
            bus.w.send([(data, strobe)])
            await bus.until(lambda: bus.b.queue)
            (response,) = bus.b.queue.pop()
        if response != OKAY:
            assert response == SLVERR
            raise Refused(f"write of {address:#x}")

    async def read(self, address):
        bus = self.bus
        async with self.lock:
            bus.ar.send([(address, 0)])
            await bus.until(lambda: bus.r.queue)
            data, response = bus.r.queue.pop()
        if response != OKAY:
            assert response == SLVERR
            raise Refused(f"read of {address:#x}")
        return data

    async def status(self):
        """`STATUS` as (BUSY, ABORTED, free slots)."""
        status = await self.read(Reg.STATUS)
        return bool(status & BUSY), bool(status & ABORTED), status >> 8 & 0xFF

    async def idle(self):
        while (await self.status())[0]:
            pass

    async def errors(self):
        """What `ERROR` holds, and clears (W1C)."""
        error = Error(await self.read(Reg.ERROR))
        await self.write(Reg.ERROR, error)
        return error

    async def counters(self):
        return {reg: await self.read(reg) for reg in COUNTERS}

    async def read_maxima(self):
        return [await self.read(Reg.MAXIMUM + 4 * t) for t in range(self.sizes.tokens)]

    async def write_maxima(self, maxima):
        for t, maximum in enumerate(maxima):
            await self.write(Reg.MAXIMUM + 4 * t, maximum)

    async def describe(self, job):
        """Writes a job's registers (README, "Jobs")."""
        if job.weights is not None:
            job.k = len(job.weights[0])
            job.image = job.image or self.sizes.weight_image(job.weights)
            if self.sizes.fetches:
                self.place(job)
        await self.write(Reg.JOB_N, job.n)
        await self.write(Reg.JOB_K, job.k)
        await self.write(Reg.JOB_TOKENS, job.tokens)
        await self.write(Reg.JOB_FLAGS, job.flags)
        await self.write(Reg.JOB_ADDRESS_LOW, job.address & 0xFFFFFFFF)
        await self.write(Reg.JOB_ADDRESS_HIGH, job.address >> 32)

    def place(self, job):
        """Stores a job's image somewhere in memory, shortly before a 4 KB boundary."""
        size = self.sizes.stream_bits // 8
        job.address = (self.rng.getrandbits(20) << 44) + self.top + 4096 - size * self.rng.randrange(1, 5)
        self.top += ceil_div(len(job.image), 4096) * 4096 + 8192
        self.bus.memory.store(job.address, self.sizes.weight_beats(job.image))

    def feed(self, job, activations=True):
        """Sends a job's data: the image, unless it is fetched, the activations, unless they were kept, the vectors."""
        if job.image is not None and not self.sizes.fetches:
            self.bus.weight.send((beat,) for beat in self.sizes.weight_beats(job.image))
        if job.activations is not None and activations:
            self.bus.activation.send((beat,) for beat in self.sizes.activation_beats(job.activations, self.rng))
        if job.vector is not None:
            self.bus.vector.send((beat,) for beat in job.vector)

    async def start(self, job):
        """Queues the job that was described; raises `Refused`."""
        await self.write(Reg.JOB_START, 1)
        for flag in (Flag.RAW, Flag.SCALE):
            job.first[flag] = self.expected.get(flag, 0)
            if job.flags & flag:
                self.expected[flag] = job.first[flag] + self.sizes.result_beats(job.n, job.tokens)

    async def submit(self, job, activations=True, data_first=False):
        """All of a job, as soon as there is a slot, its data before or after its start."""
        await self.describe(job)
        while (await self.status())[2] == 0:
            pass
        if data_first:
            self.feed(job, activations)
        await self.start(job)
        if not data_first:
            self.feed(job, activations)

    async def beats(self, job, flag):
        """A job's beats on `m_axis_result` (RAW) or `m_axis_quantized` (SCALE); only the last one has `tlast`."""
        queue = {Flag.RAW: self.bus.result, Flag.SCALE: self.bus.quantized}[flag].queue
        first, last = job.first[flag], job.first[flag] + self.sizes.result_beats(job.n, job.tokens) - 1
        await self.bus.until(lambda: len(queue) > last)
        assert [tlast for _, tlast in queue[first : last + 1]] == [0] * (last - first) + [1], "tlast"
        return [beat for beat, _ in queue[first : last + 1]]

    async def results(self, job, flag):
        """A job's values[t][n]: results (RAW) or what they are scaled to (SCALE)."""
        bits = 32 if flag == Flag.RAW else 8
        zeros = not job.flags & Flag.VECTOR
        return self.sizes.values(await self.beats(job, flag), job.n, job.tokens, bits, zeros)

    async def abort(self):
        """README, "Abort": everything is dropped, senders stop, offered beats are taken. Gives the beats of each
        output stream since the last abort."""
        bus = self.bus
        await self.write(Reg.CONTROL, ABORT)
        senders = [bus.activation, bus.vector] + ([] if bus.memory else [bus.weight])
        for sender in senders:
            sender.stop()
        await bus.until(lambda: not any(sender.queue for sender in senders))
        while not (await self.status())[1]:
            pass
        assert not (bus.memory and bus.memory.outstanding)
        await self.write(Reg.CONTROL, 0)
        beats = {Flag.RAW: list(bus.result.queue), Flag.SCALE: list(bus.quantized.queue)}
        bus.result.queue.clear()
        bus.quantized.queue.clear()
        self.expected.clear()
        return beats
