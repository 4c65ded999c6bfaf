//! Results to raw copies, maxima and INT8s: what a job asks of its beats.
//!
//! ```text
//!  beat_valid, _ready -->+---------------+--> result_valid, _ready
//!           beat_data ==>|               |==> result_data, _last
//! beat_slot, _fresh,  ==>|  requantizer  |--> quantized_valid, _ready
//! _last, _raw, _maximum, |               |==> quantized_data, _last
//!             _scale     |               |
//!           maximum_* <=>+-------/\------+--> done, idle
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops all beats, keeps the maxima |
//! | `beat_valid`, `beat_ready` | in, out | 1, 1 | handshake of a beat |
//! | `beat_data` | in | R x 32 | its values, two's complement |
//! | `beat_slot` | in | clog2(TOKENS) | its token slot, below TOKENS |
//! | `beat_fresh` | in | 1 | the first of its slot in a job: the slot's maximum starts anew |
//! | `beat_last` | in | 1 | the last of a job |
//! | `beat_raw` | in | 1 | goes out as it is |
//! | `beat_maximum` | in | 1 | counts for its slot's maximum; not with `beat_scale` |
//! | `beat_scale` | in | 1 | goes out scaled by its slot's maximum |
//! | `result_valid`, `result_ready` | out, in | 1, 1 | handshake of a raw copy |
//! | `result_data`, `result_last` | out | R x 32, 1 | the beat's values, and `beat_last` |
//! | `quantized_valid`, `quantized_ready` | out, in | 1, 1 | handshake of a scaled beat |
//! | `quantized_data`, `quantized_last` | out | R x 8, 1 | INT8s, and `beat_last` |
//! | `maximum_access` | in | 1 | the next three address the maxima; only while `idle`, and no beat is offered |
//! | `maximum_slot` | in | clog2(TOKENS) | the slot that is read, and written |
//! | `maximum_write`, `maximum_write_data` | in | 1, 32 | it takes these data at this edge |
//! | `maximum_read_data` | out | 32 | what it holds, in the same cycle |
//! | `done` | out | 1 | one cycle for each beat with `beat_last`, in order: its outputs are taken, its maximum is written, at this edge at the latest |
//! | `idle` | out | 1 | no beat inside, none offered on either output |
//!
//! Parameters: [`EngineParameters`]; R = RESULT_LANES, D = DIVIDERS. Golden: [`contract::requantize`].
//!
//! Latency: beat accepted to `result_valid`, [`contract::latency::OPERANDS_CYCLES`]; to `quantized_valid`,
//! [`contract::latency::quantized_cycles`]; to its maximum as `maximum_read_data` shows it,
//! [`contract::latency::maximum_cycles`]. Throughput: a beat a cycle, and beats that are scaled min(1, D / CYCLES) a cycle
//! ([`CYCLES`](crate::divider::CYCLES)).
//!
//! A beat waits in a register until all that it goes to can take it. Two waits keep the order between jobs, and cost a few
//! cycles where a job of one kind follows one of the other: a beat to be scaled waits until no maximum is under way, so
//! that it sees all that were before it; a beat not to be scaled waits until the dividers are idle, so that `done` comes
//! in order. A maximum never waits.
//!
//! `beat_ready` depends on `result_ready` and `quantized_ready` in the same cycle. `result_valid` of a beat that is scaled
//! too waits until a group of dividers can take it, which does not depend on `result_ready`.
//!
//! Does not: exchange maxima with other chips; that is the software's, by `maximum_*`.

use rust_hdl::prelude::*;

use crate::EngineParameters;
use crate::divider_groups::DividerGroups;
use crate::hdl::{Bus, Pack, Register, ResetRegister, Wires, clog2};
use crate::maxima::Maxima;
use crate::operands::Operands;

const VALUE_BITS: usize = i32::BITS as usize;

