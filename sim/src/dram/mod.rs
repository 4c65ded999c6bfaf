//! DRAM: standards as rows of data, address mapping, and a channel that schedules every command at its cycle.

mod address;
mod channel;
#[cfg(test)]
mod checker;
mod command;
mod standard;

pub(crate) use channel::State as ChannelState;

pub use address::{AddressMapping, Location};
pub use channel::Channel;
pub use command::{Access, Command, CommandKind, Counters};
pub use standard::{Standard, Timing, standard, standard_names};
