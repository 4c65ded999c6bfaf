//! FPGA families.

use super::count::Resource;
use super::netlist;

/// A part, or a family of parts, that Yosys synthesises for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Lattice iCE40 HX8K, routed by nextpnr-ice40.
    Ice40Hx8k,
    /// Lattice ECP5 LFE5U-85F, speed grade 6, routed by nextpnr-ecp5.
    Ecp5_85k,
    /// Xilinx 7 series; no open router that a distribution has.
    Xc7,
    /// Xilinx UltraScale+; no open router.
    Xcup,
}

impl Target {
    /// All of them.
    pub const ALL: [Target; 4] = [Target::Ice40Hx8k, Target::Ecp5_85k, Target::Xc7, Target::Xcup];

    /// The name that a user types.
    pub fn name(self) -> &'static str {
        match self {
            Target::Ice40Hx8k => "ice40-hx8k",
            Target::Ecp5_85k => "ecp5-85k",
            Target::Xc7 => "xc7",
            Target::Xcup => "xcup",
        }
    }

    /// Yosys's command, as a whole design or module by module.
    pub(super) fn synthesis(self, flattened: bool) -> String {
        let (command, whole, by_module) = match self {
            Target::Ice40Hx8k => ("synth_ice40", "", " -noflatten"),
            Target::Ecp5_85k => ("synth_ecp5", "", " -noflatten"),
            Target::Xc7 => ("synth_xilinx -family xc7", " -flatten", ""),
            Target::Xcup => ("synth_xilinx -family xcup", " -flatten", ""),
        };
        format!("{command}{}", if flattened { whole } else { by_module })
    }

    /// What is done to a netlist of Yosys's before it is counted and routed, by the names of the modules that do it: what the cells can
    /// do, and Yosys leaves to other cells.
    pub fn netlist_passes(self) -> Vec<&'static str> {
        netlist::passes(self).iter().map(|(name, _)| *name).collect()
    }

    /// Kilobits of its usual block RAM.
    pub fn block_ram_kilobits(self) -> u64 {
        match self {
            Target::Ice40Hx8k => 4,
            Target::Ecp5_85k | Target::Xc7 | Target::Xcup => 18,
        }
    }

    /// Lookup tables in a carry cell.
    pub(super) fn luts_in_carry(self, cell: &str) -> u64 {
        if self == Target::Ecp5_85k && cell == "CCU2C" { 2 } else { 0 }
    }

    /// What a cell is, and how much of it. An inverter takes a lookup table like any other function.
    pub(super) fn resource(self, cell: &str) -> Option<(Resource, u64)> {
        use Resource::{BlockRam, Carry, FlipFlop, Lut, LutRam, Multiplier, WideMultiplexer};
        let starts = |prefix: &str| cell.starts_with(prefix);
        let found = match self {
            Target::Ice40Hx8k => match cell {
                "SB_LUT4" => (Lut, 1),
                "SB_CARRY" => (Carry, 1),
                _ if starts("SB_DFF") => (FlipFlop, 1),
                _ if starts("SB_RAM40_4K") => (BlockRam, 1),
                "SB_MAC16" => (Multiplier, 1),
                _ => return None,
            },
            Target::Ecp5_85k => match cell {
                "LUT4" | "INV" => (Lut, 1),
                "CCU2C" => (Carry, 1),
                "PFUMX" | "L6MUX21" => (WideMultiplexer, 1),
                // Four bits wide, a lookup table each; their write port is another slice's.
                "TRELLIS_DPR16X4" => (LutRam, 4),
                "TRELLIS_FF" => (FlipFlop, 1),
                "DP16KD" | "PDPW16KD" => (BlockRam, 1),
                "MULT18X18D" | "ALU54B" => (Multiplier, 1),
                _ => return None,
            },
            Target::Xc7 | Target::Xcup => match cell {
                "LUT1" | "LUT2" | "LUT3" | "LUT4" | "LUT5" | "LUT6" | "INV" => (Lut, 1),
                "MUXF7" | "MUXF8" | "MUXF9" => (WideMultiplexer, 1),
                "CARRY4" | "CARRY8" => (Carry, 1),
                "SRL16E" | "SRLC16E" | "SRLC32E" => (LutRam, 1),
                "RAM32X1D" | "RAM64X1D" => (LutRam, 2),
                "RAM128X1D" | "RAM32M" | "RAM64M" => (LutRam, 4),
                "RAM32M16" | "RAM64M8" => (LutRam, 8),
                "RAMB18E1" | "RAMB18E2" => (BlockRam, 1),
                "RAMB36E1" | "RAMB36E2" => (BlockRam, 2),
                _ if starts("FD") || starts("LD") => (FlipFlop, 1),
                _ if starts("DSP48") => (Multiplier, 1),
                _ => return None,
            },
        };
        Some(found)
    }
}
