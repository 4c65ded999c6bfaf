//! Whatever a file holds, the answer is a valid shape or one line.

use model::load;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{bitnet_2b, load_text};

/// A JSON value to put in a config's place: near misses rather than noise.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0u32..64).prop_map(|bits| Value::from(1u64 << bits)),
        (0u64..200).prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!({ "rope_theta": [] })),
    ]
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_an_error_of_one_line(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = load_text(bytes) {
            prop_assert_eq!(error.to_string().lines().count(), 1);
        }
    }

    #[test]
    fn arbitrary_names_never_panic(name in ".{0,80}") {
        if let Err(error) = load(&name) {
            prop_assert_eq!(error.to_string().lines().count(), 1);
        }
    }

    #[test]
    fn a_mutated_config_is_a_valid_shape_or_an_error_of_one_line(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any_value()), 1..4),
    ) {
        let mut config = bitnet_2b();
        let object = config.as_object_mut().unwrap();
        let mut names: Vec<String> = object.keys().cloned().collect();
        names.extend(["head_dim", "dtype", "rope_parameters", "mlp_bias"].map(str::to_owned));
        for (index, value) in changes {
            object.insert(index.get(&names).clone(), value);
        }
        match load_text(config.to_string()) {
            Ok(shape) => {
                prop_assert!(shape.validate().is_ok());
                prop_assert!(shape.parameters().checked_mul(32).is_some());
            }
            Err(error) => prop_assert_eq!(error.to_string().lines().count(), 1),
        }
    }

    #[test]
    fn a_config_with_one_byte_changed_never_panics(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut text = bitnet_2b().to_string().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        match load_text(text) {
            Ok(shape) => prop_assert!(shape.validate().is_ok()),
            Err(error) => prop_assert_eq!(error.to_string().lines().count(), 1),
        }
    }
}
