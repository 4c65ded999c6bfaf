//! Runs of random jobs, with what a host may do besides.

use contract::{IMAGE_VERSION, max_k};

use super::job::EngineJob;
use super::random_job::JobLimits;
use super::response::Response;
use super::run::{Command, Write};
use super::session::{Expectation, Session};
use super::{Patterns, Top};
use crate::cosim::Random;
use crate::register_map as register;
use crate::{EngineParameters, Error, JOB_SLOTS};

/// What random runs are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLimits {
    /// Jobs of a segment, at least 1.
    pub jobs: u64,
    /// Of each job.
    pub job: JobLimits,
}

impl Session {
    /// Random jobs back to back under random stalls on every port. One run in five is aborted and goes on with other
    /// jobs, one in ten ends with a reset wherever it is. The core has no aborts, and ends with a reset one time in five.
    ///
    /// # Errors
    ///
    /// None, unless a job was drawn that the contract refuses.
    pub fn random(
        p: &EngineParameters,
        top: Top,
        limits: SessionLimits,
        random: &mut Random,
    ) -> Result<Self, Error> {
        if top == Top::Core {
            return Self::random_of_core(p, limits, random);
        }
        let patterns = if random.chance(20) { Patterns::default() } else { Patterns::random(random) };
        let mut session = Session::new(p, top, patterns);
        session.run.reset_cycles = 1 + random.below(3);
        session.run.memory_latency_cycles = latencies(random);
        let beat_bytes = u64::from(p.array.stream_bits / 8);
        if top == Top::Axi {
            // Anywhere, or shortly before a boundary of 4 KB.
            let pages = random.bits() >> 16 >> random.below(32);
            session.set_address(pages * 4096 + random.below((4096 / beat_bytes).max(1)) * beat_bytes);
        }
        session.enable_interrupts(u32::try_from(random.below(4)).unwrap_or(0));
        let segments = if random.chance(20) { 2 + random.below(2) } else { 1 };
        for segment in 0..segments {
            for _ in 0..1 + random.below(limits.jobs) {
                session.random_job(limits.job, random)?;
            }
            if segment + 1 < segments {
                let cycles = random.below(50) * random.below(50);
                session.command(Command::Wait { cycles });
                session.abort(random.chance(50));
            }
        }
        session.finish();
        if random.chance(10) {
            session.run.stop_after_cycles = Some(1 + random.below(100) * random.below(100));
        }
        Ok(session)
    }

    fn random_of_core(
        p: &EngineParameters,
        limits: SessionLimits,
        random: &mut Random,
    ) -> Result<Self, Error> {
        let patterns = if random.chance(20) { Patterns::default() } else { Patterns::random_of_core(random) };
        let mut session = Session::new(p, Top::Core, patterns);
        session.run.reset_cycles = 1 + random.below(3);
        // Many of the smallest ones: then jobs wait for results, not for the array.
        let (jobs, limits) = if random.chance(25) {
            (4 * limits.jobs, JobLimits { tiles: 1, steps: 1 })
        } else {
            (limits.jobs, limits.job)
        };
        for _ in 0..1 + random.below(jobs) {
            let kept = session.kept().map(<[_]>::to_vec);
            let job = EngineJob::random_matrix(p, limits, kept.as_deref(), random);
            session.start(&job, random)?;
        }
        if random.chance(20) {
            session.run.stop_after_cycles = Some(1 + random.below(60) * random.below(60));
        }
        Ok(session)
    }

    fn random_job(&mut self, limits: JobLimits, random: &mut Random) -> Result<(), Error> {
        if random.chance(25) {
            self.random_access(random);
        }
        let kept = self.kept().map(<[_]>::to_vec);
        let job = EngineJob::random(&self.parameters, limits, kept.as_deref(), random);
        let beat_bytes = u64::from(self.parameters.array.stream_bits / 8);
        if self.top == Top::Axi && random.chance(50) {
            self.set_address(self.next_address() + random.below(200) * beat_bytes);
        }
        let address = self.next_address();
        self.start(&job, random)?;
        let weight_beats = (self.next_address() - address) / beat_bytes;
        if weight_beats > 0 && random.chance(5) {
            let response = random.pick(&[Response::SlaveError, Response::DecodeError]);
            self.fault(address + random.below(weight_beats) * beat_bytes, response);
        }
        if random.chance(15) {
            self.idle();
            if random.chance(50) {
                self.clear_interrupt();
            }
            for slot in 0..self.parameters.array.tokens.min(4) {
                self.read_maximum(slot);
            }
        } else if random.chance(10) {
            self.command(Command::Wait { cycles: random.below(300) });
        }
        Ok(())
    }

