//! Faults in a module's text, each valid Verilog of the right widths.

use std::ops::Range;

use rtl::cosim::Random;

use super::module::{Module, Role};
use super::tokens::Kind;

/// A fault: other text at one place of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mutant {
    /// Where, in bytes of the module's text.
    pub(crate) at: Range<usize>,
    /// What stands there instead.
    pub(crate) with: String,
    /// Where the expression around it is.
    pub(crate) expression: Range<usize>,
    /// What it is.
    pub(crate) role: Role,
}

impl Mutant {
    /// The fault that `from`, which `text` has once, is `to`; nothing if more than an expression changes.
    pub(crate) fn of(module: &Module, text: &str, from: &str, to: &str) -> Option<Self> {
        Self::at(module, text.find(from)?, from, to)
    }

    /// The same fault of `own` in another module, `text`, which has its line as often.
    pub(crate) fn elsewhere(&self, own: &str, module: &Module, text: &str) -> Option<Self> {
        let [from, to] = self.lines(own);
        let ends =
            |text: &str| text.match_indices(&from).map(|(start, _)| start + from.len()).collect::<Vec<_>>();
        let (owns, others) = (ends(own), ends(text));
        let which = owns.iter().position(|&end| self.at.start < end)?;
        let same = owns.len() == others.len();
        same.then(|| Self::at(module, others[which] - from.len(), &from, &to))?
    }

    /// The fault that `from`, which begins at `start`, is `to`.
    fn at(module: &Module, start: usize, from: &str, to: &str) -> Option<Self> {
        let same = |(from, to): &(char, char)| from == to;
        let before: usize = from.chars().zip(to.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
        let rest = from[before..].chars().rev().zip(to[before..].chars().rev());
        let after: usize = rest.take_while(same).map(|(c, _)| c.len_utf8()).sum();
        let at = start + before..start + from.len() - after;
        let with = to[before..to.len() - after].to_owned();
        module.expressions.iter().find_map(|expression| {
            let range = module.bytes(expression.tokens.clone());
            let inside = range.start <= at.start && at.end <= range.end;
            inside.then(|| Self {
                at: at.clone(),
                with: with.clone(),
                expression: range,
                role: expression.role,
            })
        })
    }

    /// The module with the fault.
    pub(crate) fn apply(&self, module: &str) -> String {
        [&module[..self.at.start], &self.with, &module[self.at.end..]].concat()
    }

    /// The line as it was, and as it is.
    pub(crate) fn lines(&self, module: &str) -> [String; 2] {
        let start = module[..self.at.start].rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.at.end + module[self.at.end..].find('\n').unwrap_or(0);
        let with = [&module[start..self.at.start], &self.with, &module[self.at.end..end]].concat();
        [module[start..end].trim().to_owned(), with.trim().to_owned()]
    }
}

/// Up to `count` different faults, the same ones for the same seed; every kind of fault as often as there are some.
pub(crate) fn random(module: &Module, count: usize, seed: u64) -> Vec<Mutant> {
    let mut kinds = every(module);
    let mut random = Random::new(seed);
    let mut chosen: Vec<Mutant> = vec![];
    while chosen.len() < count {
        kinds.retain(|mutants| !mutants.is_empty());
        if kinds.is_empty() {
            break;
        }
        let mut below = |n: usize| usize::try_from(random.below(n as u64)).unwrap_or(0);
        let kind = below(kinds.len());
        let one = below(kinds[kind].len());
        chosen.push(kinds[kind].swap_remove(one));
    }
    chosen
}

/// Every fault, by kind.
fn every(module: &Module) -> Vec<Vec<Mutant>> {
    let mut faults = Faults { module, kinds: vec![vec![]; KINDS] };
    for expression in 0..module.expressions.len() {
        faults.in_expression(expression);
    }
    faults.kinds
}

const KINDS: usize = 9;
const OPERATOR: usize = 0;
const NEGATION: usize = 1;
const CONSTANT: usize = 2;
const INDEX: usize = 3;
const CONDITION: usize = 4;
const ORDER: usize = 5;
const OPERAND: usize = 6;
const BIT: usize = 7;
const STUCK: usize = 8;

/// What else could stand between two operands.
const BINARY: [(&str, &[&str]); 12] = [
    ("+", &["-"]),
    ("-", &["+"]),
    ("&", &["|", "^"]),
    ("|", &["&", "^"]),
    ("^", &["&", "|"]),
    ("&&", &["||"]),
    ("||", &["&&"]),
    ("==", &["!="]),
    ("!=", &["=="]),
    ("<", &["<="]),
    ("<=", &["<"]),
    ("<<", &[">>"]),
];

/// What else could stand before one: a reduction to a bit.
const UNARY: [(&str, &[&str]); 3] = [("&", &["|", "^"]), ("|", &["&", "^"]), ("^", &["&", "|"])];

struct Faults<'a> {
    module: &'a Module<'a>,
    kinds: Vec<Vec<Mutant>>,
}

