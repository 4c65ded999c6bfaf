//! The paper's accounting: operations times the energy of one, and nothing else.
//!
//! Does not count: the accumulator's width (a sum of INT8 values is added as if it were INT8), any byte
//! moved, registers, norms, embeddings, the head.

use crate::breakdown::Breakdown;
use crate::cost::Cost;
use crate::error::EnergyError;
use crate::events::PaperOperations;
use crate::table::CostTable;

/// Prices operations as figure 3 of arXiv 2402.17764 does. Components: `int8_add`, `fp16_add`,
/// `fp16_multiply`.
pub fn paper(operations: &PaperOperations, table: &CostTable) -> Result<Breakdown, EnergyError> {
    let mut energy = Breakdown::default();
    energy.add_events("int8_add", operations.int8_adds, Cost::Int8Add, table)?;
    energy.add_events("fp16_add", operations.fp16_adds, Cost::Fp16Add, table)?;
    energy.add_events("fp16_multiply", operations.fp16_multiplies, Cost::Fp16Multiply, table)?;
    Ok(energy)
}
