//! A run of jobs as a host would drive it, with what the contract expects of every answer and every beat.

use contract::requantize::maximum;

use super::job::{EngineJob, ExpectedBeat};
use super::response::Response;
use super::run::{Command, EngineRun, Region, Segment, Write};
use super::{Counters, Patterns, Top};
use crate::cosim::Random;
use crate::register_map as register;
use crate::ternary_core::JOB_FIELDS;
use crate::{EngineParameters, Error, JOB_SLOTS};

/// What the answer to a register access must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// A write that is answered so.
    Written(Response),
    /// A read of `value`, where bits outside `mask` may be anything.
    Read {
        /// Bits that count.
        mask: u32,
        /// What they are.
        value: u32,
    },
    /// A read that is answered with SLVERR.
    Refused,
    /// The counter of this index.
    Counter(usize),
    /// JOBS_DONE, from which later ones count.
    JobsBase,
    /// JOBS_DONE, so many more than the base.
    JobsSince(u32),
}

impl Expectation {
    /// A read of exactly this value.
    pub fn value(value: u32) -> Self {
        Self::Read { mask: u32::MAX, value }
    }

    /// A read of whatever it is.
    pub fn any() -> Self {
        Self::Read { mask: 0, value: 0 }
    }
}

/// What comes out while a segment is open: each beat with its job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ExpectedSegment {
    pub(super) results: Vec<(usize, ExpectedBeat)>,
    pub(super) quantized: Vec<(usize, ExpectedBeat)>,
    /// Addresses of the weights' beats, in order; empty where they come by stream.
    pub(super) addresses: Vec<u64>,
    /// Weight beats with a byte that is no code.
    pub(super) invalid_beats: usize,
    /// An abort ends it: a prefix comes out.
    pub(super) aborted: bool,
}

/// The registers that describe a job, in order of their addresses.
const JOB_REGISTERS: [u32; 6] = [
    register::JOB_N,
    register::JOB_K,
    register::JOB_TOKENS,
    register::JOB_FLAGS,
    register::JOB_ADDRESS_LOW,
    register::JOB_ADDRESS_HIGH,
];

/// The free slots in STATUS.
const FREE_SLOTS: u32 = 0xff << register::STATUS_FREE_SLOTS;

/// STATUS when nothing is under way.
const IDLE: u32 = JOB_SLOTS << register::STATUS_FREE_SLOTS;

/// The abort is complete.
const ABORTED: u32 = 1 << register::STATUS_ABORTED;

/// Every error.
const ERRORS: u32 = 31;

/// A run under construction.
#[derive(Clone, Debug)]
pub struct Session {
    pub(super) parameters: EngineParameters,
    pub(super) top: Top,
    pub(super) run: EngineRun,
    pub(super) expectations: Vec<Expectation>,
    pub(super) segments: Vec<ExpectedSegment>,
    /// For each job, the index of the answer to its start, or of its beat where jobs come by stream.
    pub(super) starts: Vec<usize>,
    /// What the counters must be in the end, where nothing was aborted or cleared.
    pub(super) totals: Option<Counters>,
    /// Whether the interrupt is high in the end.
    pub(super) interrupt: Option<bool>,
    job_registers: [u32; 6],
    maxima: Vec<Option<u32>>,
    /// Slots whose maximum an abort would leave unknown.
    pending_maxima: usize,
    kept: Option<Vec<Vec<i8>>>,
    errors: u32,
    jobs_since_base: u32,
    finished_event: bool,
    interrupt_enable: u32,
    next_address: u64,
}

impl Session {
    /// A run without commands, from reset.
    pub fn new(parameters: &EngineParameters, top: Top, patterns: Patterns) -> Self {
        Self {
            parameters: *parameters,
            top,
            run: EngineRun { patterns, ..EngineRun::default() },
            expectations: vec![],
            segments: vec![ExpectedSegment::default()],
            starts: vec![],
            totals: Some(Counters::default()),
            interrupt: None,
            job_registers: [0; 6],
            maxima: vec![None; parameters.array.tokens as usize],
            pending_maxima: 0,
            kept: None,
            errors: 0,
            jobs_since_base: 0,
            finished_event: false,
            interrupt_enable: 0,
            next_address: 0,
        }
    }

    /// The run as it stands.
    pub fn run(&self) -> &EngineRun {
        &self.run
    }

    /// To change when things happen: arrivals, latencies, patterns, the end. What happens must stay.
    pub fn run_mut(&mut self) -> &mut EngineRun {
        &mut self.run
    }

    /// The activations that the last matrix job keeps.
    pub fn kept(&self) -> Option<&[Vec<i8>]> {
        self.kept.as_deref()
    }