/// Raw copies, maxima and INT8s of beats of results.
#[derive(LogicBlock, Debug)]
pub struct Requantizer {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Drops all beats.
    pub reset: Bus<In>,
    /// A beat is offered.
    pub beat_valid: Bus<In>,
    /// A beat can be taken.
    pub beat_ready: Bus<Out>,
    /// Its values.
    pub beat_data: Pack<Bus<In>>,
    /// Its token slot.
    pub beat_slot: Bus<In>,
    /// The first of its slot in a job.
    pub beat_fresh: Bus<In>,
    /// The last of a job.
    pub beat_last: Bus<In>,
    /// Goes out as it is.
    pub beat_raw: Bus<In>,
    /// Counts for its slot's maximum.
    pub beat_maximum: Bus<In>,
    /// Goes out scaled.
    pub beat_scale: Bus<In>,
    /// A raw copy is offered.
    pub result_valid: Bus<Out>,
    /// The raw copy is taken.
    pub result_ready: Bus<In>,
    /// The raw copy.
    pub result_data: Pack<Bus<Out>>,
    /// It is its job's last.
    pub result_last: Bus<Out>,
    /// A scaled beat is offered.
    pub quantized_valid: Bus<Out>,
    /// The scaled beat is taken.
    pub quantized_ready: Bus<In>,
    /// The scaled beat.
    pub quantized_data: Pack<Bus<Out>>,
    /// It is its job's last.
    pub quantized_last: Bus<Out>,
    /// The maxima are addressed by the ports below.
    pub maximum_access: Bus<In>,
    /// The slot that is read, and written.
    pub maximum_slot: Bus<In>,
    /// It is written.
    pub maximum_write: Bus<In>,
    /// What is written.
    pub maximum_write_data: Bus<In>,
    /// What the slot holds.
    pub maximum_read_data: Bus<Out>,
    /// A job's last beat has passed.
    pub done: Bus<Out>,
    /// No beat inside.
    pub idle: Bus<Out>,
    operands: Operands,
    maxima: Maxima,
    divider_groups: DividerGroups,
    valid_register: ResetRegister,
    slot_register: Register,
    fresh_register: Register,
    last_register: Register,
    raw_register: Register,
    maximum_register: Register,
    scale_register: Register,
    load: Bus<Local>,
    clear: Bus<Local>,
    pass: Bus<Local>,
    scaled: Bus<Local>,
}

impl Requantizer {
    /// The requantiser of the engine that `parameters` describe, which are valid.
    pub fn new(parameters: &EngineParameters) -> Self {
        let (tokens, lanes) = (parameters.array.tokens, parameters.result_lanes);
        let (slot_bits, r) = (clog2(tokens.into()), lanes as usize);
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            beat_valid: Bus::new(1),
            beat_ready: Bus::new(1),
            beat_data: Pack::new(r, VALUE_BITS),
            beat_slot: Bus::new(slot_bits),
            beat_fresh: Bus::new(1),
            beat_last: Bus::new(1),
            beat_raw: Bus::new(1),
            beat_maximum: Bus::new(1),
            beat_scale: Bus::new(1),
            result_valid: Bus::new(1),
            result_ready: Bus::new(1),
            result_data: Pack::new(r, VALUE_BITS),
            result_last: Bus::new(1),
            quantized_valid: Bus::new(1),
            quantized_ready: Bus::new(1),
            quantized_data: Pack::new(r, i8::BITS as usize),
            quantized_last: Bus::new(1),
            maximum_access: Bus::new(1),
            maximum_slot: Bus::new(slot_bits),
            maximum_write: Bus::new(1),
            maximum_write_data: Bus::new(VALUE_BITS),
            maximum_read_data: Bus::new(VALUE_BITS),
            done: Bus::new(1),
            idle: Bus::new(1),
            operands: Operands::new(r, VALUE_BITS),
            maxima: Maxima::new(tokens, lanes),
            divider_groups: DividerGroups::new(parameters.dividers as usize, r, VALUE_BITS),
            valid_register: ResetRegister::new(1),
            slot_register: Register::new(slot_bits),
            fresh_register: Register::new(1),
            last_register: Register::new(1),
            raw_register: Register::new(1),
            maximum_register: Register::new(1),
            scale_register: Register::new(1),
            load: Bus::new(1),
            clear: Bus::new(1),
            pass: Bus::new(1),
            scaled: Bus::new(1),
        }
    }
}

impl Logic for Requantizer {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Raw copies, maxima and INT8s of beats of results.");
        clock!(self, clock, operands, maxima, divider_groups);
        clock!(self, clock, valid_register, slot_register, fresh_register, last_register);
        clock!(self, clock, raw_register, maximum_register, scale_register);
        self.maxima.reset.next = self.reset.val();
        self.divider_groups.reset.next = self.reset.val();
        self.valid_register.reset.next = self.reset.val();

