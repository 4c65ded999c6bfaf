//! The weight side of the array: beats of trits in, a held tile out.
//!
//! ```text
//!                  +---------------+
//!  weight_valid -->|               |--> held
//!  weight_ready <--|  weight_tile  |==> zero
//!   weight_zero ==>|               |==> sign
//!   weight_sign ==>|               |<-- release_tile
//!                  +-------/\------+
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops both tiles |
//! | `weight_valid`, `weight_ready` | in, out | 1, 1 | a beat is taken when both are high at the edge |
//! | `weight_zero`, `weight_sign` | in | TRITS x 1 | the trits (C-LANE-3) of a beat,
//! [`contract::latency::WEIGHT_DATA_CYCLES`] after it was taken |
//! | `held` | out | 1 | a tile is held |
//! | `release_tile` | in | 1 | this is the last cycle that uses it; only while `held` |
//! | `zero`, `sign` | out | COLUMNS x LANES, rounded up to whole bytes | the tile that was held
//! [`contract::latency::WEIGHT_DATA_CYCLES`] before |
//!
//! Parameters: [`Parameters`]. Latency: last beat taken to `held`, [`contract::latency::TILE_SWAP_CYCLES`]; a beat a
//! cycle while tiles are released in time. Golden: the trits of the stream, in order.
//!
//! A full loading tile moves to the held one when there is none, or in the very cycle of its release, and that cycle
//! already takes the next tile's first beat. So `weight_ready` depends on `release_tile` in the same cycle. That is what the
//! ports agree on; the trits follow [`contract::latency::WEIGHT_DATA_CYCLES`] later, when they have been read and decoded.
//!
//! Does not: decode bytes, or buffer more than one tile ahead.

use contract::latency::WEIGHT_DATA_CYCLES;
use rust_hdl::prelude::*;

use crate::Parameters;
use crate::hdl::{Bus, Number, Pack, Register, ResetRegister, Wires, clog2, signed_cast};
use crate::tile_memory::TileMemory;

/// A double-buffered tile of trits.
#[derive(LogicBlock, Debug)]
pub struct WeightTile {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Drops both tiles.
    pub reset: Bus<In>,
    /// A beat is offered.
    pub weight_valid: Bus<In>,
    /// A beat can be taken.
    pub weight_ready: Bus<Out>,
    /// The beat's trits: which are zero.
    pub weight_zero: Pack<Bus<In>>,
    /// The beat's trits: their signs.
    pub weight_sign: Pack<Bus<In>>,
    /// A tile is held.
    pub held: Bus<Out>,
    /// The held tile is used for the last time.
    pub release_tile: Bus<In>,
    /// The held tile: which trits are zero.
    pub zero: Pack<Pack<Bus<Out>>>,
    /// The held tile: their signs.
    pub sign: Pack<Pack<Bus<Out>>>,
    tile_memory: TileMemory,
    write_stage: Vec<ResetRegister>,
    swap_stage: Vec<ResetRegister>,
    beat_stage: Vec<Register>,
    beat_register: ResetRegister,
    loaded_register: ResetRegister,
    held_register: ResetRegister,
    write: Bus<Local>,
    at_last_beat: Bus<Local>,
    fill: Bus<Local>,
    swap: Bus<Local>,
    last_beat: Number,
    _last_stage: usize,
}

impl WeightTile {
    /// The weight side of the array that `parameters` describe, which are valid.
    pub fn new(parameters: &Parameters) -> Self {
        let (lanes, columns) = (parameters.padded_lanes() as usize, parameters.columns as usize);
        let trits = parameters.trits_per_beat() as usize;
        let beat_bits = clog2(parameters.beats());
        let stages = WEIGHT_DATA_CYCLES as usize;
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            weight_valid: Bus::new(1),
            weight_ready: Bus::new(1),
            weight_zero: Pack::new(trits, 1),
            weight_sign: Pack::new(trits, 1),
            held: Bus::new(1),
            release_tile: Bus::new(1),
            zero: Pack::of(columns, || Pack::new(lanes, 1)),
            sign: Pack::of(columns, || Pack::new(lanes, 1)),
            tile_memory: TileMemory::new(parameters),
            write_stage: (0..stages).map(|_| ResetRegister::new(1)).collect(),
            swap_stage: (0..stages).map(|_| ResetRegister::new(1)).collect(),
            beat_stage: (0..stages).map(|_| Register::new(beat_bits)).collect(),
            beat_register: ResetRegister::new(beat_bits),
            loaded_register: ResetRegister::new(1),
            held_register: ResetRegister::new(1),
            write: Bus::new(1),
            at_last_beat: Bus::new(1),
            fill: Bus::new(1),
            swap: Bus::new(1),
            last_beat: Number::new(parameters.beats() - 1, beat_bits),
            _last_stage: stages - 1,
        }
    }
}

