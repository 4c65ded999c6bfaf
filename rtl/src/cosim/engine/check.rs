//! Whether a run did what its session expects.

use super::counters::COUNTER_NAMES;
use super::job::ExpectedBeat;
use super::response::Response;
use super::session::{Expectation, Session};
use super::trace::{Answer, EngineTrace, OutputBeat, SegmentTrace};
use super::{Counters, Top};

/// When a job was started, and when it was over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCycles {
    /// The cycle in which the write of JOB_START was accepted, or the job's beat.
    pub started: u64,
    /// The cycle in which its last beat was offered; nothing for a job without beats.
    pub ended: Option<u64>,
}

/// What a run that was as expected did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Jobs started.
    pub jobs: u64,
    /// Values compared: each of a beat's outputs counts.
    pub values: u64,
    /// Cycles of the run.
    pub cycles: u64,
    /// What the counters read in the end; nothing if the run was cut.
    pub counters: Option<Counters>,
    /// By job; those of aborted ones may be missing.
    pub job_cycles: Vec<JobCycles>,
}

impl Session {
    /// Compares everything that came out with what the contract says, and every answer with the register map.
    ///
    /// # Errors
    ///
    /// The first difference, in one line; jobs, tiles, tokens and outputs count from 0.
    pub fn check(&self, trace: &EngineTrace) -> Result<Outcome, String> {
        let cut = self.run.stop_after_cycles.is_some();
        let mut outcome = Outcome { cycles: trace.cycles, ..Outcome::default() };
        let mut ends = vec![None; self.starts.len()];
        let opened = trace.segments.len();
        for (i, (segment, expected)) in trace.segments.iter().zip(&self.segments).enumerate() {
            let whole = !(expected.aborted || cut && i + 1 == opened);
            for (name, beats, expected) in [
                ("result", &segment.results, &expected.results),
                ("quantized", &segment.quantized, &expected.quantized),
            ] {
                outcome.values += compare_beats(name, beats, expected, whole)?;
                for (beat, (job, _)) in beats.iter().zip(expected).filter(|(beat, _)| beat.last) {
                    ends[*job] = ends[*job].max(Some(beat.offered_cycle));
                }
            }
            self.check_requests(trace, i, whole)?;
            if whole {
                self.check_inputs(i, segment)?;
            }
        }
        if trace.read_stall_cycles > 0 {
            return Err(format!(
                "beats that were asked for waited {} cycles for room",
                trace.read_stall_cycles
            ));
        }
        if self.top == Top::Core {
            self.check_errors(trace, cut)?;
        }
        outcome.counters = self.check_answers(&trace.answers, cut)?;
        if !cut {
            if opened != self.segments.len() {
                return Err(format!("{opened} of {} segments were opened", self.segments.len()));
            }
            let interrupt = trace.interrupts.last().is_some_and(|(_, level)| *level);
            if let Some(expected) = self.interrupt.filter(|expected| *expected != interrupt) {
                return Err(format!("the interrupt is {interrupt} in the end, expected {expected}"));
            }
        }
        for (&start, ended) in self.starts.iter().zip(ends) {
            let started = match self.top {
                Top::Core => trace.segments[0].job_cycles.get(start).copied(),
                Top::Stream | Top::Axi => trace.answers.get(start).map(|answer| answer.accepted_cycle),
            };
            if let Some(started) = started {
                outcome.jobs += 1;
                outcome.job_cycles.push(JobCycles { started, ended });
            }
        }
        Ok(outcome)
    }

    /// The outputs that say what is wrong, where there are no registers: a cycle for each beat with an invalid byte, and
    /// no word that cannot come.
    fn check_errors(&self, trace: &EngineTrace, cut: bool) -> Result<(), String> {
        let expected = self.segments[0].invalid_beats;
        let pulses = trace.invalid_codes.len();
        if pulses > expected || !cut && pulses < expected {
            return Err(format!("invalid_code was high in {pulses} cycles, expected {expected}"));
        }
        match trace.overflows.first() {
            Some(cycle) => Err(format!("activation_overflow rose in cycle {cycle}")),
            None => Ok(()),
        }
    }

    /// Everything that was sent was taken.
    fn check_inputs(&self, index: usize, segment: &SegmentTrace) -> Result<(), String> {
        let (p, sent) = (&self.parameters, &self.run.segments[index]);
        let beats = |bytes: &[u8], bits: u32| bytes.len() / (bits as usize / 8);
        let weights = match self.top {
            Top::Core | Top::Stream => beats(&sent.weights.bytes, p.array.stream_bits),
            Top::Axi => self.segments[index].addresses.len(),
        };
        for (name, taken, sent) in [
            ("job", &segment.job_cycles, beats(&sent.jobs.bytes, 64)),
            ("weight", &segment.weight_cycles, weights),
            ("activation", &segment.activation_cycles, beats(&sent.activations.bytes, p.activation_bits)),
            ("vector", &segment.vector_cycles, beats(&sent.vectors.bytes, 32 * p.result_lanes)),
        ] {
            if taken.len() != sent {
                return Err(format!("{} of {sent} {name} beats were taken", taken.len()));
            }
        }
        Ok(())
    }

