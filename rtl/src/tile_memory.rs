//! Two tiles of trits: one is loaded a beat at a time while the other is used.
//!
//! ```text
//!                +---------------+
//! weight_zero ==>|               |==> zero
//! weight_sign ==>|  tile_memory  |
//!        beat -->|               |==> sign
//! write, swap -->+-------/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `write` | in | 1 | the loading tile takes beat `beat` at this edge |
//! | `beat` | in | clog2(BEATS) | |
//! | `weight_zero`, `weight_sign` | in | TRITS x 1 | the trits of a beat |
//! | `swap` | in | 1 | the held tile takes the loading one, as it was before this edge |
//! | `zero`, `sign` | out | COLUMNS x LANES, rounded up to whole bytes | the held tile |
//!
//! Parameters: [`Parameters`]; TRITS = `trits_per_beat()`, BEATS = `beats()`. Latency: 1 cycle to load, 1 to swap;
//! both may happen in one cycle. Golden: an array.
//!
//! A column takes whole bytes of five trits, column 0 first; only the last beat is padded, and that padding is not stored.
//! A memory is Verilog written by hand; `update` is compared with it over 100,000 random cycles.
//!
//! Does not: know which beats were written; `weight_tile` does.

use std::fmt::Write;
use std::ops::Range;

use rust_hdl::prelude::*;

use crate::Parameters;
use crate::hdl::{Bus, Pack, Word, clog2};

/// The tile being loaded and the tile being used.
#[derive(LogicBlock, Debug)]
pub struct TileMemory {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// The loading tile takes a beat at this edge.
    pub write: Bus<In>,
    /// Which beat of the tile.
    pub beat: Bus<In>,
    /// The beat's trits: which are zero.
    pub weight_zero: Pack<Bus<In>>,
    /// The beat's trits: their signs.
    pub weight_sign: Pack<Bus<In>>,
    /// The held tile takes the loading one at this edge.
    pub swap: Bus<In>,
    /// The held tile: which trits are zero.
    pub zero: Pack<Pack<Bus<Out>>>,
    /// The held tile: their signs.
    pub sign: Pack<Pack<Bus<Out>>>,
    /// The loading tile, (zero, sign), column after column.
    _loading: Vec<(Word, Word)>,
}

impl TileMemory {
    /// The tiles of the array that `parameters` describe, which are valid.
    pub fn new(parameters: &Parameters) -> Self {
        let (lanes, columns) = (parameters.padded_lanes() as usize, parameters.columns as usize);
        let trits = parameters.trits_per_beat() as usize;
        Self {
            clock: Signal::default(),
            write: Bus::new(1),
            beat: Bus::new(clog2(parameters.beats())),
            weight_zero: Pack::new(trits, 1),
            weight_sign: Pack::new(trits, 1),
            swap: Bus::new(1),
            zero: Pack::of(columns, || Pack::new(lanes, 1)),
            sign: Pack::of(columns, || Pack::new(lanes, 1)),
            _loading: vec![(Word::from(false), Word::from(false)); lanes * columns],
        }
    }

    /// The trits of the tile that a beat carries.
    fn of_beat(&self, beat: usize) -> Range<usize> {
        let per_beat = self.weight_zero.len();
        beat * per_beat..(beat * per_beat + per_beat).min(self._loading.len())
    }
}

impl Logic for TileMemory {
    fn update(&mut self) {
        if !self.clock.pos_edge() {
            return;
        }
        if self.swap.val().any() {
            let lanes = self.zero[0].len();
            for (i, (zero, sign)) in self._loading.iter().enumerate() {
                self.zero[i / lanes][i % lanes].next = *zero;
                self.sign[i / lanes][i % lanes].next = *sign;
            }
        }
        if self.write.val().any() {
            // A beat that the tile does not have is never written.
            let beat = usize::try_from(self.beat.val().value()).unwrap_or(0);
            for (i, to) in self.of_beat(beat).enumerate() {
                self._loading[to] = (self.weight_zero[i].val(), self.weight_sign[i].val());
            }
        }
    }

    fn connect(&mut self) {
        self.zero.connect();
        self.sign.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(self.text().unwrap_or_default())
    }
}

