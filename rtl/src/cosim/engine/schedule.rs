//! Runs as the text that `engine.cpp` reads: numbers in hexadecimal, beats in words of 32 bits, lowest first.

use std::fmt::Write as _;

use super::run::{Command, EngineRun, Stream};
use crate::{EngineParameters, Error};

/// The schedule of `runs`.
///
/// # Errors
///
/// A run that does not fit the engine: bytes that are no whole beats, arrivals that are not one a beat.
pub(crate) fn schedule(p: &EngineParameters, runs: &[EngineRun]) -> Result<String, Error> {
    let mut text = Text::default();
    let (stream_bytes, activation_bytes) = (p.array.stream_bits / 8, p.activation_bits / 8);
    let vector_bytes = 4 * p.result_lanes;
    text.numbers([
        p.array.stream_bits.into(),
        p.activation_bits.into(),
        p.result_lanes.into(),
        p.burst_beats.into(),
        runs.len() as u64,
    ]);
    for run in runs {
        if run.reset_cycles == 0 || run.segments.is_empty() {
            return Err(Error::Schedule("a run needs a reset and a segment".to_owned()));
        }
        text.numbers([run.reset_cycles, run.stop_after_cycles.unwrap_or(u64::MAX)]);
        for pattern in run.patterns.all() {
            text.numbers([pattern.len() as u64]);
            text.numbers(pattern.iter().map(|&willing| willing.into()));
        }
        text.numbers([run.segments.len() as u64]);
        for segment in &run.segments {
            text.stream("job", &segment.jobs, 8)?;
            text.stream("weight", &segment.weights, stream_bytes)?;
            text.stream("activation", &segment.activations, activation_bytes)?;
            text.stream("vector", &segment.vectors, vector_bytes)?;
            text.numbers([segment.results, segment.quantized]);
        }
        text.numbers([run.memory.len() as u64]);
        for region in &run.memory {
            let beats = beats("memory", &region.bytes, stream_bytes)?;
            text.numbers([region.address, beats.len() as u64]);
            beats.for_each(|beat| text.beat(beat));
        }
        text.numbers([run.memory_faults.len() as u64]);
        for &(address, response) in &run.memory_faults {
            text.numbers([address, response.bits()]);
        }
        text.numbers([run.memory_latency_cycles.len() as u64]);
        text.numbers(run.memory_latency_cycles.iter().copied());
        text.numbers([run.commands.len() as u64]);
        run.commands.iter().for_each(|command| text.command(command));
    }
    Ok(text.0)
}

fn beats<'a>(
    name: &str,
    bytes: &'a [u8],
    beat_bytes: u32,
) -> Result<impl ExactSizeIterator<Item = &'a [u8]>, Error> {
    let beats = bytes.chunks_exact(beat_bytes as usize);
    if !beats.remainder().is_empty() {
        let what = format!("{} bytes of {name} are no whole beats of {beat_bytes}", bytes.len());
        return Err(Error::Schedule(what));
    }
    Ok(beats)
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn numbers(&mut self, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            // Writing to a string does not fail.
            let _ = write!(self.0, "{number:x} ");
        }
    }

    fn beat(&mut self, beat: &[u8]) {
        let word = |bytes: &[u8]| bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte));
        self.numbers(beat.chunks(4).map(word));
    }

    fn stream(&mut self, name: &str, stream: &Stream, beat_bytes: u32) -> Result<(), Error> {
        let beats = beats(name, &stream.bytes, beat_bytes)?;
        let arrivals = &stream.arrival_cycles;
        if !arrivals.is_empty() && arrivals.len() != beats.len() {
            return Err(Error::Schedule(format!(
                "{} arrivals of {} {name} beats",
                arrivals.len(),
                beats.len()
            )));
        }
        self.numbers([beats.len() as u64, u64::from(!arrivals.is_empty())]);
        for (i, beat) in beats.enumerate() {
            self.numbers(arrivals.get(i).copied());
            self.beat(beat);
        }
        Ok(())
    }

    fn command(&mut self, command: &Command) {
        match command {
            Command::Access { writes, reads } => {
                self.numbers([0, writes.len() as u64]);
                for write in writes {
                    self.numbers([write.address, write.data, write.strobe].map(u64::from));
                }
                self.numbers([reads.len() as u64]);
                self.numbers(reads.iter().copied().map(u64::from));
            }
            &Command::Poll { address, mask, least, most } => {
                self.numbers([1, address.into(), mask.into(), least.into(), most.into()]);
            }
            Command::Wait { cycles } => self.numbers([2, *cycles]),
            Command::Interrupt => self.numbers([3]),
            Command::Stop => self.numbers([4]),
            Command::Drain => self.numbers([5]),
            Command::Quiet => self.numbers([6]),
            Command::Open => self.numbers([7]),
        }
    }
}
