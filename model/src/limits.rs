//! What each field of a shape may be.
//!
//! The upper bounds leave room above every published model, and are low enough that no product a simulator
//! takes of them overflows u64: 4,096 layers of seven matrices of 2^20 x 2^20 weights are below 2^55, and
//! their bits below 2^60.

use crate::error::Error;
use crate::{Experts, Shape};

/// A whole number from 1 to a largest one.
pub(crate) struct Size {
    pub(crate) field: &'static str,
    pub(crate) largest: u64,
}

impl Size {
    pub(crate) fn holds(&self, value: u64) -> bool {
        (1..=self.largest).contains(&value)
    }

    pub(crate) fn expected(&self) -> String {
        format!("a whole number from 1 to {}", self.largest)
    }
}

/// A real number within two bounds, both included.
pub(crate) struct Real {
    pub(crate) field: &'static str,
    smallest: f64,
    largest: f64,
}

impl Real {
    /// False for NaN.
    pub(crate) fn holds(&self, value: f64) -> bool {
        (self.smallest..=self.largest).contains(&value)
    }

    pub(crate) fn expected(&self) -> String {
        format!("a number from {:?} to {:?}", self.smallest, self.largest)
    }
}

pub(crate) const HIDDEN_SIZE: Size = Size { field: "hidden_size", largest: 1 << 20 };
pub(crate) const INTERMEDIATE_SIZE: Size = Size { field: "intermediate_size", largest: 1 << 20 };
pub(crate) const LAYERS: Size = Size { field: "num_hidden_layers", largest: 1 << 12 };
pub(crate) const HEADS: Size = Size { field: "num_attention_heads", largest: 1 << 16 };
pub(crate) const KV_HEADS: Size = Size { field: "num_key_value_heads", largest: 1 << 16 };
pub(crate) const HEAD_DIM: Size = Size { field: "head_dim", largest: 1 << 16 };
pub(crate) const VOCABULARY: Size = Size { field: "vocab_size", largest: 1 << 24 };
pub(crate) const POSITIONS: Size = Size { field: "max_position_embeddings", largest: 1 << 30 };
pub(crate) const EPSILON: Real = Real { field: "rms_norm_eps", smallest: 1e-12, largest: 1.0 };
pub(crate) const THETA: Real = Real { field: "rope_theta", smallest: 1.0, largest: 1e9 };

pub(crate) const EXPERTS: Size = Size { field: "num_local_experts", largest: 1 << 12 };
pub(crate) const EXPERTS_PER_TOKEN: Size = Size { field: "num_experts_per_tok", largest: 1 << 12 };

/// The largest width of a layer's experts together, as wide as a dense block may be.
const LARGEST_EXPERTS_SIZE: u64 = 1 << 20;
/// The largest width of all query heads together, as wide as the residual stream may be.
const LARGEST_Q_SIZE: u64 = 1 << 20;

impl Shape {
    /// The reference computes dense models alone.
    ///
    /// # Errors
    ///
    /// [`Error::Field`] for a mixture of experts.
    pub(crate) fn refuse_experts(&self) -> Result<(), Error> {
        match self.experts {
            None => Ok(()),
            Some(experts) => Err(Error::Field {
                origin: self.name.clone(),
                field: EXPERTS.field,
                value: experts.num_local_experts.to_string(),
                expected: "absent: mixtures of experts are simulated, not computed".to_owned(),
            }),
        }
    }

    /// Whether every field is within its range and the fields agree with each other.
    ///
    /// # Errors
    ///
    /// [`Error::Field`] names the first field that is not, and what would be right.
    pub fn validate(&self) -> Result<(), Error> {
        self.validate_as(&self.name)
    }

