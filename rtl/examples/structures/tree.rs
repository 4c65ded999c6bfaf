//! How the lanes are added.

use crate::accumulator::SHIPPED;
use crate::lane::{absolute, complemented_lane, relative_pairs, signed_lane};
use crate::text::{ACTIVATION, Body, Partial, Signal, join_carries, join_signs, tree};
use crate::{Row, Structure};

/// Bits of the sum of so many lanes.
fn sum_bits(lanes: usize) -> usize {
    ACTIVATION + lanes.next_power_of_two().trailing_zeros() as usize
}

fn signs(lanes: usize, every: usize) -> Structure {
    let mut body = Body::default();
    let partials = (0..lanes).map(|i| signed_lane(&mut body, lanes, i)).collect();
    let (sum, cycles) = tree(&mut body, partials, 2, every, join_signs);
    SHIPPED.signed(&mut body, &sum);
    Structure {
        column: body.column(lanes * ACTIVATION, 2 * lanes, 1),
        cycles: 1 + cycles,
        ..Structure::plain(lanes, relative_pairs)
    }
}

/// Lanes that owe a carry, in a tree of `arity`.
fn carries(
    lanes: usize,
    arity: usize,
    every: usize,
    join: impl Fn(&mut Body, usize, &[Partial]) -> Partial,
) -> Structure {
    let mut body = Body::default();
    let partials = (0..lanes).map(|i| complemented_lane(&mut body, lanes, i)).collect();
    let (sum, cycles) = tree(&mut body, partials, arity, every, join);
    SHIPPED.carried(&mut body, &sum);
    Structure {
        column: body.column(lanes * ACTIVATION, 2 * lanes, 1),
        cycles: 1 + cycles,
        ..Structure::plain(lanes, absolute)
    }
}

/// Three operands and two carries, by `add`; or what is left of three.
fn join_three(
    body: &mut Body,
    level: usize,
    operands: &[Partial],
    add: impl Fn(&mut Body, usize, [&Signal; 5]) -> Signal,
) -> Partial {
    let [a, b, c] = operands else { return join_carries(body, level, operands) };
    let bits = sum_bits(3usize.pow(u32::try_from(level).unwrap_or(u32::MAX) + 1));
    let side = [&a.side[..], &b.side, &c.side].concat();
    let sum = add(body, bits, [&a.sum, &b.sum, &c.sum, &side[1], &side[2]]);
    Partial { sum, side: vec![side[0].clone()] }
}

/// As anyone would write it.
fn plus_plus(body: &mut Body, bits: usize, [a, b, c, d, e]: [&Signal; 5]) -> Signal {
    let [a, b, c, d, e] = [a, b, c, d, e].map(|signal| &signal.name);
    body.wire(bits, &format!("{a} + {b} + {c} + $signed({{1'b0, {d}}}) + $signed({{1'b0, {e}}})"))
}

/// A row of full adders, whose carries leave a place free for one of the two, and a carry chain that takes the other.
fn row_and_chain(body: &mut Body, bits: usize, [a, b, c, d, e]: [&Signal; 5]) -> Signal {
    // Sign-extended where they are assigned.
    let [a, b, c] = [a, b, c].map(|operand| body.wire(bits, &operand.name).name);
    let sum = body.wire(bits, &format!("{a} ^ {b} ^ {c}"));
    let majority = body.wire(bits, &format!("({a} & {b}) | ({a} & {c}) | ({b} & {c})")).name;
    let carry = body.wire(bits, &format!("{{{majority}[{}:0], {}}}", bits - 2, d.name));
    let all = body.add(&carry, &sum, Some(e));
    body.slice(&all.name, 0, bits)
}

/// Bits of each place, to be added.
type Heap = Vec<Vec<String>>;

/// a + b + c, of a bit each: sum and carry.
fn full_adder(body: &mut Body, [a, b, c]: [&String; 3]) -> [String; 2] {
    let sum = body.wire(1, &format!("{a} ^ {b} ^ {c}")).name;
    [sum, body.wire(1, &format!("({a} & {b}) | ({a} & {c}) | ({b} & {c})")).name]
}

/// One level of compressors.
type Compress = fn(&mut Body, &Heap) -> Heap;

fn three_to_two(body: &mut Body, heap: &Heap) -> Heap {
    let mut next = vec![vec![]; heap.len() + 1];
    for (place, bits) in heap.iter().enumerate() {
        for bits in bits.chunks(3) {
            if let [a, b, c] = bits {
                let [sum, carry] = full_adder(body, [a, b, c]);
                next[place].push(sum);
                next[place + 1].push(carry);
            } else {
                next[place].extend_from_slice(bits);
            }
        }
    }
    next
}

/// Two full adders, the first of which hands its carry to the second one of the next place.
fn four_to_two(body: &mut Body, heap: &Heap) -> Heap {
    let mut next = vec![vec![]; heap.len() + 1];
    let mut handed: Vec<String> = vec![];
    for (place, bits) in heap.iter().enumerate() {
        let mut hands = vec![];
        let mut from = handed.into_iter();
        for bits in bits.chunks(4) {
            match bits {
                [a, b, c, d] => {
                    let [sum, carry] = full_adder(body, [a, b, c]);
                    hands.push(carry);
                    let [sum, carry] = full_adder(body, [&sum, d, &from.next().unwrap_or("1'b0".to_owned())]);
                    next[place].push(sum);
                    next[place + 1].push(carry);
                }
                [a, b, c] => {
                    let [sum, carry] = full_adder(body, [a, b, c]);
                    next[place].push(sum);
                    next[place + 1].push(carry);
                }
                _ => next[place].extend_from_slice(bits),
            }
        }
        next[place].extend(from);
        handed = hands;
    }
    next[heap.len()].extend(handed);
    next
}

