//! The ternary digit.

/// One weight.
///
/// **C-TRIT-1: a trit is -1, 0 or +1**, and nothing else can be represented.
///
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i8)]
pub enum Trit {
    /// -1.
    Minus = -1,
    /// 0.
    #[default]
    Zero = 0,
    /// +1.
    Plus = 1,
}

impl Trit {
    /// The three trits, ascending.
    pub const ALL: [Trit; 3] = [Trit::Minus, Trit::Zero, Trit::Plus];

    /// The trit of this value, or `None` outside -1, 0, +1.
    pub const fn new(value: i8) -> Option<Trit> {
        match value {
            -1 => Some(Trit::Minus),
            0 => Some(Trit::Zero),
            1 => Some(Trit::Plus),
            _ => None,
        }
    }

    /// -1, 0 or +1.
    pub const fn value(self) -> i8 {
        self as i8
    }

    /// Whether the trit lets its activation through.
    pub const fn is_nonzero(self) -> bool {
        !matches!(self, Trit::Zero)
    }

    /// Whether the trit negates its activation.
    pub const fn is_negative(self) -> bool {
        matches!(self, Trit::Minus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Holds C-TRIT-1.
    #[test]
    fn only_three_of_the_256_bytes_are_trits() {
        for value in i8::MIN..=i8::MAX {
            let trit = Trit::new(value);
            assert_eq!(trit.is_some(), (-1..=1).contains(&value), "{value}");
            assert!(trit.is_none_or(|trit| trit.value() == value));
        }
        assert_eq!(Trit::ALL.map(Trit::value), [-1, 0, 1]);
        assert_eq!(Trit::default(), Trit::Zero);
    }

    #[test]
    fn nonzero_and_negative_give_the_trit_back() {
        for trit in Trit::ALL {
            assert!(trit.is_nonzero() || !trit.is_negative());
            assert_eq!(trit.value(), i8::from(trit.is_nonzero()) - 2 * i8::from(trit.is_negative()));
        }
    }
}
