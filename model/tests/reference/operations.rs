//! Each operation from the framework's own inputs to it.

use std::path::Path;

use contract::{auto_bit_linear, bit_linear};
use model::transformer::{
    Arithmetic, ContractLinears, Float32, Kernel, Linears, Place, Projection, Quantized, Rotary, Rows, gate,
    probabilities, rms_norm, rotate,
};
use model::{LayerWeights, Linear, WeightScale, Weights};

use crate::expected::Expected;
use crate::{difference, each, ulps};

/// Calls `check` with the name of every layer of every prompt that has intermediate tensors.
fn each_layer(weights: &Weights, expected: &Expected, mut check: impl FnMut(&str, usize, &LayerWeights)) {
    let mut layers = 0;
    for prompt in 0..expected.prompts().len() {
        for (i, layer) in weights.layers.iter().enumerate() {
            if expected.has(&format!("p{prompt}.attn.{i}")) {
                check(&format!("p{prompt}"), i, layer);
                layers += 1;
            }
        }
    }
    assert!(layers > 0, "no prompt has intermediate tensors");
}

fn linears(layer: &LayerWeights) -> [(Projection, &Linear); 7] {
    let LayerWeights { query, key, value, output, gate, up, down, .. } = layer;
    let linears = [query, key, value, output, gate, up, down];
    std::array::from_fn(|i| (Projection::ALL[i], linears[i]))
}

fn rows(expected: &Expected, name: &str) -> Rows {
    Rows::new(*expected.shape(name).last().unwrap(), expected.f32(name))
}

fn size(size: u64) -> usize {
    usize::try_from(size).unwrap()
}

#[test]
fn quantised_activations_and_sums_are_equal_and_outputs_as_near_as_their_form_allows() {
    each(|folder, weights, expected| {
        let mut farthest: f32 = 0.0;
        let (mut values, mut sums) = (0, 0);
        each_layer(weights, expected, |prompt, i, layer| {
            for (projection, linear) in linears(layer) {
                let place = Place { layer: i, projection };
                let name = format!("{prompt}.{place}");
                let x = Quantized::new(&rows(expected, &format!("{name}.x"))).unwrap();
                assert_eq!(x.scales(), expected.f32(&format!("{name}.s")), "{name}");
                assert_eq!(x.values(), expected.i8(&format!("{name}.q")), "{name}");

                let acc = expected.i32(&format!("{name}.acc"));
                assert_eq!(ContractLinears.sums(place, &linear.trits, &x).unwrap(), acc, "{name}");
                assert_eq!(Kernel.sums(place, &linear.trits, &x).unwrap(), acc, "{name}");
                (values, sums) = (values + x.values().len(), sums + acc.len());

                let y = expected.f32(&format!("{name}.y"));
                let scales = x.scales().iter().flat_map(|&s| vec![s; linear.trits.rows()]);
                let sums = acc.iter().zip(scales);
                match linear.scale {
                    WeightScale::Divides(scale) => {
                        let got: Vec<f32> = sums.map(|(&acc, s)| bit_linear(acc.into(), scale, s)).collect();
                        assert_eq!(got, y, "{name}");
                    }
                    WeightScale::Multiplies(scale) => {
                        let got: Vec<f32> =
                            sums.map(|(&acc, s)| auto_bit_linear(acc.into(), scale, s)).collect();
                        farthest = farthest.max(difference(&got, &y));
                        assert!(difference(&got, &y) <= 1e-6, "{name}: {}", difference(&got, &y));
                    }
                }
            }
        });
        report(folder, &format!("{values} activations and {sums} sums are equal"));
        report(folder, &format!("outputs differ by up to {farthest:e} of the largest"));
    });
}

#[test]
fn norms_are_within_16_ulp() {
    each(|folder, weights, expected| {
        #[allow(clippy::cast_possible_truncation, reason = "rounded to f32")]
        let epsilon = weights.shape.rms_norm_eps as f32;
        let mut farthest = 0;
        let mut check = |name: &str, gain: &[f32], epsilon: f32| {
            let mut x = rows(expected, &format!("{name}.in"));
            x.iter_mut().for_each(|row| rms_norm(row, gain, epsilon));
            let ulps = ulps(x.values(), &expected.f32(&format!("{name}.out")));
            assert!(ulps <= 16, "{name}: {ulps} ulp");
            farthest = farthest.max(ulps);
        };
        each_layer(weights, expected, |prompt, i, layer| {
            let name = |norm: &str| format!("{prompt}.model.layers.{i}.{norm}");
            check(&name("input_layernorm"), &layer.input_norm, epsilon);
            check(&name("post_attention_layernorm"), &layer.post_attention_norm, epsilon);
            check(&format!("{prompt}.model.norm"), &weights.norm, epsilon);
            if let Some(gain) = &layer.attention_sub_norm {
                check(&name("self_attn.attn_sub_norm"), gain, epsilon);
            }
            if let Some(gain) = &layer.feed_forward_sub_norm {
                check(&name("mlp.ffn_sub_norm"), gain, epsilon);
            }
            for (projection, linear) in linears(layer) {
                if let Some(norm) = &linear.norm {
                    check(&name(&format!("{}.rms_norm", projection.name())), &norm.gain, norm.epsilon);
                }
            }
        });
        report(folder, &format!("norms differ by up to {farthest} ulp"));
    });
}