    /// Jobs started so far.
    pub fn jobs(&self) -> usize {
        self.starts.len()
    }

    /// ERROR, as it must be when all started jobs are done.
    pub fn errors(&self) -> u32 {
        self.errors
    }

    /// The address that the next job's weights get.
    pub fn set_address(&mut self, address: u64) {
        self.next_address = address;
    }

    /// The address after the last job's weights.
    pub fn next_address(&self) -> u64 {
        self.next_address
    }

    /// Accesses at once and back to back, each with what its answer must be.
    pub fn access(&mut self, writes: &[(Write, Response)], reads: &[(u32, Expectation)]) {
        self.expectations.extend(writes.iter().map(|&(_, response)| Expectation::Written(response)));
        self.expectations.extend(reads.iter().map(|&(_, expectation)| expectation));
        self.run.commands.push(Command::Access {
            writes: writes.iter().map(|&(write, _)| write).collect(),
            reads: reads.iter().map(|&(address, _)| address).collect(),
        });
    }

    /// A write that is answered with OKAY.
    pub fn write(&mut self, address: u32, data: u32) {
        self.access(&[(Write::word(address, data), Response::Okay)], &[]);
    }

    /// A read that must be `expectation`.
    pub fn read(&mut self, address: u32, expectation: Expectation) {
        self.access(&[], &[(address, expectation)]);
    }

    /// Any other command.
    pub fn command(&mut self, command: Command) {
        if let Command::Poll { .. } = command {
            self.expectations.push(Expectation::any());
        }
        self.run.commands.push(command);
    }

    /// Waits until the engine is not busy.
    pub fn idle(&mut self) {
        self.poll(register::STATUS, 1 << register::STATUS_BUSY, 0, 0);
        self.pending_maxima = 0;
    }

    /// Writes some of the registers that describe a job; they read back as written.
    pub(super) fn describe(&mut self, values: [u32; 6], all: bool) {
        let mut writes = vec![];
        for (i, address) in JOB_REGISTERS.into_iter().enumerate() {
            if all || self.job_registers[i] != values[i] {
                writes.push((Write::word(address, values[i]), Response::Okay));
                self.job_registers[i] = values[i];
            }
        }
        // Reserved bits are not kept.
        self.job_registers[3] &= 31;
        if !writes.is_empty() {
            self.access(&writes, &[]);
        }
    }

    /// One of the registers that describe a job, and what it reads.
    pub(super) fn job_register(&self, index: usize) -> (u32, u32) {
        (JOB_REGISTERS[index % 6], self.job_registers[index % 6])
    }

    /// A start that is refused.
    pub fn refused_start(&mut self) {
        self.access(&[(Write::word(register::JOB_START, 1), Response::SlaveError)], &[]);
        self.errors |= 1 << register::ERROR_JOB_REFUSED;
    }

    /// Clears bits of ERROR. Other bits may rise meanwhile.
    pub fn clear_error(&mut self, bits: u32) {
        self.write(register::ERROR, bits);
        self.errors &= !bits;
    }

    /// Writes INTERRUPT_ENABLE.
    pub fn enable_interrupts(&mut self, enable: u32) {
        self.write(register::INTERRUPT_ENABLE, enable);
        self.interrupt_enable = enable;
    }

    /// Clears INTERRUPT_STATUS; the engine must be idle.
    pub fn clear_interrupt(&mut self) {
        self.write(register::INTERRUPT_STATUS, 1);
        self.finished_event = false;
        // Weights sent ahead may have raised an error of the next job.
        self.read(register::INTERRUPT_STATUS, Expectation::Read { mask: 1, value: 0 });
    }

    fn interrupt_status(&self) -> u32 {
        u32::from(self.finished_event) << register::INTERRUPT_JOB_DONE
            | u32::from(self.errors != 0) << register::INTERRUPT_ERROR
    }

    /// Clears the counters; what they are in the end is no longer known.
    pub fn clear_counters(&mut self) {
        self.write(register::CONTROL, 1 << register::CONTROL_CLEAR_COUNTERS);
        self.totals = None;
    }

    /// Writes the maximum of a token slot; the engine must be idle.
    pub fn write_maximum(&mut self, slot: u32, value: u32) {
        self.write(register::MAXIMUM + 4 * slot, value);
        self.maxima[slot as usize] = Some(value);
    }

    /// Reads the maximum of a token slot, if it is known; the engine must be idle.
    pub fn read_maximum(&mut self, slot: u32) {
        if let Some(value) = self.maxima[slot as usize] {
            self.read(register::MAXIMUM + 4 * slot, Expectation::value(value));
        }
    }

