//! A ring of activation words: filled by a stream, read in order, again and again, and freed from the front.
//!
//! ```text
//!                     +---------------------+
//!  activation_valid ->|                     |-> word_valid
//!  activation_ready <-|                     |<- word_ready
//!   activation_data =>|                     |<- word_free
//!                     |  activation_buffer  |<- word_rewind
//!            wanted ->|                     |=> word_data
//!             reset ->+---------/\----------+-> full, stuck
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops what is held |
//! | `activation_valid`, `activation_ready` | in, out | 1, 1 | a beat is accepted when both are high at the edge |
//! | `activation_data` | in | ACTIVATION_BITS / 8 x 8 | a beat: the word's next bytes; what exceeds the word is dropped |
//! | `word_valid`, `word_ready` | out, in | 1, 1 | the word under the cursor is taken when both are high at the edge |
//! | `word_free` | in | 1 | and freed: it is then the oldest word of the ring |
//! | `word_rewind` | in | 1 | the cursor goes to the oldest word that is not freed, else to the next word |
//! | `word_data` | out | LANES x 8 | a word, [`contract::latency::ACTIVATION_DATA_CYCLES`] after it was taken |
//! | `wanted` | in | 1 | a job is under way |
//! | `full` | out | 1 | every row holds a whole word: `activation_ready` is its inverse |
//! | `stuck` | out | 1 | a job waits for a word that cannot come, because the ring is full of others |
//!
//! Parameters: [`EngineParameters`]: `activation_words` rows of LANES bytes in ceil(8 x LANES / ACTIVATION_BITS)
//! slices, one [`Memory`] each, written by one beat each, lowest lanes first. Latency:
//! [`contract::latency::ACTIVATION_STORE_CYCLES`] from a word's last beat to `word_valid`; a beat and a word a cycle.
//! Golden: a queue of words and a position in it.
//!
//! The ring holds `activation_words` words. A freed row can be written [`contract::latency::ACTIVATION_FREE_CYCLES`] after. A beat is registered
//! on its way to the memories, which may lie far apart, and so is the row of a word that is taken, which is then read once. `activation_ready`, `word_valid` and `full` are
//! registers or their inverses; `stuck` depends on `wanted` in the same cycle.
//!
//! Does not: free a word that is not the oldest, or know what a job is.

use rust_hdl::prelude::*;

use crate::EngineParameters;
use crate::hdl::{Bank, Bus, High, Low, Number, Pack, Register, ResetRegister, Wires, clog2, signed_cast};
use crate::memory::Memory;

/// A ring of activation words with a cursor.
#[derive(LogicBlock, Debug)]
pub struct ActivationBuffer {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Drops what is held.
    pub reset: Bus<In>,
    /// A beat is offered to this block.
    pub activation_valid: Bus<In>,
    /// A beat can be accepted.
    pub activation_ready: Bus<Out>,
    /// The beat.
    pub activation_data: Pack<Bus<In>>,
    /// The word under the cursor is offered.
    pub word_valid: Bus<Out>,
    /// The word is taken.
    pub word_ready: Bus<In>,
    /// It is freed when it is taken.
    pub word_free: Bus<In>,
    /// The cursor goes to the oldest word.
    pub word_rewind: Bus<In>,
    /// The word that was taken.
    pub word_data: Pack<Bus<Out>>,
    /// A job is under way.
    pub wanted: Bus<In>,
    /// Every row holds a whole word.
    pub full: Bus<Out>,
    /// The word that is wanted cannot come.
    pub stuck: Bus<Out>,
    slice: Vec<Memory>,
    last_slice: Memory,
    slice_register: ResetRegister,
    slice_number: Vec<Number>,
    last_slice_number: Number,
    /// What all slices but the last give, if there are any.
    lower: Vec<Pack<Pack<Bus<Local>>>>,
    write_row: ResetRegister,
    slice_write: Vec<ResetRegister>,
    last_slice_write: ResetRegister,
    data_register: Bank,
    /// What `write_row` was a cycle before: rows below it are in the memories.
    written_row: ResetRegister,
    base_row: ResetRegister,
    cursor_row: ResetRegister,
    read_row: Register,
    read_register: ResetRegister,
    full_register: ResetRegister,
    present: ResetRegister,
    freed: ResetRegister,
    write: Bus<Local>,
    complete: Bus<Local>,
    next_write_row: Bus<Local>,
    take: Bus<Local>,
    free: Bus<Local>,
    rewind: Bus<Local>,
    next_cursor_row: Bus<Local>,
}

