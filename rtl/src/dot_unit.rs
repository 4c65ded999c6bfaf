//! One column: the dot product of a row of trits and a token's activations, accumulated a token slot.
//!
//! ```text
//!                        +------------+
//!          activation ==>|            |
//!          zero, sign ==>|            |
//!    accumulate, emit -->|  dot_unit  |--> result
//!                slot -->|            |
//!   next_slot, _first -->|            |
//!               again -->+-----/\-----+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `activation` | in | LANES rounded up to whole bytes x 8 | a token's activations of one K step, and zeros; those of
//! each byte's [`contract::latency::LATE_LANE`] come [`contract::latency::LATE_LANE_CYCLES`] later |
//! | `zero`, `sign` | in | as many x 1 | this column's trits (C-LANE-3) |
//! | `accumulate` | in | 1 | the tree's sum belongs to `slot`, and is added at this edge |
//! | `emit` | in | 1 | it is the last K step: `result` takes the total at this edge |
//! | `slot` | in | clog2(TOKENS) | token slot |
//! | `next_slot`, `next_first` | in | clog2(TOKENS), 1 | the slot of the next cycle's sum, and whether it starts from zero there |
//! | `again` | in | 1 | `accumulate`, and `next_slot` is `slot` |
//! | `result` | out | ACC_BITS | the dot product, two's complement |
//!
//! Parameters: `lanes`, `tokens`, `acc_bits`. Latency: activations and trits to `result`,
//! [`contract::latency::column_cycles`]; one token's K step a cycle. Golden: `contract::dot`.
//!
//! `accumulate`, `emit` and `slot` come when the sum does, [`contract::latency::column_cycles`] - 1 cycles after
//! the activations: they are the same for all columns, and delayed once, in `control_pipeline`. A slot is read a cycle
//! before its sum comes, unless the sum before it goes there too; its register's synchronous clear is the first K step.
//!
//! Does not: saturate. `contract::max_k` says how long a K the accumulators hold.

use rust_hdl::prelude::*;

use crate::Parameters;
use crate::adder_tree::AdderTree;
use crate::byte_sum::ByteSum;
use crate::hdl::{Bus, High, Number, Pack, Register, ResetRegister, clog2, signed_cast, unsigned_cast};
use crate::slot_memory::SlotMemory;

/// Lanes, adder tree and accumulators of one column.
#[derive(LogicBlock, Debug)]
pub struct DotUnit {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// A token's activations of one K step.
    pub activation: Pack<Bus<In>>,
    /// Which of this column's trits are zero.
    pub zero: Pack<Bus<In>>,
    /// This column's signs.
    pub sign: Pack<Bus<In>>,
    /// The tree's sum is added to `slot` at this edge.
    pub accumulate: Bus<In>,
    /// `result` takes the total at this edge.
    pub emit: Bus<In>,
    /// The token slot of the tree's sum.
    pub slot: Bus<In>,
    /// The token slot of the sum that follows.
    pub next_slot: Bus<In>,
    /// The slot then starts from zero.
    pub next_first: Bus<In>,
    /// The sum that follows is added to what this one makes.
    pub again: Bus<In>,
    /// The dot product.
    pub result: Bus<Out>,
    byte_sum: Vec<ByteSum>,
    adder_tree: AdderTree,
    slot_memory: SlotMemory,
    total_register: ResetRegister,
    difference: Bus<Local>,
    one: Number,
    result_register: Register,
}

impl DotUnit {
    /// A column of the array that `parameters` describe, which are valid.
    pub fn new(parameters: &Parameters) -> Self {
        let padded = parameters.padded_lanes() as usize;
        let acc_bits = parameters.acc_bits as usize;
        let activation_bits = contract::ACTIVATION_BITS as usize;
        let byte_sum: Vec<ByteSum> =
            (0..padded / contract::packing::TRITS_PER_BYTE).map(|_| ByteSum::default()).collect();
        Self {
            clock: Signal::default(),
            activation: Pack::new(padded, activation_bits),
            zero: Pack::new(padded, 1),
            sign: Pack::new(padded, 1),
            accumulate: Bus::new(1),
            emit: Bus::new(1),
            slot: Bus::new(clog2(parameters.tokens.into())),
            next_slot: Bus::new(clog2(parameters.tokens.into())),
            next_first: Bus::new(1),
            again: Bus::new(1),
            result: Bus::new(acc_bits),
            adder_tree: AdderTree::new(byte_sum.len(), byte_sum[0].sum.bits()),
            byte_sum,
            slot_memory: SlotMemory::new(parameters.tokens, acc_bits),
            total_register: ResetRegister::new(acc_bits),
            difference: Bus::new(acc_bits + 1),
            one: Number::new(1, acc_bits + 1),
            result_register: Register::new(acc_bits),
        }
    }
}