    /// Describes and starts a job when there is a free slot, and has the senders send what it needs. Maxima that it
    /// scales by and that nothing has set are written before, from `random`. To the core the job is sent as well.
    ///
    /// # Errors
    ///
    /// A job that the contract refuses.
    pub fn start(&mut self, job: &EngineJob, random: &mut Random) -> Result<(), Error> {
        self.start_when(job, true, random)
    }

    /// The same, with or without waiting for a free slot.
    ///
    /// # Errors
    ///
    /// A job that the contract refuses.
    pub fn start_when(&mut self, job: &EngineJob, wait: bool, random: &mut Random) -> Result<(), Error> {
        let p = self.parameters;
        let values = job.values(&p)?;
        if self.top == Top::Core {
            return self.send_job(job, &values, random);
        }
        if job.scale {
            self.set_unknown_maxima(&values, random);
        }
        let weights = job.weight_bytes(&p, random);
        let address = if job.is_matrix() { self.place(&weights) } else { random.bits() };
        // What a vector job does not use may be anything, what is reserved as well.
        let word = |n: usize| u32::try_from(n).map_err(|_| Error::Schedule(format!("{n} is too many")));
        let k = if job.is_matrix() { word(job.inputs())? } else { word(job.outputs() & 1)? };
        let reserved = if random.chance(10) { 0xffff_ffe0 } else { 0 };
        let [low, high] = [address & 0xffff_ffff, address >> 32].map(|half| u32::try_from(half).unwrap_or(0));
        let description = [word(job.outputs())?, k, word(job.tokens())?, job.flags() | reserved, low, high];
        self.describe(description, random.chance(50));
        if wait {
            self.poll(register::STATUS, FREE_SLOTS, 1 << register::STATUS_FREE_SLOTS, IDLE);
        }
        self.starts.push(self.expectations.len());
        self.write(register::JOB_START, 0);
        self.send(job, weights, random);
        self.expect(job, &values);
        Ok(())
    }

    /// A job for the core, which takes it from its stream.
    fn send_job(&mut self, job: &EngineJob, values: &[Vec<i32>], random: &mut Random) -> Result<(), Error> {
        let used: usize = JOB_FIELDS[..4].iter().sum();
        // What is not looked at may be anything.
        let beat = job.core_beat()? | random.bits() << used;
        let weights = job.weight_bytes(&self.parameters, random);
        let last = self.segments.len() - 1;
        self.starts.push(self.starts.len());
        self.run.segments[last].jobs.bytes.extend(beat.to_le_bytes());
        self.send(job, weights, random);
        self.expect(job, values);
        Ok(())
    }

    fn set_unknown_maxima(&mut self, values: &[Vec<i32>], random: &mut Random) {
        if self.maxima[..values.len()].iter().any(Option::is_none) {
            self.idle();
        }
        for (slot, row) in (0u32..).zip(values) {
            if self.maxima[slot as usize].is_none() {
                let any = u32::try_from(random.bits() >> 32 >> random.below(32)).unwrap_or(0);
                self.write_maximum(slot, if random.chance(50) { maximum(row) } else { any });
            }
        }
    }

    /// Puts the weights where the next job's are.
    fn place(&mut self, weights: &[u8]) -> u64 {
        if self.top != Top::Axi {
            return 0;
        }
        let address = self.next_address;
        self.next_address += weights.len() as u64;
        self.run.memory.push(Region { address, bytes: weights.to_vec() });
        address
    }

    fn send(&mut self, job: &EngineJob, weights: Vec<u8>, random: &mut Random) {
        let p = self.parameters;
        let activations = job.activation_bytes(&p, random);
        let tile_tokens = (job.tiles(&p) * job.steps(&p) * job.tokens()) as u64;
        let beat_bytes = u64::from(p.array.stream_bits / 8);
        if let Some(totals) = &mut self.totals {
            totals.issued += tile_tokens;
            totals.weight_beats += weights.len() as u64 / beat_bytes;
            totals.activation_beats += activations.len() as u64 / u64::from(p.activation_bits / 8);
        }
        let last = self.segments.len() - 1;
        let segment: &mut Segment = &mut self.run.segments[last];
        match self.top {
            Top::Core | Top::Stream => segment.weights.bytes.extend(weights),
            Top::Axi => {
                let end = self.next_address;
                let start = end - weights.len() as u64;
                let addresses = (start..end).step_by(p.array.stream_bits as usize / 8);
                self.segments[last].addresses.extend(addresses.take(if job.is_matrix() {
                    usize::MAX
                } else {
                    0
                }));
            }
        }
        segment.activations.bytes.extend(activations);
        segment.vectors.bytes.extend(job.vector_bytes(&p));
    }