impl Logic for WeightTile {
    #[hdl_gen]
    fn update(&mut self) {
        comment!(
            "Takes beats of trits, holds a tile. A loaded tile is held as soon as the held one is released."
        );
        clock!(self, clock, tile_memory, beat_register, loaded_register, held_register);
        self.beat_register.reset.next = self.reset.val();
        self.loaded_register.reset.next = self.reset.val();
        self.held_register.reset.next = self.reset.val();

        self.swap.next =
            self.loaded_register.q.val() & (!self.held_register.q.val() | self.release_tile.val());
        self.weight_ready.next = !self.loaded_register.q.val() | self.swap.val();
        self.write.next = self.weight_valid.val() & self.weight_ready.val();
        self.at_last_beat.next = (self.beat_register.q.val() == self.last_beat.val()).into();
        self.fill.next = self.write.val() & self.at_last_beat.val();

        self.beat_register.enable.next = self.write.val();
        self.beat_register.d.next = signed_cast(!self.at_last_beat.val(), self.beat_register.q.bits())
            & (self.beat_register.q.val() + 1);
        self.loaded_register.enable.next = self.fill.val() | self.swap.val();
        self.loaded_register.d.next = self.fill.val();
        self.held_register.enable.next = self.swap.val() | self.release_tile.val();
        self.held_register.d.next = self.swap.val();
        self.held.next = self.held_register.q.val();

        // What moves the trits comes as late as they do.
        for i in 0..self.write_stage.len() {
            self.write_stage[i].clock.next = self.clock.val();
            self.swap_stage[i].clock.next = self.clock.val();
            self.beat_stage[i].clock.next = self.clock.val();
            self.write_stage[i].reset.next = self.reset.val();
            self.swap_stage[i].reset.next = self.reset.val();
            self.write_stage[i].enable.next = true.into();
            self.swap_stage[i].enable.next = true.into();
            self.beat_stage[i].enable.next = true.into();
        }
        self.write_stage[0].d.next = self.write.val();
        self.swap_stage[0].d.next = self.swap.val();
        self.beat_stage[0].d.next = self.beat_register.q.val();
        for i in 1..self.write_stage.len() {
            self.write_stage[i].d.next = self.write_stage[i - 1].q.val();
            self.swap_stage[i].d.next = self.swap_stage[i - 1].q.val();
            self.beat_stage[i].d.next = self.beat_stage[i - 1].q.val();
        }
        for i in self._last_stage..self.write_stage.len() {
            self.tile_memory.write.next = self.write_stage[i].q.val();
            self.tile_memory.swap.next = self.swap_stage[i].q.val();
            self.tile_memory.beat.next = self.beat_stage[i].q.val();
        }
        Wires::join(&mut self.weight_zero, &mut self.tile_memory.weight_zero);
        Wires::join(&mut self.weight_sign, &mut self.tile_memory.weight_sign);
        Wires::join(&mut self.tile_memory.zero, &mut self.zero);
        Wires::join(&mut self.tile_memory.sign, &mut self.sign);
    }
}

#[cfg(test)]
mod tests {
    use contract::latency::TILE_SWAP_CYCLES;

    use super::*;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn tile(parameters: &Parameters) -> Bench<WeightTile> {
        bench!(
            WeightTile::new(parameters),
            "weight_tile": reset, weight_valid, weight_zero, weight_sign, release_tile => weight_ready, held, zero, sign
        )
    }

