//! A signal and a constant whose width is chosen when they are constructed.

use std::marker::PhantomData;

use rust_hdl::core::signal::get_signal_id;
use rust_hdl::prelude::{
    Atom, AtomKind, Block, Direction, In, Local, Logic, LogicJoin, Out, Probe, TypeDescriptor, TypeKind,
    VCDValue, VerilogLiteral,
};

use super::Word;

/// RustHDL's `Signal`, with its width chosen at run time: `next` is driven, `val()` is read.
#[derive(Clone, Debug)]
pub struct Bus<D: Direction> {
    /// What the signal will be; assigned in `update`.
    pub next: Word,
    val: Word,
    changed: bool,
    connected: bool,
    id: usize,
    direction: PhantomData<D>,
}

impl<D: Direction> Bus<D> {
    /// A bus of 1 to 64 bits, all zero.
    pub fn new(bits: usize) -> Self {
        let zero = Word::new(0, bits);
        let id = get_signal_id();
        Self { next: zero, val: zero, changed: false, connected: false, id, direction: PhantomData }
    }

    /// The value as a reader of this direction sees it: an input is what its driver last settled on, an output or a
    /// local signal what `update` just assigned.
    pub fn read(&self) -> Word {
        if D::KIND == AtomKind::InputParameter { self.val } else { self.next }
    }
}

// `val` exists per direction, as on `Signal`, so that code reads the same for both.
impl Bus<In> {
    /// The value that is driven into this input.
    pub fn val(&self) -> Word {
        self.read()
    }
}

impl Bus<Out> {
    /// The value of this output.
    pub fn val(&self) -> Word {
        self.read()
    }
}

impl Bus<Local> {
    /// The value of this local signal.
    pub fn val(&self) -> Word {
        self.read()
    }
}

/// `bits` of a value as VCD shows them, highest first.
pub(super) fn vcd_vector(word: Word) -> Vec<VCDValue> {
    (0..word.bits()).rev().map(|i| VCDValue::from(word.value() >> i & 1 == 1)).collect()
}

fn vcd(word: Word) -> VCDValue {
    let bits = vcd_vector(word).into_iter();
    VCDValue::Vector(
        bits.filter_map(|bit| if let VCDValue::Single(v) = bit { Some(v) } else { None }).collect(),
    )
}

fn descriptor(bits: usize) -> TypeDescriptor {
    TypeDescriptor { name: format!("Bits::<{bits}>"), kind: TypeKind::Bits(bits) }
}

impl<D: Direction> Atom for Bus<D> {
    fn bits(&self) -> usize {
        self.val.bits()
    }
    fn connected(&self) -> bool {
        self.connected
    }
    fn changed(&self) -> bool {
        self.changed
    }
    fn kind(&self) -> AtomKind {
        D::KIND
    }
    fn descriptor(&self) -> TypeDescriptor {
        descriptor(self.bits())
    }
    fn vcd(&self) -> VCDValue {
        vcd(self.val)
    }
    fn verilog(&self) -> VerilogLiteral {
        self.val.value().into()
    }
    fn id(&self) -> usize {
        self.id
    }
    fn constraints(&self) -> Vec<rust_hdl::prelude::PinConstraint> {
        vec![]
    }
}

impl<D: Direction> Logic for Bus<D> {
    fn update(&mut self) {}
    fn connect(&mut self) {
        self.connected = true;
    }
}

impl<D: Direction> LogicJoin for Bus<D> {
    fn join_connect(&mut self) {
        self.connect();
    }
}

impl<D: Direction> Block for Bus<D> {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {
        assert_eq!(self.next.bits(), self.val.bits(), "a bus is assigned a word of its own width");
        self.changed = self.val != self.next;
        self.val = self.next;
    }
    fn has_changed(&self) -> bool {
        self.changed
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        probe.visit_atom(name, self);
    }
}

/// A constant of a width chosen at run time; a `localparam` in Verilog.
#[derive(Clone, Debug)]
pub struct Number {
    word: Word,
    id: usize,
}

impl Number {
    /// `value` in `bits` bits.
    pub fn new(value: u64, bits: usize) -> Self {
        Self { word: Word::new(value, bits), id: get_signal_id() }
    }

    /// The constant.
    pub fn val(&self) -> Word {
        self.word
    }
}

impl Atom for Number {
    fn bits(&self) -> usize {
        self.word.bits()
    }
    fn connected(&self) -> bool {
        true
    }
    fn changed(&self) -> bool {
        false
    }
    fn kind(&self) -> AtomKind {
        AtomKind::Constant
    }
    fn descriptor(&self) -> TypeDescriptor {
        descriptor(self.bits())
    }
    fn vcd(&self) -> VCDValue {
        vcd(self.word)
    }
    fn verilog(&self) -> VerilogLiteral {
        self.word.value().into()
    }
    fn id(&self) -> usize {
        self.id
    }
    fn constraints(&self) -> Vec<rust_hdl::prelude::PinConstraint> {
        vec![]
    }
}

impl Logic for Number {
    fn update(&mut self) {}
}

impl Block for Number {
    fn connect_all(&mut self) {}
    fn update_all(&mut self) {}
    fn has_changed(&self) -> bool {
        false
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        probe.visit_atom(name, self);
    }
}
