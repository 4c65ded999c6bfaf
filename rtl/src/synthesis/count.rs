//! Cells as what an FPGA engineer counts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Target;

/// A kind of cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource {
    Lut,
    LutRam,
    WideMultiplexer,
    Carry,
    FlipFlop,
    BlockRam,
    Multiplier,
}

/// What a design takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Lookup tables that compute, inverters among them.
    pub luts: u64,
    /// Lookup tables that are memory or shift registers.
    pub lut_rams: u64,
    /// Lookup tables that stand in carry cells: two in a CCU2C. Other parts' adders have theirs beside the carries.
    pub carry_luts: u64,
    /// Multiplexers between lookup tables: MUXF7 to MUXF9, PFUMX, L6MUX21.
    pub wide_multiplexers: u64,
    /// Carry cells: of 4 bits (xc7, CARRY4), 8 (xcup, CARRY8), 2 (ECP5, CCU2C), 1 (iCE40, SB_CARRY).
    pub carries: u64,
    /// Flip-flops.
    pub flip_flops: u64,
    /// Block RAMs of [`Target::block_ram_kilobits`].
    pub block_rams: u64,
    /// Hard multipliers.
    pub multipliers: u64,
    /// Everything by its cell's name, also what is none of the above.
    pub by_cell: BTreeMap<String, u64>,
}

impl Count {
    /// Reads the last table of cells of a report of Yosys's `stat`: the whole design's.
    pub(super) fn of(target: Target, report: &str) -> Self {
        let mut count = Self::default();
        for line in report.lines() {
            if line.contains("Number of cells") {
                count = Self::default();
            }
            // A name and a number; other lines of the report have spaces in what comes before the number.
            let mut words = line.split_whitespace();
            if let (Some(cell), Some(number), None) = (words.next(), words.next(), words.next())
                && let Ok(number) = number.parse::<u64>()
            {
                count.add(target, cell, number);
            }
        }
        count
    }

    fn add(&mut self, target: Target, cell: &str, number: u64) {
        *self.by_cell.entry(cell.to_owned()).or_default() += number;
        let Some((resource, each)) = target.resource(cell) else { return };
        *match resource {
            Resource::Lut => &mut self.luts,
            Resource::LutRam => &mut self.lut_rams,
            Resource::WideMultiplexer => &mut self.wide_multiplexers,
            Resource::Carry => &mut self.carries,
            Resource::FlipFlop => &mut self.flip_flops,
            Resource::BlockRam => &mut self.block_rams,
            Resource::Multiplier => &mut self.multipliers,
        } += each * number;
        self.carry_luts += target.luts_in_carry(cell) * number;
    }

    /// Lookup tables, whatever they are.
    pub fn all_luts(&self) -> u64 {
        self.luts + self.lut_rams + self.carry_luts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_designs_cells_are_counted_each_as_what_it_is() {
        let report = "\
=== part ===

   Number of wires:                  9
   Number of cells:                  2
     LUT6                            2

=== design hierarchy ===

   ternary_core                      1
     part                            2

   Number of wires:                 30
   Number of memories:               0
   Number of cells:                 62
     CARRY8                          5
     DSP48E2                         1
     FDRE                           20
     FDSE                            1
     IBUF                            4
     INV                             3
     LUT2                            7
     LUT6                           11
     MUXF7                           2
     RAM32M16                        2
     RAMB18E2                        1
     RAMB36E2                        2
     SRL16E                          3

   Estimated number of LCs:         21
";
        let count = Count::of(Target::Xcup, report);
        let numbers = [count.luts, count.lut_rams, count.wide_multiplexers, count.carries];
        assert_eq!(numbers, [21, 19, 2, 5]);
        assert_eq!([count.flip_flops, count.block_rams, count.multipliers], [21, 5, 1]);
        assert_eq!((count.all_luts(), count.by_cell["IBUF"], count.by_cell.len()), (40, 4, 13));
    }
}
