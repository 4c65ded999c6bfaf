//! The fields of a `config.json`: what each becomes, and what is said of one that is wrong.

use model::{Activation, Shape, WeightFormat};
use serde_json::{Value, json};

use crate::{bitnet_2b, changed, complaint, load_text, without};

#[test]
fn an_old_llama_config_has_the_frameworks_defaults() {
    let config = json!({
        "model_type": "llama", "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 11008,
        "num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 32000, "max_position_embeddings": 2048,
        "rms_norm_eps": 1e-6, "torch_dtype": "float16", "num_key_value_heads": null, "rope_scaling": null,
        "head_dim": null, "pretraining_tp": 1, "attention_bias": false,
    });
    let expected = Shape { name: "tiny".to_owned(), ..model::preset("7b").unwrap() };
    assert_eq!(load_text(config.to_string()).unwrap(), expected);
}

#[test]
fn a_mixture_of_experts_has_the_frameworks_defaults() {
    let config = json!({
        "model_type": "mixtral", "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 14336,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000,
        "max_position_embeddings": 32768, "rms_norm_eps": 1e-5, "num_local_experts": 8, "num_experts_per_tok": 2,
        "sliding_window": null, "output_router_logits": false, "torch_dtype": "bfloat16",
    });
    let expected = Shape { name: "tiny".to_owned(), ..model::preset("8x7b").unwrap() };
    assert_eq!(load_text(config.to_string()).unwrap(), expected);
    for (field, value, wrong) in [
        (
            "num_experts_per_tok",
            json!(9),
            "`num_experts_per_tok` is 9, must be at most the 8 of `num_local_experts`",
        ),
        (
            "num_local_experts",
            Value::Null,
            "`num_local_experts` is null, must be a whole number from 1 to 4096",
        ),
    ] {
        let mut config = config.clone();
        config[field] = value;
        assert_eq!(complaint(config.to_string()), wrong);
    }
}

#[test]
fn optional_fields_are_honoured() {
    let shape = load_text(changed("head_dim", json!(64))).unwrap();
    assert_eq!((shape.head_dim, shape.q_size(), shape.hidden_size), (64, 1280, 2560));
    // A width that 20 heads do not divide needs a head_dim.
    let mut config = bitnet_2b();
    config["hidden_size"] = json!(2570);
    config["head_dim"] = json!(128);
    assert_eq!(load_text(config.to_string()).unwrap().hidden_size, 2570);

    assert_eq!(load_text(without("num_key_value_heads")).unwrap().num_key_value_heads, 20);
    assert!(!load_text(without("tie_word_embeddings")).unwrap().tie_word_embeddings);
    assert_eq!(load_text(changed("hidden_act", json!("silu"))).unwrap().hidden_act, Activation::Silu);
    assert_eq!(load_text(changed("rope_theta", json!(10000))).unwrap().rope_theta, 10000.0);
    assert_eq!(load_text(without("rope_theta")).unwrap().rope_theta, 500_000.0);
    for group in ["rope_parameters", "rope_scaling"] {
        let mut config = bitnet_2b();
        config["rope_theta"] = Value::Null;
        config[group] = json!({ "rope_type": "default", "rope_theta": 1234.5 });
        assert_eq!(load_text(config.to_string()).unwrap().rope_theta, 1234.5);
    }
}

#[test]
fn the_dtype_says_what_embedding_and_head_are_held_in() {
    for (dtype, format) in [
        (json!("float16"), WeightFormat::F16),
        (json!("bfloat16"), WeightFormat::Bf16),
        (json!("float32"), WeightFormat::Bf16),
        (Value::Null, WeightFormat::Bf16),
    ] {
        let shape = load_text(changed("torch_dtype", dtype.clone())).unwrap();
        assert_eq!((shape.embedding_format, shape.head_format), (format, format), "{dtype}");
    }
    // The newer name wins.
    assert_eq!(load_text(changed("dtype", json!("float16"))).unwrap().head_format, WeightFormat::F16);
    assert_eq!(
        complaint(changed("dtype", json!("int4"))),
        r#"`dtype` is "int4", must be "float16" or "bfloat16" or "float32""#
    );
}

