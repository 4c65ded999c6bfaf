//! How an activation meets its trit.

use contract::Trit;
use contract::latency::{LATE_LANE, LATE_LANE_CYCLES};
use contract::packing::TRITS_PER_BYTE;
use rtl::dot_unit::DotUnit;
use rtl::{Parameters, verilog};

use crate::accumulator::SHIPPED;
use crate::text::{ACC, ACTIVATION, Body, CONTROL, Partial, SLOTS, Signal, join_carries, join_signs, tree};
use crate::{Row, Structure};

impl Structure {
    /// One column that shares nothing, with two bits a trit; its text is still missing.
    pub(crate) fn plain(lanes: usize, code: fn(&[Trit]) -> Vec<bool>) -> Self {
        Self {
            shared: String::new(),
            shared_cycles: 0,
            column: String::new(),
            lanes,
            columns: 1,
            activation_bits: lanes * ACTIVATION,
            trit_bits: 2 * lanes,
            activation_cycles: 0,
            cycles: 0,
            code,
        }
    }
}

/// Which trits are zero, then which are negative.
pub(crate) fn absolute(trits: &[Trit]) -> Vec<bool> {
    let zero = trits.iter().map(|trit| !trit.is_nonzero());
    zero.chain(trits.iter().map(|trit| trit.is_negative())).collect()
}

/// Which trits are zero, then signs: of each pair that of the left one, and whether that of the right one differs.
pub(crate) fn relative_pairs(trits: &[Trit]) -> Vec<bool> {
    let mut bits = absolute(trits);
    for right in (1..trits.len()).step_by(2) {
        bits[trits.len() + right] ^= bits[trits.len() + right - 1];
    }
    bits
}

/// As `dot_unit` takes them: whole bytes, C-LANE-3.
fn bytes(trits: &[Trit]) -> Vec<bool> {
    let mut padded = trits.to_vec();
    padded.resize(trits.len().next_multiple_of(TRITS_PER_BYTE), Trit::Zero);
    let zero = padded.iter().map(|trit| !trit.is_nonzero());
    let signs = padded.as_chunks().0.iter().flat_map(|five| contract::signs(*five));
    zero.chain(signs).collect()
}

/// The activation of lane `i`.
pub(crate) fn activation(body: &mut Body, i: usize) -> Signal {
    body.slice("activation", ACTIVATION * i, ACTIVATION)
}

/// A cleared register, and the trit's sign.
pub(crate) fn signed_lane(body: &mut Body, lanes: usize, i: usize) -> Partial {
    let activation = activation(body, i);
    let sum = body.cleared(ACTIVATION, &activation.name, &format!("trits[{i}]"));
    Partial { sum, side: vec![body.register(1, &format!("trits[{}]", lanes + i))] }
}

/// A cleared register of the activation, or of its complement, which owes a carry.
pub(crate) fn complemented_lane(body: &mut Body, lanes: usize, i: usize) -> Partial {
    let (activation, negative) = (activation(body, i).name, format!("trits[{}]", lanes + i));
    let value = format!("{activation} ^ {{{ACTIVATION}{{{negative}}}}}");
    let sum = body.cleared(ACTIVATION, &value, &format!("trits[{i}]"));
    Partial { sum, side: vec![body.register(1, &negative)] }
}

/// A bit as a number.
fn bit(body: &mut Body, of: &str) -> Partial {
    Partial { sum: body.register(2, &format!("{{1'b0, {of}}}")), side: vec![] }
}

fn finish(body: Body, lanes: usize, cycles: usize, code: fn(&[Trit]) -> Vec<bool>) -> Structure {
    Structure {
        column: body.column(lanes * ACTIVATION, 2 * lanes, 1),
        cycles,
        ..Structure::plain(lanes, code)
    }
}

fn with_carries(lanes: usize) -> Structure {
    let mut body = Body::default();
    let partials = (0..lanes).map(|i| complemented_lane(&mut body, lanes, i)).collect();
    let (sum, cycles) = tree(&mut body, partials, 2, 1, join_carries);
    SHIPPED.carried(&mut body, &sum);
    finish(body, lanes, 1 + cycles, absolute)
}

