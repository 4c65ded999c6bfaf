//! The models that the program knows by name: one YAML file each, built in.

use crate::Shape;
use crate::error::{Error, one_line};

/// Name and file of each preset: the paper's models by size, a mixture of experts, the published checkpoint.
const PRESETS: [(&str, &str); 10] = [
    ("700m", include_str!("../presets/700m.yaml")),
    ("1.3b", include_str!("../presets/1.3b.yaml")),
    ("3b", include_str!("../presets/3b.yaml")),
    ("3.9b", include_str!("../presets/3.9b.yaml")),
    ("7b", include_str!("../presets/7b.yaml")),
    ("13b", include_str!("../presets/13b.yaml")),
    ("30b", include_str!("../presets/30b.yaml")),
    ("70b", include_str!("../presets/70b.yaml")),
    ("8x7b", include_str!("../presets/8x7b.yaml")),
    ("bitnet-2b-4t", include_str!("../presets/bitnet-2b-4t.yaml")),
];

/// The names that [`preset`] takes.
pub fn preset_names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|&(name, _)| name)
}

/// The preset of this name, in any case.
///
/// # Errors
///
/// [`Error::Unknown`] lists the names and the nearest one.
pub fn preset(name: &str) -> Result<Shape, Error> {
    let (name, text) = PRESETS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .ok_or_else(|| Error::Unknown { name: one_line(name), known: known(), nearest: nearest(name) })?;
    let shape: Shape = serde_yaml::from_str(text)
        .map_err(|error| Error::Parse { origin: format!("preset {name}"), reason: error.to_string() })?;
    shape.validate()?;
    Ok(shape)
}

/// The names in one line.
pub(crate) fn known() -> String {
    preset_names().collect::<Vec<_>>().join(", ")
}