        // No beat to be scaled before the maxima are up to date, none of another kind while some are being scaled.
        if self.scale_register.q.val().any() {
            self.clear.next = self.divider_groups.ready.val() & !self.maxima.busy.val();
        } else {
            self.clear.next = self.divider_groups.idle.val();
        }
        self.result_valid.next = self.valid_register.q.val() & self.raw_register.q.val() & self.clear.val();
        self.pass.next = self.valid_register.q.val()
            & self.clear.val()
            & (!self.raw_register.q.val() | self.result_ready.val());

        self.beat_ready.next = !self.valid_register.q.val() | self.pass.val();
        self.load.next = self.beat_valid.val() & self.beat_ready.val();
        self.valid_register.enable.next = self.beat_ready.val();
        self.valid_register.d.next = self.beat_valid.val();
        self.operands.load.next = self.load.val();
        self.slot_register.enable.next = self.load.val();
        self.fresh_register.enable.next = self.load.val();
        self.last_register.enable.next = self.load.val();
        self.raw_register.enable.next = self.load.val();
        self.maximum_register.enable.next = self.load.val();
        self.scale_register.enable.next = self.load.val();
        Wires::join(&mut self.beat_data, &mut self.operands.data);
        self.slot_register.d.next = self.beat_slot.val();
        self.fresh_register.d.next = self.beat_fresh.val();
        self.last_register.d.next = self.beat_last.val();
        self.raw_register.d.next = self.beat_raw.val();
        self.maximum_register.d.next = self.beat_maximum.val();
        self.scale_register.d.next = self.beat_scale.val();

        Wires::join(&mut self.operands.value, &mut self.result_data);
        self.result_last.next = self.last_register.q.val();

        self.maxima.enter.next = self.pass.val() & !self.scale_register.q.val();
        self.maxima.update.next = self.maximum_register.q.val();
        self.maxima.slot.next = self.slot_register.q.val();
        self.maxima.fresh.next = self.fresh_register.q.val();
        self.maxima.last.next = self.last_register.q.val();
        Wires::join(&mut self.operands.magnitude, &mut self.maxima.magnitude);
        self.maxima.maximum_access.next = self.maximum_access.val();
        self.maxima.maximum_slot.next = self.maximum_slot.val();
        self.maxima.maximum_write.next = self.maximum_write.val();
        self.maxima.maximum_write_data.next = self.maximum_write_data.val();
        self.maximum_read_data.next = self.maxima.maximum.val();

        self.divider_groups.start.next = self.pass.val() & self.scale_register.q.val();
        Wires::join(&mut self.operands.dividend, &mut self.divider_groups.dividend);
        Wires::join(&mut self.operands.negative, &mut self.divider_groups.negative);
        self.divider_groups.maximum.next = self.maxima.maximum.val();
        self.divider_groups.last.next = self.last_register.q.val();
        self.quantized_valid.next = self.divider_groups.result_valid.val();
        self.divider_groups.result_ready.next = self.quantized_ready.val();
        Wires::join(&mut self.divider_groups.result_data, &mut self.quantized_data);
        self.quantized_last.next = self.divider_groups.result_last.val();

        self.scaled.next = self.divider_groups.result_valid.val()
            & self.quantized_ready.val()
            & self.divider_groups.result_last.val()
            & !self.reset.val();
        self.done.next = self.maxima.last_passed.val() | self.scaled.val();
        self.idle.next =
            !self.valid_register.q.val() & !self.maxima.busy.val() & self.divider_groups.idle.val();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use contract::latency::{OPERANDS_CYCLES, maximum_cycles, quantized_cycles};
    use contract::requantize::{maximum, rescale};

    use super::*;
    use crate::Parameters;
    use crate::cosim::Random;
    use crate::divider::CYCLES;
    use crate::testing::{Bench, Values, bench};

    fn requantizer(p: &EngineParameters) -> Bench<Requantizer> {
        let mut bench = bench!(
            Requantizer::new(p),
            "requantizer": reset, beat_valid, beat_data, beat_slot, beat_fresh, beat_last, beat_raw, beat_maximum,
                beat_scale, result_ready, quantized_ready, maximum_access, maximum_slot, maximum_write,
                maximum_write_data
                => beat_ready, result_valid, result_data, result_last, quantized_valid, quantized_data,
                quantized_last, maximum_read_data, done, idle
        );
        bench.block.connect_all();
        bench
    }

