//! Signals side by side: one port, many elements.

use std::ops::{Index, IndexMut};

use rust_hdl::core::ast::{VerilogLink, VerilogLinkDetails};
use rust_hdl::prelude::{
    Atom, AtomKind, Block, Direction, Logic, LogicJoin, PinConstraint, Probe, TypeDescriptor, TypeField,
    TypeKind, VCDValue, VerilogLiteral,
};

use super::{Bus, Word};

/// Equal signals side by side, element 0 in the lowest bits.
///
/// A `Vec` of signals becomes as many Verilog ports; a pack becomes one, and `[i]` a slice of it. Elements are buses,
/// or packs again. A pack has at least one element.
#[derive(Clone, Debug)]
pub struct Pack<T> {
    elements: Vec<T>,
}

impl<D: Direction> Pack<Bus<D>> {
    /// `count` buses of `bits` bits each.
    pub fn new(count: usize, bits: usize) -> Self {
        Self::of(count, || Bus::new(bits))
    }
}

impl<D: Direction> Pack<Bus<D>> {
    /// A record: one bus of each width, the first in the lowest bits. Indexed by literals only.
    pub fn record(widths: &[usize]) -> Self {
        assert!(!widths.is_empty(), "a pack has at least one element");
        Self { elements: widths.iter().map(|&bits| Bus::new(bits)).collect() }
    }
}

impl<T> Pack<T> {
    /// `count` elements, each made by `element`.
    pub fn of(count: usize, element: impl Fn() -> T) -> Self {
        assert!(count > 0, "a pack has at least one element");
        Self { elements: (0..count).map(|_| element()).collect() }
    }

    /// The number of elements.
    #[allow(clippy::len_without_is_empty, reason = "a pack is never empty")]
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// The elements, lowest first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.elements.iter()
    }

    /// The elements, lowest first, to be driven.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.elements.iter_mut()
    }
}

impl<T> Index<usize> for Pack<T> {
    type Output = T;
    fn index(&self, i: usize) -> &T {
        &self.elements[i]
    }
}

impl<T> IndexMut<usize> for Pack<T> {
    fn index_mut(&mut self, i: usize) -> &mut T {
        &mut self.elements[i]
    }
}

impl<T: Atom> Atom for Pack<T> {
    fn bits(&self) -> usize {
        self.elements.iter().map(Atom::bits).sum()
    }
    fn connected(&self) -> bool {
        self.elements.iter().all(Atom::connected)
    }
    fn changed(&self) -> bool {
        self.elements.iter().any(Atom::changed)
    }
    fn kind(&self) -> AtomKind {
        self.elements[0].kind()
    }
    fn descriptor(&self) -> TypeDescriptor {
        let field = |(i, element): (usize, &T)| {
            Box::new(TypeField { fieldname: i.to_string(), kind: element.descriptor() })
        };
        TypeDescriptor {
            name: format!("{} x {}", self.len(), self.elements[0].descriptor().name),
            kind: TypeKind::Composite(self.elements.iter().enumerate().map(field).collect()),
        }
    }
    fn vcd(&self) -> VCDValue {
        VCDValue::Composite(self.elements.iter().rev().map(|x| Box::new(x.vcd())).collect())
    }
    fn verilog(&self) -> VerilogLiteral {
        self.elements[0].verilog()
    }
    fn id(&self) -> usize {
        self.elements[0].id()
    }
    fn constraints(&self) -> Vec<PinConstraint> {
        vec![]
    }
}

impl<T: Logic> Logic for Pack<T> {
    fn update(&mut self) {}
    fn connect(&mut self) {
        self.elements.iter_mut().for_each(Logic::connect);
    }
}

impl<T: Block + Atom> Block for Pack<T> {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        self.elements.iter_mut().for_each(Block::update_all);
    }
    fn has_changed(&self) -> bool {
        self.elements.iter().any(Block::has_changed)
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        probe.visit_atom(name, self);
    }
}

impl<T: Logic> LogicJoin for Pack<T> {
    fn join_connect(&mut self) {
        self.connect();
    }
}

/// What may be copied, whole, to a signal of the same shape.
pub trait Drive<To> {
    /// Drives `to` with this value.
    fn drive(&self, to: &mut To);
}

impl<A: Direction, B: Direction> Drive<Bus<B>> for Bus<A> {
    fn drive(&self, to: &mut Bus<B>) {
        to.next = self.read();
    }
}

impl<A: Drive<B>, B> Drive<Pack<B>> for Pack<A> {
    fn drive(&self, to: &mut Pack<B>) {
        assert_eq!(self.len(), to.len(), "connected packs are equally long");
        self.elements.iter().zip(&mut to.elements).for_each(|(from, to)| from.drive(to));
    }
}

