//! Answers of the AXI ports.

/// An answer on the register port or on the memory's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// OKAY.
    Okay,
    /// SLVERR.
    SlaveError,
    /// DECERR.
    DecodeError,
}

impl Response {
    /// The two bits on the wires; EXOKAY is no answer here.
    pub(crate) fn of(bits: u64) -> Option<Self> {
        match bits {
            0 => Some(Self::Okay),
            2 => Some(Self::SlaveError),
            3 => Some(Self::DecodeError),
            _ => None,
        }
    }

    pub(crate) fn bits(self) -> u64 {
        match self {
            Self::Okay => 0,
            Self::SlaveError => 2,
            Self::DecodeError => 3,
        }
    }
}
