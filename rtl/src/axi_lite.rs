//! An AXI4-Lite slave: transactions in, one register access at a time out.
//!
//! ```text
//!                        +------------+
//!  awaddr awprot wdata ->|            |--> write, read
//!         wstrb, araddr  |            |--> address
//!   awvalid, awready <-->|            |==> write_data
//!     wvalid, wready <-->|  axi_lite  |<-- write_error
//!     bvalid, bready <-->|            |<== read_data
//!   arvalid, arready <-->|            |<-- read_error
//!     rvalid, rready <-->|            |
//!  bresp rresp rdata <===+-----/\-----+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, forgets every transaction |
//! | `aw...`, `w...`, `b...`, `ar...`, `r...` | | | AXI4-Lite (ARM IHI 0022), 32 bits of data |
//! | `write` | out | 1 | this cycle writes `write_data` to the register at `address` |
//! | `read` | out | 1 | this cycle reads the register at `address`; never together with `write` |
//! | `address` | out | ADDRESS_BITS - 2 | a register's byte address / 4 |
//! | `write_data` | out | 32 | |
//! | `write_error` | in | 1 | in the cycle of `write`: it is refused |
//! | `read_data`, `read_error` | in | 32, 1 | from the cycle after `read` until the next: what was read, or that it is refused |
//!
//! Parameters: `address_bits` >= 3. Latency: AW and W accepted, or AR accepted, to B or R offered,
//! [`contract::latency::AXI_LITE_CYCLES`]; one more for a read that meets a write. Throughput: a write and a read in as
//! many cycles. Golden: transactions in the order of their addresses.
//!
//! AW, W and AR are each held in a register, so they may come in any order and apart, and a write and a read may be
//! under way at once. Every ready and valid is a register's output: no channel waits for another within a cycle.
//! A write and a read whose turn comes at once: the write goes first, and as no write follows in the very next cycle, the
//! read does.
//!
//! Does not: write part of a register: a write with a `wstrb` bit at 0 answers SLVERR and makes no access. Does not look
//! at bits 1 and 0 of an address, or at a protection.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, High, Number, Register, ResetRegister, signed_cast};

const DATA_BITS: usize = 32;
const STROBES: usize = DATA_BITS / 8;

/// The response to a refused access (ARM IHI 0022, A3.4.5).
const SLVERR: u64 = 0b10;

/// An AXI4-Lite slave.
#[derive(LogicBlock, Debug)]
pub struct AxiLite {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Forgets every transaction.
    pub reset: Bus<In>,
    /// Where to write.
    pub awaddr: Bus<In>,
    /// Not looked at.
    pub awprot: Bus<In>,
    /// A write address is offered.
    pub awvalid: Bus<In>,
    /// A write address can be taken.
    pub awready: Bus<Out>,
    /// What to write.
    pub wdata: Bus<In>,
    /// Which bytes to write; all of them, or it is an error.
    pub wstrb: Bus<In>,
    /// Write data is offered.
    pub wvalid: Bus<In>,
    /// Write data can be taken.
    pub wready: Bus<Out>,
    /// OKAY or SLVERR.
    pub bresp: Bus<Out>,
    /// A write response is offered.
    pub bvalid: Bus<Out>,
    /// The write response is taken.
    pub bready: Bus<In>,
    /// Where to read.
    pub araddr: Bus<In>,
    /// Not looked at.
    pub arprot: Bus<In>,
    /// A read address is offered.
    pub arvalid: Bus<In>,
    /// A read address can be taken.
    pub arready: Bus<Out>,
    /// What was read.
    pub rdata: Bus<Out>,
    /// OKAY or SLVERR.
    pub rresp: Bus<Out>,
    /// Read data is offered.
    pub rvalid: Bus<Out>,
    /// The read data is taken.
    pub rready: Bus<In>,
    /// A register is written.
    pub write: Bus<Out>,
    /// A register is read.
    pub read: Bus<Out>,
    /// Which register.
    pub address: Bus<Out>,
    /// What is written to it.
    pub write_data: Bus<Out>,
    /// The write is refused.
    pub write_error: Bus<In>,
    /// What was read last.
    pub read_data: Bus<In>,
    /// The last read was refused.
    pub read_error: Bus<In>,
    aw_held: ResetRegister,
    aw_address: Register,
    w_held: ResetRegister,
    w_data: Register,
    w_full: Register,
    ar_held: ResetRegister,
    ar_address: Register,
    write_turn: ResetRegister,
    read_turn: ResetRegister,
    b_held: ResetRegister,
    b_error: Register,
    r_held: ResetRegister,
    grant_write: Bus<Local>,
    grant_read: Bus<Local>,
    slverr: Number,
}