fn with_popcount(lanes: usize) -> Structure {
    let mut body = Body::default();
    let partials =
        (0..lanes).map(|i| Partial { side: vec![], ..complemented_lane(&mut body, lanes, i) }).collect();
    let (sum, cycles) = tree(&mut body, partials, 2, 1, join_carries);
    let negatives = (0..lanes).map(|i| bit(&mut body, &format!("trits[{}]", lanes + i))).collect();
    let (negatives, _) = tree(&mut body, negatives, 2, 1, join_carries);
    let (sum, last) = tree(&mut body, vec![sum, negatives], 2, 1, join_carries);
    SHIPPED.carried(&mut body, &sum);
    finish(body, lanes, 1 + cycles + last, absolute)
}

/// With u = a + 128, a lane gives u, 255 - u or 0, so that the sum is 128 x nonzero - negative too large.
fn offset_binary(lanes: usize) -> Structure {
    let mut body = Body::default();
    let partials = (0..lanes)
        .map(|i| {
            let (a, negative) = (activation(&mut body, i).name, format!("trits[{}]", lanes + i));
            let value = format!("{a} ^ {{{ACTIVATION}{{{negative}}}}} ^ 8'h80");
            let value = body.cleared(ACTIVATION, &value, &format!("trits[{i}]")).name;
            Partial { sum: body.wire(ACTIVATION + 1, &format!("{{1'b0, {value}}}")), side: vec![] }
        })
        .collect();
    let (sum, cycles) = tree(&mut body, partials, 2, 1, join_carries);
    let nonzero = (0..lanes).map(|i| bit(&mut body, &format!("~trits[{i}]"))).collect();
    let (nonzero, _) = tree(&mut body, nonzero, 2, 1, join_carries);
    let negative = (0..lanes).map(|i| bit(&mut body, &format!("trits[{}]", lanes + i))).collect();
    let (negative, _) = tree(&mut body, negative, 2, 1, join_carries);
    let (nonzero, negative) = (nonzero.sum, negative.sum);
    let bits = sum.sum.bits + 1;
    let correction = body
        .register(bits, &format!("$signed({{{}, {ACTIVATION}'d0}} >> 1) - {}", nonzero.name, negative.name));
    let sum = sum.register(&mut body).sum.name;
    let sum = body.register(bits, &format!("{sum} - {}", correction.name));
    SHIPPED.carried(&mut body, &Partial { sum, side: vec![] });
    finish(body, lanes, 1 + cycles + 2, absolute)
}

/// A module `shared` that makes of each activation `a` several values.
fn shared(lanes: usize, bits: usize, values: &str) -> String {
    let mut body = Body::default();
    let made: Vec<_> = (0..lanes)
        .map(|i| {
            let a = activation(&mut body, i).name;
            body.wire(bits, &values.replace('a', &a))
        })
        .collect();
    body.made(lanes, &made)
}

fn sign_magnitude(lanes: usize) -> Structure {
    const BITS: usize = ACTIVATION + 1;
    let mut body = Body::default();
    let partials = (0..lanes)
        .map(|i| {
            let magnitude = format!("{{1'b0, activation[{} +: {ACTIVATION}]}}", BITS * i);
            let sum = body.cleared(BITS, &magnitude, &format!("trits[{i}]"));
            let negative = format!("trits[{}] ^ activation[{}]", lanes + i, BITS * i + ACTIVATION);
            Partial { sum, side: vec![body.register(1, &negative)] }
        })
        .collect();
    // An activation's sign is no decoder's matter, so no sign is relative.
    let (sum, cycles) = tree(&mut body, partials, 2, 1, |body, _, pair| join_signs(body, 1, pair));
    SHIPPED.signed(&mut body, &sum);
    Structure {
        shared: shared(lanes, BITS, "{a[7], a[7] ? -a : a}"),
        shared_cycles: 1,
        activation_bits: lanes * BITS,
        column: body.column(lanes * BITS, 2 * lanes, 1),
        cycles: 1 + cycles,
        ..Structure::plain(lanes, absolute)
    }
}