impl Logic for DotUnit {
    #[hdl_gen]
    fn update(&mut self) {
        comment!(
            "One column: lanes, adder tree, and an accumulator a token slot, to which a sum is added or not."
        );
        for i in 0..self.byte_sum.len() {
            self.byte_sum[i].clock.next = self.clock.val();
            for j in 0..5 {
                self.byte_sum[i].activation[j].next = self.activation[5 * i + j].val();
                self.byte_sum[i].zero[j].next = self.zero[5 * i + j].val();
                self.byte_sum[i].sign[j].next = self.sign[5 * i + j].val();
            }
            self.adder_tree.operand[i].next = self.byte_sum[i].sum.val();
            self.adder_tree.negative[i].next = self.byte_sum[i].negative.val();
        }
        clock!(self, clock, adder_tree, slot_memory, total_register, result_register);
        self.slot_memory.read_slot.next = self.next_slot.val();
        self.slot_memory.write_slot.next = self.slot.val();
        self.total_register.reset.next = self.next_first.val();
        self.total_register.enable.next = true.into();
        self.total_register.d.next = self.slot_memory.read_data.val();
        if self.again.val().any() {
            High::join(&mut self.difference, &mut self.total_register.d);
        }
        // As in `adder_level`.
        self.difference.next = ((signed_cast(self.total_register.q.val(), self.difference.bits()) << 1)
            | unsigned_cast(self.adder_tree.sum_negative[0].val(), self.difference.bits()))
            - (((signed_cast(self.adder_tree.sum[0].val(), self.difference.bits()) << 1)
                ^ signed_cast(!self.adder_tree.sum_negative[0].val(), self.difference.bits()))
                | self.one.val());
        self.slot_memory.write.next = self.accumulate.val();
        High::join(&mut self.difference, &mut self.slot_memory.write_data);
        self.result_register.enable.next = self.emit.val();
        High::join(&mut self.difference, &mut self.result_register.d);
        self.result.next = self.result_register.q.val();
    }
}

#[cfg(test)]
mod tests {
    use contract::{Trit, dot, latency::column_cycles};

    use super::*;
    use crate::cosim::Random;
    use crate::hdl::Word;
    use crate::testing::{Bench, Values, bench, late_lanes};

    fn parameters(lanes: u32, tokens: u32) -> Parameters {
        Parameters { lanes, columns: 1, tokens, stream_bits: 8, acc_bits: 24 }
    }

    fn unit(p: &Parameters) -> Bench<DotUnit> {
        bench!(
            DotUnit::new(p),
            "dot_unit": activation, zero, sign, accumulate, emit, slot, next_slot, next_first, again => result
        )
    }

    /// One K step of one token.
    struct Step {
        trits: Vec<Trit>,
        activations: Vec<i8>,
        slot: u64,
        first: bool,
        last: bool,
    }

