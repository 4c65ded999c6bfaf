  // Set into `divider_lane` of 32 bits, before its `endmodule`; never part of the design. The inputs `magnitude` and
  // `next_maximum` are added to the module: what the dividend was made of, and what M becomes at a start.
  //
  // Beside the lane runs its division on paper: Q, the digits found, and P = Q * M, which is their sum of multiples of
  // M by construction (both double, and gain the digit and digit * M). F is what P would be if every digit after the
  // first were 1. HOLDS is assumed in the first of two cycles and asserted in the second: a step of an induction.
`define HOLDS(x) begin if (now) assert (x); else assume (x); end
  reg now = 1'b0;
  always @(posedge clock) now <= 1'b1;

  reg started;          // there has been a start
  reg [3:0] k;          // steps since
  reg [31:0] a, m;      // |v| and M
  reg [39:0] n;         // 127 |v|
  reg s;                // v < 0
  reg [8:0] q;          // Q
  reg beyond;           // its first digit
  reg [42:0] p, f;      // P and F
  reg [42:0] whole_p;   // P without the last digit, which is that of the fraction
  always @(posedge clock)
    if (start) begin
      started <= 1'b1;
      k <= 4'd0;
      a <= magnitude;
      n <= dividend;
      m <= next_maximum;
      s <= negative;
      q <= 9'd0;
      p <= 43'd0;
      f <= 43'd0;
    end else if (step) begin
      k <= k + 4'd1;
      q <= (q << 1) | digit;
      p <= (p << 1) + (digit ? m : 0);
      if (k == 0) beyond <= digit;
      else f <= (f << 1) + m;
      if (k == 8) whole_p <= p;
    end

  // The quotient that is given, its product with M, and how far that is from 127 * min(|v|, M).
  wire [42:0] wide_m = m;
  wire [42:0] wide_n = n;
  wire [42:0] largest = (wide_m << 7) - wide_m;
  wire [7:0] size = result[7] ? -result : result;
  wire [42:0] product = beyond ? largest : size == q[7:1] ? whole_p : whole_p + m;
  wire [42:0] limited_n = a > m ? largest : wide_n;
  wire [42:0] twice_error = (limited_n > product ? limited_n - product : product - limited_n) << 1;

  always @(*) begin
    // The lane's inputs are what its header says.
    if (start) assume (magnitude <= 32'h80000000 && dividend == ({8'd0, magnitude} << 7) - {8'd0, magnitude});
    if (started) assume (maximum == m && scalable == (m != 0));
    if (step) assume (!start && (!started || k < 9));

    if (started) begin
      `HOLDS((k <= 9 && a <= 32'h80000000 && n == ({8'd0, a} << 7) - {8'd0, a} && sign == s))
      `HOLDS((digits == ((({9'd0, n[7:0]} << k) & 9'h1ff) | q)))
      `HOLDS((q >> k == 0))
      if (k == 0) `HOLDS((q == 0 && p == 0 && f == 0 && remainder == n >> 8))
      else begin
        `HOLDS((beyond == q[k - 1] && beyond == (wide_n >= wide_m << 7)))
        if (!beyond) begin
          `HOLDS((remainder < m && (wide_n << 1) >> (9 - k) == p + remainder))
          if (k < 9) `HOLDS((f == (wide_m << (k - 1)) - wide_m && p <= f && (q + 1 == 1 << (k - 1) ? p == f : p + m <= f)))
        end
      end
      if (k == 9 && !beyond) begin
        `HOLDS((p == (whole_p << 1) + (q[0] ? m : 0)))
        `HOLDS((whole_p <= largest && (q[7:1] == 127 ? whole_p == largest : whole_p + m <= largest)))
      end
`ifdef RESULT
      if (k == 9) begin
        if (m == 0) assert (result == 0);
        else begin
          assert (beyond ? size == 127 : size == q[7:1] || size == q[7:1] + 1);
          assert (size == 0 || result[7] == s);
          assert (twice_error < m || (twice_error == m && !size[0]));
        end
      end
`endif
    end
  end
