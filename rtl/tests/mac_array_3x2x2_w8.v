// mac_array: a ternary MAC array without multipliers.
//
//   lanes 3, columns 2, token slots 2, stream 8 bits, accumulators 24 bits
//   beats a tile: 2; cycles from activations to their result: 4
//
// Made by: sim verilog --lanes 3 --columns 2 --tokens 2 --stream-bits 8 --out DIR

// COLUMNS dot products at a time: a held tile of trits meets one token's activations a cycle.
module mac_array (
  input  wire        clock,
  input  wire        reset,
  input  wire        weight_valid,
  output wire        weight_ready,
  input  wire [4:0]  weight_nz,
  input  wire [4:0]  weight_neg,
  input  wire        activation_valid,
  output wire        activation_ready,
  input  wire [23:0] activation_data,
  input  wire        activation_slot,
  input  wire        activation_first,
  input  wire        activation_last,
  input  wire        activation_release,
  input  wire        result_room,
  output reg         result_valid,
  output reg         result_slot,
  output wire [47:0] result_data
);
  wire accept;
  wire weight_tile_held;
  wire [5:0] weight_tile_nonzero;
  wire [5:0] weight_tile_negative;
  wire control_pipeline_accumulate;
  wire control_pipeline_emit;
  wire control_pipeline_sum_slot;
  wire control_pipeline_sum_first;

  assign activation_ready = weight_tile_held & (~activation_last | result_room);
  assign accept = activation_valid & activation_ready;

  always @(posedge clock)
    if (reset) result_valid <= 1'd0;
    else result_valid <= control_pipeline_emit;
  always @(posedge clock)
    if (control_pipeline_emit) result_slot <= control_pipeline_sum_slot;

  weight_tile weight_tile (
    .clock(clock),
    .reset(reset),
    .weight_valid(weight_valid),
    .weight_ready(weight_ready),
    .weight_nz(weight_nz),
    .weight_neg(weight_neg),
    .held(weight_tile_held),
    .release_tile(accept & activation_release),
    .nonzero(weight_tile_nonzero),
    .negative(weight_tile_negative)
  );

  control_pipeline control_pipeline (
    .clock(clock),
    .reset(reset),
    .accept(accept),
    .slot(activation_slot),
    .first(activation_first),
    .last(activation_last),
    .accumulate(control_pipeline_accumulate),
    .emit(control_pipeline_emit),
    .sum_slot(control_pipeline_sum_slot),
    .sum_first(control_pipeline_sum_first)
  );

  dot_unit dot_unit_0 (
    .clock(clock),
    .activation(activation_data),
    .nonzero(weight_tile_nonzero[2:0]),
    .negative(weight_tile_negative[2:0]),
    .accumulate(control_pipeline_accumulate),
    .emit(control_pipeline_emit),
    .first(control_pipeline_sum_first),
    .slot(control_pipeline_sum_slot),
    .result(result_data[23:0])
  );

  dot_unit dot_unit_1 (
    .clock(clock),
    .activation(activation_data),
    .nonzero(weight_tile_nonzero[5:3]),
    .negative(weight_tile_negative[5:3]),
    .accumulate(control_pipeline_accumulate),
    .emit(control_pipeline_emit),
    .first(control_pipeline_sum_first),
    .slot(control_pipeline_sum_slot),
    .result(result_data[47:24])
  );
endmodule

