//! The register map, as the README states it to the user. The bench has its own copy: it is what the RTL is held to.

/// Byte offsets.
pub const ID: u32 = 0x000;
/// Versions of the map and of the weight image.
pub const VERSION: u32 = 0x004;
/// LANES; the other sizes follow it.
pub const LANES: u32 = 0x008;
/// Whether weights are fetched.
pub const FEATURES: u32 = 0x02c;
/// ABORT and CLEAR_COUNTERS.
pub const CONTROL: u32 = 0x040;
/// BUSY, ABORTED and free job slots.
pub const STATUS: u32 = 0x044;
/// Sticky errors.
pub const ERROR: u32 = 0x048;
/// Which events interrupt.
pub const INTERRUPT_ENABLE: u32 = 0x04c;
/// Which events have happened.
pub const INTERRUPT_STATUS: u32 = 0x050;
/// Jobs finished since reset.
pub const JOBS_DONE: u32 = 0x054;
/// Outputs of a job.
pub const JOB_N: u32 = 0x080;
/// Inputs.
pub const JOB_K: u32 = 0x084;
/// Tokens.
pub const JOB_TOKENS: u32 = 0x088;
/// VECTOR, RAW, MAXIMUM, SCALE and KEEP.
pub const JOB_FLAGS: u32 = 0x08c;
/// Where the weights are, low half.
pub const JOB_ADDRESS_LOW: u32 = 0x090;
/// High half.
pub const JOB_ADDRESS_HIGH: u32 = 0x094;
/// Queues the job.
pub const JOB_START: u32 = 0x098;
/// The first of the counters.
pub const COUNTERS: u32 = 0x0c0;
/// The first token slot's maximum.
pub const MAXIMUM: u32 = 0x1000;

/// What `ID` reads: "TRIT", low byte first.
pub const ID_VALUE: u32 = u32::from_le_bytes(*b"TRIT");
/// Version of this map.
pub const MAP_VERSION: u32 = 1;

/// Bits of `CONTROL`.
pub const CONTROL_ABORT: u32 = 1;
/// Clears the counters.
pub const CONTROL_CLEAR_COUNTERS: u32 = 2;
/// Bits of `STATUS`.
pub const STATUS_BUSY: u32 = 1;
/// All is quiet under ABORT.
pub const STATUS_ABORTED: u32 = 2;
/// Free job slots.
pub const STATUS_FREE_SLOTS: u32 = 0xff00;

/// Bits of `ERROR`.
pub const ERROR_INVALID_CODE: u32 = 1;
/// A job needs more words than the activation buffer has.
pub const ERROR_ACTIVATION_OVERFLOW: u32 = 2;
/// A start was refused.
pub const ERROR_JOB_REFUSED: u32 = 4;
/// A read was answered with SLVERR.
pub const ERROR_READ_SLVERR: u32 = 8;
/// A read was answered with DECERR.
pub const ERROR_READ_DECERR: u32 = 16;
/// All of them.
pub const ERRORS: u32 = 31;

/// Bits of `JOB_FLAGS`.
pub const FLAG_VECTOR: u32 = 1;
/// Values go to the result stream.
pub const FLAG_RAW: u32 = 2;
/// The tokens' maxima are taken.
pub const FLAG_MAXIMUM: u32 = 4;
/// Scaled values go to the quantized stream.
pub const FLAG_SCALE: u32 = 8;
/// The activations stay for the next matrix job.
pub const FLAG_KEEP: u32 = 16;

/// The largest N.
pub const MOST_OUTPUTS: u32 = 1 << 20;

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