/// The first adders select; there are no registers before them.
fn fused(lanes: usize) -> Structure {
    let mut body = Body::default();
    let partials = (0..lanes)
        .map(|i| {
            let (a, negative) = (activation(&mut body, i).name, format!("trits[{}]", lanes + i));
            let value = format!("({a} & {{{ACTIVATION}{{~trits[{i}]}}}}) ^ {{{ACTIVATION}{{{negative}}}}}");
            Partial { sum: body.wire(ACTIVATION, &value), side: vec![body.wire(1, &negative)] }
        })
        .collect();
    let (sum, cycles) = tree(&mut body, partials, 2, 1, join_carries);
    SHIPPED.carried(&mut body, &sum);
    finish(body, lanes, cycles, absolute)
}

/// A module `shared` that delays the activation of each lane by so many cycles.
fn late(lanes: usize, cycles: impl Fn(usize) -> usize) -> String {
    let mut body = Body::default();
    for i in 0..lanes {
        let activation = activation(&mut body, i).name;
        let made = body.delay(ACTIVATION, &activation, cycles(i)).name;
        body.line(&format!("assign made[{} +: {ACTIVATION}] = {made};", ACTIVATION * i));
    }
    body.module("shared", &[("activation", lanes * ACTIVATION)], ("made", lanes * ACTIVATION))
}

/// Left lanes are cleared registers; the right ones, a cycle later, are cleared in the adder's lookup tables.
fn fused_right(lanes: usize) -> Structure {
    let mut body = Body::default();
    let partials = (0..lanes)
        .map(|i| {
            if i % 2 == 0 {
                return signed_lane(&mut body, lanes, i);
            }
            let zero = body.register(1, &format!("trits[{i}]")).name;
            let activation = activation(&mut body, i).name;
            let sum = body.wire(ACTIVATION, &format!("{activation} & {{{ACTIVATION}{{~{zero}}}}}"));
            Partial { sum, side: vec![body.register(1, &format!("trits[{}]", lanes + i))] }
        })
        .collect();
    let (sum, cycles) = tree(&mut body, partials, 2, 1, join_signs);
    SHIPPED.signed(&mut body, &sum);
    Structure { shared: late(lanes, |i| i % 2), ..finish(body, lanes, 1 + cycles, relative_pairs) }
}

/// As shipped but for where the signs stand: a right operand is complemented before its register, so that what is behind the register is
/// a plain adder. A zero trit clears its sign, too: a complement of nothing is not nothing.
fn signs_before(lanes: usize) -> Structure {
    let mut body = Body::default();
    let mut partials: Vec<Partial> = (0..lanes)
        .map(|i| {
            if i % 2 == 0 {
                return signed_lane(&mut body, lanes, i);
            }
            let lane = complemented_lane(&mut body, lanes, i);
            let minus = body.cleared(1, &format!("trits[{}]", lanes + i), &format!("trits[{i}]"));
            Partial { side: vec![minus], ..lane }
        })
        .collect();
    let mut cycles = 1;
    while partials.len() > 1 {
        let sums: Vec<Partial> = partials
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => Partial {
                    sum: body.add(&left.sum, &right.sum, Some(&right.side[0])),
                    side: left.side.clone(),
                },
                odd => odd[0].clone(),
            })
            .collect();
        // The root is the right operand of the accumulator, whose sign is plus.
        let is_right = |i: usize| i % 2 == 1 || sums.len() == 1;
        partials = (0..sums.len())
            .map(|i| {
                let Partial { sum, side } = &sums[i];
                if !is_right(i) {
                    return sums[i].register(&mut body);
                }
                let left = if i == 0 { "1'b0" } else { &sums[i - 1].side[0].name };
                let minus = body.wire(1, &format!("{left} ^ {}", side[0].name));
                let complement = format!("{} ^ {{{}{{{}}}}}", sum.name, sum.bits, minus.name);
                let sum = Signal { name: complement, bits: sum.bits };
                Partial { sum, side: vec![minus] }.register(&mut body)
            })
            .collect();
        cycles += 1;
    }
    SHIPPED.carried(&mut body, &partials[0]);
    finish(body, lanes, cycles, relative_pairs)
}

