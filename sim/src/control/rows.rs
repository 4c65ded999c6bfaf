//! The registers around an array, block by block.

use contract::latency::{DIVIDER_DIGITS, WEIGHT_DATA_CYCLES, maximum_levels};
use contract::requantize::DIGITS;
use energy::events::Switched;

use super::occurrences::{Event, beats_of_word};
use super::{Part, address_bits};
use crate::engine::Sizes;

/// Widths of a job's fields: N, K, tokens, the address of its weights, and its flags without KEEP.
const N_BITS: u64 = 21;
const K_BITS: u64 = 24;
const TOKENS_BITS: u64 = 11;
const ADDRESS_BITS: u64 = 64;
const FLAGS_BITS: u64 = 4;
/// A register, and the address of a register's word.
const REGISTER_BITS: u64 = 32;
const WORD_ADDRESS_BITS: u64 = 11;
/// Registers that describe a job; one more is written to start it.
const JOB_REGISTERS: u64 = 6;
/// Jobs that wait in a queue.
const JOB_SLOTS: u64 = 4;
/// A value that is requantised.
const VALUE_BITS: u64 = 32;
/// An INT8, as the requantiser gives it.
const QUANTIZED_BITS: u64 = 8;

/// Bits that are there, and bits that something clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub part: Part,
    pub flip_flops: u64,
    /// Of a memory of a few rows.
    pub memory_bits: u64,
    /// Of adders, subtractors and comparators.
    pub adder_bits: u64,
    /// Each time: register bits, and the adders that settle on what they hold.
    pub switched: Switched,
    /// How often in each of those.
    pub events: &'static [(Event, u64)],
}

/// Collects rows of a part.
struct Rows {
    part: Part,
    rows: Vec<Row>,
}

impl Rows {
    /// Registers and adders that all switch each time.
    fn add(&mut self, register_bits: u64, adder_bits: u64, events: &'static [(Event, u64)]) {
        self.rows.push(Row {
            part: self.part,
            flip_flops: register_bits,
            memory_bits: 0,
            adder_bits,
            switched: Switched { register_bits, adder_bits },
            events,
        });
    }

    /// A memory that is written a row at a time.
    fn memory(&mut self, count: u64, bits: u64, events: &'static [(Event, u64)]) {
        self.add(0, 0, events);
        if let Some(row) = self.rows.last_mut() {
            row.memory_bits = count * bits;
            row.switched.register_bits = bits;
        }
    }

    /// A queue of jobs: a memory whose output register offers the first.
    fn queue(&mut self, bits: u64) {
        self.memory(JOB_SLOTS, bits, &[(Event::Job, 1)]);
        self.add(bits + 1, 0, &[(Event::Job, 1)]);
        // The next rows to write and to read; how many are in use, and whether all or any are.
        let row = address_bits(JOB_SLOTS);
        self.add(2 * row, 2 * row, &[(Event::Job, 1)]);
        self.add(row + 2, row, &[(Event::Job, 2)]);
    }

    /// Two entries of a stream of `bits` bits, last and valid among them; the spare one fills only where the first one waits.
    fn stream_register(&mut self, bits: u64, events: &'static [(Event, u64)]) {
        self.add(bits, 0, events);
        self.add(bits, 0, &[]);
    }
}

/// What an engine has around its array.
pub(super) fn rows(sizes: &Sizes) -> Vec<Row> {
    let mut rows = Rows { part: Part::Control, rows: Vec::new() };
    registers_and_queues(&mut rows);
    controllers(&mut rows, sizes);
    buffers(&mut rows, sizes);
    read_master(&mut rows, sizes);
    rows.part = Part::Requantizer;
    requantizer(&mut rows, sizes);
    rows.rows
}

