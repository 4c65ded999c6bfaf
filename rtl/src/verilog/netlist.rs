//! Walks a RustHDL design and keeps each distinct module once.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use rust_hdl::prelude::{Atom, AtomKind, Block, Probe, TypeKind, Verilog};

use super::EmitError;
use super::lower::literal_value;
use super::module::{Body, Direction, Port, Structure};
use crate::hdl::{INLINE, NAMED};

/// A signal, port or constant of a module being visited.
#[derive(Clone, Debug)]
pub(super) struct AtomInfo {
    /// As RustHDL writes it: `lane$3`.
    pub(super) name: String,
    pub(super) kind: AtomKind,
    pub(super) width: usize,
    pub(super) elements: Elements,
    pub(super) value: u64,
}

/// How the bits of a signal are divided.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Elements {
    /// A pack: the width of an element at each depth; none for a bus.
    Equal(Vec<usize>),
    /// A record: the width of each element.
    Record(Vec<usize>),
}

impl Elements {
    fn of(kind: TypeKind, mut width: usize) -> Self {
        let mut kind = kind;
        let mut elements = vec![];
        while let TypeKind::Composite(fields) = kind {
            let widths: Vec<usize> = fields.iter().map(|field| bits(&field.kind.kind)).collect();
            if widths.windows(2).any(|pair| pair[0] != pair[1]) {
                return Self::Record(widths);
            }
            width /= fields.len().max(1);
            elements.push(width);
            kind = fields.into_iter().next().map_or(TypeKind::Bits(width), |field| field.kind.kind);
        }
        Self::Equal(elements)
    }

    /// The offset and width of the element that `indices` name, outermost first.
    pub(super) fn at(&self, indices: &[usize], whole: usize) -> Option<(usize, usize)> {
        match self {
            Self::Equal(widths) => {
                let offset = indices.iter().zip(widths).map(|(index, width)| index * width).sum();
                let width =
                    indices.len().checked_sub(1).map_or(Some(whole), |last| widths.get(last).copied())?;
                (indices.len() <= widths.len()).then_some((offset, width))
            }
            Self::Record(widths) => match indices {
                [] => Some((0, whole)),
                &[index] => Some((widths.get(..index)?.iter().sum(), *widths.get(index)?)),
                _ => None,
            },
        }
    }
}

fn bits(kind: &TypeKind) -> usize {
    match kind {
        TypeKind::Bits(width) | TypeKind::Signed(width) => *width,
        TypeKind::Composite(fields) => fields.iter().map(|field| bits(&field.kind.kind)).sum(),
        TypeKind::Enum(_) => 0,
    }
}

/// An instance inside a module being visited.
#[derive(Clone, Debug)]
pub(super) struct Child {
    /// As RustHDL writes it: `dot_unit$3`.
    pub(super) instance: String,
    /// Index into the netlist's modules.
    pub(super) module: usize,
}

/// A module whose visit has begun.
#[derive(Default)]
pub(super) struct Scope {
    pub(super) instance: String,
    pub(super) atoms: Vec<AtomInfo>,
    pub(super) children: Vec<Child>,
}

/// A distinct module.
pub(super) struct Module {
    /// The name it gives itself, or that of the field it was found in.
    pub(super) name: String,
    /// The name of its first instance, which tells it from others of the same name.
    pub(super) instance: String,
    pub(super) body: Rc<Body>,
}

/// The distinct modules of a design, leaves first; the last one is the top.
#[derive(Default)]
pub(super) struct Netlist {
    pub(super) modules: Vec<Module>,
    seen: HashMap<(String, Rc<Body>), usize>,
    open: Vec<Scope>,
    error: Option<EmitError>,
}

impl Netlist {
    /// Visits `top` and everything in it.
    pub(super) fn of(top: &dyn Block, name: &str) -> Result<Self, EmitError> {
        let mut netlist = Self::default();
        top.accept(name, &mut netlist);
        netlist.error.take().map_or(Ok(netlist), Err)
    }

    /// A name for each module: its own or its field's. Where several of one name differ, their first instances tell them
    /// apart, or the widths of their widest ports, or their order.
    pub(super) fn names(&self) -> Result<Vec<String>, EmitError> {
        let mut of_name = HashMap::<&str, Vec<usize>>::new();
        // What is set into its parent appears under no name; the top, the last one, has no parent.
        for (i, module) in self.modules.iter().enumerate() {
            if i + 1 == self.modules.len() || !matches!(*module.body, Body::Inline { .. }) {
                of_name.entry(&module.name).or_default().push(i);
            }
        }
        let mut names = vec![String::new(); self.modules.len()];
        let mut taken = HashSet::new();
        for (name, group) in of_name {
            let instance = |module: &Module| match module.instance.strip_prefix(name) {
                Some(index) if index.starts_with('$') => index[1..].to_owned(),
                _ => module.instance.clone(),
            };
            let width = |module: &Module| {
                module.body.ports().iter().map(|port| port.width).max().unwrap_or(0).to_string()
            };
            let ways: [&dyn Fn(&Module) -> String; 3] =
                [&instance, &width, &|module| format!("{}_{}", width(module), instance(module))];
            let suffixes = ways.iter().find_map(|way| {
                let suffixes: Vec<String> = group.iter().map(|&i| way(&self.modules[i])).collect();
                (suffixes.iter().collect::<HashSet<_>>().len() == group.len()).then_some(suffixes)
            });
            let suffixes = suffixes.unwrap_or_else(|| (0..group.len()).map(|i| i.to_string()).collect());
            for (&i, suffix) in group.iter().zip(suffixes) {
                names[i] =
                    identifier(&if group.len() == 1 { name.to_owned() } else { format!("{name}_{suffix}") });
                if !taken.insert(names[i].clone()) {
                    return Err(EmitError(format!("two different modules would be named {}", names[i])));
                }
            }
        }
        Ok(names)
    }

