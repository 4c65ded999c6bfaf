//! A GGUF file as the converters of llama.cpp and of Microsoft's BitNet write it: keys, names and the order of rows.
//!
//! | `general.architecture` | gate | sub-norms | rotary embedding |
//! |---|---|---|---|
//! | `bitnet` | SiLU | yes | half-split |
//! | `bitnet-25`, `bitnet-b1.58` | squared ReLU | yes | half-split |
//! | `llama` | SiLU | no | interleaved: the rows of q and k are permuted, and put back here |

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use contract::f16_to_f32;

use super::codes;
use super::float::{FloatFormat, Floats};
use super::ggml::Type;
use super::gguf::{Gguf, Tensor, Value};
use super::parts::{self, Checkpoint, Part, unfit};
use super::{i2_s, ternary, tq1_0, tq2_0};
use crate::config;
use crate::limits::{self, Real, Size};
use crate::{Activation, Error, Linear, Shape, Table, TritMatrix, WeightFormat, WeightScale, Weights};

/// Reads a file.
///
/// # Errors
///
/// Those of the header, of the keys and of the tensors.
pub(crate) fn read(path: &Path) -> Result<Weights, Error> {
    let gguf = Gguf::open(path)?;
    let architecture = architecture(&gguf)?;
    let shape = shape(&gguf, architecture, config::model_name(path))?;
    let heads = architecture.interleaved.then_some((shape.num_attention_heads, shape.num_key_value_heads));
    parts::read(shape, &File { gguf, heads, used: RefCell::default() })
}

/// What the name of an architecture says.
#[derive(Clone, Copy)]
struct Architecture {
    name: &'static str,
    hidden_act: Activation,
    sub_norms: bool,
    /// Pairs of the rotary embedding are neighbours.
    interleaved: bool,
}

const fn bitnet(name: &'static str, hidden_act: Activation) -> Architecture {
    Architecture { name, hidden_act, sub_norms: true, interleaved: false }
}

const ARCHITECTURES: [Architecture; 4] = [
    bitnet("bitnet", Activation::Silu),
    bitnet("bitnet-25", Activation::Relu2),
    bitnet("bitnet-b1.58", Activation::Relu2),
    Architecture { name: "llama", hidden_act: Activation::Silu, sub_norms: false, interleaved: true },
];

fn architecture(gguf: &Gguf) -> Result<Architecture, Error> {
    let key = "general.architecture";
    let value = gguf.value(key);
    let found = ARCHITECTURES.into_iter().find(|of| value == Some(&Value::Text(of.name.to_owned())));
    found.ok_or_else(|| {
        let names = ARCHITECTURES.map(|of| format!("{:?}", of.name)).join(" or ");
        wrong(gguf, key, &names)
    })
}

/// The error of a key's value.
fn wrong(gguf: &Gguf, key: &str, expected: &str) -> Error {
    let value = match gguf.value(key) {
        None => "missing".to_owned(),
        Some(Value::Unsigned(value)) => value.to_string(),
        Some(Value::Float(value)) => value.to_string(),
        Some(Value::Text(text)) => crate::error::one_line(&format!("{text:?}")),
        Some(Value::Other) => "of another type".to_owned(),
    };
    gguf.file.malformed(format!("key `{key}` is {value}, must be {expected}"))
}