impl AxiLite {
    /// A slave whose byte addresses have `address_bits` bits.
    pub fn new(address_bits: usize) -> Self {
        assert!(address_bits > 2, "a byte address selects one of the bytes of at least two registers");
        let word_bits = address_bits - 2;
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            awaddr: Bus::new(address_bits),
            awprot: Bus::new(3),
            awvalid: Bus::new(1),
            awready: Bus::new(1),
            wdata: Bus::new(DATA_BITS),
            wstrb: Bus::new(STROBES),
            wvalid: Bus::new(1),
            wready: Bus::new(1),
            bresp: Bus::new(2),
            bvalid: Bus::new(1),
            bready: Bus::new(1),
            araddr: Bus::new(address_bits),
            arprot: Bus::new(3),
            arvalid: Bus::new(1),
            arready: Bus::new(1),
            rdata: Bus::new(DATA_BITS),
            rresp: Bus::new(2),
            rvalid: Bus::new(1),
            rready: Bus::new(1),
            write: Bus::new(1),
            read: Bus::new(1),
            address: Bus::new(word_bits),
            write_data: Bus::new(DATA_BITS),
            write_error: Bus::new(1),
            read_data: Bus::new(DATA_BITS),
            read_error: Bus::new(1),
            aw_held: ResetRegister::new(1),
            aw_address: Register::new(word_bits),
            w_held: ResetRegister::new(1),
            w_data: Register::new(DATA_BITS),
            w_full: Register::new(1),
            ar_held: ResetRegister::new(1),
            ar_address: Register::new(word_bits),
            write_turn: ResetRegister::new(1),
            read_turn: ResetRegister::new(1),
            b_held: ResetRegister::new(1),
            b_error: Register::new(1),
            r_held: ResetRegister::new(1),
            grant_write: Bus::new(1),
            grant_read: Bus::new(1),
            slverr: Number::new(SLVERR, 2),
        }
    }
}

impl Logic for AxiLite {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("An AXI4-Lite slave: transactions in, one register access at a time out.");
        clock!(self, clock, aw_held, aw_address, w_held, w_data, w_full, ar_held, ar_address);
        clock!(self, clock, write_turn, read_turn, b_held, b_error, r_held);
        self.aw_held.reset.next = self.reset.val();
        self.w_held.reset.next = self.reset.val();
        self.ar_held.reset.next = self.reset.val();
        self.write_turn.reset.next = self.reset.val();
        self.read_turn.reset.next = self.reset.val();
        self.b_held.reset.next = self.reset.val();
        self.r_held.reset.next = self.reset.val();

        // What a transaction brings stays until its turn is over.
        self.awready.next = !self.aw_held.q.val();
        self.aw_held.enable.next = self.awvalid.val() | self.write_turn.q.val();
        self.aw_held.d.next = !self.write_turn.q.val();
        self.aw_address.enable.next = self.awvalid.val() & !self.aw_held.q.val();
        High::join(&mut self.awaddr, &mut self.aw_address.d);

