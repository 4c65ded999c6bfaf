//! From the syntax tree that `#[hdl_gen]` makes to statements with loops unrolled and every name resolved.

use std::collections::{HashMap, HashSet};

use rust_hdl::core::ast::{
    VerilogBlockOrConditional, VerilogConditional, VerilogExpression, VerilogLink, VerilogLiteral, VerilogOp,
    VerilogOpUnary, VerilogStatement,
};

use super::EmitError;
use super::expression::{Expression, Slice};
use super::netlist::Elements;
use crate::hdl::{High, Low};

/// A statement of a module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Statement {
    Assign(Slice, Expression),
    If(Expression, Vec<Statement>, Vec<Statement>),
}

impl Statement {
    /// Adds the nets that it assigns.
    pub(super) fn targets(&self, out: &mut HashSet<usize>) {
        match self {
            Statement::Assign(target, _) => {
                out.insert(target.net);
            }
            Statement::If(_, then, otherwise) => then.iter().chain(otherwise).for_each(|s| s.targets(out)),
        }
    }

    /// Replaces every slice that it reads by what `f` gives for it.
    pub(super) fn map_slices(&mut self, f: &impl Fn(Slice) -> Slice) {
        match self {
            Statement::Assign(_, value) => value.map_slices(f),
            Statement::If(condition, then, otherwise) => {
                condition.map_slices(f);
                then.iter_mut().chain(otherwise).for_each(|s| s.map_slices(f));
            }
        }
    }

    /// Calls `f` with every slice that it reads.
    pub(super) fn visit(&self, f: &mut impl FnMut(Slice)) {
        match self {
            Statement::Assign(_, value) => value.visit(f),
            Statement::If(condition, then, otherwise) => {
                condition.visit(f);
                then.iter().chain(otherwise).for_each(|s| s.visit(f));
            }
        }
    }
}

/// What a name in the syntax tree can mean.
pub(super) struct Names<'a> {
    /// Nets by their RustHDL name (`lane$3$operand`).
    pub(super) index: &'a HashMap<String, usize>,
    /// For each net: its width, and how it is divided.
    pub(super) shape: &'a dyn Fn(usize) -> (usize, Elements),
}

/// Lowers one module's code. `comments` takes those at its top.
pub(super) struct Lowering<'a> {
    names: Names<'a>,
    loops: Vec<(String, i64)>,
    pub(super) comments: Vec<String>,
}

impl<'a> Lowering<'a> {
    pub(super) fn new(names: Names<'a>) -> Self {
        Self { names, loops: vec![], comments: vec![] }
    }

    pub(super) fn block(&mut self, block: &[VerilogStatement]) -> Result<Vec<Statement>, EmitError> {
        let mut statements = vec![];
        for statement in block {
            self.statement(statement, &mut statements)?;
        }
        Ok(statements)
    }

    fn statement(&mut self, s: &VerilogStatement, out: &mut Vec<Statement>) -> Result<(), EmitError> {
        match s {
            VerilogStatement::Assignment(target, value) => {
                let VerilogExpression::Signal(name) = target else {
                    return Err(EmitError(format!("an assignment to {target:?}")));
                };
                out.push(Statement::Assign(self.slice(name)?, self.expression(value)?));
            }
            VerilogStatement::If(conditional) => out.push(self.conditional(conditional)?),
            VerilogStatement::Loop(l) => {
                for i in l.from.as_usize()..l.to.as_usize() {
                    self.loops.push((l.index.clone(), i64::try_from(i).unwrap_or(i64::MAX)));
                    out.extend(self.block(&l.block)?);
                    self.loops.pop();
                }
            }
            // RustHDL leaves the macro's name before the text.
            VerilogStatement::Comment(text) => {
                let text = text.split_once('"').map_or(text.as_str(), |(_, text)| text);
                self.comments.push(text.to_owned());
            }
            VerilogStatement::Macro(block) => out.extend(self.block(block)?),
            VerilogStatement::Link(links) => {
                for link in links {
                    let VerilogLink::Forward(link) = link else {
                        return Err(EmitError(format!("a link other than `Wires::join`: {link:?}")));
                    };
                    let (mut from, mut to) = (self.slice(&link.owner_name)?, self.slice(&link.other_name)?);
                    let width = from.width.min(to.width);
                    for side in [&mut from, &mut to] {
                        if link.my_name == High::LINK {
                            side.low += side.width - width;
                        }
                        if link.my_name == High::LINK || link.my_name == Low::LINK {
                            side.width = width;
                        }
                    }
                    out.push(Statement::Assign(to, Expression::Net(from)));
                }
            }
            VerilogStatement::SliceAssignment { .. } | VerilogStatement::Match(_) => {
                return Err(EmitError(format!("a statement without translation: {s:?}")));
            }
        }
        Ok(())
    }

    fn conditional(&mut self, c: &VerilogConditional) -> Result<Statement, EmitError> {
        let otherwise = match &c.otherwise {
            VerilogBlockOrConditional::Block(block) => self.block(block)?,
            VerilogBlockOrConditional::Conditional(statement) => {
                self.block(std::slice::from_ref(statement))?
            }
            VerilogBlockOrConditional::None => vec![],
        };
        Ok(Statement::If(self.expression(&c.test)?, self.block(&c.then)?, otherwise))
    }