    fn sizes(tokens: u32, result_lanes: u32, dividers: u32) -> EngineParameters {
        let array = Parameters { lanes: 1, columns: 32, tokens, stream_bits: 8, acc_bits: 24 };
        EngineParameters { result_lanes, dividers, ..EngineParameters::of(array) }
    }

    #[derive(Clone, Debug)]
    struct Beat {
        data: Vec<i32>,
        slot: u32,
        fresh: bool,
        last: bool,
        raw: bool,
        maximum: bool,
        scale: bool,
    }

    /// The inputs of a cycle.
    #[derive(Clone, Debug, Default)]
    struct Cycle {
        reset: bool,
        beat: Option<Beat>,
        result_ready: bool,
        quantized_ready: bool,
        /// A slot, and what is written to it.
        access: Option<(u32, Option<u32>)>,
    }

    impl Cycle {
        fn values(&self, lanes: u32) -> Values {
            let bit = |bit: bool| vec![u64::from(bit)];
            let none = Beat {
                data: vec![0; lanes as usize],
                slot: 0,
                fresh: false,
                last: false,
                raw: false,
                maximum: false,
                scale: false,
            };
            let beat = self.beat.as_ref().unwrap_or(&none);
            let (slot, write) = self.access.unwrap_or_default();
            vec![
                bit(self.reset),
                bit(self.beat.is_some()),
                raw(&beat.data),
                vec![beat.slot.into()],
                bit(beat.fresh),
                bit(beat.last),
                bit(beat.raw),
                bit(beat.maximum),
                bit(beat.scale),
                bit(self.result_ready),
                bit(self.quantized_ready),
                bit(self.access.is_some()),
                vec![slot.into()],
                bit(write.is_some()),
                vec![write.unwrap_or(0).into()],
            ]
        }
    }

    fn raw(data: &[i32]) -> Vec<u64> {
        data.iter().map(|v| u64::from(v.cast_unsigned())).collect()
    }

    fn quantized(data: &[i32], m: u32) -> Vec<u64> {
        data.iter().map(|&v| u64::from(rescale(v, m).cast_unsigned())).collect()
    }

    /// A job of one of the five kinds, its tokens in the order of the engine.
    fn job(p: &EngineParameters, random: &mut Random) -> Vec<Beat> {
        let kinds = [(true, false, false), (false, true, false), (true, true, false), (false, false, true)];
        let (raw, maximum, scale) = random.pick(&[&kinds[..], &[(true, false, true)]].concat());
        let tokens = 1 + random.word() % p.array.tokens;
        let (tiles, groups) = (1 + random.below(3), 1 + random.below(3));
        let (shift, even) = (random.below(32), random.chance(20));
        let mut beats = vec![];
        for tile in 0..tiles {
            for slot in 0..tokens {
                for group in 0..groups {
                    let mut value = |_| match random.below(20) {
                        0 => i32::MIN,
                        1 => i32::MAX,
                        2 => 0,
                        // Few enough values for ties under the maxima below.
                        _ if even => (random.word().cast_signed() >> 24).max(-127),
                        _ => random.word().cast_signed() >> shift,
                    };
                    let data = (0..p.result_lanes).map(&mut value).collect();
                    let fresh = tile == 0 && group == 0;
                    beats.push(Beat { data, slot, fresh, last: false, raw, maximum, scale });
                }
            }
        }
        beats.last_mut().expect("a beat").last = true;
        beats
    }

    /// How often each state of interest occurred.
    #[derive(Debug, Default)]
    struct Seen {
        blocked: u32,
        result_held: u32,
        quantized_held: u32,
        both_held: u32,
        waited_for_maxima: u32,
        waited_for_dividers: u32,
        idle: u32,
        aborted: u32,
        jobs: u32,
        read: u32,
    }

