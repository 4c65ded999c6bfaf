//! A folder as `transformers` writes it.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use super::file::Source;
use super::float::Floats;
use super::index::Shards;
use super::parts::{self, Checkpoint, Part, in_memory, unfit};
use super::safetensors::{Dtype, Tensor};
use super::{packed, ternary};
use crate::config::{self, LinearForm, Quantization};
use crate::{Error, Linear, LinearNorm, Table, TritMatrix, WeightScale, Weights};

/// Reads a folder.
///
/// # Errors
///
/// Those of `config.json`, of the files and of the tensors.
pub(crate) fn read(folder: &Path) -> Result<Weights, Error> {
    let (shape, quantization) = config::read_checkpoint(folder)?;
    let folder = Folder { shards: Shards::open(folder)?, quantization, used: RefCell::default() };
    parts::read(shape, &folder)
}

struct Folder {
    shards: Shards,
    quantization: Quantization,
    /// Names that have been asked for.
    used: RefCell<BTreeSet<String>>,
}

impl Folder {
    /// The tensor of a name, if it has the shape and one of the types, and what `of` says of its type.
    fn tensor<T>(
        &self,
        name: &str,
        shape: &[u64],
        types: &str,
        of: impl Fn(Dtype) -> Option<T>,
    ) -> Result<(&Source, Range<u64>, T), Error> {
        let expected = || format!("{types} {shape:?}");
        self.used.borrow_mut().insert(name.to_owned());
        let Some((file, tensor)) = self.shards.tensor(name) else {
            return Err(unfit(self.shards.origin(), name, "missing".to_owned(), expected()));
        };
        match of(tensor.dtype).filter(|_| tensor.shape == shape) {
            Some(of) => Ok((file, tensor.range.clone(), of)),
            None => {
                let found = format!("{} {:?}", tensor.dtype.name, tensor.shape);
                Err(unfit(file.origin(), name, found, expected()))
            }
        }
    }

    fn floats<'a>(&'a self, name: &'a str, shape: &[u64]) -> Result<Floats<'a>, Error> {
        let (file, range, format) = self.tensor(name, shape, "F32, F16 or BF16", Dtype::float)?;
        Ok(Floats { file, name, format, range })
    }

    /// A matrix of packed trits.
    fn packed(&self, name: &str, outputs: u64, inputs: u64) -> Result<TritMatrix, Error> {
        if !outputs.is_multiple_of(4) {
            let found = format!("to hold {outputs} outputs packed by four");
            return Err(unfit(self.shards.origin(), name, found, "a multiple of four".to_owned()));
        }
        let is_byte = |dtype| (dtype == Dtype::U8).then_some(());
        let (file, range, ()) = self.tensor(name, &[outputs / 4, inputs], "U8", is_byte)?;
        packed::read(file, name, range, outputs, inputs)
    }

    /// The scale of a matrix of packed trits.
    fn scale(&self, name: &str) -> Result<f32, Error> {
        self.positive(name, self.floats(name, &[1])?.read()?[0])
    }

    fn positive(&self, name: &str, scale: f32) -> Result<f32, Error> {
        if scale.is_finite() && scale > 0.0 {
            return Ok(scale);
        }
        let (origin, found) = (self.shards.origin(), format!("scaled by {scale}"));
        Err(unfit(origin, name, found, "a positive number".to_owned()))
    }

    /// A matrix of floats, quantised.
    fn quantized(&self, name: &str, outputs: u64, inputs: u64) -> Result<(TritMatrix, f32), Error> {
        let floats = self.floats(name, &[outputs, inputs])?;
        let quantized = contract::quantize_weights(&floats.read()?)
            .map_err(|error| unfit(floats.file.origin(), name, error.to_string(), "finite".to_owned()))?;
        let columns = in_memory(floats.file, inputs)?;
        let mut trits = TritMatrix::zeros(in_memory(floats.file, outputs)?, columns);
        for (row, values) in quantized.trits.chunks_exact(columns).enumerate() {
            trits.set_row(row, values);
        }
        Ok((trits, quantized.mean))
    }
}

impl Checkpoint for Folder {
    fn gains(&self, layer: Option<u64>, part: Part, length: u64) -> Result<Vec<f32>, Error> {
        self.floats(&weight(layer, part), &[length])?.read()
    }

    fn table(&self, part: Part, rows: u64, columns: u64) -> Result<Table, Error> {
        self.floats(&weight(None, part), &[rows, columns])?.table()
    }

    fn linear(&self, layer: u64, part: Part, outputs: u64, inputs: u64) -> Result<Linear, Error> {
        let weight = weight(Some(layer), part);
        let scale = format!("{weight}_scale");
        let (trits, scale) = match self.quantization.form {
            LinearForm::Divides => {
                (self.packed(&weight, outputs, inputs)?, WeightScale::Divides(self.scale(&scale)?))
            }
            LinearForm::Multiplies => {
                let scale = self.scale(&scale)?;
                // `AutoBitLinear` keeps unpacked trits, and saves them so.
                let is_float = |(_, tensor): (_, &Tensor)| tensor.dtype.float().is_some();
                let (trits, magnitude) = match self.shards.tensor(&weight).is_some_and(is_float) {
                    true => ternary::read(&self.floats(&weight, &[outputs, inputs])?, outputs, inputs)?,
                    false => (self.packed(&weight, outputs, inputs)?, 1.0),
                };
                (trits, WeightScale::Multiplies(self.positive(&weight, scale * magnitude)?))
            }
            LinearForm::Master => {
                let (trits, mean) = self.quantized(&weight, outputs, inputs)?;
                (trits, WeightScale::Multiplies(mean))
            }
        };
        let norm = match self.quantization.norm_epsilon {
            Some(epsilon) => {
                let norm = format!("model.layers.{layer}.{}.rms_norm.weight", part.hugging_face);
                Some(LinearNorm { gain: self.floats(&norm, &[inputs])?.read()?, epsilon })
            }
            None => None,
        };
        Ok(Linear { trits, scale, norm })
    }

    fn finish(&self) -> Result<(), Error> {
        // A tied head is saved by some, and the frequencies of the rotary embedding were by old versions.
        let matters_not = |name: &str| name == "lm_head.weight" || name.ends_with(".rotary_emb.inv_freq");
        parts::all_used(self.shards.origin(), self.shards.names(), &self.used.borrow(), matters_not)
    }
}

/// The name of a part's tensor.
fn weight(layer: Option<u64>, part: Part) -> String {
    match layer {
        Some(layer) => format!("model.layers.{layer}.{}.weight", part.hugging_face),
        None => format!("{}.weight", part.hugging_face),
    }
}
