//! One module: signals, assignments and instances, without the detours that RustHDL takes.
//!
//! RustHDL gives every port of every instance a signal of its own and assigns it. Here an input becomes the expression
//! that drives it, an output the signal it is assigned to, and a register a clocked assignment in its parent.

use std::collections::{HashMap, HashSet};

use rust_hdl::core::ast::VerilogBlock;
use rust_hdl::prelude::AtomKind;

use super::EmitError;
use super::expression::{Expression, Printer, Slice};
use super::lower::{Lowering, Names, Statement};
use super::netlist::{Module, Scope, identifier};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    Input,
    Output,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Port {
    pub(super) name: String,
    pub(super) direction: Direction,
    pub(super) width: usize,
    /// Width of an element at each depth, if it is a pack.
    pub(super) elements: Vec<usize>,
}

/// What a module is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Body {
    /// Hand-written Verilog, a module of its own.
    Text { ports: Vec<Port>, text: String },
    /// Hand-written Verilog that is set into its parent.
    Inline { ports: Vec<Port>, text: String },
    /// Made from RustHDL.
    Structure { ports: Vec<Port>, structure: Structure },
}

impl Body {
    pub(super) fn ports(&self) -> &[Port] {
        match self {
            Body::Text { ports, .. } | Body::Inline { ports, .. } | Body::Structure { ports, .. } => ports,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Instance {
    pub(super) module: usize,
    pub(super) name: String,
    /// (port, what it is connected to)
    pub(super) connections: Vec<(String, String)>,
}

/// The text of a module made from RustHDL, in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Structure {
    pub(super) comments: Vec<String>,
    /// `localparam`, `wire` and `reg`.
    pub(super) declarations: Vec<String>,
    pub(super) assigns: Vec<String>,
    pub(super) processes: Vec<String>,
    pub(super) instances: Vec<Instance>,
    /// Output ports that a process assigns.
    pub(super) output_regs: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Input,
    Output,
    Local,
    Constant(u64),
    ChildInput,
    ChildOutput { child: usize, inline: bool },
}

struct Net {
    name: String,
    kind: Kind,
    width: usize,
    elements: Vec<usize>,
}

/// A module on its way from statements to text.
struct Builder<'a> {
    scope: &'a Scope,
    modules: &'a [Module],
    nets: Vec<Net>,
    /// By RustHDL name.
    index: HashMap<String, usize>,
    assigns: Vec<(Slice, Expression)>,
    procedural: Vec<Statement>,
    /// What an instance's port is connected to, if not its own net.
    connections: HashMap<usize, Expression>,
}

impl Structure {
    pub(super) fn new(scope: &Scope, code: &VerilogBlock, modules: &[Module]) -> Result<Self, EmitError> {
        let mut builder = Builder::new(scope, modules);
        let comments = builder.lower(code)?;
        builder.connect_inputs();
        builder.connect_outputs();
        builder.text(comments)
    }
}

impl<'a> Builder<'a> {
    fn new(scope: &'a Scope, modules: &'a [Module]) -> Self {
        let mut nets = vec![];
        for atom in &scope.atoms {
            let kind = match atom.kind {
                AtomKind::InputParameter => Kind::Input,
                AtomKind::OutputParameter => Kind::Output,
                AtomKind::Constant => Kind::Constant(atom.value),
                _ => Kind::Local,
            };
            nets.push(Net {
                name: atom.name.clone(),
                kind,
                width: atom.width,
                elements: atom.elements.clone(),
            });
        }
        for (i, child) in scope.children.iter().enumerate() {
            let body = &*modules[child.module].body;
            let inline = matches!(body, Body::Inline { .. });
            for port in body.ports() {
                let kind = match port.direction {
                    Direction::Input => Kind::ChildInput,
                    Direction::Output => Kind::ChildOutput { child: i, inline },
                };
                let name = format!("{}${}", child.instance, port.name);
                nets.push(Net { name, kind, width: port.width, elements: port.elements.clone() });
            }
        }
        let index = nets.iter().enumerate().map(|(i, net)| (net.name.clone(), i)).collect();
        let (assigns, procedural, connections) = Default::default();
        Self { scope, modules, nets, index, assigns, procedural, connections }
    }

    /// Sorts statements into continuous assignments and those of the one process, and returns the comments.
    fn lower(&mut self, code: &VerilogBlock) -> Result<Vec<String>, EmitError> {
        let shape = |net: usize| (self.nets[net].width, self.nets[net].elements.clone());
        let mut lowering = Lowering::new(Names { index: &self.index, shape: &shape });
        let statements = lowering.block(code)?;
        let comments = lowering.comments;
        let mut conditional = HashSet::new();
        for statement in &statements {
            if let Statement::If(..) = statement {
                targets(statement, &mut conditional);
            }
        }
        for statement in statements {
            match statement {
                Statement::Assign(target, value) if !conditional.contains(&target.net) => {
                    self.assigns.push((target, value));
                }
                other => self.procedural.push(other),
            }
        }
        Ok(comments)
    }