    /// Drives jobs as senders and receivers do, compares with the contract, and returns all inputs.
    fn drive(p: &EngineParameters, cycles: usize) -> (Vec<Values>, Seen) {
        let (mut bench, mut random) = (requantizer(p), Random::new(u64::from(p.dividers) << 8 | 1));
        let (mut inputs, mut seen) = (vec![], Seen::default());
        let mut maxima = vec![0u32; p.array.tokens as usize];
        let (mut queue, mut offered) = (VecDeque::<Beat>::new(), false);
        // What is still to come out: its job, its data, whether it is the last.
        type Expected = VecDeque<(u32, Vec<u64>, bool)>;
        let (mut results, mut scaled) = (Expected::new(), Expected::new());
        let (mut accepted_jobs, mut done_jobs, mut quiet_cycles) = (0, 0, 0);
        // The slots still to be written, or compared, in a pause.
        let mut writes: VecDeque<u32> = (0..p.array.tokens).collect();
        let mut reads = VecDeque::new();
        let mut held: [Option<Vec<Vec<u64>>>; 2] = [None, None];
        let mut idle = false;
        for i in 0..cycles {
            let phases = [(100, 100, 100), (25, 100, 100), (95, 15, 95), (95, 95, 4), (95, 25, 15)];
            let (eager, result, quantize) = phases[i / 700 % phases.len()];
            let mut cycle = Cycle {
                reset: i == 0 || random.below(400) == 0,
                result_ready: random.chance(result),
                quantized_ready: random.chance(quantize),
                ..Cycle::default()
            };
            let pausing = !(writes.is_empty() && reads.is_empty());
            if !offered && idle && pausing {
                cycle.access = if let Some(slot) = writes.pop_front() {
                    let m = match random.below(6) {
                        0 => 0,
                        1 => 254,
                        2 => 1 << 31,
                        _ => random.word() >> random.below(32),
                    };
                    Some((slot, Some(m)))
                } else {
                    reads.pop_front().map(|slot| (slot, None))
                };
            } else if offered || !pausing && random.chance(eager) {
                if queue.is_empty() {
                    queue.extend(job(p, &mut random));
                }
                cycle.beat = queue.front().cloned();
            }
            inputs.push(cycle.values(p.result_lanes));
            let block = &bench.block;
            let (valid, scale) = (block.valid_register.q.val().any(), block.scale_register.q.val().any());
            seen.waited_for_maxima += u32::from(valid && scale && block.maxima.busy.val().any());
            seen.waited_for_dividers += u32::from(valid && !scale && !block.divider_groups.idle.val().any());
            let output = bench.simulate(&inputs[i..]).remove(0);
            let high = |port: usize| output[port][0] == 1;
            if cycle.reset {
                seen.aborted += u32::from(!results.is_empty() || !scaled.is_empty());
                queue.clear();
                results.clear();
                scaled.clear();
                (offered, held, done_jobs) = (false, [None, None], accepted_jobs);
                writes = (0..p.array.tokens).collect();
                (idle, quiet_cycles) = (false, 0);
                assert!(i == 0 || !high(8), "done in a reset");
                continue;
            }
            if let Some((slot, write)) = cycle.access {
                match write {
                    Some(m) => maxima[slot as usize] = m,
                    None => assert_eq!(output[7], [u64::from(maxima[slot as usize])], "cycle {i}"),
                }
                seen.read += u32::from(write.is_none());
            }
            // An offer stays until it is taken, and does not change.
            for (held, (valid, ready)) in
                held.iter_mut().zip([(1, cycle.result_ready), (4, cycle.quantized_ready)])
            {
                let now = high(valid).then(|| output[valid..valid + 3].to_vec());
                assert!(held.is_none() || *held == now, "cycle {i}");
                *held = now.filter(|_| !ready);
            }
            seen.result_held += u32::from(held[0].is_some());
            seen.quantized_held += u32::from(held[1].is_some());
            seen.both_held += u32::from(held[0].is_some() && held[1].is_some());
            seen.blocked += u32::from(cycle.beat.is_some() && !high(0));
            for (expected, valid, ready) in
                [(&mut results, 1, cycle.result_ready), (&mut scaled, 4, cycle.quantized_ready)]
            {
                if high(valid) && ready {
                    let (_, data, last) = expected.pop_front().expect("a beat that is to come out");
                    assert_eq!(output[valid + 1..valid + 3], [data, vec![last.into()]], "cycle {i}");
                }
            }
            if high(8) {
                let open = results.iter().chain(&scaled).map(|(job, ..)| *job).min();
                assert!(done_jobs < accepted_jobs && open.is_none_or(|job| job > done_jobs), "cycle {i}");
                done_jobs += 1;
            }
            if high(9) {
                assert!(results.is_empty() && scaled.is_empty() && done_jobs == accepted_jobs, "cycle {i}");
                seen.idle += 1;
            } else {
                assert!(quiet_cycles < maximum_cycles(p.result_lanes), "not idle in cycle {i}");
            }
            idle = high(9) && cycle.beat.is_none();

            offered = cycle.beat.is_some();
            if let Some(beat) = cycle.beat
                && high(0)
            {
                queue.pop_front();
                offered = false;
                let m = &mut maxima[beat.slot as usize];
                if beat.maximum {
                    *m = maximum(&beat.data).max(if beat.fresh { 0 } else { *m });
                }
                if beat.raw {
                    results.push_back((accepted_jobs, raw(&beat.data), beat.last));
                }
                if beat.scale {
                    scaled.push_back((accepted_jobs, quantized(&beat.data, *m), beat.last));
                }
                if beat.last {
                    accepted_jobs += 1;
                    seen.jobs += 1;
                    if random.chance(10) {
                        reads = (0..p.array.tokens).collect();
                    }
                    if random.chance(10) {
                        writes = (0..p.array.tokens).collect();
                    }
                }
                quiet_cycles = 0;
            } else {
                quiet_cycles = if results.is_empty() && scaled.is_empty() { quiet_cycles + 1 } else { 0 };
            }
        }
        (inputs, seen)
    }

