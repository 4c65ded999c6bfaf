//! The registers of an engine: byte offsets and bits, for hardware, drivers, tests and documentation alike.
//!
//! Every register is 32 bits wide. What is read from a write-only or an unmapped address, or written to a read-only or
//! an unmapped one, answers SLVERR, as does a write of less than 32 bits.

/// Bits of a byte address.
pub const ADDRESS_BITS: usize = 13;

/// Bits of the address of a register: bytes are not addressed.
pub const WORD_BITS: usize = ADDRESS_BITS - 2;

/// Bits of a register.
pub const REGISTER_BITS: usize = 32;

/// The address of the register at byte `offset`, in registers.
pub const fn word(offset: u32) -> u64 {
    offset as u64 / 4
}

/// Version of this map, `VERSION[31:16]`.
pub const MAP_VERSION: u32 = 1;

/// What `ID` reads: "TRIT", the first letter in the lowest byte.
pub const IDENTIFICATION: u32 = u32::from_le_bytes(*b"TRIT");

/// Read-only: [`IDENTIFICATION`].
pub const ID: u32 = 0x000;
/// Read-only: \[31:16] [`MAP_VERSION`], \[15:0] `contract::packing::IMAGE_VERSION`.
pub const VERSION: u32 = 0x004;
/// Read-only: activations that meet a column's trits at once.
pub const LANES: u32 = 0x008;
/// Read-only: outputs of a tile.
pub const COLUMNS: u32 = 0x00C;
/// Read-only: token slots.
pub const TOKENS: u32 = 0x010;
/// Read-only: width of the weight stream.
pub const STREAM_BITS: u32 = 0x014;
/// Read-only: width of an accumulator.
pub const ACC_BITS: u32 = 0x018;
/// Read-only: width of the activation stream.
pub const ACTIVATION_BITS: u32 = 0x01C;
/// Read-only: words of LANES activations that the activation buffer holds.
pub const ACTIVATION_WORDS: u32 = 0x020;
/// Read-only: results a beat.
pub const RESULT_LANES: u32 = 0x024;
/// Read-only: jobs that wait or are under way.
pub const JOB_SLOTS: u32 = 0x028;
/// Read-only: the `FEATURE_*` bits.
pub const FEATURES: u32 = 0x02C;
/// Read-write: the `CONTROL_*` bits.
pub const CONTROL: u32 = 0x040;
/// Read-only: the `STATUS_*` bits.
pub const STATUS: u32 = 0x044;
/// Write 1 to clear: the `ERROR_*` bits, which stay once they are set.
pub const ERROR: u32 = 0x048;
/// Read-write: the `INTERRUPT_*` bits that raise the interrupt.
pub const INTERRUPT_ENABLE: u32 = 0x04C;
/// Write 1 to clear: the `INTERRUPT_*` bits.
pub const INTERRUPT_STATUS: u32 = 0x050;
/// Read-only: jobs finished since reset, mod 2^32.
pub const JOBS_DONE: u32 = 0x054;
/// Read-write: outputs of the next job, 1 to [`MOST_N`].
pub const JOB_N: u32 = 0x080;
/// Read-write: inputs of the next job, 1 to `contract::widths::max_k(ACC_BITS)`.
pub const JOB_K: u32 = 0x084;
/// Read-write: tokens of the next job, 1 to TOKENS.
pub const JOB_TOKENS: u32 = 0x088;
/// Read-write: the `FLAG_*` bits of the next job; bits above them read 0.
pub const JOB_FLAGS: u32 = 0x08C;
/// Read-write: byte address of the next job's weights, a multiple of `STREAM_BITS / 8`.
pub const JOB_ADDRESS_LOW: u32 = 0x090;
/// Read-write: its bits 63 to 32.
pub const JOB_ADDRESS_HIGH: u32 = 0x094;
/// Write-only: any write queues the job that the registers describe.
pub const JOB_START: u32 = 0x098;
/// Read-only: cycles with `STATUS_BUSY`.
pub const BUSY_CYCLES: u32 = 0x0C0;
/// Read-only: tokens that entered the array.
pub const ISSUED: u32 = 0x0C4;
/// Read-only: cycles in which a token waited for a tile.
pub const WEIGHT_STARVED: u32 = 0x0C8;
/// Read-only: cycles in which a matrix job was under way and no token was at the array.
pub const ACTIVATION_STARVED: u32 = 0x0CC;
/// Read-only: cycles in which a token and a tile waited for room in the result buffer.
pub const OUTPUT_BLOCKED: u32 = 0x0D0;
/// Read-only: beats that entered a tile.
pub const WEIGHT_BEATS: u32 = 0x0D4;
/// Read-only: beats taken from the activation stream.
pub const ACTIVATION_BEATS: u32 = 0x0D8;
/// Read-only: beats of results that came from the array or from memory, whatever became of them.
pub const RESULT_BEATS: u32 = 0x0DC;
/// Read-write while not busy: the largest magnitude of token slot t at `MAXIMUM + 4 t`, t < TOKENS.
pub const MAXIMUM: u32 = 0x1000;