fn shape(gguf: &Gguf, architecture: Architecture, name: String) -> Result<Shape, Error> {
    let keys = Keys { gguf, architecture: architecture.name };
    let hidden_size = keys.size("embedding_length", &limits::HIDDEN_SIZE, None)?;
    let heads = keys.size("attention.head_count", &limits::HEADS, None)?;
    let head_dim = hidden_size.is_multiple_of(heads).then_some(hidden_size / heads);
    let head_dim = keys.size("attention.key_length", &limits::HEAD_DIM, head_dim)?;
    // Heads of one width, all of which is turned, are what the decoder has.
    for key in ["attention.value_length", "rope.dimension_count"] {
        if keys.size(key, &limits::HEAD_DIM, Some(head_dim))? != head_dim {
            return Err(keys.wrong(key, &format!("{head_dim}, the width of a head")));
        }
    }
    keys.refuse_scaled_rotation()?;
    // Not every converter writes the vocabulary's size, but every file has the table.
    let rows = gguf.tensor("token_embd.weight").and_then(|table| table.shape.first().copied());
    let shape = Shape {
        name,
        hidden_size,
        intermediate_size: keys.size("feed_forward_length", &limits::INTERMEDIATE_SIZE, None)?,
        num_hidden_layers: keys.size("block_count", &limits::LAYERS, None)?,
        num_attention_heads: heads,
        num_key_value_heads: keys.size("attention.head_count_kv", &limits::KV_HEADS, Some(heads))?,
        head_dim,
        vocab_size: keys.size("vocab_size", &limits::VOCABULARY, rows)?,
        max_position_embeddings: keys.size("context_length", &limits::POSITIONS, None)?,
        hidden_act: architecture.hidden_act,
        sub_norms: architecture.sub_norms,
        tie_word_embeddings: gguf.tensor("output.weight").is_none(),
        embedding_format: served(gguf, "token_embd.weight"),
        head_format: served(gguf, "output.weight"),
        rms_norm_eps: keys.real("attention.layer_norm_rms_epsilon", &limits::EPSILON, None)?,
        rope_theta: keys.real("rope.freq_base", &limits::THETA, Some(10_000.0))?,
        experts: None,
    };
    shape.validate_as(gguf.file.origin())?;
    Ok(shape)
}

/// What a table is served in: as it is held, or at 16 bits with the same range.
fn served(gguf: &Gguf, tensor: &str) -> WeightFormat {
    let table = gguf.tensor(tensor).or_else(|| gguf.tensor("token_embd.weight"));
    match table {
        Some(table) if table.of == Type::F16 => WeightFormat::F16,
        _ => WeightFormat::Bf16,
    }
}

/// The keys of an architecture.
struct Keys<'a> {
    gguf: &'a Gguf,
    architecture: &'static str,
}

impl Keys<'_> {
    fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.architecture)
    }

    fn wrong(&self, key: &str, expected: &str) -> Error {
        wrong(self.gguf, &self.key(key), expected)
    }

    fn size(&self, key: &str, size: &Size, absent: Option<u64>) -> Result<u64, Error> {
        let value = match self.gguf.value(&self.key(key)) {
            None => absent,
            Some(&Value::Unsigned(value)) => Some(value),
            Some(_) => None,
        };
        value.filter(|&value| size.holds(value)).ok_or_else(|| self.wrong(key, &size.expected()))
    }

    fn real(&self, key: &str, real: &Real, absent: Option<f64>) -> Result<f64, Error> {
        let value = match self.gguf.value(&self.key(key)) {
            None => absent,
            // The decimal number that was meant, 1e-5 and not 9.99999974e-6: a config.json has it so.
            Some(Value::Float(value)) => value.to_string().parse().ok(),
            Some(_) => None,
        };
        value.filter(|&value| real.holds(value)).ok_or_else(|| self.wrong(key, &real.expected()))
    }

    /// The decoder turns by the frequencies as they are.
    fn refuse_scaled_rotation(&self) -> Result<(), Error> {
        let (kind, factor) = ("rope.scaling.type", "rope.scaling.factor");
        match self.gguf.value(&self.key(kind)) {
            None => {}
            Some(Value::Text(kind)) if kind == "none" || kind == "linear" => {}
            Some(_) => return Err(self.wrong(kind, "\"none\", or \"linear\" by a factor of 1")),
        }
        match self.gguf.value(&self.key(factor)) {
            None | Some(&Value::Float(1.0)) => Ok(()),
            Some(_) => Err(self.wrong(factor, "1: scaled rotary frequencies are not supported")),
        }
    }
}

struct File {
    gguf: Gguf,
    /// Query heads, and those of keys, where rows are permuted.
    heads: Option<(u64, u64)>,
    /// Names that have been asked for.
    used: RefCell<BTreeSet<String>>,
}

impl File {
    fn tensor(&self, name: &str, shape: &[u64], types: &[Type]) -> Result<&Tensor, Error> {
        let expected =
            || format!("{} {shape:?}", types.iter().map(|of| of.name).collect::<Vec<_>>().join(" or "));
        self.used.borrow_mut().insert(name.to_owned());
        let Some(tensor) = self.gguf.tensor(name) else {
            return Err(unfit(self.gguf.file.origin(), name, "missing".to_owned(), expected()));
        };
        if tensor.shape != shape || !types.contains(&tensor.of) {
            let found = format!("{} {:?}", tensor.of.name, tensor.shape);
            return Err(unfit(self.gguf.file.origin(), name, found, expected()));
        }
        Ok(tensor)
    }