    // Holds C-REQ-1 to C-REQ-5.
    #[test]
    fn equals_the_contract_in_every_job_under_stalls_and_aborts() {
        for (tokens, lanes, dividers) in [(1, 1, 1), (5, 4, 3), (3, 2, 12)] {
            let p = sizes(tokens, lanes, dividers);
            let (inputs, seen) = drive(&p, 14_000);
            let enough = [
                (seen.blocked, 2000),
                (seen.result_held, 500),
                (seen.quantized_held, 500),
                // One group's untaken result keeps the next beat, and its raw copy, waiting.
                (seen.both_held, if dividers == 1 { 0 } else { 20 }),
                (seen.waited_for_maxima, 10),
                (seen.waited_for_dividers, 200),
                (seen.idle, 200),
                (seen.aborted, 10),
                (seen.jobs, 100),
                (seen.read, 20),
            ];
            assert!(enough.iter().all(|(count, least)| count >= least), "{p:?}: {seen:?}");
            // The emitted Verilog does the same in every cycle; data are unknown until each divider had a beat.
            requantizer(&p).run(&inputs, 3000);
        }
    }

    /// Beats of one kind without a pause, every output taken at once.
    fn stream(p: &EngineParameters, kind: (bool, bool, bool), cycles: usize) -> Vec<Values> {
        let (raw, maximum, scale) = kind;
        let beat = Beat {
            data: vec![-50; p.result_lanes as usize],
            slot: 0,
            fresh: false,
            last: true,
            raw,
            maximum,
            scale,
        };
        let open = Cycle { result_ready: true, quantized_ready: true, ..Cycle::default() };
        let mut inputs = vec![
            Cycle { reset: true, ..open.clone() },
            Cycle { access: Some((0, Some(100))), ..open.clone() },
        ];
        inputs.resize(2 + cycles, Cycle { beat: Some(beat), ..open });
        let inputs: Vec<Values> = inputs.iter().map(|cycle| cycle.values(p.result_lanes)).collect();
        requantizer(p).run(&inputs, inputs.len())
    }

    #[test]
    fn d_groups_scale_min_of_1_and_d_in_cycles_beats_a_cycle() {
        let periods = 20;
        let window = periods * CYCLES;
        for dividers in [1, 2, 3, CYCLES - 1, CYCLES, CYCLES + 1, 16] {
            for raw in [false, true] {
                let warm_up = 4 * CYCLES;
                let p = sizes(1, 1, dividers);
                let outputs = stream(&p, (raw, false, true), (warm_up + window) as usize);
                let steady = &outputs[2 + warm_up as usize..];
                let count = |port: usize| steady.iter().map(|output| output[port][0]).sum::<u64>();
                let expected = u64::from((periods * dividers).min(window));
                assert_eq!(
                    (count(0), count(4), count(8)),
                    (expected, expected, expected),
                    "{dividers} groups"
                );
                assert_eq!(count(1), if raw { expected } else { 0 });
            }
        }
    }

