// ternary_engine: a ternary matrix engine without multipliers, weights from an AXI4-Stream.
//
//   array         3 lanes x 2 columns x 2 token slots, accumulators 24 bits
//   streams       weights 8 bits, activations 32 bits, results 2 a beat
//   buffers       8 words of activations, 4 beats of weights, bursts of 2 beats
//   requantiser   1 x 2 dividers
//   timing        a step takes max(tokens, 2) cycles; 9 cycles from activations to their result
//
// Made by: sim verilog --lanes 3 --columns 2 --tokens 2 --stream-bits 8 --acc-bits 24
//   --activation-bits 32 --activation-words 8 --result-lanes 2 --dividers 1
//   --fifo-beats 4 --burst-beats 2 --out DIR

// A ternary matrix engine: weights from an AXI4-Stream.
module ternary_engine (
  input  wire        aclk,
  input  wire        aresetn,
  output wire        irq,
  input  wire [12:0] s_axi_awaddr,
  input  wire [2:0]  s_axi_awprot,
  input  wire        s_axi_awvalid,
  output wire        s_axi_awready,
  input  wire [31:0] s_axi_wdata,
  input  wire [3:0]  s_axi_wstrb,
  input  wire        s_axi_wvalid,
  output wire        s_axi_wready,
  output wire [1:0]  s_axi_bresp,
  output wire        s_axi_bvalid,
  input  wire        s_axi_bready,
  input  wire [12:0] s_axi_araddr,
  input  wire [2:0]  s_axi_arprot,
  input  wire        s_axi_arvalid,
  output wire        s_axi_arready,
  output wire [31:0] s_axi_rdata,
  output wire [1:0]  s_axi_rresp,
  output wire        s_axi_rvalid,
  input  wire        s_axi_rready,
  input  wire        s_axis_weight_tvalid,
  output wire        s_axis_weight_tready,
  input  wire [7:0]  s_axis_weight_tdata,
  input  wire        s_axis_activation_tvalid,
  output wire        s_axis_activation_tready,
  input  wire [31:0] s_axis_activation_tdata,
  input  wire        s_axis_vector_tvalid,
  output wire        s_axis_vector_tready,
  input  wire [63:0] s_axis_vector_tdata,
  output wire        m_axis_result_tvalid,
  input  wire        m_axis_result_tready,
  output wire [63:0] m_axis_result_tdata,
  output wire        m_axis_result_tlast,
  output wire        m_axis_quantized_tvalid,
  input  wire        m_axis_quantized_tready,
  output wire [15:0] m_axis_quantized_tdata,
  output wire        m_axis_quantized_tlast
);
  wire reset;
  wire engine_fetch_push;
  wire [20:0] engine_fetch_n;
  wire [23:0] engine_fetch_k;
  wire [63:0] engine_fetch_address;
  wire engine_aborting;
  wire engine_weight_taken;

  assign reset = ~aresetn;
  wire unused = &{1'b0, engine_fetch_push, engine_fetch_n, engine_fetch_k, engine_fetch_address, engine_aborting, engine_weight_taken};

  engine engine (
    .clock(aclk),
    .reset(reset),
    .awaddr(s_axi_awaddr),
    .awprot(s_axi_awprot),
    .awvalid(s_axi_awvalid),
    .awready(s_axi_awready),
    .wdata(s_axi_wdata),
    .wstrb(s_axi_wstrb),
    .wvalid(s_axi_wvalid),
    .wready(s_axi_wready),
    .bresp(s_axi_bresp),
    .bvalid(s_axi_bvalid),
    .bready(s_axi_bready),
    .araddr(s_axi_araddr),
    .arprot(s_axi_arprot),
    .arvalid(s_axi_arvalid),
    .arready(s_axi_arready),
    .rdata(s_axi_rdata),
    .rresp(s_axi_rresp),
    .rvalid(s_axi_rvalid),
    .rready(s_axi_rready),
    .weight_valid(s_axis_weight_tvalid),
    .weight_ready(s_axis_weight_tready),
    .weight_data(s_axis_weight_tdata),
    .activation_valid(s_axis_activation_tvalid),
    .activation_ready(s_axis_activation_tready),
    .activation_data(s_axis_activation_tdata),
    .vector_valid(s_axis_vector_tvalid),
    .vector_ready(s_axis_vector_tready),
    .vector_data(s_axis_vector_tdata),
    .result_valid(m_axis_result_tvalid),
    .result_ready(m_axis_result_tready),
    .result_data(m_axis_result_tdata),
    .result_last(m_axis_result_tlast),
    .quantized_valid(m_axis_quantized_tvalid),
    .quantized_ready(m_axis_quantized_tready),
    .quantized_data(m_axis_quantized_tdata),
    .quantized_last(m_axis_quantized_tlast),
    .fetch_push(engine_fetch_push),
    .fetch_n(engine_fetch_n),
    .fetch_k(engine_fetch_k),
    .fetch_address(engine_fetch_address),
    .aborting(engine_aborting),
    .weight_taken(engine_weight_taken),
    .fetch_idle(1'd1),
    .fetch_slverr(1'd0),
    .fetch_decerr(1'd0),
    .irq(irq)
  );
endmodule

// Registers, buffers and the array. Weights come from whoever holds this.
module engine (
  input  wire        clock,
  input  wire        reset,
  input  wire [12:0] awaddr,
  input  wire [2:0]  awprot,
  input  wire        awvalid,
  output wire        awready,
  input  wire [31:0] wdata,
  input  wire [3:0]  wstrb,
  input  wire        wvalid,
  output wire        wready,
  output wire [1:0]  bresp,
  output wire        bvalid,
  input  wire        bready,
  input  wire [12:0] araddr,
  input  wire [2:0]  arprot,
  input  wire        arvalid,
  output wire        arready,
  output wire [31:0] rdata,
  output wire [1:0]  rresp,
  output wire        rvalid,
  input  wire        rready,
  input  wire        weight_valid,
  output wire        weight_ready,
  input  wire [7:0]  weight_data,
  input  wire        activation_valid,
  output wire        activation_ready,
  input  wire [31:0] activation_data,
  input  wire        vector_valid,
  output wire        vector_ready,
  input  wire [63:0] vector_data,
  output wire        result_valid,
  input  wire        result_ready,
  output wire [63:0] result_data,
  output wire        result_last,
  output wire        quantized_valid,
  input  wire        quantized_ready,
  output wire [15:0] quantized_data,
  output wire        quantized_last,
  output wire        fetch_push,
  output wire [20:0] fetch_n,
  output wire [23:0] fetch_k,
  output wire [63:0] fetch_address,
  output wire        aborting,
  output wire        weight_taken,
  input  wire        fetch_idle,
  input  wire        fetch_slverr,
  input  wire        fetch_decerr,
  output wire        irq
);
  wire flush;
  wire axi_lite_write;
  wire axi_lite_read;
  wire [10:0] axi_lite_address;
  wire [31:0] axi_lite_write_data;
  wire csr_write_error;
  wire [31:0] csr_read_data;
  wire csr_read_error;
  wire csr_job_push;
  wire [20:0] csr_job_n;
  wire [23:0] csr_job_k;
  wire [10:0] csr_job_tokens;
  wire [4:0] csr_job_flags;
  wire csr_aborting;
  wire csr_maximum_access;
  wire csr_maximum_slot;
  wire csr_maximum_write;
  wire [31:0] csr_maximum_write_data;
  wire job_queue_busy;
  wire [7:0] job_queue_free_slots;
  wire job_queue_issue_valid;
  wire [20:0] job_queue_issue_n;
  wire [23:0] job_queue_issue_k;
  wire [10:0] job_queue_issue_tokens;
  wire job_queue_issue_keep;
  wire job_queue_collect_valid;
  wire [20:0] job_queue_collect_n;
  wire [10:0] job_queue_collect_tokens;
  wire [3:0] job_queue_collect_flags;
  wire matrix_unit_job_ready;
  wire matrix_unit_weight_ready;
  wire matrix_unit_activation_ready;
  wire matrix_unit_values_valid;
  wire [47:0] matrix_unit_values_data;
  wire matrix_unit_weight_taken;
  wire matrix_unit_invalid_code;
  wire matrix_unit_overflow;
  wire matrix_unit_issued;
  wire matrix_unit_weight_starved;
  wire matrix_unit_activation_starved;
  wire matrix_unit_output_blocked;
  wire vector_input_output_valid;
  wire [63:0] vector_input_output_data;
  wire vector_input_output_last;
  wire result_sequencer_job_ready;
  wire result_sequencer_values_ready;
  wire result_sequencer_last_group;
  wire result_sequencer_vector_ready;
  wire result_sequencer_beat_valid;
  wire [63:0] result_sequencer_beat_data;
  wire result_sequencer_beat_slot;
  wire result_sequencer_beat_fresh;
  wire result_sequencer_beat_last;
  wire result_sequencer_beat_raw;
  wire result_sequencer_beat_maximum;
  wire result_sequencer_beat_scale;
  wire requantizer_beat_ready;
  wire requantizer_result_valid;
  wire [63:0] requantizer_result_data;
  wire requantizer_result_last;
  wire requantizer_quantized_valid;
  wire [15:0] requantizer_quantized_data;
  wire requantizer_quantized_last;
  wire [31:0] requantizer_maximum_read_data;
  wire requantizer_done;
  wire requantizer_idle;
  wire result_output_input_ready;
  wire result_output_output_valid;
  wire quantized_output_input_ready;
  wire quantized_output_output_valid;

  assign flush = reset | csr_aborting;
  assign aborting = csr_aborting;
  assign fetch_push = csr_job_push & ~csr_job_flags[0];
  assign fetch_n = csr_job_n;
  assign fetch_k = csr_job_k;
  assign weight_ready = matrix_unit_weight_ready | csr_aborting;
  assign weight_taken = matrix_unit_weight_taken;
  assign activation_ready = matrix_unit_activation_ready | csr_aborting;
  assign result_valid = result_output_output_valid;
  assign quantized_valid = quantized_output_output_valid;
  wire unused = &{1'b0, vector_input_output_last, requantizer_idle};

  axi_lite axi_lite (
    .clock(clock),
    .reset(reset),
    .awaddr(awaddr),
    .awprot(awprot),
    .awvalid(awvalid),
    .awready(awready),
    .wdata(wdata),
    .wstrb(wstrb),
    .wvalid(wvalid),
    .wready(wready),
    .bresp(bresp),
    .bvalid(bvalid),
    .bready(bready),
    .araddr(araddr),
    .arprot(arprot),
    .arvalid(arvalid),
    .arready(arready),
    .rdata(rdata),
    .rresp(rresp),
    .rvalid(rvalid),
    .rready(rready),
    .write(axi_lite_write),
    .read(axi_lite_read),
    .address(axi_lite_address),
    .write_data(axi_lite_write_data),
    .write_error(csr_write_error),
    .read_data(csr_read_data),
    .read_error(csr_read_error)
  );

  csr csr (
    .clock(clock),
    .reset(reset),
    .write(axi_lite_write),
    .read(axi_lite_read),
    .address(axi_lite_address),
    .write_data(axi_lite_write_data),
    .write_error(csr_write_error),
    .read_data(csr_read_data),
    .read_error(csr_read_error),
    .job_push(csr_job_push),
    .job_ready(|job_queue_free_slots),
    .job_n(csr_job_n),
    .job_k(csr_job_k),
    .job_tokens(csr_job_tokens),
    .job_flags(csr_job_flags),
    .job_address(fetch_address),
    .aborting(csr_aborting),
    .busy(job_queue_busy),
    .aborted(csr_aborting & fetch_idle & ~result_output_output_valid & ~quantized_output_output_valid),
    .free_slots(job_queue_free_slots),
    .job_done(requantizer_done),
    .invalid_code(matrix_unit_invalid_code),
    .overflow(matrix_unit_overflow),
    .read_slverr(fetch_slverr),
    .read_decerr(fetch_decerr),
    .issued(matrix_unit_issued),
    .weight_starved(matrix_unit_weight_starved),
    .activation_starved(matrix_unit_activation_starved),
    .output_blocked(matrix_unit_output_blocked),
    .weight_beat(matrix_unit_weight_taken),
    .activation_beat(activation_valid & matrix_unit_activation_ready & ~csr_aborting),
    .result_beat(result_sequencer_beat_valid & requantizer_beat_ready),
    .maximum_access(csr_maximum_access),
    .maximum_slot(csr_maximum_slot),
    .maximum_write(csr_maximum_write),
    .maximum_write_data(csr_maximum_write_data),
    .maximum_read_data(requantizer_maximum_read_data),
    .irq(irq)
  );

  job_queue job_queue (
    .clock(clock),
    .reset(flush),
    .push(csr_job_push),
    .n(csr_job_n),
    .k(csr_job_k),
    .tokens(csr_job_tokens),
    .flags(csr_job_flags),
    .done(requantizer_done),
    .busy(job_queue_busy),
    .free_slots(job_queue_free_slots),
    .issue_valid(job_queue_issue_valid),
    .issue_ready(matrix_unit_job_ready),
    .issue_n(job_queue_issue_n),
    .issue_k(job_queue_issue_k),
    .issue_tokens(job_queue_issue_tokens),
    .issue_keep(job_queue_issue_keep),
    .collect_valid(job_queue_collect_valid),
    .collect_ready(result_sequencer_job_ready),
    .collect_n(job_queue_collect_n),
    .collect_tokens(job_queue_collect_tokens),
    .collect_flags(job_queue_collect_flags)
  );

  matrix_unit matrix_unit (
    .clock(clock),
    .reset(flush),
    .job_valid(job_queue_issue_valid),
    .job_ready(matrix_unit_job_ready),
    .job_n(job_queue_issue_n),
    .job_k(job_queue_issue_k),
    .job_tokens(job_queue_issue_tokens),
    .job_keep(job_queue_issue_keep),
    .weight_valid(weight_valid),
    .weight_ready(matrix_unit_weight_ready),
    .weight_data(weight_data),
    .activation_valid(activation_valid),
    .activation_ready(matrix_unit_activation_ready),
    .activation_data(activation_data),
    .values_valid(matrix_unit_values_valid),
    .values_ready(result_sequencer_values_ready),
    .values_data(matrix_unit_values_data),
    .last_group(result_sequencer_last_group),
    .weight_taken(matrix_unit_weight_taken),
    .invalid_code(matrix_unit_invalid_code),
    .overflow(matrix_unit_overflow),
    .issued(matrix_unit_issued),
    .weight_starved(matrix_unit_weight_starved),
    .activation_starved(matrix_unit_activation_starved),
    .output_blocked(matrix_unit_output_blocked)
  );

  stream_register_vector_input vector_input (
    .clock(clock),
    .reset(reset),
    .input_valid(vector_valid),
    .input_ready(vector_ready),
    .input_data(vector_data),
    .input_last(1'd0),
    .output_valid(vector_input_output_valid),
    .output_ready(result_sequencer_vector_ready | csr_aborting),
    .output_data(vector_input_output_data),
    .output_last(vector_input_output_last)
  );

  result_sequencer result_sequencer (
    .clock(clock),
    .reset(flush),
    .job_valid(job_queue_collect_valid),
    .job_ready(result_sequencer_job_ready),
    .job_n(job_queue_collect_n),
    .job_tokens(job_queue_collect_tokens),
    .job_flags(job_queue_collect_flags),
    .values_valid(matrix_unit_values_valid),
    .values_ready(result_sequencer_values_ready),
    .values_data(matrix_unit_values_data),
    .last_group(result_sequencer_last_group),
    .vector_valid(vector_input_output_valid),
    .vector_ready(result_sequencer_vector_ready),
    .vector_data(vector_input_output_data),
    .beat_valid(result_sequencer_beat_valid),
    .beat_ready(requantizer_beat_ready),
    .beat_data(result_sequencer_beat_data),
    .beat_slot(result_sequencer_beat_slot),
    .beat_fresh(result_sequencer_beat_fresh),
    .beat_last(result_sequencer_beat_last),
    .beat_raw(result_sequencer_beat_raw),
    .beat_maximum(result_sequencer_beat_maximum),
    .beat_scale(result_sequencer_beat_scale)
  );

  requantizer requantizer (
    .clock(clock),
    .reset(flush),
    .beat_valid(result_sequencer_beat_valid),
    .beat_ready(requantizer_beat_ready),
    .beat_data(result_sequencer_beat_data),
    .beat_slot(result_sequencer_beat_slot),
    .beat_fresh(result_sequencer_beat_fresh),
    .beat_last(result_sequencer_beat_last),
    .beat_raw(result_sequencer_beat_raw),
    .beat_maximum(result_sequencer_beat_maximum),
    .beat_scale(result_sequencer_beat_scale),
    .result_valid(requantizer_result_valid),
    .result_ready(result_output_input_ready),
    .result_data(requantizer_result_data),
    .result_last(requantizer_result_last),
    .quantized_valid(requantizer_quantized_valid),
    .quantized_ready(quantized_output_input_ready),
    .quantized_data(requantizer_quantized_data),
    .quantized_last(requantizer_quantized_last),
    .maximum_access(csr_maximum_access),
    .maximum_slot(csr_maximum_slot),
    .maximum_write(csr_maximum_write),
    .maximum_write_data(csr_maximum_write_data),
    .maximum_read_data(requantizer_maximum_read_data),
    .done(requantizer_done),
    .idle(requantizer_idle)
  );

  stream_register_vector_input result_output (
    .clock(clock),
    .reset(reset),
    .input_valid(requantizer_result_valid),
    .input_ready(result_output_input_ready),
    .input_data(requantizer_result_data),
    .input_last(requantizer_result_last),
    .output_valid(result_output_output_valid),
    .output_ready(result_ready),
    .output_data(result_data),
    .output_last(result_last)
  );

  stream_register_quantized_output quantized_output (
    .clock(clock),
    .reset(reset),
    .input_valid(requantizer_quantized_valid),
    .input_ready(quantized_output_input_ready),
    .input_data(requantizer_quantized_data),
    .input_last(requantizer_quantized_last),
    .output_valid(quantized_output_output_valid),
    .output_ready(quantized_ready),
    .output_data(quantized_data),
    .output_last(quantized_last)
  );
endmodule

// An AXI4-Lite slave: transactions in, one register access at a time out.
module axi_lite (
  input  wire        clock,
  input  wire        reset,
  input  wire [12:0] awaddr,
  input  wire [2:0]  awprot,
  input  wire        awvalid,
  output wire        awready,
  input  wire [31:0] wdata,
  input  wire [3:0]  wstrb,
  input  wire        wvalid,
  output wire        wready,
  output wire [1:0]  bresp,
  output wire        bvalid,
  input  wire        bready,
  input  wire [12:0] araddr,
  input  wire [2:0]  arprot,
  input  wire        arvalid,
  output wire        arready,
  output wire [31:0] rdata,
  output wire [1:0]  rresp,
  output wire        rvalid,
  input  wire        rready,
  output wire        write,
  output wire        read,
  output reg  [10:0] address,
  output reg  [31:0] write_data,
  input  wire        write_error,
  input  wire [31:0] read_data,
  input  wire        read_error
);
  wire grant_write;
  wire grant_read;
  localparam [1:0] SLVERR = 2'd2;
  reg aw_held;
  reg [10:0] aw_address;
  reg w_held;
  reg w_full;
  reg ar_held;
  reg [10:0] ar_address;
  reg write_turn;
  reg read_turn;
  reg b_held;
  reg b_error;
  reg r_held;

  assign awready = ~aw_held;
  assign wready = ~w_held;
  assign arready = ~ar_held;
  assign grant_write = aw_held & w_held & ~(write_turn | b_held);
  assign grant_read = ar_held & ~(read_turn | r_held | grant_write);
  assign write = write_turn & w_full;
  assign read = read_turn;
  assign bvalid = b_held;
  assign bresp = {2{b_error}} & SLVERR;
  assign rvalid = r_held;
  assign rdata = read_data;
  assign rresp = {2{read_error}} & SLVERR;
  wire unused = &{1'b0, awaddr[1:0], awprot, araddr[1:0], arprot};

  always @(*) begin
    if (write_turn) begin
      address = aw_address;
    end else begin
      address = ar_address;
    end
  end
  always @(posedge clock)
    if (reset) aw_held <= 1'd0;
    else if (awvalid | write_turn) aw_held <= ~write_turn;
  always @(posedge clock)
    if (awvalid & ~aw_held) aw_address <= awaddr[12:2];
  always @(posedge clock)
    if (reset) w_held <= 1'd0;
    else if (wvalid | write_turn) w_held <= ~write_turn;
  always @(posedge clock)
    if (wvalid & ~w_held) write_data <= wdata;
  always @(posedge clock)
    if (wvalid & ~w_held) w_full <= &wstrb;
  always @(posedge clock)
    if (reset) ar_held <= 1'd0;
    else if (arvalid | read_turn) ar_held <= ~read_turn;
  always @(posedge clock)
    if (arvalid & ~ar_held) ar_address <= araddr[12:2];
  always @(posedge clock)
    if (reset) write_turn <= 1'd0;
    else write_turn <= grant_write;
  always @(posedge clock)
    if (reset) read_turn <= 1'd0;
    else read_turn <= grant_read;
  always @(posedge clock)
    if (reset) b_held <= 1'd0;
    else if (write_turn | bready) b_held <= write_turn;
  always @(posedge clock)
    if (write_turn) b_error <= write_error | ~w_full;
  always @(posedge clock)
    if (reset) r_held <= 1'd0;
    else if (read_turn | rready) r_held <= read_turn;
endmodule

// The registers of an engine: what a driver reads and writes.
module csr (
  input  wire        clock,
  input  wire        reset,
  input  wire        write,
  input  wire        read,
  input  wire [10:0] address,
  input  wire [31:0] write_data,
  output wire        write_error,
  output reg  [31:0] read_data,
  output reg         read_error,
  output wire        job_push,
  input  wire        job_ready,
  output wire [20:0] job_n,
  output wire [23:0] job_k,
  output wire [10:0] job_tokens,
  output wire [4:0]  job_flags,
  output wire [63:0] job_address,
  output wire        aborting,
  input  wire        busy,
  input  wire        aborted,
  input  wire [7:0]  free_slots,
  input  wire        job_done,
  input  wire        invalid_code,
  input  wire        overflow,
  input  wire        read_slverr,
  input  wire        read_decerr,
  input  wire        issued,
  input  wire        weight_starved,
  input  wire        activation_starved,
  input  wire        output_blocked,
  input  wire        weight_beat,
  input  wire        activation_beat,
  input  wire        result_beat,
  output wire        maximum_access,
  output wire        maximum_slot,
  output wire        maximum_write,
  output wire [31:0] maximum_write_data,
  input  wire [31:0] maximum_read_data,
  output wire        irq
);
  wire [7:0] count;
  wire [31:0] status;
  wire [4:0] error_set;
  wire [4:0] error_clear;
  wire [1:0] interrupt_status;
  wire clear_counters;
  wire at_start;
  wire at_maximum;
  wire start_accepted;
  wire start;
  localparam [10:0] IDENTITY_AT_0 = 11'd0;
  localparam [10:0] IDENTITY_AT_1 = 11'd1;
  localparam [10:0] IDENTITY_AT_2 = 11'd2;
  localparam [10:0] IDENTITY_AT_3 = 11'd3;
  localparam [10:0] IDENTITY_AT_4 = 11'd4;
  localparam [10:0] IDENTITY_AT_5 = 11'd5;
  localparam [10:0] IDENTITY_AT_6 = 11'd6;
  localparam [10:0] IDENTITY_AT_7 = 11'd7;
  localparam [10:0] IDENTITY_AT_8 = 11'd8;
  localparam [10:0] IDENTITY_AT_9 = 11'd9;
  localparam [10:0] IDENTITY_AT_10 = 11'd10;
  localparam [10:0] IDENTITY_AT_11 = 11'd11;
  localparam [10:0] STATE_AT_0 = 11'd16;
  localparam [10:0] STATE_AT_1 = 11'd17;
  localparam [10:0] STATE_AT_2 = 11'd18;
  localparam [10:0] STATE_AT_3 = 11'd19;
  localparam [10:0] STATE_AT_4 = 11'd20;
  localparam [10:0] STATE_AT_5 = 11'd21;
  localparam [10:0] COUNTED_AT_0 = 11'd48;
  localparam [10:0] COUNTED_AT_1 = 11'd49;
  localparam [10:0] COUNTED_AT_2 = 11'd50;
  localparam [10:0] COUNTED_AT_3 = 11'd51;
  localparam [10:0] COUNTED_AT_4 = 11'd52;
  localparam [10:0] COUNTED_AT_5 = 11'd53;
  localparam [10:0] COUNTED_AT_6 = 11'd54;
  localparam [10:0] COUNTED_AT_7 = 11'd55;
  localparam [31:0] IDENTIFICATION_0 = 32'd1414091348;
  localparam [31:0] IDENTIFICATION_1 = 32'd65538;
  localparam [31:0] IDENTIFICATION_2 = 32'd3;
  localparam [31:0] IDENTIFICATION_3 = 32'd2;
  localparam [31:0] IDENTIFICATION_4 = 32'd2;
  localparam [31:0] IDENTIFICATION_5 = 32'd8;
  localparam [31:0] IDENTIFICATION_6 = 32'd24;
  localparam [31:0] IDENTIFICATION_7 = 32'd32;
  localparam [31:0] IDENTIFICATION_8 = 32'd8;
  localparam [31:0] IDENTIFICATION_9 = 32'd2;
  localparam [31:0] IDENTIFICATION_10 = 32'd4;
  localparam [31:0] IDENTIFICATION_11 = 32'd0;
  localparam [10:0] JOB_START = 11'd38;
  localparam [11:0] FIRST_MAXIMUM = 12'd1024;
  localparam [11:0] BEYOND_MAXIMA = 12'd1026;
  localparam [31:0] ABORT_BIT = 32'd1;
  localparam [31:0] CLEAR_BIT = 32'd2;
  localparam [7:0] BUSY_BIT = 8'd1;
  localparam [7:0] ABORTED_BIT = 8'd2;
  localparam [7:0] NO_STATUS = 8'd0;
  localparam [4:0] INVALID_CODE_BIT = 5'd1;
  localparam [4:0] OVERFLOW_BIT = 5'd2;
  localparam [4:0] REFUSED_BIT = 5'd4;
  localparam [4:0] SLVERR_BIT = 5'd8;
  localparam [4:0] DECERR_BIT = 5'd16;
  localparam [1:0] JOB_DONE_BIT = 2'd1;
  localparam [1:0] ERROR_BIT = 2'd2;
  wire job_registers_known;
  wire [31:0] job_registers_selected;
  wire job_registers_legal;
  wire [11:0] identity_hit;
  wire [383:0] identity_value;
  wire identity_known;
  wire [31:0] identity_selected;
  wire [5:0] state_hit;
  wire [191:0] state_value;
  wire state_known;
  wire [31:0] state_selected;
  wire [7:0] counted_hit;
  wire [255:0] counted_value;
  wire counted_known;
  wire [31:0] counted_selected;
  reg [31:0] counter_0;
  reg [31:0] counter_1;
  reg [31:0] counter_2;
  reg [31:0] counter_3;
  reg [31:0] counter_4;
  reg [31:0] counter_5;
  reg [31:0] counter_6;
  reg [31:0] counter_7;
  reg abort_register;
  reg [31:0] status_register;
  reg [4:0] error_register;
  reg [1:0] interrupt_enable;
  reg job_done_register;
  reg [31:0] jobs_done;

  assign identity_hit[0] = address == IDENTITY_AT_0;
  assign identity_hit[1] = address == IDENTITY_AT_1;
  assign identity_hit[2] = address == IDENTITY_AT_2;
  assign identity_hit[3] = address == IDENTITY_AT_3;
  assign identity_hit[4] = address == IDENTITY_AT_4;
  assign identity_hit[5] = address == IDENTITY_AT_5;
  assign identity_hit[6] = address == IDENTITY_AT_6;
  assign identity_hit[7] = address == IDENTITY_AT_7;
  assign identity_hit[8] = address == IDENTITY_AT_8;
  assign identity_hit[9] = address == IDENTITY_AT_9;
  assign identity_hit[10] = address == IDENTITY_AT_10;
  assign identity_hit[11] = address == IDENTITY_AT_11;
  assign state_hit[0] = address == STATE_AT_0;
  assign state_hit[1] = address == STATE_AT_1;
  assign state_hit[2] = address == STATE_AT_2;
  assign state_hit[3] = address == STATE_AT_3;
  assign state_hit[4] = address == STATE_AT_4;
  assign state_hit[5] = address == STATE_AT_5;
  assign counted_hit[0] = address == COUNTED_AT_0;
  assign counted_hit[1] = address == COUNTED_AT_1;
  assign counted_hit[2] = address == COUNTED_AT_2;
  assign counted_hit[3] = address == COUNTED_AT_3;
  assign counted_hit[4] = address == COUNTED_AT_4;
  assign counted_hit[5] = address == COUNTED_AT_5;
  assign counted_hit[6] = address == COUNTED_AT_6;
  assign counted_hit[7] = address == COUNTED_AT_7;
  assign at_start = address == JOB_START;
  assign at_maximum = ((FIRST_MAXIMUM <= {1'd0, address}) && ({1'd0, address} < BEYOND_MAXIMA)) && ~busy;
  assign start_accepted = job_registers_legal & job_ready & ~abort_register;
  assign start = write & at_start;
  assign job_push = start & start_accepted;
  assign aborting = abort_register;
  assign clear_counters = (write && state_hit[0]) && |(write_data & CLEAR_BIT);
  assign status[7:0] = ({8{busy}} & BUSY_BIT) | ({8{aborted}} & ABORTED_BIT);
  assign status[15:8] = free_slots;
  assign status[23:16] = NO_STATUS;
  assign status[31:24] = NO_STATUS;
  assign error_set = ({5{invalid_code}} & INVALID_CODE_BIT) | ({5{overflow}} & OVERFLOW_BIT) | ({5{start & ~start_accepted}} & REFUSED_BIT) | ({5{read_slverr}} & SLVERR_BIT) | ({5{read_decerr}} & DECERR_BIT);
  assign error_clear = {5{write & state_hit[2]}} & write_data[4:0];
  assign interrupt_status = ({2{job_done_register}} & JOB_DONE_BIT) | ({2{|error_register}} & ERROR_BIT);
  assign irq = |(interrupt_enable & interrupt_status);
  assign count[0] = busy;
  assign count[1] = issued;
  assign count[2] = weight_starved;
  assign count[3] = activation_starved;
  assign count[4] = output_blocked;
  assign count[5] = weight_beat;
  assign count[6] = activation_beat;
  assign count[7] = result_beat;
  assign counted_value[31:0] = counter_0;
  assign counted_value[63:32] = counter_1;
  assign counted_value[95:64] = counter_2;
  assign counted_value[127:96] = counter_3;
  assign counted_value[159:128] = counter_4;
  assign counted_value[191:160] = counter_5;
  assign counted_value[223:192] = counter_6;
  assign counted_value[255:224] = counter_7;
  assign maximum_access = at_maximum & (write | read);
  assign maximum_write = at_maximum & write;
  assign maximum_slot = address[0];
  assign maximum_write_data = write_data;
  assign identity_value[31:0] = IDENTIFICATION_0;
  assign identity_value[63:32] = IDENTIFICATION_1;
  assign identity_value[95:64] = IDENTIFICATION_2;
  assign identity_value[127:96] = IDENTIFICATION_3;
  assign identity_value[159:128] = IDENTIFICATION_4;
  assign identity_value[191:160] = IDENTIFICATION_5;
  assign identity_value[223:192] = IDENTIFICATION_6;
  assign identity_value[255:224] = IDENTIFICATION_7;
  assign identity_value[287:256] = IDENTIFICATION_8;
  assign identity_value[319:288] = IDENTIFICATION_9;
  assign identity_value[351:320] = IDENTIFICATION_10;
  assign identity_value[383:352] = IDENTIFICATION_11;
  assign state_value[31:0] = {32{abort_register}} & ABORT_BIT;
  assign state_value[63:32] = status_register;
  assign state_value[95:64] = {27'd0, error_register};
  assign state_value[127:96] = {30'd0, interrupt_enable};
  assign state_value[159:128] = {30'd0, interrupt_status};
  assign state_value[191:160] = jobs_done;
  assign write_error = ~(state_hit[0] | state_hit[2] | state_hit[3] | state_hit[4] | job_registers_known | (at_start & start_accepted) | at_maximum);

  always @(posedge clock)
    if (reset | clear_counters) counter_0 <= 32'd0;
    else if (count[0]) counter_0 <= counter_0 + 32'd1;
  always @(posedge clock)
    if (reset | clear_counters) counter_1 <= 32'd0;
    else if (count[1]) counter_1 <= counter_1 + 32'd1;
  always @(posedge clock)
    if (reset | clear_counters) counter_2 <= 32'd0;
    else if (count[2]) counter_2 <= counter_2 + 32'd1;
  always @(posedge clock)
    if (reset | clear_counters) counter_3 <= 32'd0;
    else if (count[3]) counter_3 <= counter_3 + 32'd1;
  always @(posedge clock)
    if (reset | clear_counters) counter_4 <= 32'd0;
    else if (count[4]) counter_4 <= counter_4 + 32'd1;
  always @(posedge clock)
    if (reset | clear_counters) counter_5 <= 32'd0;
    else if (count[5]) counter_5 <= counter_5 + 32'd1;
  always @(posedge clock)
    if (reset | clear_counters) counter_6 <= 32'd0;
    else if (count[6]) counter_6 <= counter_6 + 32'd1;
  always @(posedge clock)
    if (reset | clear_counters) counter_7 <= 32'd0;
    else if (count[7]) counter_7 <= counter_7 + 32'd1;
  always @(posedge clock)
    if (reset) abort_register <= 1'd0;
    else if (write & state_hit[0]) abort_register <= |(write_data & ABORT_BIT);
  always @(posedge clock)
    status_register <= status;
  always @(posedge clock)
    if (reset) error_register <= 5'd0;
    else error_register <= error_set | (error_register & ~error_clear);
  always @(posedge clock)
    if (reset) interrupt_enable <= 2'd0;
    else if (write & state_hit[3]) interrupt_enable <= write_data[1:0];
  always @(posedge clock)
    if (reset) job_done_register <= 1'd0;
    else if (job_done || ((write && state_hit[4]) && |(write_data[1:0] & JOB_DONE_BIT))) job_done_register <= job_done;
  always @(posedge clock)
    if (reset) jobs_done <= 32'd0;
    else if (job_done) jobs_done <= jobs_done + 32'd1;
  always @(posedge clock)
    if (read) read_data <= identity_selected | state_selected | counted_selected | job_registers_selected | ({32{at_maximum}} & maximum_read_data);
  always @(posedge clock)
    if (read) read_error <= ~(identity_known | state_known | counted_known | job_registers_known | at_maximum);

  job_registers job_registers (
    .clock(clock),
    .reset(reset),
    .write(write),
    .address(address),
    .write_data(write_data),
    .known(job_registers_known),
    .selected(job_registers_selected),
    .legal(job_registers_legal),
    .job_n(job_n),
    .job_k(job_k),
    .job_tokens(job_tokens),
    .job_flags(job_flags),
    .job_address(job_address)
  );

  word_select_identity identity (
    .hit(identity_hit),
    .value(identity_value),
    .known(identity_known),
    .selected(identity_selected)
  );

  word_select_select state (
    .hit(state_hit),
    .value(state_value),
    .known(state_known),
    .selected(state_selected)
  );

  word_select_counted counted (
    .hit(counted_hit),
    .value(counted_value),
    .known(counted_known),
    .selected(counted_selected)
  );
endmodule

// The registers that describe the next job, and whether they describe one.
module job_registers (
  input  wire        clock,
  input  wire        reset,
  input  wire        write,
  input  wire [10:0] address,
  input  wire [31:0] write_data,
  output wire        known,
  output wire [31:0] selected,
  output wire        legal,
  output wire [20:0] job_n,
  output wire [23:0] job_k,
  output wire [10:0] job_tokens,
  output wire [4:0]  job_flags,
  output wire [63:0] job_address
);
  localparam [10:0] AT_0 = 11'd32;
  localparam [10:0] AT_1 = 11'd33;
  localparam [10:0] AT_2 = 11'd34;
  localparam [10:0] AT_3 = 11'd35;
  localparam [10:0] AT_4 = 11'd36;
  localparam [10:0] AT_5 = 11'd37;
  localparam [31:0] KEPT_0 = 32'd4294967295;
  localparam [31:0] KEPT_1 = 32'd4294967295;
  localparam [31:0] KEPT_2 = 32'd4294967295;
  localparam [31:0] KEPT_3 = 32'd31;
  localparam [31:0] KEPT_4 = 32'd4294967295;
  localparam [31:0] KEPT_5 = 32'd4294967295;
  wire [63:0] address_halves;
  wire is_vector;
  wire sizes_legal;
  wire flags_legal;
  localparam [31:0] MOST_N = 32'd1048576;
  localparam [31:0] MOST_K = 32'd65535;
  localparam [31:0] MOST_TOKENS = 32'd2;
  localparam [31:0] VECTOR = 32'd1;
  localparam [31:0] KEEP = 32'd16;
  localparam [31:0] MAXIMUM = 32'd4;
  localparam [31:0] SCALE = 32'd8;
  localparam [31:0] OUTPUTS = 32'd14;
  localparam [31:0] MISALIGNED = 32'd0;
  wire [5:0] select_hit;
  wire [191:0] select_value;
  reg [31:0] register_0;
  reg [31:0] register_1;
  reg [31:0] register_2;
  reg [31:0] register_3;
  reg [31:0] register_4;
  reg [31:0] register_5;

  assign select_hit[0] = address == AT_0;
  assign select_value[31:0] = register_0;
  assign select_hit[1] = address == AT_1;
  assign select_value[63:32] = register_1;
  assign select_hit[2] = address == AT_2;
  assign select_value[95:64] = register_2;
  assign select_hit[3] = address == AT_3;
  assign select_value[127:96] = register_3;
  assign select_hit[4] = address == AT_4;
  assign select_value[159:128] = register_4;
  assign select_hit[5] = address == AT_5;
  assign select_value[191:160] = register_5;
  assign address_halves[31:0] = register_4;
  assign address_halves[63:32] = register_5;
  assign job_n = register_0[20:0];
  assign job_k = register_1[23:0];
  assign job_tokens = register_2[10:0];
  assign job_flags = register_3[4:0];
  assign job_address = address_halves;
  assign is_vector = |(register_3 & VECTOR);
  assign sizes_legal = (((|register_0 && (register_0 <= MOST_N)) && |register_2) && (register_2 <= MOST_TOKENS)) && (is_vector || ((|register_1 && (register_1 <= MOST_K)) && ~|(address_halves[31:0] & MISALIGNED)));
  assign flags_legal = (|(register_3 & OUTPUTS) && ~(|(register_3 & MAXIMUM) && |(register_3 & SCALE))) && ~(|(register_3 & KEEP) && is_vector);
  assign legal = sizes_legal & flags_legal;

  always @(posedge clock)
    if (reset) register_0 <= 32'd0;
    else if (write & select_hit[0]) register_0 <= write_data & KEPT_0;
  always @(posedge clock)
    if (reset) register_1 <= 32'd0;
    else if (write & select_hit[1]) register_1 <= write_data & KEPT_1;
  always @(posedge clock)
    if (reset) register_2 <= 32'd0;
    else if (write & select_hit[2]) register_2 <= write_data & KEPT_2;
  always @(posedge clock)
    if (reset) register_3 <= 32'd0;
    else if (write & select_hit[3]) register_3 <= write_data & KEPT_3;
  always @(posedge clock)
    if (reset) register_4 <= 32'd0;
    else if (write & select_hit[4]) register_4 <= write_data & KEPT_4;
  always @(posedge clock)
    if (reset) register_5 <= 32'd0;
    else if (write & select_hit[5]) register_5 <= write_data & KEPT_5;

  word_select_select select (
    .hit(select_hit),
    .value(select_value),
    .known(known),
    .selected(selected)
  );
endmodule

// One of several words, each with a bit that selects it; 0 if none does.
module word_select_select (
  input  wire [5:0]   hit,
  input  wire [191:0] value,
  output wire         known,
  output wire [31:0]  selected
);
  wire [31:0] either_0;
  wire [31:0] either_1;
  wire [31:0] either_2;
  wire [31:0] either_3;
  wire [31:0] either_4;
  wire [31:0] either_5;
  wire any_1;
  wire any_2;
  wire any_3;
  wire any_4;
  wire any_5;

  assign either_0 = {32{hit[0]}} & value[31:0];
  assign either_1 = either_0 | ({32{hit[1]}} & value[63:32]);
  assign any_1 = hit[0] | hit[1];
  assign either_2 = either_1 | ({32{hit[2]}} & value[95:64]);
  assign any_2 = any_1 | hit[2];
  assign either_3 = either_2 | ({32{hit[3]}} & value[127:96]);
  assign any_3 = any_2 | hit[3];
  assign either_4 = either_3 | ({32{hit[4]}} & value[159:128]);
  assign any_4 = any_3 | hit[4];
  assign either_5 = either_4 | ({32{hit[5]}} & value[191:160]);
  assign any_5 = any_4 | hit[5];
  assign selected = either_5;
  assign known = any_5;
endmodule

// One of several words, each with a bit that selects it; 0 if none does.
module word_select_identity (
  input  wire [11:0]  hit,
  input  wire [383:0] value,
  output wire         known,
  output wire [31:0]  selected
);
  wire [31:0] either_0;
  wire [31:0] either_1;
  wire [31:0] either_2;
  wire [31:0] either_3;
  wire [31:0] either_4;
  wire [31:0] either_5;
  wire [31:0] either_6;
  wire [31:0] either_7;
  wire [31:0] either_8;
  wire [31:0] either_9;
  wire [31:0] either_10;
  wire [31:0] either_11;
  wire any_1;
  wire any_2;
  wire any_3;
  wire any_4;
  wire any_5;
  wire any_6;
  wire any_7;
  wire any_8;
  wire any_9;
  wire any_10;
  wire any_11;

  assign either_0 = {32{hit[0]}} & value[31:0];
  assign either_1 = either_0 | ({32{hit[1]}} & value[63:32]);
  assign any_1 = hit[0] | hit[1];
  assign either_2 = either_1 | ({32{hit[2]}} & value[95:64]);
  assign any_2 = any_1 | hit[2];
  assign either_3 = either_2 | ({32{hit[3]}} & value[127:96]);
  assign any_3 = any_2 | hit[3];
  assign either_4 = either_3 | ({32{hit[4]}} & value[159:128]);
  assign any_4 = any_3 | hit[4];
  assign either_5 = either_4 | ({32{hit[5]}} & value[191:160]);
  assign any_5 = any_4 | hit[5];
  assign either_6 = either_5 | ({32{hit[6]}} & value[223:192]);
  assign any_6 = any_5 | hit[6];
  assign either_7 = either_6 | ({32{hit[7]}} & value[255:224]);
  assign any_7 = any_6 | hit[7];
  assign either_8 = either_7 | ({32{hit[8]}} & value[287:256]);
  assign any_8 = any_7 | hit[8];
  assign either_9 = either_8 | ({32{hit[9]}} & value[319:288]);
  assign any_9 = any_8 | hit[9];
  assign either_10 = either_9 | ({32{hit[10]}} & value[351:320]);
  assign any_10 = any_9 | hit[10];
  assign either_11 = either_10 | ({32{hit[11]}} & value[383:352]);
  assign any_11 = any_10 | hit[11];
  assign selected = either_11;
  assign known = any_11;
endmodule

// One of several words, each with a bit that selects it; 0 if none does.
module word_select_counted (
  input  wire [7:0]   hit,
  input  wire [255:0] value,
  output wire         known,
  output wire [31:0]  selected
);
  wire [31:0] either_0;
  wire [31:0] either_1;
  wire [31:0] either_2;
  wire [31:0] either_3;
  wire [31:0] either_4;
  wire [31:0] either_5;
  wire [31:0] either_6;
  wire [31:0] either_7;
  wire any_1;
  wire any_2;
  wire any_3;
  wire any_4;
  wire any_5;
  wire any_6;
  wire any_7;

  assign either_0 = {32{hit[0]}} & value[31:0];
  assign either_1 = either_0 | ({32{hit[1]}} & value[63:32]);
  assign any_1 = hit[0] | hit[1];
  assign either_2 = either_1 | ({32{hit[2]}} & value[95:64]);
  assign any_2 = any_1 | hit[2];
  assign either_3 = either_2 | ({32{hit[3]}} & value[127:96]);
  assign any_3 = any_2 | hit[3];
  assign either_4 = either_3 | ({32{hit[4]}} & value[159:128]);
  assign any_4 = any_3 | hit[4];
  assign either_5 = either_4 | ({32{hit[5]}} & value[191:160]);
  assign any_5 = any_4 | hit[5];
  assign either_6 = either_5 | ({32{hit[6]}} & value[223:192]);
  assign any_6 = any_5 | hit[6];
  assign either_7 = either_6 | ({32{hit[7]}} & value[255:224]);
  assign any_7 = any_6 | hit[7];
  assign selected = either_7;
  assign known = any_7;
endmodule

// Jobs that wait: matrix jobs for the array, every job for its results.
module job_queue (
  input  wire        clock,
  input  wire        reset,
  input  wire        push,
  input  wire [20:0] n,
  input  wire [23:0] k,
  input  wire [10:0] tokens,
  input  wire [4:0]  flags,
  input  wire        done,
  output wire        busy,
  output wire [7:0]  free_slots,
  output wire        issue_valid,
  input  wire        issue_ready,
  output wire [20:0] issue_n,
  output wire [23:0] issue_k,
  output wire [10:0] issue_tokens,
  output wire        issue_keep,
  output wire        collect_valid,
  input  wire        collect_ready,
  output wire [20:0] collect_n,
  output wire [10:0] collect_tokens,
  output wire [3:0]  collect_flags
);
  wire [56:0] issue_record;
  wire [35:0] collect_record;
  localparam [2:0] SLOTS = 3'd4;
  wire issue_queue_input_ready;
  wire [56:0] issue_queue_output_data;
  wire issue_queue_full;
  wire issue_queue_empty;
  wire collect_queue_input_ready;
  wire [35:0] collect_queue_output_data;
  wire collect_queue_full;
  wire collect_queue_empty;
  reg [2:0] used_register_d;
  reg [2:0] used_register;

  assign issue_record[20:0] = n;
  assign issue_record[44:21] = k;
  assign issue_record[55:45] = tokens;
  assign issue_record[56] = flags[4];
  assign issue_n = issue_queue_output_data[20:0];
  assign issue_k = issue_queue_output_data[44:21];
  assign issue_tokens = issue_queue_output_data[55:45];
  assign issue_keep = issue_queue_output_data[56];
  assign collect_record[20:0] = n;
  assign collect_record[31:21] = tokens;
  assign collect_record[35:32] = flags[3:0];
  assign collect_n = collect_queue_output_data[20:0];
  assign collect_tokens = collect_queue_output_data[31:21];
  assign collect_flags = collect_queue_output_data[35:32];
  assign busy = |used_register;
  assign free_slots = {5'd0, SLOTS - used_register};
  wire unused = &{1'b0, issue_queue_input_ready, issue_queue_full, issue_queue_empty, collect_queue_input_ready, collect_queue_full, collect_queue_empty};

  always @(*) begin
    if (push) begin
      used_register_d = used_register + 3'd1;
    end else begin
      used_register_d = used_register - 3'd1;
    end
  end
  always @(posedge clock)
    if (reset) used_register <= 3'd0;
    else if (push ^ done) used_register <= used_register_d;

  stream_fifo_issue_queue issue_queue (
    .clock(clock),
    .reset(reset),
    .input_valid(push & ~flags[0]),
    .input_ready(issue_queue_input_ready),
    .input_data(issue_record),
    .output_valid(issue_valid),
    .output_ready(issue_ready),
    .output_data(issue_queue_output_data),
    .full(issue_queue_full),
    .empty(issue_queue_empty)
  );

  stream_fifo_collect_queue collect_queue (
    .clock(clock),
    .reset(reset),
    .input_valid(push),
    .input_ready(collect_queue_input_ready),
    .input_data(collect_record),
    .output_valid(collect_valid),
    .output_ready(collect_ready),
    .output_data(collect_queue_output_data),
    .full(collect_queue_full),
    .empty(collect_queue_empty)
  );
endmodule

// A queue of beats; the memory's registered read is the beat that is offered.
module stream_fifo_issue_queue (
  input  wire        clock,
  input  wire        reset,
  input  wire        input_valid,
  output wire        input_ready,
  input  wire [56:0] input_data,
  output wire        output_valid,
  input  wire        output_ready,
  output wire [56:0] output_data,
  output wire        full,
  output wire        empty
);
  wire write;
  wire read;
  wire [1:0] queue_rows_write_row;
  wire [1:0] queue_rows_read_row;
  wire queue_rows_full;
  wire queue_rows_stored;
  reg valid_register;

  assign write = input_valid & ~queue_rows_full;
  assign read = queue_rows_stored & (~valid_register | output_ready);
  assign input_ready = ~queue_rows_full;
  assign output_valid = valid_register;
  assign full = queue_rows_full;
  assign empty = ~queue_rows_stored & ~valid_register;

  always @(posedge clock)
    if (reset) valid_register <= 1'd0;
    else if (read | output_ready) valid_register <= read;

  memory_57 beats (
    .clock(clock),
    .write(write),
    .write_address(queue_rows_write_row),
    .write_data(input_data),
    .read(read),
    .read_address(queue_rows_read_row),
    .read_data(output_data)
  );

  queue_rows queue_rows (
    .clock(clock),
    .reset(reset),
    .write(write),
    .take(read),
    .write_row(queue_rows_write_row),
    .read_row(queue_rows_read_row),
    .full(queue_rows_full),
    .stored(queue_rows_stored)
  );
endmodule

module memory_57 (
  input  wire        clock,
  input  wire        write,
  input  wire [1:0]  write_address,
  input  wire [56:0] write_data,
  input  wire        read,
  input  wire [1:0]  read_address,
  output wire [56:0] read_data
);
  (* no_rw_check *) reg [56:0] rows [0:3];
  reg [56:0] row;
  assign read_data = row;
  always @(posedge clock) begin
    if (write) rows[write_address] <= write_data;
    if (read) row <= rows[read_address];
  end
endmodule

// Which rows of a memory a queue uses.
module queue_rows (
  input  wire       clock,
  input  wire       reset,
  input  wire       write,
  input  wire       take,
  output wire [1:0] write_row,
  output wire [1:0] read_row,
  output wire       full,
  output wire       stored
);
  reg [1:0] write_register;
  reg [1:0] read_register;

  assign write_row = write_register;
  assign read_row = read_register;

  always @(posedge clock)
    if (reset) write_register <= 2'd0;
    else if (write) write_register <= write_register + 2'd1;
  always @(posedge clock)
    if (reset) read_register <= 2'd0;
    else if (take) read_register <= read_register + 2'd1;

  occupancy_0 occupancy (
    .clock(clock),
    .reset(reset),
    .enter(write),
    .leave(take),
    .full(full),
    .occupied(stored)
  );
endmodule

// Counts what has entered and not left.
module occupancy_0 (
  input  wire clock,
  input  wire reset,
  input  wire enter,
  input  wire leave,
  output reg  full,
  output reg  occupied
);
  wire changes;
  localparam [1:0] ONE = 2'd1;
  localparam [1:0] LAST_BUT_ONE = 2'd3;
  reg [1:0] count;

  assign changes = enter ^ leave;

  always @(posedge clock)
    if (reset) count <= 2'd0;
    else if (changes) count <= count + ({2{~enter}} | ONE);
  always @(posedge clock)
    if (reset) full <= 1'd0;
    else if (changes) full <= enter & (count == LAST_BUT_ONE);
  always @(posedge clock)
    if (reset) occupied <= 1'd0;
    else if (changes) occupied <= enter | (count != ONE);
endmodule

// A queue of beats; the memory's registered read is the beat that is offered.
module stream_fifo_collect_queue (
  input  wire        clock,
  input  wire        reset,
  input  wire        input_valid,
  output wire        input_ready,
  input  wire [35:0] input_data,
  output wire        output_valid,
  input  wire        output_ready,
  output wire [35:0] output_data,
  output wire        full,
  output wire        empty
);
  wire write;
  wire read;
  wire [1:0] queue_rows_write_row;
  wire [1:0] queue_rows_read_row;
  wire queue_rows_full;
  wire queue_rows_stored;
  reg valid_register;

  assign write = input_valid & ~queue_rows_full;
  assign read = queue_rows_stored & (~valid_register | output_ready);
  assign input_ready = ~queue_rows_full;
  assign output_valid = valid_register;
  assign full = queue_rows_full;
  assign empty = ~queue_rows_stored & ~valid_register;

  always @(posedge clock)
    if (reset) valid_register <= 1'd0;
    else if (read | output_ready) valid_register <= read;

  memory_36 beats (
    .clock(clock),
    .write(write),
    .write_address(queue_rows_write_row),
    .write_data(input_data),
    .read(read),
    .read_address(queue_rows_read_row),
    .read_data(output_data)
  );

  queue_rows queue_rows (
    .clock(clock),
    .reset(reset),
    .write(write),
    .take(read),
    .write_row(queue_rows_write_row),
    .read_row(queue_rows_read_row),
    .full(queue_rows_full),
    .stored(queue_rows_stored)
  );
endmodule

module memory_36 (
  input  wire        clock,
  input  wire        write,
  input  wire [1:0]  write_address,
  input  wire [35:0] write_data,
  input  wire        read,
  input  wire [1:0]  read_address,
  output wire [35:0] read_data
);
  (* no_rw_check *) reg [35:0] rows [0:3];
  reg [35:0] row;
  assign read_data = row;
  always @(posedge clock) begin
    if (write) rows[write_address] <= write_data;
    if (read) row <= rows[read_address];
  end
endmodule

// Matrix jobs in, results of tokens out.
module matrix_unit (
  input  wire        clock,
  input  wire        reset,
  input  wire        job_valid,
  output wire        job_ready,
  input  wire [20:0] job_n,
  input  wire [23:0] job_k,
  input  wire [10:0] job_tokens,
  input  wire        job_keep,
  input  wire        weight_valid,
  output wire        weight_ready,
  input  wire [7:0]  weight_data,
  input  wire        activation_valid,
  output wire        activation_ready,
  input  wire [31:0] activation_data,
  output wire        values_valid,
  input  wire        values_ready,
  output wire [47:0] values_data,
  input  wire        last_group,
  output wire        weight_taken,
  output wire        invalid_code,
  output wire        overflow,
  output wire        issued,
  output wire        weight_starved,
  output wire        activation_starved,
  output wire        output_blocked
);
  wire offered;
  wire issue;
  wire taken;
  wire controller_active;
  wire controller_slot;
  wire controller_first;
  wire controller_last;
  wire controller_release_tile;
  wire controller_free;
  wire controller_rewind;
  wire activation_buffer_word_valid;
  wire [23:0] activation_buffer_word_data;
  wire activation_buffer_full;
  wire weight_stream_beat_valid;
  wire [4:0] weight_stream_beat_zero;
  wire [4:0] weight_stream_beat_sign;
  wire weight_stream_full;
  wire weight_stream_empty;
  wire mac_array_weight_ready;
  wire mac_array_activation_ready;
  wire mac_array_tile_held;
  wire mac_array_result_valid;
  wire mac_array_result_slot;
  wire [47:0] mac_array_result_data;
  wire result_buffer_room;
  wire result_buffer_empty;

  assign taken = weight_stream_beat_valid & mac_array_weight_ready;
  assign weight_taken = taken;
  assign offered = controller_active & activation_buffer_word_valid;
  assign issue = offered & mac_array_activation_ready;
  assign issued = issue;
  assign weight_starved = offered & ~mac_array_tile_held;
  assign output_blocked = offered & mac_array_tile_held & ~mac_array_activation_ready;
  assign activation_starved = controller_active & ~activation_buffer_word_valid;
  wire unused = &{1'b0, activation_buffer_full, weight_stream_full, weight_stream_empty, mac_array_result_slot, result_buffer_empty};

  controller controller (
    .clock(clock),
    .reset(reset),
    .job_valid(job_valid),
    .job_ready(job_ready),
    .job_n(job_n),
    .job_k(job_k),
    .job_tokens(job_tokens),
    .job_keep(job_keep),
    .active(controller_active),
    .step(issue),
    .slot(controller_slot),
    .first(controller_first),
    .last(controller_last),
    .release_tile(controller_release_tile),
    .free(controller_free),
    .rewind(controller_rewind)
  );

  activation_buffer activation_buffer (
    .clock(clock),
    .reset(reset),
    .activation_valid(activation_valid),
    .activation_ready(activation_ready),
    .activation_data(activation_data),
    .word_valid(activation_buffer_word_valid),
    .word_ready(controller_active & mac_array_activation_ready),
    .word_free(controller_free),
    .word_rewind(controller_rewind),
    .word_data(activation_buffer_word_data),
    .wanted(controller_active),
    .full(activation_buffer_full),
    .stuck(overflow)
  );

  weight_stream weight_stream (
    .clock(clock),
    .reset(reset),
    .weight_valid(weight_valid),
    .weight_ready(weight_ready),
    .weight_data(weight_data),
    .beat_valid(weight_stream_beat_valid),
    .beat_ready(mac_array_weight_ready),
    .beat_zero(weight_stream_beat_zero),
    .beat_sign(weight_stream_beat_sign),
    .full(weight_stream_full),
    .empty(weight_stream_empty),
    .invalid(invalid_code)
  );

  mac_array mac_array (
    .clock(clock),
    .reset(reset),
    .weight_valid(weight_stream_beat_valid),
    .weight_ready(mac_array_weight_ready),
    .weight_zero(weight_stream_beat_zero),
    .weight_sign(weight_stream_beat_sign),
    .activation_valid(offered),
    .activation_ready(mac_array_activation_ready),
    .activation_data(activation_buffer_word_data),
    .activation_slot(controller_slot),
    .activation_first(controller_first),
    .activation_last(controller_last),
    .activation_release(controller_release_tile),
    .tile_held(mac_array_tile_held),
    .result_room(result_buffer_room),
    .result_valid(mac_array_result_valid),
    .result_slot(mac_array_result_slot),
    .result_data(mac_array_result_data)
  );

  result_buffer result_buffer (
    .clock(clock),
    .reset(reset),
    .write(mac_array_result_valid),
    .write_data(mac_array_result_data),
    .reserve(issue & controller_last),
    .room(result_buffer_room),
    .values_valid(values_valid),
    .values_ready(values_ready),
    .values_data(values_data),
    .last_group(last_group),
    .empty(result_buffer_empty)
  );
endmodule

// Walks through matrix jobs: for each tile of outputs, for each step of inputs, for each token.
module controller (
  input  wire        clock,
  input  wire        reset,
  input  wire        job_valid,
  output wire        job_ready,
  input  wire [20:0] job_n,
  input  wire [23:0] job_k,
  input  wire [10:0] job_tokens,
  input  wire        job_keep,
  output wire        active,
  input  wire        step,
  output wire        slot,
  output reg         first,
  output wire        last,
  output wire        release_tile,
  output wire        free,
  output wire        rewind
);
  wire load;
  wire at_last_token;
  wire step_end;
  wire tile_end;
  wire job_end;
  wire [10:0] job_last_token;
  reg [23:0] next_k;
  wire at_new_job;
  reg active_register;
  reg keep;
  wire outputs_last;
  wire [21:0] outputs_spare;
  wire inputs_last;
  wire [24:0] inputs_spare;
  reg [23:0] k;
  reg last_token;
  reg token;

  assign at_last_token = token == last_token;
  assign at_new_job = ~active_register | outputs_last;
  assign step_end = step & at_last_token;
  assign tile_end = step_end & inputs_last;
  assign job_end = tile_end & outputs_last;
  assign job_ready = ~active_register | job_end;
  assign load = job_ready & job_valid;
  assign active = active_register;
  assign job_last_token = job_tokens - 11'd1;
  assign slot = token;
  assign last = inputs_last;
  assign release_tile = at_last_token;
  assign free = outputs_last & ~keep;
  assign rewind = at_last_token & inputs_last;
  wire unused = &{1'b0, job_last_token[10:1], outputs_spare, inputs_spare};

  always @(*) begin
    next_k = k;
    if (at_new_job) begin
      next_k = job_k;
    end
  end
  always @(posedge clock)
    if (reset) active_register <= 1'd0;
    else if (job_ready) active_register <= job_valid;
  always @(posedge clock)
    if (load) keep <= job_keep;
  always @(posedge clock)
    if (load) k <= job_k;
  always @(posedge clock)
    if (load) last_token <= job_last_token[0];
  always @(posedge clock)
    if (~active_register | step) token <= active_register & ~at_last_token & (token + 1'd1);
  always @(posedge clock)
    if (~active_register | step_end) first <= ~active_register | inputs_last;

  outputs outputs (
    .clock(clock),
    .advance(~active_register | tile_end),
    .load(at_new_job),
    .size({1'd0, job_n}),
    .last(outputs_last),
    .spare(outputs_spare)
  );

  inputs inputs (
    .clock(clock),
    .advance(~active_register | step_end),
    .load(~active_register | inputs_last),
    .size({1'd0, next_k}),
    .last(inputs_last),
    .spare(inputs_spare)
  );
endmodule

// Counts a size down; the lowest place of the difference makes the carry of a load.
module outputs (
  input  wire        clock,
  input  wire        advance,
  input  wire        load,
  input  wire [21:0] size,
  output wire        last,
  output wire [21:0] spare
);
  reg [21:0] loaded;
  wire [22:0] difference;
  localparam [22:0] STEP_SIZE = 23'd4;
  localparam [22:0] ONE = 23'd1;
  reg [21:0] spare_register;

  assign difference = (STEP_SIZE | {22'd0, load}) - (({1'd0, loaded} << 1) | ONE);
  assign spare = spare_register;
  assign last = ~spare_register[21];
  wire unused = &{1'b0, difference[0]};

  always @(*) begin
    loaded = ~spare_register;
    if (load) begin
      loaded = size;
    end
  end
  always @(posedge clock)
    if (advance) spare_register <= difference[22:1];
endmodule

// Counts a size down; the lowest place of the difference makes the carry of a load.
module inputs (
  input  wire        clock,
  input  wire        advance,
  input  wire        load,
  input  wire [24:0] size,
  output wire        last,
  output wire [24:0] spare
);
  reg [24:0] loaded;
  wire [25:0] difference;
  localparam [25:0] STEP_SIZE = 26'd6;
  localparam [25:0] ONE = 26'd1;
  reg [24:0] spare_register;

  assign difference = (STEP_SIZE | {25'd0, load}) - (({1'd0, loaded} << 1) | ONE);
  assign spare = spare_register;
  assign last = ~spare_register[24];
  wire unused = &{1'b0, difference[0]};

  always @(*) begin
    loaded = ~spare_register;
    if (load) begin
      loaded = size;
    end
  end
  always @(posedge clock)
    if (advance) spare_register <= difference[25:1];
endmodule

// A ring of activation words: filled by a stream, read in order, again and again, freed from the front.
module activation_buffer (
  input  wire        clock,
  input  wire        reset,
  input  wire        activation_valid,
  output wire        activation_ready,
  input  wire [31:0] activation_data,
  output wire        word_valid,
  input  wire        word_ready,
  input  wire        word_free,
  input  wire        word_rewind,
  output wire [23:0] word_data,
  input  wire        wanted,
  output wire        full,
  output wire        stuck
);
  localparam LAST_SLICE_NUMBER = 1'd0;
  wire write;
  wire complete;
  wire [2:0] next_write_row;
  wire take;
  wire free;
  wire rewind;
  wire [2:0] next_cursor_row;
  reg slice_register;
  reg [2:0] write_row;
  reg last_slice_write;
  reg [31:0] data_register;
  reg [2:0] written_row;
  reg [2:0] base_row;
  reg [2:0] cursor_row_d;
  reg [2:0] cursor_row;
  reg [2:0] read_row;
  reg read_register;
  reg full_register;
  reg present;
  reg freed;

  assign write = activation_valid & ~full_register;
  assign complete = write & (slice_register == LAST_SLICE_NUMBER);
  assign next_write_row = write_row + 3'd1;
  assign take = present & word_ready;
  assign free = take & word_free;
  assign rewind = word_rewind & ~word_free;
  assign next_cursor_row = cursor_row + 3'd1;
  assign activation_ready = ~full_register;
  assign word_valid = present;
  assign full = full_register;
  assign stuck = wanted & full_register & ~present & ~last_slice_write;
  wire unused = &{1'b0, data_register[31:24]};

  always @(*) begin
    if (rewind) begin
      cursor_row_d = base_row;
    end else begin
      cursor_row_d = next_cursor_row;
    end
  end
  always @(posedge clock)
    if (reset) slice_register <= 1'd0;
    else if (write) slice_register <= ~complete & (slice_register + 1'd1);
  always @(posedge clock)
    if (reset) write_row <= 3'd0;
    else if (complete) write_row <= next_write_row;
  always @(posedge clock)
    if (reset) last_slice_write <= 1'd0;
    else last_slice_write <= complete;
  always @(posedge clock)
    data_register <= activation_data;
  always @(posedge clock)
    if (reset) written_row <= 3'd0;
    else written_row <= write_row;
  always @(posedge clock)
    if (reset) base_row <= 3'd0;
    else if (free) base_row <= next_cursor_row;
  always @(posedge clock)
    if (reset) cursor_row <= 3'd0;
    else if (take) cursor_row <= cursor_row_d;
  always @(posedge clock)
    read_row <= cursor_row;
  always @(posedge clock)
    if (reset) read_register <= 1'd0;
    else read_register <= take;
  always @(posedge clock)
    if (reset) full_register <= 1'd0;
    else if (complete | freed) full_register <= complete & (next_write_row == base_row);
  always @(posedge clock)
    if (reset) present <= 1'd0;
    else if (last_slice_write | take) present <= last_slice_write | rewind | (next_cursor_row != written_row);
  always @(posedge clock)
    if (reset) freed <= 1'd0;
    else freed <= free;

  memory_24 last_slice (
    .clock(clock),
    .write(last_slice_write),
    .write_address(written_row),
    .write_data(data_register[23:0]),
    .read(read_register),
    .read_address(read_row),
    .read_data(word_data)
  );
endmodule

module memory_24 (
  input  wire        clock,
  input  wire        write,
  input  wire [2:0]  write_address,
  input  wire [23:0] write_data,
  input  wire        read,
  input  wire [2:0]  read_address,
  output wire [23:0] read_data
);
  (* no_rw_check *) reg [23:0] rows [0:7];
  reg [23:0] row;
  assign read_data = row;
  always @(posedge clock) begin
    if (write) rows[write_address] <= write_data;
    if (read) row <= rows[read_address];
  end
endmodule

// Packed weights in, beats of trits out: a FIFO, a register, and a decoder a byte.
module weight_stream (
  input  wire       clock,
  input  wire       reset,
  input  wire       weight_valid,
  output wire       weight_ready,
  input  wire [7:0] weight_data,
  output wire       beat_valid,
  input  wire       beat_ready,
  output reg  [4:0] beat_zero,
  output reg  [4:0] beat_sign,
  output wire       full,
  output wire       empty,
  output wire       invalid
);
  wire accept;
  wire take;
  reg any_invalid;
  wire [7:0] beats_read_data;
  wire occupancy_full;
  wire occupancy_occupied;
  wire [1:0] queue_rows_write_row;
  wire [1:0] queue_rows_read_row;
  wire queue_rows_full;
  wire queue_rows_stored;
  reg valid_register;
  reg [7:0] data_register;
  reg [1:0] row_register;
  wire [4:0] trit_decoder_0_zero;
  wire [4:0] trit_decoder_0_sign;
  wire trit_decoder_0_invalid;
  reg [7:0] code_register;
  reg invalid_register;
  reg taken_stage_0;
  reg taken_stage_1;
  reg taken_stage_2;
  reg taken_stage_3;

  assign accept = weight_valid & ~occupancy_full;
  assign take = queue_rows_stored & beat_ready;
  assign weight_ready = ~occupancy_full;
  assign full = occupancy_full;
  assign beat_valid = queue_rows_stored;
  assign empty = ~queue_rows_stored;
  assign invalid = taken_stage_3 & any_invalid;
  wire unused = &{1'b0, occupancy_occupied, queue_rows_full};

  always @(*) begin
    any_invalid = 1'd0;
    if (invalid_register) begin
      any_invalid = 1'd1;
    end
  end
  always @(posedge clock)
    if (reset) valid_register <= 1'd0;
    else valid_register <= accept;
  always @(posedge clock)
    data_register <= weight_data;
  always @(posedge clock)
    row_register <= queue_rows_read_row;
  always @(posedge clock)
    code_register <= beats_read_data;
  always @(posedge clock)
    beat_zero <= trit_decoder_0_zero;
  always @(posedge clock)
    beat_sign <= trit_decoder_0_sign;
  always @(posedge clock)
    invalid_register <= trit_decoder_0_invalid;
  always @(posedge clock)
    if (reset) taken_stage_0 <= 1'd0;
    else taken_stage_0 <= take;
  always @(posedge clock)
    if (reset) taken_stage_1 <= 1'd0;
    else taken_stage_1 <= taken_stage_0;
  always @(posedge clock)
    if (reset) taken_stage_2 <= 1'd0;
    else taken_stage_2 <= taken_stage_1;
  always @(posedge clock)
    if (reset) taken_stage_3 <= 1'd0;
    else taken_stage_3 <= taken_stage_2;

  memory_8 beats (
    .clock(clock),
    .write(valid_register),
    .write_address(queue_rows_write_row),
    .write_data(data_register),
    .read(taken_stage_0),
    .read_address(row_register),
    .read_data(beats_read_data)
  );

  occupancy_0 occupancy (
    .clock(clock),
    .reset(reset),
    .enter(accept),
    .leave(take),
    .full(occupancy_full),
    .occupied(occupancy_occupied)
  );

  queue_rows queue_rows (
    .clock(clock),
    .reset(reset),
    .write(valid_register),
    .take(take),
    .write_row(queue_rows_write_row),
    .read_row(queue_rows_read_row),
    .full(queue_rows_full),
    .stored(queue_rows_stored)
  );

  trit_decoder trit_decoder_0 (
    .code(code_register),
    .zero(trit_decoder_0_zero),
    .sign(trit_decoder_0_sign),
    .invalid(trit_decoder_0_invalid)
  );
endmodule

module memory_8 (
  input  wire       clock,
  input  wire       write,
  input  wire [1:0] write_address,
  input  wire [7:0] write_data,
  input  wire       read,
  input  wire [1:0] read_address,
  output wire [7:0] read_data
);
  (* no_rw_check *) reg [7:0] rows [0:3];
  reg [7:0] row;
  assign read_data = row;
  always @(posedge clock) begin
    if (write) rows[write_address] <= write_data;
    if (read) row <= rows[read_address];
  end
endmodule

// A byte to five trits (C-PACK-1). Where trits 3 and 4 are zero, three bits have moved aside.
module trit_decoder (
  input  wire [7:0] code,
  output wire [4:0] zero,
  output wire [4:0] sign,
  output wire       invalid
);
  reg [4:0] nonzero;
  wire aside;
  wire escape;
  wire b1;
  wire b2;
  wire b3;

  assign aside = ~(code[3] | code[2] | code[1]);
  assign escape = ~(code[2] | code[1]) & ~(code[3] & (code[4] | code[0]));
  assign b3 = code[3] | (aside & ~code[7]);
  assign b2 = code[2] | (aside & code[6]);
  assign b1 = code[1] | (aside & ~code[5]);
  assign invalid = ~(nonzero[0] | nonzero[1] | nonzero[2] | b1);
  assign zero[0] = ~nonzero[0];
  assign zero[1] = ~nonzero[1];
  assign zero[2] = ~nonzero[2];
  assign zero[3] = ~nonzero[3];
  assign zero[4] = ~nonzero[4];
  assign sign[0] = code[0];
  assign sign[1] = code[0] ^ b1;
  assign sign[2] = nonzero[0] & (code[0] ^ b2);
  assign sign[3] = ~code[7] & (code[5] ^ code[6]);
  assign sign[4] = code[0] ^ code[6];

  always @(*) begin
    if (b3) begin
      nonzero[0] = code[4];
      nonzero[1] = code[4] | b2 | code[0];
      nonzero[2] = code[4] | b2;
    end else begin
      nonzero[0] = b1 | (code[4] & b2);
      nonzero[1] = code[4] & b2;
      nonzero[2] = ~code[4] & (b1 | b2);
    end
    nonzero[3] = ~escape & (~code[7] | code[5]);
    nonzero[4] = ~escape & ~(code[7] & code[5]);
  end
endmodule

// COLUMNS dot products at a time: a held tile of trits meets one token's activations a cycle.
module mac_array (
  input  wire        clock,
  input  wire        reset,
  input  wire        weight_valid,
  output wire        weight_ready,
  input  wire [4:0]  weight_zero,
  input  wire [4:0]  weight_sign,
  input  wire        activation_valid,
  output wire        activation_ready,
  input  wire [23:0] activation_data,
  input  wire        activation_slot,
  input  wire        activation_first,
  input  wire        activation_last,
  input  wire        activation_release,
  output wire        tile_held,
  input  wire        result_room,
  output reg         result_valid,
  output reg         result_slot,
  output wire [47:0] result_data
);
  wire [39:0] padded;
  localparam [7:0] PADDING = 8'd0;
  wire [39:0] activation;
  wire accept;
  wire weight_tile_held;
  wire [9:0] weight_tile_zero;
  wire [9:0] weight_tile_sign;
  reg [23:0] activation_register;
  reg [23:0] broadcast_register;
  reg clear;
  reg [7:0] waiting_0;
  reg [7:0] late_0;
  wire control_pipeline_accumulate;
  wire control_pipeline_emit;
  wire control_pipeline_sum_slot;
  wire control_pipeline_next_slot;
  wire control_pipeline_next_first;
  wire control_pipeline_again;

  assign tile_held = weight_tile_held;
  assign activation_ready = weight_tile_held & (~activation_last | result_room);
  assign accept = activation_valid & activation_ready;
  assign padded[7:0] = broadcast_register[7:0];
  assign padded[15:8] = broadcast_register[15:8];
  assign padded[23:16] = broadcast_register[23:16];
  assign padded[31:24] = PADDING;
  assign padded[39:32] = PADDING;
  assign activation[7:0] = padded[7:0];
  assign activation[15:8] = padded[15:8];
  assign activation[23:16] = late_0;
  assign activation[31:24] = padded[31:24];
  assign activation[39:32] = padded[39:32];

  always @(posedge clock)
    activation_register <= activation_data;
  always @(posedge clock)
    broadcast_register <= activation_register;
  always @(posedge clock)
    clear <= reset;
  always @(posedge clock)
    if (clear) waiting_0 <= 8'd0;
    else waiting_0 <= padded[23:16];
  always @(posedge clock)
    late_0 <= waiting_0;
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
    .weight_zero(weight_zero),
    .weight_sign(weight_sign),
    .held(weight_tile_held),
    .release_tile(accept & activation_release),
    .zero(weight_tile_zero),
    .sign(weight_tile_sign)
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
    .next_slot(control_pipeline_next_slot),
    .next_first(control_pipeline_next_first),
    .again(control_pipeline_again)
  );

  dot_unit dot_unit_0 (
    .clock(clock),
    .activation(activation),
    .zero(weight_tile_zero[4:0]),
    .sign(weight_tile_sign[4:0]),
    .accumulate(control_pipeline_accumulate),
    .emit(control_pipeline_emit),
    .slot(control_pipeline_sum_slot),
    .next_slot(control_pipeline_next_slot),
    .next_first(control_pipeline_next_first),
    .again(control_pipeline_again),
    .result(result_data[23:0])
  );

  dot_unit dot_unit_1 (
    .clock(clock),
    .activation(activation),
    .zero(weight_tile_zero[9:5]),
    .sign(weight_tile_sign[9:5]),
    .accumulate(control_pipeline_accumulate),
    .emit(control_pipeline_emit),
    .slot(control_pipeline_sum_slot),
    .next_slot(control_pipeline_next_slot),
    .next_first(control_pipeline_next_first),
    .again(control_pipeline_again),
    .result(result_data[47:24])
  );
endmodule

// Takes beats of trits, holds a tile. A loaded tile is held as soon as the held one is released.
module weight_tile (
  input  wire       clock,
  input  wire       reset,
  input  wire       weight_valid,
  output wire       weight_ready,
  input  wire [4:0] weight_zero,
  input  wire [4:0] weight_sign,
  output wire       held,
  input  wire       release_tile,
  output wire [9:0] zero,
  output wire [9:0] sign
);
  wire write;
  wire at_last_beat;
  wire fill;
  wire swap;
  localparam LAST_BEAT = 1'd1;
  reg write_stage_0;
  reg write_stage_1;
  reg write_stage_2;
  reg write_stage_3;
  reg swap_stage_0;
  reg swap_stage_1;
  reg swap_stage_2;
  reg swap_stage_3;
  reg beat_stage_0;
  reg beat_stage_1;
  reg beat_stage_2;
  reg beat_stage_3;
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
    if (reset) write_stage_0 <= 1'd0;
    else write_stage_0 <= write;
  always @(posedge clock)
    if (reset) write_stage_1 <= 1'd0;
    else write_stage_1 <= write_stage_0;
  always @(posedge clock)
    if (reset) write_stage_2 <= 1'd0;
    else write_stage_2 <= write_stage_1;
  always @(posedge clock)
    if (reset) write_stage_3 <= 1'd0;
    else write_stage_3 <= write_stage_2;
  always @(posedge clock)
    if (reset) swap_stage_0 <= 1'd0;
    else swap_stage_0 <= swap;
  always @(posedge clock)
    if (reset) swap_stage_1 <= 1'd0;
    else swap_stage_1 <= swap_stage_0;
  always @(posedge clock)
    if (reset) swap_stage_2 <= 1'd0;
    else swap_stage_2 <= swap_stage_1;
  always @(posedge clock)
    if (reset) swap_stage_3 <= 1'd0;
    else swap_stage_3 <= swap_stage_2;
  always @(posedge clock)
    beat_stage_0 <= beat_register;
  always @(posedge clock)
    beat_stage_1 <= beat_stage_0;
  always @(posedge clock)
    beat_stage_2 <= beat_stage_1;
  always @(posedge clock)
    beat_stage_3 <= beat_stage_2;
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
    .write(write_stage_3),
    .beat(beat_stage_3),
    .weight_zero(weight_zero),
    .weight_sign(weight_sign),
    .swap(swap_stage_3),
    .zero(zero),
    .sign(sign)
  );
endmodule

module tile_memory (
  input  wire       clock,
  input  wire       write,
  input  wire       beat,
  input  wire [4:0] weight_zero,
  input  wire [4:0] weight_sign,
  input  wire       swap,
  output wire [9:0] zero,
  output wire [9:0] sign
);
  // The tile being loaded, column after column, and the one being used.
  reg [9:0] loading_zero;
  reg [9:0] loading_sign;
  reg [9:0] held_zero;
  reg [9:0] held_sign;
  assign zero = held_zero;
  assign sign = held_sign;
  always @(posedge clock) begin
    if (swap) begin
      held_zero <= loading_zero;
      held_sign <= loading_sign;
    end
    if (write && beat == 1'd0) begin
      loading_zero[4:0] <= weight_zero[4:0];
      loading_sign[4:0] <= weight_sign[4:0];
    end
    if (write && beat == 1'd1) begin
      loading_zero[9:5] <= weight_zero[4:0];
      loading_sign[9:5] <= weight_sign[4:0];
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
  output wire next_slot,
  output wire next_first,
  output reg  again
);
  reg valid_stage_0;
  reg valid_stage_1;
  reg valid_stage_2;
  reg valid_stage_3;
  reg valid_stage_4;
  reg valid_stage_5;
  reg valid_stage_6;
  reg slot_stage_0;
  reg slot_stage_1;
  reg slot_stage_2;
  reg slot_stage_3;
  reg slot_stage_4;
  reg slot_stage_5;
  reg slot_stage_6;
  reg first_stage_0;
  reg first_stage_1;
  reg first_stage_2;
  reg first_stage_3;
  reg first_stage_4;
  reg first_stage_5;
  reg first_stage_6;
  reg first_stage_7;
  reg last_stage_0;
  reg last_stage_1;
  reg last_stage_2;
  reg last_stage_3;
  reg last_stage_4;
  reg last_stage_5;
  reg last_stage_6;
  reg last_stage_7;

  assign emit = accumulate & last_stage_7;
  assign next_slot = slot_stage_6;
  assign next_first = first_stage_6;
  wire unused = &{1'b0, first_stage_7};

  always @(posedge clock)
    if (reset) valid_stage_0 <= 1'd0;
    else valid_stage_0 <= accept;
  always @(posedge clock)
    if (reset) valid_stage_1 <= 1'd0;
    else valid_stage_1 <= valid_stage_0;
  always @(posedge clock)
    if (reset) valid_stage_2 <= 1'd0;
    else valid_stage_2 <= valid_stage_1;
  always @(posedge clock)
    if (reset) valid_stage_3 <= 1'd0;
    else valid_stage_3 <= valid_stage_2;
  always @(posedge clock)
    if (reset) valid_stage_4 <= 1'd0;
    else valid_stage_4 <= valid_stage_3;
  always @(posedge clock)
    if (reset) valid_stage_5 <= 1'd0;
    else valid_stage_5 <= valid_stage_4;
  always @(posedge clock)
    if (reset) valid_stage_6 <= 1'd0;
    else valid_stage_6 <= valid_stage_5;
  always @(posedge clock)
    if (reset) accumulate <= 1'd0;
    else accumulate <= valid_stage_6;
  always @(posedge clock)
    slot_stage_0 <= slot;
  always @(posedge clock)
    slot_stage_1 <= slot_stage_0;
  always @(posedge clock)
    slot_stage_2 <= slot_stage_1;
  always @(posedge clock)
    slot_stage_3 <= slot_stage_2;
  always @(posedge clock)
    slot_stage_4 <= slot_stage_3;
  always @(posedge clock)
    slot_stage_5 <= slot_stage_4;
  always @(posedge clock)
    slot_stage_6 <= slot_stage_5;
  always @(posedge clock)
    sum_slot <= slot_stage_6;
  always @(posedge clock)
    first_stage_0 <= first;
  always @(posedge clock)
    first_stage_1 <= first_stage_0;
  always @(posedge clock)
    first_stage_2 <= first_stage_1;
  always @(posedge clock)
    first_stage_3 <= first_stage_2;
  always @(posedge clock)
    first_stage_4 <= first_stage_3;
  always @(posedge clock)
    first_stage_5 <= first_stage_4;
  always @(posedge clock)
    first_stage_6 <= first_stage_5;
  always @(posedge clock)
    first_stage_7 <= first_stage_6;
  always @(posedge clock)
    last_stage_0 <= last;
  always @(posedge clock)
    last_stage_1 <= last_stage_0;
  always @(posedge clock)
    last_stage_2 <= last_stage_1;
  always @(posedge clock)
    last_stage_3 <= last_stage_2;
  always @(posedge clock)
    last_stage_4 <= last_stage_3;
  always @(posedge clock)
    last_stage_5 <= last_stage_4;
  always @(posedge clock)
    last_stage_6 <= last_stage_5;
  always @(posedge clock)
    last_stage_7 <= last_stage_6;
  always @(posedge clock)
    if (reset) again <= 1'd0;
    else again <= valid_stage_6 & (slot_stage_6 == slot_stage_5);
endmodule

// One column: lanes, adder tree, and an accumulator a token slot, to which a sum is added or not.
module dot_unit (
  input  wire        clock,
  input  wire [39:0] activation,
  input  wire [4:0]  zero,
  input  wire [4:0]  sign,
  input  wire        accumulate,
  input  wire        emit,
  input  wire        slot,
  input  wire        next_slot,
  input  wire        next_first,
  input  wire        again,
  output reg  [23:0] result
);
  wire [24:0] difference;
  localparam [24:0] ONE = 25'd1;
  wire [39:0] byte_sum_0_activation;
  wire [4:0] byte_sum_0_zero;
  wire [4:0] byte_sum_0_sign;
  wire [10:0] byte_sum_0_sum;
  wire byte_sum_0_negative;
  wire [10:0] adder_tree_sum;
  wire adder_tree_sum_negative;
  wire [23:0] slot_memory_read_data;
  reg [23:0] total_register_d;
  reg [23:0] total_register;

  assign byte_sum_0_activation[7:0] = activation[7:0];
  assign byte_sum_0_zero[0] = zero[0];
  assign byte_sum_0_sign[0] = sign[0];
  assign byte_sum_0_activation[15:8] = activation[15:8];
  assign byte_sum_0_zero[1] = zero[1];
  assign byte_sum_0_sign[1] = sign[1];
  assign byte_sum_0_activation[23:16] = activation[23:16];
  assign byte_sum_0_zero[2] = zero[2];
  assign byte_sum_0_sign[2] = sign[2];
  assign byte_sum_0_activation[31:24] = activation[31:24];
  assign byte_sum_0_zero[3] = zero[3];
  assign byte_sum_0_sign[3] = sign[3];
  assign byte_sum_0_activation[39:32] = activation[39:32];
  assign byte_sum_0_zero[4] = zero[4];
  assign byte_sum_0_sign[4] = sign[4];
  assign difference = (({total_register[23], total_register} << 1) | {24'd0, adder_tree_sum_negative}) - ((({{14{adder_tree_sum[10]}}, adder_tree_sum} << 1) ^ {25{~adder_tree_sum_negative}}) | ONE);
  wire unused = &{1'b0, difference[0]};

  always @(*) begin
    total_register_d = slot_memory_read_data;
    if (again) begin
      total_register_d = difference[24:1];
    end
  end
  always @(posedge clock)
    if (next_first) total_register <= 24'd0;
    else total_register <= total_register_d;
  always @(posedge clock)
    if (emit) result <= difference[24:1];

  byte_sum byte_sum_0 (
    .clock(clock),
    .activation(byte_sum_0_activation),
    .zero(byte_sum_0_zero),
    .sign(byte_sum_0_sign),
    .sum(byte_sum_0_sum),
    .negative(byte_sum_0_negative)
  );

  adder_tree adder_tree (
    .clock(clock),
    .operand(byte_sum_0_sum),
    .negative(byte_sum_0_negative),
    .sum(adder_tree_sum),
    .sum_negative(adder_tree_sum_negative)
  );

  slot_memory slot_memory (
    .clock(clock),
    .write(accumulate),
    .write_slot(slot),
    .read_slot(next_slot),
    .write_data(difference[24:1]),
    .read_data(slot_memory_read_data)
  );
endmodule

// Five lanes, added as ((0 + 1) + (4 + 3)) + 2; the signs of later adders wait beside.
module byte_sum (
  input  wire        clock,
  input  wire [39:0] activation,
  input  wire [4:0]  zero,
  input  wire [4:0]  sign,
  output wire [10:0] sum,
  output reg         negative
);
  wire [7:0] ternary_lane_2_operand;
  wire [31:0] pairs_operand;
  wire [1:0] pairs_minus;
  wire [17:0] pairs_sum;
  wire [19:0] five_operand;
  reg [4:0] lane_sign;
  wire [2:0] pair_sign_d;
  reg [2:0] pair_sign;
  wire [1:0] four_sign_d;
  reg [1:0] four_sign;
  wire [1:0] late_zero_d;
  reg [1:0] late_zero;

  assign late_zero_d[0] = zero[2];
  assign late_zero_d[1] = late_zero[0];
  assign pairs_minus[0] = lane_sign[1];
  assign pairs_minus[1] = lane_sign[3];
  assign pair_sign_d[0] = lane_sign[0];
  assign pair_sign_d[1] = lane_sign[2];
  assign pair_sign_d[2] = lane_sign[4];
  assign four_sign_d[0] = pair_sign[0];
  assign four_sign_d[1] = pair_sign[1];
  assign five_operand[19:10] = {{2{ternary_lane_2_operand[7]}}, ternary_lane_2_operand};

  always @(posedge clock)
    lane_sign <= sign;
  always @(posedge clock)
    pair_sign <= pair_sign_d;
  always @(posedge clock)
    four_sign <= four_sign_d;
  always @(posedge clock)
    late_zero <= late_zero_d;
  always @(posedge clock)
    negative <= four_sign[0];

  ternary_lane ternary_lane_0 (
    .clock(clock),
    .activation(activation[7:0]),
    .zero(zero[0]),
    .operand(pairs_operand[7:0])
  );

  ternary_lane ternary_lane_1 (
    .clock(clock),
    .activation(activation[15:8]),
    .zero(zero[1]),
    .operand(pairs_operand[15:8])
  );

  ternary_lane ternary_lane_2 (
    .clock(clock),
    .activation(activation[23:16]),
    .zero(late_zero[1]),
    .operand(ternary_lane_2_operand)
  );

  ternary_lane ternary_lane_3 (
    .clock(clock),
    .activation(activation[31:24]),
    .zero(zero[3]),
    .operand(pairs_operand[31:24])
  );

  ternary_lane ternary_lane_4 (
    .clock(clock),
    .activation(activation[39:32]),
    .zero(zero[4]),
    .operand(pairs_operand[23:16])
  );

  pairs pairs (
    .clock(clock),
    .operand(pairs_operand),
    .minus(pairs_minus),
    .sum(pairs_sum)
  );

  four four (
    .clock(clock),
    .operand(pairs_sum),
    .minus(pair_sign[2]),
    .sum(five_operand[9:0])
  );

  five five (
    .clock(clock),
    .operand(five_operand),
    .minus(four_sign[1]),
    .sum(sum)
  );
endmodule

// One trit's activation: a zero trit clears it.
module ternary_lane (
  input  wire       clock,
  input  wire [7:0] activation,
  input  wire       zero,
  output reg  [7:0] operand
);
  always @(posedge clock)
    if (zero) operand <= 8'd0;
    else operand <= activation;
endmodule

// Left neighbours plus or minus right ones; the lowest place makes a subtraction's carry.
module pairs (
  input  wire        clock,
  input  wire [31:0] operand,
  input  wire [1:0]  minus,
  output reg  [17:0] sum
);
  wire [19:0] difference;
  localparam [9:0] ONE = 10'd1;
  wire [17:0] sum_register_d;

  assign difference[9:0] = (({{2{operand[7]}}, operand[7:0]} << 1) | {9'd0, minus[0]}) - ((({{2{operand[15]}}, operand[15:8]} << 1) ^ {10{~minus[0]}}) | ONE);
  assign sum_register_d[8:0] = difference[9:1];
  assign difference[19:10] = (({{2{operand[23]}}, operand[23:16]} << 1) | {9'd0, minus[1]}) - ((({{2{operand[31]}}, operand[31:24]} << 1) ^ {10{~minus[1]}}) | ONE);
  assign sum_register_d[17:9] = difference[19:11];
  wire unused = &{1'b0, difference[0], difference[10]};

  always @(posedge clock)
    sum <= sum_register_d;
endmodule

// Left neighbours plus or minus right ones; the lowest place makes a subtraction's carry.
module four (
  input  wire        clock,
  input  wire [17:0] operand,
  input  wire        minus,
  output reg  [9:0]  sum
);
  wire [10:0] difference;
  localparam [10:0] ONE = 11'd1;

  assign difference = (({{2{operand[8]}}, operand[8:0]} << 1) | {10'd0, minus}) - ((({{2{operand[17]}}, operand[17:9]} << 1) ^ {11{~minus}}) | ONE);
  wire unused = &{1'b0, difference[0]};

  always @(posedge clock)
    sum <= difference[10:1];
endmodule

// Left neighbours plus or minus right ones; the lowest place makes a subtraction's carry.
module five (
  input  wire        clock,
  input  wire [19:0] operand,
  input  wire        minus,
  output reg  [10:0] sum
);
  wire [11:0] difference;
  localparam [11:0] ONE = 12'd1;

  assign difference = (({{2{operand[9]}}, operand[9:0]} << 1) | {11'd0, minus}) - ((({{2{operand[19]}}, operand[19:10]} << 1) ^ {12{~minus}}) | ONE);
  wire unused = &{1'b0, difference[0]};

  always @(posedge clock)
    sum <= difference[11:1];
endmodule

// The sum of all bytes, one registered level at a time, and its sign.
module adder_tree (
  input  wire        clock,
  input  wire [10:0] operand,
  input  wire        negative,
  output wire [10:0] sum,
  output wire        sum_negative
);
  assign sum = operand;
  assign sum_negative = negative;
  wire unused = &{1'b0, clock};
endmodule

module slot_memory (
  input  wire        clock,
  input  wire        write,
  input  wire        write_slot,
  input  wire        read_slot,
  input  wire [23:0] write_data,
  output wire [23:0] read_data
);
  // One accumulator a token slot, read in the cycle it is addressed.
  reg [23:0] accumulator [0:1];
  assign read_data = accumulator[read_slot];
  always @(posedge clock)
    if (write) accumulator[write_slot] <= write_data;
endmodule

// A queue of tokens' results: written whole, read a group of columns at a time.
module result_buffer (
  input  wire        clock,
  input  wire        reset,
  input  wire        write,
  input  wire [47:0] write_data,
  input  wire        reserve,
  output wire        room,
  output wire        values_valid,
  input  wire        values_ready,
  output wire [47:0] values_data,
  input  wire        last_group,
  output wire        empty
);
  wire taken;
  wire pop;
  wire read;
  wire [3:0] next_read_row;
  reg [3:0] write_row;
  reg [3:0] read_row;
  reg stored;
  reg valid_register;
  reg group;
  wire occupancy_full;
  wire occupancy_occupied;

  assign taken = valid_register & values_ready;
  assign pop = taken & last_group;
  assign room = ~occupancy_full;
  assign empty = ~occupancy_occupied;
  assign read = stored & (~valid_register | pop);
  assign next_read_row = read_row + 4'd1;
  assign values_valid = valid_register;

  always @(posedge clock)
    if (reset) write_row <= 4'd0;
    else if (write) write_row <= write_row + 4'd1;
  always @(posedge clock)
    if (reset) read_row <= 4'd0;
    else if (read) read_row <= next_read_row;
  always @(posedge clock)
    if (reset) stored <= 1'd0;
    else if (write | read) stored <= write | (next_read_row != write_row);
  always @(posedge clock)
    if (reset) valid_register <= 1'd0;
    else if (read | pop) valid_register <= read;
  always @(posedge clock)
    if (reset) group <= 1'd0;
    else if (taken) group <= ~last_group & (group + 1'd1);

  memory_48 entries (
    .clock(clock),
    .write(write),
    .write_address(write_row),
    .write_data(write_data),
    .read(read),
    .read_address(read_row),
    .read_data(values_data)
  );

  occupancy_1 occupancy (
    .clock(clock),
    .reset(reset),
    .enter(reserve),
    .leave(pop),
    .full(occupancy_full),
    .occupied(occupancy_occupied)
  );
endmodule

module memory_48 (
  input  wire        clock,
  input  wire        write,
  input  wire [3:0]  write_address,
  input  wire [47:0] write_data,
  input  wire        read,
  input  wire [3:0]  read_address,
  output wire [47:0] read_data
);
  (* no_rw_check *) reg [47:0] rows [0:15];
  reg [47:0] row;
  assign read_data = row;
  always @(posedge clock) begin
    if (write) rows[write_address] <= write_data;
    if (read) row <= rows[read_address];
  end
endmodule

// Counts what has entered and not left.
module occupancy_1 (
  input  wire clock,
  input  wire reset,
  input  wire enter,
  input  wire leave,
  output reg  full,
  output reg  occupied
);
  wire changes;
  localparam [3:0] ONE = 4'd1;
  localparam [3:0] LAST_BUT_ONE = 4'd15;
  reg [3:0] count;

  assign changes = enter ^ leave;

  always @(posedge clock)
    if (reset) count <= 4'd0;
    else if (changes) count <= count + ({4{~enter}} | ONE);
  always @(posedge clock)
    if (reset) full <= 1'd0;
    else if (changes) full <= enter & (count == LAST_BUT_ONE);
  always @(posedge clock)
    if (reset) occupied <= 1'd0;
    else if (changes) occupied <= enter | (count != ONE);
endmodule

// Two entries of a stream. No path runs from an input to an output.
module stream_register_vector_input (
  input  wire        clock,
  input  wire        reset,
  input  wire        input_valid,
  output wire        input_ready,
  input  wire [63:0] input_data,
  input  wire        input_last,
  output wire        output_valid,
  input  wire        output_ready,
  output reg  [63:0] output_data,
  output reg         output_last
);
  wire advance;
  wire spill;
  reg valid_register;
  reg [63:0] data_register_d;
  reg last_register_d;
  reg spare_valid;
  reg [63:0] spare_data;
  reg spare_last;

  assign advance = ~valid_register | output_ready;
  assign spill = input_valid & ~spare_valid & ~advance;
  assign input_ready = ~spare_valid;
  assign output_valid = valid_register;

  always @(*) begin
    if (spare_valid) begin
      data_register_d = spare_data;
      last_register_d = spare_last;
    end else begin
      data_register_d = input_data;
      last_register_d = input_last;
    end
  end
  always @(posedge clock)
    if (reset) valid_register <= 1'd0;
    else if (advance) valid_register <= spare_valid | input_valid;
  always @(posedge clock)
    if (advance) output_data <= data_register_d;
  always @(posedge clock)
    if (advance) output_last <= last_register_d;
  always @(posedge clock)
    if (reset) spare_valid <= 1'd0;
    else if (spill | advance) spare_valid <= spill;
  always @(posedge clock)
    if (spill) spare_data <= input_data;
  always @(posedge clock)
    if (spill) spare_last <= input_last;
endmodule

// Walks through the results of jobs: for each tile, for each token, for each group of outputs.
module result_sequencer (
  input  wire        clock,
  input  wire        reset,
  input  wire        job_valid,
  output wire        job_ready,
  input  wire [20:0] job_n,
  input  wire [10:0] job_tokens,
  input  wire [3:0]  job_flags,
  input  wire        values_valid,
  output wire        values_ready,
  input  wire [47:0] values_data,
  output wire        last_group,
  input  wire        vector_valid,
  output wire        vector_ready,
  input  wire [63:0] vector_data,
  output reg         beat_valid,
  input  wire        beat_ready,
  output wire [63:0] beat_data,
  output wire        beat_slot,
  output wire        beat_fresh,
  output wire        beat_last,
  output wire        beat_raw,
  output wire        beat_maximum,
  output wire        beat_scale
);
  wire load;
  wire step;
  wire at_last_token;
  wire token_end;
  wire tile_end;
  wire job_end;
  reg [1:0] token_start;
  reg [1:0] after;
  wire [10:0] job_last_token;
  localparam [1:0] FULL_START = 2'd3;
  localparam [1:0] GROUP = 2'd2;
  reg active;
  reg [3:0] flags;
  wire outputs_last;
  wire [21:0] outputs_spare;
  reg [1:0] group_after;
  reg first_group;
  reg first_tile;
  reg last_token;
  reg token;

  assign at_last_token = token == last_token;
  assign last_group = after[1];
  assign values_ready = active & ~flags[0] & beat_ready;
  assign vector_ready = active & flags[0] & beat_ready;
  assign beat_data[31:0] = ({{8{values_data[23]}}, values_data[23:0]} & {32{~flags[0]}}) | (vector_data[31:0] & {32{flags[0]}});
  assign beat_data[63:32] = ({{8{values_data[47]}}, values_data[47:24]} & {32{~flags[0]}}) | (vector_data[63:32] & {32{flags[0]}});
  assign beat_slot = token;
  assign beat_fresh = first_tile & first_group;
  assign beat_last = after[1] & at_last_token & outputs_last;
  assign beat_raw = flags[1];
  assign beat_maximum = flags[2];
  assign beat_scale = flags[3];
  assign step = beat_valid & beat_ready;
  assign token_end = step & after[1];
  assign tile_end = token_end & at_last_token;
  assign job_end = tile_end & outputs_last;
  assign job_ready = ~active | job_end;
  assign load = job_ready & job_valid;
  assign job_last_token = job_tokens - 11'd1;
  wire unused = &{1'b0, job_last_token[10:1], outputs_spare[21:2]};

  always @(*) begin
    token_start = FULL_START;
    if (outputs_last) begin
      token_start = FULL_START - outputs_spare[1:0];
    end
    after = group_after;
    if (first_group) begin
      after = token_start;
    end
    beat_valid = active & values_valid;
    if (flags[0]) begin
      beat_valid = active & vector_valid;
    end
  end
  always @(posedge clock)
    if (reset) active <= 1'd0;
    else if (job_ready) active <= job_valid;
  always @(posedge clock)
    if (load) flags <= job_flags;
  always @(posedge clock)
    if (step) group_after <= after - GROUP;
  always @(posedge clock)
    if (~active | step) first_group <= ~active | after[1];
  always @(posedge clock)
    if (~active | tile_end) first_tile <= ~active | outputs_last;
  always @(posedge clock)
    if (load) last_token <= job_last_token[0];
  always @(posedge clock)
    if (~active | token_end) token <= active & ~at_last_token & (token + 1'd1);

  outputs outputs (
    .clock(clock),
    .advance(~active | tile_end),
    .load(~active | outputs_last),
    .size({1'd0, job_n}),
    .last(outputs_last),
    .spare(outputs_spare)
  );
endmodule

// Raw copies, maxima and INT8s of beats of results.
module requantizer (
  input  wire        clock,
  input  wire        reset,
  input  wire        beat_valid,
  output wire        beat_ready,
  input  wire [63:0] beat_data,
  input  wire        beat_slot,
  input  wire        beat_fresh,
  input  wire        beat_last,
  input  wire        beat_raw,
  input  wire        beat_maximum,
  input  wire        beat_scale,
  output wire        result_valid,
  input  wire        result_ready,
  output wire [63:0] result_data,
  output wire        result_last,
  output wire        quantized_valid,
  input  wire        quantized_ready,
  output wire [15:0] quantized_data,
  output wire        quantized_last,
  input  wire        maximum_access,
  input  wire        maximum_slot,
  input  wire        maximum_write,
  input  wire [31:0] maximum_write_data,
  output wire [31:0] maximum_read_data,
  output wire        done,
  output wire        idle
);
  wire load;
  reg clear;
  wire pass;
  wire scaled;
  wire [63:0] operands_magnitude;
  wire [79:0] operands_dividend;
  wire [1:0] operands_negative;
  wire [31:0] maxima_maximum;
  wire maxima_last_passed;
  wire maxima_busy;
  wire divider_groups_ready;
  wire divider_groups_result_valid;
  wire divider_groups_result_last;
  wire divider_groups_idle;
  reg valid_register;
  reg slot_register;
  reg fresh_register;
  reg last_register;
  reg raw_register;
  reg maximum_register;
  reg scale_register;

  assign result_valid = valid_register & raw_register & clear;
  assign pass = valid_register & clear & (~raw_register | result_ready);
  assign beat_ready = ~valid_register | pass;
  assign load = beat_valid & beat_ready;
  assign result_last = last_register;
  assign maximum_read_data = maxima_maximum;
  assign quantized_valid = divider_groups_result_valid;
  assign quantized_last = divider_groups_result_last;
  assign scaled = divider_groups_result_valid & quantized_ready & divider_groups_result_last & ~reset;
  assign done = maxima_last_passed | scaled;
  assign idle = ~valid_register & ~maxima_busy & divider_groups_idle;

  always @(*) begin
    if (scale_register) begin
      clear = divider_groups_ready & ~maxima_busy;
    end else begin
      clear = divider_groups_idle;
    end
  end
  always @(posedge clock)
    if (reset) valid_register <= 1'd0;
    else if (beat_ready) valid_register <= beat_valid;
  always @(posedge clock)
    if (load) slot_register <= beat_slot;
  always @(posedge clock)
    if (load) fresh_register <= beat_fresh;
  always @(posedge clock)
    if (load) last_register <= beat_last;
  always @(posedge clock)
    if (load) raw_register <= beat_raw;
  always @(posedge clock)
    if (load) maximum_register <= beat_maximum;
  always @(posedge clock)
    if (load) scale_register <= beat_scale;

  operands operands (
    .clock(clock),
    .load(load),
    .data(beat_data),
    .value(result_data),
    .magnitude(operands_magnitude),
    .dividend(operands_dividend),
    .negative(operands_negative)
  );

  maxima maxima (
    .clock(clock),
    .reset(reset),
    .enter(pass & ~scale_register),
    .update(maximum_register),
    .slot(slot_register),
    .fresh(fresh_register),
    .last(last_register),
    .magnitude(operands_magnitude),
    .maximum(maxima_maximum),
    .last_passed(maxima_last_passed),
    .busy(maxima_busy),
    .maximum_access(maximum_access),
    .maximum_slot(maximum_slot),
    .maximum_write(maximum_write),
    .maximum_write_data(maximum_write_data)
  );

  divider_groups divider_groups (
    .clock(clock),
    .reset(reset),
    .start(pass & scale_register),
    .ready(divider_groups_ready),
    .dividend(operands_dividend),
    .negative(operands_negative),
    .maximum(maxima_maximum),
    .last(last_register),
    .result_valid(divider_groups_result_valid),
    .result_ready(quantized_ready),
    .result_data(quantized_data),
    .result_last(divider_groups_result_last),
    .idle(divider_groups_idle)
  );
endmodule

// A beat's values v, |v|, and 127 |v| = |128 v - v|.
module operands (
  input  wire        clock,
  input  wire        load,
  input  wire [63:0] data,
  output reg  [63:0] value,
  output wire [63:0] magnitude,
  output wire [79:0] dividend,
  output wire [1:0]  negative
);
  assign negative[0] = value[31];
  assign magnitude[31:0] = (value[31:0] ^ {32{negative[0]}}) + {31'd0, negative[0]};
  assign dividend[39:0] = (({{8{value[31]}}, value[31:0]} << 7) ^ {40{negative[0]}}) - ({{8{value[31]}}, value[31:0]} ^ {40{negative[0]}});
  assign negative[1] = value[63];
  assign magnitude[63:32] = (value[63:32] ^ {32{negative[1]}}) + {31'd0, negative[1]};
  assign dividend[79:40] = (({{8{value[63]}}, value[63:32]} << 7) ^ {40{negative[1]}}) - ({{8{value[63]}}, value[63:32]} ^ {40{negative[1]}});

  always @(posedge clock)
    if (load) value <= data;
endmodule

// The largest magnitude of each token slot: a tree over the beat, then its slot's maximum.
module maxima (
  input  wire        clock,
  input  wire        reset,
  input  wire        enter,
  input  wire        update,
  input  wire        slot,
  input  wire        fresh,
  input  wire        last,
  input  wire [63:0] magnitude,
  output wire [31:0] maximum,
  output wire        last_passed,
  output wire        busy,
  input  wire        maximum_access,
  input  wire        maximum_slot,
  input  wire        maximum_write,
  input  wire [31:0] maximum_write_data
);
  wire under_way;
  wire moving;
  wire at_memory;
  reg memory_slot;
  wire replace;
  wire [31:0] maximum_level_0_larger;
  reg update_stage_0;
  reg last_stage_0;
  reg slot_stage_0;
  reg fresh_stage_0;
  reg maximum_memory_write;
  reg maximum_memory_write_slot;
  reg maximum_memory_read_slot;
  reg [31:0] maximum_memory_write_data;
  wire [31:0] maximum_memory_read_data;

  assign under_way = update_stage_0 | last_stage_0;
  assign busy = under_way;
  assign moving = enter | busy;
  assign at_memory = update_stage_0 & ~reset;
  assign replace = fresh_stage_0 | (maximum_memory_read_data < maximum_level_0_larger);
  assign last_passed = last_stage_0 & ~reset;
  assign maximum = maximum_memory_read_data;

  always @(*) begin
    memory_slot = slot;
    if (update_stage_0) begin
      memory_slot = slot_stage_0;
    end
    if (maximum_access) begin
      maximum_memory_write_slot = maximum_slot;
      maximum_memory_read_slot = maximum_slot;
      maximum_memory_write = maximum_write;
      maximum_memory_write_data = maximum_write_data;
    end else begin
      maximum_memory_write_slot = memory_slot;
      maximum_memory_read_slot = memory_slot;
      maximum_memory_write = at_memory & replace;
      maximum_memory_write_data = maximum_level_0_larger;
    end
  end
  always @(posedge clock)
    if (reset) update_stage_0 <= 1'd0;
    else if (moving) update_stage_0 <= enter & update;
  always @(posedge clock)
    if (reset) last_stage_0 <= 1'd0;
    else if (moving) last_stage_0 <= enter & last;
  always @(posedge clock)
    if (moving) slot_stage_0 <= slot;
  always @(posedge clock)
    if (moving) fresh_stage_0 <= fresh;

  maximum_level maximum_level_0 (
    .clock(clock),
    .enable(moving),
    .operand(magnitude),
    .larger(maximum_level_0_larger)
  );

  maximum_memory maximum_memory (
    .clock(clock),
    .write(maximum_memory_write),
    .write_slot(maximum_memory_write_slot),
    .read_slot(maximum_memory_read_slot),
    .write_data(maximum_memory_write_data),
    .read_data(maximum_memory_read_data)
  );
endmodule

// The larger of neighbours.
module maximum_level (
  input  wire        clock,
  input  wire        enable,
  input  wire [63:0] operand,
  output reg  [31:0] larger
);
  reg [31:0] larger_register_d;

  always @(*) begin
    if (operand[31:0] < operand[63:32]) begin
      larger_register_d = operand[63:32];
    end else begin
      larger_register_d = operand[31:0];
    end
  end
  always @(posedge clock)
    if (enable) larger <= larger_register_d;
endmodule

module maximum_memory (
  input  wire        clock,
  input  wire        write,
  input  wire        write_slot,
  input  wire        read_slot,
  input  wire [31:0] write_data,
  output wire [31:0] read_data
);
  // One accumulator a token slot, read in the cycle it is addressed.
  reg [31:0] accumulator [0:1];
  assign read_data = accumulator[read_slot];
  always @(posedge clock)
    if (write) accumulator[write_slot] <= write_data;
endmodule

// Groups of dividers that take turns, and give their results in turn.
module divider_groups (
  input  wire        clock,
  input  wire        reset,
  input  wire        start,
  output wire        ready,
  input  wire [79:0] dividend,
  input  wire [1:0]  negative,
  input  wire [31:0] maximum,
  input  wire        last,
  output wire        result_valid,
  input  wire        result_ready,
  output wire [15:0] result_data,
  output wire        result_last,
  output wire        idle
);
  wire turn_ready;
  wire turn_valid;
  wire turn_last;
  wire turn_busy;
  wire [15:0] merged_0;
  wire divider_0_ready;
  wire divider_0_result_valid;
  wire [15:0] divider_0_result_data;
  wire divider_0_result_last;
  wire divider_0_idle;
  wire start_turn_turn;
  wire result_turn_turn;

  assign turn_ready = divider_0_ready & start_turn_turn;
  assign turn_valid = divider_0_result_valid & result_turn_turn;
  assign turn_last = divider_0_result_last & result_turn_turn;
  assign turn_busy = ~divider_0_idle;
  assign ready = turn_ready;
  assign result_valid = turn_valid;
  assign result_last = turn_last;
  assign idle = ~turn_busy;
  assign merged_0[7:0] = divider_0_result_data[7:0] & {8{result_turn_turn}};
  assign merged_0[15:8] = divider_0_result_data[15:8] & {8{result_turn_turn}};
  assign result_data = merged_0;

  divider divider_0 (
    .clock(clock),
    .reset(reset),
    .start(start & start_turn_turn),
    .ready(divider_0_ready),
    .dividend(dividend),
    .negative(negative),
    .maximum(maximum),
    .last(last),
    .result_valid(divider_0_result_valid),
    .result_ready(result_ready & result_turn_turn),
    .result_data(divider_0_result_data),
    .result_last(divider_0_result_last),
    .idle(divider_0_idle)
  );

  ring start_turn (
    .clock(clock),
    .reset(reset),
    .advance(start),
    .turn(start_turn_turn)
  );

  ring result_turn (
    .clock(clock),
    .reset(reset),
    .advance(result_valid & result_ready),
    .turn(result_turn_turn)
  );
endmodule

// A beat of values over its maximum: a digit a cycle, then the result until it is taken.
module divider (
  input  wire        clock,
  input  wire        reset,
  input  wire        start,
  output wire        ready,
  input  wire [79:0] dividend,
  input  wire [1:0]  negative,
  input  wire [31:0] maximum,
  input  wire        last,
  output wire        result_valid,
  input  wire        result_ready,
  output wire [15:0] result_data,
  output reg         result_last,
  output wire        idle
);
  wire offered;
  wire taken;
  wire step;
  wire scalable;
  localparam [3:0] ALL_CYCLES = 4'd10;
  reg [31:0] maximum_register;
  reg [3:0] cycles_left_d;
  reg [3:0] cycles_left;

  assign idle = cycles_left == 4'd0;
  assign offered = cycles_left == 4'd1;
  assign taken = offered & result_ready;
  assign step = ~idle & ~offered;
  assign ready = idle | taken;
  assign scalable = |maximum_register;
  assign result_valid = offered;

  always @(*) begin
    if (start) begin
      cycles_left_d = ALL_CYCLES;
    end else begin
      cycles_left_d = cycles_left - 4'd1;
    end
  end
  always @(posedge clock)
    if (start) maximum_register <= maximum;
  always @(posedge clock)
    if (start) result_last <= last;
  always @(posedge clock)
    if (reset) cycles_left <= 4'd0;
    else if (start | step | taken) cycles_left <= cycles_left_d;

  divider_lane divider_lane_0 (
    .clock(clock),
    .start(start),
    .step(step),
    .dividend(dividend[39:0]),
    .negative(negative[0]),
    .maximum(maximum_register),
    .scalable(scalable),
    .result(result_data[7:0])
  );

  divider_lane divider_lane_1 (
    .clock(clock),
    .start(start),
    .step(step),
    .dividend(dividend[79:40]),
    .negative(negative[1]),
    .maximum(maximum_register),
    .scalable(scalable),
    .result(result_data[15:8])
  );
endmodule

// 127 |v| / M by digits: shift, bring down a bit, subtract M if it can be.
module divider_lane (
  input  wire        clock,
  input  wire        start,
  input  wire        step,
  input  wire [39:0] dividend,
  input  wire        negative,
  input  wire [31:0] maximum,
  input  wire        scalable,
  output wire [7:0]  result
);
  wire work;
  wire [31:0] upper_part;
  wire [32:0] trial;
  wire [32:0] difference;
  wire digit;
  wire [6:0] limited;
  wire round_up;
  wire [6:0] quotient;
  reg [32:0] remainder_d;
  reg [32:0] remainder;
  reg [8:0] digits_d;
  reg [8:0] digits;
  reg sign;

  assign upper_part[7:0] = dividend[15:8];
  assign upper_part[15:8] = dividend[23:16];
  assign upper_part[23:16] = dividend[31:24];
  assign upper_part[31:24] = dividend[39:32];
  assign trial = (remainder << 1) | {32'd0, digits[7]};
  assign difference = trial - {1'd0, maximum};
  assign digit = ~difference[32];
  assign work = start | step;
  assign limited = digits[7:1] | {7{digits[8]}};
  assign round_up = (digits[0] && ~&limited) && (|remainder || limited[0]);
  assign quotient = limited & {7{scalable}};
  assign result = ({1'd0, quotient} ^ {8{sign}}) + {7'd0, round_up ^ sign};

  always @(*) begin
    if (start) begin
      remainder_d = {1'd0, upper_part};
      digits_d = {1'd0, dividend[7:0]};
    end else begin
      digits_d = (digits << 1) | {8'd0, digit};
      if (digit) begin
        remainder_d = difference;
      end else begin
        remainder_d = trial;
      end
    end
  end
  always @(posedge clock)
    if (work) remainder <= remainder_d;
  always @(posedge clock)
    if (work) digits <= digits_d;
  always @(posedge clock)
    if (start) sign <= negative;
endmodule

// Whose turn it is: a single 1 that goes around. The first bit is stored inverted.
module ring (
  input  wire clock,
  input  wire reset,
  input  wire advance,
  output wire turn
);
  reg stage_0;

  assign turn = ~stage_0;

  always @(posedge clock)
    if (reset) stage_0 <= 1'd0;
    else if (advance) stage_0 <= ~turn;
endmodule

// Two entries of a stream. No path runs from an input to an output.
module stream_register_quantized_output (
  input  wire        clock,
  input  wire        reset,
  input  wire        input_valid,
  output wire        input_ready,
  input  wire [15:0] input_data,
  input  wire        input_last,
  output wire        output_valid,
  input  wire        output_ready,
  output reg  [15:0] output_data,
  output reg         output_last
);
  wire advance;
  wire spill;
  reg valid_register;
  reg [15:0] data_register_d;
  reg last_register_d;
  reg spare_valid;
  reg [15:0] spare_data;
  reg spare_last;

  assign advance = ~valid_register | output_ready;
  assign spill = input_valid & ~spare_valid & ~advance;
  assign input_ready = ~spare_valid;
  assign output_valid = valid_register;

  always @(*) begin
    if (spare_valid) begin
      data_register_d = spare_data;
      last_register_d = spare_last;
    end else begin
      data_register_d = input_data;
      last_register_d = input_last;
    end
  end
  always @(posedge clock)
    if (reset) valid_register <= 1'd0;
    else if (advance) valid_register <= spare_valid | input_valid;
  always @(posedge clock)
    if (advance) output_data <= data_register_d;
  always @(posedge clock)
    if (advance) output_last <= last_register_d;
  always @(posedge clock)
    if (reset) spare_valid <= 1'd0;
    else if (spill | advance) spare_valid <= spill;
  always @(posedge clock)
    if (spill) spare_data <= input_data;
  always @(posedge clock)
    if (spill) spare_last <= input_last;
endmodule