        self.wready.next = !self.w_held.q.val();
        self.w_held.enable.next = self.wvalid.val() | self.write_turn.q.val();
        self.w_held.d.next = !self.write_turn.q.val();
        self.w_data.enable.next = self.wvalid.val() & !self.w_held.q.val();
        self.w_data.d.next = self.wdata.val();
        self.w_full.enable.next = self.wvalid.val() & !self.w_held.q.val();
        self.w_full.d.next = self.wstrb.val().all().into();

        self.arready.next = !self.ar_held.q.val();
        self.ar_held.enable.next = self.arvalid.val() | self.read_turn.q.val();
        self.ar_held.d.next = !self.read_turn.q.val();
        self.ar_address.enable.next = self.arvalid.val() & !self.ar_held.q.val();
        High::join(&mut self.araddr, &mut self.ar_address.d);

        // A turn is one cycle; its response must find its channel free.
        self.grant_write.next =
            self.aw_held.q.val() & self.w_held.q.val() & !(self.write_turn.q.val() | self.b_held.q.val());
        self.grant_read.next =
            self.ar_held.q.val() & !(self.read_turn.q.val() | self.r_held.q.val() | self.grant_write.val());
        self.write_turn.enable.next = true.into();
        self.write_turn.d.next = self.grant_write.val();
        self.read_turn.enable.next = true.into();
        self.read_turn.d.next = self.grant_read.val();

        self.write.next = self.write_turn.q.val() & self.w_full.q.val();
        self.read.next = self.read_turn.q.val();
        self.write_data.next = self.w_data.q.val();
        if self.write_turn.q.val().any() {
            self.address.next = self.aw_address.q.val();
        } else {
            self.address.next = self.ar_address.q.val();
        }

        self.b_held.enable.next = self.write_turn.q.val() | self.bready.val();
        self.b_held.d.next = self.write_turn.q.val();
        self.b_error.enable.next = self.write_turn.q.val();
        self.b_error.d.next = self.write_error.val() | !self.w_full.q.val();
        self.bvalid.next = self.b_held.q.val();
        self.bresp.next = signed_cast(self.b_error.q.val(), 2) & self.slverr.val();

        self.r_held.enable.next = self.read_turn.q.val() | self.rready.val();
        self.r_held.d.next = self.read_turn.q.val();
        self.rvalid.next = self.r_held.q.val();
        self.rdata.next = self.read_data.val();
        self.rresp.next = signed_cast(self.read_error.val(), 2) & self.slverr.val();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use contract::latency::AXI_LITE_CYCLES;

    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    const ADDRESS_BITS: usize = 7;

    fn axi_lite() -> Bench<AxiLite> {
        bench!(
            AxiLite::new(ADDRESS_BITS),
            "axi_lite": reset, awaddr, awprot, awvalid, wdata, wstrb, wvalid, bready, araddr, arprot, arvalid, rready,
                write_error, read_data, read_error
                => awready, wready, bresp, bvalid, arready, rdata, rresp, rvalid, write, read, address, write_data
        )
    }

    /// A master that offers at random, holds what it offers, and resets at times; with the registers behind the block.
    struct Master {
        random: Random,
        cycle: u64,
        reset: bool,
        aw: Option<u64>,
        w: Option<[u64; 2]>,
        ar: Option<u64>,
        read: [u64; 2],
    }

