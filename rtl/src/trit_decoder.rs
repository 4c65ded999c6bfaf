//! A byte to five trits.
//!
//! ```text
//!           +----------------+==> zero
//!   code -->|  trit_decoder  |==> sign
//!           +----------------+--> invalid
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `code` | in | 8 | a byte of the weight stream |
//! | `zero` | out | 5 x 1 | which of its trits are zero |
//! | `sign` | out | 5 x 1 | their signs (C-LANE-3); a zero trit has any |
//! | `invalid` | out | 1 | the byte is no code, and the trits are zero (C-PACK-3) |
//!
//! Parameters: none. Latency: 0, combinational; a byte a cycle. Golden: `contract::packing::decode5`.
//!
//! Signs that the array adds up in the same order cost as little as those of the trits themselves, and those of zero trits
//! are whatever is cheapest. The bits are named as C-PACK-1 numbers them. Trits 0, 1 and 2 read b4, b0 and three bits that may have moved aside:
//! with those, and with `escape`, each output is a function of at most four signals, a LUT of any family. What the
//! byte code costs, beside others, is in this crate's README.
//!
//! Does not: register anything, or count invalid bytes.

use rust_hdl::prelude::*;

use crate::hdl::{Bus, Pack, Recast};

/// A byte to five trits.
#[derive(LogicBlock, Debug)]
pub struct TritDecoder {
    /// A byte of the weight stream.
    pub code: Bus<In>,
    /// Which trits are zero.
    pub zero: Pack<Bus<Out>>,
    /// The trits' signs.
    pub sign: Pack<Bus<Out>>,
    /// The byte is no code.
    pub invalid: Bus<Out>,
    b: Pack<Bus<Local>>,
    nonzero: Pack<Bus<Local>>,
    aside: Bus<Local>,
    escape: Bus<Local>,
    b1: Bus<Local>,
    b2: Bus<Local>,
    b3: Bus<Local>,
}

impl Default for TritDecoder {
    fn default() -> Self {
        Self {
            code: Bus::new(8),
            zero: Pack::new(contract::packing::TRITS_PER_BYTE, 1),
            sign: Pack::new(contract::packing::TRITS_PER_BYTE, 1),
            invalid: Bus::new(1),
            b: Pack::new(8, 1),
            nonzero: Pack::new(contract::packing::TRITS_PER_BYTE, 1),
            aside: Bus::new(1),
            escape: Bus::new(1),
            b1: Bus::new(1),
            b2: Bus::new(1),
            b3: Bus::new(1),
        }
    }
}

impl Logic for TritDecoder {
    #[hdl_gen]
    fn update(&mut self) {
        comment!(
            "A byte to five trits (C-PACK-1). Where trits 3 and 4 are zero, three bits have moved aside."
        );
        Recast::join(&mut self.code, &mut self.b);
        self.aside.next = !(self.b[3].val() | self.b[2].val() | self.b[1].val());
        self.escape.next =
            !(self.b[2].val() | self.b[1].val()) & !(self.b[3].val() & (self.b[4].val() | self.b[0].val()));
        self.b3.next = self.b[3].val() | (self.aside.val() & !self.b[7].val());
        self.b2.next = self.b[2].val() | (self.aside.val() & self.b[6].val());
        self.b1.next = self.b[1].val() | (self.aside.val() & !self.b[5].val());

        if self.b3.val().any() {
            self.nonzero[0].next = self.b[4].val();
            self.nonzero[1].next = self.b[4].val() | self.b2.val() | self.b[0].val();
            self.nonzero[2].next = self.b[4].val() | self.b2.val();
        } else {
            self.nonzero[0].next = self.b1.val() | (self.b[4].val() & self.b2.val());
            self.nonzero[1].next = self.b[4].val() & self.b2.val();
            self.nonzero[2].next = !self.b[4].val() & (self.b1.val() | self.b2.val());
        }
        self.invalid.next =
            !(self.nonzero[0].val() | self.nonzero[1].val() | self.nonzero[2].val() | self.b1.val());

        self.nonzero[3].next = !self.escape.val() & (!self.b[7].val() | self.b[5].val());
        self.nonzero[4].next = !self.escape.val() & !(self.b[7].val() & self.b[5].val());
        for i in 0..self.zero.len() {
            self.zero[i].next = !self.nonzero[i].val();
        }

        self.sign[0].next = self.b[0].val();
        self.sign[1].next = self.b[0].val() ^ self.b1.val();
        self.sign[2].next = self.nonzero[0].val() & (self.b[0].val() ^ self.b2.val());
        self.sign[3].next = !self.b[7].val() & (self.b[5].val() ^ self.b[6].val());
        self.sign[4].next = self.b[0].val() ^ self.b[6].val();
    }
}