/// The registers that count events, in the order of their addresses.
pub const COUNTERS: [u32; 8] = [
    BUSY_CYCLES,
    ISSUED,
    WEIGHT_STARVED,
    ACTIVATION_STARVED,
    OUTPUT_BLOCKED,
    WEIGHT_BEATS,
    ACTIVATION_BEATS,
    RESULT_BEATS,
];

/// The largest `JOB_N`.
pub const MOST_N: u32 = 1 << 20;

/// `FEATURES`: the engine fetches its weights.
pub const FEATURE_FETCHED: u32 = 0;

/// `CONTROL`: a level that drops everything under way and queued.
pub const CONTROL_ABORT: u32 = 0;
/// `CONTROL`: writing 1 clears the [`COUNTERS`]; reads 0.
pub const CONTROL_CLEAR_COUNTERS: u32 = 1;

/// `STATUS`: a job waits or is under way.
pub const STATUS_BUSY: u32 = 0;
/// `STATUS`: the abort is complete.
pub const STATUS_ABORTED: u32 = 1;
/// `STATUS`: lowest of the eight bits that count free job slots.
pub const STATUS_FREE_SLOTS: u32 = 8;

/// `ERROR`: a byte of the weights was no code of five trits.
pub const ERROR_INVALID_CODE: u32 = 0;
/// `ERROR`: a job needs more words than the activation buffer holds.
pub const ERROR_ACTIVATION_OVERFLOW: u32 = 1;
/// `ERROR`: `JOB_START` was refused.
pub const ERROR_JOB_REFUSED: u32 = 2;
/// `ERROR`: the weights' memory answered SLVERR.
pub const ERROR_READ_SLVERR: u32 = 3;
/// `ERROR`: the weights' memory answered DECERR.
pub const ERROR_READ_DECERR: u32 = 4;

/// `INTERRUPT_ENABLE`, `INTERRUPT_STATUS`: a job has finished since this was cleared.
pub const INTERRUPT_JOB_DONE: u32 = 0;
/// `INTERRUPT_ENABLE`, `INTERRUPT_STATUS`: `ERROR` is not 0; cleared there.
pub const INTERRUPT_ERROR: u32 = 1;

/// `JOB_FLAGS`: values come from the vector stream, not from the array.
pub const FLAG_VECTOR: u32 = 0;
/// `JOB_FLAGS`: results are put out as they are.
pub const FLAG_RAW: u32 = 1;
/// `JOB_FLAGS`: the largest magnitude of each token is kept.
pub const FLAG_MAXIMUM: u32 = 2;
/// `JOB_FLAGS`: results are put out as INT8, scaled by the maxima.
pub const FLAG_SCALE: u32 = 3;
/// `JOB_FLAGS`: the activations stay for the next matrix job.
pub const FLAG_KEEP: u32 = 4;
/// Flags that a job has.
pub const FLAGS: usize = 5;