impl ActivationBuffer {
    /// The activation buffer of the engine that `parameters` describe, which are valid.
    pub fn new(parameters: &EngineParameters) -> Self {
        let lanes = parameters.array.lanes as usize;
        let beat_bytes = parameters.activation_bits as usize / 8;
        let rows = parameters.activation_words as usize;
        let last = parameters.beats_per_word() as usize - 1;
        let last_bytes = lanes - last * beat_bytes;
        let (row_bits, slice_bits) = (clog2(rows as u64), clog2(last as u64 + 1));
        let lower = || Pack::of(last, || Pack::new(beat_bytes, 8));
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            activation_valid: Bus::new(1),
            activation_ready: Bus::new(1),
            activation_data: Pack::new(beat_bytes, 8),
            word_valid: Bus::new(1),
            word_ready: Bus::new(1),
            word_free: Bus::new(1),
            word_rewind: Bus::new(1),
            word_data: Pack::new(lanes, 8),
            wanted: Bus::new(1),
            full: Bus::new(1),
            stuck: Bus::new(1),
            slice: (0..last).map(|_| Memory::new(rows, beat_bytes, 8)).collect(),
            last_slice: Memory::new(rows, last_bytes, 8),
            slice_register: ResetRegister::new(slice_bits),
            slice_number: (0..last).map(|i| Number::new(i as u64, slice_bits)).collect(),
            last_slice_number: Number::new(last as u64, slice_bits),
            lower: (0..last.min(1)).map(|_| lower()).collect(),
            write_row: ResetRegister::new(row_bits),
            slice_write: (0..last).map(|_| ResetRegister::new(1)).collect(),
            last_slice_write: ResetRegister::new(1),
            data_register: Bank::new(beat_bytes, 8),
            written_row: ResetRegister::new(row_bits),
            base_row: ResetRegister::new(row_bits),
            cursor_row: ResetRegister::new(row_bits),
            read_row: Register::new(row_bits),
            read_register: ResetRegister::new(1),
            full_register: ResetRegister::new(1),
            present: ResetRegister::new(1),
            freed: ResetRegister::new(1),
            write: Bus::new(1),
            complete: Bus::new(1),
            next_write_row: Bus::new(row_bits),
            take: Bus::new(1),
            free: Bus::new(1),
            rewind: Bus::new(1),
            next_cursor_row: Bus::new(row_bits),
        }
    }
}

