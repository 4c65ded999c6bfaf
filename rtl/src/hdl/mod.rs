//! RustHDL with sizes chosen at run time.
//!
//! RustHDL's `Signal<D, T>` carries its width in its type, so a machine whose lanes and columns are read from the
//! command line cannot be written with it. The types here are RustHDL blocks and atoms of their own, and `#[hdl_gen]`,
//! its checks, its simulation and its probes take them like any other:
//!
//! | type | is |
//! |---|---|
//! | [`Word`] | a value of 1 to 64 bits |
//! | [`Bus`] | a signal that carries a word |
//! | [`Pack`] | signals side by side, one port in Verilog; element 0 in the lowest bits |
//! | [`Wires`] | connects one pack to another, whole |
//! | [`Recast`] | the same for signals of equally many bits in different shapes |
//! | [`Low`], [`High`] | the same for as many of the lowest, or of the highest, bits as the narrower of two signals has |
//! | [`Number`] | a constant |
//! | [`Register`], [`Bank`], [`ResetRegister`] | flip-flops with a clock enable: of a bus, of a pack, with a reset |
//!
//! Inside `#[hdl_gen]`, widths never change by themselves: [`unsigned_cast`] widens with zeros, [`signed_cast`] with the
//! sign, and both sides of an operator, or of an assignment, are equally wide.

mod bus;
mod pack;
mod register;
mod word;

pub use bus::{Bus, Number};
pub use pack::{High, Low, Pack, Recast, Wires};
pub use register::{Bank, Register, ResetRegister};
pub use word::{Word, clog2, signed_cast, unsigned_cast};

pub(crate) use register::{INLINE, NAMED};