    fn floats<'a>(&'a self, name: &'a str, shape: &[u64]) -> Result<Floats<'a>, Error> {
        let tensor = self.tensor(name, shape, &[Type::F32, Type::F16, Type::BF16])?;
        Ok(floats(&self.gguf, name, tensor))
    }

    /// A matrix, and the magnitude of its trits.
    fn matrix(&self, name: &str, outputs: u64, inputs: u64) -> Result<(TritMatrix, f32), Error> {
        let types = [Type::TQ1_0, Type::TQ2_0, Type::I2_S, Type::F32, Type::F16, Type::BF16];
        let tensor = self.tensor(name, &[outputs, inputs], &types)?;
        match tensor.of {
            Type::TQ1_0 => self.blocks(name, tensor, |block, place| {
                tq1_0::decode(block).map_err(|byte| {
                    let found = format!("byte {} at {}", block[byte], place + byte as u64);
                    let expected = "one of the codes of TQ1_0".to_owned();
                    unfit(self.gguf.file.origin(), name, found, expected)
                })
            }),
            Type::TQ2_0 => self.blocks(name, tensor, |block, _| Ok(tq2_0::decode(block))),
            Type::I2_S => self.flat(name, tensor),
            _ => ternary::read(&floats(&self.gguf, name, tensor), outputs, inputs),
        }
    }

    /// A matrix in blocks, each with a scale of its own.
    ///
    /// A ternary matrix has one scale, and its blocks must say the same one. A block of nothing but zeros says none:
    /// encoders, which take the largest magnitude, give it a scale of 0.
    fn blocks<const BYTES: usize>(
        &self,
        name: &str,
        tensor: &Tensor,
        decode: impl Fn(&[u8; BYTES], u64) -> Result<([u8; 64], u16), Error>,
    ) -> Result<(TritMatrix, f32), Error> {
        const ZEROS: [u8; 64] = [0b01_01_01_01; 64];
        let file = &self.gguf.file;
        let bytes = file.read(tensor.range.clone())?;
        let mut all_codes = Vec::with_capacity(bytes.len() / BYTES * 64);
        let mut scale = None;
        let (blocks, _) = bytes.as_chunks();
        for (i, block) in blocks.iter().enumerate() {
            let (codes, block_scale) = decode(block, (i * BYTES) as u64)?;
            all_codes.extend(codes);
            if codes != ZEROS && *scale.get_or_insert(block_scale) != block_scale {
                let scales = [scale.unwrap_or(0), block_scale].map(f16_to_f32);
                let found = format!("scaled by {} and, from block {i} on, by {}", scales[0], scales[1]);
                let expected = "ternary: one scale for the whole matrix".to_owned();
                return Err(unfit(file.origin(), name, found, expected));
            }
        }
        let matrix = codes::matrix(file, name, &all_codes, tensor.shape[0], tensor.shape[1])?;
        Ok((matrix, self.positive(name, scale.map_or(ternary::SCALE_OF_ZEROS, f16_to_f32))?))
    }

    /// A matrix of I2_S.
    fn flat(&self, name: &str, tensor: &Tensor) -> Result<(TritMatrix, f32), Error> {
        let file = &self.gguf.file;
        let (rows, columns) = (tensor.shape[0], tensor.shape[1]);
        if !columns.is_multiple_of(4) {
            let found = format!("I2_S with {columns} inputs");
            return Err(unfit(file.origin(), name, found, "a multiple of four".to_owned()));
        }
        let bytes = file.read(tensor.range.clone())?;
        let (blocks, tail) = bytes.as_chunks::<{ i2_s::BYTES }>();
        let Some((scale, blocks)) = blocks.split_last().filter(|_| tail.is_empty()) else {
            return Err(file.malformed(format!("tensor `{name}` ends within a block")));
        };
        let all_codes: Vec<u8> = blocks.iter().flat_map(i2_s::decode).collect();
        let matrix = codes::matrix(file, name, &all_codes, rows, columns)?;
        let scale = f32::from_le_bytes([scale[0], scale[1], scale[2], scale[3]]);
        Ok((matrix, self.positive(name, scale)?))
    }