    /// The same, with errors that name where the shape came from.
    pub(crate) fn validate_as(&self, origin: &str) -> Result<(), Error> {
        let error = |field: &'static str, value: String, expected: String| {
            Err(Error::Field { origin: origin.to_owned(), field, value, expected })
        };
        if self.name.is_empty() {
            return error("name", "empty".to_owned(), "a name".to_owned());
        }
        for (size, value) in [
            (HIDDEN_SIZE, self.hidden_size),
            (INTERMEDIATE_SIZE, self.intermediate_size),
            (LAYERS, self.num_hidden_layers),
            (HEADS, self.num_attention_heads),
            (KV_HEADS, self.num_key_value_heads),
            (HEAD_DIM, self.head_dim),
            (VOCABULARY, self.vocab_size),
            (POSITIONS, self.max_position_embeddings),
        ] {
            if !size.holds(value) {
                return error(size.field, value.to_string(), size.expected());
            }
        }
        for (real, value) in [(EPSILON, self.rms_norm_eps), (THETA, self.rope_theta)] {
            if !real.holds(value) {
                return error(real.field, value.to_string(), real.expected());
            }
        }
        let heads = self.num_attention_heads;
        if !heads.is_multiple_of(self.num_key_value_heads) {
            let expected =
                format!("a divisor of `num_attention_heads` ({heads}): each serves a group of equal size");
            return error(KV_HEADS.field, self.num_key_value_heads.to_string(), expected);
        }
        if !self.head_dim.is_multiple_of(2) {
            let expected = "even: the rotary embedding turns its two halves".to_owned();
            return error(HEAD_DIM.field, self.head_dim.to_string(), expected);
        }
        if self.q_size() > LARGEST_Q_SIZE {
            let expected = format!("at most {} for {heads} `num_attention_heads`", LARGEST_Q_SIZE / heads);
            return error(HEAD_DIM.field, self.head_dim.to_string(), expected);
        }
        if let Some(Experts { num_local_experts, num_experts_per_tok }) = self.experts {
            for (size, value) in [(EXPERTS, num_local_experts), (EXPERTS_PER_TOKEN, num_experts_per_tok)] {
                if !size.holds(value) {
                    return error(size.field, value.to_string(), size.expected());
                }
            }
            if num_experts_per_tok > num_local_experts {
                let expected = format!("at most the {num_local_experts} of `num_local_experts`");
                return error(EXPERTS_PER_TOKEN.field, num_experts_per_tok.to_string(), expected);
            }
            let widest = LARGEST_EXPERTS_SIZE / num_local_experts;
            if self.intermediate_size > widest {
                let expected = format!("at most {widest} for {num_local_experts} experts");
                return error(INTERMEDIATE_SIZE.field, self.intermediate_size.to_string(), expected);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(change: impl FnOnce(&mut Shape)) -> String {
        let mut shape = crate::preset("7b").unwrap();
        change(&mut shape);
        shape.validate().unwrap_err().to_string()
    }

    #[test]
    fn every_field_is_checked_and_named() {
        let size = |field: &str, value: u64, largest: u64| {
            format!("7b: `{field}` is {value}, must be a whole number from 1 to {largest}")
        };
        assert_eq!(message(|s| s.hidden_size = 0), size("hidden_size", 0, 1 << 20));
        assert_eq!(message(|s| s.intermediate_size = u64::MAX), size("intermediate_size", u64::MAX, 1 << 20));
        assert_eq!(message(|s| s.num_hidden_layers = 4097), size("num_hidden_layers", 4097, 4096));
        assert_eq!(message(|s| s.num_attention_heads = 0), size("num_attention_heads", 0, 1 << 16));
        assert_eq!(message(|s| s.num_key_value_heads = 0), size("num_key_value_heads", 0, 1 << 16));
        assert_eq!(message(|s| s.head_dim = 0), size("head_dim", 0, 1 << 16));
        assert_eq!(message(|s| s.vocab_size = (1 << 24) + 1), size("vocab_size", (1 << 24) + 1, 1 << 24));
        assert_eq!(message(|s| s.max_position_embeddings = 0), size("max_position_embeddings", 0, 1 << 30));
        assert_eq!(
            message(|s| s.rms_norm_eps = 0.0),
            "7b: `rms_norm_eps` is 0, must be a number from 1e-12 to 1.0"
        );
        assert_eq!(
            message(|s| s.rope_theta = f64::NAN),
            "7b: `rope_theta` is NaN, must be a number from 1.0 to 1000000000.0"
        );
        assert_eq!(message(|s| s.name.clear()), ": `name` is empty, must be a name");
    }

    #[test]
    fn fields_agree_with_each_other() {
        assert_eq!(
            message(|s| s.num_key_value_heads = 5),
            "7b: `num_key_value_heads` is 5, must be a divisor of `num_attention_heads` (32): each serves a group of \
             equal size"
        );
        assert_eq!(
            message(|s| s.num_key_value_heads = 64),
            "7b: `num_key_value_heads` is 64, must be a divisor of `num_attention_heads` (32): each serves a group of \
             equal size"
        );
        assert_eq!(
            message(|s| s.head_dim = 127),
            "7b: `head_dim` is 127, must be even: the rotary embedding turns its two halves"
        );
        assert_eq!(
            message(|s| s.head_dim = 32770),
            "7b: `head_dim` is 32770, must be at most 32768 for 32 `num_attention_heads`"
        );
    }

    #[test]
    fn experts_are_checked_and_named() {
        let message = |num_local_experts, num_experts_per_tok| {
            message(|s| s.experts = Some(Experts { num_local_experts, num_experts_per_tok }))
        };
        assert_eq!(message(0, 1), "7b: `num_local_experts` is 0, must be a whole number from 1 to 4096");
        assert_eq!(
            message(8, 9),
            "7b: `num_experts_per_tok` is 9, must be at most the 8 of `num_local_experts`"
        );
        assert_eq!(message(128, 8), "7b: `intermediate_size` is 11008, must be at most 8192 for 128 experts");
    }

    #[test]
    fn the_largest_shape_is_valid_and_overflows_nothing() {
        let mut shape = crate::preset("7b").unwrap();
        shape.hidden_size = HIDDEN_SIZE.largest;
        shape.intermediate_size = INTERMEDIATE_SIZE.largest;
        shape.num_hidden_layers = LAYERS.largest;
        shape.num_attention_heads = 16;
        shape.num_key_value_heads = 16;
        shape.head_dim = HEAD_DIM.largest;
        shape.vocab_size = VOCABULARY.largest;
        shape.max_position_embeddings = POSITIONS.largest;
        shape.validate().unwrap();
        assert_eq!(shape.linear_parameters(), 7 << 52);
        assert!(shape.parameters().checked_mul(32).is_some());
    }
}
