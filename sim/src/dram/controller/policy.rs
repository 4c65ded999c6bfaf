//! What of a channel's work is a choice, and not the standard's: queues, order of service, refresh.

/// What is refreshed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshMode {
    /// Nothing.
    None,
    /// All banks of a rank.
    AllBank,
    /// One bank.
    PerBank,
}

/// What goes first of the commands that can start in a cycle; what goes first in it goes by age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Column commands.
    Columns,
    /// None: by age alone.
    Age,
    /// Column commands of requests whose row was opened for them.
    Opened,
}

/// Queues and order of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Reads that can wait.
    pub read_queue: usize,
    /// Writes that can wait.
    pub write_queue: usize,
    /// Waiting writes that begin a drain.
    pub high: usize,
    /// Waiting writes that end it while reads wait.
    pub low: usize,
    /// What goes first.
    pub order: Order,
    /// Hits that may go before an older request of their bank.
    pub cap: u32,
    /// What is refreshed at once.
    pub refresh: RefreshMode,
    /// A request leaves its place in the queue when its row is opened for it, not with its column command.
    pub leaves_at_activate: bool,
    /// Search no more banks than needed; the same commands either way.
    pub fast: bool,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            read_queue: 32,
            write_queue: 32,
            high: 26,
            low: 6,
            order: Order::Columns,
            cap: 16,
            refresh: RefreshMode::AllBank,
            leaves_at_activate: false,
            fast: true,
        }
    }
}