/// Six bits are counted in three; what is left over goes through full adders.
fn six_to_three(body: &mut Body, heap: &Heap) -> Heap {
    let mut rest = vec![vec![]; heap.len()];
    let mut next = vec![vec![]; heap.len() + 2];
    for (place, bits) in heap.iter().enumerate() {
        for bits in bits.chunks(6) {
            let [a, b, c, d, e, f] = bits else {
                rest[place].extend_from_slice(bits);
                continue;
            };
            let ([low, x], [other, y]) = (full_adder(body, [a, b, c]), full_adder(body, [d, e, f]));
            next[place].push(body.wire(1, &format!("{low} ^ {other}")).name);
            let z = body.wire(1, &format!("{low} & {other}")).name;
            let [two, four] = full_adder(body, [&x, &y, &z]);
            next[place + 1].push(two);
            next[place + 2].push(four);
        }
    }
    for (place, bits) in three_to_two(body, &rest).into_iter().enumerate() {
        next[place].extend(bits);
    }
    next
}

/// Lanes as a heap of bits, compressed to two of each place, and a carry chain.
fn compressed(lanes: usize, every: usize, compress: Compress) -> Structure {
    let places = sum_bits(lanes) + 1;
    let mut body = Body::default();
    let mut heap: Heap = vec![vec![]; places];
    for i in 0..lanes {
        let lane = complemented_lane(&mut body, lanes, i);
        let name = lane.sum.name;
        for (place, bits) in heap.iter_mut().enumerate().take(ACTIVATION - 1) {
            bits.push(format!("{name}[{place}]"));
        }
        // A sign is worth minus its place: its complement's place, less that place.
        heap[ACTIVATION - 1].push(format!("~{name}[{}]", ACTIVATION - 1));
        heap[0].push(lane.side[0].name.clone());
    }
    let less = lanes << (ACTIVATION - 1);
    let constant = (1usize << places) - less;
    for (place, bits) in heap.iter_mut().enumerate().filter(|(place, _)| constant >> place & 1 == 1) {
        bits.push("1'b1".to_owned());
        debug_assert!(place >= ACTIVATION - 1);
    }
    let (mut level, mut cycles) = (0, 0);
    while heap.iter().any(|bits| bits.len() > 2) {
        heap = compress(&mut body, &heap);
        heap.truncate(places);
        level += 1;
        if level % every == 0 {
            heap =
                heap.iter().map(|bits| bits.iter().map(|bit| body.register(1, bit).name).collect()).collect();
            cycles += 1;
        }
    }
    let mut rows = [0, 1].map(|row| {
        let bits: Vec<_> =
            heap.iter().rev().map(|bits| bits.get(row).map_or("1'b0", String::as_str)).collect();
        format!("{{{}}}", bits.join(", "))
    });
    if level % every != 0 {
        rows = rows.map(|row| body.register(places, &row).name);
        cycles += 1;
    }
    let [left, right] = rows;
    let sum = body.register(places, &format!("{left} + {right}"));
    SHIPPED.carried(&mut body, &Partial { sum, side: vec![] });
    Structure {
        column: body.column(lanes * ACTIVATION, 2 * lanes, 1),
        cycles: 1 + cycles + 1,
        ..Structure::plain(lanes, absolute)
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let three = |join: fn(&mut Body, usize, [&Signal; 5]) -> Signal, every| {
        move |lanes| {
            Ok(carries(lanes, 3, every, |body, level, operands| join_three(body, level, operands, join)))
        }
    };
    let heap = |compress: Compress, every| move |lanes| Ok(compressed(lanes, every, compress));
    vec![
        Row::new("tree: binary over lanes, signs relative, registers each level", |lanes| {
            Ok(signs(lanes, 1))
        }),
        Row::new("tree: binary over lanes, signs relative, each second level", |lanes| Ok(signs(lanes, 2))),
        Row::new("tree: binary, complement, each second level", |lanes| {
            Ok(carries(lanes, 2, 2, join_carries))
        }),
        Row::new("tree: ternary as a + b + c, each level", three(plus_plus, 1)),
        Row::new("tree: ternary as full adders and a chain, each level", three(row_and_chain, 1)),
        Row::new("tree: ternary as full adders and a chain, each second level", three(row_and_chain, 2)),
        Row::new("tree: 3:2 compressors, each level", heap(three_to_two, 1)),
        Row::new("tree: 3:2 compressors, each second level", heap(three_to_two, 2)),
        Row::new("tree: 4:2 compressors, each level", heap(four_to_two, 1)),
        Row::new("tree: 4:2 compressors, each second level", heap(four_to_two, 2)),
        Row::new("tree: 6:3 counters, each level", heap(six_to_three, 1)),
    ]
}
