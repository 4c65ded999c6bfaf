//! What the nets of an emitted engine did, counted while it ran.

use std::collections::BTreeMap;
use std::fmt::Write;

use contract::latency::WEIGHT_DATA_CYCLES;

/// The modules that count, bound to the modules of `text`, an emitted engine.
pub(super) fn watchers(text: &str) -> String {
    let mut bound = include_str!("watch.sv").to_owned();
    let mut bind = |module: &str, what: &str| {
        // A string takes it, and never fails.
        let _ = writeln!(bound, "\nbind {module} {what};");
    };
    for module in text.split("\nmodule ").skip(1) {
        let Some((name, body)) = module.split_once(' ') else { continue };
        let has = |port: &str| body.split_once(");").is_some_and(|(ports, _)| ports.contains(port));
        let clock = ".clock(clock)";
        if name.starts_with("memory") {
            let bits = "#(.BITS($bits(write_data)))";
            bind(name, &format!("watch_memory {bits} watch({clock}, .write(write), .read(read))"));
        } else if [" operand", " minus", " sum"].into_iter().all(has) {
            let sizes = "#(.OPERANDS($bits(operand)), .SUMS($bits(sum)), .ADDERS($bits(minus)))";
            bind(name, &format!("watch_adders {sizes} watch()"));
        } else if name == "dot_unit" {
            let bits = "#(.BITS($bits(result)))";
            bind(name, &format!("watch_accumulator {bits} watch({clock}, .accumulate(accumulate))"));
        } else if name == "tile_memory" {
            bind(name, &format!("watch_tile watch({clock}, .write(write), .swap(swap))"));
        } else if name == "mac_array" {
            let sizes = format!("#(.LAG({WEIGHT_DATA_CYCLES}), .LANES($bits(weight_tile_zero)))");
            let ports = format!("{clock}, .reset(reset), .accept(accept), .zero(weight_tile_zero)");
            bind(name, &format!("watch_lanes {sizes} watch({ports})"));
        }
    }
    bound
}

/// Accesses of a memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryAccesses {
    /// Bits of a row.
    pub bits: u64,
    /// Rows written.
    pub writes: u64,
    /// Rows read.
    pub reads: u64,
}

/// What an engine's nets did in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetEvents {
    /// Of each memory, by the names of the instances that it lies in, from the top on.
    pub memories: BTreeMap<String, MemoryAccesses>,
    /// Adders of trees that the engine has, by the bits of their sums. They add in every cycle.
    pub adders: BTreeMap<u32, u64>,
    /// Sums that went to accumulators of so many bits.
    pub accumulations: BTreeMap<u32, u64>,
    /// Beats that were stored in the tile being loaded.
    pub tile_beats: u64,
    /// Tiles that became the held one.
    pub tiles: u64,
    /// Lanes that let an activation through.
    pub lanes_active: u64,
    /// Lanes that a zero held still while a token passed.
    pub lanes_gated: u64,
}

impl NetEvents {
    /// Adds a line of `engine.cpp`: kind, place, bits, how many, and two counts.
    pub(super) fn line(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        let (kind, place) = (words.next()?, words.next()?);
        let numbers: Vec<u64> = words.map(|n| u64::from_str_radix(n, 16).ok()).collect::<Option<_>>()?;
        let &[bits, size, first, second] = numbers.as_slice() else { return None };
        let width = u32::try_from(bits).ok()?;
        match kind {
            "memory" => {
                let accesses = MemoryAccesses { bits, writes: first, reads: second };
                self.memories.insert(place.strip_suffix(".watch")?.to_owned(), accesses);
            }
            "adders" => *self.adders.entry(width).or_default() += size,
            "accumulator" => *self.accumulations.entry(width).or_default() += first,
            "tile" => {
                self.tile_beats += first;
                self.tiles += second;
            }
            "lanes" => {
                self.lanes_active += first;
                self.lanes_gated += second;
            }
            _ => return None,
        }
        Some(())
    }
}
