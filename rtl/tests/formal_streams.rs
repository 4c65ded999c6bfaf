//! The handshakes of `stream_register` and `stream_fifo`, proven: for every input in every cycle, not for those tried.
//!
//! Yosys' SAT solver compares the emitted Verilog with `stream_specification.v`, by temporal induction: no run of k
//! cycles from reset breaks a promise, and no run of k cycles from any state at all keeps all promises and then breaks
//! one.

mod common;

use std::fs;

use common::folder;
use contract::latency::{STREAM_FIFO_CYCLES, STREAM_REGISTER_CYCLES};
use rtl::eda::Tool;
use rtl::stream_fifo::StreamFifo;
use rtl::stream_register::StreamRegister;
use rtl::verilog::emit;

const SPECIFICATION: &str = include_str!("stream_specification.v");

/// Longer than any proof here needs.
const MOST_CYCLES: u32 = 20;

/// A block, and how it meets the specification.
struct Proof {
    /// The emitted Verilog.
    text: String,
    /// Module `proof`: block and specification side by side.
    bench: String,
    /// Nets of `proof` that stand for nets inside its instances.
    views: &'static [(&'static str, &'static str)],
}

impl Proof {
    /// What Yosys said, and whether every promise is kept.
    fn run(&self) -> (bool, String) {
        let dir = folder();
        for (name, text) in
            [("block.v", self.text.as_str()), ("bench.v", &self.bench), ("specification.v", SPECIFICATION)]
        {
            fs::write(dir.path().join(name), text).expect("a file");
        }
        let connect = |(net, inner): &(&str, &str)| format!("connect -nomap -set {net} {inner}; ");
        let views: String = self.views.iter().map(connect).collect();
        let script = format!(
            "read_verilog block.v; read_verilog -formal bench.v specification.v; hierarchy -check -top proof; proc; \
             flatten; cd proof; {views}cd ..; check -assert; memory_map; opt -full; \
             sat -tempinduct -prove-asserts -set-assumes -maxsteps {MOST_CYCLES} proof"
        );
        let said = Tool::Yosys.run(dir.path(), &["-p", &script]).expect("Yosys accepts it");
        (said.contains("Induction step proven: SUCCESS!"), said)
    }

    fn assert_holds(&self) {
        let (holds, said) = self.run();
        assert!(holds, "{said}");
    }

    /// The same with `good` replaced by `bad` in the text breaks a promise, in a run from reset.
    fn assert_needs(&self, good: &str, bad: &str) {
        assert_eq!(self.text.matches(good).count(), 1, "{good} in:\n{}", self.text);
        let broken =
            Self { text: self.text.replace(good, bad), bench: self.bench.clone(), views: self.views };
        let (holds, said) = broken.run();
        assert!(!holds && said.contains("model found for base case: FAIL!"), "{bad} for {good}: {said}");
    }
}

/// Beats of two elements, and `last`.
fn register(entries: u32, latency: u32) -> Proof {
    let bench = format!(
        "\
module proof(
  input wire clock, reset, input_valid, input_last, output_ready,
  input wire [3:0] input_data
);
  wire input_ready, output_valid, output_last;
  wire [3:0] output_data;
  stream_register dut (
    .clock(clock), .reset(reset), .input_valid(input_valid), .input_ready(input_ready), .input_data(input_data),
    .input_last(input_last), .output_valid(output_valid), .output_ready(output_ready), .output_data(output_data),
    .output_last(output_last)
  );
  stream_specification #(.ENTRIES({entries}), .WIDTH(5), .LATENCY({latency})) specification (
    .clock(clock), .reset(reset), .input_valid(input_valid), .input_ready(input_ready),
    .input_beat({{input_last, input_data}}), .output_valid(output_valid), .output_ready(output_ready),
    .output_beat({{output_last, output_data}})
  );
endmodule
"
    );
    let text = emit(&mut StreamRegister::new(2, 2), "stream_register").expect("a design without faults");
    Proof { text, bench, views: &[] }
}

