//! A job of the engine: its streams' bytes and what comes of them, both from matrices and the contract alone.

use std::collections::BTreeSet;

use contract::requantize::rescale;
use contract::{ImageLayout, Trit, dot, packing};

use crate::cosim::Random;
use crate::register_map::{FLAG_KEEP, FLAG_MAXIMUM, FLAG_RAW, FLAG_SCALE, FLAG_VECTOR};
use crate::ternary_core::JOB_FIELDS;
use crate::{EngineParameters, Error};

/// A byte of the weight image that is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corruption {
    /// Its index in the image; not in the padding of a tile's last beat.
    pub position: usize,
    /// One of the 13 bytes that are no code.
    pub byte: u8,
}

/// Where a job's values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The array.
    Matrix {
        /// A row of K trits an output.
        weights: Vec<Vec<Trit>>,
        /// K activations a token.
        activations: Vec<Vec<i8>>,
        /// The activations are those that the matrix job before kept: they are not sent again.
        kept: bool,
        /// KEEP.
        keep: bool,
        /// Bytes that are sent instead of the right ones.
        corruptions: Vec<Corruption>,
    },
    /// The vector stream: N values a token.
    Vector {
        /// Values by token.
        values: Vec<Vec<i32>>,
    },
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineJob {
    /// Its values.
    pub source: Source,
    /// RAW.
    pub raw: bool,
    /// MAXIMUM.
    pub maximum: bool,
    /// SCALE.
    pub scale: bool,
}

/// A beat that a job puts out, with where it is in the job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedBeat {
    /// The tile of COLUMNS outputs.
    pub tile: usize,
    /// The token.
    pub token: usize,
    /// The first value's output.
    pub output: usize,
    /// RESULT_LANES values.
    pub values: Vec<i32>,
    /// The job's last beat.
    pub last: bool,
}

impl EngineJob {
    /// Outputs: N.
    pub fn outputs(&self) -> usize {
        match &self.source {
            Source::Matrix { weights, .. } => weights.len(),
            Source::Vector { values } => values.first().map_or(0, Vec::len),
        }
    }

    /// Inputs: K; 0 for a vector job.
    pub fn inputs(&self) -> usize {
        match &self.source {
            Source::Matrix { weights, .. } => weights.first().map_or(0, Vec::len),
            Source::Vector { .. } => 0,
        }
    }

    /// Tokens.
    pub fn tokens(&self) -> usize {
        match &self.source {
            Source::Matrix { activations, .. } => activations.len(),
            Source::Vector { values } => values.len(),
        }
    }

    /// Tiles of COLUMNS outputs.
    pub fn tiles(&self, p: &EngineParameters) -> usize {
        self.outputs().div_ceil(p.array.columns as usize)
    }

    /// Steps of LANES inputs; 0 for a vector job.
    pub fn steps(&self, p: &EngineParameters) -> usize {
        self.inputs().div_ceil(p.array.lanes as usize)
    }

    /// Whether the array computes it.
    pub fn is_matrix(&self) -> bool {
        matches!(self.source, Source::Matrix { .. })
    }

    /// JOB_FLAGS.
    pub fn flags(&self) -> u32 {
        let (vector, keep) = match self.source {
            Source::Matrix { keep, .. } => (false, keep),
            Source::Vector { .. } => (true, false),
        };
        let flag = |set: bool, flag: u32| u32::from(set) << flag;
        flag(vector, FLAG_VECTOR)
            | flag(self.raw, FLAG_RAW)
            | flag(self.maximum, FLAG_MAXIMUM)
            | flag(self.scale, FLAG_SCALE)
            | flag(keep, FLAG_KEEP)
    }

    /// The beat that gives the job to the core, but for what it does not look at.
    ///
    /// # Errors
    ///
    /// A job that the core does not do: of another kind, or with a size that no field holds.
    pub fn core_beat(&self) -> Result<u64, Error> {
        let Source::Matrix { keep, .. } = self.source else {
            return Err(Error::Schedule("the core has no vector jobs".to_owned()));
        };
        if !self.raw || self.maximum || self.scale {
            return Err(Error::Schedule("the core puts out raw results alone".to_owned()));
        }
        let values = [self.outputs(), self.tokens(), self.inputs(), usize::from(keep)];
        let (mut beat, mut start) = (0, 0);
        for (value, bits) in values.into_iter().zip(JOB_FIELDS) {
            let value = value as u64;
            if value >> bits != 0 {
                return Err(Error::Schedule(format!("{value} does not fit {bits} bits")));
            }
            beat |= value << start;
            start += bits;
        }
        Ok(beat)
    }

    /// The bytes of the weight stream; empty for a vector job. What pads a tile's last beat is ignored: it is random
    /// codes.
    pub fn weight_bytes(&self, p: &EngineParameters, random: &mut Random) -> Vec<u8> {
        let Source::Matrix { weights, corruptions, .. } = &self.source else { return vec![] };
        let layout = layout(p);
        let mut image = vec![];
        for rows in weights.chunks(layout.columns) {
            for step in 0..self.steps(p) {
                let end = image.len() + layout.step_bytes();
                image.extend(layout.pack_step(rows, step));
                image.resize_with(end, || packing::pack5(std::array::from_fn(|_| random.pick(&Trit::ALL))));
            }
        }
        for corruption in corruptions {
            image[corruption.position] = corruption.byte;
        }
        image
    }

