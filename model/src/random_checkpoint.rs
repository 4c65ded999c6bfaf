//! A checkpoint of any shape with random ternary weights, as a Hugging Face folder: for measuring what a model of that
//! shape takes, where the model itself is not at hand.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use crate::random::Random;
use crate::safetensors::{Entry, Kind, header};
use crate::{Activation, Error, Shape, WeightFormat};

/// What the folder holds, written file by file without ever holding a whole tensor.
///
/// Packed linears with a scale that multiplies (`AutoBitLinear`), each trit as likely as another; an embedding, and a head
/// if there is one, near a normal distribution; norms whose gains are 1.
#[derive(Clone, Debug)]
pub struct RandomCheckpoint<'a> {
    shape: &'a Shape,
    seed: u64,
    /// The tensors of each shard.
    shards: Vec<Vec<Tensor>>,
}

#[derive(Clone, Debug)]
struct Tensor {
    entry: Entry,
    content: Content,
}

#[derive(Clone, Copy, Debug)]
enum Content {
    /// Four trits a byte.
    Trits,
    /// Floats of this standard deviation.
    Normal(f32),
    /// One float, everywhere.
    Constant(f32),
}

/// The largest shard, bytes, unless one tensor is larger: what `transformers` has long written.
const SHARD_BYTES: u64 = 5_000_000_000;

/// Trits that `transformers` packs into a byte.
const TRITS_PER_BYTE: u64 = 4;

/// The standard deviation of an embedding's numbers: that of an untrained model.
const EMBEDDING_DEVIATION: f32 = 0.02;

