//! What an engine has around its array, as the blocks of `rtl` have it: registers, queues, counters, adders and comparators, each with what
//! clocks it. A test counts the flip-flops of the emitted Verilog, and how often what clocks them happens.
//!
//! A row of [`rows`] is a few registers that are clocked together, and the adders and comparators between them. Its bits are counted in the
//! cycles in which something passes, as those of the array are; whatever its bits are, a register is taken to switch all of them.
//!
//! Does not: count multiplexers, decoders of addresses and other gates, or what stands still unless a driver reads a register.

mod occurrences;
mod rows;

use energy::events::Switched;

pub use self::occurrences::Occurrences;
use self::rows::rows;
use crate::Error;
use crate::engine::Sizes;

/// What a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Registers of a driver, queues of jobs, controllers, the read master, places in FIFOs and buffers.
    Control,
    /// The requantiser.
    Requantizer,
}

/// What an engine has of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// Flip-flops.
    pub flip_flops: u64,
    /// Bits of small memories: queues of jobs, a maximum a slot.
    pub memory_bits: u64,
    /// Bits of adders, subtractors and comparators.
    pub adder_bits: u64,
}

/// What an engine has of a part.
pub fn built(part: Part, sizes: &Sizes) -> Built {
    rows(sizes).iter().filter(|row| row.part == part).fold(Built::default(), |sum, row| Built {
        flip_flops: sum.flip_flops + row.flip_flops,
        memory_bits: sum.memory_bits + row.memory_bits,
        adder_bits: sum.adder_bits + row.adder_bits,
    })
}

/// What switched in a part.
///
/// # Errors
/// A count beyond 64 bits.
pub fn switched(part: Part, sizes: &Sizes, occurrences: &Occurrences) -> Result<Switched, Error> {
    let (mut registers, mut adders) = (0_u128, 0_u128);
    for row in rows(sizes).iter().filter(|row| row.part == part) {
        for &(event, times) in row.events {
            let count = u128::from(occurrences.of_event(event)) * u128::from(times);
            registers += count * u128::from(row.switched.register_bits);
            adders += count * u128::from(row.switched.adder_bits);
        }
    }
    let count =
        |bits| u64::try_from(bits).map_err(|_| Error::Energy("more than 2^64 bits switch".to_owned()));
    Ok(Switched { register_bits: count(registers)?, adder_bits: count(adders)? })
}