impl Logic for ActivationBuffer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!(
            "A ring of activation words: filled by a stream, read in order, again and again, freed from the front."
        );
        clock!(self, clock, last_slice, slice_register, write_row, base_row, cursor_row);
        clock!(self, clock, last_slice_write, data_register, written_row, read_row, read_register);
        self.read_register.reset.next = self.reset.val();
        clock!(self, clock, full_register, present, freed);
        self.slice_register.reset.next = self.reset.val();
        self.write_row.reset.next = self.reset.val();
        self.last_slice_write.reset.next = self.reset.val();
        self.written_row.reset.next = self.reset.val();
        self.base_row.reset.next = self.reset.val();
        self.cursor_row.reset.next = self.reset.val();
        self.full_register.reset.next = self.reset.val();
        self.present.reset.next = self.reset.val();
        self.freed.reset.next = self.reset.val();

        // A beat goes to the next slice of the row that is being filled.
        self.write.next = self.activation_valid.val() & !self.full_register.q.val();
        self.complete.next =
            self.write.val() & (self.slice_register.q.val() == self.last_slice_number.val()).into();
        self.slice_register.enable.next = self.write.val();
        self.slice_register.d.next = signed_cast(!self.complete.val(), self.slice_register.q.bits())
            & (self.slice_register.q.val() + 1);
        self.next_write_row.next = self.write_row.q.val() + 1;
        self.write_row.enable.next = self.complete.val();
        self.write_row.d.next = self.next_write_row.val();

        // It is written a cycle later.
        self.data_register.enable.next = true.into();
        Wires::join(&mut self.activation_data, &mut self.data_register.d);
        self.last_slice_write.enable.next = true.into();
        self.last_slice_write.d.next = self.complete.val();
        self.written_row.enable.next = true.into();
        self.written_row.d.next = self.write_row.q.val();

        // The cursor: where it is freed, the next word is the oldest one.
        self.take.next = self.present.q.val() & self.word_ready.val();
        self.free.next = self.take.val() & self.word_free.val();
        self.rewind.next = self.word_rewind.val() & !self.word_free.val();
        self.next_cursor_row.next = self.cursor_row.q.val() + 1;
        self.cursor_row.enable.next = self.take.val();
        if self.rewind.val().any() {
            self.cursor_row.d.next = self.base_row.q.val();
        } else {
            self.cursor_row.d.next = self.next_cursor_row.val();
        }
        self.base_row.enable.next = self.free.val();
        self.base_row.d.next = self.next_cursor_row.val();
        self.freed.enable.next = true.into();
        self.freed.d.next = self.free.val();

        // The row is registered on its way to the memories: a word that was freed can still be read, for it is not overwritten at once.
        self.read_row.enable.next = true.into();
        self.read_row.d.next = self.cursor_row.q.val();
        self.read_register.enable.next = true.into();
        self.read_register.d.next = self.take.val();

        // A word completed may be the last that fits; and a cursor that waits, waits for no other than this one.
        self.full_register.enable.next = self.complete.val() | self.freed.q.val();
        self.full_register.d.next =
            self.complete.val() & (self.next_write_row.val() == self.base_row.q.val()).into();
        self.present.enable.next = self.last_slice_write.q.val() | self.take.val();
        self.present.d.next = self.last_slice_write.q.val()
            | self.rewind.val()
            | (self.next_cursor_row.val() != self.written_row.q.val()).into();

        for i in 0..self.slice.len() {
            self.slice[i].clock.next = self.clock.val();
            self.slice_write[i].clock.next = self.clock.val();
            self.slice_write[i].reset.next = self.reset.val();
            self.slice_write[i].enable.next = true.into();
            self.slice_write[i].d.next =
                self.write.val() & (self.slice_register.q.val() == self.slice_number[i].val()).into();
            self.slice[i].write.next = self.slice_write[i].q.val();
            self.slice[i].write_address.next = self.written_row.q.val();
            Wires::join(&mut self.data_register.q, &mut self.slice[i].write_data);
            self.slice[i].read.next = self.read_register.q.val();
            self.slice[i].read_address.next = self.read_row.q.val();
            Wires::join(&mut self.slice[i].read_data, &mut self.lower[0][i]);
        }
        self.last_slice.write.next = self.last_slice_write.q.val();
        self.last_slice.write_address.next = self.written_row.q.val();
        Low::join(&mut self.data_register.q, &mut self.last_slice.write_data);
        self.last_slice.read.next = self.read_register.q.val();
        self.last_slice.read_address.next = self.read_row.q.val();
        for i in 0..self.lower.len() {
            Low::join(&mut self.lower[i], &mut self.word_data);
        }
        High::join(&mut self.last_slice.read_data, &mut self.word_data);

        self.activation_ready.next = !self.full_register.q.val();
        self.word_valid.next = self.present.q.val();
        self.full.next = self.full_register.q.val();
        self.stuck.next = self.wanted.val()
            & self.full_register.q.val()
            & !self.present.q.val()
            & !self.last_slice_write.q.val();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use contract::latency::{ACTIVATION_DATA_CYCLES, ACTIVATION_STORE_CYCLES};

    use super::*;
    use crate::Parameters;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn buffer(parameters: &EngineParameters) -> Bench<ActivationBuffer> {
        bench!(
            ActivationBuffer::new(parameters),
            "activation_buffer": reset, activation_valid, activation_data, word_ready, word_free, word_rewind, wanted
                => activation_ready, word_valid, full, stuck, word_data
        )
    }

    fn parameters(lanes: u32, activation_bits: u32, activation_words: u32) -> EngineParameters {
        let array = Parameters { lanes, columns: 1, tokens: 1, stream_bits: 8, acc_bits: 24 };
        EngineParameters { activation_bits, activation_words, ..EngineParameters::of(array) }
    }

    /// What a user does in a cycle.
    #[derive(Clone, Copy, Default)]
    struct User {
        reset: bool,
        valid: bool,
        ready: bool,
        free: bool,
        rewind: bool,
        wanted: bool,
    }

    fn cycle(user: User, data: Vec<u64>) -> Values {
        let User { reset, valid, ready, free, rewind, wanted } = user;
        let [reset, valid, ready, free, rewind, wanted] =
            [reset, valid, ready, free, rewind, wanted].map(|bit| vec![u64::from(bit)]);
        vec![reset, valid, data, ready, free, rewind, wanted]
    }

    /// What the header promises, as a model.
    struct Ring {
        words: VecDeque<Vec<u64>>,
        partial: Vec<u64>,
        cursor: usize,
        /// The newest word is on its way to the memories.
        arriving: bool,
        /// Rows that are not free yet: words, and one that was freed at the edge before.
        used: usize,
        /// Words taken in the last cycles.
        taken: VecDeque<Option<Vec<u64>>>,
    }

    impl Default for Ring {
        fn default() -> Self {
            let taken = VecDeque::from(vec![None; ACTIVATION_DATA_CYCLES as usize]);
            Self { words: VecDeque::new(), partial: vec![], cursor: 0, arriving: false, used: 0, taken }
        }
    }

    impl Ring {
        /// `activation_ready`, `word_valid`, `full`, `stuck`.
        fn outputs(&self, user: User, rows: usize) -> [bool; 4] {
            let full = self.used == rows;
            let present = self.cursor < self.words.len() - usize::from(self.arriving);
            [!full, present, full, user.wanted && full && !present && !self.arriving]
        }

        fn edge(&mut self, user: User, data: &[u64], p: &EngineParameters) {
            let [ready, present, ..] = self.outputs(user, p.activation_words as usize);
            self.used = self.words.len();
            let mut taken = None;
            if present && user.ready {
                taken = Some(self.words[self.cursor].clone());
                self.cursor += 1;
                if user.free {
                    self.words.pop_front();
                    self.cursor -= 1;
                }
                if user.rewind {
                    self.cursor = 0;
                }
            }
            self.taken.push_back(taken);
            self.taken.pop_front();
            self.arriving = false;
            if user.valid && ready {
                self.partial.extend(data);
                if self.partial.len() >= p.array.lanes as usize {
                    self.partial.truncate(p.array.lanes as usize);
                    self.words.push_back(std::mem::take(&mut self.partial));
                    self.arriving = true;
                    self.used += 1;
                }
            }
            if user.reset {
                *self = Self::default();
            }
        }
    }

    #[test]
    fn equals_a_queue_with_a_cursor() {
        // A beat wider than a word; one slice; whole slices; a last slice that is narrower.
        for (lanes, bits, words) in [(3, 32, 4), (4, 32, 8), (8, 32, 4), (7, 24, 4), (5, 8, 4)] {
            let p = parameters(lanes, bits, words);
            let mut random = Random::new(lanes.into());
            let nothing = || vec![0; bits as usize / 8];
            let mut cycles = vec![cycle(User { reset: true, ..User::default() }, nothing())];
            let (mut expected, mut ring) = (vec![], Ring::default());
            let [mut full, mut empty, mut stuck, mut rewound, mut freed_full, mut stalled] = [0; 6];
            for i in 0..20_000 {
                // Phases in which the stream, or the cursor, is the slower one, and neither.
                let percents = [[95, 15], [40, 95], [95, 95], [90, 40]][i / 250 % 4];
                let [valid, ready] = percents.map(|percent| random.chance(percent));
                // A pass keeps the words, or frees each.
                let free = ring.cursor == 0 && (i / 1000 % 2 == 0 || random.chance(10));
                let at_last = ring.cursor + 1 == words as usize;
                let rewind = random.chance(if at_last { 60 } else { 10 });
                let mut user = User { reset: false, valid, ready, free, rewind, wanted: random.chance(80) };
                let now = ring.outputs(user, words as usize);
                user.reset = random.chance(if now[3] { 10 } else { 1 }) && random.chance(30);
                let data: Vec<u64> = (0..bits / 8).map(|_| random.below(256)).collect();
                cycles.push(cycle(user, data.clone()));
                expected.push((now, ring.taken[0].clone()));
                let count = |counter: &mut u32, seen: bool| *counter += u32::from(seen);
                count(&mut full, now[2]);
                count(&mut empty, ring.words.is_empty());
                count(&mut stuck, now[3]);
                count(&mut rewound, now[1] && ready && rewind && ring.cursor > 0);
                count(&mut freed_full, now[1] && ready && free && now[2]);
                count(&mut stalled, now[1] && !ready);
                ring.edge(user, &data, &p);
            }
            let seen = [full, empty, stuck, rewound, freed_full, stalled];
            assert!(seen.iter().all(|&cycles| cycles > 50), "{lanes} lanes: {seen:?}");
            let known = expected.iter().position(|(_, taken)| taken.is_some()).expect("a word");
            let outputs = buffer(&p).run(&cycles, 1 + known);
            for (i, ((flags, taken), output)) in expected.iter().zip(&outputs[1..]).enumerate() {
                assert_eq!(output[..4], flags.map(|flag| vec![u64::from(flag)]), "cycle {i}");
                assert!(taken.as_ref().is_none_or(|word| *word == output[4]), "cycle {i}");
            }
        }
    }

    #[test]
    fn a_word_is_offered_exactly_its_latency_after_its_last_beat_and_there_after_it_is_taken() {
        let user = |valid| User { valid, ready: true, wanted: true, ..User::default() };
        let mut cycles = vec![cycle(User { reset: true, ..User::default() }, vec![0; 2])];
        // A word of two beats: the second one is accepted in cycle 2.
        cycles.extend([cycle(user(true), vec![1, 2]), cycle(user(true), vec![3, 4])]);
        cycles.extend((0..5).map(|_| cycle(user(false), vec![9, 9])));
        let offered = 2 + ACTIVATION_STORE_CYCLES as usize;
        let there = offered + ACTIVATION_DATA_CYCLES as usize;
        let outputs = buffer(&parameters(3, 16, 4)).run(&cycles, there);
        let high: Vec<usize> = (1..8).filter(|&cycle| outputs[cycle][1][0] == 1).collect();
        assert_eq!(high, [offered]);
        assert_eq!(outputs[there][4], [1, 2, 3]);
    }

    #[test]
    fn a_word_a_cycle_comes_in_and_goes_out() {
        let user = User { valid: true, ready: true, free: true, wanted: true, ..User::default() };
        let mut cycles = vec![cycle(User { reset: true, ..User::default() }, vec![0])];
        cycles.extend((1..30).map(|i| cycle(user, vec![i])));
        let there = 1 + (ACTIVATION_STORE_CYCLES + ACTIVATION_DATA_CYCLES) as usize;
        let outputs = buffer(&parameters(1, 8, 8)).run(&cycles, there);
        for (i, output) in outputs.iter().enumerate().skip(there) {
            assert_eq!((output[0][0], output[1][0]), (1, 1), "cycle {i}");
            assert_eq!(output[4][0], (i - there + 1) as u64, "cycle {i}");
        }
    }

    #[test]
    fn synthesises() {
        for (lanes, bits) in [(3, 32), (4, 32), (8, 32), (7, 24), (5, 8)] {
            buffer(&parameters(lanes, bits, 8)).assert_synthesises();
        }
    }
}