    impl Master {
        fn next(&mut self, outputs: Option<&Values>) -> Values {
            let [awready, wready, _, _, arready, _, _, _, _, read, ..] = outputs.map_or([0; 12], scalars);
            if self.reset || awready == 1 {
                self.aw = None;
            }
            if self.reset || wready == 1 {
                self.w = None;
            }
            if self.reset || arready == 1 {
                self.ar = None;
            }
            if read == 1 || self.cycle == 0 {
                self.read = [self.random.below(1 << 32), self.random.below(2)];
            }
            // Phases in which everything is eager, or one channel is the slowest.
            let slow = self.cycle / 500 % 6;
            let mut eager = |channel| self.random.chance(if channel == slow { 15 } else { 90 });
            let [aw, w, ar, bready, rready] = [1, 2, 3, 4, 5].map(&mut eager);
            self.reset = self.cycle == 0 || self.random.chance(1);
            let address = |random: &mut Random| random.below(1 << ADDRESS_BITS);
            if aw && self.aw.is_none() {
                self.aw = Some(address(&mut self.random));
            }
            if w && self.w.is_none() {
                let strobe = if self.random.chance(80) { 15 } else { self.random.below(15) };
                self.w = Some([self.random.below(1 << 32), strobe]);
            }
            if ar && self.ar.is_none() {
                self.ar = Some(address(&mut self.random));
            }
            if self.reset {
                (self.aw, self.w, self.ar) = (None, None, None);
            }
            self.cycle += 1;
            let [wdata, wstrb] = self.w.unwrap_or([0; 2]);
            let of = |address: Option<u64>| [address.unwrap_or(0), u64::from(address.is_some())];
            let ([awaddr, awvalid], [araddr, arvalid]) = (of(self.aw), of(self.ar));
            let [awprot, arprot] = [0; 2].map(|_| self.random.below(8));
            cycle([
                self.reset.into(),
                awaddr,
                awprot,
                awvalid,
                wdata,
                wstrb,
                self.w.is_some().into(),
                bready.into(),
                araddr,
                arprot,
                arvalid,
                rready.into(),
                self.random.below(2),
                self.read[0],
                self.read[1],
            ])
        }
    }

    fn cycle(values: [u64; 15]) -> Values {
        values.map(|value| vec![value]).to_vec()
    }

    fn scalars<const N: usize>(values: &Values) -> [u64; N] {
        std::array::from_fn(|i| values[i][0])
    }

    const SLVERR_IF: [u64; 2] = [0, SLVERR];

