//! Area: parts times what one takes of a 7 nm chip (`costs/area.yaml`).

use serde::{Deserialize, Serialize};

use crate::cost::Cost;
use crate::error::EnergyError;
use crate::table::CostTable;

const AREA_YAML: &str = include_str!("../costs/area.yaml");

/// Square micrometres in a square millimetre.
const UM2_PER_MM2: f64 = 1e6;
/// Bits of the adder that the operators' areas are relative to.
const ADDER_BITS: f64 = 8.0;

/// What a chip is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parts {
    /// Bits of all integer adders together.
    pub integer_adder_bits: u64,
    /// Lanes that let an 8-bit activation through or clear it.
    pub lane_selects: u64,
    /// Decoders of a packed weight byte.
    pub decoders: u64,
    /// Multipliers and floating-point adders, each with its number.
    pub operators: Vec<(Cost, u64)>,
    /// Bits of registers, accumulators' slots among them.
    pub register_bits: u64,
    /// Controllers, counters, job registers, queues, read masters.
    pub control: Cells,
    /// Requantisers.
    pub requantizer: Cells,
    /// Bytes of all SRAMs.
    pub sram_bytes: u64,
    /// Lanes of the vector unit: an FP32 multiplier and an FP32 adder each.
    pub vector_lanes: u64,
    /// Name of the DRAM's standard.
    pub dram_standard: String,
    /// Its peak bandwidth, 10^9 bytes a second.
    pub dram_peak_gb_s: f64,
}

/// Registers and adders of blocks that are counted as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// Bits of registers and of small memories.
    pub register_bits: u64,
    /// Bits of adders, subtractors and comparators.
    pub adder_bits: u64,
}

/// Area of a chip by what it is spent on, square millimetres.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Area {
    /// The engines' arrays and decoders.
    pub array_mm2: f64,
    /// The engines' controllers, counters, job registers, queues and read masters.
    pub control_mm2: f64,
    /// The engines' requantisers.
    pub requantizer_mm2: f64,
    /// All SRAMs.
    pub sram_mm2: f64,
    /// The vector unit's lanes.
    pub vector_unit_mm2: f64,
    /// PHYs of the DRAM.
    pub dram_interface_mm2: f64,
    /// All of it.
    pub total_mm2: f64,
}

