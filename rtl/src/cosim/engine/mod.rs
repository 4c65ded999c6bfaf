//! Runs the emitted engine under Verilator, through the ports that its user has.
//!
//! [`EngineSimulator::build`] emits and compiles one of the three tops. An [`EngineRun`] is what happens between two
//! resets: what senders send and when, when receivers are ready, what is in memory and how long it takes, and what the
//! host writes and reads, where there are registers. [`EngineSimulator::run`] returns for each run an [`EngineTrace`]:
//! every beat and every answer, with its cycle. The bench holds the engine to the rules of its ports while it runs.
//!
//! A [`Session`] makes a run from [`EngineJob`]s, and knows what the contract expects of every beat and every register;
//! [`Session::check`] compares. [`verify`] does so for many random runs.
//!
//! | file | has |
//! |---|---|
//! | `engine.cpp` | the bench: senders, receivers, register master, memory, rules |
//! | `simulator` | emits, compiles, runs |
//! | `run`, `pattern`, `schedule` | a run as data, when its ports are willing, its text |
//! | `trace` | what a run did |
//! | `counters`, `response` | what is read, and how accesses are answered |
//! | `job` | a job's bytes and beats, by the contract |
//! | `session`, `check` | jobs as a host drives them, and whether all was as expected |
//! | `random_job`, `random_session`, `verify` | random jobs, random runs, and many of them |
//! | `coverage`, `states` | which nets toggled; full, empty and stall states |
//! | `watch`, `watch.sv` | what nets did: accesses of memories, additions, lanes held still |

mod check;
mod counters;
mod coverage;
mod job;
mod pattern;
mod random_job;
mod random_session;
mod response;
mod run;
mod schedule;
mod session;
mod simulator;
mod states;
mod trace;
mod verify;
mod watch;

pub use check::{JobCycles, Outcome};
pub use counters::{COUNTER_NAMES, Counters};
pub use coverage::Coverage;
pub use job::{Corruption, EngineJob, ExpectedBeat, Source};
pub use pattern::Patterns;
pub use random_job::JobLimits;
pub use random_session::SessionLimits;
pub use response::Response;
pub use run::{Command, EngineRun, Region, Segment, Stream, Write};
pub use session::{Expectation, Session};
pub use simulator::{EngineSimulator, Instruments, Recording, Top};
pub use states::{CoveredState, covered_states};
pub use trace::{Answer, EngineTrace, OutputBeat, Request, SegmentTrace};
pub use verify::{Verification, verify};
pub use watch::{MemoryAccesses, NetEvents};
