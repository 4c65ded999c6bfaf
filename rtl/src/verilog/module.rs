//! One module: signals, assignments and instances, without the detours that RustHDL takes.
//!
//! RustHDL gives every port of every instance a signal of its own and assigns it. Here an input becomes the expression
//! that drives it, an output the signal it is assigned to, and a register a clocked assignment in its parent.

use std::collections::{HashMap, HashSet};

use rust_hdl::core::ast::VerilogBlock;
use rust_hdl::prelude::AtomKind;

use super::EmitError;
use super::expression::{Expression, Slice};
use super::lower::{Lowering, Names, Statement};
use super::netlist::{Elements, Module, Scope};

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
    pub(super) elements: Elements,
}

/// What a module is made of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Body {
    /// Hand-written Verilog, a module of its own.
    Text { ports: Vec<Port>, name: Option<String>, text: String },
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

    /// The name that the block gives its module.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Body::Text { name, .. } => name.as_deref(),
            Body::Inline { .. } => None,
            Body::Structure { structure, .. } => structure.name.as_deref(),
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
    pub(super) name: Option<String>,
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
pub(super) enum Kind {
    Input,
    Output,
    Local,
    Constant(u64),
    ChildInput,
    ChildOutput { child: usize, inline: bool },
}

pub(super) struct Net {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) width: usize,
    pub(super) elements: Elements,
}

/// A module on its way from statements to text.
pub(super) struct Builder<'a> {
    pub(super) scope: &'a Scope,
    pub(super) modules: &'a [Module],
    pub(super) nets: Vec<Net>,
    /// By RustHDL name.
    pub(super) index: HashMap<String, usize>,
    pub(super) assigns: Vec<(Slice, Expression)>,
    pub(super) procedural: Vec<Statement>,
    /// What an instance's port is connected to, if not its own net.
    pub(super) connections: HashMap<usize, Expression>,
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
                statement.targets(&mut conditional);
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
        self.procedural.iter_mut().for_each(|statement| statement.map_slices(&resolve));

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
    pub(super) fn reads(&self) -> HashMap<usize, usize> {
        let mut read = HashMap::new();
        let mut count = |slice: Slice| *read.entry(slice.net).or_default() += 1;
        self.assigns.iter().for_each(|(_, value)| value.visit(&mut count));
        self.connections.values().for_each(|value| value.visit(&mut count));
        self.procedural.iter().for_each(|statement| statement.visit(&mut count));
        read
    }
}
