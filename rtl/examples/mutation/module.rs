//! A module of an emitted text: its names, and the expressions that say what it does.

use std::collections::HashMap;
use std::ops::Range;

use super::tokens::{Kind, Token, tokens};

/// What an expression is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The right side of an assignment, or what an instance gets.
    Value,
    /// What an `if` asks.
    Condition,
    /// A `localparam`, whose keyword begins there.
    Parameter(usize),
}

/// An expression: a range of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expression<'a> {
    pub(crate) role: Role,
    pub(crate) tokens: Range<usize>,
    /// What it is assigned to, if it is.
    pub(crate) target: &'a str,
}

/// A module, read.
#[derive(Debug)]
pub(crate) struct Module<'a> {
    pub(crate) tokens: Vec<Token<'a>>,
    /// Bits of each name that is not an array, in the order of the text.
    pub(crate) widths: Vec<(&'a str, u64)>,
    pub(crate) expressions: Vec<Expression<'a>>,
}

/// Where the module `name` stands in `text`.
pub(crate) fn find(text: &str, name: &str) -> Option<Range<usize>> {
    let start = text.find(&format!("\nmodule {name} ("))? + 1;
    let end = start + text[start..].find("\nendmodule\n")? + "\nendmodule\n".len();
    Some(start..end)
}

/// For each module of `text`, its output ports.
fn outputs(text: &str) -> HashMap<&str, Vec<&str>> {
    let mut outputs: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut module = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("module ").and_then(|rest| rest.split_whitespace().next()) {
            module = name;
        } else if line.starts_with("  output ") {
            outputs.entry(module).or_default().extend(line.trim_end_matches(',').split_whitespace().last());
        }
    }
    outputs
}

impl<'a> Module<'a> {
    /// Reads the module that stands at `range` in `text`.
    pub(crate) fn read(text: &'a str, range: Range<usize>) -> Self {
        let mut module = Self { tokens: tokens(&text[range]), widths: vec![], expressions: vec![] };
        let outputs = outputs(text);
        let mut at = 0;
        while at < module.tokens.len() {
            at = module.item(at, &outputs);
        }
        module.expressions.retain(|expression| !expression.target.starts_with("unused"));
        module
    }

    pub(crate) fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    pub(crate) fn is_word(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Word)
    }

    /// Where tokens stand, in bytes of the module's text.
    pub(crate) fn bytes(&self, tokens: Range<usize>) -> Range<usize> {
        self.tokens[tokens.start].at..self.tokens[tokens.end - 1].end()
    }

    pub(crate) fn width(&self, name: &str) -> Option<u64> {
        self.widths.iter().find(|(known, _)| *known == name).map(|(_, width)| *width)
    }

    /// The token after the bracket that closes the one at `at`.
    pub(crate) fn after_bracket(&self, at: usize) -> usize {
        let mut depth = 0;
        for (i, token) in self.tokens.iter().enumerate().skip(at) {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return i + 1;
            }
        }
        self.tokens.len()
    }

    /// The first of `symbols` from `at` on, outside of brackets.
    fn find(&self, mut at: usize, symbols: &[&str]) -> usize {
        while at < self.tokens.len() && !symbols.contains(&self.text(at)) {
            at = if matches!(self.text(at), "(" | "[" | "{") { self.after_bracket(at) } else { at + 1 };
        }
        at
    }

    /// Reads what begins at `at`, and returns where the next begins.
    fn item(&mut self, at: usize, outputs: &HashMap<&str, Vec<&str>>) -> usize {
        match self.text(at) {
            "input" | "output" => self.name(at + 2),
            "wire" | "reg" => self.declaration(at, Role::Value),
            "localparam" => self.declaration(at, Role::Parameter(self.tokens[at].at)),
            "assign" => self.assignment(at + 1),
            "always" => self.after_bracket(at + 2),
            "if" => {
                let end = self.after_bracket(at + 1);
                self.expression(Role::Condition, at + 2..end - 1, "");
                end
            }
            "module" => at + 3,
            // An attribute.
            "(" => self.after_bracket(at),
            "begin" | "end" | "else" | "endmodule" | "," | ")" | ";" => at + 1,
            _ if self.is_word(at) && self.is_word(at + 1) => self.instance(at, outputs),
            _ if self.is_word(at) => self.assignment(at),
            other => panic!("{other} begins nothing that is known here"),
        }
    }

    fn expression(&mut self, role: Role, tokens: Range<usize>, target: &'a str) {
        self.expressions.push(Expression { role, tokens, target });
    }

    /// `[7:0] name`, or without a range, and notes its width; arrays have a range behind the name.
    fn name(&mut self, at: usize) -> usize {
        let (width, name) = if self.text(at) == "[" {
            (self.text(at + 1).parse::<u64>().map_or(0, |top| top + 1), at + 5)
        } else {
            (1, at)
        };
        if self.text(name + 1) == "[" {
            return self.after_bracket(name + 1);
        }
        self.widths.push((self.text(name), width));
        name + 1
    }

    fn declaration(&mut self, at: usize, role: Role) -> usize {
        let after = self.name(at + 1);
        let end = self.find(after, &[";"]);
        if self.text(after) == "=" {
            self.expression(role, after + 1..end, self.text(after - 1));
        }
        end + 1
    }

    fn assignment(&mut self, at: usize) -> usize {
        let from = self.find(at, &["=", "<="]) + 1;
        let end = self.find(from, &[";"]);
        self.expression(Role::Value, from..end, self.text(at));
        end + 1
    }

    fn instance(&mut self, at: usize, outputs: &HashMap<&str, Vec<&str>>) -> usize {
        let end = self.after_bracket(at + 2);
        let driven = outputs.get(self.text(at)).map_or(&[][..], |ports| ports);
        let mut port = at + 3;
        while port + 1 < end {
            let after = self.after_bracket(port + 2);
            let name = self.text(port + 1);
            if !driven.contains(&name) && name != "clock" {
                self.expression(Role::Value, port + 3..after - 1, "");
            }
            port = after + 1;
        }
        end + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
module below (
  input  wire       clock,
  input  wire [3:0] a,
  output wire       b
);
endmodule

module top (
  input  wire       clock,
  input  wire [3:0] x,
  output reg        y
);
  localparam [3:0] LIMIT = 4'd9;
  (* no_rw_check *) reg [3:0] rows [0:4];
  wire z;
  wire unused = &{1'b0, x[0]};

  always @(posedge clock)
    if (z) y <= x[1] & (x < LIMIT);

  below below (
    .clock(clock),
    .a(~x),
    .b(z)
  );
endmodule
";

    #[test]
    fn expressions_are_found_and_outputs_are_none() {
        let range = find(TEXT, "top").expect("a module");
        let module = Module::read(TEXT, range.clone());
        let text = |expression: &Expression| {
            let tokens = &module.tokens[expression.tokens.clone()];
            TEXT[range.clone()][tokens[0].at..tokens[tokens.len() - 1].end()].to_owned()
        };
        let found: Vec<String> = module.expressions.iter().map(text).collect();
        assert_eq!(found, ["4'd9", "z", "x[1] & (x < LIMIT)", "~x"]);
        assert_eq!(module.expressions[1].role, Role::Condition);
        let widths = [("clock", 1), ("x", 4), ("y", 1), ("LIMIT", 4), ("z", 1), ("unused", 1)];
        assert_eq!(module.widths, widths);
    }
}