    /// Lanes in whole bytes and tiles in whole beats: what the block holds is what the stream carried.
    fn parameters(columns: u32) -> Parameters {
        Parameters { lanes: 5, columns, tokens: 1, stream_bits: 8, acc_bits: 24 }
    }

    fn cycle(reset: bool, valid: bool, zero: Vec<u64>, sign: Vec<u64>, release: bool) -> Values {
        vec![vec![reset.into()], vec![valid.into()], zero, sign, vec![release.into()]]
    }

    /// What the header promises, as a model: at most one full loading tile, and a held one. A beat is the cycle in which it
    /// was taken.
    #[test]
    fn equals_a_double_buffer() {
        let lag = WEIGHT_DATA_CYCLES as usize;
        for columns in [1, 3] {
            let p = parameters(columns);
            let beats = columns as usize;
            let mut random = Random::new(columns.into());
            let mut cycles = vec![cycle(true, false, vec![0; 5], vec![0; 5], false)];
            let mut expected = vec![(true, None)];
            let (mut loading, mut held) = (vec![], None::<Vec<usize>>);
            for i in 1..20_000 {
                // Phases in which the stream, or the user of tiles, is the slower one.
                let (eager, busy) = if i / 1000 % 2 == 0 { (95, 50) } else { (40, 95) };
                let (reset, valid) = (random.chance(1), random.chance(eager));
                let release = held.is_some() && random.chance(100 - busy);
                let mut trits = || (0..5).map(|_| random.below(2)).collect::<Vec<_>>();
                cycles.push(cycle(reset, valid, trits(), trits(), release));
                let full = loading.len() == beats;
                let swap = full && (held.is_none() || release);
                let ready = !full || swap;
                expected.push((ready, held.clone()));
                if swap {
                    held = Some(std::mem::take(&mut loading));
                } else if release {
                    held = None;
                }
                if valid && ready {
                    loading.push(i);
                }
                if reset {
                    (loading, held) = (vec![], None);
                }
            }
            let outputs = tile(&p).run(&cycles, 100);
            let mut compared = 0;
            for (i, ((ready, held), output)) in expected.iter().zip(&outputs).enumerate().skip(1) {
                assert_eq!(
                    (output[0][0], output[1][0]),
                    ((*ready).into(), held.is_some().into()),
                    "cycle {i}"
                );
                // The tile follows, and so do its beats; a reset stops them.
                let Some(follows) = cycles.get(i..=i + lag) else { continue };
                if let Some(beats) = held
                    && follows.iter().all(|cycle| cycle[0] == [0])
                {
                    let of = |wire: usize| {
                        beats.iter().flat_map(|taken| cycles[taken + lag][wire].clone()).collect()
                    };
                    let flat: [Vec<u64>; 2] = [2, 3].map(of);
                    assert_eq!(outputs[i + lag][2..], flat, "cycle {i}");
                    compared += 1;
                }
            }
            assert!(compared > 5000, "too few to tell: {compared}");
        }
    }

    #[test]
    fn a_tile_is_held_exactly_its_latency_after_the_last_beat() {
        let beat = || cycle(false, true, vec![1; 5], vec![0; 5], false);
        let mut cycles = vec![cycle(true, false, vec![0; 5], vec![0; 5], false)];
        cycles.extend((0..9).map(|_| beat()));
        let outputs = tile(&parameters(3)).run(&cycles, 9);
        // The third beat is taken in cycle 3.
        let usable = 3 + TILE_SWAP_CYCLES as usize;
        assert_eq!([usable - 1, usable].map(|cycle| outputs[cycle][1][0]), [0, 1]);
        // The swap takes no beat from the stream: six beats in a row, and then the loading tile is full.
        let ready: Vec<u64> = outputs[1..].iter().map(|output| output[0][0]).collect();
        assert_eq!(ready, [1, 1, 1, 1, 1, 1, 0, 0, 0]);
    }

    #[test]
    fn synthesises() {
        tile(&parameters(1)).assert_synthesises();
        tile(&parameters(3)).assert_synthesises();
    }
}
