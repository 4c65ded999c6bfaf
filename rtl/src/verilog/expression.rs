//! Expressions with every width known, and their text.

use std::cmp::Ordering;

use super::EmitError;

/// A slice of a net: `width` bits from `low` up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Slice {
    /// Index into the module's nets.
    pub(super) net: usize,
    pub(super) low: usize,
    pub(super) width: usize,
}

/// An expression. A width of `None` is whatever its place is wide.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Expression {
    Net(Slice),
    Literal(u64),
    /// Widened with zeros.
    ZeroExtend(Box<Expression>),
    /// Widened with the sign.
    SignExtend(Box<Expression>),
    /// `~`, `-`, or a reduction `&`, `|`, `^`.
    Unary(&'static str, Box<Expression>),
    Binary(Box<Expression>, &'static str, Box<Expression>),
}

/// Operators whose result is one bit, whatever their operands are.
fn is_condition(operator: &str) -> bool {
    matches!(operator, "==" | "!=" | "<" | "<=" | ">" | ">=" | "&&" | "||")
}

/// Operators whose right side is a number and has no width.
fn is_shift(operator: &str) -> bool {
    matches!(operator, "<<" | ">>")
}

fn is_reduction(operator: &str) -> bool {
    matches!(operator, "&" | "|" | "^")
}

impl Expression {
    /// Its own width, or `None` where the place decides.
    pub(super) fn width(&self) -> Option<usize> {
        match self {
            Expression::Net(slice) => Some(slice.width),
            Expression::Literal(_) | Expression::ZeroExtend(_) | Expression::SignExtend(_) => None,
            Expression::Unary(operator, _) if is_reduction(operator) => Some(1),
            Expression::Unary(_, e) => e.width(),
            Expression::Binary(_, operator, _) if is_condition(operator) => Some(1),
            Expression::Binary(l, operator, _) if is_shift(operator) => l.width(),
            Expression::Binary(l, _, r) => l.width().or(r.width()),
        }
    }

    /// Replaces every slice by what `f` gives for it.
    pub(super) fn map_slices(&mut self, f: &impl Fn(Slice) -> Slice) {
        match self {
            Expression::Net(slice) => *slice = f(*slice),
            Expression::Literal(_) => {}
            Expression::ZeroExtend(e) | Expression::SignExtend(e) | Expression::Unary(_, e) => {
                e.map_slices(f)
            }
            Expression::Binary(l, _, r) => {
                l.map_slices(f);
                r.map_slices(f);
            }
        }
    }

    /// Calls `f` with every slice that is read.
    pub(super) fn visit(&self, f: &mut impl FnMut(Slice)) {
        match self {
            Expression::Net(slice) => f(*slice),
            Expression::Literal(_) => {}
            Expression::ZeroExtend(e) | Expression::SignExtend(e) | Expression::Unary(_, e) => e.visit(f),
            Expression::Binary(l, _, r) => {
                l.visit(f);
                r.visit(f);
            }
        }
    }
}

/// Prints expressions; `name` gives a net's name and whole width.
pub(super) struct Printer<N> {
    pub(super) name: N,
}

impl<N: Fn(usize) -> (String, usize)> Printer<N> {
    /// `name`, `name[i]` or `name[high:low]`.
    pub(super) fn slice(&self, slice: Slice) -> String {
        let (name, whole) = (self.name)(slice.net);
        match slice.width {
            width if width == whole => name,
            1 => format!("{name}[{}]", slice.low),
            width => format!("{name}[{}:{}]", slice.low + width - 1, slice.low),
        }
    }

    /// The text of `e` in a place `width` bits wide; every operand is written as wide as its operator needs.
    pub(super) fn print(&self, e: &Expression, width: usize) -> Result<String, EmitError> {
        if let Some(own) = e.width()
            && own != width
        {
            return Err(EmitError(format!("{} is {own} bits wide where {width} are needed", self.sketch(e))));
        }
        match e {
            Expression::Net(slice) => Ok(self.slice(*slice)),
            Expression::Literal(value) => Ok(format!("{width}'d{value}")),
            Expression::ZeroExtend(inner) => self.zero_extend(inner, width),
            Expression::SignExtend(inner) => self.sign_extend(inner, width),
            Expression::Unary(operator, inner) if is_reduction(operator) => {
                let own = inner.width().unwrap_or(1);
                let text = self.operand(inner, own, "")?;
                // The reduction of one bit is that bit.
                Ok(if own == 1 { text } else { format!("{operator}{text}") })
            }
            Expression::Unary(operator, inner) => {
                Ok(format!("{operator}{}", self.operand(inner, width, "")?))
            }
            Expression::Binary(l, operator, r)
                if is_shift(operator)
                    && let Expression::Literal(by) = **r =>
            {
                Ok(format!("{} {operator} {by}", self.operand(l, width, operator)?))
            }
            Expression::Binary(l, operator, r) => {
                let sides = if is_condition(operator) { l.width().or(r.width()).unwrap_or(1) } else { width };
                let (l, r) = (self.operand(l, sides, operator)?, self.operand(r, sides, operator)?);
                Ok(format!("{l} {operator} {r}"))
            }
        }
    }

    /// An operand of `operator`: in parentheses unless it is one term, or a chain of the same associative operator.
    fn operand(&self, e: &Expression, width: usize, operator: &str) -> Result<String, EmitError> {
        let text = self.print(e, width)?;
        let chained = |inner: &str| inner == operator && matches!(operator, "+" | "&" | "|" | "^");
        Ok(match e {
            Expression::Binary(_, inner, _) if !chained(inner) => format!("({text})"),
            _ => text,
        })
    }

    fn zero_extend(&self, inner: &Expression, width: usize) -> Result<String, EmitError> {
        let own = inner.width().unwrap_or(width);
        match own.cmp(&width) {
            Ordering::Less => Ok(format!("{{{}'d0, {}}}", width - own, self.print(inner, own)?)),
            Ordering::Equal => self.print(inner, width),
            Ordering::Greater => Err(self.too_wide(inner, width)),
        }
    }

    fn too_wide(&self, e: &Expression, width: usize) -> EmitError {
        EmitError(format!("{} is wider than its place of {width} bits", self.sketch(e)))
    }

    fn sign_extend(&self, inner: &Expression, width: usize) -> Result<String, EmitError> {
        let own = inner.width().unwrap_or(width);
        match inner {
            _ if own == width => self.print(inner, width),
            _ if own > width => Err(self.too_wide(inner, width)),
            _ if own == 1 => Ok(format!("{{{width}{{{}}}}}", self.print(inner, 1)?)),
            Expression::Net(slice) => {
                let sign = self.slice(Slice { net: slice.net, low: slice.low + own - 1, width: 1 });
                let copies = if width - own == 1 { sign } else { format!("{{{}{{{sign}}}}}", width - own) };
                Ok(format!("{{{copies}, {}}}", self.slice(*slice)))
            }
            _ => Err(EmitError(format!("{} has no name to take the sign of", self.sketch(inner)))),
        }
    }

    /// The expression for a message: the first net it reads.
    fn sketch(&self, e: &Expression) -> String {
        let mut first = None;
        e.visit(&mut |slice| first = first.or(Some(slice)));
        first.map_or("an expression of constants".into(), |slice| {
            format!("an expression of {}", self.slice(slice))
        })
    }
}