#[test]
fn angles_and_turned_heads_are_equal() {
    each(|folder, weights, expected| {
        let head_dim = size(weights.shape.head_dim);
        let rotary = Rotary::new(head_dim, weights.shape.rope_theta);
        let mut turned_heads = 0;
        each_layer(weights, expected, |prompt, i, _| {
            let (cosines, sines) = (
                rows(expected, &format!("{prompt}.rope.cos")),
                rows(expected, &format!("{prompt}.rope.sin")),
            );
            for token in 0..cosines.tokens() {
                let (got_cosines, got_sines) = rotary.angles(token);
                for (got, expected) in [(got_cosines, &cosines), (got_sines, &sines)] {
                    // The framework holds each angle twice, once for either half.
                    let (left, right) = expected.row(token).split_at(head_dim / 2);
                    assert_eq!(left, right);
                    assert_eq!(got, left, "{prompt}: token {token}");
                }
            }
            for (turned, linear) in [("q", Projection::Query), ("k", Projection::Key)] {
                let x = rows(expected, &format!("{prompt}.{}.y", Place { layer: i, projection: linear }));
                let name = format!("{prompt}.rope.{i}.{turned}");
                let expected = expected.f32(&name); // [heads, tokens, head_dim]
                let mut got = vec![0.0; expected.len()];
                for (token, row) in x.iter().enumerate() {
                    let (cosines, sines) =
                        (&cosines.row(token)[..head_dim / 2], &sines.row(token)[..head_dim / 2]);
                    for (head, vector) in row.chunks_exact(head_dim).enumerate() {
                        let start = (head * x.tokens() + token) * head_dim;
                        let got = &mut got[start..start + head_dim];
                        got.copy_from_slice(vector);
                        rotate(got, cosines, sines);
                    }
                }
                assert!(got == expected, "{}: {name}", folder.display());
                turned_heads += got.len() / head_dim;
            }
        });
        report(folder, &format!("{turned_heads} turned heads are equal"));
    });
}

#[test]
fn probabilities_and_mixed_values_are_within_1e_6() {
    each(|folder, weights, expected| {
        let head_dim = size(weights.shape.head_dim);
        let (heads, kv_heads) =
            (size(weights.shape.num_attention_heads), size(weights.shape.num_key_value_heads));
        let (mut farthest, mut farthest_mixed): (f32, f32) = (0.0, 0.0);
        each_layer(weights, expected, |prompt, i, layer| {
            let get = |what: &str| expected.f32(&format!("{prompt}.{what}"));
            let (query, keys) = (get(&format!("rope.{i}.q")), get(&format!("rope.{i}.k")));
            let values =
                rows(expected, &format!("{prompt}.{}.y", Place { layer: i, projection: Projection::Value }));
            let attention = get(&format!("attn.{i}")); // [heads, tokens, tokens]
            let tokens = values.tokens();
            let mut mixed = Rows::zeros(tokens, heads * head_dim);
            for head in 0..heads {
                let kv_head = head / (heads / kv_heads);
                let keys = &keys[kv_head * tokens * head_dim..(kv_head + 1) * tokens * head_dim];
                for token in 0..tokens {
                    let start = (head * tokens + token) * head_dim;
                    let query = &query[start..start + head_dim];
                    let seen = &keys[..(token + 1) * head_dim];
                    let got = probabilities(&Float32, query, seen);
                    let expected = &attention[(head * tokens + token) * tokens..][..tokens];
                    farthest = farthest.max(difference(&got, &expected[..=token]));
                    assert!(expected[token + 1..].iter().all(|&p| p == 0.0), "a token sees a later one");
                    let row =
                        &mut mixed.values_mut()[token * heads * head_dim..][head * head_dim..][..head_dim];
                    let seen = values.iter().take(token + 1);
                    let seen = seen.flat_map(|value| &value[kv_head * head_dim..][..head_dim]).copied();
                    Float32.add_scaled(row, &expected[..=token], &seen.collect::<Vec<f32>>());
                }
            }
            // What takes the mixed values first.
            let output = Place { layer: i, projection: Projection::Output };
            let taken = match (&layer.attention_sub_norm, &layer.output.norm) {
                (Some(_), _) => format!("model.layers.{i}.self_attn.attn_sub_norm.in"),
                (None, Some(_)) => format!("{output}.rms_norm.in"),
                (None, None) => format!("{output}.x"),
            };
            farthest_mixed = farthest_mixed.max(difference(mixed.values(), &get(&taken)));
        });
        report(folder, &format!("probabilities differ by {farthest:e}, mixed values by {farthest_mixed:e}"));
        assert!(farthest <= 1e-6 && farthest_mixed <= 1e-6, "{}", folder.display());
    });
}

#[test]
fn gates_are_within_4_ulp() {
    each(|folder, weights, expected| {
        let mut farthest = 0;
        each_layer(weights, expected, |prompt, i, layer| {
            let get = |what: &str| expected.f32(&format!("{prompt}.model.layers.{i}.mlp.{what}"));
            let mut got = get("gate_proj.y");
            gate(weights.shape.hidden_act, &mut got, &get("up_proj.y"));
            let taken = match (&layer.feed_forward_sub_norm, &layer.down.norm) {
                (Some(_), _) => "ffn_sub_norm.in",
                (None, Some(_)) => "down_proj.rms_norm.in",
                (None, None) => "down_proj.x",
            };
            farthest = farthest.max(ulps(&got, &get(taken)));
        });
        report(folder, &format!("gates differ by up to {farthest} ulp"));
        assert!(farthest <= 4, "{}: {farthest} ulp", folder.display());
    });
}

/// Says what was measured, for `--nocapture`.
#[allow(clippy::print_stderr, reason = "measurements beside the assertions")]
pub(crate) fn report(folder: &Path, line: &str) {
    eprintln!("{}: {line}", folder.file_name().unwrap_or_default().display());
}
