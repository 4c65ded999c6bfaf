//! A Hugging Face `config.json` as a [`Shape`].
//!
//! The defaults of absent fields are those of `LlamaConfig`, `MixtralConfig` and `BitNetConfig` in `transformers`, for the
//! fields that real checkpoints leave out; the dimensions are always written, and a file without one of them
//! is refused. Fields that change no shape are ignored, among them a scaling of the rotary frequencies.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, one_line};
use crate::limits::{self, Real, Size};
use crate::{Activation, Experts, Shape, WeightFormat};

/// The longest `config.json` that is read, bytes. Real ones have a few thousand.
pub const MAX_CONFIG_BYTES: u64 = 16 << 20;

/// The values of `model_type` that are supported.
pub const MODEL_TYPES: [&str; 3] = ["bitnet", "llama", "mixtral"];

/// The shape in a file, or in the `config.json` of a folder. Its name is the folder's, or that of a file
/// called otherwise.
pub(crate) fn read(path: &Path) -> Result<Shape, Error> {
    let file = if path.is_dir() { path.join("config.json") } else { path.to_owned() };
    let origin = one_line(&file.display().to_string());
    let text = read_bounded(&file, &origin)?;
    parse(&text, model_name(&file), &origin)
}

/// The shape of a checkpoint, and the form that its linears are in.
pub(crate) fn read_checkpoint(folder: &Path) -> Result<(Shape, Quantization), Error> {
    let file = folder.join("config.json");
    let origin = one_line(&file.display().to_string());
    let text = read_bounded(&file, &origin)?;
    let shape = parse(&text, model_name(&file), &origin)?;
    let fields = fields(&text, &origin)?;
    let config = Config { fields: &fields, origin: &origin };
    config.refuse_scaled_rotation()?;
    if shape.experts.is_some() {
        let expected = "absent: mixtures of experts are simulated, but their checkpoints are not read";
        return Err(config.error(limits::EXPERTS.field, expected.to_owned()));
    }
    Ok((shape, config.quantization()?))
}

/// How a checkpoint holds its ternary linears: `quantization_config`, as `BitNetQuantConfig` of `transformers` reads it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Quantization {
    pub(crate) form: LinearForm,
    /// `use_rms_norm`: the epsilon of an RMSNorm over the inputs of each linear.
    pub(crate) norm_epsilon: Option<f32>,
}

/// What the weight of a linear is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinearForm {
    /// Packed trits, and a `weight_scale` that divides: `BitLinear`.
    Divides,
    /// Packed trits, and a `weight_scale` that multiplies: `AutoBitLinear`, offline.
    Multiplies,
    /// Floats that are quantised when they are loaded: `AutoBitLinear`, online.
    Master,
}

/// The bytes of a file, which may be of any kind and size.
pub(crate) fn read_bounded(file: &Path, origin: &str) -> Result<Vec<u8>, Error> {
    let unreadable = |source| Error::Read { path: origin.to_owned(), source };
    let mut text = Vec::new();
    let reader = File::open(file).map_err(unreadable)?;
    reader.take(MAX_CONFIG_BYTES + 1).read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_CONFIG_BYTES {
        let reason = format!("longer than {} MiB, which no config.json is", MAX_CONFIG_BYTES >> 20);
        return Err(Error::Parse { origin: origin.to_owned(), reason });
    }
    Ok(text)
}

/// The folder of a `config.json`, or the stem of a file of another name.
pub(crate) fn model_name(file: &Path) -> String {
    // Resolved, since `.` and `..` are no names.
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let named = if file.ends_with("config.json") {
        file.parent().and_then(Path::file_name)
    } else {
        file.file_stem()
    };
    named.map_or_else(|| "model".to_owned(), |name| one_line(&name.to_string_lossy()))
}

