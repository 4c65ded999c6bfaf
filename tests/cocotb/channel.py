"""The rules of a channel, whoever is at its other end.

What is offered stays until it is taken; nothing is offered in reset; nothing that the engine says is unknown.
"""

from cocotb.triggers import RisingEdge


class Channel:
    """A valid, a ready and a payload, and what has happened there."""

    def __init__(self, dut, prefix, payload, out, record=False):
        self.name = prefix
        self.valid = getattr(dut, prefix + "valid")
        self.ready = getattr(dut, prefix + "ready")
        self.payload = [getattr(dut, prefix + name) for name in payload]
        self.out = out
        self.record = record
        # Payloads in order, if recorded.
        self.transfers = []
        self.count = 0
        # Cycles in which something was offered and not taken, and in which nothing was offered that would have been.
        self.held_cycles = 0
        self.idle_cycles = 0
        self._held = None

    def sample(self):
        """A rising edge without reset."""
        # As text: comparisons of logic values take most of the time.
        valid, ready = str(self.valid.value), str(self.ready.value)
        said = valid if self.out else ready
        assert said in "01", f"{self.name}: {'valid' if self.out else 'ready'} is {said}"
        valid, ready = valid == "1", ready == "1"
        if self._held is not None:
            assert valid, f"{self.name}: what was offered was withdrawn"
        if not valid:
            self.idle_cycles += ready
            return
        offered = None
        if self.out or self.record:
            offered = [str(signal.value) for signal in self.payload]
            assert not self.out or not any("X" in bits or "Z" in bits for bits in offered), f"{self.name}: {offered}"
            if self._held is not None:
                assert offered == self._held, f"{self.name}: what was offered changed"
        self._held = None
        if ready:
            self.count += 1
            if self.record:
                self.transfers.append([int(bits, 2) for bits in offered])
        else:
            self.held_cycles += 1
            # What a sender does is not the engine's business.
            self._held = offered if self.out else None

    def sample_reset(self, first):
        """A rising edge in reset."""
        self._held = None
        if self.out and not first:
            assert self.valid.value == 0, f"{self.name}: something is offered in reset"


async def watch(clock, resetn, channels):
    """Looks at all channels in every cycle, from the first reset on."""
    edge = RisingEdge(clock)
    while resetn.value != 0:
        await edge
    first = True
    while True:
        await edge
        if resetn.value == 1:
            first = True
            for channel in channels:
                channel.sample()
        else:
            for channel in channels:
                channel.sample_reset(first)
            first = False
