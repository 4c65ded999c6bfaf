//! Two tiles of trits: one is loaded a beat at a time while the other is used.
//!
//! ```text
//!                +---------------+
//!   weight_nz ==>|               |==> nonzero
//!  weight_neg ==>|  tile_memory  |
//!        beat -->|               |==> negative
//! write, swap -->+-------/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock` | in | 1 | rising edge |
//! | `write` | in | 1 | the loading tile takes beat `beat` at this edge |
//! | `beat` | in | clog2(BEATS) | |
//! | `weight_nz`, `weight_neg` | in | TRITS x 1 | the trits of a beat |
//! | `swap` | in | 1 | the held tile takes the loading one, as it was before this edge |
//! | `nonzero`, `negative` | out | COLUMNS x LANES | the held tile |
//!
//! Parameters: [`Parameters`]; TRITS = `trits_per_beat()`, BEATS = `beats()`. Latency: 1 cycle to load, 1 to swap;
//! both may happen in one cycle. Golden: an array.
//!
//! In the stream, a column takes LANES trits padded to whole bytes of five, column 0 first; the last beat is padded.
//! Padding is not stored. A memory is Verilog written by hand; `update` is compared with it over 100,000 random cycles.
//!
//! Does not: know which beats were written; `weight_tile` does.

use std::fmt::Write;

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
    /// The beat's trits: not zero.
    pub weight_nz: Pack<Bus<In>>,
    /// The beat's trits: -1.
    pub weight_neg: Pack<Bus<In>>,
    /// The held tile takes the loading one at this edge.
    pub swap: Bus<In>,
    /// The held tile: not zero.
    pub nonzero: Pack<Pack<Bus<Out>>>,
    /// The held tile: -1.
    pub negative: Pack<Pack<Bus<Out>>>,
    /// The loading tile, (nonzero, negative), column after column without padding.
    _loading: Vec<(Word, Word)>,
    _parameters: Parameters,
}

/// Consecutive trits of a beat that are consecutive in the tile, too.
struct Run {
    beat: usize,
    /// First trit of the beat.
    from: usize,
    /// First trit of the tile, padding not counted.
    to: usize,
    length: usize,
}

impl TileMemory {
    /// The tiles of the array that `parameters` describe, which are valid.
    pub fn new(parameters: &Parameters) -> Self {
        let (lanes, columns) = (parameters.lanes as usize, parameters.columns as usize);
        let trits = parameters.trits_per_beat() as usize;
        Self {
            clock: Signal::default(),
            write: Bus::new(1),
            beat: Bus::new(clog2(parameters.beats())),
            weight_nz: Pack::new(trits, 1),
            weight_neg: Pack::new(trits, 1),
            swap: Bus::new(1),
            nonzero: Pack::of(columns, || Pack::new(lanes, 1)),
            negative: Pack::of(columns, || Pack::new(lanes, 1)),
            _loading: vec![(Word::from(false), Word::from(false)); lanes * columns],
            _parameters: *parameters,
        }
    }

    /// Where each trit of the stream goes, in the stream's order.
    fn runs(&self) -> Vec<Run> {
        let lanes = self._parameters.lanes as usize;
        let padded = self._parameters.padded_lanes() as usize;
        let per_beat = self.weight_nz.len();
        let mut runs = vec![];
        for column in 0..self.nonzero.len() {
            let mut lane = 0;
            while lane < lanes {
                let (beat, from) = ((column * padded + lane) / per_beat, (column * padded + lane) % per_beat);
                let length = (per_beat - from).min(lanes - lane);
                runs.push(Run { beat, from, to: column * lanes + lane, length });
                lane += length;
            }
        }
        runs
    }
}