impl<'a> RandomCheckpoint<'a> {
    /// The same seed gives the same weights.
    ///
    /// # Errors
    ///
    /// [`Error::Field`] for a shape that is not valid, for a mixture of experts, or for what the format cannot hold: outputs of a linear that are no
    /// multiple of four, or tables that are not in floats.
    pub fn new(shape: &'a Shape, seed: u64) -> Result<RandomCheckpoint<'a>, Error> {
        Self::with_shards_of(shape, seed, SHARD_BYTES)
    }

    fn with_shards_of(shape: &'a Shape, seed: u64, most: u64) -> Result<RandomCheckpoint<'a>, Error> {
        shape.validate()?;
        shape.refuse_experts()?;
        let mut shards = vec![vec![]];
        let mut bytes = 0;
        for tensor in tensors(shape)? {
            let more = tensor.entry.bytes();
            if bytes > 0 && bytes + more > most {
                shards.push(vec![]);
                bytes = 0;
            }
            bytes += more;
            if let Some(shard) = shards.last_mut() {
                shard.push(tensor);
            }
        }
        Ok(RandomCheckpoint { shape, seed, shards })
    }

    /// Names of the files with tensors.
    pub fn shards(&self) -> Vec<String> {
        let count = self.shards.len();
        match count {
            1 => vec!["model.safetensors".to_owned()],
            _ => (1..=count).map(|i| format!("model-{i:05}-of-{count:05}.safetensors")).collect(),
        }
    }

    /// Writes the file of this index in [`RandomCheckpoint::shards`].
    ///
    /// # Errors
    ///
    /// Those of the writer.
    ///
    /// # Panics
    ///
    /// Where there is no such shard.
    pub fn write_shard(&self, index: usize, writer: &mut impl Write) -> io::Result<()> {
        let tensors = &self.shards[index];
        let entries: Vec<Entry> = tensors.iter().map(|tensor| tensor.entry.clone()).collect();
        writer.write_all(&header(&entries, 0))?;
        // A sequence of its own for every shard.
        let mut random = Random::new(Random::new(self.seed).bits() ^ index as u64);
        tensors.iter().try_for_each(|tensor| tensor.write(&mut random, writer))
    }

    /// `model.safetensors.index.json`, where there are several shards.
    pub fn index(&self) -> Option<String> {
        if self.shards.len() == 1 {
            return None;
        }
        let mut map = Map::new();
        for (name, tensors) in self.shards().into_iter().zip(&self.shards) {
            map.extend(tensors.iter().map(|tensor| (tensor.entry.name.clone(), name.clone().into())));
        }
        let bytes: u64 = self.shards.iter().flatten().map(|tensor| tensor.entry.bytes()).sum();
        Some(pretty(&json!({"metadata": {"total_size": bytes}, "weight_map": map})))
    }

    /// `config.json`.
    pub fn config(&self) -> String {
        let shape = self.shape;
        let (model_type, architecture) = match shape.sub_norms {
            true => ("bitnet", "BitNetForCausalLM"),
            false => ("llama", "LlamaForCausalLM"),
        };
        pretty(&json!({
            "architectures": [architecture],
            "model_type": model_type,
            "hidden_size": shape.hidden_size,
            "intermediate_size": shape.intermediate_size,
            "num_hidden_layers": shape.num_hidden_layers,
            "num_attention_heads": shape.num_attention_heads,
            "num_key_value_heads": shape.num_key_value_heads,
            "head_dim": shape.head_dim,
            "vocab_size": shape.vocab_size,
            "max_position_embeddings": shape.max_position_embeddings,
            "hidden_act": match shape.hidden_act { Activation::Silu => "silu", Activation::Relu2 => "relu2" },
            "rms_norm_eps": shape.rms_norm_eps,
            "rope_theta": shape.rope_theta,
            "tie_word_embeddings": shape.tie_word_embeddings,
            "attention_bias": false,
            "torch_dtype": match shape.embedding_format { WeightFormat::F16 => "float16", _ => "bfloat16" },
            "quantization_config": {
                "quant_method": "bitnet",
                "linear_class": "autobitlinear",
                "quantization_mode": "offline",
                "modules_to_not_convert": ["lm_head"],
            },
        }))
    }
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// All tensors in order.
fn tensors(shape: &Shape) -> Result<Vec<Tensor>, Error> {
    let format = |field: &'static str, format: WeightFormat| match format {
        WeightFormat::F16 => Ok(Kind::F16),
        WeightFormat::Bf16 => Ok(Kind::Bf16),
        other => Err(Error::Field {
            origin: shape.name.clone(),
            field,
            value: format!("{other:?}").to_lowercase(),
            expected: "f16 or bf16: the format holds tables in floats".to_owned(),
        }),
    };
    let float = format("embedding_format", shape.embedding_format)?;
    let head = format("head_format", shape.head_format)?;
    let (hidden, inner) = (shape.hidden_size, shape.intermediate_size);
    let (q, kv) = (shape.q_size(), shape.kv_size());
    for (field, outputs) in
        [("hidden_size", hidden), ("intermediate_size", inner), ("head_dim", q), ("head_dim", kv)]
    {
        if !outputs.is_multiple_of(TRITS_PER_BYTE) {
            return Err(Error::Field {
                origin: shape.name.clone(),
                field,
                value: format!("such that a linear has {outputs} outputs"),
                expected: "such that they are a multiple of 4, which the format packs together".to_owned(),
            });
        }
    }

    let mut tensors = vec![];
    let mut add = |name: String, kind, shape: Vec<u64>, content| {
        tensors.push(Tensor { entry: Entry { name, kind, shape }, content });
    };
    let table = vec![shape.vocab_size, hidden];
    add("model.embed_tokens.weight".to_owned(), float, table.clone(), Content::Normal(EMBEDDING_DEVIATION));
    for layer in 0..shape.num_hidden_layers {
        let name = |part: &str| format!("model.layers.{layer}.{part}.weight");
        let mut norms = vec![("input_layernorm", hidden), ("post_attention_layernorm", hidden)];
        if shape.sub_norms {
            norms.extend([("self_attn.attn_sub_norm", q), ("mlp.ffn_sub_norm", inner)]);
        }
        for (part, size) in norms {
            add(name(part), float, vec![size], Content::Constant(1.0));
        }
        for (part, outputs, inputs) in [
            ("self_attn.q_proj", q, hidden),
            ("self_attn.k_proj", kv, hidden),
            ("self_attn.v_proj", kv, hidden),
            ("self_attn.o_proj", hidden, q),
            ("mlp.gate_proj", inner, hidden),
            ("mlp.up_proj", inner, hidden),
            ("mlp.down_proj", hidden, inner),
        ] {
            add(name(part), Kind::U8, vec![outputs / TRITS_PER_BYTE, inputs], Content::Trits);
            // Two thirds of the trits are not zero: so an output is about as large as an input.
            #[allow(clippy::cast_possible_truncation, reason = "rounded to f32")]
            let scale = (1.5 / inputs as f64).sqrt() as f32;
            add(format!("{}_scale", name(part)), Kind::F32, vec![1], Content::Constant(scale));
        }
    }
    add("model.norm.weight".to_owned(), float, vec![hidden], Content::Constant(1.0));
    if !shape.tie_word_embeddings {
        add("lm_head.weight".to_owned(), head, table, Content::Normal(EMBEDDING_DEVIATION));
    }
    Ok(tensors)
}

impl Tensor {
    fn write(&self, random: &mut Random, writer: &mut impl Write) -> io::Result<()> {
        const CHUNK: usize = 1 << 16;
        let mut left = self.entry.bytes();
        let mut chunk = Vec::with_capacity(CHUNK + 64);
        while left > 0 {
            chunk.clear();
            while chunk.len() < CHUNK {
                self.fill(random, &mut chunk);
            }
            let bytes = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
            writer.write_all(&chunk[..bytes])?;
            left -= bytes as u64;
        }
        Ok(())
    }

    /// Appends some bytes, which divide a chunk.
    fn fill(&self, random: &mut Random, chunk: &mut Vec<u8>) {
        let mut bits = random.bits();
        match self.content {
            Content::Constant(value) => self.push(value, chunk),
            Content::Normal(deviation) => {
                // The sum of four uniform numbers; each has a variance of 1/12.
                let sum: f32 =
                    bits.to_le_bytes().chunks(2).map(|b| f32::from(u16::from_le_bytes([b[0], b[1]]))).sum();
                self.push((sum / 65536.0 - 2.0) * 3f32.sqrt() * deviation, chunk);
            }
            Content::Trits => {
                for _ in 0..8 {
                    // One of the 81 fours of trits, by the leading digits in base 81; each leaves 6.34 bits less.
                    let product = u128::from(bits) * 81;
                    let [low, high] =
                        [product, product >> 64].map(|half| u64::try_from(half & u128::from(u64::MAX)));
                    let (mut four, mut byte) = (high.unwrap_or(0), 0);
                    bits = low.unwrap_or(0);
                    for i in 0..TRITS_PER_BYTE {
                        byte |= (four % 3) << (2 * i);
                        four /= 3;
                    }
                    chunk.push(byte.to_le_bytes()[0]);
                }
            }
        }
    }

    fn push(&self, value: f32, chunk: &mut Vec<u8>) {
        match self.entry.kind {
            Kind::F16 => chunk.extend(contract::f32_to_f16(value).to_le_bytes()),
            // The upper half of an f32; that it is cut, not rounded, does not matter to a random number.
            Kind::Bf16 => chunk.extend(&value.to_le_bytes()[2..]),
            _ => chunk.extend(value.to_le_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;

    use contract::Trit;

    use super::*;
    use crate::{Table, WeightScale, Weights, checkpoint};

    fn small(sub_norms: bool) -> Shape {
        Shape {
            name: "small".to_owned(),
            hidden_size: 64,
            intermediate_size: 100,
            num_hidden_layers: 3,
            num_attention_heads: 4,
            num_key_value_heads: 2,
            head_dim: 16,
            vocab_size: 3000,
            sub_norms,
            tie_word_embeddings: sub_norms,
            ..crate::preset(if sub_norms { "bitnet-2b-4t" } else { "7b" }).unwrap()
        }
    }

    fn write(random: &RandomCheckpoint<'_>, folder: &Path) -> Weights {
        for (i, name) in random.shards().iter().enumerate() {
            random.write_shard(i, &mut File::create(folder.join(name)).unwrap()).unwrap();
        }
        fs::write(folder.join("config.json"), random.config()).unwrap();
        if let Some(index) = random.index() {
            fs::write(folder.join("model.safetensors.index.json"), index).unwrap();
        }
        checkpoint::read(folder).unwrap()
    }

    #[test]
    fn what_is_written_is_read_and_has_the_shape_and_the_distributions() {
        for sub_norms in [true, false] {
            let shape = small(sub_norms);
            let folder = tempfile::tempdir().unwrap();
            let weights = write(&RandomCheckpoint::new(&shape, 1).unwrap(), folder.path());
            assert_eq!(Shape { name: shape.name.clone(), ..weights.shape.clone() }, shape);
            assert_eq!(weights.head.is_none(), sub_norms);

            let down = &weights.layers[2].down;
            assert_eq!(down.scale, WeightScale::Multiplies((1.5f32 / 100.0).sqrt()));
            let counts = Trit::ALL.map(|trit| {
                (0..64).map(|row| down.trits.row(row).filter(|&other| other == trit).count()).sum::<usize>()
            });
            // 6,400 trits: a third is 2,133, and four standard deviations are 151.
            assert!(counts.iter().all(|count| count.abs_diff(2133) <= 151), "{counts:?}");
            assert_ne!(down.trits, weights.layers[1].down.trits);

            let values: Vec<f32> = match &weights.embedding {
                Table::F16(values) => values.iter().map(|&half| contract::f16_to_f32(half)).collect(),
                Table::Bf16(values) => values.iter().map(|&x| f32::from_bits(u32::from(x) << 16)).collect(),
                Table::F32(values) => values.clone(),
            };
            let mean = values.iter().sum::<f32>() / values.len() as f32;
            let variance = values.iter().map(|x| x * x).sum::<f32>() / values.len() as f32;
            assert!(mean.abs() < 2e-4 && (variance.sqrt() - 0.02).abs() < 2e-4, "{mean} {variance}");
        }
    }

    #[test]
    fn shards_are_no_longer_than_asked_and_seeds_differ() {
        let shape = small(true);
        let read = |seed| {
            let folder = tempfile::tempdir().unwrap();
            let random = RandomCheckpoint::with_shards_of(&shape, seed, 20_000).unwrap();
            let names = random.shards();
            assert_eq!(names[1], format!("model-00002-of-{:05}.safetensors", names.len()));
            let weights = write(&random, folder.path());
            let bytes =
                |tensors: &Vec<Tensor>| tensors.iter().map(|tensor| tensor.entry.bytes()).sum::<u64>();
            // The embedding does not fit, and is alone.
            assert_eq!(random.shards[0].len(), 1);
            assert!(random.shards[1..].iter().all(|tensors| bytes(tensors) <= 20_000));
            Weights { shape: shape.clone(), ..weights }
        };
        assert_eq!(read(1), read(1));
        assert_ne!(read(1), read(2));
    }

    #[test]
    fn every_dense_preset_has_a_checkpoint() {
        for name in crate::preset_names() {
            let shape = crate::preset(name).unwrap();
            if shape.experts.is_some() {
                let error = RandomCheckpoint::new(&shape, 0).unwrap_err().to_string();
                let expected = "`num_local_experts` is 8, must be absent: mixtures of experts are simulated, not computed";
                assert_eq!(error, format!("{name}: {expected}"));
                continue;
            }
            let random = RandomCheckpoint::new(&shape, 0).unwrap();
            let numbers: u64 = random
                .shards
                .iter()
                .flatten()
                .map(|tensor| match tensor.content {
                    Content::Trits => 4 * tensor.entry.bytes(),
                    _ => tensor.entry.shape.iter().product(),
                })
                .sum();
            // Each of the linears has a scale besides.
            assert_eq!(numbers, shape.parameters() + 7 * shape.num_hidden_layers, "{name}");
        }
        assert_eq!(RandomCheckpoint::new(&crate::preset("70b").unwrap(), 0).unwrap().shards().len(), 4);
    }

    #[test]
    fn what_the_format_cannot_hold_is_refused() {
        let message = |change: fn(&mut Shape)| {
            let mut shape = small(true);
            change(&mut shape);
            RandomCheckpoint::new(&shape, 0).unwrap_err().to_string()
        };
        assert_eq!(
            message(|shape| shape.intermediate_size = 102),
            "small: `intermediate_size` is such that a linear has 102 outputs, must be such that they are a multiple of 4, \
             which the format packs together"
        );
        assert_eq!(
            message(|shape| shape.embedding_format = WeightFormat::Int8),
            "small: `embedding_format` is int8, must be f16 or bf16: the format holds tables in floats"
        );
        assert!(message(|shape| shape.head_dim = 0).contains("`head_dim` is 0"));
    }
}