impl TileMemory {
    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut v = String::new();
        let top = self._loading.len() - 1;
        writeln!(v, "// The tile being loaded, column after column, and the one being used.")?;
        writeln!(v, "reg [{top}:0] loading_zero;\nreg [{top}:0] loading_sign;")?;
        writeln!(v, "reg [{top}:0] held_zero;\nreg [{top}:0] held_sign;")?;
        writeln!(v, "assign zero = held_zero;\nassign sign = held_sign;")?;
        if self.of_beat(0).len() < self.weight_zero.len() {
            let unused = format!("[{}:{}]", self.weight_zero.len() - 1, self.of_beat(0).len());
            writeln!(v, "wire unused_padding = &{{1'b0, weight_zero{unused}, weight_sign{unused}}};")?;
        }
        writeln!(v, "always @(posedge clock) begin\n  if (swap) begin")?;
        writeln!(v, "    held_zero <= loading_zero;\n    held_sign <= loading_sign;\n  end")?;
        let beats = self._loading.len().div_ceil(self.weight_zero.len());
        for beat in 0..beats {
            let to = self.of_beat(beat);
            let from = format!("[{}:0]", to.len() - 1);
            let to = format!("[{}:{}]", to.end - 1, to.start);
            writeln!(v, "  if (write && beat == {}'d{beat}) begin", self.beat.bits())?;
            writeln!(v, "    loading_zero{to} <= weight_zero{from};")?;
            writeln!(v, "    loading_sign{to} <= weight_sign{from};\n  end")?;
        }
        writeln!(v, "end")?;
        Ok(v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn memory(parameters: &Parameters) -> Bench<TileMemory> {
        bench!(
            TileMemory::new(parameters),
            "tile_memory": write, beat, weight_zero, weight_sign, swap => zero, sign
        )
    }

    fn parameters(lanes: u32, columns: u32, stream_bits: u32) -> Parameters {
        Parameters { lanes, columns, tokens: 1, stream_bits, acc_bits: 24 }
    }

    /// The trits of a tile without the last beat's padding, from beats one after the other.
    fn unpadded(stream: &[u64], p: &Parameters) -> Vec<u64> {
        stream[..(p.columns * p.padded_lanes()) as usize].to_vec()
    }

    #[test]
    fn equals_an_array_over_100_000_random_cycles() {
        // Columns that end within, at and across beats; padding within and behind columns; one beat.
        let shapes = [
            (parameters(7, 3, 16), 100_000),
            (parameters(12, 2, 24), 10_000),
            (parameters(1, 1, 16), 10_000),
        ];
        for (p, count) in shapes {
            let (trits, beats) = (p.trits_per_beat() as usize, p.beats());
            let mut random = Random::new(count);
            let mut cycle = |i: u64| {
                let mut bits = || (0..trits).map(|_| random.below(2)).collect::<Vec<_>>();
                let (zero, sign) = (bits(), bits());
                // First all beats and a swap, then at random.
                let (write, beat, swap) = if i <= beats {
                    ((i < beats).into(), i % beats, (i == beats).into())
                } else {
                    (random.below(2), random.below(beats), random.below(2))
                };
                vec![vec![write], vec![beat], zero, sign, vec![swap]]
            };
            let cycles: Vec<Values> = (0..count).map(&mut cycle).collect();
            let known = usize::try_from(beats).expect("few") + 1;
            let outputs = memory(&p).run(&cycles, known);
            let mut loading = [vec![0; trits * (known - 1)], vec![0; trits * (known - 1)]];
            let mut held = loading.clone();
            for (i, (cycle, output)) in cycles.iter().zip(outputs).enumerate() {
                assert!(i < known || output == held.each_ref().map(|stream| unpadded(stream, &p)));
                if cycle[4][0] == 1 {
                    held = loading.clone();
                }
                if cycle[0][0] == 1 {
                    let start = usize::try_from(cycle[1][0]).expect("a beat") * trits;
                    loading[0][start..start + trits].copy_from_slice(&cycle[2]);
                    loading[1][start..start + trits].copy_from_slice(&cycle[3]);
                }
            }
        }
    }

    #[test]
    fn a_beat_shows_after_a_write_and_a_swap_and_not_before() {
        let cycle = |write, trit, swap| vec![vec![write], vec![0], vec![trit; 5], vec![0; 5], vec![swap]];
        let zero = [cycle(1, 0, 0), cycle(0, 0, 1)];
        let one = [cycle(1, 1, 0), cycle(0, 0, 1), cycle(0, 0, 0)];
        let outputs = memory(&parameters(5, 1, 8)).run(&[zero.as_slice(), &one].concat(), 2);
        assert_eq!([2, 3, 4].map(|cycle: usize| outputs[cycle][0][0]), [0, 0, 1]);
    }

    #[test]
    fn synthesises() {
        memory(&parameters(1, 1, 8)).assert_synthesises();
        memory(&parameters(12, 2, 24)).assert_synthesises();
    }
}
