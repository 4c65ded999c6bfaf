//! Channels behind one address mapping, and the requests that come to them in order.
//!
//! As in other simulators, requests enter in the order of the trace: so many a cycle as there are channels, each no earlier than its
//! cycle in the trace, and one whose queue is full holds up those behind it. Channels are independent otherwise; each goes on as far
//! as the next request for it needs.

use super::controller::{Controller, Observer, Policy, Rows};
use super::{Access, AddressMapping, Counters, Organisation, Standard};

/// Channels and what they share.
#[derive(Clone, Debug)]
pub struct System {
    mapping: AddressMapping,
    channels: Vec<Controller>,
    /// Address bits within a burst.
    burst_bits: u32,
    /// Requests that may enter in a cycle.
    per_cycle: u64,
    /// When the last request entered, and how many did in that cycle.
    cycle: i64,
    entered: u64,
}

impl System {
    /// Idle channels.
    pub fn new(
        standard: &Standard,
        organisation: Organisation,
        mapping: AddressMapping,
        policy: Policy,
    ) -> System {
        let count = usize::try_from(organisation.channels).unwrap_or(usize::MAX);
        System {
            mapping,
            channels: (0..count)
                .map(|channel| Controller::new(standard, organisation.ranks, channel, policy))
                .collect(),
            burst_bits: standard.burst_bytes.trailing_zeros(),
            per_cycle: organisation.channels,
            cycle: 0,
            entered: 0,
        }
    }

    /// Adds the request for an address, made in cycle `made` or, without one, as soon as it can enter.
    #[inline]
    pub fn request(&mut self, access: Access, address: u64, made: Option<i64>, observer: &mut impl Observer) {
        let location = self.mapping.locate(address >> self.burst_bits);
        let first = self.cycle + i64::from(self.entered == self.per_cycle);
        let cycle = first.max(made.unwrap_or(0));
        let Some(channel) = self.channels.get_mut(location.channel) else { return };
        let arrival = channel.place_for(access, &location, cycle, observer);
        channel.push(access, &location, arrival, made.unwrap_or(arrival), observer);
        self.entered = if arrival == self.cycle { self.entered + 1 } else { 1 };
        self.cycle = arrival;
    }

    /// Serves all that wait; the cycle after the last beat of data of all channels, to which all of them go on.
    pub fn finish(&mut self, observer: &mut impl Observer) -> i64 {
        self.channels.iter_mut().for_each(|channel| channel.finish(observer));
        let end = self.channels.iter().map(Controller::end).max().unwrap_or(0);
        self.channels.iter_mut().for_each(|channel| channel.advance(end, observer));
        end
    }

    /// Commands of all channels.
    pub fn counters(&self) -> Counters {
        let mut sum = Counters::default();
        self.channels.iter().for_each(|channel| sum += channel.counters());
        sum
    }

    /// Cycles until `end` in which a bank was open, of all ranks of all channels together.
    pub fn active_cycles(&self, end: i64) -> i64 {
        self.channels.iter().map(|channel| channel.active_cycles(end)).sum()
    }

    /// How requests met their rows, in all channels.
    pub fn rows(&self) -> Rows {
        self.channels.iter().map(Controller::rows).fold(Rows::default(), |a, b| Rows {
            hits: a.hits + b.hits,
            misses: a.misses + b.misses,
            conflicts: a.conflicts + b.conflicts,
            forwarded: a.forwarded + b.forwarded,
            merged: a.merged + b.merged,
        })
    }
}
