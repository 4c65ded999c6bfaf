//! A ring of activation words: filled by a stream, read in order, again and again, and freed from the front.
//!
//! ```text
//!                     +---------------------+
//!  activation_valid ->|                     |<- fetch
//!  activation_ready <-|                     |-> fetch_ready
//!   activation_data =>|                     |<- fetch_free
//!                     |  activation_buffer  |<- fetch_rewind
//!              full <-|                     |-> word_valid
//!             stuck <-|                     |<- word_ready
//!             reset ->+---------/\----------+=> word_data
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops what is held |
//! | `activation_valid`, `activation_ready` | in, out | 1, 1 | a beat is accepted when both are high at the edge |
//! | `activation_data` | in | ACTIVATION_BITS / 8 x 8 | a beat: the word's next bytes; what exceeds the word is dropped |
//! | `fetch`, `fetch_ready` | in, out | 1, 1 | the word under the cursor is read when both are high at the edge |
//! | `fetch_free` | in | 1 | and freed: it is then the oldest word of the ring |
//! | `fetch_rewind` | in | 1 | the cursor goes to the oldest word that is not freed, else to the next word |
//! | `word_valid`, `word_ready` | out, in | 1, 1 | the word read is taken when both are high at the edge |
//! | `word_data` | out | LANES x 8 | the word, stable until it is taken |
//! | `full` | out | 1 | every row holds a whole word: `activation_ready` is its inverse |
//! | `stuck` | out | 1 | `fetch` waits for a word that cannot come, because the ring is full of others |
//!
//! Parameters: [`EngineParameters`]: `activation_words` rows of LANES bytes in ceil(8 x LANES / ACTIVATION_BITS)
//! slices, one [`Memory`] each, written by one beat each, lowest lanes first. Latency:
//! [`contract::latency::ACTIVATION_STORE_CYCLES`] from a word's last beat to `fetch_ready`,
//! [`contract::latency::ACTIVATION_FETCH_CYCLES`] from the fetch to `word_valid`; a beat and a word a cycle. Golden: a
//! queue of words and a position in it.
//!
//! The ring holds `activation_words` words besides the one that is offered. A freed row can be written from the next
//! cycle on. `full` and `present` (the word under the cursor is complete) are registers that look one step ahead.
//! `activation_ready`, `word_valid` and `full` are registers or their inverses; `fetch_ready` depends on `word_ready`,
//! and `stuck` on `fetch`, in the same cycle.
//!
//! Does not: free a word that is not the oldest, or know what a job is.

use rust_hdl::prelude::*;

