//! divider.

/// Cycles a group of dividers takes for a beat.
pub const CYCLES: u32 = 9;