    /// The modules in the order a reader meets them: the top, then what it holds, each at its first use.
    pub(super) fn reading_order(&self) -> Vec<usize> {
        let mut order = vec![];
        let mut open: Vec<usize> = self.modules.len().checked_sub(1).into_iter().collect();
        while let Some(module) = open.pop() {
            if order.contains(&module) {
                continue;
            }
            order.push(module);
            if let Body::Structure { structure, .. } = &*self.modules[module].body {
                open.extend(structure.instances.iter().rev().map(|instance| instance.module));
            }
        }
        order
    }

    fn close(&mut self, scope: &Scope, code: &Verilog) -> Result<Child, EmitError> {
        let body = Rc::new(self.body(scope, code)?);
        let field = || scope.instance.split('$').next().unwrap_or_default();
        let name = body.name().unwrap_or_else(field).to_owned();
        let next = self.modules.len();
        let module = *self.seen.entry((name.clone(), Rc::clone(&body))).or_insert(next);
        if module == next {
            self.modules.push(Module { name, instance: scope.instance.clone(), body });
        }
        Ok(Child { instance: scope.instance.clone(), module })
    }

    fn body(&self, scope: &Scope, code: &Verilog) -> Result<Body, EmitError> {
        let ports = scope.atoms.iter().filter_map(|atom| {
            let direction = match atom.kind {
                AtomKind::InputParameter => Direction::Input,
                AtomKind::OutputParameter => Direction::Output,
                _ => return None,
            };
            Some(Port {
                name: atom.name.clone(),
                direction,
                width: atom.width,
                elements: atom.elements.clone(),
            })
        });
        let ports = ports.collect();
        match code {
            Verilog::Custom(text) => match text.strip_prefix(INLINE) {
                Some(text) => Ok(Body::Inline { ports, text: text.to_owned() }),
                None => {
                    let named = text.strip_prefix(NAMED).and_then(|rest| rest.split_once('\n'));
                    let (name, text) = named.map_or((None, text.as_str()), |(name, text)| (Some(name), text));
                    Ok(Body::Text { ports, name: name.map(str::to_owned), text: text.to_owned() })
                }
            },
            Verilog::Combinatorial(code) => {
                let structure = Structure::new(scope, code, &self.modules)
                    .map_err(|EmitError(why)| EmitError(format!("in {}: {why}", scope.instance)))?;
                Ok(Body::Structure { ports, structure })
            }
            _ => Err(EmitError(format!("{} has no Verilog", scope.instance))),
        }
    }
}

impl Probe for Netlist {
    fn visit_start_scope(&mut self, name: &str, _node: &dyn Block) {
        self.open.push(Scope { instance: name.to_owned(), ..Scope::default() });
    }

    fn visit_atom(&mut self, name: &str, signal: &dyn Atom) {
        let elements = Elements::of(signal.descriptor().kind, signal.bits());
        let value = match signal.kind() {
            AtomKind::Constant => literal_value(&signal.verilog()),
            _ => Ok(0),
        };
        match (self.open.last_mut(), value) {
            (Some(scope), Ok(value)) => scope.atoms.push(AtomInfo {
                name: name.to_owned(),
                kind: signal.kind(),
                width: signal.bits(),
                elements,
                value,
            }),
            (_, Err(error)) => self.error = self.error.take().or(Some(error)),
            (None, _) => self.error = Some(EmitError(format!("the signal {name} is in no block"))),
        }
    }

    fn visit_end_scope(&mut self, _name: &str, node: &dyn Block) {
        let Some(scope) = self.open.pop() else { return };
        if self.error.is_some() {
            return;
        }
        match self.close(&scope, &node.hdl()) {
            Ok(child) => {
                if let Some(parent) = self.open.last_mut() {
                    parent.children.push(child);
                }
            }
            Err(error) => self.error = Some(error),
        }
    }
}

/// A RustHDL name as a Verilog identifier that a person would write.
pub(super) fn identifier(name: &str) -> String {
    name.replace('$', "_")
}