    /// The steps as cycles: the controls come when the sum does.
    fn cycles(p: &Parameters, steps: &[Option<Step>]) -> Vec<Values> {
        let delay = column_cycles(p.lanes) as usize - 1;
        let mut cycles = vec![];
        for i in 0..steps.len() + delay + 1 {
            let quiet = Step { trits: vec![], activations: vec![], slot: 0, first: false, last: false };
            let step = steps.get(i).and_then(Option::as_ref).unwrap_or(&quiet);
            let mut trits = step.trits.clone();
            // What fills the last byte meets no activation, and may be anything.
            let padding = trits.len()..p.padded_lanes() as usize;
            trits.extend(padding.map(|lane| Trit::ALL[(i + lane) % Trit::ALL.len()]));
            let zero = trits.iter().map(|trit| (!trit.is_nonzero()).into()).collect();
            let sign =
                trits.as_chunks().0.iter().flat_map(|byte| contract::signs(*byte)).map(u64::from).collect();
            let mut a: Vec<u64> = step.activations.iter().map(|a| a.cast_unsigned().into()).collect();
            a.resize(p.padded_lanes() as usize, 0);
            let step_at = |i: usize| i.checked_sub(delay).and_then(|i| steps.get(i)?.as_ref());
            let sum = step_at(i).map_or([0; 3], |s| [1, s.last.into(), s.slot]);
            let next = step_at(i + 1).map_or([0; 2], |s| [s.slot, s.first.into()]);
            let controls = [&sum[..], &next, &[u64::from(sum[0] == 1 && sum[2] == next[0])]].concat();
            cycles.push([vec![a, zero, sign], controls.iter().map(|&v| vec![v]).collect()].concat());
        }
        late_lanes(cycles)
    }

    #[test]
    fn equals_the_contract_for_random_tokens_and_k() {
        for (lanes, tokens) in [(1, 1), (2, 1), (5, 3), (16, 4), (80, 1)] {
            let p = parameters(lanes, tokens);
            let mut random = Random::new(lanes.into());
            let (mut steps, mut expected) = (vec![], vec![]);
            for _ in 0..60 {
                let (k_steps, group) = (1 + random.below(4), 1 + random.below(tokens.into()));
                let row: Vec<Trit> =
                    (0..k_steps * u64::from(lanes)).map(|_| random.pick(&Trit::ALL)).collect();
                let all: Vec<Vec<i8>> = (0..group)
                    .map(|_| row.iter().map(|_| random.bits().to_le_bytes()[0].cast_signed()).collect())
                    .collect();
                for (i, trits) in row.chunks(lanes as usize).enumerate() {
                    for (slot, token) in (0..).zip(&all) {
                        let activations = token.chunks(lanes as usize).nth(i).expect("as many").to_vec();
                        let (first, last) = (i == 0, i as u64 + 1 == k_steps);
                        // Cycles without a step are strewn in.
                        while random.chance(20) {
                            steps.push(None);
                        }
                        steps.push(Some(Step { trits: trits.to_vec(), activations, slot, first, last }));
                    }
                }
                expected.extend(all.iter().map(|token| dot(&row, token, p.acc_bits).expect("a short K")));
            }
            let cycles = cycles(&p, &steps);
            let first_emit = cycles.iter().position(|cycle| cycle[4][0] == 1).expect("a result");
            let outputs = unit(&p).run(&cycles, first_emit + 1);
            let emitted = (1..outputs.len()).filter(|&i| cycles[i - 1][4][0] == 1);
            let results: Vec<i64> = emitted.map(|i| Word::new(outputs[i][0][0], 24).signed_value()).collect();
            assert_eq!(results, expected, "{lanes} lanes");
        }
    }

    #[test]
    fn takes_exactly_its_latency() {
        for lanes in [1, 2, 5, 80] {
            let p = parameters(lanes, 1);
            let step = |a| {
                let (trits, activations) = (vec![Trit::Minus; lanes as usize], vec![a; lanes as usize]);
                Some(Step { trits, activations, slot: 0, first: true, last: true })
            };
            let latency = column_cycles(lanes) as usize;
            let mut steps: Vec<Option<Step>> = (0..20).map(|_| step(0)).collect();
            steps[latency] = step(-1);
            let cycles = cycles(&p, &steps);
            let outputs = unit(&p).run(&cycles, latency);
            let seen: Vec<usize> = (latency..outputs.len()).filter(|&i| outputs[i][0][0] != 0).collect();
            assert_eq!(seen, [2 * latency], "{lanes} lanes");
            assert_eq!(outputs[2 * latency][0][0], u64::from(lanes));
        }
    }

    #[test]
    fn synthesises() {
        unit(&parameters(1, 1)).assert_synthesises();
        unit(&parameters(80, 4)).assert_synthesises();
    }
}