// Takes beats of trits, holds a tile. A loaded tile is held as soon as the held one is released.
module weight_tile (
  input  wire       clock,
  input  wire       reset,
  input  wire       weight_valid,
  output wire       weight_ready,
  input  wire [4:0] weight_nz,
  input  wire [4:0] weight_neg,
  output wire       held,
  input  wire       release_tile,
  output wire [5:0] nonzero,
  output wire [5:0] negative
);
  wire write;
  wire at_last_beat;
  wire fill;
  wire swap;
  localparam LAST_BEAT = 1'd1;
  reg beat_register;
  reg loaded_register;
  reg held_register;

  assign swap = loaded_register & (~held_register | release_tile);
  assign weight_ready = ~loaded_register | swap;
  assign write = weight_valid & weight_ready;
  assign at_last_beat = beat_register == LAST_BEAT;
  assign fill = write & at_last_beat;
  assign held = held_register;

  always @(posedge clock)
    if (reset) beat_register <= 1'd0;
    else if (write) beat_register <= ~at_last_beat & (beat_register + 1'd1);
  always @(posedge clock)
    if (reset) loaded_register <= 1'd0;
    else if (fill | swap) loaded_register <= fill;
  always @(posedge clock)
    if (reset) held_register <= 1'd0;
    else if (swap | release_tile) held_register <= swap;

  tile_memory tile_memory (
    .clock(clock),
    .write(write),
    .beat(beat_register),
    .weight_nz(weight_nz),
    .weight_neg(weight_neg),
    .swap(swap),
    .nonzero(nonzero),
    .negative(negative)
  );
endmodule

module tile_memory (
  input  wire       clock,
  input  wire       write,
  input  wire       beat,
  input  wire [4:0] weight_nz,
  input  wire [4:0] weight_neg,
  input  wire       swap,
  output wire [5:0] nonzero,
  output wire [5:0] negative
);
  // The tile being loaded, column after column, without the stream's padding.
  reg [5:0] loading_nonzero;
  reg [5:0] loading_negative;
  reg [5:0] held_nonzero;
  reg [5:0] held_negative;
  assign nonzero = held_nonzero;
  assign negative = held_negative;
  wire unused_padding = &{1'b0, weight_nz[4:3], weight_neg[4:3]};
  always @(posedge clock) begin
    if (swap) begin
      held_nonzero <= loading_nonzero;
      held_negative <= loading_negative;
    end
    if (write && beat == 1'd0) begin
      loading_nonzero[2:0] <= weight_nz[2:0];
      loading_negative[2:0] <= weight_neg[2:0];
    end
    if (write && beat == 1'd1) begin
      loading_nonzero[5:3] <= weight_nz[2:0];
      loading_negative[5:3] <= weight_neg[2:0];
    end
  end
endmodule

// What accompanies an activation through lanes and adder tree.
module control_pipeline (
  input  wire clock,
  input  wire reset,
  input  wire accept,
  input  wire slot,
  input  wire first,
  input  wire last,
  output reg  accumulate,
  output wire emit,
  output reg  sum_slot,
  output reg  sum_first
);
  reg valid_stage_0;
  reg valid_stage_1;
  reg slot_stage_0;
  reg slot_stage_1;
  reg first_stage_0;
  reg first_stage_1;
  reg last_stage_0;
  reg last_stage_1;
  reg last_stage_2;

  assign emit = accumulate & last_stage_2;

  always @(posedge clock)
    if (reset) valid_stage_0 <= 1'd0;
    else valid_stage_0 <= accept;
  always @(posedge clock)
    if (reset) valid_stage_1 <= 1'd0;
    else valid_stage_1 <= valid_stage_0;
  always @(posedge clock)
    if (reset) accumulate <= 1'd0;
    else accumulate <= valid_stage_1;
  always @(posedge clock)
    slot_stage_0 <= slot;
  always @(posedge clock)
    slot_stage_1 <= slot_stage_0;
  always @(posedge clock)
    sum_slot <= slot_stage_1;
  always @(posedge clock)
    first_stage_0 <= first;
  always @(posedge clock)
    first_stage_1 <= first_stage_0;
  always @(posedge clock)
    sum_first <= first_stage_1;
  always @(posedge clock)
    last_stage_0 <= last;
  always @(posedge clock)
    last_stage_1 <= last_stage_0;
  always @(posedge clock)
    last_stage_2 <= last_stage_1;
endmodule

// One column: lanes, adder tree, and an accumulator a token slot.
module dot_unit (
  input  wire        clock,
  input  wire [23:0] activation,
  input  wire [2:0]  nonzero,
  input  wire [2:0]  negative,
  input  wire        accumulate,
  input  wire        emit,
  input  wire        first,
  input  wire        slot,
  output reg  [23:0] result
);
  wire [23:0] total;
  wire [23:0] adder_tree_operand;
  wire [2:0] adder_tree_carry;
  wire [9:0] adder_tree_sum;
  wire adder_tree_sum_carry;
  wire [23:0] slot_memory_read_data;

  assign total = ({24{~first}} & slot_memory_read_data) + {{14{adder_tree_sum[9]}}, adder_tree_sum} + {23'd0, adder_tree_sum_carry};

  always @(posedge clock)
    if (emit) result <= total;

  ternary_lane ternary_lane_0 (
    .clock(clock),
    .activation(activation[7:0]),
    .nonzero(nonzero[0]),
    .negative(negative[0]),
    .operand(adder_tree_operand[7:0]),
    .carry(adder_tree_carry[0])
  );

  ternary_lane ternary_lane_1 (
    .clock(clock),
    .activation(activation[15:8]),
    .nonzero(nonzero[1]),
    .negative(negative[1]),
    .operand(adder_tree_operand[15:8]),
    .carry(adder_tree_carry[1])
  );

  ternary_lane ternary_lane_2 (
    .clock(clock),
    .activation(activation[23:16]),
    .nonzero(nonzero[2]),
    .negative(negative[2]),
    .operand(adder_tree_operand[23:16]),
    .carry(adder_tree_carry[2])
  );

  adder_tree adder_tree (
    .clock(clock),
    .operand(adder_tree_operand),
    .carry(adder_tree_carry),
    .sum(adder_tree_sum),
    .sum_carry(adder_tree_sum_carry)
  );

  slot_memory slot_memory (
    .clock(clock),
    .write(accumulate),
    .slot(slot),
    .write_data(total),
    .read_data(slot_memory_read_data)
  );
endmodule

// One trit times one activation: the activation, 0, or the complement with a carry of 1.
module ternary_lane (
  input  wire       clock,
  input  wire [7:0] activation,
  input  wire       nonzero,
  input  wire       negative,
  output reg  [7:0] operand,
  output reg        carry
);
  always @(posedge clock)
    operand <= {8{nonzero}} & (activation ^ {8{negative}});
  always @(posedge clock)
    carry <= negative;
endmodule

// The sum of all lanes, one registered level at a time.
module adder_tree (
  input  wire        clock,
  input  wire [23:0] operand,
  input  wire [2:0]  carry,
  output wire [9:0]  sum,
  output wire        sum_carry
);
  wire [17:0] adder_level_0_sum;
  wire [1:0] adder_level_0_sum_carry;

  adder_level_0 adder_level_0 (
    .clock(clock),
    .operand(operand),
    .carry(carry),
    .sum(adder_level_0_sum),
    .sum_carry(adder_level_0_sum_carry)
  );

  adder_level_1 adder_level_1 (
    .clock(clock),
    .operand(adder_level_0_sum),
    .carry(adder_level_0_sum_carry),
    .sum(sum),
    .sum_carry(sum_carry)
  );
endmodule

// Sums of neighbours. The left carry is added here, the right one is handed to the next level.
module adder_level_0 (
  input  wire        clock,
  input  wire [23:0] operand,
  input  wire [2:0]  carry,
  output reg  [17:0] sum,
  output reg  [1:0]  sum_carry
);
  wire [17:0] sum_register_d;
  wire [1:0] carry_register_d;

  assign sum_register_d[8:0] = {operand[7], operand[7:0]} + {operand[15], operand[15:8]} + {8'd0, carry[0]};
  assign carry_register_d[0] = carry[1];
  assign sum_register_d[17:9] = {operand[23], operand[23:16]};
  assign carry_register_d[1] = carry[2];

  always @(posedge clock)
    sum <= sum_register_d;
  always @(posedge clock)
    sum_carry <= carry_register_d;
endmodule

// Sums of neighbours. The left carry is added here, the right one is handed to the next level.
module adder_level_1 (
  input  wire        clock,
  input  wire [17:0] operand,
  input  wire [1:0]  carry,
  output reg  [9:0]  sum,
  output reg         sum_carry
);
  always @(posedge clock)
    sum <= {operand[8], operand[8:0]} + {operand[17], operand[17:9]} + {9'd0, carry[0]};
  always @(posedge clock)
    sum_carry <= carry[1];
endmodule

module slot_memory (
  input  wire        clock,
  input  wire        write,
  input  wire        slot,
  input  wire [23:0] write_data,
  output wire [23:0] read_data
);
  // One accumulator a token slot, read in the cycle it is addressed.
  reg [23:0] accumulator [0:1];
  assign read_data = accumulator[slot];
  always @(posedge clock)
    if (write) accumulator[slot] <= write_data;
endmodule
