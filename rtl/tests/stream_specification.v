// What a block promises that holds a stream's beats, seen from its ports: it is a queue of ENTRIES beats. Written by hand
// for Yosys to prove (`formal_streams.rs`); nothing here knows how a block does it.
//
// A beat enters and leaves the queue at edges with valid, ready and no reset; the queue shifts, so that beat 0 is always
// the next to leave. Places beyond those held are zero, which leaves induction no state that cannot occur.
module stream_specification #(
  parameter ENTRIES = 2,
  parameter WIDTH = 1,
  // From a beat accepted by an empty block to the beat offered, 1 or 2.
  parameter LATENCY = 1
) (
  input wire             clock,
  input wire             reset,
  input wire             input_valid,
  input wire             input_ready,
  input wire [WIDTH-1:0] input_beat,
  input wire             output_valid,
  input wire             output_ready,
  input wire [WIDTH-1:0] output_beat
);
  localparam ALL = ENTRIES * WIDTH;
  // Low until the first edge, by which the block has been reset; what is in it before is anything.
  reg started = 1'b0;
  reg [7:0] held;
  reg [ALL-1:0] beats;
  // Of the cycle before: a beat was offered and not taken, which one, and beats were left besides one just accepted.
  reg stalled;
  reg [WIDTH-1:0] stalled_beat;
  reg waiting;

  wire accepted = input_valid & input_ready;
  wire taken = output_valid & output_ready;
  wire [7:0] left = held - {7'd0, taken};
  wire [ALL-1:0] left_beats = taken ? beats >> WIDTH : beats;
  wire [ALL-1:0] entering = accepted ? {{ALL{1'b0}}, input_beat} : {ALL{1'b0}};

  always @(posedge clock) begin
    started <= 1'b1;
    held <= reset ? 8'd0 : left + {7'd0, accepted};
    beats <= reset ? {ALL{1'b0}} : left_beats | (entering << (left * WIDTH));
    stalled <= ~reset & output_valid & ~output_ready;
    stalled_beat <= ~reset & output_valid & ~output_ready ? output_beat : {WIDTH{1'b0}};
    waiting <= ~reset & left != 0;
  end

  always @(*) begin
    if (!started) assume (reset);
    if (started) begin
      // The queue is one.
      assert (held <= ENTRIES);
      assert (beats >> (held * WIDTH) == 0);
      // What is offered stays until it is taken, and stays what it is.
      if (stalled) assert (output_valid);
      if (stalled) assert (output_beat == stalled_beat);
      // What leaves is what entered: nothing lost, invented, doubled or overtaken.
      if (output_valid) assert (held != 0);
      if (output_valid) assert (output_beat == beats[WIDTH-1:0]);
      // It accepts while it holds less than ENTRIES; as that is a register, whatever the inputs do in this cycle.
      assert (input_ready == (held < ENTRIES));
      // It offers what it holds, after its latency; nor does that wait for an input.
      if (waiting) assert (output_valid);
      if (LATENCY == 1) assert (output_valid == (held != 0));
    end
  end
endmodule
