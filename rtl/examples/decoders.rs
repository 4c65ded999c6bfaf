//! What a decoder of five trits a byte costs, for several byte codes: the measurement behind C-PACK-1.
//!
//! `cargo run --release -p tritium-rtl --example decoders` prints the table of this crate's README, "The byte code".
//! Each code is a function of the byte, here and nowhere else but for the one that was chosen, which is the contract's;
//! Yosys gets its 256 rows as a case statement, with the sign of every trit. The last row is the block as it is emitted, with the
//! signs that the array takes (C-LANE-3).
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

use std::error::Error;
use std::fmt::Write;
use std::path::Path;

use contract::packing::decode5;
use rtl::trit_decoder::TritDecoder;
use rtl::{eda, verilog};

/// Five trits, or an invalid byte.
type Code = fn(u8) -> Option<[i8; 5]>;

const CODES: [(&str, Code); 5] = [
    ("positional base 3", positional),
    ("27 x 8 and an escape, base 3 within", |byte| escape(byte, digits)),
    ("27 x 8 and an escape to two zeros", |byte| {
        escape(byte, |pair| digits(if pair < 4 { pair } else { pair + 1 }))
    }),
    ("3 x 8 x 8, escapes to two zeros", pairs),
    ("C-PACK-1, as a table", |byte| match decode5(byte) {
        (trits, false) => Some(trits.map(contract::Trit::value)),
        (_, true) => None,
    }),
];

/// Trits of `value`'s digits in base 3, the lowest first.
fn digits<const N: usize>(mut value: u8) -> [i8; N] {
    std::array::from_fn(|_| {
        let digit = value % 3;
        value /= 3;
        [-1, 0, 1][usize::from(digit)]
    })
}

fn positional(byte: u8) -> Option<[i8; 5]> {
    (byte < 243).then(|| digits(byte))
}

/// Three trits in the low bits below 27 and `two`, but for the pair of index 8, in the high ones; from 27 on, the 40
/// places that are left hold the three trits beside that pair.
fn escape(byte: u8, two: impl Fn(u8) -> [i8; 2]) -> Option<[i8; 5]> {
    let (low, high) = (byte % 32, byte / 32);
    let join = |three: u8, pair: [i8; 2]| {
        let [a, b, c] = digits(three);
        [a, b, c, pair[0], pair[1]]
    };
    if low < 27 {
        return Some(join(low, two(high)));
    }
    let place = (low - 27) * 8 + high;
    // The pair that the eight others leave out.
    let left = (0..9).map(digits).find(|pair| (0..8).all(|index| two(index) != *pair))?;
    (place < 27).then(|| join(place, left))
}

/// A trit in two bits, and twice two trits that are not both zero in three; where the trit's bits are 3, a pair is zero.
fn pairs(byte: u8) -> Option<[i8; 5]> {
    let (a, b, c) = (usize::from(byte % 4), usize::from(byte / 4 % 8), usize::from(byte / 32));
    let trit = [0, 1, -1];
    let pair = |bits: usize| {
        let sign = |bit: usize| if bits >> bit & 1 == 1 { -1 } else { 1 };
        match (bits / 4, bits % 2) {
            (0, _) => [sign(0), sign(1)],
            (_, 0) => [0, sign(1)],
            _ => [sign(1), 0],
        }
    };
    let join = |first: i8, b: [i8; 2], c: [i8; 2]| Some([first, b[0], b[1], c[0], c[1]]);
    match (a, b, c) {
        (0..3, _, _) => join(trit[a], pair(b), pair(c)),
        (_, 0..3, _) => join(trit[b], [0; 2], pair(c)),
        (_, 4..7, _) => join(trit[b - 4], pair(c), [0; 2]),
        (_, 3, 0..3) => join(trit[c], [0; 2], [0; 2]),
        _ => None,
    }
}

/// [`pairs`] as equations, each with few inputs.
const PAIRS: &str = "\
module trit_decoder(input wire [7:0] code, output wire [4:0] zero, sign, output wire invalid);
wire [4:0] nonzero, negative;
assign zero = ~nonzero, sign = negative;
wire [1:0] a = code[1:0]; wire [2:0] b = code[4:2], c = code[7:5];
wire a3 = &a, b3 = &b[1:0];
wire [1:0] t = a3 ? (b3 ? c[1:0] : b[1:0]) : a;
assign invalid = a3 & b3 & (b[2] | c[2] | &c[1:0]);
assign nonzero[0] = ^t & ~invalid, negative[0] = t[1] & ~t[0] & ~invalid;
wire no_b = a3 & (~b[2] | b3), no_c = a3 & (b[2] | b3);
wire [2:0] d = no_c ? c : b;
assign nonzero[1] = ~no_b & ~(d[2] & ~d[0]), negative[1] = nonzero[1] & (nonzero[2] ? d[0] : d[1]);
assign nonzero[2] = ~no_b & ~(d[2] & d[0]), negative[2] = nonzero[2] & d[1];
assign nonzero[3] = ~no_c & ~(c[2] & ~c[0]), negative[3] = nonzero[3] & (nonzero[4] ? c[0] : c[1]);
assign nonzero[4] = ~no_c & ~(c[2] & c[0]), negative[4] = nonzero[4] & c[1];
endmodule
";