/// Four rows, which are enough for each counter to wrap and for every order of full and empty.
///
/// From any state at all, rows that are counted wrongly could look right for longer than a proof can wait. So the bench
/// says how they are counted, with `hints`; that is proven with the rest, and no promise is weaker for it. A broken
/// block is refuted without them, by a promise.
fn fifo(entries: u32, latency: u32, hints: bool) -> Proof {
    let hints = u8::from(hints);
    let bench = format!(
        "\
module proof(
  input wire clock, reset, input_valid, output_ready,
  input wire [1:0] input_data
);
  wire input_ready, output_valid, full, empty;
  wire [1:0] output_data;
  stream_fifo dut (
    .clock(clock), .reset(reset), .input_valid(input_valid), .input_ready(input_ready), .input_data(input_data),
    .output_valid(output_valid), .output_ready(output_ready), .output_data(output_data), .full(full), .empty(empty)
  );
  stream_specification #(.ENTRIES({entries}), .WIDTH(2), .LATENCY({latency})) specification (
    .clock(clock), .reset(reset), .input_valid(input_valid), .input_ready(input_ready), .input_beat(input_data),
    .output_valid(output_valid), .output_ready(output_ready), .output_beat(output_data)
  );
  wire started, write, read, stored;
  wire [7:0] held;
  wire [1:0] write_row, read_row, count;
  wire [1:0] distance = write_row - read_row;
  always @(*) if (started) begin
    assert (full == !input_ready);
    assert (empty == (held == 0));
    // What a memory reads while it is written is unknown.
    assert (!write || !read || distance != 0);
  end
  always @(*) if (started && {hints}) begin
    assert (held == {{5'd0, full, distance}} + {{7'd0, output_valid}});
    assert (!full || distance == 0);
    assert (stored == (full || distance != 0));
    assert (count == distance);
  end
endmodule
"
    );
    let text = emit(&mut StreamFifo::new(4, 1, 2), "stream_fifo").expect("a design without faults");
    let views = &[
        ("started", "specification.started"),
        ("held", "specification.held"),
        ("write", "dut.write"),
        ("read", "dut.read"),
        ("stored", "dut.queue_rows.stored"),
        ("count", "dut.queue_rows.occupancy.count"),
        ("write_row", "dut.queue_rows.write_row"),
        ("read_row", "dut.queue_rows.read_row"),
    ];
    Proof { text, bench, views }
}

#[test]
fn a_stream_register_is_a_queue_of_two() {
    register(2, STREAM_REGISTER_CYCLES).assert_holds();
}

#[test]
fn a_stream_fifo_is_a_queue_of_its_depth_and_one() {
    fifo(5, STREAM_FIFO_CYCLES, true).assert_holds();
}

/// Neither fewer entries nor a shorter latency: what is proven is exact.
#[test]
fn a_wrong_specification_is_refuted() {
    for proof in [
        register(1, STREAM_REGISTER_CYCLES),
        register(3, STREAM_REGISTER_CYCLES),
        fifo(4, STREAM_FIFO_CYCLES, false),
        fifo(6, STREAM_FIFO_CYCLES, false),
        fifo(5, STREAM_FIFO_CYCLES - 1, false),
    ] {
        let (holds, said) = proof.run();
        assert!(!holds && said.contains("model found for base case: FAIL!"), "{said}");
    }
}

#[test]
fn a_broken_stream_register_is_refuted() {
    let proof = register(2, STREAM_REGISTER_CYCLES);
    for (good, bad) in [
        // The spare beat is overwritten, forgotten, or overtaken.
        ("input_valid & ~spare_valid & ~advance", "input_valid & ~advance"),
        ("valid_register <= spare_valid | input_valid", "valid_register <= input_valid"),
        ("if (spill | advance) spare_valid", "if (spill) spare_valid"),
        ("data_register_d = spare_data", "data_register_d = input_data"),
        // `last` goes with another beat than its own.
        ("last_register_d = spare_last", "last_register_d = input_last"),
        // The payload changes while it waits; a beat waits for ready; reset leaves one.
        ("if (advance) output_data", "output_data"),
        ("~valid_register | output_ready", "output_ready"),
        ("if (reset) spare_valid <= 1'd0;\n    else if", "if"),
    ] {
        proof.assert_needs(good, bad);
    }
}

#[test]
fn a_broken_stream_fifo_is_refuted() {
    let proof = fifo(5, STREAM_FIFO_CYCLES, false);
    for (good, bad) in [
        // It accepts too much, or stops accepting; it reads what is not there, or stops reading.
        ("full <= enter & (count == LAST_BUT_ONE)", "full <= count == LAST_BUT_ONE"),
        ("input_valid & ~queue_rows_full", "input_valid"),
        ("count + ({2{~enter}} | ONE)", "count + ONE"),
        ("occupied <= enter | (count != ONE)", "occupied <= count != ONE"),
        ("queue_rows_stored & (~valid_register | output_ready)", "~valid_register | output_ready"),
        // A beat is replaced while it waits, offered twice, or another's.
        ("queue_rows_stored & (~valid_register | output_ready)", "queue_rows_stored"),
        ("if (read | output_ready) valid_register", "if (read) valid_register"),
        (".read_address(queue_rows_read_row)", ".read_address(queue_rows_write_row)"),
        ("if (reset) read_register <= 2'd0;\n    else if", "if"),
    ] {
        proof.assert_needs(good, bad);
    }
}
