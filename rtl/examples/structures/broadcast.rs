//! How activations come to many columns.
//!
//! Yosys makes one register of several equal ones, so copies of an activation would vanish; here they are kept by an attribute, but
//! for one structure that shows what comes out without it.

use crate::accumulator::SHIPPED;
use crate::lane::{relative_pairs, signed_lane};
use crate::text::{ACC, ACTIVATION, Body, CONTROL, join_signs, tree};
use crate::{Row, Structure};

/// Columns of the array.
const COLUMNS: usize = 16;

/// Copies of each activation in the last stage of a tree of registers.
const COPIES: usize = 4;

/// Registers between `activation` and the columns: some one after another, and then copies, kept or not.
fn structure(lanes: usize, stages: usize, copies: usize, kept: bool) -> Structure {
    let mut column = Body::default();
    let partials = (0..lanes).map(|i| signed_lane(&mut column, lanes, i)).collect();
    let (sum, cycles) = tree(&mut column, partials, 2, 1, join_signs);
    SHIPPED.signed(&mut column, &sum);
    let mut inputs = vec![("activation", lanes * ACTIVATION), ("trits", 2 * lanes)];
    inputs.extend(CONTROL);
    let column = column.module("one_column", &inputs, ("result", ACC));

    let mut body = Body::default();
    let bits = lanes * ACTIVATION;
    let last = body.delay(bits, "activation", stages).name;
    let attribute = if kept { "(* keep *) " } else { "" };
    for copy in 0..copies {
        body.line(&format!(
            "{attribute}reg [{}:0] copy_{copy}; always @(posedge aclk) copy_{copy} <= {last};",
            bits - 1
        ));
    }
    for i in 0..COLUMNS {
        let activation = if copies == 0 { last.clone() } else { format!("copy_{}", i * copies / COLUMNS) };
        let control: String = CONTROL.iter().map(|(port, _)| format!(", .{port}({port})")).collect();
        body.line(&format!(
            "one_column column_{i}(.aclk(aclk), .activation({activation}), .trits(trits[{} +: {}]){control}, \
             .result(result[{} +: {ACC}]));",
            2 * lanes * i,
            2 * lanes,
            ACC * i
        ));
    }
    let trit_bits = 2 * lanes * COLUMNS;
    Structure {
        column: column + &body.column(bits, trit_bits, COLUMNS),
        columns: COLUMNS,
        trit_bits,
        activation_cycles: stages + usize::from(copies > 0),
        cycles: 1 + cycles,
        ..Structure::plain(lanes, relative_pairs)
    }
}

pub(crate) fn rows() -> Vec<Row> {
    [
        ("one register", 1, 0, false),
        ("two registers, one after another", 2, 0, false),
        ("a register and four copies of it, kept", 1, COPIES, true),
        ("a register and four copies of it, as Yosys leaves them", 1, COPIES, false),
    ]
    .map(|(name, stages, copies, kept)| {
        let name = format!("broadcast to {COLUMNS} columns of up to 16 lanes: {name}");
        Row::new(&name, move |lanes| Ok(structure(lanes, stages, copies, kept))).up_to([16, 16, 4])
    })
    .into()
}