/// The shape that the text of a `config.json` describes.
fn parse(text: &[u8], name: String, origin: &str) -> Result<Shape, Error> {
    let fields = fields(text, origin)?;
    let config = Config { fields: &fields, origin };

    let model_type = config.choice("model_type", None, &MODEL_TYPES.map(|name| (name, name)))?;
    let is_bitnet = model_type == "bitnet";
    config.refuse_biases()?;
    let format = config.weight_format()?;
    let hidden_size = config.size(&limits::HIDDEN_SIZE)?;
    let heads = config.size(&limits::HEADS)?;
    let shape = Shape {
        name,
        hidden_size,
        intermediate_size: config.size(&limits::INTERMEDIATE_SIZE)?,
        num_hidden_layers: config.size(&limits::LAYERS)?,
        num_attention_heads: heads,
        num_key_value_heads: match config.present(limits::KV_HEADS.field) {
            Some(_) => config.size(&limits::KV_HEADS)?,
            None => heads,
        },
        head_dim: match config.present(limits::HEAD_DIM.field) {
            Some(_) => config.size(&limits::HEAD_DIM)?,
            None if hidden_size % heads == 0 => hidden_size / heads,
            None => {
                let expected =
                    format!("a divisor of `hidden_size` ({hidden_size}) where `head_dim` is missing");
                return Err(config.error(limits::HEADS.field, expected));
            }
        },
        vocab_size: config.size(&limits::VOCABULARY)?,
        max_position_embeddings: config.size(&limits::POSITIONS)?,
        hidden_act: config.choice(
            "hidden_act",
            None,
            &[("silu", Activation::Silu), ("relu2", Activation::Relu2)],
        )?,
        sub_norms: is_bitnet,
        tie_word_embeddings: config.flag("tie_word_embeddings")?,
        embedding_format: format,
        head_format: format,
        rms_norm_eps: config.real(&limits::EPSILON)?,
        rope_theta: config.rope_theta(match model_type {
            "bitnet" => 500_000.0,
            "mixtral" => 1_000_000.0,
            _ => 10_000.0,
        })?,
        experts: match model_type {
            "mixtral" => Some(Experts {
                num_local_experts: config.size(&limits::EXPERTS)?,
                num_experts_per_tok: config.size(&limits::EXPERTS_PER_TOKEN)?,
            }),
            _ => None,
        },
    };
    shape.validate_as(origin)?;
    Ok(shape)
}

/// The JSON object that a file holds.
fn fields(text: &[u8], origin: &str) -> Result<Map<String, Value>, Error> {
    let unparsed = |reason: String| Error::Parse { origin: origin.to_owned(), reason };
    if text.trim_ascii().is_empty() {
        return Err(unparsed("empty, must be a config.json".to_owned()));
    }
    match serde_json::from_slice(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(unparsed("no JSON object, must be a config.json".to_owned())),
        Err(error) => Err(unparsed(format!("not valid JSON: {error}"))),
    }
}

/// The fields of a file, and the errors that name them.
struct Config<'a> {
    fields: &'a Map<String, Value>,
    origin: &'a str,
}