    fn expression(&self, e: &VerilogExpression) -> Result<Expression, EmitError> {
        let boxed = |e| self.expression(e).map(Box::new);
        Ok(match e {
            VerilogExpression::Signal(name) => match self.loops.iter().rev().find(|(l, _)| l == name) {
                Some((_, value)) => Expression::Literal(value.cast_unsigned()),
                None => Expression::Net(self.slice(name)?),
            },
            VerilogExpression::Literal(literal) => Expression::Literal(literal_value(literal)?),
            VerilogExpression::Paren(e) => self.expression(e)?,
            VerilogExpression::Unsigned(e) => Expression::ZeroExtend(boxed(e)?),
            VerilogExpression::Signed(e) => Expression::SignExtend(boxed(e)?),
            VerilogExpression::Unary(operator, e) => Expression::Unary(unary(operator), boxed(e)?),
            VerilogExpression::Binary(l, operator, r) => {
                let (l, r) = (boxed(l)?, boxed(r)?);
                Expression::Binary(l, binary(operator, &r)?, r)
            }
            VerilogExpression::Slice(e, width, offset) => self.part(e, offset, *width)?,
            VerilogExpression::Index(e, offset) => self.part(e, offset, 1)?,
            VerilogExpression::Cast(..) | VerilogExpression::IndexReplace(..) => {
                return Err(EmitError(format!("an expression without translation: {e:?}")));
            }
        })
    }

    /// `width` bits of a named signal from a constant offset.
    fn part(
        &self,
        e: &VerilogExpression,
        at: &VerilogExpression,
        width: usize,
    ) -> Result<Expression, EmitError> {
        match (self.expression(e)?, self.expression(at)?) {
            (Expression::Net(whole), Expression::Literal(at))
                if at + (width as u64) <= whole.width as u64 =>
            {
                let at = usize::try_from(at).unwrap_or(0);
                Ok(Expression::Net(Slice { net: whole.net, low: whole.low + at, width }))
            }
            _ => Err(EmitError(format!("a slice without translation: {e:?} at {at:?}"))),
        }
    }

    /// What a name means: a net, or an element of one. `lane[i + 1]$operand[3]$next` and the like.
    fn slice(&self, name: &str) -> Result<Slice, EmitError> {
        let unknown = || EmitError(format!("{name} names nothing in its module"));
        let mut flat = String::new();
        let mut rest = name.trim_end_matches("$next");
        while let Some((before, after)) = rest.split_once('[') {
            let (index, after) = after.split_once(']').ok_or_else(unknown)?;
            flat += &format!("{before}${}", self.index(index).ok_or_else(unknown)?);
            rest = after;
        }
        flat += rest;
        let mut elements = vec![];
        let mut net = flat.as_str();
        while !self.names.index.contains_key(net) {
            let (shorter, index) = net.rsplit_once('$').ok_or_else(unknown)?;
            elements.push(index.parse::<usize>().map_err(|_| unknown())?);
            net = shorter;
        }
        let net = self.names.index[net];
        let (whole, shape) = (self.names.shape)(net);
        elements.reverse();
        let (low, width) = shape.at(&elements, whole).ok_or_else(unknown)?;
        if low + width > whole { Err(unknown()) } else { Ok(Slice { net, low, width }) }
    }

    /// The value of an index: sums, differences and products of loop variables and numbers, without parentheses.
    fn index(&self, text: &str) -> Option<i64> {
        if let Some((l, r)) = text.rsplit_once('+') {
            return Some(self.index(l)? + self.index(r)?);
        }
        if let Some((l, r)) = text.rsplit_once('-') {
            return Some(self.index(l)? - self.index(r)?);
        }
        if let Some((l, r)) = text.rsplit_once('*') {
            return Some(self.index(l)? * self.index(r)?);
        }
        let variable = self.loops.iter().rev().find(|(name, _)| name == text);
        variable.map(|(_, value)| *value).or_else(|| text.parse().ok())
    }
}

pub(super) fn literal_value(literal: &VerilogLiteral) -> Result<u64, EmitError> {
    let text = format!("{literal:x}");
    let digits = text.rsplit_once("'h").map_or("", |(_, digits)| digits);
    u64::from_str_radix(digits, 16).map_err(|_| EmitError(format!("a literal of more than 64 bits: {text}")))
}

fn unary(operator: &VerilogOpUnary) -> &'static str {
    match operator {
        VerilogOpUnary::Not => "~",
        VerilogOpUnary::Neg => "-",
        VerilogOpUnary::All => "&",
        VerilogOpUnary::Any => "|",
        VerilogOpUnary::Xor => "^",
    }
}

fn binary(operator: &VerilogOp, right: &Expression) -> Result<&'static str, EmitError> {
    Ok(match operator {
        VerilogOp::Add => "+",
        VerilogOp::Sub => "-",
        VerilogOp::LogicalAnd => "&&",
        VerilogOp::LogicalOr => "||",
        VerilogOp::BitXor => "^",
        VerilogOp::BitAnd => "&",
        VerilogOp::BitOr => "|",
        VerilogOp::Eq => "==",
        VerilogOp::Ne => "!=",
        VerilogOp::Lt => "<",
        VerilogOp::Le => "<=",
        VerilogOp::Gt => ">",
        VerilogOp::Ge => ">=",
        // By a number, a shift is wiring.
        VerilogOp::Shl if matches!(right, Expression::Literal(_)) => "<<",
        VerilogOp::Shr if matches!(right, Expression::Literal(_)) => ">>",
        // A multiplier is what this machine does without, and a shift by a variable is one in disguise.
        VerilogOp::Mul | VerilogOp::Shl | VerilogOp::Shr => {
            return Err(EmitError(format!("the operator {operator:?} is not part of this machine")));
        }
    })
}