/// The module `trit_decoder` of a code, as a table.
fn table(code: Code) -> Result<String, Box<dyn Error>> {
    let rows: Vec<_> = (0..=u8::MAX).map(code).collect();
    let mut distinct: Vec<_> = rows.iter().flatten().collect();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() != 243 || rows.iter().filter(|row| row.is_none()).count() != 13 {
        return Err("not a code: 243 bytes must stand for all five trits".into());
    }
    let mut text =
        "module trit_decoder(input wire [7:0] code, output reg [4:0] zero, sign, output reg invalid);
always @(*) case (code)\n"
            .to_owned();
    for (byte, row) in rows.iter().enumerate() {
        let bits = |is: fn(i8) -> bool| {
            row.iter().flatten().rev().fold(String::new(), |bits, &t| bits + if is(t) { "1" } else { "0" })
        };
        let (zero, sign) = if row.is_some() {
            (bits(|t| t == 0), bits(|t| t < 0))
        } else {
            ("11111".to_owned(), "0".to_owned())
        };
        let invalid = u8::from(row.is_none());
        writeln!(text, "{byte}: {{zero, sign, invalid}} = {{5'b{zero}, 5'b{sign}, 1'b{invalid}}};")?;
    }
    Ok(text + "endcase\nendmodule\n")
}

/// Decoders in [`beside_logic`].
const DECODERS: u32 = 8;

/// DECODERS decoders beside a carry chain that is deeper than they are, made of logic: as in an engine, whose longest
/// paths are elsewhere, the mapper may then trade a decoder's depth for area.
fn beside_logic(decoder: &str) -> String {
    let mut text = format!(
        "{decoder}
module beside(input wire [{top}:0] code, output wire [{last}:0] zero, sign, output wire [{decoders}:0] invalid,
  input wire [31:0] a, output wire carry);
wire [16:0] c; assign c[0] = 0; assign carry = c[16];\n",
        top = 8 * DECODERS - 1,
        last = 5 * DECODERS - 1,
        decoders = DECODERS - 1
    );
    for i in 0..16 {
        text += &format!(
            "assign c[{}] = (a[{x}] & a[{y}]) | (c[{i}] & (a[{x}] ^ a[{y}]));\n",
            i + 1,
            x = 2 * i,
            y = 2 * i + 1
        );
    }
    for i in 0..DECODERS {
        text += &format!(
            "trit_decoder d{i} (.code(code[{}+:8]), .zero(zero[{five}+:5]), .sign(sign[{five}+:5]), \
             .invalid(invalid[{i}]));\n",
            8 * i,
            five = 5 * i
        );
    }
    text + "endmodule\n"
}

/// LUTs, and multiplexers beside them.
fn luts(dir: &Path, text: &str, top: &str, synthesis: &str) -> Result<(u64, u64), Box<dyn Error>> {
    let cells = eda::cells(dir, text, top, &format!("{synthesis} -top {top}"))?;
    let count = |kinds: &[&str]| {
        cells.iter().filter(|(cell, _)| kinds.iter().any(|kind| cell.contains(kind))).map(|(_, n)| n).sum()
    };
    Ok((count(&["LUT"]), count(&["MUX"])))
}

fn main() -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let alone =
        ["synth_xilinx -family xcup -flatten", "synth_xilinx -family xc7", "synth_ecp5", "synth_ice40"];
    let beside = ["synth_xilinx -family xcup -flatten", "synth_ecp5", "synth_ice40"];
    let nothing =
        "module trit_decoder(input wire [7:0] code, output wire [4:0] zero, sign, output wire invalid);
assign zero = 0, sign = 0, invalid = 0;
endmodule\n";
    let mut logic = vec![];
    for synthesis in beside {
        logic.push(luts(dir.path(), &beside_logic(nothing), "beside", synthesis)?.0);
    }
    let mut rows: Vec<(&str, String)> = vec![];
    for (name, code) in CODES {
        rows.push((name, table(code)?));
    }
    rows.push(("3 x 8 x 8, as equations", PAIRS.to_owned()));
    rows.push(("C-PACK-1, as emitted", verilog::emit(&mut TritDecoder::default(), "trit_decoder")?));
    println!(
        "| code | xcup | xc7 | ECP5 | iCE40 | xcup, of 8 | ECP5, of 8 | iCE40, of 8 |\n|---|---|---|---|---|---|---|---|"
    );
    for (name, text) in rows {
        let mut row = format!("| {name} |");
        for synthesis in alone {
            let (luts, muxes) = luts(dir.path(), &text, "trit_decoder", synthesis)?;
            row += &if muxes == 0 { format!(" {luts} |") } else { format!(" {luts} + {muxes} |") };
        }
        for (synthesis, logic) in beside.iter().zip(&logic) {
            let all = luts(dir.path(), &beside_logic(&text), "beside", synthesis)?.0;
            row += &format!(" {:.1} |", f64::from(u32::try_from(all - logic)?) / f64::from(DECODERS));
        }
        println!("{row}");
    }
    Ok(())
}
