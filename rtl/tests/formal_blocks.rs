//! Yosys proves the emitted blocks equal to Verilog written by hand, which shares nothing with them; a fault set into the
//! emitted text must make each proof fail.
//!
//! A miter compares every output; SAT then finds no input, and no state of the registers before, for which two differ.
//! A pipeline forgets that state after its latency, so a run of one cycle more covers all of time.

mod common;

use std::fs;

use common::folder;
use contract::latency::{BYTE_LEVELS, LANE_CYCLES, TREE_LEVEL_CYCLES, column_cycles};
use contract::widths::tree_bits;
use rtl::adder_tree::AdderTree;
use rtl::byte_sum::ByteSum;
use rtl::dot_unit::DotUnit;
use rtl::eda::Tool;
use rtl::trit_decoder::TritDecoder;
use rtl::{Error, Parameters, verilog};

/// The cycles of a run, and how many of the first ones are not compared.
#[derive(Clone, Copy)]
struct Cycles {
    run: u32,
    skipped: u32,
}

/// The cycle in which what came before is forgotten.
fn after(latency: u32) -> Cycles {
    Cycles { run: latency + 1, skipped: latency }
}

/// The modules `gold` and `gate` of `text` have equal outputs in every run of so many cycles, from every state of the
/// registers that have no initial value.
fn prove(text: &str, cycles: Cycles) -> Result<String, Error> {
    let dir = folder();
    fs::write(dir.path().join("blocks.v"), text).expect("a file");
    let script = format!(
        "read_verilog blocks.v; proc; flatten; memory; opt; miter -equiv -flatten -make_outputs gold gate m; \
         hierarchy -top m; proc; opt -full; sat -verify -timeout 60 -seq {} -prove-skip {} -prove trigger 0 m",
        cycles.run, cycles.skipped
    );
    Tool::Yosys.run(dir.path(), &["-p", &script])
}

/// `emitted` is proved equal to the specification, and is not with `fault` (what to replace, by what).
fn assert_proved(emitted: &str, specification: &str, cycles: Cycles, fault: (&str, &str)) {
    let proved = prove(&format!("{emitted}\n{specification}"), cycles).expect("a proof");
    assert!(proved.contains("SAT proof finished - no model found: SUCCESS!"), "{proved}");
    let broken = emitted.replacen(fault.0, fault.1, 1);
    assert_ne!(broken, emitted, "the fault is set");
    let message = prove(&format!("{broken}\n{specification}"), cycles).expect_err("a fault").to_string();
    assert!(message.contains("Called with -verify and proof did fail!"), "{message}");
}