    /// The rules of AXI4-Lite, and every transaction answered by what its register said.
    #[test]
    fn equals_transactions_in_order() {
        let mut random = Random::new(1);
        let master_random = Random::new(random.bits());
        let mut master = Master {
            random: master_random,
            cycle: 0,
            reset: false,
            aw: None,
            w: None,
            ar: None,
            read: [0; 2],
        };
        // Payloads are unknown until there was one.
        let trace = axi_lite().run_reactive(30_000, 100, |outputs| master.next(outputs));
        let (mut aws, mut ws, mut ars) = (VecDeque::new(), VecDeque::new(), VecDeque::new());
        let (mut written, mut has_read) = (None, false);
        let mut before = None::<[u64; 5]>;
        let mut waited = 0;
        let [mut full, mut partial, mut reads, mut aw_first, mut w_first, mut held_b, mut held_r, mut met] =
            [0u64; 8];
        for (inputs, outputs) in &trace {
            let [reset, awaddr, _, awvalid, wdata, wstrb, wvalid, bready, araddr, _, arvalid, rready, ..] =
                scalars::<15>(inputs);
            let [.., write_error, read_data, read_error] = scalars::<15>(inputs);
            let [awready, wready, bresp, bvalid, arready, rdata, rresp, rvalid, write, read, address, data] =
                scalars(outputs);
            if reset == 1 {
                aws.clear();
                ws.clear();
                ars.clear();
                (written, has_read, before, waited) = (None, false, None, 0);
                continue;
            }
            assert!(write & read == 0, "one access a cycle");
            if let Some([was_b, was_bresp, was_r, was_rdata, was_rresp]) = before {
                assert!(was_b == 0 || [bvalid, bresp] == [1, was_bresp], "a response stays");
                assert!(was_r == 0 || [rvalid, rdata, rresp] == [1, was_rdata, was_rresp], "so does data");
            }
            if write == 1 {
                assert_eq!((Some(&address), written), (aws.front(), None));
                assert_eq!(Some(&[data, 15]), ws.front());
                written = Some(write_error);
                met += u64::from(!ars.is_empty());
            }
            if bvalid & bready == 1 {
                aws.pop_front().expect("an address before the response");
                let [_, strobe] = ws.pop_front().expect("data before the response");
                let error = if strobe == 15 { written.take().expect("a write") } else { 1 };
                assert_eq!((bresp, written), (SLVERR_IF[usize::from(error == 1)], None));
                (full, partial) = (full + u64::from(strobe == 15), partial + u64::from(strobe != 15));
            }
            if read == 1 {
                assert_eq!((Some(&address), has_read), (ars.front(), false));
                has_read = true;
            }
            if rvalid == 1 {
                assert!(has_read && [rdata, rresp] == [read_data, SLVERR_IF[usize::from(read_error == 1)]]);
            }
            if rvalid & rready == 1 {
                ars.pop_front();
                (has_read, reads) = (false, reads + 1);
            }
            // Writes hold a read up for one cycle.
            waited = if ars.is_empty() || has_read { 0 } else { waited + 1 };
            assert!(waited <= AXI_LITE_CYCLES, "a read waits for ever");
            before = Some([bvalid & (1 - bready), bresp, rvalid & (1 - rready), rdata, rresp]);
            held_b += bvalid & (1 - bready);
            held_r += rvalid & (1 - rready);
            if awvalid & awready == 1 {
                aws.push_back(awaddr >> 2);
                aw_first += u64::from(aws.len() > ws.len() && wvalid == 0);
            }
            if wvalid & wready == 1 {
                ws.push_back([wdata, wstrb]);
                w_first += u64::from(ws.len() > aws.len());
            }
            if arvalid & arready == 1 {
                ars.push_back(araddr >> 2);
            }
        }
        assert!([full, partial, reads, aw_first, w_first].iter().all(|&many| many > 200), "too few to tell");
        assert!(held_b > 200 && held_r > 200 && met > 200, "too few to tell: {held_b} {held_r} {met}");
    }

    /// What is offered in every cycle: (B, R) offered in each, for `aw`, `w`, `ar` offered throughout.
    fn offered(aw: u64, w: u64, ar: u64) -> Vec<[u64; 2]> {
        let at = |i: u64| {
            let reset = u64::from(i == 0);
            cycle([reset, 0, 0, aw, 0, 15, w, 1, 0, 0, ar, 1, 0, 0, 0])
        };
        let inputs: Vec<Values> = (0..20).map(at).collect();
        let mut bench = axi_lite();
        bench.outputs.retain(|(name, _)| ["bvalid", "rvalid"].contains(name));
        bench.run(&inputs, 1).iter().skip(1).map(scalars).collect()
    }

    #[test]
    fn an_answer_comes_after_the_latency_and_not_before() {
        let cycles = AXI_LITE_CYCLES as usize;
        for (i, [b, r]) in offered(1, 1, 0).into_iter().enumerate() {
            assert_eq!([b, r], [u64::from(i > 0 && i % cycles == 0), 0], "cycle {i}");
        }
        for (i, [b, r]) in offered(0, 0, 1).into_iter().enumerate() {
            assert_eq!([b, r], [0, u64::from(i > 0 && i % cycles == 0)], "cycle {i}");
        }
        // The read gives way once, and is then always a cycle behind.
        for (i, [b, r]) in offered(1, 1, 1).into_iter().enumerate() {
            let expected = [i, i.wrapping_sub(1)].map(|i| u64::from(i > 0 && i < 99 && i % cycles == 0));
            assert_eq!([b, r], expected, "cycle {i}");
        }
        assert!(offered(1, 0, 0).iter().chain(&offered(0, 1, 0)).all(|&offered| offered == [0, 0]));
    }

    #[test]
    fn synthesises() {
        axi_lite().assert_synthesises();
    }
}