#[cfg(test)]
mod tests {
    use contract::packing::decode5;
    use contract::{Trit, trits_of};

    use super::*;
    use crate::hdl::{Bank, Register, Wires};
    use crate::testing::{Bench, Values, bench};

    /// A decoder has no clock; a bench has one, and reads registers behind it.
    #[derive(LogicBlock)]
    struct Registered {
        clock: Signal<In, Clock>,
        code: Bus<In>,
        zero: Pack<Bus<Out>>,
        sign: Pack<Bus<Out>>,
        invalid: Bus<Out>,
        trit_decoder: TritDecoder,
        zero_register: Bank,
        sign_register: Bank,
        invalid_register: Register,
        one: Bus<Local>,
    }

    impl Logic for Registered {
        #[hdl_gen]
        fn update(&mut self) {
            clock!(self, clock, zero_register, sign_register, invalid_register);
            self.one.next = (self.code.val() == self.code.val()).into();
            self.trit_decoder.code.next = self.code.val();
            self.zero_register.enable.next = self.one.val();
            self.sign_register.enable.next = self.one.val();
            self.invalid_register.enable.next = self.one.val();
            Wires::join(&mut self.trit_decoder.zero, &mut self.zero_register.d);
            Wires::join(&mut self.trit_decoder.sign, &mut self.sign_register.d);
            self.invalid_register.d.next = self.trit_decoder.invalid.val();
            Wires::join(&mut self.zero_register.q, &mut self.zero);
            Wires::join(&mut self.sign_register.q, &mut self.sign);
            self.invalid.next = self.invalid_register.q.val();
        }
    }

    fn registered() -> Bench<Registered> {
        let block = Registered {
            clock: Signal::default(),
            code: Bus::new(8),
            zero: Pack::new(5, 1),
            sign: Pack::new(5, 1),
            invalid: Bus::new(1),
            trit_decoder: TritDecoder::default(),
            zero_register: Bank::new(5, 1),
            sign_register: Bank::new(5, 1),
            invalid_register: Register::new(1),
            one: Bus::new(1),
        };
        bench!(block, "registered": code => zero, sign, invalid)
    }

    /// What the wires say: the trits, and whether the byte is no code.
    fn decoded(output: &Values) -> ([Trit; 5], bool) {
        let [zero, sign] = [0, 1].map(|port: usize| std::array::from_fn(|i| output[port][i] == 1));
        (trits_of(zero, sign), output[2] == [1])
    }

    #[test]
    fn equals_the_contract_for_every_byte() {
        // Every byte after itself complemented, and once more in order, so that no output can be a leftover.
        let codes: Vec<u8> = (0..=u8::MAX).flat_map(|code| [code, !code]).chain(0..=u8::MAX).collect();
        let cycles: Vec<Values> = codes.iter().chain(&[0]).map(|&code| vec![vec![u64::from(code)]]).collect();
        let outputs = registered().run(&cycles, 1);
        for (&code, output) in codes.iter().zip(&outputs[1..]) {
            assert_eq!(decoded(output), decode5(code), "{code}");
        }
        assert_eq!(outputs[1..].iter().filter(|output| output[2] == [1]).count(), 3 * 13);
    }

    #[test]
    #[allow(clippy::unusual_byte_groupings, reason = "grouped as the fields of the code are")]
    fn a_byte_is_decoded_in_the_cycle_in_which_it_comes() {
        let [zeros, plus] = [0, 0b000_11_000];
        let outputs = registered().run(&[zeros, plus, zeros, zeros].map(|code| vec![vec![code]]), 1);
        // The register behind the decoder shows the byte of the cycle before.
        assert_eq!([1, 2, 3].map(|cycle: usize| outputs[cycle][0][0]), [1, 0, 1]);
    }

    #[test]
    fn synthesises() {
        let mut bench = Bench {
            name: "trit_decoder",
            block: TritDecoder::default(),
            clock: |_| unreachable!("a decoder has no clock"),
            inputs: vec![],
            outputs: vec![],
        };
        bench.assert_synthesises();
    }
}