/// Areas at 7 nm.
#[derive(Clone, Debug, PartialEq)]
pub struct AreaTable {
    file: AreaFile,
    /// Of what costs.yaml derives from an 8-bit adder by its gates.
    lane_select_adders: f64,
    decoder_adders: f64,
    /// BF16 over FP16.
    bf16_multiply: f64,
    bf16_add: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct AreaFile {
    cells: CellAreas,
    operators: Operators,
    sram: Sram,
    dram_interface: Vec<Interface>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct CellAreas {
    source: String,
    adder_bit_um2: f64,
    register_bit_um2: f64,
    utilization: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Operators {
    source: String,
    int8_add: f64,
    int8_multiply: f64,
    fp16_add: f64,
    fp16_multiply: f64,
    fp32_add: f64,
    fp32_multiply: f64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sram {
    source: String,
    um2_per_bit: f64,
    range: [f64; 2],
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Interface {
    standard: String,
    mm2: f64,
    gb_s: f64,
    source: String,
}

impl AreaTable {
    /// The shipped table; `costs` are those at 7 nm, which say how many gates what is derived from an adder has.
    ///
    /// # Errors
    /// The document is not what is expected, or a cost that it needs is missing.
    pub fn seven_nm(costs: &CostTable) -> Result<AreaTable, EnergyError> {
        let file: AreaFile = serde_yaml::from_str(AREA_YAML)
            .map_err(|reason| EnergyError::Yaml { what: "area table", reason })?;
        let over = |cost, base| Ok::<_, EnergyError>(costs.cost(cost)?.value_pj / costs.cost(base)?.value_pj);
        Ok(AreaTable {
            lane_select_adders: over(Cost::LaneSelect, Cost::Int8Add)?,
            decoder_adders: over(Cost::DecodedByte, Cost::Int8Add)?,
            bf16_multiply: over(Cost::Bf16Multiply, Cost::Fp16Multiply)?,
            bf16_add: over(Cost::Bf16Add, Cost::Fp16Add)?,
            file,
        })
    }

    /// The area of a chip's parts.
    ///
    /// # Errors
    /// A DRAM standard without a row.
    pub fn area(&self, parts: &Parts) -> Result<Area, EnergyError> {
        let adder_um2 = ADDER_BITS * self.file.cells.adder_bit_um2;
        let mut cells_um2 = parts.integer_adder_bits as f64 * self.file.cells.adder_bit_um2
            + parts.register_bits as f64 * self.file.cells.register_bit_um2
            + parts.lane_selects as f64 * self.lane_select_adders * adder_um2
            + parts.decoders as f64 * self.decoder_adders * adder_um2;
        for &(operator, count) in &parts.operators {
            cells_um2 += count as f64 * self.adders(operator)? * adder_um2;
        }
        let vector_um2 = parts.vector_lanes as f64
            * (self.adders(Cost::Fp32Multiply)? + self.adders(Cost::Fp32Add)?)
            * adder_um2;
        let placed_mm2 = |um2: f64| um2 / self.file.cells.utilization / UM2_PER_MM2;
        let sram_mm2 = (8 * parts.sram_bytes) as f64 * self.file.sram.um2_per_bit / UM2_PER_MM2;
        let (array_mm2, vector_unit_mm2) = (placed_mm2(cells_um2), placed_mm2(vector_um2));
        let block_um2 = |cells: Cells| {
            cells.adder_bits as f64 * self.file.cells.adder_bit_um2
                + cells.register_bits as f64 * self.file.cells.register_bit_um2
        };
        let control_mm2 = placed_mm2(block_um2(parts.control));
        let requantizer_mm2 = placed_mm2(block_um2(parts.requantizer));
        let dram_interface_mm2 = self.interface_mm2(&parts.dram_standard, parts.dram_peak_gb_s)?;
        let total_mm2 =
            array_mm2 + control_mm2 + requantizer_mm2 + sram_mm2 + vector_unit_mm2 + dram_interface_mm2;
        Ok(Area {
            array_mm2,
            control_mm2,
            requantizer_mm2,
            sram_mm2,
            vector_unit_mm2,
            dram_interface_mm2,
            total_mm2,
        })
    }

    /// An operator's area in 8-bit adders.
    fn adders(&self, operator: Cost) -> Result<f64, EnergyError> {
        let operators = &self.file.operators;
        let area = match operator {
            Cost::Int8Add => operators.int8_add,
            Cost::Int8Multiply => operators.int8_multiply,
            Cost::Fp16Add => operators.fp16_add,
            Cost::Fp16Multiply => operators.fp16_multiply,
            Cost::Bf16Add => operators.fp16_add * self.bf16_add,
            Cost::Bf16Multiply => operators.fp16_multiply * self.bf16_multiply,
            Cost::Fp32Add => operators.fp32_add,
            Cost::Fp32Multiply => operators.fp32_multiply,
            _ => return Err(EnergyError::NoArea { operator: operator.name() }),
        };
        Ok(area / operators.int8_add)
    }

    fn interface_mm2(&self, standard: &str, peak_gb_s: f64) -> Result<f64, EnergyError> {
        let rows = &self.file.dram_interface;
        let row = rows.iter().find(|row| row.standard == standard);
        let row = row.ok_or_else(|| EnergyError::UnknownDram {
            standard: standard.to_owned(),
            known: rows.iter().map(|row| row.standard.as_str()).collect::<Vec<_>>().join(", "),
        })?;
        Ok(row.mm2 / row.gb_s * peak_gb_s)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    fn table() -> AreaTable {
        AreaTable::seven_nm(&CostTable::seven_nm().unwrap()).unwrap()
    }

    #[test]
    fn every_area_is_positive_and_has_a_source() {
        let file = table().file;
        let operators = &file.operators;
        let areas = [
            file.cells.adder_bit_um2,
            file.cells.register_bit_um2,
            operators.int8_add,
            operators.int8_multiply,
            operators.fp16_add,
            operators.fp16_multiply,
            operators.fp32_add,
            operators.fp32_multiply,
        ];
        assert!(areas.iter().all(|area| *area > 0.0));
        assert!(file.cells.utilization > 0.0 && file.cells.utilization <= 1.0);
        let [low, high] = file.sram.range;
        assert!(low <= file.sram.um2_per_bit && file.sram.um2_per_bit <= high);
        let interfaces = file.dram_interface.iter();
        assert!(interfaces.clone().all(|row| row.mm2 > 0.0 && row.gb_s > 0.0));
        let sources = interfaces.map(|row| &row.source);
        assert!(
            sources.chain([&file.cells.source, &operators.source, &file.sram.source]).all(|s| !s.is_empty())
        );
    }

    #[test]
    fn every_priced_dram_has_an_interface() {
        let costs = CostTable::seven_nm().unwrap();
        for (standard, _) in costs.drams() {
            assert!(table().interface_mm2(standard, 1.0).is_ok(), "{standard}");
        }
    }

    #[test]
    fn a_small_chip_worked_by_hand() {
        let parts = Parts {
            integer_adder_bits: 100,
            lane_selects: 38,
            decoders: 38,
            operators: vec![(Cost::Fp16Multiply, 9), (Cost::Fp16Add, 9), (Cost::Int8Multiply, 6)],
            register_bits: 1000,
            control: Cells { register_bits: 70, adder_bits: 7 },
            requantizer: Cells { register_bits: 0, adder_bits: 14 },
            sram_bytes: 1 << 20,
            vector_lanes: 2,
            dram_standard: "HBM3".to_owned(),
            dram_peak_gb_s: 1638.4,
        };
        let area = table().area(&parts).unwrap();
        // 17 and 34 gates a lane and a decoder, 38 an adder; 1640, 1360 and 282 in units of 36.
        let adder = 8.0 * 0.20412;
        let in_adders = (17.0 + 34.0) + (9.0 * 3000.0 + 6.0 * 282.0) / 36.0;
        let cells = 100.0 * 0.20412 + 1000.0 * 0.2916 + in_adders * adder;
        assert_relative_eq!(area.array_mm2, cells / 0.7 * 1e-6, max_relative = 1e-5);
        assert_relative_eq!(area.sram_mm2, 8.0 * 1048576.0 * 0.0386e-6, max_relative = 1e-12);
        let vector = 2.0 * (4184.0 + 7700.0) / 36.0 * adder;
        assert_relative_eq!(area.vector_unit_mm2, vector / 0.7 * 1e-6, max_relative = 1e-12);
        assert_relative_eq!(area.dram_interface_mm2, 59.2, max_relative = 1e-12);
        let control = 70.0 * 0.2916 + 7.0 * 0.20412;
        assert_relative_eq!(area.control_mm2, control / 0.7 * 1e-6, max_relative = 1e-12);
        assert_relative_eq!(area.requantizer_mm2, 20.0 * 0.20412e-6, max_relative = 1e-12);
        let sum = area.array_mm2
            + area.control_mm2
            + area.requantizer_mm2
            + area.sram_mm2
            + area.vector_unit_mm2
            + area.dram_interface_mm2;
        assert_eq!(area.total_mm2, sum);
    }

    #[test]
    fn what_has_no_area_is_an_error() {
        let parts = Parts { dram_standard: "HBM9".to_owned(), ..Parts::default() };
        assert!(matches!(table().area(&parts), Err(EnergyError::UnknownDram { .. })));
        let parts = Parts { operators: vec![(Cost::LinkBit, 1)], ..Parts::default() };
        assert_eq!(table().area(&parts).unwrap_err().to_string(), "no area for link_bit");
    }
}
