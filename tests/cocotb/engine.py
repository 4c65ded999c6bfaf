"""An engine between bus models, and what a driver does with it."""

import functools
import logging
from collections import deque
from random import Random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, SimTimeoutError, with_timeout
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiResp,
    AxiStreamBus,
    AxiStreamSink,
    AxiStreamSource,
)

import golden
import register_map as reg
from channel import Channel, watch
from memory import Memory
from sizes import under_test
from stalls import pauses

PERIOD_NS = 10
# Longer than any job here takes, however it is stalled.
PATIENCE_CYCLES = 60_000


def engine_test(body):
    """A cocotb test of an engine that has just been reset, at the end of which all must be quiet."""

    @functools.wraps(body)
    async def run(dut):
        engine = Engine(dut, under_test(), Random(f"{cocotb.RANDOM_SEED} {body.__name__}"))
        await engine.reset()
        await body(engine)
        await engine.end()

    return cocotb.test()(run)


class Engine:
    def __init__(self, dut, sizes, random):
        # The models tell of every frame.
        logging.getLogger(f"cocotb.{dut._name}").setLevel(logging.ERROR)
        self.dut, self.sizes, self.random = dut, sizes, random
        cocotb.start_soon(Clock(dut.aclk, PERIOD_NS, unit="ns").start())
        wires = (dut.aclk, dut.aresetn)
        self.registers = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), *wires, reset_active_level=False)
        source = lambda name: AxiStreamSource(AxiStreamBus.from_prefix(dut, name), *wires, reset_active_level=False)
        sink = lambda name: AxiStreamSink(AxiStreamBus.from_prefix(dut, name), *wires, reset_active_level=False)
        self.sources = {name: source(f"s_axis_{name}") for name in ("activation", "vector")}
        self.sinks = {name: sink(f"m_axis_{name}") for name in ("result", "quantized")}
        self.memory = None
        if sizes.fetched:
            self.memory = Memory(dut, self.child())
        else:
            self.sources["weight"] = source("s_axis_weight")
        self.channels = self._channels()
        cocotb.start_soon(watch(dut.aclk, dut.aresetn, self.channels.values()))
        self._forget_jobs()
        self.maxima = [None] * sizes.tokens
        self.job_registers = {}
        self.jobs_done = 0
        self.counters = {}
        self.next_address = 0

    def child(self):
        """Random numbers of their own."""
        return Random(self.random.getrandbits(64))

    def _channels(self):
        dut = self.dut
        channels = [
            Channel(dut, "s_axi_aw", [], out=False),
            Channel(dut, "s_axi_w", [], out=False),
            Channel(dut, "s_axi_b", ["resp"], out=True),
            Channel(dut, "s_axi_ar", [], out=False),
            Channel(dut, "s_axi_r", ["data", "resp"], out=True),
            *(Channel(dut, f"s_axis_{name}_t", [], out=False) for name in self.sources),
            *(Channel(dut, f"m_axis_{name}_t", ["data", "last"], out=True, record=True) for name in self.sinks),
        ]
        if self.memory:
            payload = ["addr", "len", "size", "burst", "cache", "prot"]
            channels.append(Channel(dut, "m_axi_ar", payload, out=True, record=True))
            channels.append(Channel(dut, "m_axi_r", ["last"], out=False))
        return {channel.name.removesuffix("_t"): channel for channel in channels}

    def _forget_jobs(self):
        self.expected = {name: deque() for name in self.sinks}
        self._count_beats()
        self.kept = None

    def _count_beats(self):
        """What comes from now on is of the jobs that are expected."""
        self.beats_before = {name: self.channels[f"m_axis_{name}"].count for name in self.sinks}

    def stall(self, on=True):
        """Every channel pauses at random, or none."""
        write, read = self.registers.write_if, self.registers.read_if
        ends = [write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel]
        ends += [*self.sources.values(), *self.sinks.values()]
        if self.memory:
            ends += [self.memory.ar_channel, self.memory.r_channel]
        for end in ends:
            end.set_pause_generator(pauses(self.child()) if on else None)
            if not on:
                end.pause = False

    async def reset(self):
        self.dut.aresetn.value = 0
        await ClockCycles(self.dut.aclk, 4)
        for end in [*self.sources.values(), *self.sinks.values()]:
            end.clear()
        self.dut.aresetn.value = 1
        await ClockCycles(self.dut.aclk, 2)
        self._forget_jobs()
        self.job_registers = {}
        self.jobs_done = 0
        self.counters = dict.fromkeys((reg.ISSUED, reg.WEIGHT_BEATS, reg.ACTIVATION_BEATS, reg.RESULT_BEATS), 0)
        self.stall()

    async def cycles(self, count):
        await ClockCycles(self.dut.aclk, count)

    # Registers.

    async def read(self, address):
        answer = await self.registers.read(address, 4)
        assert answer.resp == AxiResp.OKAY, f"read of {address:#x}: {answer.resp!r}"
        return int.from_bytes(answer.data, "little")

    async def write(self, address, value):
        answer = await self.registers.write(address, value.to_bytes(4, "little"))
        assert answer.resp == AxiResp.OKAY, f"write of {value:#x} to {address:#x}: {answer.resp!r}"

    async def read_refused(self, address):
        answer = await self.registers.read(address, 4)
        assert answer.resp == AxiResp.SLVERR, f"read of {address:#x}: {answer.resp!r}"

    async def write_refused(self, address, value):
        answer = await self.registers.write(address, value.to_bytes(4, "little"))
        assert answer.resp == AxiResp.SLVERR, f"write of {value:#x} to {address:#x}: {answer.resp!r}"

    async def expect(self, address, value):
        got = await self.read(address)
        assert got == value, f"register {address:#x} is {got:#x}, expected {value:#x}"

    async def wait(self, bits, value, address=reg.STATUS):
        """Reads a register until some bits have a value."""
        for _ in range(PATIENCE_CYCLES // 10):
            got = await self.read(address)
            if got & bits == value:
                return got
        raise AssertionError(f"register {address:#x} stays at {got:#x}, expected {value:#x} in {bits:#x}")

    async def idle(self):
        await self.wait(reg.STATUS_BUSY, 0)

    async def free_slots(self):
        return await self.read(reg.STATUS) >> reg.STATUS_FREE_SLOTS

    async def write_maximum(self, slot, value):
        await self.write(reg.MAXIMUM + 4 * slot, value)
        self.maxima[slot] = value

    async def write_maxima(self):
        """Gives each token slot a maximum."""
        await self.idle()
        for slot in range(self.sizes.tokens):
            await self.write_maximum(slot, self.random.getrandbits(self.random.randint(0, 32)))

    async def expect_maxima(self):
        await self.idle()
        for slot, maximum in enumerate(self.maxima):
            if maximum is not None:
                await self.expect(reg.MAXIMUM + 4 * slot, maximum)

    # Jobs.

    async def describe(self, n, k, tokens, flags, address=0):
        """Writes what has changed of the registers that describe a job."""
        values = {
            reg.JOB_N: n,
            reg.JOB_K: k,
            reg.JOB_TOKENS: tokens,
            reg.JOB_FLAGS: flags,
            reg.JOB_ADDRESS_LOW: address & 0xFFFFFFFF,
            reg.JOB_ADDRESS_HIGH: address >> 32,
        }
        for register, value in values.items():
            if self.job_registers.get(register, 0) != value:
                await self.write(register, value)
                self.job_registers[register] = value

    def place(self, job):
        """Puts the weights into the memory; the address."""
        address = self.next_address
        self.memory.write(address, job.image)
        gap = self.random.choice((0, 0, self.random.randrange(64)))
        self.next_address = address + len(job.image) + gap * self.sizes.beat_bytes
        return address

    def feed(self, job):
        """Has the sources send what a job takes."""
        if not job.is_matrix:
            self.sources["vector"].send_nowait(golden.words_32(golden.beats(job.values, self.sizes)))
            return
        if not self.memory:
            self.sources["weight"].send_nowait(bytes(job.image))
        if not job.kept:
            data = golden.activation_bytes(job.activations, self.sizes, self.random)
            self.sources["activation"].send_nowait(bytes(data))
            self.counters[reg.ACTIVATION_BEATS] += 8 * len(data) // self.sizes.activation_bits

    async def start(self, job, feed=True, wait=True):
        """Queues a job when there is room, and expects its output. The address of its weights."""
        early = feed and self.random.random() < 0.5
        if early:
            self.feed(job)
        address = self.place(job) if self.memory and job.is_matrix else self.random.getrandbits(64)
        await self.describe(job.n, job.k, job.tokens, job.flags, address)
        while wait and await self.free_slots() == 0:
            pass
        await self.write(reg.JOB_START, self.random.getrandbits(32))
        if feed and not early:
            self.feed(job)
        self.expect_job(job)
        return address

    def expect_job(self, job):
        sizes, flags = self.sizes, job.flags
        beats = golden.beats(job.values, sizes)
        if flags & reg.RAW:
            self.expected["result"].append((job, golden.words_32(beats)))
        if flags & reg.SCALE:
            scaled = [
                [golden.rescale(value, maximum) for value in row]
                for row, maximum in zip(job.values, self.maxima, strict=False)
            ]
            self.expected["quantized"].append((job, golden.words_8(golden.beats(scaled, sizes))))
        if flags & reg.MAXIMUM_FLAG:
            self.maxima[: job.tokens] = [golden.largest(row) for row in job.values]
        if job.is_matrix:
            self.kept = job.activations if flags & reg.KEEP else None
        self.jobs_done += 1
        self.counters[reg.ISSUED] += job.steps(sizes) * job.tokens
        self.counters[reg.WEIGHT_BEATS] += len(job.image) // sizes.beat_bytes
        self.counters[reg.RESULT_BEATS] += len(beats)

    async def receive(self):
        """Takes the outputs of all jobs started, and compares each value."""
        for name, expected in self.expected.items():
            while expected:
                job, right = expected.popleft()
                try:
                    frame = await with_timeout(self.sinks[name].recv(), PATIENCE_CYCLES * PERIOD_NS, "ns")
                except SimTimeoutError:
                    count = self.channels[f"m_axis_{name}"].count - self.beats_before[name]
                    raise AssertionError(f"{name}: no tlast of a job, and {count} beats in all") from None
                self.compare(name, job, bytes(frame.tdata), right)
        await self.idle()
        self._count_beats()

    def compare(self, name, job, got, right, whole=True):
        """The bytes of a job's beats, or of its first ones."""
        size = 4 if name == "result" else 1
        assert len(got) == len(right) if whole else len(got) <= len(right), (
            f"{name}: {len(got)} bytes, expected {len(right)}, of {job.n} x {job.k}, {job.tokens} tokens"
        )
        for i in range(0, len(got), size):
            if got[i : i + size] != right[i : i + size]:
                number = lambda data: int.from_bytes(data[i : i + size], "little", signed=True)
                beat, lane = divmod(i // size, self.sizes.result_lanes)
                place = golden.where(job.values, self.sizes, beat, lane)
                shape = f"{job.n} x {job.k}, {job.tokens} tokens, flags {job.flags:#x}"
                raise AssertionError(f"{name}, {place}: got {number(got)}, expected {number(right)}; job of {shape}")

    async def run(self, *jobs):
        """Starts jobs and receives their outputs."""
        for job in jobs:
            await self.start(job)
        await self.receive()

    async def expect_counters(self):
        """The counts that no stall changes; the engine is idle."""
        for address, value in self.counters.items():
            await self.expect(address, value)
        await self.expect(reg.JOBS_DONE, self.jobs_done)

    async def abort(self, drain=True):
        """Drops everything; the sources run dry or are stopped. Whether it met a job that was not done.

        What had come out by then is compared with what was expected. Every job must have an output stream.
        """
        undone = self.undone()
        # A job counts as done a few cycles after its last beat, if an abort does not come in between.
        await self.cycles(10)
        await self.write(reg.CONTROL, reg.CONTROL_ABORT)
        if not drain:
            for source in self.sources.values():
                source.set_pause_generator(None)
                source.pause = True
        await self.wait(reg.STATUS_ABORTED, reg.STATUS_ABORTED)
        for name, source in self.sources.items():
            if drain:
                await with_timeout(source.wait(), PATIENCE_CYCLES * PERIOD_NS, "ns")
            else:
                await self.wait_until_silent(self.channels[f"s_axis_{name}"])
            source.clear()
            source.assert_reset()
            source.pause = False
        dropped = self.undone()
        await self.write(reg.CONTROL, 0)
        await self.wait(reg.STATUS_ABORTED | reg.STATUS_BUSY, 0)
        for sink in self.sinks.values():
            # A frame without an end is forgotten.
            sink.clear()
            sink.assert_reset()
        self._forget_jobs()
        started, self.jobs_done = self.jobs_done, await self.read(reg.JOBS_DONE)
        assert started - undone <= self.jobs_done <= started - dropped, (
            f"{started} jobs, {undone} not done before the abort, {dropped} after it; JOBS_DONE is {self.jobs_done}"
        )
        for address in self.counters:
            self.counters[address] = await self.read(address)
        self.stall()
        return dropped > 0

    async def wait_until_silent(self, channel):
        """A source that is paused has nothing offered any more: it may be stopped."""
        while channel.valid.value == 1:
            await self.cycles(1)

    def undone(self):
        """Compares what has come out since the last time that all had come; how many jobs are not complete."""
        return len({id(job) for name in self.sinks for job in self.compare_prefix(name)})

    def compare_prefix(self, name):
        """What has come out of a stream; the jobs of which not all has come."""
        channel = self.channels[f"m_axis_{name}"]
        beats = channel.transfers[self.beats_before[name] :]
        width = len(channel.payload[0]) // 8
        expected = deque(self.expected[name])
        got = b""
        for data, last in beats:
            assert expected, f"{name}: more than the jobs put out"
            job, right = expected[0]
            got += data.to_bytes(width, "little")
            self.compare(name, job, got, right, whole=False)
            assert last == (len(got) == len(right)), f"{name}: tlast {last} at {len(got)} of {len(right)} bytes"
            if last:
                expected.popleft()
                got = b""
        return [job for job, _ in expected]

    async def end(self):
        """Everything has come, and nothing else does."""
        await self.receive()
        await self.cycles(50)
        for name, sink in self.sinks.items():
            assert sink.empty() and sink.idle(), f"{name}: more than the jobs put out"
        for name, source in self.sources.items():
            assert source.idle(), f"{name}: not all was taken"
        assert await self.free_slots() == 4
        await self.expect(reg.JOBS_DONE, self.jobs_done)