    fn expect(&mut self, job: &EngineJob, values: &[Vec<i32>]) {
        let p = self.parameters;
        let number = self.starts.len() - 1;
        let last = self.segments.len() - 1;
        let beats_of_results = job.beats(&p, values).len();
        self.segments[last].invalid_beats += job.invalid_beats(&p);
        if job.raw {
            let beats = job.beats(&p, values);
            self.segments[last].results.extend(beats.into_iter().map(|beat| (number, beat)));
        }
        if job.scale {
            let maxima: Vec<u32> = self.maxima.iter().map(|maximum| maximum.unwrap_or(0)).collect();
            let beats = job.scaled_beats(&p, values, &maxima);
            self.segments[last].quantized.extend(beats.into_iter().map(|beat| (number, beat)));
        }
        if job.maximum {
            for (slot, row) in values.iter().enumerate() {
                self.maxima[slot] = Some(maximum(row));
            }
            self.pending_maxima = self.pending_maxima.max(values.len());
        }
        if let super::Source::Matrix { activations, keep, corruptions, .. } = &job.source {
            self.kept = keep.then(|| activations.clone());
            if !corruptions.is_empty() {
                self.errors |= 1 << register::ERROR_INVALID_CODE;
            }
        }
        if let Some(totals) = &mut self.totals {
            totals.result_beats += beats_of_results as u64;
        }
        self.jobs_since_base += 1;
        self.finished_event = true;
        let segment = &mut self.run.segments[last];
        segment.results = self.segments[last].results.len() as u64;
        segment.quantized = self.segments[last].quantized.len() as u64;
    }

    /// Answers the read of the beat at `address` with an error; the data is given all the same.
    pub fn fault(&mut self, address: u64, response: Response) {
        self.run.memory_faults.push((address, response));
        self.errors |= match response {
            Response::Okay => 0,
            Response::SlaveError => 1 << register::ERROR_READ_SLVERR,
            Response::DecodeError => 1 << register::ERROR_READ_DECERR,
        };
    }

    /// Aborts whatever is under way; the senders are stopped, or go on to the end of what they have. After it the
    /// engine is as after reset, but for its registers, and a new segment is open.
    pub fn abort(&mut self, drain: bool) {
        self.write(register::CONTROL, 1 << register::CONTROL_ABORT);
        self.poll(register::STATUS, ABORTED, ABORTED, ABORTED);
        self.command(Command::Quiet);
        self.command(if drain { Command::Drain } else { Command::Stop });
        self.refused_start();
        self.command(Command::Quiet);
        self.read(register::STATUS, Expectation::Read { mask: ABORTED, value: ABORTED });
        self.write(register::CONTROL, 0);
        self.read(register::STATUS, Expectation::value(IDLE));
        self.read(register::JOBS_DONE, Expectation::JobsBase);
        self.clear_error(ERRORS);
        self.write(register::INTERRUPT_STATUS, 1);
        self.read(register::INTERRUPT_STATUS, Expectation::value(0));
        self.command(Command::Open);
        if let Some(segment) = self.segments.last_mut() {
            segment.aborted = true;
        }
        self.segments.push(ExpectedSegment::default());
        self.run.segments.push(Segment::default());
        self.maxima[..self.pending_maxima].fill(None);
        self.pending_maxima = 0;
        self.totals = None;
        self.kept = None;
        self.jobs_since_base = 0;
        self.finished_event = false;
    }

    /// Waits for the end of all jobs and reads every register that says how it went. The core has none: its run ends when
    /// all results are there.
    pub fn finish(&mut self) {
        if self.top == Top::Core {
            return;
        }
        self.idle();
        self.read(register::STATUS, Expectation::value(IDLE));
        self.read(register::ERROR, Expectation::value(self.errors));
        self.read(register::INTERRUPT_STATUS, Expectation::value(self.interrupt_status()));
        self.read(register::JOBS_DONE, Expectation::JobsSince(self.jobs_since_base));
        let counters: Vec<_> = (0..8).map(|i| (register::COUNTERS[i], Expectation::Counter(i))).collect();
        self.access(&[], &counters);
        for slot in 0..self.parameters.array.tokens.min(8) {
            self.read_maximum(slot);
        }
        self.interrupt = Some(self.interrupt_enable & self.interrupt_status() != 0);
    }

    fn poll(&mut self, address: u32, mask: u32, least: u32, most: u32) {
        self.command(Command::Poll { address, mask, least, most });
    }
}