/// C-PACK-1 and C-PACK-3, as their words and tables say it.
const DECODER: &str = "
module gold(input wire [7:0] code, output wire [4:0] nonzero, negative, output wire invalid);
  // A field of trits 0, 1 and 2: whether it is one, signs, nonzeros.
  function [6:0] three(input [4:0] b);
    casez (b)
      5'b11???: three = {1'b1, b[2], b[1], b[0], 3'b111};
      5'b011??: three = {1'b1, b[0], b[1], 1'b0, 3'b110};
      5'b010?1: three = {1'b1, 1'b0, b[1], 1'b0, 3'b010};
      5'b01010: three = 7'b1_000_000;
      5'b101??: three = {1'b1, 1'b0, b[1], b[0], 3'b011};
      5'b1001?: three = {1'b1, 2'b00, b[0], 3'b001};
      5'b00?1?: three = {1'b1, b[2], 1'b0, b[0], 3'b101};
      5'b0010?: three = {1'b1, b[0], 2'b00, 3'b100};
      default: three = 0;
    endcase
  endfunction
  wire [6:0] field = three(code[4:0]);
  wire [6:0] aside = code[3] ? 7'd0 : three({code[4], ~code[7], code[6], ~code[5], code[0]});
  reg [3:0] two;
  always @(*) casez (code[7:5])
    3'b0??: two = {code[6], code[5], 2'b11};
    3'b1?0: two = {code[6], 1'b0, 2'b10};
    3'b1?1: two = {1'b0, code[6], 2'b01};
  endcase
  assign invalid = ~field[6] & ~aside[6];
  assign nonzero = field[6] ? {two[1:0], field[2:0]} : aside[6] ? {2'b00, aside[2:0]} : 5'd0;
  assign negative = field[6] ? {two[3:2], field[5:3]} : aside[6] ? {2'b00, aside[5:3]} : 5'd0;
endmodule
module gate(input wire [7:0] code, output wire [4:0] nonzero, negative, output wire invalid);
  // C-LANE-3: which sign each of the five is relative to; a zero trit has any.
  wire [4:0] zero, sign;
  wire fourth = sign[4] ^ sign[0];
  assign nonzero = ~zero;
  assign negative = ~zero & {fourth, sign[3] ^ fourth, sign[2] ^ sign[0], sign[1] ^ sign[0], sign[0]};
  trit_decoder dut(.code(code), .zero(zero), .sign(sign), .invalid(invalid));
endmodule
";

#[test]
fn the_decoder_is_the_table_of_the_byte_code() {
    let emitted =
        verilog::emit(&mut TritDecoder::default(), "trit_decoder").expect("a design without faults");
    assert_proved(&emitted, DECODER, after(0), ("|", "&"));
}

/// C-LANE-1 and C-LANE-4, as their words say it. That this is the dot product of the trits, the contract's tests show.
#[test]
fn a_byte_of_lanes_is_cleared_and_added_in_its_order() {
    let emitted = verilog::emit(&mut ByteSum::default(), "byte_sum").expect("a design without faults");
    let latency = LANE_CYCLES + BYTE_LEVELS * TREE_LEVEL_CYCLES;
    let lane = |i: usize| {
        let activation = format!("$signed(activation[{}:{}])", 8 * i + 7, 8 * i);
        format!("  wire signed [10:0] lane{i} = zero[{i}] ? 11'sd0 : {activation};\n")
    };
    let ports = "(input wire clock, input wire [39:0] activation, input wire [4:0] zero, sign, \
                 output wire signed [11:0] total)";
    let specification = format!(
        "module gold{ports};
{lanes}  wire signed [10:0] low = sign[1] ? lane0 - lane1 : lane0 + lane1;
  wire signed [10:0] high = sign[3] ? lane4 - lane3 : lane4 + lane3;
  wire signed [10:0] four = sign[4] ? low - high : low + high;
  wire signed [10:0] five = sign[2] ? four - lane2 : four + lane2;
{sums}  assign total = sum{latency};\nendmodule
module gate{ports};
  reg [15:0] late; always @(posedge clock) late <= {{late[7:0], activation[23:16]}};
  byte_sum dut(.clock(clock), .activation({{activation[39:24], late[15:8], activation[15:0]}}), .zero(zero), .sign(sign), .sum(total[10:0]), .negative(total[11]));
endmodule\n",
        lanes = (0..5).map(lane).collect::<String>(),
        sums = delayed_sum(&["$signed({sign[0], five})".to_owned()], 12, latency),
    );
    assert_proved(&emitted, &specification, after(latency), ("^", "|"));
}

/// `terms` added up. In halves: SAT hardly proves that another order of eight terms gives the same sum.
fn sum_of(terms: &[String]) -> String {
    if let [term] = terms {
        return term.clone();
    }
    let (left, right) = terms.split_at(terms.len().next_power_of_two() / 2);
    format!("({} + {})", sum_of(left), sum_of(right))
}

/// The signed sum of `terms`, and a register `cycles` times over.
fn delayed_sum(terms: &[String], bits: u32, cycles: u32) -> String {
    let mut text = format!("  wire signed [{}:0] sum0 = {};\n", bits - 1, sum_of(terms));
    for i in 0..cycles {
        text += &format!(
            "  reg signed [{}:0] sum{next}; always @(posedge clock) sum{next} <= sum{i};\n",
            bits - 1,
            next = i + 1
        );
    }
    text
}

#[test]
fn a_tree_adds() {
    const BITS: usize = 5;
    for bytes in [2, 3, 4, 5, 8usize] {
        let levels = bytes.next_power_of_two().trailing_zeros();
        let top = BITS + levels as usize - 1;
        let emitted =
            verilog::emit(&mut AdderTree::new(bytes, BITS), "adder_tree").expect("a design without faults");
        let terms: Vec<String> = (0..bytes)
            .map(|i| {
                let operand = format!("$signed(operand[{}:{}])", BITS * i + BITS - 1, BITS * i);
                format!("(negative[{i}] ? -{operand} : {operand})")
            })
            .collect();
        let ports = format!(
            "(input wire clock, input wire [{}:0] operand, input wire [{}:0] negative, output wire signed [{}:0] total)",
            BITS * bytes - 1,
            bytes - 1,
            top + 1
        );
        let specification = format!(
            "module gold{ports};\n{}  assign total = sum{levels};\nendmodule
module gate{ports};
  wire signed [{top}:0] sum; wire sum_negative;
  assign total = sum_negative ? -sum : sum;
  adder_tree dut(.clock(clock), .operand(operand), .negative(negative), .sum(sum), .sum_negative(sum_negative));
endmodule\n",
            delayed_sum(&terms, u32::try_from(top).expect("few bits") + 2, levels),
        );
        assert_proved(&emitted, &specification, after(levels), ("^", "|"));
    }
}

/// Accumulators are no pipeline: they forget only where a sum starts anew. So this is every run of two steps, of one slot
/// or of two, in which each slot's first sum does, and no sum is wanted before the pipeline has one.
#[test]
fn a_dot_unit_multiplies_and_accumulates() {
    let p = Parameters { lanes: 2, columns: 1, tokens: 2, stream_bits: 8, acc_bits: tree_bits(2) + 1 };
    let emitted = verilog::emit(&mut DotUnit::new(&p), "dot_unit").expect("a design without faults");
    let latency = column_cycles(p.lanes) - 1;
    let terms: Vec<String> = (0..p.lanes)
        .map(|i| {
            format!(
                "$signed(zero[{i}] ? 2'sd0 : minus[{i}] ? -2'sd1 : 2'sd1) * $signed(activation[{}:{}])",
                8 * i + 7,
                8 * i
            )
        })
        .collect();
    let ports = format!(
        "(input wire clock, input wire [{}:0] activation, input wire [{lanes}:0] zero, minus,
  input wire next_want, next_last, next_fresh, next_slot, output wire signed [{top}:0] dot);
  reg [3:0] age = 0; reg [1:0] begun = 0; reg emitted = 0, want = 0, last = 0, first = 0, slot = 0;
  wire accumulate = want & age >= {latency}, emit = accumulate & last;
  wire [1:0] begun_then = begun | (accumulate ? 2'd1 << slot : 2'd0);
  wire next_first = next_fresh | ~begun_then[next_slot], again = accumulate & (slot == next_slot);
  always @(posedge clock) begin
    age <= age + 1;
    begun <= begun_then;
    want <= next_want; last <= next_last; first <= next_first; slot <= next_slot;
    if (emit) emitted <= 1;
  end",
        8 * p.lanes - 1,
        lanes = p.lanes - 1,
        top = p.acc_bits - 1
    );
    let specification = format!(
        "module gold{ports}\n{sums}  reg signed [{top}:0] slots [0:1]; reg signed [{top}:0] result;
  wire signed [{top}:0] total = (first ? 0 : slots[slot]) + sum{latency};
  always @(posedge clock) begin
    if (accumulate) slots[slot] <= total;
    if (emit) result <= total;
  end
  assign dot = emitted ? result : 0;
endmodule
module gate{ports}
  wire [{top}:0] result;
  assign dot = emitted ? result : 0;
  dot_unit dut(.clock(clock), .activation({{24'd0, activation}}), .zero({{3'd7, zero}}), .sign({{3'd0, minus[1] ^ minus[0], minus[0]}}),
    .accumulate(accumulate), .emit(emit), .slot(slot), .next_slot(next_slot),
    .next_first(next_first), .again(again), .result(result));
endmodule\n",
        sums = delayed_sum(&terms, p.acc_bits, latency),
        top = p.acc_bits - 1
    );
    assert_proved(
        &emitted,
        &specification,
        Cycles { run: latency + 3, skipped: 0 },
        ("if (again)", "if (~again)"),
    );
}