use crate::EngineParameters;
use crate::hdl::{Bus, High, Low, Number, Pack, ResetRegister, Wires, clog2, signed_cast};
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
    /// The word under the cursor is wanted.
    pub fetch: Bus<In>,
    /// It can be read.
    pub fetch_ready: Bus<Out>,
    /// It is freed when it is read.
    pub fetch_free: Bus<In>,
    /// The cursor goes to the oldest word.
    pub fetch_rewind: Bus<In>,
    /// A word is offered by this block.
    pub word_valid: Bus<Out>,
    /// The word is taken.
    pub word_ready: Bus<In>,
    /// The word.
    pub word_data: Pack<Bus<Out>>,
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
    base_row: ResetRegister,
    cursor_row: ResetRegister,
    full_register: ResetRegister,
    present: ResetRegister,
    valid_register: ResetRegister,
    write: Bus<Local>,
    complete: Bus<Local>,
    next_write_row: Bus<Local>,
    read: Bus<Local>,
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
            fetch: Bus::new(1),
            fetch_ready: Bus::new(1),
            fetch_free: Bus::new(1),
            fetch_rewind: Bus::new(1),
            word_valid: Bus::new(1),
            word_ready: Bus::new(1),
            word_data: Pack::new(lanes, 8),
            full: Bus::new(1),
            stuck: Bus::new(1),
            slice: (0..last).map(|_| Memory::new(rows, beat_bytes, 8)).collect(),
            last_slice: Memory::new(rows, last_bytes, 8),
            slice_register: ResetRegister::new(slice_bits),
            slice_number: (0..last).map(|i| Number::new(i as u64, slice_bits)).collect(),
            last_slice_number: Number::new(last as u64, slice_bits),
            lower: (0..last.min(1)).map(|_| lower()).collect(),
            write_row: ResetRegister::new(row_bits),
            base_row: ResetRegister::new(row_bits),
            cursor_row: ResetRegister::new(row_bits),
            full_register: ResetRegister::new(1),
            present: ResetRegister::new(1),
            valid_register: ResetRegister::new(1),
            write: Bus::new(1),
            complete: Bus::new(1),
            next_write_row: Bus::new(row_bits),
            read: Bus::new(1),
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
        clock!(self, clock, full_register, present, valid_register);
        self.slice_register.reset.next = self.reset.val();
        self.write_row.reset.next = self.reset.val();
        self.base_row.reset.next = self.reset.val();
        self.cursor_row.reset.next = self.reset.val();
        self.full_register.reset.next = self.reset.val();
        self.present.reset.next = self.reset.val();
        self.valid_register.reset.next = self.reset.val();

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

        // The cursor: where it is freed, the next word is the oldest one.
        self.fetch_ready.next = self.present.q.val() & (!self.valid_register.q.val() | self.word_ready.val());
        self.read.next = self.fetch.val() & self.fetch_ready.val();
        self.free.next = self.read.val() & self.fetch_free.val();
        self.rewind.next = self.fetch_rewind.val() & !self.fetch_free.val();
        self.next_cursor_row.next = self.cursor_row.q.val() + 1;
        self.cursor_row.enable.next = self.read.val();
        if self.rewind.val().any() {
            self.cursor_row.d.next = self.base_row.q.val();
        } else {
            self.cursor_row.d.next = self.next_cursor_row.val();
        }
        self.base_row.enable.next = self.free.val();
        self.base_row.d.next = self.next_cursor_row.val();

        // A word completed may be the last that fits; and a cursor that waits, waits for no other than this one.
        self.full_register.enable.next = self.complete.val() | self.free.val();
        self.full_register.d.next =
            !self.free.val() & (self.next_write_row.val() == self.base_row.q.val()).into();
        self.present.enable.next = self.complete.val() | self.read.val();
        self.present.d.next = self.complete.val()
            | self.rewind.val()
            | (self.next_cursor_row.val() != self.write_row.q.val()).into();
        self.valid_register.enable.next = self.read.val() | self.word_ready.val();
        self.valid_register.d.next = self.read.val();

        for i in 0..self.slice.len() {
            self.slice[i].clock.next = self.clock.val();
            self.slice[i].write.next =
                self.write.val() & (self.slice_register.q.val() == self.slice_number[i].val()).into();
            self.slice[i].write_address.next = self.write_row.q.val();
            Wires::join(&mut self.activation_data, &mut self.slice[i].write_data);
            self.slice[i].read.next = self.read.val();
            self.slice[i].read_address.next = self.cursor_row.q.val();
            Wires::join(&mut self.slice[i].read_data, &mut self.lower[0][i]);
        }
        self.last_slice.write.next = self.complete.val();
        self.last_slice.write_address.next = self.write_row.q.val();
        Low::join(&mut self.activation_data, &mut self.last_slice.write_data);
        self.last_slice.read.next = self.read.val();
        self.last_slice.read_address.next = self.cursor_row.q.val();
        for i in 0..self.lower.len() {
            Low::join(&mut self.lower[i], &mut self.word_data);
        }
        High::join(&mut self.last_slice.read_data, &mut self.word_data);

        self.activation_ready.next = !self.full_register.q.val();
        self.word_valid.next = self.valid_register.q.val();
        self.full.next = self.full_register.q.val();
        self.stuck.next = self.fetch.val() & self.full_register.q.val() & !self.present.q.val();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use contract::latency::{ACTIVATION_FETCH_CYCLES, ACTIVATION_STORE_CYCLES};

    use super::*;
    use crate::Parameters;
    use crate::cosim::Random;
    use crate::testing::{Bench, Values, bench};

    fn buffer(parameters: &EngineParameters) -> Bench<ActivationBuffer> {
        bench!(
            ActivationBuffer::new(parameters),
            "activation_buffer": reset, activation_valid, activation_data, fetch, fetch_free, fetch_rewind, word_ready
                => activation_ready, fetch_ready, word_valid, full, stuck, word_data
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
        fetch: bool,
        free: bool,
        rewind: bool,
        ready: bool,
    }

    fn cycle(user: User, data: Vec<u64>) -> Values {
        let User { reset, valid, fetch, free, rewind, ready } = user;
        let [reset, valid, fetch, free, rewind, ready] =
            [reset, valid, fetch, free, rewind, ready].map(|bit| vec![u64::from(bit)]);
        vec![reset, valid, data, fetch, free, rewind, ready]
    }

    /// What the header promises, as a model.
    #[derive(Default)]
    struct Ring {
        words: VecDeque<Vec<u64>>,
        partial: Vec<u64>,
        cursor: usize,
        offered: Option<Vec<u64>>,
    }

    impl Ring {
        /// `activation_ready`, `fetch_ready`, `word_valid`, `full`, `stuck`.
        fn outputs(&self, user: User, rows: usize) -> [bool; 5] {
            let (full, present) = (self.words.len() == rows, self.cursor < self.words.len());
            let fetch_ready = present && (self.offered.is_none() || user.ready);
            [!full, fetch_ready, self.offered.is_some(), full, user.fetch && full && !present]
        }

        fn edge(&mut self, user: User, data: &[u64], p: &EngineParameters) {
            let [ready, fetch_ready, ..] = self.outputs(user, p.activation_words as usize);
            if user.ready {
                self.offered = None;
            }
            if user.fetch && fetch_ready {
                self.offered = Some(self.words[self.cursor].clone());
                self.cursor += 1;
                if user.free {
                    self.words.pop_front();
                    self.cursor -= 1;
                }
                if user.rewind {
                    self.cursor = 0;
                }
            }
            if user.valid && ready {
                self.partial.extend(data);
                if self.partial.len() >= p.array.lanes as usize {
                    self.partial.truncate(p.array.lanes as usize);
                    self.words.push_back(std::mem::take(&mut self.partial));
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
                // Phases in which the stream, the cursor or the taker is the slower one.
                let percents = [[95, 15, 90], [40, 95, 90], [95, 95, 95], [90, 90, 40]][i / 250 % 4];
                let [valid, fetch, ready] = percents.map(|percent| random.chance(percent));
                // A pass keeps the words, or frees each.
                let free = ring.cursor == 0 && (i / 1000 % 2 == 0 || random.chance(10));
                let at_last = ring.cursor + 1 == words as usize;
                let rewind = random.chance(if at_last { 60 } else { 10 });
                let mut user = User { reset: false, valid, fetch, free, rewind, ready };
                let now = ring.outputs(user, words as usize);
                user.reset = random.chance(if now[4] { 10 } else { 1 }) && random.chance(30);
                let data: Vec<u64> = (0..bits / 8).map(|_| random.below(256)).collect();
                cycles.push(cycle(user, data.clone()));
                expected.push((now, ring.offered.clone()));
                let count = |counter: &mut u32, seen: bool| *counter += u32::from(seen);
                count(&mut full, now[3]);
                count(&mut empty, ring.words.is_empty());
                count(&mut stuck, now[4]);
                count(&mut rewound, fetch && now[1] && rewind && ring.cursor > 0);
                count(&mut freed_full, fetch && now[1] && free && now[3]);
                count(&mut stalled, now[2] && !ready);
                ring.edge(user, &data, &p);
            }
            let seen = [full, empty, stuck, rewound, freed_full, stalled];
            assert!(seen.iter().all(|&cycles| cycles > 50), "{lanes} lanes: {seen:?}");
            let known = expected.iter().position(|(_, offered)| offered.is_some()).expect("a word");
            let outputs = buffer(&p).run(&cycles, 1 + known);
            for (i, ((flags, offered), output)) in expected.iter().zip(&outputs[1..]).enumerate() {
                assert_eq!(output[..5], flags.map(|flag| vec![u64::from(flag)]), "cycle {i}");
                assert!(offered.as_ref().is_none_or(|word| *word == output[5]), "cycle {i}");
            }
        }
    }

    #[test]
    fn a_word_is_offered_exactly_its_latency_after_its_last_beat_and_its_fetch() {
        let user = |valid, fetch| User { valid, fetch, ready: true, ..User::default() };
        let mut cycles = vec![cycle(User { reset: true, ..User::default() }, vec![0; 2])];
        // A word of two beats: the second one is accepted in cycle 2.
        cycles.extend([cycle(user(true, true), vec![1, 2]), cycle(user(true, true), vec![3, 4])]);
        cycles.extend((0..4).map(|_| cycle(user(false, true), vec![9, 9])));
        let ready = 2 + ACTIVATION_STORE_CYCLES as usize;
        let offered = ready + ACTIVATION_FETCH_CYCLES as usize;
        let outputs = buffer(&parameters(3, 16, 4)).run(&cycles, offered);
        let high = |port: usize| (1..7).filter(|&cycle| outputs[cycle][port][0] == 1).collect::<Vec<_>>();
        assert_eq!((high(1), high(2)), (vec![ready], vec![offered]));
        assert_eq!(outputs[offered][5], [1, 2, 3]);
    }

    #[test]
    fn a_word_a_cycle_comes_in_and_goes_out() {
        let user = User { valid: true, fetch: true, free: true, ready: true, ..User::default() };
        let mut cycles = vec![cycle(User { reset: true, ..User::default() }, vec![0])];
        cycles.extend((1..30).map(|i| cycle(user, vec![i])));
        let offered = 1 + (ACTIVATION_STORE_CYCLES + ACTIVATION_FETCH_CYCLES) as usize;
        let outputs = buffer(&parameters(1, 8, 4)).run(&cycles, offered);
        for (i, output) in outputs.iter().enumerate().skip(offered) {
            assert_eq!((output[0][0], output[2][0], output[5][0]), (1, 1, (i - 2) as u64), "cycle {i}");
        }
    }

    #[test]
    fn synthesises() {
        for (lanes, bits) in [(3, 32), (4, 32), (8, 32), (7, 24), (5, 8)] {
            buffer(&parameters(lanes, bits, 8)).assert_synthesises();
        }
    }
}