/// The preset most like a name. Edit distance finds slips of the finger; shared pairs of letters find a size
/// within a longer name, such as `llama-70b`.
fn nearest(name: &str) -> Option<&'static str> {
    // Beyond this no name is near, and the distance of two long texts costs the product of their lengths.
    const LONGEST: usize = 64;
    const NEAR: f64 = 0.3;
    if name.len() > LONGEST {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let likeness = |known: &str| {
        strsim::normalized_damerau_levenshtein(&name, known).max(strsim::sorensen_dice(&name, known))
    };
    let (likeness, known) =
        preset_names().map(|known| (likeness(known), known)).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (likeness >= NEAR).then_some(known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, WeightFormat};

    #[test]
    fn every_preset_is_valid_and_has_its_files_name() {
        for name in preset_names() {
            let shape = preset(name).unwrap();
            assert_eq!(shape.name, name);
            assert_eq!(preset(&name.to_uppercase()).unwrap(), shape);
            // In every preset the heads divide the residual stream.
            assert_eq!(shape.q_size(), shape.hidden_size, "{name}");
        }
        assert_eq!(known(), "700m, 1.3b, 3b, 3.9b, 7b, 13b, 30b, 70b, 8x7b, bitnet-2b-4t");
    }

    #[test]
    fn a_preset_states_every_field() {
        for (name, text) in PRESETS {
            // A dense model has no experts.
            let stated = |line: &&str| !line.starts_with('#') && !line.starts_with("experts");
            for line in text.lines().filter(stated) {
                let without: Vec<&str> = text.lines().filter(|&other| other != line).collect();
                assert!(serde_yaml::from_str::<Shape>(&without.join("\n")).is_err(), "{name} without {line}");
            }
            assert!(text.starts_with("# "), "{name} does not say its source");
        }
    }

    /// BitNet b1.58 (arXiv 2402.17764) and its note, LLaMA, Llama 2: hidden, GLU, heads, KV heads, layers; epsilon.
    #[test]
    fn shapes_are_the_papers() {
        for (name, expected, epsilon) in [
            ("700m", [1536, 4096, 24, 24, 24], 1e-5),
            ("1.3b", [2048, 5460, 32, 32, 24], 1e-5),
            ("3b", [3200, 8640, 32, 32, 26], 1e-5),
            ("3.9b", [3200, 12800, 32, 32, 26], 1e-5),
            ("7b", [4096, 11008, 32, 32, 32], 1e-6),
            ("13b", [5120, 13824, 40, 40, 40], 1e-6),
            ("30b", [6656, 17920, 52, 52, 60], 1e-6),
            ("70b", [8192, 28672, 64, 8, 80], 1e-5),
        ] {
            let s = preset(name).unwrap();
            let heads = [s.num_attention_heads, s.num_key_value_heads];
            assert_eq!(
                [s.hidden_size, s.intermediate_size, heads[0], heads[1], s.num_hidden_layers],
                expected,
                "{name}"
            );
            assert_eq!(
                (s.vocab_size, s.max_position_embeddings, s.hidden_act),
                (32000, 2048, Activation::Silu)
            );
            assert_eq!((s.embedding_format, s.head_format), (WeightFormat::F16, WeightFormat::F16));
            assert_eq!((s.rms_norm_eps, s.rope_theta), (epsilon, 10_000.0), "{name}");
            assert!(!s.sub_norms && !s.tie_word_embeddings);
        }
    }

    /// Parameter counts of the published checkpoints (sums over their tensors' shapes).
    #[test]
    fn parameters_are_the_published_checkpoints() {
        for (name, parameters) in [
            ("7b", 6_738_415_616),
            ("13b", 13_015_864_320),
            ("30b", 32_528_943_616),
            ("70b", 68_976_648_192),
            ("8x7b", 46_702_792_704),
            ("bitnet-2b-4t", 2_412_820_480),
        ] {
            assert_eq!(preset(name).unwrap().parameters(), parameters, "{name}");
        }
    }

    /// What bitnet-kv260 streams for a token: all ternary weights at five a byte, the K of `down_proj` padded
    /// from 6912 to 6960, and the head likewise as a ternary shortlist.
    #[test]
    fn the_2b_model_streams_what_a_board_measured() {
        let shape = preset("bitnet-2b-4t").unwrap();
        let padding = shape.num_hidden_layers * shape.hidden_size * (6960 - shape.intermediate_size);
        assert_eq!((shape.linear_parameters() + padding) / 5, 417_546_240);
        assert_eq!(shape.embedding_parameters() / 5, 65_667_072);
        assert_eq!((shape.kv_size(), shape.hidden_act), (640, Activation::Relu2));
        assert!(shape.sub_norms && shape.tie_word_embeddings);
        assert_eq!((shape.embedding_format, shape.head_format), (WeightFormat::Bf16, WeightFormat::Bf16));
    }

    #[test]
    fn an_unknown_name_lists_the_known_and_the_nearest() {
        assert_eq!(
            preset("70bb").unwrap_err().to_string(),
            "unknown model `70bb`: known are 700m, 1.3b, 3b, 3.9b, 7b, 13b, 30b, 70b, 8x7b, bitnet-2b-4t, or the path of a \
             config.json; did you mean `70b`?"
        );
        for (name, nearest_name) in [
            ("70", "70b"),
            ("13", "13b"),
            ("LLaMA-70B", "70b"),
            ("3.9", "3.9b"),
            ("1.3bb", "1.3b"),
            ("bitnet", "bitnet-2b-4t"),
            ("BitNet-b1.58-2B-4T", "bitnet-2b-4t"),
            ("700M ", "700m"),
        ] {
            assert_eq!(nearest(name), Some(nearest_name), "{name}");
        }
        for name in ["", "qwen", "\u{1f600}", &"70b".repeat(100_000)] {
            assert_eq!(nearest(name), None);
            assert_eq!(preset(name).unwrap_err().to_string().lines().count(), 1);
        }
    }
}
