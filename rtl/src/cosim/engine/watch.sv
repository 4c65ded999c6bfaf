// Counts what the nets of an emitted engine do, from outside: these modules are bound to the engine's, whose text stays as it
// is. `watch.rs` says which is bound to which.

package watch;
  // Something to be watched: a kind, where it is, the bits of a row or a sum, and how many of it there are; its index.
  import "DPI-C" function int watched(input string kind, input string where, input int bits, input int size);
  // It did so much of the one or the other.
  import "DPI-C" function void counted(input int index, input int which, input int amount);
endpackage

// Rows written and read.
module watch_memory #(parameter int BITS = 1) (input wire clock, input wire write, input wire read);
  int index;
  initial index = watch::watched("memory", $sformatf("%m"), BITS, 1);
  always @(posedge clock) begin
    if (write) watch::counted(index, 0, 1);
    if (read) watch::counted(index, 1, 1);
  end
endmodule

// Adders that never stand still; an operand without a partner passes through.
module watch_adders #(parameter int OPERANDS = 1, parameter int SUMS = 1, parameter int ADDERS = 1) ();
  localparam int EVEN = SUMS / ADDERS;
  localparam int BITS = OPERANDS == 2 * ADDERS * (EVEN - 1) ? EVEN : SUMS / (ADDERS + 1);
  // The cast says so, but not to version 5.006.
  /* verilator lint_off IGNOREDRETURN */
  initial void'(watch::watched("adders", $sformatf("%m"), BITS, ADDERS));
  /* verilator lint_on IGNOREDRETURN */
endmodule

// Sums that go to an accumulator.
module watch_accumulator #(parameter int BITS = 1) (input wire clock, input wire accumulate);
  int index;
  initial index = watch::watched("accumulator", $sformatf("%m"), BITS, 1);
  always @(posedge clock) if (accumulate) watch::counted(index, 0, 1);
endmodule

// Beats that are stored in the tile being loaded, and tiles that become the held one.
module watch_tile (input wire clock, input wire write, input wire swap);
  int index;
  initial index = watch::watched("tile", $sformatf("%m"), 1, 1);
  always @(posedge clock) begin
    if (write) watch::counted(index, 0, 1);
    if (swap) watch::counted(index, 1, 1);
  end
endmodule

// Lanes that a token meets LAG cycles after it was accepted: those that let it through, and those that a zero holds still.
module watch_lanes #(parameter int LAG = 1, parameter int LANES = 1) (
  input wire clock, input wire reset, input wire accept, input wire [LANES-1:0] zero
);
  int index;
  reg [LAG-1:0] accepted;
  initial index = watch::watched("lanes", $sformatf("%m"), 1, 1);
  always @(posedge clock) begin
    accepted <= reset ? '0 : LAG'({accepted, accept});
    if (accepted[LAG-1] && !reset) begin
      watch::counted(index, 0, $countones(~zero));
      watch::counted(index, 1, $countones(zero));
    end
  end
endmodule
