//! The events that have a cost each, by name.

use serde::{Deserialize, Serialize};

use crate::rows::Unit;

/// An event with a cost of its own. SRAM and DRAM accesses are looked up by size and by standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it: an operation on a type")]
pub enum Cost {
    Int8Add,
    Int8Multiply,
    Int32Add,
    Int32Multiply,
    Bf16Add,
    Bf16Multiply,
    Fp16Add,
    Fp16Multiply,
    Fp32Add,
    Fp32Multiply,
    /// A register bit clocked.
    RegisterBit,
    /// A register bit clocked that keeps its value: the flip-flop's own clock, without the tree that brings it.
    IdleRegisterBit,
    /// An 8-bit lane that lets its activation through or clears it, and its share of the complements in the adders.
    LaneSelect,
    /// A packed weight byte decoded to five trits.
    DecodedByte,
    /// An FP32 operation of the vector unit.
    VectorFp32Op,
    /// A bit over a link between chips.
    LinkBit,
}

impl Cost {
    /// All of them.
    pub const ALL: [Cost; 16] = [
        Cost::Int8Add,
        Cost::Int8Multiply,
        Cost::Int32Add,
        Cost::Int32Multiply,
        Cost::Bf16Add,
        Cost::Bf16Multiply,
        Cost::Fp16Add,
        Cost::Fp16Multiply,
        Cost::Fp32Add,
        Cost::Fp32Multiply,
        Cost::RegisterBit,
        Cost::IdleRegisterBit,
        Cost::LaneSelect,
        Cost::DecodedByte,
        Cost::VectorFp32Op,
        Cost::LinkBit,
    ];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Cost::Int8Add => "int8_add",
            Cost::Int8Multiply => "int8_multiply",
            Cost::Int32Add => "int32_add",
            Cost::Int32Multiply => "int32_multiply",
            Cost::Bf16Add => "bf16_add",
            Cost::Bf16Multiply => "bf16_multiply",
            Cost::Fp16Add => "fp16_add",
            Cost::Fp16Multiply => "fp16_multiply",
            Cost::Fp32Add => "fp32_add",
            Cost::Fp32Multiply => "fp32_multiply",
            Cost::RegisterBit => "register_bit",
            Cost::IdleRegisterBit => "idle_register_bit",
            Cost::LaneSelect => "lane_select",
            Cost::DecodedByte => "decoded_byte",
            Cost::VectorFp32Op => "vector_fp32_op",
            Cost::LinkBit => "link_bit",
        }
    }

    /// The unit that it is counted in.
    pub(crate) fn unit(self) -> Unit {
        match self {
            Cost::RegisterBit | Cost::IdleRegisterBit | Cost::LinkBit => Unit::PjPerBit,
            Cost::DecodedByte => Unit::PjPerByte,
            _ => Unit::Pj,
        }
    }
}
