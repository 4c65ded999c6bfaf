//! Commands as lines of text, for people and for the checker.
//!
//! ```text
//! cycle first_slot channel command rank [group bank [row [column]]]
//! ```
//!
//! `cycle` is a command's last slot, from which the standard's timings count; the lines of a channel are in their order.

use std::fmt::Write;

use super::{Command, CommandKind, Standard};

/// Slots of the longest command, less one: so far may one be behind a shorter one on another bus.
const LATEST: i64 = 8;

/// Puts commands in order and writes them.
#[derive(Debug)]
pub struct CommandLines {
    banks_per_group: usize,
    bank_groups: usize,
    /// By channel: those that one of an earlier cycle may still precede, oldest first.
    waiting: Vec<Vec<Command>>,
    text: String,
}

impl CommandLines {
    /// Of a standard's channels.
    pub fn new(standard: &Standard, channels: u64) -> CommandLines {
        let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        CommandLines {
            banks_per_group: count(standard.banks_per_group),
            bank_groups: count(standard.bank_groups),
            waiting: vec![Vec::new(); count(channels)],
            text: String::new(),
        }
    }

    /// Adds a command, and hands every line that is complete to `take`.
    pub fn add<E>(
        &mut self,
        command: &Command,
        take: &mut impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        let channel = command.channel;
        let waiting = &mut self.waiting[channel];
        waiting.insert(waiting.partition_point(|other| other.cycle <= command.cycle), *command);
        self.flush(channel, command.cycle - LATEST, take)
    }

    /// Hands over what is left.
    pub fn finish<E>(&mut self, take: &mut impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        (0..self.waiting.len()).try_for_each(|channel| self.flush(channel, i64::MAX, take))
    }

    fn flush<E>(
        &mut self,
        channel: usize,
        before: i64,
        take: &mut impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        let ready = self.waiting[channel].partition_point(|command| command.cycle < before);
        for index in 0..ready {
            let command = self.waiting[channel][index];
            self.write(&command);
            take(&self.text)?;
        }
        self.waiting[channel].drain(..ready);
        Ok(())
    }

    fn write(&mut self, command: &Command) {
        let (group, bank) = (command.bank / self.banks_per_group, command.bank % self.banks_per_group);
        let (rank, group) = (group / self.bank_groups, group % self.bank_groups);
        let Command { first_slot, cycle, kind, channel, row, column, .. } = command;
        self.text.clear();
        // Writing to a string does not fail.
        let _ = write!(self.text, "{cycle} {first_slot} {channel} {} {rank}", kind.name());
        let _ = match kind {
            CommandKind::Refresh => Ok(()),
            CommandKind::RefreshBank => write!(self.text, " {group} {bank}"),
            CommandKind::Activate | CommandKind::Precharge => write!(self.text, " {group} {bank} {row}"),
            CommandKind::Read | CommandKind::Write => write!(self.text, " {group} {bank} {row} {column}"),
        };
        self.text.push('\n');
    }
}