    /// A local or an instance's input that is driven whole, by one assignment, needs no net: where that is a mere
    /// copy, the original stands in for it; where it is an expression, the instance is connected to the expression.
    fn connect_inputs(&mut self) {
        let mut drivers = HashMap::<usize, usize>::new();
        for (target, _) in &self.assigns {
            *drivers.entry(target.net).or_default() += 1;
        }
        let whole = |nets: &[Net], target: &Slice| {
            drivers[&target.net] == 1
                && nets[target.net].width == target.width
                && matches!(nets[target.net].kind, Kind::Local | Kind::ChildInput)
        };
        let mut copies = HashMap::new();
        for (target, value) in &self.assigns {
            if let Expression::Net(original) = value
                && whole(&self.nets, target)
            {
                copies.insert(target.net, *original);
            }
        }
        let resolve = |mut slice: Slice| {
            while let Some(original) = copies.get(&slice.net) {
                slice = Slice { net: original.net, low: original.low + slice.low, width: slice.width };
            }
            slice
        };
        self.assigns.iter_mut().for_each(|(_, value)| value.map_slices(&resolve));
        self.procedural.iter_mut().for_each(|statement| map_slices(statement, &resolve));

        let read = self.reads();
        let mut remaining = vec![];
        for (target, value) in std::mem::take(&mut self.assigns) {
            let input = self.nets[target.net].kind == Kind::ChildInput;
            let copied = copies.contains_key(&target.net);
            if input && whole(&self.nets, &target) && (copied || !read.contains_key(&target.net)) {
                self.connections.insert(target.net, value);
            } else if !copied {
                remaining.push((target, value));
            }
        }
        self.assigns = remaining;
    }

    /// An instance's output that is only assigned on, once, is connected to where it goes.
    fn connect_outputs(&mut self) {
        let read = self.reads();
        let mut remaining = vec![];
        for (target, value) in std::mem::take(&mut self.assigns) {
            if let Expression::Net(source) = value
                && let Kind::ChildOutput { inline, .. } = self.nets[source.net].kind
                && source.width == self.nets[source.net].width
                && read[&source.net] == 1
                // A register is set into this module, and assigns a whole signal.
                && (!inline || target.width == self.nets[target.net].width)
            {
                self.connections.insert(source.net, Expression::Net(target));
            } else {
                remaining.push((target, value));
            }
        }
        self.assigns = remaining;
    }

    /// How often each net is read.
    fn reads(&self) -> HashMap<usize, usize> {
        let mut read = HashMap::new();
        let mut count = |slice: Slice| *read.entry(slice.net).or_default() += 1;
        self.assigns.iter().for_each(|(_, value)| value.visit(&mut count));
        self.connections.values().for_each(|value| value.visit(&mut count));
        self.procedural.iter().for_each(|statement| visit(statement, &mut count));
        read
    }

    fn text(&self, comments: Vec<String>) -> Result<Structure, EmitError> {
        let printer = Printer { name: |net| (self.net_name(net), self.nets[net].width) };
        let mut structure = Structure { comments, ..Structure::default() };
        let mut used = HashSet::new();
        let mut assigned_by_process = HashSet::new();
        for (target, value) in &self.assigns {
            used.insert(target.net);
            value.visit(&mut |slice| {
                used.insert(slice.net);
            });
            let value = printer.print(value, target.width)?;
            structure.assigns.push(format!("assign {} = {value};", printer.slice(*target)));
        }
        if !self.procedural.is_empty() {
            let mut process = String::from("always @(*) begin\n");
            for statement in &self.procedural {
                targets(statement, &mut assigned_by_process);
                visit(statement, &mut |slice| {
                    used.insert(slice.net);
                });
                self.print_statement(statement, 1, &printer, &mut process)?;
            }
            structure.processes.push(process + "end");
        }
        for (i, child) in self.scope.children.iter().enumerate() {
            let body = &*self.modules[child.module].body;
            let mut connections = vec![];
            for port in body.ports() {
                let net = self.index[&format!("{}${}", child.instance, port.name)];
                let own = Expression::Net(Slice { net, low: 0, width: port.width });
                let value = self.connections.get(&net).unwrap_or(&own);
                value.visit(&mut |slice| {
                    used.insert(slice.net);
                });
                if let (Kind::ChildOutput { child, inline: true }, Expression::Net(slice)) =
                    (self.nets[net].kind, value)
                    && child == i
                {
                    assigned_by_process.insert(slice.net);
                }
                connections.push((identifier(&port.name), printer.print(value, port.width)?));
            }
            match body {
                Body::Inline { text, .. } => {
                    structure.processes.push(substitute(text.trim_end(), &connections));
                }
                _ => structure.instances.push(Instance {
                    module: child.module,
                    name: identifier(&child.instance),
                    connections,
                }),
            }
        }
        used.extend(&assigned_by_process);
        let idle =
            self.nets.iter().enumerate().filter(|(i, net)| net.kind == Kind::Input && !used.contains(i));
        let idle: Vec<String> = idle.map(|(i, _)| self.net_name(i)).collect();
        if !idle.is_empty() {
            // Says to lint, and to a reader, that these are not forgotten.
            structure.declarations.push(format!("wire unused_inputs = &{{1'b0, {}}};", idle.join(", ")));
        }
        for (i, net) in self.nets.iter().enumerate() {
            let (name, range) = (self.net_name(i), range(net.width));
            let is_reg = assigned_by_process.contains(&i);
            match net.kind {
                Kind::Output if is_reg => structure.output_regs.push(net.name.clone()),
                Kind::Input | Kind::Output => {}
                _ if !used.contains(&i) => {}
                Kind::Constant(value) => {
                    structure
                        .declarations
                        .push(format!("localparam {range}{name} = {}'d{value};", net.width));
                }
                _ if is_reg => structure.declarations.push(format!("reg {range}{name};")),
                _ => structure.declarations.push(format!("wire {range}{name};")),
            }
        }
        Ok(structure)
    }