    /// Something that changes no job.
    fn random_access(&mut self, random: &mut Random) {
        let sizes = self.constants();
        let refused = |address| (Write::word(address, 0), Response::SlaveError);
        match random.below(8) {
            0 => {
                let all: Vec<_> =
                    sizes.iter().map(|&(address, value)| (address, Expectation::value(value))).collect();
                self.access(&[], &all);
            }
            1 => {
                // The low bits of an address say nothing.
                let (address, value) = random.pick(&sizes);
                let low = u32::try_from(random.below(4)).unwrap_or(0);
                self.read(address + low, Expectation::value(value));
            }
            2 => {
                // Part of a word: refused, and nothing changes. A read at the same time is another access.
                let (address, value) = self.job_register(usize::try_from(random.below(6)).unwrap_or(0));
                let strobe = u32::try_from(random.below(15)).unwrap_or(0);
                let write = Write { address, data: !value, strobe };
                self.access(&[(write, Response::SlaveError)], &[(address, Expectation::value(value))]);
                self.read(address, Expectation::value(value));
            }
            3 => {
                let unmapped = self.unmapped();
                let [one, two] = [random.pick(&unmapped), random.pick(&unmapped)];
                self.access(&[refused(one)], &[(two, Expectation::Refused)]);
            }
            4 => {
                let (address, _) = random.pick(&sizes);
                let counter = random.pick(&register::COUNTERS);
                self.access(
                    &[refused(address), refused(register::STATUS), refused(counter)],
                    &[(register::JOB_START, Expectation::Refused), (counter, Expectation::any())],
                );
            }
            5 => {
                let reads: Vec<_> = (0..6)
                    .map(|i| {
                        let (address, value) = self.job_register(i);
                        (address, Expectation::value(value))
                    })
                    .collect();
                self.access(&[], &reads);
                self.read(register::CONTROL, Expectation::value(0));
            }
            _ => self.random_refusal(random),
        }
    }

    /// A start with one thing wrong; later jobs write all registers that differ.
    fn random_refusal(&mut self, random: &mut Random) {
        const VECTOR: u32 = 1 << register::FLAG_VECTOR;
        const RAW: u32 = 1 << register::FLAG_RAW;
        const MAXIMUM: u32 = 1 << register::FLAG_MAXIMUM;
        const SCALE: u32 = 1 << register::FLAG_SCALE;
        const KEEP: u32 = 1 << register::FLAG_KEEP;
        let p = self.parameters;
        let good = [1, 1, 1, RAW, 0, 0];
        let with = |index: usize, value: u32| {
            let mut description = good;
            description[index] = value;
            description
        };
        let mut wrong = vec![
            with(0, 0),
            with(0, register::MOST_N + 1),
            with(1, 0),
            with(2, 0),
            with(2, p.array.tokens + 1),
            // No bit of a size is lost, and reserved ones are no flag.
            with(0, 1 << random.below(10) << 22 | 1),
            with(1, 1 << random.below(8) << 24 | 1),
            with(2, 1 << random.below(20) << 12 | 1),
            with(3, 0xffff_ffe0),
            with(3, 0),
            with(3, VECTOR),
            with(3, KEEP),
            with(3, SCALE | MAXIMUM),
            with(3, SCALE | MAXIMUM | RAW),
            with(3, RAW | KEEP | VECTOR),
        ];
        let most_k = max_k(p.array.acc_bits);
        if let Ok(beyond) =
            u32::try_from(most_k + 1).map_err(|_| ()).and_then(|k| if k < 1 << 24 { Ok(k) } else { Err(()) })
        {
            wrong.push(with(1, beyond));
        }
        let beat_bytes = p.array.stream_bits / 8;
        if self.top == Top::Axi && beat_bytes > 1 {
            wrong.push(with(4, beat_bytes / 2));
            wrong.push(with(4, beat_bytes + 1));
        }
        self.describe(random.pick(&wrong), random.chance(50));
        self.refused_start();
        let refused = 1 << register::ERROR_JOB_REFUSED;
        self.read(register::ERROR, Expectation::Read { mask: refused, value: refused });
        self.clear_error(refused);
        self.read(register::ERROR, Expectation::Read { mask: refused, value: 0 });
    }

    /// Registers that never change.
    pub fn constants(&self) -> Vec<(u32, u32)> {
        let p = &self.parameters;
        let features = u32::from(self.top == Top::Axi);
        let values = [
            register::IDENTIFICATION,
            register::MAP_VERSION << 16 | IMAGE_VERSION,
            p.array.lanes,
            p.array.columns,
            p.array.tokens,
            p.array.stream_bits,
            p.array.acc_bits,
            p.activation_bits,
            p.activation_words,
            p.result_lanes,
            JOB_SLOTS,
            features,
        ];
        (0..).map(|i| register::ID + 4 * i).zip(values).collect()
    }

    /// Addresses where nothing is.
    pub fn unmapped(&self) -> Vec<u32> {
        let mut addresses =
            vec![0x030, 0x03c, 0x058, 0x07c, 0x09c, 0x0bc, 0x0e0, 0x100, 0x200, 0x400, 0x800, 0xffc];
        let end = register::MAXIMUM + 4 * self.parameters.array.tokens;
        addresses.extend([end, 0x1ffc].into_iter().filter(|&address| (end..0x2000).contains(&address)));
        addresses
    }
}

/// Short ones, long ones, or both.
fn latencies(random: &mut Random) -> Vec<u64> {
    let (least, spread) = (1 + random.below(20), 1 + random.below(4) * random.below(60));
    (0..1 + random.below(7)).map(|_| least + random.below(spread)).collect()
}