/// `axi_lite`, `csr`, `job_registers`, `job_queue`.
fn registers_and_queues(rows: &mut Rows) {
    // A write's address, data and whether all its bytes are written; what is held of it and its answer. Then a read's.
    rows.add(WORD_ADDRESS_BITS + REGISTER_BITS + 1 + 5, 0, &[(Event::Job, JOB_REGISTERS + 1)]);
    rows.add(WORD_ADDRESS_BITS + 3, 0, &[]);
    rows.add(JOB_REGISTERS * REGISTER_BITS, 0, &[(Event::Job, 1)]);
    let counters: [&'static [(Event, u64)]; 8] = [
        &[(Event::Busy, 1)],
        &[(Event::Token, 1)],
        &[(Event::WeightStarved, 1)],
        &[(Event::ActivationStarved, 1)],
        &[(Event::OutputBlocked, 1)],
        &[(Event::WeightBeat, 1)],
        &[(Event::ActivationBeat, 1)],
        &[(Event::Beat, 1)],
    ];
    counters.into_iter().for_each(|events| rows.add(REGISTER_BITS, REGISTER_BITS, events));
    // Jobs done, and that one is.
    rows.add(REGISTER_BITS + 1, REGISTER_BITS, &[(Event::Job, 1)]);
    // Status, what was read and whether it could be; abort, five errors, two interrupts that are enabled.
    rows.add(2 * REGISTER_BITS + 1 + 1 + 5 + 2, 0, &[]);
    // Slots in use; then the queues for the array, with KEEP, for the results, and for the read master.
    rows.add(3, 3, &[(Event::Job, 2)]);
    rows.queue(N_BITS + K_BITS + TOKENS_BITS + 1);
    rows.queue(N_BITS + TOKENS_BITS + FLAGS_BITS);
    rows.queue(N_BITS + K_BITS + ADDRESS_BITS);
}

/// `controller`, `result_sequencer`, and what the array counts.
fn controllers(rows: &mut Rows, sizes: &Sizes) {
    let slot = address_bits(sizes.tokens);
    // Active, KEEP, K, the last token; what is left of K, and whether it is all; what is left of N, with a sign; the token.
    rows.add(2 + K_BITS + slot, TOKENS_BITS, &[(Event::Job, 1)]);
    rows.add(K_BITS + 1 + 1, K_BITS + 1, &[(Event::Step, 1)]);
    rows.add(N_BITS + 1, N_BITS + 1, &[(Event::Tile, 1)]);
    rows.add(slot, 2 * slot, &[(Event::Token, 1)]);
    // The same of the results, which are left of a token by groups.
    let groups = address_bits(sizes.columns.saturating_sub(sizes.result_lanes).max(sizes.result_lanes)) + 1;
    rows.add(1 + FLAGS_BITS + slot, TOKENS_BITS, &[(Event::Job, 1)]);
    rows.add(N_BITS + 1 + 1, N_BITS + 1, &[(Event::CollectedTile, 1)]);
    rows.add(slot, 2 * slot, &[(Event::Collected, 1)]);
    rows.add(groups + 1, 2 * groups, &[(Event::Beat, 1)]);
    // A beat of a tile on its way, with its number, the number of the next one, and two tiles' states; a result's valid bit, and the
    // reset's copy.
    let number = address_bits(sizes.beats());
    rows.add(u64::from(WEIGHT_DATA_CYCLES) * (2 + number) + number + 2, number, &[(Event::WeightBeat, 1)]);
    rows.add(1 + 1, 0, &[(Event::Results, 1)]);
}

/// `activation_buffer`, `result_buffer`, `weight_stream`, `stream_register`: all but their memories.
fn buffers(rows: &mut Rows, sizes: &Sizes) {
    // A beat and where it goes: a place in its word, and a flag a place. Rows that are written, being written and free; what is full and
    // free. Rows of the cursor and of the read.
    let (word, beats) = (address_bits(sizes.activation_words), beats_of_word(sizes));
    let place = address_bits(beats);
    rows.add(sizes.activation_bits + place + beats, 2 * place, &[(Event::ActivationBeat, 1)]);
    rows.add(3 * word + 2, 4 * word, &[(Event::ActivationWord, 1)]);
    rows.add(2 * word + 2, 2 * word, &[(Event::Token, 1)]);
    // Rows, whether some are stored, whether one is offered; entries from their reservation on; the group that is offered.
    let row = address_bits(sizes.result_depth());
    let group = u64::from(sizes.columns.div_ceil(sizes.result_lanes).next_power_of_two().trailing_zeros());
    rows.add(2 * row + 2, 3 * row, &[(Event::Results, 1)]);
    rows.add(row + 1, row, &[(Event::Results, 2)]);
    rows.add(group, group, &[(Event::Beat, 1)]);
    // Whether a beat comes and was taken; rows to write, to read, and being read; beats from their acceptance on and whether they fill all
    // rows, and beats that are stored and whether any are.
    let beat = address_bits(sizes.fifo_beats);
    rows.add(1 + u64::from(WEIGHT_DATA_CYCLES) + 3 * beat, 2 * beat, &[(Event::WeightBeat, 1)]);
    rows.add(2 * (beat + 1), 2 * beat, &[(Event::WeightBeat, 2)]);
    rows.stream_register(sizes.result_lanes * VALUE_BITS + 2, &[(Event::RawBeat, 1)]);
}

