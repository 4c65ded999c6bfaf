//! A top with few pins around a design with many ports.

use std::fmt::Write;

use crate::Error;

/// A port of a module.
struct Port {
    name: String,
    bits: usize,
    is_input: bool,
}

/// The text of a module `harness` around `top` of `text`: its inputs come from a shift register, its outputs go to
/// another one, so that no port needs a pin and every path begins and ends in a register.
pub(super) fn harness(text: &str, top: &str) -> Result<String, Error> {
    let ports = ports(text, top)
        .filter(|ports| ports.iter().any(|port| port.name == "aclk"))
        .ok_or_else(|| Error::Design { block: top.to_owned(), why: "it has no port aclk".to_owned() })?;
    let inputs: Vec<&Port> = ports.iter().filter(|port| port.is_input && port.name != "aclk").collect();
    let outputs: Vec<&Port> = ports.iter().filter(|port| !port.is_input).collect();
    let bits = |ports: &[&Port]| ports.iter().map(|port| port.bits).sum::<usize>();
    let (input_bits, output_bits) = (bits(&inputs), bits(&outputs));
    let mut v = String::new();
    let mut connections = vec![".aclk(clock)".to_owned()];
    for (vector, ports) in [("inputs", inputs), ("outputs", outputs)] {
        let mut at = 0;
        for port in ports {
            connections.push(format!(".{}({vector}[{at} +: {}])", port.name, port.bits));
            at += port.bits;
        }
    }
    // Writing to a string does not fail.
    let _ = write!(
        v,
        "
module harness(input wire clock, input wire serial_in, output wire serial_out);
  reg [{input_bits}:0] inputs;
  reg [{output_bits}:0] captured;
  wire [{output_bits}:0] outputs;
  assign outputs[{output_bits}] = 1'b0;
  assign serial_out = captured[{output_bits}];
  always @(posedge clock) begin
    inputs <= {{inputs[{input_bits} - 1:0], serial_in}};
    captured <= {{captured[{output_bits} - 1:0], 1'b0}} ^ outputs;
  end
  {top} design(
    {}
  );
endmodule
",
        connections.join(",\n    ")
    );
    Ok(v)
}

/// The ports of the module `top`, one a line, as this project writes them.
fn ports(text: &str, top: &str) -> Option<Vec<Port>> {
    let (_, rest) = text.split_once(&format!("\nmodule {top} (\n"))?;
    let (header, _) = rest.split_once("\n);")?;
    let port = |line: &str| {
        let mut words = line.trim().trim_end_matches(',').split_whitespace();
        let is_input = words.next()? == "input";
        // wire, or reg.
        words.next()?;
        let rest: Vec<&str> = words.collect();
        let (name, bits) = match rest[..] {
            [name] => (name, 1),
            [range, name] => {
                (name, range.trim_start_matches('[').split(':').next()?.parse::<usize>().ok()? + 1)
            }
            _ => return None,
        };
        Some(Port { name: name.to_owned(), bits, is_input })
    };
    header.lines().map(port).collect()
}