impl Config<'_> {
    /// A field's value; a `null` is as good as none.
    fn present(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    fn error(&self, field: &'static str, expected: String) -> Error {
        let value =
            self.fields.get(field).map_or_else(|| "missing".to_owned(), |value| one_line(&value.to_string()));
        Error::Field { origin: self.origin.to_owned(), field, value, expected }
    }

    fn size(&self, size: &Size) -> Result<u64, Error> {
        let value = self.present(size.field).and_then(Value::as_u64).filter(|&value| size.holds(value));
        value.ok_or_else(|| self.error(size.field, size.expected()))
    }

    fn real(&self, real: &Real) -> Result<f64, Error> {
        let value = self.present(real.field).and_then(Value::as_f64).filter(|&value| real.holds(value));
        value.ok_or_else(|| self.error(real.field, real.expected()))
    }

    /// A boolean, false where it is absent.
    fn flag(&self, field: &'static str) -> Result<bool, Error> {
        match self.present(field) {
            None => Ok(false),
            Some(value) => value.as_bool().ok_or_else(|| self.error(field, "true or false".to_owned())),
        }
    }

    /// One of several words, and what it stands for.
    fn choice<T: Copy>(
        &self,
        field: &'static str,
        absent: Option<T>,
        words: &[(&str, T)],
    ) -> Result<T, Error> {
        let chosen = match self.present(field) {
            None => absent,
            Some(value) => words.iter().find(|(word, _)| value == word).map(|&(_, meaning)| meaning),
        };
        let expected = || words.iter().map(|(word, _)| format!("{word:?}")).collect::<Vec<_>>().join(" or ");
        chosen.ok_or_else(|| self.error(field, expected()))
    }

    /// No linear of this design adds a bias.
    fn refuse_biases(&self) -> Result<(), Error> {
        for field in ["attention_bias", "mlp_bias"] {
            if self.flag(field)? {
                return Err(self.error(field, "false: models with biases are not supported".to_owned()));
            }
        }
        Ok(())
    }

    /// What embedding and head are held in. A checkpoint of 32-bit floats (the framework's default) is served
    /// at 16 bits, in the format with the same range.
    fn weight_format(&self) -> Result<WeightFormat, Error> {
        // Renamed to `dtype` in transformers 4.56.
        let field = if self.present("dtype").is_some() { "dtype" } else { "torch_dtype" };
        let words = [
            ("float16", WeightFormat::F16),
            ("bfloat16", WeightFormat::Bf16),
            ("float32", WeightFormat::Bf16),
        ];
        self.choice(field, Some(WeightFormat::Bf16), &words)
    }

    /// The form of the linears.
    fn quantization(&self) -> Result<Quantization, Error> {
        const FIELD: &str = "quantization_config";
        let Some(Value::Object(fields)) = self.present(FIELD) else {
            let expected = "the object of a ternary checkpoint, with `quant_method` \"bitnet\"".to_owned();
            return Err(self.error(FIELD, expected));
        };
        let inner = Config { fields, origin: self.origin };
        inner.choice("quant_method", None, &[("bitnet", ())])?;
        // Both came after the first checkpoints, which are what is the default now.
        let auto = [("bitlinear", false), ("autobitlinear", true)];
        let auto = inner.choice("linear_class", Some(false), &auto)?;
        let online =
            inner.choice("quantization_mode", Some(false), &[("offline", false), ("online", true)])?;
        let form = match (auto, online) {
            // `BitLinear` knows packed weights alone, and its mode is not looked at.
            (false, _) => LinearForm::Divides,
            (true, false) => LinearForm::Multiplies,
            (true, true) => LinearForm::Master,
        };
        let norm_epsilon = match (inner.flag("use_rms_norm")?, inner.present(limits::EPSILON.field)) {
            (false, _) => None,
            (true, None) => Some(1e-6),
            (true, Some(_)) => Some(inner.real(&limits::EPSILON)?),
        };
        #[allow(clippy::cast_possible_truncation, reason = "to the nearest: it is added to numbers in f32")]
        let norm_epsilon = norm_epsilon.map(|epsilon| epsilon as f32);
        Ok(Quantization { form, norm_epsilon })
    }

    /// Scaled rotary frequencies change no shape, but what a checkpoint computes.
    fn refuse_scaled_rotation(&self) -> Result<(), Error> {
        for group in ["rope_parameters", "rope_scaling"] {
            if let Some(Value::Object(fields)) = self.present(group) {
                let inner = Config { fields, origin: self.origin };
                // Called `type` before transformers 4.43.
                for field in ["rope_type", "type"] {
                    inner.choice(field, Some(()), &[("default", ())])?;
                }
            }
        }
        Ok(())
    }

    /// The base of the rotary frequencies: a field of its own, or since transformers 5 one of
    /// `rope_parameters`.
    fn rope_theta(&self, absent: f64) -> Result<f64, Error> {
        if self.present(limits::THETA.field).is_some() {
            return self.real(&limits::THETA);
        }
        for group in ["rope_parameters", "rope_scaling"] {
            if let Some(Value::Object(fields)) = self.present(group) {
                let inner = Config { fields, origin: self.origin };
                if inner.present(limits::THETA.field).is_some() {
                    return inner.real(&limits::THETA);
                }
            }
        }
        Ok(absent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_from_a_path_is_one_printable_line() {
        assert_eq!(model_name(Path::new("/none/two\nlines/config.json")), "two\\nlines");
        assert_eq!(model_name(Path::new("/none/\u{1b}[31mred.json")), "\\u{1b}[31mred");
        assert_eq!(model_name(Path::new("/none/plain/config.json")), "plain");
        assert_eq!(model_name(Path::new("/none/small.json")), "small");
    }
}
