//! How a sum meets its slot.

use crate::lane::{relative_pairs, signed_lane};
use crate::text::{ACC, ACTIVATION, Body, Partial, SLOTS, Signal, join_signs, tree};
use crate::{Row, Structure};

/// Where the totals are, and when they are read.
#[derive(Clone, Copy)]
pub(crate) struct Accumulator {
    /// An array, which becomes LUT memory where there is some; else a register a slot, each with its enable.
    pub(crate) memory: bool,
    /// Read in the cycle before, and handed on from sum to sum where it is the same slot.
    pub(crate) registered: bool,
}

/// As it ships.
pub(crate) const SHIPPED: Accumulator = Accumulator { memory: true, registered: true };

impl Accumulator {
    /// Registers `result`; `add` makes the new total of the old one.
    fn write(self, body: &mut Body, add: impl FnOnce(&mut Body, &Signal) -> Signal) {
        let (top, last) = (ACC - 1, SLOTS - 1);
        if self.memory {
            body.line(&format!("reg [{top}:0] slots [0:{last}];"));
        } else {
            (0..SLOTS).for_each(|slot| body.line(&format!("reg [{top}:0] slot_{slot};")));
        }
        let read = |slot: &str| {
            if self.memory {
                format!("slots[{slot}]")
            } else {
                (1..SLOTS).fold("slot_0".to_owned(), |read, i| format!("({slot} == {i} ? slot_{i} : {read})"))
            }
        };
        let total = if self.registered {
            body.line(&format!("reg signed [{top}:0] total;"));
            Signal { name: "total".to_owned(), bits: ACC }
        } else {
            body.wire(ACC, &format!("first ? 0 : {}", read("slot")))
        };
        let sum = add(body, &total);
        let sum = body.slice(&sum.name, 0, ACC).name;
        if self.registered {
            body.line(&format!(
                "always @(posedge aclk) if (next_first) total <= 0; else total <= again ? {sum} : {};",
                read("next_slot")
            ));
        }
        if self.memory {
            body.line(&format!("always @(posedge aclk) if (accumulate) slots[slot] <= {sum};"));
        } else {
            for slot in 0..SLOTS {
                body.line(&format!(
                    "always @(posedge aclk) if (accumulate && slot == {slot}) slot_{slot} <= {sum};"
                ));
            }
        }
        body.line(&format!("reg [{top}:0] emitted; assign result = emitted;"));
        body.line(&format!("always @(posedge aclk) if (emit) emitted <= {sum};"));
    }

    /// A sum that owes its sign.
    pub(crate) fn signed(self, body: &mut Body, sum: &Partial) {
        let sign = sum.side[0].name.clone();
        self.write(body, |body, total| body.add_or_subtract(total, &sum.sum, &sign));
    }

    /// A sum that owes a carry, or nothing.
    pub(crate) fn carried(self, body: &mut Body, sum: &Partial) {
        assert!(sum.side.len() <= 1, "an adder takes one carry");
        self.write(body, |body, total| body.add(total, &sum.sum, sum.side.first()));
    }
}

fn column(lanes: usize, accumulator: Accumulator) -> Structure {
    let mut body = Body::default();
    let partials = (0..lanes).map(|i| signed_lane(&mut body, lanes, i)).collect();
    let (sum, cycles) = tree(&mut body, partials, 2, 1, join_signs);
    accumulator.signed(&mut body, &sum);
    Structure {
        column: body.column(lanes * ACTIVATION, 2 * lanes, 1),
        cycles: 1 + cycles,
        ..Structure::plain(lanes, relative_pairs)
    }
}

pub(crate) fn rows() -> Vec<Row> {
    [
        ("memory, registered read and bypass", true, true),
        ("memory, read in the cycle of the addition", true, false),
        ("registers and a multiplexer, registered read and bypass", false, true),
        ("registers and a multiplexer, read in the cycle of the addition", false, false),
    ]
    .map(|(name, memory, registered)| {
        let accumulator = Accumulator { memory, registered };
        Row::new(&format!("accumulator: {name}"), move |lanes| Ok(column(lanes, accumulator)))
    })
    .into()
}