    fn positive(&self, name: &str, scale: f32) -> Result<f32, Error> {
        if scale.is_finite() && scale > 0.0 {
            return Ok(scale);
        }
        let expected = "a positive number".to_owned();
        Err(unfit(self.gguf.file.origin(), name, format!("scaled by {scale}"), expected))
    }
}

fn floats<'a>(gguf: &'a Gguf, name: &'a str, tensor: &Tensor) -> Floats<'a> {
    let format = match tensor.of {
        Type::F16 => FloatFormat::F16,
        Type::BF16 => FloatFormat::Bf16,
        _ => FloatFormat::F32,
    };
    Floats { file: &gguf.file, name, format, range: tensor.range.clone() }
}

impl Checkpoint for File {
    fn gains(&self, layer: Option<u64>, part: Part, length: u64) -> Result<Vec<f32>, Error> {
        self.floats(&format!("{}.weight", name(layer, part)), &[length])?.read()
    }

    fn table(&self, part: Part, rows: u64, columns: u64) -> Result<Table, Error> {
        self.floats(&format!("{}.weight", name(None, part)), &[rows, columns])?.table()
    }

    fn linear(&self, layer: u64, part: Part, outputs: u64, inputs: u64) -> Result<Linear, Error> {
        let name = name(Some(layer), part);
        let (mut trits, mut scale) = self.matrix(&format!("{name}.weight"), outputs, inputs)?;
        if let Some((query_heads, key_heads)) = self.heads {
            match part.gguf {
                "attn_q" => trits = half_split(&trits, query_heads),
                "attn_k" => trits = half_split(&trits, key_heads),
                _ => {}
            }
        }
        // Where weights are held as trits, their scale may be a tensor of its own.
        let scale_name = format!("{name}.scale");
        if self.gguf.tensor(&scale_name).is_some() {
            let factor = self.floats(&scale_name, &[1])?.read()?[0];
            scale = self.positive(&scale_name, scale * factor)?;
        }
        Ok(Linear { trits, scale: WeightScale::Multiplies(scale), norm: None })
    }

    fn finish(&self) -> Result<(), Error> {
        parts::all_used(self.gguf.file.origin(), self.gguf.names(), &self.used.borrow(), |_| false)
    }
}

/// The name of a part.
fn name(layer: Option<u64>, part: Part) -> String {
    match layer {
        Some(layer) => format!("blk.{layer}.{}", part.gguf),
        None => part.gguf.to_owned(),
    }
}

/// The rows of a matrix whose heads turn neighbouring rows, in the order in which they turn halves: of a head's rows, the
/// even ones and then the odd ones.
fn half_split(interleaved: &TritMatrix, heads: u64) -> TritMatrix {
    let rows = interleaved.rows();
    let head_dim = usize::try_from(heads).map_or(rows, |heads| rows / heads);
    let mut halves = interleaved.clone();
    for row in 0..rows {
        let (head, place) = (row / head_dim, row % head_dim);
        let (half, pair) = (place / (head_dim / 2), place % (head_dim / 2));
        halves.copy_row(row, interleaved, head * head_dim + 2 * pair + half);
    }
    halves
}

#[cfg(test)]
mod tests {
    use contract::Trit;

    use super::*;

    #[test]
    fn rows_of_a_head_are_put_back_into_halves() {
        // Each row is its number in base 3. What the converters of llama.cpp do to two heads of 6 rows:
        // reshape(2, 2, 3).swapaxes(1, 2).
        let permuted = [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11];
        let digits = |n: usize| [n / 9, n / 3 % 3, n % 3].map(|digit| Trit::ALL[digit]);
        let (mut interleaved, mut expected) = (TritMatrix::zeros(12, 3), TritMatrix::zeros(12, 3));
        for (row, from) in permuted.into_iter().enumerate() {
            interleaved.set_row(row, &digits(from));
            expected.set_row(row, &digits(row));
        }
        assert_eq!(half_split(&interleaved, 2), expected);
    }
}
