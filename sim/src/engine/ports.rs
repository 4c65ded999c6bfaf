//! What stands around an engine: senders, receivers, memory.

/// A burst of weights that the engine asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The cycle from which on it is offered.
    pub offered: i64,
    /// Of its first byte.
    pub address: u64,
    /// Its length.
    pub beats: u64,
}

/// A transfer of a beat through a port of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// A job, where they come by stream.
    Job,
    /// Weights, by stream or as read data.
    Weight,
    /// Activations.
    Activation,
    /// A vector job's values.
    Vector,
    /// Values, offered since a cycle.
    Result {
        /// That cycle.
        offered: i64,
    },
    /// INT8s, offered since a cycle.
    Quantized {
        /// That cycle.
        offered: i64,
    },
}

/// Senders, receivers and memory, asked for each beat of a port in order. A sender that offers a beat keeps it up until it
/// is taken.
pub trait Ports {
    /// The first cycle from `from` on in which the next job is offered, where they come by stream.
    fn job(&mut self, from: i64) -> i64 {
        from
    }
    /// The first cycle from `from` on in which the next beat of weights is offered; where they are fetched, as the next beat of
    /// the oldest burst that was asked for.
    fn weight(&mut self, from: i64) -> i64;
    /// The first cycle from `from` on in which the next beat of activations is offered.
    fn activation(&mut self, from: i64) -> i64;
    /// The first cycle from `from` on in which the next beat of a vector is offered.
    fn vector(&mut self, from: i64) -> i64;
    /// The first cycle from `from` on in which a beat of results can be taken.
    fn result(&mut self, from: i64) -> i64;
    /// The first cycle from `from` on in which a beat of INT8s can be taken.
    fn quantized(&mut self, from: i64) -> i64;
    /// The cycle in which the memory accepts a request.
    fn request(&mut self, request: Request) -> i64;
    /// A transfer happens.
    fn transfer(&mut self, transfer: Transfer, cycle: i64);
}