impl Logic for TileMemory {
    fn update(&mut self) {
        if !self.clock.pos_edge() {
            return;
        }
        if self.swap.val().any() {
            let lanes = self.nonzero[0].len();
            for (i, (nonzero, negative)) in self._loading.iter().enumerate() {
                self.nonzero[i / lanes][i % lanes].next = *nonzero;
                self.negative[i / lanes][i % lanes].next = *negative;
            }
        }
        if self.write.val().any() {
            let beat = self.beat.val().value();
            for run in self.runs().into_iter().filter(|run| run.beat as u64 == beat) {
                for i in 0..run.length {
                    self._loading[run.to + i] =
                        (self.weight_nz[run.from + i].val(), self.weight_neg[run.from + i].val());
                }
            }
        }
    }

    fn connect(&mut self) {
        self.nonzero.connect();
        self.negative.connect();
    }

    fn hdl(&self) -> Verilog {
        Verilog::Custom(self.text().unwrap_or_default())
    }
}

impl TileMemory {
    fn text(&self) -> Result<String, std::fmt::Error> {
        let runs = self.runs();
        let mut v = String::new();
        let top = self._loading.len() - 1;
        writeln!(v, "// The tile being loaded, column after column, without the stream's padding.")?;
        writeln!(v, "reg [{top}:0] loading_nonzero;\nreg [{top}:0] loading_negative;")?;
        writeln!(v, "reg [{top}:0] held_nonzero;\nreg [{top}:0] held_negative;")?;
        writeln!(v, "assign nonzero = held_nonzero;\nassign negative = held_negative;")?;
        let unused = self.padding(&runs);
        if !unused.is_empty() {
            writeln!(v, "wire unused_padding = &{{1'b0, {}}};", unused.join(", "))?;
        }
        writeln!(v, "always @(posedge clock) begin\n  if (swap) begin")?;
        writeln!(v, "    held_nonzero <= loading_nonzero;\n    held_negative <= loading_negative;\n  end")?;
        for of_beat in runs.chunk_by(|a, b| a.beat == b.beat) {
            writeln!(v, "  if (write && beat == {}'d{}) begin", self.beat.bits(), of_beat[0].beat)?;
            for run in of_beat {
                let to = format!("[{}:{}]", run.to + run.length - 1, run.to);
                let from = format!("[{}:{}]", run.from + run.length - 1, run.from);
                writeln!(v, "    loading_nonzero{to} <= weight_nz{from};")?;
                writeln!(v, "    loading_negative{to} <= weight_neg{from};")?;
            }
            writeln!(v, "  end")?;
        }
        writeln!(v, "end")?;
        Ok(v)
    }

    /// The trits of a beat that are padding in every beat: read by nothing.
    fn padding(&self, runs: &[Run]) -> Vec<String> {
        let mut used = vec![false; self.weight_nz.len()];
        runs.iter().for_each(|run| used[run.from..run.from + run.length].fill(true));
        let mut names = vec![];
        let mut start = 0;
        for group in used.chunk_by(|a, b| a == b) {
            if !group[0] {
                let slice = format!("[{}:{}]", start + group.len() - 1, start);
                names.extend([format!("weight_nz{slice}"), format!("weight_neg{slice}")]);
            }
            start += group.len();
        }
        names
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
            "tile_memory": write, beat, weight_nz, weight_neg, swap => nonzero, negative
        )
    }

    fn parameters(lanes: u32, columns: u32, stream_bits: u32) -> Parameters {
        Parameters { lanes, columns, tokens: 1, stream_bits, acc_bits: 24 }
    }

    /// The trits of a tile without padding, from beats one after the other.
    fn unpadded(stream: &[u64], p: &Parameters) -> Vec<u64> {
        let columns = stream.chunks(p.padded_lanes() as usize).take(p.columns as usize);
        columns.flat_map(|column| column[..p.lanes as usize].to_vec()).collect()
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
                let (nz, neg) = (bits(), bits());
                // First all beats and a swap, then at random.
                let (write, beat, swap) = if i <= beats {
                    ((i < beats).into(), i % beats, (i == beats).into())
                } else {
                    (random.below(2), random.below(beats), random.below(2))
                };
                vec![vec![write], vec![beat], nz, neg, vec![swap]]
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
