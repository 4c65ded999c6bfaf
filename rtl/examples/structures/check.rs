//! A structure in Icarus against the contract.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use contract::Trit;
use rtl::cosim::Random;
use rtl::eda::Tool;

use crate::Structure;
use crate::text::{ACC, ACTIVATION, CONTROL, SLOTS};

const STEPS: usize = 300;

/// What a column gets in a cycle.
#[derive(Clone)]
struct Step {
    activations: Vec<i8>,
    /// Of each column.
    trits: Vec<Vec<Trit>>,
    slot: usize,
    first: bool,
}

/// The ends of the range first, then random ones.
fn steps(lanes: usize, columns: usize) -> Vec<Step> {
    let mut random = Random::new(1);
    let corners = [i8::MIN, i8::MAX, -1, 0, 1];
    let step = |i: usize| {
        let (corner, trit) = (corners[i % 5], Trit::ALL[i / 5 % 3]);
        let pick = |random: &mut Random| random.bits().to_le_bytes()[0].cast_signed();
        let activations = (0..lanes)
            .map(|_| {
                let any = pick(&mut random);
                if i < 30 { corner } else { random.pick(&[any, any, i8::MIN, i8::MAX]) }
            })
            .collect();
        let trits = (0..columns)
            .map(|_| (0..lanes).map(|_| if i < 15 { trit } else { random.pick(&Trit::ALL) }).collect())
            .collect();
        // Slots in turn, in bursts, and at random.
        let slot = match i / 75 {
            0 => i % SLOTS,
            1 => i / 3 % SLOTS,
            _ => usize::from(random.bits().to_le_bytes()[0]) % SLOTS,
        };
        Step { activations, trits, slot, first: i < SLOTS || random.below(5) == 0 }
    };
    (0..STEPS).map(step).collect()
}

/// Bits, the lowest first, as a hexadecimal number.
fn hex(bits: &[bool]) -> String {
    let digit = |nibble: &[bool]| nibble.iter().rev().fold(0, |digit, &bit| 2 * digit + u32::from(bit));
    bits.chunks(4).rev().filter_map(|nibble| char::from_digit(digit(nibble), 16)).collect()
}

fn bits(value: u64, count: usize) -> impl Iterator<Item = bool> {
    (0..count).map(move |bit| value >> bit & 1 == 1)
}

/// The ports' values in a cycle: activations of the step that enters, trits when the shared part is done with them, control
/// when their sum is at the accumulator.
fn row(structure: &Structure, steps: &[Step], cycle: usize) -> String {
    let at = |late: usize| cycle.checked_sub(late).and_then(|step| steps.get(step));
    let idle = &steps[0];
    let trits_late = structure.shared_cycles + structure.activation_cycles;
    let late = trits_late + structure.cycles;
    let activations = at(0).unwrap_or(idle).activations.iter();
    let mut row: Vec<bool> =
        activations.flat_map(|&a| bits(u64::from(a.cast_unsigned()), ACTIVATION)).collect();
    let trits = &at(trits_late).unwrap_or(idle).trits;
    row.extend(trits.iter().flat_map(|trits| (structure.code)(trits)));
    let (this, next) = (at(late), at(late.saturating_sub(1)));
    let value = |port| match port {
        "accumulate" | "emit" => u64::from(this.is_some()),
        "slot" => this.map_or(0, |step| step.slot as u64),
        "first" => u64::from(this.is_some_and(|step| step.first)),
        "next_slot" => next.map_or(0, |step| step.slot as u64),
        "next_first" => u64::from(next.is_some_and(|step| step.first)),
        _ => u64::from(this.zip(next).is_some_and(|(this, next)| this.slot == next.slot)),
    };
    row.extend(CONTROL.iter().flat_map(|&(port, count)| bits(value(port), count)));
    hex(&row)
}

fn bench(structure: &Structure, bits: usize, cycles: usize) -> String {
    let (made, lanes) = (structure.activation_bits, structure.lanes * ACTIVATION);
    let shared = if structure.shared.is_empty() {
        "assign made = row;"
    } else {
        "shared shared(.aclk(aclk), .activation(row), .made(made));"
    };
    let mut at = lanes + structure.trit_bits;
    let mut control = String::new();
    for (port, bits) in CONTROL {
        // Writing to a string does not fail.
        let _ = write!(control, ".{port}(all[{at} +: {bits}]), ");
        at += bits;
    }
    format!(
        "
module bench;
  reg aclk = 0;
  reg [{bits}:0] rows [0:{last}];
  reg [{bits}:0] all;
  wire [{lanes}-1:0] row = all;
  wire [{made}-1:0] made;
  wire [{result}-1:0] result;
  integer i;
  {shared}
  column column(.aclk(aclk), .activation(made), .trits(all[{lanes} +: {trits}]), {control}.result(result));
  initial begin
    $readmemh(\"rows.hex\", rows);
    for (i = 0; i <= {last}; i = i + 1) begin
      all = rows[i]; #1 $display(\"%h\", result); aclk = 1; #1 aclk = 0; #1;
    end
  end
endmodule
",
        last = cycles - 1,
        result = ACC * structure.columns,
        trits = structure.trit_bits,
    )
}

/// Compares every result of some hundred steps.
///
/// # Errors
///
/// The first difference, or what Icarus says.
pub(crate) fn check(name: &str, structure: &Structure, dir: &Path) -> Result<(), Box<dyn Error>> {
    let steps = steps(structure.lanes, structure.columns);
    let late = structure.shared_cycles + structure.activation_cycles + structure.cycles + 1;
    let cycles = STEPS + late;
    let rows: Vec<String> = (0..cycles).map(|cycle| row(structure, &steps, cycle)).collect();
    let bits = 4 * rows[0].len();
    fs::write(dir.join("rows.hex"), rows.join("\n"))?;
    fs::write(
        dir.join("check.v"),
        structure.shared.clone() + &structure.column + &bench(structure, bits, cycles),
    )?;
    Tool::Iverilog.run(dir, &["-g2005", "-o", "check", "-s", "bench", "check.v"])?;
    let output = Tool::Vvp.run(dir, &["check"])?;
    let results: Vec<&str> =
        output.lines().filter(|line| line.len() == ACC / 4 * structure.columns).collect();
    if results.len() != cycles {
        return Err(format!("{name}: {} results of {cycles}", results.len()).into());
    }
    let mut slots = vec![[0i64; SLOTS]; structure.columns];
    for (i, step) in steps.iter().enumerate() {
        let digits = results[i + late];
        for (column, slots) in slots.iter_mut().enumerate() {
            let product = contract::dot(&step.trits[column], &step.activations, 24)?;
            let held = if step.first { 0 } else { slots[step.slot] };
            slots[step.slot] = held + product;
            let end = digits.len() - column * ACC / 4;
            let is = u32::from_str_radix(&digits[end - ACC / 4..end], 16);
            // Sign-extended.
            let is = is.map(|bits| i64::from((bits << (32 - ACC)).cast_signed() >> (32 - ACC)));
            if is != Ok(slots[step.slot]) {
                let must = slots[step.slot];
                return Err(format!("{name}: step {i}, column {column}: {digits}, not {must}").into());
            }
        }
    }
    Ok(())
}