    /// Beats of the weight stream with a byte that is no code.
    pub fn invalid_beats(&self, p: &EngineParameters) -> usize {
        let Source::Matrix { corruptions, .. } = &self.source else { return 0 };
        let beat_bytes = p.array.stream_bits as usize / 8;
        let beats: BTreeSet<usize> =
            corruptions.iter().map(|corruption| corruption.position / beat_bytes).collect();
        beats.len()
    }

    /// The bytes of the activation stream; empty where there are none to send. What meets no input, and what pads a
    /// word's last beat, is random.
    pub fn activation_bytes(&self, p: &EngineParameters, random: &mut Random) -> Vec<u8> {
        let Source::Matrix { activations, kept: false, .. } = &self.source else { return vec![] };
        let lanes = p.array.lanes as usize;
        let word_bytes = (p.beats_per_word() * p.activation_bits / 8) as usize;
        let mut bytes = vec![];
        for step in 0..self.steps(p) {
            for token in activations {
                let end = bytes.len() + word_bytes;
                let word = token.iter().skip(step * lanes).take(lanes);
                bytes.extend(word.map(|activation| activation.cast_unsigned()));
                bytes.resize_with(end, || random.bits().to_le_bytes()[0]);
            }
        }
        bytes
    }

    /// The bytes of the vector stream; empty for a matrix job.
    pub fn vector_bytes(&self, p: &EngineParameters) -> Vec<u8> {
        let Source::Vector { values } = &self.source else { return vec![] };
        let beats = self.beats(p, values);
        beats.iter().flat_map(|beat| &beat.values).flat_map(|value| value.to_le_bytes()).collect()
    }

    /// The job's values by token, before they are scaled.
    ///
    /// # Errors
    ///
    /// Rows of unequal length, or a K that the accumulators do not hold.
    pub fn values(&self, p: &EngineParameters) -> Result<Vec<Vec<i32>>, Error> {
        let (weights, activations) = match &self.source {
            Source::Vector { values } => return Ok(values.clone()),
            Source::Matrix { weights, activations, .. } => (weights, activations),
        };
        let weights = self.as_decoded(p, weights);
        let value = |row: &Vec<Trit>, token: &Vec<i8>| {
            let sum =
                dot(row, token, p.array.acc_bits).map_err(|error| Error::Schedule(error.to_string()))?;
            i32::try_from(sum).map_err(|error| Error::Schedule(error.to_string()))
        };
        activations.iter().map(|token| weights.iter().map(|row| value(row, token)).collect()).collect()
    }

    /// The trits that the corrupted bytes leave: five zero trits each.
    fn as_decoded(&self, p: &EngineParameters, weights: &[Vec<Trit>]) -> Vec<Vec<Trit>> {
        let mut weights = weights.to_vec();
        let Source::Matrix { corruptions, .. } = &self.source else { return weights };
        let (step_bytes, column_bytes) = (layout(p).step_bytes(), layout(p).column_bytes());
        for corruption in corruptions {
            let (tile, byte) = (corruption.position / step_bytes, corruption.position % step_bytes);
            let row = tile / self.steps(p) * p.array.columns as usize + byte / column_bytes;
            let step = tile % self.steps(p);
            let lane = 5 * (byte % column_bytes);
            let (decoded, _) = packing::decode5(corruption.byte);
            for (lane, trit) in (lane..).zip(decoded).take_while(|(lane, _)| *lane < p.array.lanes as usize) {
                let k = step * p.array.lanes as usize + lane;
                if let Some(place) = weights.get_mut(row).and_then(|row| row.get_mut(k)) {
                    *place = trit;
                }
            }
        }
        weights
    }

    /// Trits that are not zero, as the decoders give them; 0 for a vector job.
    pub fn nonzero_trits(&self, p: &EngineParameters) -> u64 {
        let Source::Matrix { weights, .. } = &self.source else { return 0 };
        let weights = self.as_decoded(p, weights);
        weights.iter().flatten().filter(|trit| trit.is_nonzero()).count() as u64
    }

    /// Values by token in the order and the beats of the output streams.
    pub fn beats(&self, p: &EngineParameters, values: &[Vec<i32>]) -> Vec<ExpectedBeat> {
        let (columns, lanes) = (p.array.columns as usize, p.result_lanes as usize);
        let outputs = self.outputs();
        let mut beats = vec![];
        for tile in 0..self.tiles(p) {
            let end = outputs.min((tile + 1) * columns);
            for (token, row) in values.iter().enumerate() {
                for output in (tile * columns..end).step_by(lanes) {
                    let mut values = row[output..end.min(output + lanes)].to_vec();
                    values.resize(lanes, 0);
                    beats.push(ExpectedBeat { tile, token, output, values, last: false });
                }
            }
        }
        if let Some(beat) = beats.last_mut() {
            beat.last = true;
        }
        beats
    }

    /// The same, each scaled by its token's maximum.
    pub fn scaled_beats(
        &self,
        p: &EngineParameters,
        values: &[Vec<i32>],
        maxima: &[u32],
    ) -> Vec<ExpectedBeat> {
        let mut beats = self.beats(p, values);
        for beat in &mut beats {
            for value in &mut beat.values {
                *value = rescale(*value, maxima[beat.token]).into();
            }
        }
        beats
    }
}

/// Where the weights are in the stream.
pub(super) fn layout(p: &EngineParameters) -> ImageLayout {
    let size = |size: u32| size as usize;
    let (lanes, columns) = (size(p.array.lanes), size(p.array.columns));
    ImageLayout { lanes, columns, stream_bits: size(p.array.stream_bits) }
}