    /// A register's output goes by the register's name, a constant by capitals.
    fn net_name(&self, net: usize) -> String {
        let Net { name, kind, .. } = &self.nets[net];
        match kind {
            Kind::ChildOutput { inline: true, .. } => identifier(name.trim_end_matches("$q")),
            Kind::Constant(_) => identifier(name).to_uppercase(),
            _ => identifier(name),
        }
    }

    fn print_statement<N: Fn(usize) -> (String, usize)>(
        &self,
        statement: &Statement,
        depth: usize,
        printer: &Printer<N>,
        out: &mut String,
    ) -> Result<(), EmitError> {
        let indent = "  ".repeat(depth);
        match statement {
            Statement::Assign(target, value) => {
                let value = printer.print(value, target.width)?;
                *out += &format!("{indent}{} = {value};\n", printer.slice(*target));
            }
            Statement::If(condition, then, otherwise) => {
                *out += &format!("{indent}if ({}) begin\n", printer.print(condition, 1)?);
                for statement in then {
                    self.print_statement(statement, depth + 1, printer, out)?;
                }
                if !otherwise.is_empty() {
                    *out += &format!("{indent}end else begin\n");
                    for statement in otherwise {
                        self.print_statement(statement, depth + 1, printer, out)?;
                    }
                }
                *out += &format!("{indent}end\n");
            }
        }
        Ok(())
    }
}

/// `[width-1:0] `, or nothing for one bit.
pub(super) fn range(width: usize) -> String {
    if width == 1 { String::new() } else { format!("[{}:0] ", width - 1) }
}

fn targets(statement: &Statement, out: &mut HashSet<usize>) {
    match statement {
        Statement::Assign(target, _) => {
            out.insert(target.net);
        }
        Statement::If(_, then, otherwise) => then.iter().chain(otherwise).for_each(|s| targets(s, out)),
    }
}

fn map_slices(statement: &mut Statement, f: &impl Fn(Slice) -> Slice) {
    match statement {
        Statement::Assign(_, value) => value.map_slices(f),
        Statement::If(condition, then, otherwise) => {
            condition.map_slices(f);
            then.iter_mut().chain(otherwise).for_each(|s| map_slices(s, f));
        }
    }
}

fn visit(statement: &Statement, f: &mut impl FnMut(Slice)) {
    match statement {
        Statement::Assign(_, value) => value.visit(f),
        Statement::If(condition, then, otherwise) => {
            condition.visit(f);
            then.iter().chain(otherwise).for_each(|s| visit(s, f));
        }
    }
}

/// `text` with every word that is a port replaced by what the port is connected to.
fn substitute(text: &str, connections: &[(String, String)]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_') {
        let word_end =
            |word: &str| word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
        // A letter right after a digit or an apostrophe belongs to a number (`8'd0`).
        let is_word = !rest[..start].ends_with(|c: char| c.is_ascii_digit() || c == '\'');
        let word = &rest[start..start + word_end(&rest[start..])];
        out += &rest[..start];
        let connection = connections.iter().find(|(port, _)| is_word && port == word);
        out += connection.map_or(word, |(_, value)| value);
        rest = &rest[start + word.len()..];
    }
    out + rest
}