impl Faults<'_> {
    fn in_expression(&mut self, expression: usize) {
        let module = self.module;
        let tokens = module.expressions[expression].tokens.clone();
        if module.expressions[expression].role == Role::Condition {
            let condition = self.text_of(tokens.clone());
            for with in [format!("!({condition})"), "1'd0".to_owned(), "1'd1".to_owned()] {
                self.add(CONDITION, expression, tokens.clone(), with);
            }
        }
        let mut at = tokens.start;
        while at < tokens.end {
            let token = module.tokens[at];
            match token.kind {
                Kind::Number => self.number(expression, at),
                Kind::Word => {
                    let operand = at..self.operand_end(at);
                    self.operand(expression, operand.clone());
                    // What is selected is not an operand.
                    at = operand.end - 1;
                }
                Kind::Symbol if token.text == "~" => {
                    self.add(NEGATION, expression, at..at + 1, String::new())
                }
                Kind::Symbol => self.operator(expression, at),
            }
            at += 1;
        }
    }

    fn operator(&mut self, expression: usize, at: usize) {
        let tokens = self.module.expressions[expression].tokens.clone();
        let binary = at > tokens.start && self.ends_operand(at - 1);
        let text = self.module.text(at);
        let others = if binary { &BINARY[..] } else { &UNARY[..] };
        for with in others.iter().filter(|(operator, _)| *operator == text).flat_map(|(_, others)| *others) {
            self.add(OPERATOR, expression, at..at + 1, (*with).to_owned());
        }
        if binary && ["-", "<", "<="].contains(&text) {
            let (left, right) =
                (self.operand_start(at - 1, tokens.start)..at, at + 1..self.operand_end(at + 1));
            let with = format!("{} {text} {}", self.text_of(right.clone()), self.text_of(left.clone()));
            self.add(ORDER, expression, left.start..right.end, with);
        }
        if text == "(" && self.module.text(at - 1) != "~" {
            self.add(NEGATION, expression, at..at + 1, "~(".to_owned());
        }
    }

    /// `8'd3`, each of whose bits may be wrong.
    fn number(&mut self, expression: usize, at: usize) {
        let Some((width, digits)) = self.module.text(at).split_once('\'') else { return };
        let (radix, digits) = digits.split_at(1);
        let radix = if radix == "b" { 2 } else { 10 };
        let (Ok(width), Ok(value)) = (width.parse::<u32>(), u64::from_str_radix(digits, radix)) else {
            return;
        };
        for bit in 0..width {
            self.add(CONSTANT, expression, at..at + 1, format!("{width}'d{}", value ^ 1 << bit));
        }
    }

    /// A name, with what is selected of it: inverted, another one, or other bits of it.
    fn operand(&mut self, expression: usize, operand: Range<usize>) {
        let module = self.module;
        let name = module.text(operand.start);
        let text = self.text_of(operand.clone());
        match module.text(operand.start - 1) {
            "~" => {}
            // Before a reduction's operand stands no other operator.
            "&" | "|" | "^" => self.add(NEGATION, expression, operand.clone(), format!("(~{text})")),
            _ => self.add(NEGATION, expression, operand.clone(), format!("~{text}")),
        }
        let Some(declared) = module.width(name) else { return };
        let select = operand.start + 2..operand.end - usize::from(operand.len() > 1);
        let bounds: Option<Vec<u64>> = if operand.len() == 1 {
            Some(vec![declared - 1, 0])
        } else {
            (select.clone()).step_by(2).map(|bound| module.text(bound).parse().ok()).collect()
        };
        // What is selected by a name has no bounds.
        let Some(bounds) = bounds else { return };
        let (high, low) = (bounds[0], bounds[bounds.len() - 1]);
        if operand.len() > 1 {
            for shift in [-1, 1] {
                let shifted: Vec<_> =
                    bounds.iter().filter_map(|bound| bound.checked_add_signed(shift)).collect();
                if shifted.len() == bounds.len() && shifted[0] < declared {
                    let shifted: Vec<String> = shifted.iter().map(u64::to_string).collect();
                    self.add(INDEX, expression, select.clone(), shifted.join(":"));
                }
            }
        }
        let width = high - low + 1;
        for bit in (0..width).filter(|_| width > 1) {
            self.add(BIT, expression, operand.clone(), format!("({text} ^ ({width}'d1 << {bit}))"));
        }
        for value in 0..2 {
            self.add(STUCK, expression, operand.clone(), format!("{{{width}{{1'd{value}}}}}"));
        }
        let target = module.expressions[expression].target;
        for (other, other_width) in &module.widths {
            let differs = ![name, target, "clock", "aclk"].contains(other) && !other.starts_with("unused");
            if *other_width == width && differs {
                self.add(OPERAND, expression, operand.clone(), (*other).to_owned());
            }
        }
    }

    /// The end of the operand that begins at `at`.
    fn operand_end(&self, at: usize) -> usize {
        let module = self.module;
        match module.text(at) {
            "~" | "&" | "|" | "^" => self.operand_end(at + 1),
            "(" | "{" => module.after_bracket(at),
            _ if module.is_word(at) && module.text(at + 1) == "[" => module.after_bracket(at + 1),
            _ => at + 1,
        }
    }

    /// The start of the operand whose last token is `last`.
    fn operand_start(&self, last: usize, least: usize) -> usize {
        (least..=last).find(|&at| self.operand_end(at) == last + 1).unwrap_or(last)
    }

    fn ends_operand(&self, at: usize) -> bool {
        self.module.tokens[at].kind != Kind::Symbol || [")", "]", "}"].contains(&self.module.text(at))
    }

    fn text_of(&self, tokens: Range<usize>) -> String {
        let (first, all) = (self.module.tokens[tokens.start].at, &self.module.tokens[tokens]);
        let mut text = String::new();
        for token in all {
            let gap = token.at - first - text.len();
            text += &" ".repeat(gap);
            text += token.text;
        }
        text
    }

    fn add(&mut self, kind: usize, expression: usize, tokens: Range<usize>, with: String) {
        let of = &self.module.expressions[expression];
        let mutant = Mutant {
            at: self.module.bytes(tokens),
            with,
            expression: self.module.bytes(of.tokens.clone()),
            role: of.role,
        };
        self.kinds[kind].push(mutant);
    }
}