    /// The weights were asked for in order, and nothing else.
    fn check_requests(&self, trace: &EngineTrace, index: usize, whole: bool) -> Result<(), String> {
        let from = trace.segments[index].opened_cycle;
        let to = trace.segments.get(index + 1).map_or(u64::MAX, |next| next.opened_cycle);
        let expected = &self.segments[index].addresses;
        let beat_bytes = u64::from(self.parameters.array.stream_bits / 8);
        let mut count = 0;
        for request in trace.requests.iter().filter(|request| (from..to).contains(&request.cycle)) {
            for beat in 0..request.beats {
                let address = request.address + beat * beat_bytes;
                match expected.get(count) {
                    Some(right) if *right == address => count += 1,
                    Some(right) => {
                        return Err(format!(
                            "weight beat {count} was read at {address:#x}, expected {right:#x}"
                        ));
                    }
                    None => return Err(format!("a weight beat too many was read at {address:#x}")),
                }
            }
        }
        if whole && count != expected.len() {
            return Err(format!("{count} of {} weight beats were read", expected.len()));
        }
        Ok(())
    }

    fn check_answers(&self, answers: &[Answer], cut: bool) -> Result<Option<Counters>, String> {
        if !cut && answers.len() != self.expectations.len() {
            return Err(format!(
                "{} of {} register accesses answered",
                answers.len(),
                self.expectations.len()
            ));
        }
        let mut counters = None;
        let mut base = 0u32;
        for (i, (answer, expectation)) in answers.iter().zip(&self.expectations).enumerate() {
            let wrong = |expected: String| {
                let Answer { cycle, response, data, .. } = answer;
                let got = data.map_or(String::new(), |data| format!("{data:#x}, "));
                Err(format!("register access {i}, cycle {cycle}: got {got}{response:?}, expected {expected}"))
            };
            let data = answer.data.unwrap_or(0);
            let okay = answer.response == Response::Okay;
            match *expectation {
                Expectation::Written(response) if answer.response != response => {
                    return wrong(format!("{response:?}"));
                }
                Expectation::Written(_) => {}
                Expectation::Refused if answer.response == Response::SlaveError => {}
                Expectation::Refused => return wrong("SlaveError".to_owned()),
                Expectation::Read { mask, value } if okay && data & mask == value & mask => {}
                Expectation::Read { mask, value } => {
                    return wrong(format!("{value:#x} in bits {mask:#x}, Okay"));
                }
                Expectation::JobsBase => base = data,
                Expectation::JobsSince(jobs) if okay && data == base.wrapping_add(jobs) => {}
                Expectation::JobsSince(jobs) => return wrong(format!("{jobs} jobs after {base}, Okay")),
                Expectation::Counter(_) if !okay => return wrong("Okay".to_owned()),
                Expectation::Counter(counter) => {
                    let counters = counters.get_or_insert_with(Counters::default);
                    *counters.all_mut()[counter] = data.into();
                }
            }
        }
        if let (Some(counters), Some(totals)) = (&counters, &self.totals) {
            check_counters(counters, totals)?;
        }
        Ok(counters)
    }
}

fn check_counters(counters: &Counters, totals: &Counters) -> Result<(), String> {
    let pairs = counters.values().into_iter().zip(totals.values());
    // Where there are stalls, the stall counters are whatever they are.
    for (i, (got, expected)) in pairs.enumerate().filter(|(i, _)| ![0, 2, 3, 4].contains(i)) {
        if got != expected {
            return Err(format!("{} is {got}, expected {expected}", COUNTER_NAMES[i]));
        }
    }
    if counters.matrix_cycles() > counters.busy_cycles {
        return Err(format!(
            "{} cycles of matrix jobs are more than the {} busy ones",
            counters.matrix_cycles(),
            counters.busy_cycles
        ));
    }
    Ok(())
}

/// Compares a stream; the number of values.
fn compare_beats(
    name: &str,
    beats: &[OutputBeat],
    expected: &[(usize, ExpectedBeat)],
    whole: bool,
) -> Result<u64, String> {
    let mut values = 0;
    for (beat, (job, expected)) in beats.iter().zip(expected) {
        let ExpectedBeat { tile, token, output, .. } = expected;
        let place =
            |output: usize| format!("{name} of job {job}, tile {tile}, token {token}, output {output}");
        for (i, (got, right)) in beat.values.iter().zip(&expected.values).enumerate() {
            if got != right {
                return Err(format!("{}: got {got}, expected {right}", place(output + i)));
            }
            values += 1;
        }
        if beat.last != expected.last {
            return Err(format!("{}: got tlast {}, expected {}", place(*output), beat.last, expected.last));
        }
    }
    if beats.len() > expected.len() || (whole && beats.len() < expected.len()) {
        return Err(format!("got {} {name} beats, expected {}", beats.len(), expected.len()));
    }
    Ok(values)
}