/// Bits that address so many places; at least one.
pub(crate) fn address_bits(places: u64) -> u64 {
    u64::from(u64::BITS - places.saturating_sub(1).leading_zeros()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Counters, Job, Matrix};

    fn sizes() -> Sizes {
        Sizes {
            lanes: 5,
            columns: 2,
            tokens: 2,
            column_bytes: 1,
            activation_bytes: 1,
            stream_bits: 8,
            activation_bits: 40,
            activation_words: 4,
            result_lanes: 2,
            dividers: 1,
            fifo_beats: 4,
            burst_beats: 2,
        }
    }

    /// 3 x 6 in tiles of two columns and steps of five lanes, for two tokens.
    fn matrix_job(maximum: bool) -> Job {
        let matrix = Some(Matrix { inputs: 6, keep: false, address: 0 });
        Job { outputs: 3, tokens: 2, matrix, raw: true, maximum, scale: false }
    }

    #[test]
    fn what_a_job_makes_happen_worked_by_hand() {
        // Two tiles of two steps of two bytes, a beat each, in bursts of two.
        let happened = Occurrences::of(&sizes(), &matrix_job(false), false);
        let expected = Occurrences {
            jobs: 1,
            bursts: 4,
            weight_beats: 8,
            steps: 4,
            tiles: 2,
            tokens: 8,
            activation_beats: 4,
            activation_words: 4,
            results: 4,
            collected_tiles: 2,
            collected: 4,
            beats: 4,
            raw_beats: 4,
            ..Occurrences::default()
        };
        assert_eq!(happened, expected);
        let kept = Occurrences::of(&sizes(), &matrix_job(false), true);
        assert_eq!((kept.activation_words, kept.activation_beats), (0, 0));
        // From the second beat of a burst on, it takes one more.
        let matrix = Some(Matrix { inputs: 6, keep: false, address: 1 });
        let late = Occurrences::of(&sizes(), &Job { matrix, ..matrix_job(false) }, false);
        assert_eq!(late.bursts, 5);
        let vector = Job { matrix: None, raw: false, scale: true, ..matrix_job(false) };
        let vector = Occurrences::of(&sizes(), &vector, false);
        assert_eq!((vector.beats, vector.vector_beats, vector.scaled_beats), (4, 4, 4));
        assert_eq!((vector.tokens, vector.results, vector.collected), (0, 0, 4));
    }

    #[test]
    fn a_requantizer_worked_by_hand() {
        let built = built(Part::Requantizer, &sizes());
        // A beat of two values with valid, a slot and five flags; a level with a slot and three flags; two dividers with 33 bits of
        // remainder, nine digits and a sign, and M, last and four bits of count; two turns; two entries of INT8s, and of values.
        let (beat, level) = (2 * 32 + 1 + 1 + 5, 32 + 1 + 3);
        let start = 2 * (33 + 9 + 1) + 32 + 1 + 4;
        assert_eq!(built.flip_flops, beat + level + start + 2 + 2 * (2 * 8 + 2) + 2 * (2 * 32 + 1));
        assert_eq!(built.memory_bits, 2 * 32);
        // Magnitudes of 32 bits and dividends of 40; a comparison of neighbours, and with the slot's; M from 33 bits, and a rounded INT8.
        let divide = 2 * (33 + 8) + 4;
        assert_eq!(built.adder_bits, 2 * (32 + 40) + 32 + 32 + divide);

        let of =
            |job| switched(Part::Requantizer, &sizes(), &Occurrences::of(&sizes(), &job, false)).unwrap();
        // Four beats each. A maximum is found whether or not anybody asks for it, and written only then.
        let raw = of(matrix_job(false));
        assert_eq!((raw.register_bits, raw.adder_bits), (4 * (beat + level), 4 * (144 + 32)));
        let maximum = of(matrix_job(true));
        assert_eq!(maximum.register_bits, 4 * (beat + level + 32));
        assert_eq!(maximum.adder_bits, 4 * (144 + 32 + 32));
        let scaled = of(Job { matrix: None, raw: false, scale: true, ..matrix_job(false) });
        // A start, nine digits, and the result taken, whose turn passes.
        let digits = 9 * (2 * (33 + 9) + 4);
        assert_eq!(scaled.register_bits, 4 * (beat + start + digits + 4 + 2 + 18 + 65));
        assert_eq!(scaled.adder_bits, 4 * (144 + 9 * divide + 4));
    }

    #[test]
    fn control_worked_by_hand() {
        let happened = Occurrences::of(&sizes(), &matrix_job(false), false);
        let quiet = switched(Part::Control, &sizes(), &happened).unwrap();
        // Seven writes; six registers; jobs done; slots in use, up and down; three queues of a memory, its output, two rows of two bits
        // and a count up and down; controller, sequencer, walker, cutter and the job's address.
        let queue = |bits: u64| bits + (bits + 1) + 4 + 2 * 4;
        let job: u64 =
            7 * 49 + 6 * 32 + 33 + 2 * 3 + queue(57) + queue(36) + queue(109) + 27 + 6 + 25 + 6 + 64;
        let (step, tile, collected_tile) = (26 + 24 + 4, 22 + 21, 23);
        let (token, activation_beat, activation_word) = (32 + 1 + 6, 32 + 42, 8);
        // Sixteen rows of results, whose count goes up and down.
        let (results, collected, beat, raw_beat) = (2 + 10 + 2 * 5, 1, 32 + 3, 66);
        let (weight_beat, burst) = (32 + 15 + 11 + 2 * 6 + 6, 4 + 196 + 6);
        let expected = job
            + 4 * step
            + 2 * (tile + collected_tile)
            + 8 * token
            + 4 * (activation_beat + activation_word)
            + 4 * (results + collected + beat + raw_beat)
            + 8 * weight_beat
            + 4 * burst;
        assert_eq!(quiet.register_bits, expected);
        let job: u64 = 32 + 2 * 3 + 3 * (4 + 2 * 2) + 11 + 11 + 6;
        let (step, tile, collected_tile) = (25 + 48 + 15, 22 + 42, 22);
        let (token, activation_beat, activation_word) = (32 + 2 + 4, 32 + 2, 8);
        let (results, collected, beat) = (12 + 2 * 4, 2, 32 + 4);
        let (weight_beat, burst) = (32 + 1 + 4 + 2 * 4 + 12, 15 + 64 + 3 + 12);
        let expected = job
            + 4 * step
            + 2 * (tile + collected_tile)
            + 8 * token
            + 4 * (activation_beat + activation_word)
            + 4 * (results + collected + beat)
            + 8 * weight_beat
            + 4 * burst;
        assert_eq!(quiet.adder_bits, expected);

        // A cycle of a job counts itself, and why nothing entered the array; in each of three engines.
        let counters =
            Counters { busy_cycles: 10, weight_starved: 5, output_blocked: 1, ..Counters::default() };
        let waited = switched(Part::Control, &sizes(), &happened.with_cycles(&counters, 3)).unwrap();
        assert_eq!(waited.register_bits - quiet.register_bits, 3 * 16 * 32);
        assert_eq!(waited.adder_bits - quiet.adder_bits, 3 * 16 * 32);
    }

    #[test]
    fn what_does_not_fit_64_bits_is_an_error() {
        let happened = Occurrences { busy: u64::MAX, ..Occurrences::default() };
        assert!(switched(Part::Control, &sizes(), &happened).is_err());
    }
}