/// Connects packs inside `#[hdl_gen]`, where an assignment reaches only single buses.
pub struct Wires;

impl Wires {
    /// `to` takes the value of `from`.
    pub fn join<A: Drive<B>, B>(from: &mut Pack<A>, to: &mut Pack<B>) {
        from.drive(to);
    }

    /// The same in Verilog; called by the code that `#[hdl_gen]` makes.
    pub fn join_hdl(my_name: &str, from: &str, to: &str) -> Vec<VerilogLink> {
        let details =
            VerilogLinkDetails { my_name: my_name.into(), owner_name: from.into(), other_name: to.into() };
        vec![VerilogLink::Forward(details)]
    }
}

/// What is a number of bits side by side.
pub trait Flat {
    /// Appends its bits, lowest first.
    fn read_bits(&self, bits: &mut Vec<bool>);
    /// Takes its bits, lowest first; what is `None`, or missing, is left as it is driven.
    fn drive_bits(&mut self, bits: &mut dyn Iterator<Item = Option<bool>>);
}

impl<D: Direction> Flat for Bus<D> {
    fn read_bits(&self, bits: &mut Vec<bool>) {
        let word = self.read();
        bits.extend((0..word.bits()).map(|i| word.get_bit(i)));
    }
    fn drive_bits(&mut self, bits: &mut dyn Iterator<Item = Option<bool>>) {
        let driven = self.next;
        let mut bit = |i| bits.next().flatten().unwrap_or(driven.get_bit(i));
        let value = (0..driven.bits()).map(|i| u64::from(bit(i)) << i).sum();
        self.next = Word::new(value, driven.bits());
    }
}

impl<T: Flat> Flat for Pack<T> {
    fn read_bits(&self, bits: &mut Vec<bool>) {
        self.elements.iter().for_each(|element| element.read_bits(bits));
    }
    fn drive_bits(&mut self, bits: &mut dyn Iterator<Item = Option<bool>>) {
        self.elements.iter_mut().for_each(|element| element.drive_bits(bits));
    }
}

/// Connects, inside `#[hdl_gen]`, signals of equally many bits in different shapes: a bus and its bits, bytes and words.
pub struct Recast;

impl Recast {
    /// `to` takes the bits of `from`, the lowest first.
    pub fn join<A: Flat + Atom, B: Flat + Atom>(from: &mut A, to: &mut B) {
        assert_eq!(from.bits(), to.bits(), "recast signals have equally many bits");
        let mut bits = Vec::with_capacity(from.bits());
        from.read_bits(&mut bits);
        to.drive_bits(&mut bits.into_iter().map(Some));
    }

    /// The same in Verilog; called by the code that `#[hdl_gen]` makes.
    pub fn join_hdl(my_name: &str, from: &str, to: &str) -> Vec<VerilogLink> {
        Wires::join_hdl(my_name, from, to)
    }
}

/// Connects, inside `#[hdl_gen]`, the lowest bits of two signals, as many as the narrower one has.
pub struct Low;

impl Low {
    /// What the link of such a connection is called.
    pub(crate) const LINK: &str = "low";

    /// The lowest bits of `to` take the lowest of `from`.
    pub fn join<A: Flat + Atom, B: Flat + Atom>(from: &mut A, to: &mut B) {
        let mut bits = Vec::with_capacity(from.bits());
        from.read_bits(&mut bits);
        to.drive_bits(&mut bits.into_iter().map(Some));
    }

    /// The same in Verilog; called by the code that `#[hdl_gen]` makes.
    pub fn join_hdl(_: &str, from: &str, to: &str) -> Vec<VerilogLink> {
        Wires::join_hdl(Self::LINK, from, to)
    }
}

/// Connects, inside `#[hdl_gen]`, the highest bits of two signals, as many as the narrower one has.
pub struct High;

impl High {
    /// What the link of such a connection is called.
    pub(crate) const LINK: &str = "high";

    /// The highest bits of `to` take the highest of `from`.
    pub fn join<A: Flat + Atom, B: Flat + Atom>(from: &mut A, to: &mut B) {
        let mut bits = Vec::with_capacity(from.bits());
        from.read_bits(&mut bits);
        let unread = from.bits().saturating_sub(to.bits());
        let kept = to.bits().saturating_sub(from.bits());
        let driven = bits.into_iter().skip(unread).map(Some);
        to.drive_bits(&mut std::iter::repeat_n(None, kept).chain(driven));
    }

    /// The same in Verilog; called by the code that `#[hdl_gen]` makes.
    pub fn join_hdl(_: &str, from: &str, to: &str) -> Vec<VerilogLink> {
        Wires::join_hdl(Self::LINK, from, to)
    }
}