/// `weight_fetch`, `step_walker`, `burst_cutter`.
fn read_master(rows: &mut Rows, sizes: &Sizes) {
    // Walking, K; what is left of K and of N, each less a step and against one.
    rows.add(1 + K_BITS, 0, &[(Event::Job, 1)]);
    rows.add(K_BITS, 2 * K_BITS, &[(Event::Step, 1)]);
    rows.add(N_BITS, 2 * N_BITS, &[(Event::Tile, 1)]);
    // Beats that are owed, of this job and of one ahead, and whether that is all; less a burst, against one, and with a step's.
    let owed = address_bits(2 * sizes.burst_beats + sizes.beats());
    rows.add(2 + owed + 1, 2 * owed, &[(Event::Job, 1)]);
    rows.add(owed + 1, 5 * owed, &[(Event::Step, 1), (Event::Burst, 1)]);
    // A job's address; a burst's, held, and offered, with its length.
    let last = address_bits(sizes.burst_beats);
    let fill = address_bits(2 * sizes.fifo_beats);
    rows.add(ADDRESS_BITS, 0, &[(Event::Job, 1)]);
    rows.add(3 * ADDRESS_BITS + 2 * (last + 1), ADDRESS_BITS + fill, &[(Event::Burst, 1)]);
    // Beats that have a place in the FIFO, and beats asked for, each up and down.
    rows.add(2 * fill, 4 * fill, &[(Event::WeightBeat, 1), (Event::Burst, 1)]);
    // Beats are dropped after an abort.
    rows.add(1, 0, &[]);
}

/// `requantizer`, and the stream registers before and behind it.
fn requantizer(rows: &mut Rows, sizes: &Sizes) {
    let (lanes, slot, groups) = (sizes.result_lanes, address_bits(sizes.tokens), sizes.dividers);
    // A beat's values, valid, its slot and its five flags; magnitudes, and 127 times them.
    let dividend = VALUE_BITS + u64::from(DIGITS) + 1;
    rows.add(lanes * VALUE_BITS + 1 + slot + 5, lanes * (VALUE_BITS + dividend), &[(Event::Beat, 1)]);
    // The larger of neighbours, a level at a time, with a slot and three flags; then the larger of it and of its slot's.
    let levels = u64::from(maximum_levels(u32::try_from(lanes).unwrap_or(u32::MAX)));
    let kept: u64 = (1..=levels).map(|level| lanes.div_ceil(1 << level)).sum();
    rows.add(VALUE_BITS * kept + levels * (slot + 3), VALUE_BITS * (lanes - 1), &[(Event::UnscaledBeat, 1)]);
    rows.memory(sizes.tokens, VALUE_BITS, &[(Event::MaximumBeat, 1)]);
    rows.add(0, VALUE_BITS, &[(Event::MaximumBeat, 1)]);
    // Dividers: a remainder with a carry, digits, a sign each, and M, last and a count a group. A digit shifts remainder and digits, and
    // takes M from the one; the result is rounded on what the digits are. Whose turn it is, on both sides.
    let count = address_bits(u64::from(DIVIDER_DIGITS) + 2);
    let (lane, digit) = (VALUE_BITS + 1 + u64::from(DIVIDER_DIGITS), VALUE_BITS + 1 + QUANTIZED_BITS);
    let starts = lanes * (lane + 1) + VALUE_BITS + 1 + count;
    rows.rows.push(Row {
        part: Part::Requantizer,
        flip_flops: groups * starts,
        memory_bits: 0,
        adder_bits: groups * (lanes * digit + count),
        switched: Switched { register_bits: starts, adder_bits: 0 },
        events: &[(Event::ScaledBeat, 1)],
    });
    rows.rows.push(Row {
        part: Part::Requantizer,
        flip_flops: 0,
        memory_bits: 0,
        adder_bits: 0,
        switched: Switched { register_bits: lanes * lane + count, adder_bits: lanes * digit + count },
        events: &[(Event::ScaledBeat, DIVIDER_DIGITS as u64)],
    });
    // The result is taken.
    rows.rows.push(Row {
        part: Part::Requantizer,
        flip_flops: 2 * groups,
        memory_bits: 0,
        adder_bits: 0,
        switched: Switched { register_bits: 2 * groups + count, adder_bits: count },
        events: &[(Event::ScaledBeat, 1)],
    });
    rows.stream_register(lanes * QUANTIZED_BITS + 2, &[(Event::ScaledBeat, 1)]);
    // Values from memory, of which none is the last.
    rows.stream_register(lanes * VALUE_BITS + 1, &[(Event::VectorBeat, 1)]);
}