/// -a is made once for all columns.
fn multiplexer(lanes: usize) -> Structure {
    const BITS: usize = 2 * ACTIVATION + 1;
    let mut body = Body::default();
    let partials = (0..lanes)
        .map(|i| {
            let a = body.slice("activation", BITS * i, ACTIVATION).name;
            let minus = body.slice("activation", BITS * i + ACTIVATION, ACTIVATION + 1).name;
            let value = format!("trits[{}] ? {minus} : {a}", lanes + i);
            let sum = body.cleared(ACTIVATION + 1, &value, &format!("trits[{i}]"));
            Partial { sum, side: vec![] }
        })
        .collect();
    let (sum, cycles) = tree(&mut body, partials, 2, 1, join_carries);
    SHIPPED.carried(&mut body, &sum);
    Structure {
        // Nine bits of -a: the most negative activation has a negative, too.
        shared: shared(lanes, BITS, "{9'd0 - {a[7], a}, a}"),
        shared_cycles: 1,
        activation_bits: lanes * BITS,
        column: body.column(lanes * BITS, 2 * lanes, 1),
        cycles: 1 + cycles,
        ..Structure::plain(lanes, absolute)
    }
}

/// `dot_unit` as it is emitted.
pub(crate) fn shipped(lanes: usize) -> Result<Structure, rtl::Error> {
    let padded = lanes.next_multiple_of(TRITS_PER_BYTE);
    let number = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
    let parameters = Parameters {
        lanes: number(lanes),
        columns: 1,
        tokens: number(SLOTS),
        stream_bits: 8,
        acc_bits: number(ACC),
    };
    parameters.validate()?;
    let emitted = verilog::emit(&mut DotUnit::new(&parameters), "dot_unit")?;
    let mut body = Body::default();
    let activations = match padded - lanes {
        0 => "activation".to_owned(),
        more => format!("{{{}'d0, activation}}", more * ACTIVATION),
    };
    // It reads its slot a cycle before, and so has no use for `first`.
    let pins: String = CONTROL
        .iter()
        .filter(|(port, _)| *port != "first")
        .map(|(port, _)| format!(", .{port}({port})"))
        .collect();
    body.line(&format!(
        "dot_unit dot_unit(.clock(aclk), .activation({activations}), .zero(trits[{padded} - 1:0]), \
         .sign(trits[{padded} +: {padded}]){pins}, .result(result));"
    ));
    let trit_bits = 2 * padded;
    let wait = |i: usize| if i % TRITS_PER_BYTE == LATE_LANE { LATE_LANE_CYCLES as usize } else { 0 };
    Ok(Structure {
        shared: late(lanes, wait),
        column: emitted + &body.column(lanes * ACTIVATION, trit_bits, 1),
        trit_bits,
        cycles: contract::latency::column_cycles(number(lanes)) as usize - 1,
        ..Structure::plain(lanes, bytes)
    })
}

pub(crate) fn rows() -> Vec<Row> {
    vec![
        Row::new("lane: as shipped, emitted", shipped).shared_by(&[1, 2, 16]),
        Row::new("lane: right operands complemented before their registers", |lanes| Ok(signs_before(lanes))),
        Row::new("lane: complement, carries in the tree", |lanes| Ok(with_carries(lanes))),
        Row::new("lane: complement, negatives counted apart", |lanes| Ok(with_popcount(lanes))),
        Row::new("lane: offset binary, corrected by counts", |lanes| Ok(offset_binary(lanes))),
        Row::new("lane: sign and magnitude", |lanes| Ok(sign_magnitude(lanes))).shared_by(&[1, 16]),
        Row::new("lane: complement fused into the first adders", |lanes| Ok(fused(lanes))),
        Row::new("lane: right lanes' zeros in the first adders", |lanes| Ok(fused_right(lanes)))
            .shared_by(&[1, 16]),
        Row::new("lane: a or -a by a multiplexer", |lanes| Ok(multiplexer(lanes))).shared_by(&[1, 2, 16]),
    ]
}
