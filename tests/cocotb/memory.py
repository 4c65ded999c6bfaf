"""The memory that an engine fetches its weights from: cocotbext-axi's, with latencies and faults."""

from cocotb.triggers import ClockCycles
from cocotb.types import LogicArray
from cocotbext.axi import AxiReadBus, AxiResp, AxiSlaveRead
from cocotbext.axi.sparse_memory import SparseMemory


class Identifier:
    """The identifier of a master that has only one, as an interconnect would add it."""

    value = LogicArray("0")

    def __len__(self):
        return 1

    def setimmediatevalue(self, value):
        pass


class _Numbered:
    """A design whose master `m_axi` has identifiers."""

    def __init__(self, dut):
        self._dut = dut
        self.m_axi_arid = Identifier()
        self.m_axi_rid = Identifier()

    def __getattr__(self, name):
        return getattr(self._dut, name)

    def __dir__(self):
        return [*dir(self._dut), "m_axi_arid", "m_axi_rid"]


class Memory(AxiSlaveRead):
    """Memory that takes its time, now and then, and has bad places."""

    def __init__(self, dut, random):
        bus = AxiReadBus.from_prefix(_Numbered(dut), "m_axi")
        super().__init__(bus, dut.aclk, dut.aresetn, reset_active_level=False)
        self.random = random
        self.bytes = SparseMemory(2**64)
        # Requests that wait at the memory.
        self.ar_channel.queue_occupancy_limit = random.randint(1, 8)
        self.most_latency = 40
        # Responses that are not OKAY, by the address of the beat.
        self.faults = {}
        self._response = AxiResp.OKAY
        self._send = self.r_channel.send
        self.r_channel.send = self._respond

    def write(self, address, data):
        self.bytes.write(address, data)

    async def _read(self, address, length):
        """What the model puts out for a beat; for an exception it says SLVERR, and zeros."""
        if self.random.random() < 0.15:
            await ClockCycles(self.clock, self.random.randint(1, self.most_latency))
        self._response = self.faults.get(address, AxiResp.OKAY)
        if self._response == AxiResp.SLVERR:
            raise OSError("a bad place")
        return self.bytes.read(address, length)

    async def _respond(self, beat):
        if self._response == AxiResp.DECERR:
            beat.rresp = AxiResp.DECERR
        await self._send(beat)
