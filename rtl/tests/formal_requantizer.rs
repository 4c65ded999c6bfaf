//! Proofs, by Yosys's SAT solver, that a divider gives the contract's quotient for every value and every maximum.
//!
//! A lane of 32 bits, as emitted, with the invariants of a long division set into it (`divider_lane_properties.v`):
//!
//! 1. the invariants hold after a start, and after each of the nine steps if they held before it; what neither starts nor
//!    steps changes no register;
//! 2. with them, the result is 127 min(|v|, M) / M to the nearest integer, ties to even, with v's sign, and 0 for M = 0;
//! 3. the group that holds the lanes steps them nine times between a start and the offer of its result.
//!
//! Each has a fault that makes it fail, so that no assumption is empty. A specification with `/` takes the solver more
//! than a minute at 8 bits already; there, simulation tries every pair (`rtl::divider`).

use rtl::divider::Divider;
use rtl::eda::Tool;
use rtl::{Error, verilog};

const PROPERTIES: &str = include_str!("divider_lane_properties.v");

/// One module of what is emitted for a group of one divider of 32 bits.
fn module(name: &str) -> String {
    let text = verilog::emit(&mut Divider::new(1, 32), "divider").expect("a design without faults");
    let start = text.find(&format!("module {name} (")).expect("a module of this name");
    let end = start + text[start..].find("endmodule").expect("its end");
    text[start..end].to_owned()
}

/// The lane with its properties; `wrong` is put in place of `right`.
fn lane((right, wrong): (&str, &str)) -> String {
    let clock = "  input  wire        clock,\n";
    let text = module("divider_lane");
    assert!(text.contains(clock) && text.contains(right), "{text}");
    let ghosts = format!("{clock}  input  wire [31:0] magnitude, next_maximum,\n");
    text.replace(clock, &ghosts).replace(right, wrong) + PROPERTIES + "endmodule\n"
}

fn prove(text: &str, top: &str, define: &str, sat: &str) -> Result<(), Error> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(dir.path().join("proof.v"), text).expect("a file");
    let script = format!(
        "read_verilog -formal {define} proof.v; hierarchy -check -top {top}; proc; flatten; opt -full; \
         cd {top}; sat -verify -prove-asserts -set-assumes {sat}"
    );
    Tool::Yosys.run(dir.path(), &["-q", "-p", &script]).map(|_| ())
}

/// From a state after `k` steps to the next one.
fn prove_step(text: &str, k: u32) -> Result<(), Error> {
    prove(text, "divider_lane", "", &format!("-seq 2 -set-at 1 started 1 -set-at 1 step 1 -set-at 1 k {k}"))
}

fn is_refuted(outcome: &Result<(), Error>) -> bool {
    matches!(outcome, Err(Error::Tool { output, .. }) if output.contains("proof did fail"))
}

const AS_IT_IS: (&str, &str) = ("", "");

// Holds C-REQ-5. Two halves, for two cores.
#[test]
fn a_start_and_the_first_six_steps_keep_the_invariants() {
    let text = lane(AS_IT_IS);
    prove(&text, "divider_lane", "", "-seq 2 -set-at 1 start 1").expect("proven from any state");
    (0..6).for_each(|k| prove_step(&text, k).expect("proven"));
    let off_by_one = lane(("trial - {1'd0, maximum}", "trial - {1'd0, maximum} - 33'd1"));
    assert!(is_refuted(&prove_step(&off_by_one, 5)));
}

// Holds C-REQ-5.
#[test]
fn the_last_three_steps_keep_the_invariants() {
    (6..9).for_each(|k| prove_step(&lane(AS_IT_IS), k).expect("proven"));
}

// Holds C-REQ-2 to C-REQ-4.
#[test]
fn nine_digits_and_a_remainder_give_the_nearest_integer() {
    let final_state = "-seq 1 -set-at 1 started 1 -set-at 1 k 9";
    prove(&lane(AS_IT_IS), "divider_lane", "-DRESULT", final_state).expect("proven");
    let faults = [
        // Ties go up; a magnitude beyond M is rounded up; M = 0 gives 127.
        ("(|remainder || limited[0])", "1'd1"),
        ("limited = digits[7:1] | {7{digits[8]}}", "limited = digits[7:1]"),
        ("quotient = limited & {7{scalable}}", "quotient = limited"),
    ];
    for fault in faults {
        assert!(is_refuted(&prove(&lane(fault), "divider_lane", "-DRESULT", final_state)), "{fault:?}");
    }
}

#[test]
fn a_group_steps_its_lanes_nine_times() {
    let properties = "
  reg [3:0] steps;
  always @(posedge clock)
    if (start) steps <= 4'd0;
    else if (step) steps <= steps + 4'd1;
  always @(*) begin
    if (start) assume (ready);
    assert (cycles_left <= 10);
    assert (idle || steps + cycles_left == 10);
    assert (!(start && step));
    assert (!result_valid || steps == 9);
  end
endmodule
module divider_lane (
  input wire clock, start, step, input wire [39:0] dividend, input wire negative, input wire [31:0] maximum,
  input wire scalable, output wire [7:0] result);
  assign result = 8'd0;
endmodule
";
    let text = module("divider") + properties;
    let sat = "-tempinduct -set-init cycles_left 0";
    prove(&text, "divider", "", sat).expect("proven");
    let early = text.replace("offered = cycles_left == 4'd1", "offered = cycles_left == 4'd2");
    assert!(early != text && is_refuted(&prove(&early, "divider", "", sat)));
}
