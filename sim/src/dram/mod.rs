//! DRAM: standards as rows of data, address mapping, timing rules, two schedulers over them, traces of requests and of commands, and a
//! checker that shares no code with the schedulers.

mod address;
mod channel;
mod checker;
mod command;
mod commands;
mod controller;
mod energy;
mod explain;
mod latency;
pub mod rules;
mod run;
mod standard;
mod system;
mod trace;

pub(crate) use channel::State as ChannelState;

pub use address::{AddressMapping, Location, Organisation};
pub use channel::Channel;
pub use checker::Checker;
pub use command::{Access, Command, CommandKind, Counters};
pub use commands::CommandLines;
pub use controller::{Controller, Observer, Order, Policy, RefreshMode, Rows};
pub use energy::{Basis, Energy, Joules};
pub use explain::{Alternative, Explanation, Limit, explain};
pub use latency::Latencies;
pub use run::{Latency, Outcome, RunError, Setup, run};
pub use standard::{Currents, PerBank, Standard, Timing, standard, standard_names, standard_text};
pub use system::System;
pub use trace::{Request, Requests, TraceError};