    #[test]
    fn raw_copies_and_maxima_take_a_beat_a_cycle() {
        for kind in [(true, false, false), (true, true, false), (false, true, false)] {
            let outputs = stream(&sizes(2, 4, 1), kind, 100);
            assert!(outputs[2..].iter().all(|output| output[0][0] == 1));
            let results = outputs.iter().filter(|output| output[1][0] == 1).count();
            assert_eq!(results, if kind.0 { 99 } else { 0 });
        }
    }

    #[test]
    fn takes_exactly_its_latencies() {
        for (lanes, dividers) in [(1, 1), (2, 3), (8, 1)] {
            let p = sizes(2, lanes, dividers);
            let accepted = 2;
            let first = |outputs: &[Values], port: usize, value: u64| {
                (accepted..outputs.len())
                    .find(|&cycle| outputs[cycle][port][0] == value)
                    .map(|c| c - accepted)
            };
            let once = |kind: (bool, bool, bool)| {
                let (raw, maximum, scale) = kind;
                let data = vec![-200; lanes as usize];
                let open = Cycle { result_ready: true, quantized_ready: true, ..Cycle::default() };
                let look = Cycle { access: Some((1, None)), ..open.clone() };
                let mut inputs = vec![
                    Cycle { reset: true, ..open.clone() },
                    Cycle { access: Some((1, Some(100))), ..open.clone() },
                    Cycle {
                        beat: Some(Beat { data, slot: 1, fresh: false, last: true, raw, maximum, scale }),
                        ..open.clone()
                    },
                ];
                // Only when all is quiet is the memory looked at.
                inputs.resize(2 + maximum_cycles(lanes) as usize, open);
                inputs.resize(30, look);
                let inputs: Vec<Values> = inputs.iter().map(|cycle| cycle.values(lanes)).collect();
                requantizer(&p).run(&inputs, inputs.len())
            };
            let raw = once((true, false, false));
            assert_eq!(first(&raw, 1, 1), Some(OPERANDS_CYCLES as usize));
            let updated = once((false, true, false));
            // The write is at the edge of the cycle with `done`, and shows in the next.
            assert_eq!(first(&updated, 8, 1), Some(maximum_cycles(lanes) as usize - 1));
            assert_eq!(first(&updated, 7, 200), Some(maximum_cycles(lanes) as usize));
            let scaled = once((false, false, true));
            assert_eq!(first(&scaled, 4, 1), Some(quantized_cycles() as usize));
            assert_eq!(first(&scaled, 8, 1), Some(quantized_cycles() as usize));
            // |v| > M.
            assert_eq!(scaled[accepted + quantized_cycles() as usize][5], vec![0x81; lanes as usize]);
        }
    }

    /// The maximum of the beat just before, and of one that a reset drops.
    #[test]
    fn a_scaled_beat_sees_the_maximum_right_before_it_and_maxima_outlive_a_reset() {
        let p = sizes(2, 2, 1);
        let open = Cycle { result_ready: true, quantized_ready: true, ..Cycle::default() };
        let beat = |data: [i32; 2], fresh: bool, scale: bool| Cycle {
            beat: Some(Beat {
                data: data.to_vec(),
                slot: 0,
                fresh,
                last: false,
                raw: false,
                maximum: !scale,
                scale,
            }),
            ..open.clone()
        };
        let mut inputs = vec![Cycle { reset: true, ..open.clone() }];
        inputs.extend([
            beat([1, -10], true, false),
            beat([20, 3], false, false),
            beat([10, -5], false, true),
        ]);
        inputs.resize(20, open.clone());
        // 40 is at the memory when reset comes, 30 has been written.
        inputs.extend([beat([-30, 3], false, false), open.clone(), open.clone()]);
        let reset = Cycle { reset: true, ..open.clone() };
        inputs.extend([beat([3, 40], false, false), open.clone(), reset, beat([15, 30], false, true)]);
        inputs.resize(40, open);
        let inputs: Vec<Values> = inputs.iter().map(|cycle| cycle.values(2)).collect();
        let outputs = requantizer(&p).run(&inputs, inputs.len());
        let q: Vec<&[u64]> =
            outputs[1..].iter().filter(|output| output[4][0] == 1).map(|output| &output[5][..]).collect();
        // 63.5 and 31.75 of 20, then of 30.
        assert_eq!(q, [[64, 0xe0], [64, 127]]);
    }

    #[test]
    fn synthesises() {
        requantizer(&sizes(1, 1, 1)).assert_synthesises();
        requantizer(&sizes(5, 4, 2)).assert_synthesises();
    }
}
