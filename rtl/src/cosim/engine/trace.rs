//! What a run did, as `engine.cpp` printed it.

use super::response::Response;
use super::watch::NetEvents;
use crate::{EngineParameters, Error};

/// A beat of an output stream, as it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputBeat {
    /// The cycle in which valid rose for it.
    pub offered_cycle: u64,
    /// The cycle in which it was transferred.
    pub cycle: u64,
    /// TLAST.
    pub last: bool,
    /// RESULT_LANES values.
    pub values: Vec<i32>,
}

/// What was transferred while a segment was open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentTrace {
    /// The cycle in which it was opened.
    pub opened_cycle: u64,
    /// When each job was taken, where they come by stream.
    pub job_cycles: Vec<u64>,
    /// When each beat of weights was transferred, by stream or as read data.
    pub weight_cycles: Vec<u64>,
    /// When each beat of activations was.
    pub activation_cycles: Vec<u64>,
    /// When each vector beat was.
    pub vector_cycles: Vec<u64>,
    /// Result beats.
    pub results: Vec<OutputBeat>,
    /// Quantized beats.
    pub quantized: Vec<OutputBeat>,
}

/// A burst that the engine asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The cycle in which ARVALID rose for it.
    pub offered_cycle: u64,
    /// The cycle in which it was accepted.
    pub cycle: u64,
    /// Of its first byte.
    pub address: u64,
    /// Its length.
    pub beats: u64,
}

/// The answer to a register access; of a command, first those to writes, then those to reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The cycle in which the access had been accepted whole.
    pub accepted_cycle: u64,
    /// The cycle of the answer.
    pub cycle: u64,
    /// OKAY or an error.
    pub response: Response,
    /// What was read; nothing for a write.
    pub data: Option<u32>,
}

/// What a run did, in cycles counted from the first one after reset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineTrace {
    /// One a segment that was opened.
    pub segments: Vec<SegmentTrace>,
    /// One a register access, and one a poll.
    pub answers: Vec<Answer>,
    /// Bursts of read data.
    pub requests: Vec<Request>,
    /// When the interrupt changed, and what to.
    pub interrupts: Vec<(u64, bool)>,
    /// Cycles in which `invalid_code` was high.
    pub invalid_codes: Vec<u64>,
    /// Cycles in which `activation_overflow` rose.
    pub overflows: Vec<u64>,
    /// Cycles in which read data waited for RREADY.
    pub read_stall_cycles: u64,
    /// Readies that depended on an input of the same cycle.
    pub combinational: Vec<String>,
    /// The number of cycles until the last transfer, or the stop.
    pub cycles: u64,
    /// What nets did, where they are watched ([`super::Instruments::events`]).
    pub events: NetEvents,
}

impl EngineTrace {
    /// Reads the output of `engine.cpp`: a letter and numbers a line.
    pub(crate) fn parse(p: &EngineParameters, output: &str) -> Result<Vec<Self>, Error> {
        let unreadable = |line: &str| Error::Schedule(format!("the simulation printed: {line}"));
        let fresh = || EngineTrace { segments: vec![SegmentTrace::default()], ..EngineTrace::default() };
        let mut traces = vec![];
        let mut trace = fresh();
        for line in output.lines() {
            let (kind, rest) = line.split_once(' ').ok_or_else(|| unreadable(line))?;
            match kind {
                "error" => {
                    let (run, what) = rest.split_once(' ').ok_or_else(|| unreadable(line))?;
                    let run = usize::from_str_radix(run, 16).map_err(|_| unreadable(line))?;
                    return Err(Error::Run { run, what: what.to_owned() });
                }
                "s" => {
                    trace.events.line(rest).ok_or_else(|| unreadable(line))?;
                    continue;
                }
                "c" => {
                    trace.combinational.push(rest.to_owned());
                    continue;
                }
                _ => {}
            }
            let numbers: Result<Vec<u64>, _> =
                rest.split_whitespace().map(|n| u64::from_str_radix(n, 16)).collect();
            let numbers = numbers.map_err(|_| unreadable(line))?;
            if kind == "end" {
                let &[cycles, stalls] = numbers.as_slice() else { return Err(unreadable(line)) };
                trace.cycles = cycles;
                trace.read_stall_cycles = stalls;
                traces.push(std::mem::replace(&mut trace, fresh()));
            } else {
                trace.line(p, kind, &numbers).ok_or_else(|| unreadable(line))?;
            }
        }
        Ok(traces)
    }

    fn line(&mut self, p: &EngineParameters, kind: &str, numbers: &[u64]) -> Option<()> {
        let segment = self.segments.last_mut()?;
        let answer = |accepted_cycle, cycle, response, data| {
            Some(Answer { accepted_cycle, cycle, response: Response::of(response)?, data })
        };
        match (kind, numbers) {
            ("j", &[cycle]) => segment.job_cycles.push(cycle),
            ("w", &[cycle]) => segment.weight_cycles.push(cycle),
            ("a", &[cycle]) => segment.activation_cycles.push(cycle),
            ("v", &[cycle]) => segment.vector_cycles.push(cycle),
            ("r", &[offered_cycle, cycle, last, ref words @ ..]) => {
                let values = words.iter().take(p.result_lanes as usize);
                let values = values.map(|&word| Some(u32::try_from(word).ok()?.cast_signed()));
                let values = values.collect::<Option<_>>()?;
                segment.results.push(OutputBeat { offered_cycle, cycle, last: last != 0, values });
            }
            ("q", &[offered_cycle, cycle, last, ref words @ ..]) => {
                let bytes = words.iter().flat_map(|word| word.to_le_bytes().into_iter().take(4));
                let values = bytes.take(p.result_lanes as usize).map(|byte| byte.cast_signed().into());
                let values = values.collect();
                segment.quantized.push(OutputBeat { offered_cycle, cycle, last: last != 0, values });
            }
            ("m", &[offered_cycle, cycle, address, beats]) => {
                self.requests.push(Request { offered_cycle, cycle, address, beats });
            }
            ("b", &[accepted, cycle, response]) => {
                self.answers.push(answer(accepted, cycle, response, None)?);
            }
            ("d", &[accepted, cycle, response, data]) => {
                self.answers.push(answer(accepted, cycle, response, Some(u32::try_from(data).ok()?))?);
            }
            ("i", &[cycle, level]) => self.interrupts.push((cycle, level != 0)),
            ("n", &[cycle]) => self.invalid_codes.push(cycle),
            ("f", &[cycle]) => self.overflows.push(cycle),
            ("o", &[opened_cycle]) => {
                self.segments.push(SegmentTrace { opened_cycle, ..SegmentTrace::default() });
            }
            _ => return None,
        }
        Some(())
    }
}