#[test]
fn a_missing_field_is_named() {
    let size = |field: &str, largest: u64| {
        (field.to_owned(), format!("`{field}` is missing, must be a whole number from 1 to {largest}"))
    };
    for (field, expected) in [
        size("hidden_size", 1 << 20),
        size("intermediate_size", 1 << 20),
        size("num_hidden_layers", 4096),
        size("num_attention_heads", 1 << 16),
        size("vocab_size", 1 << 24),
        size("max_position_embeddings", 1 << 30),
        ("rms_norm_eps".into(), "`rms_norm_eps` is missing, must be a number from 1e-12 to 1.0".into()),
        ("hidden_act".into(), r#"`hidden_act` is missing, must be "silu" or "relu2""#.into()),
        ("model_type".into(), r#"`model_type` is missing, must be "bitnet" or "llama" or "mixtral""#.into()),
    ] {
        assert_eq!(complaint(without(&field)), expected);
        assert_eq!(complaint(changed(&field, Value::Null)), expected.replacen("missing", "null", 1));
    }
}

#[test]
fn a_size_that_is_none_is_named_with_its_value() {
    for field in [
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "vocab_size",
        "max_position_embeddings",
        "head_dim",
    ] {
        for value in
            ["0", "-20", "2.5", "20.0", "1e300", "18446744073709551616", "\"20\"", "true", "[20]", "{}"]
        {
            let text = bitnet_2b().to_string();
            let text = text.strip_suffix('}').unwrap();
            let shown = if value == "1e300" || value.len() == 20 { "" } else { value };
            // The last of two equal keys counts.
            let message = complaint(format!("{text},\"{field}\":{value}}}"));
            assert!(message.starts_with(&format!("`{field}` is {shown}")), "{message}");
            assert!(message.contains(", must be a whole number from 1 to "), "{message}");
        }
    }
}

#[test]
fn fields_that_do_not_agree_are_named() {
    assert_eq!(
        complaint(changed("hidden_size", json!(2561))),
        "`num_attention_heads` is 20, must be a divisor of `hidden_size` (2561) where `head_dim` is missing"
    );
    assert_eq!(
        complaint(changed("num_key_value_heads", json!(6))),
        "`num_key_value_heads` is 6, must be a divisor of `num_attention_heads` (20): each serves a group of equal size"
    );
    assert_eq!(
        complaint(changed("head_dim", json!(7))),
        "`head_dim` is 7, must be even: the rotary embedding turns its two halves"
    );
}

#[test]
fn what_the_design_does_not_have_is_refused() {
    for (field, value, expected) in [
        ("model_type", json!("qwen2"), r#"is "qwen2", must be "bitnet" or "llama" or "mixtral""#),
        ("model_type", json!(7), r#"is 7, must be "bitnet" or "llama" or "mixtral""#),
        ("hidden_act", json!("gelu"), r#"is "gelu", must be "silu" or "relu2""#),
        ("attention_bias", json!(true), "is true, must be false: models with biases are not supported"),
        ("mlp_bias", json!(true), "is true, must be false: models with biases are not supported"),
        ("attention_bias", json!("no"), r#"is "no", must be true or false"#),
        ("tie_word_embeddings", json!(1), "is 1, must be true or false"),
        ("rms_norm_eps", json!("1e-5"), r#"is "1e-5", must be a number from 1e-12 to 1.0"#),
        ("rms_norm_eps", json!(-0.5), "is -0.5, must be a number from 1e-12 to 1.0"),
        ("rope_theta", json!(0), "is 0, must be a number from 1.0 to 1000000000.0"),
    ] {
        assert_eq!(complaint(changed(field, value)), format!("`{field}` {expected}"));
    }
    let mut config = bitnet_2b();
    config["rope_theta"] = Value::Null;
    config["rope_parameters"] = json!({ "rope_theta": "big" });
    assert_eq!(
        complaint(config.to_string()),
        r#"`rope_theta` is "big", must be a number from 1.0 to 1000000000.0"#
    );
}