#[cfg(test)]
mod tests {
    use super::super::module::find;
    use super::*;

    const TEXT: &str = "
module top (
  input  wire       clock,
  input  wire [3:0] a,
  input  wire [3:0] b,
  output wire       y
);
  assign y = ~(a[1:0] <= b[2:1]) & (&a) ^ (a - b == 4'd2);
endmodule
";

    #[test]
    fn every_kind_of_fault_and_all_of_them_different() {
        let range = find(TEXT, "top").expect("a module");
        let module = Module::read(TEXT, range.clone());
        let text = &TEXT[range];
        let mut lines: Vec<_> =
            random(&module, 1000, 1).iter().map(|mutant| mutant.lines(text)[1].clone()).collect();
        for fault in [
            "assign y = ~(a[1:0] < b[2:1]) & (&a) ^ (a - b == 4'd2);",
            "assign y = (a[1:0] <= b[2:1]) & (&a) ^ (a - b == 4'd2);",
            "assign y = ~(b[2:1] <= a[1:0]) & (&a) ^ (a - b == 4'd2);",
            "assign y = ~(a[2:1] <= b[2:1]) & (&a) ^ (a - b == 4'd2);",
            "assign y = ~(a[1:0] <= b[2:1]) & (|a) ^ (a - b == 4'd2);",
            "assign y = ~(a[1:0] <= b[2:1]) & (&a) ^ (b - a == 4'd2);",
            "assign y = ~(a[1:0] <= b[2:1]) & (&a) ^ (a - b != 4'd2);",
            "assign y = ~(a[1:0] <= b[2:1]) & (&a) ^ (a - ~b == 4'd2);",
            "assign y = ~(a[1:0] <= b[2:1]) & (&a) ^ (a - b == 4'd10);",
            "assign y = ~(a[1:0] <= b[2:1]) & (&b) ^ (a - b == 4'd2);",
        ] {
            assert!(lines.iter().any(|line| line == fault), "{fault}");
        }
        let count = lines.len();
        lines.sort();
        lines.dedup();
        assert_eq!(lines.len(), count);
        assert_eq!(random(&module, 5, 7), random(&module, 5, 7));
    }
}
