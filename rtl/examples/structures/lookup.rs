//! Sums of several activations, made once for all columns; each column selects one by its trits.
//!
//! A group of g activations has (3^g - 1) / 2 sums apart from zero and signs. A column selects with a code of few bits, which
//! its decoder would give; zero is the register's clear, and the sign waits, as it does for a lane (C-LANE-2).

use contract::Trit;

use crate::accumulator::SHIPPED;
use crate::lane::activation;
use crate::text::{ACTIVATION, Body, Partial, Signal, join_signs, tree};
use crate::{Row, Structure};

/// Groups of trits whose first nonzero one is plus, in the order in which their sums are made: for each one with a trit less
/// that trit as plus, minus and zero, and last the new trit alone.
fn canonical(trits: usize) -> Vec<Vec<i8>> {
    let alone = |last: usize| (0..=last).map(|i| i8::from(i == last)).collect::<Vec<_>>();
    (1..trits).fold(vec![alone(0)], |less, last| {
        let more = less.iter().flat_map(|sum| [1, -1, 0].map(|trit| [&sum[..], &[trit]].concat()));
        more.chain([alone(last)]).collect()
    })
}

/// Bits of a sum of so many activations.
fn sum_bits(group: usize) -> usize {
    ACTIVATION + group.next_power_of_two().trailing_zeros() as usize
}

fn index_bits(sums: usize) -> usize {
    sums.next_power_of_two().trailing_zeros() as usize
}

/// Of each group whether it is zero; its sign, or whether it differs from the left neighbour's; its index. `G` trits a group, the last one
/// filled up with zeros.
fn code<const G: usize>(trits: &[Trit]) -> Vec<bool> {
    let canonical = canonical(G);
    let (mut zero, mut sign, mut index) = (vec![], vec![], vec![]);
    for group in trits.chunks(G) {
        let mut group: Vec<i8> = group.iter().map(|trit| trit.value()).collect();
        group.resize(G, 0);
        let negative = group.iter().find(|trit| **trit != 0) == Some(&-1);
        if negative {
            group.iter_mut().for_each(|trit| *trit = -*trit);
        }
        let place = canonical.iter().position(|sum| *sum == group);
        zero.push(place.is_none());
        sign.push(negative);
        index.extend((0..index_bits(canonical.len())).map(|bit| place.unwrap_or(0) >> bit & 1 == 1));
    }
    for right in (1..sign.len()).step_by(2) {
        sign[right] ^= sign[right - 1];
    }
    [zero, sign, index].concat()
}

/// All sums of groups of `g`, an activation a cycle; the module `shared`. Activations beyond the last lane are zero.
fn sums(lanes: usize, g: usize) -> String {
    let mut body = Body::default();
    let bits = sum_bits(g);
    let mut made = vec![];
    for group in 0..lanes.div_ceil(g) {
        let lane = |body: &mut Body, i: usize| {
            let lane = g * group + i;
            if lane < lanes { activation(body, lane) } else { body.wire(ACTIVATION, "0") }
        };
        let mut all = vec![lane(&mut body, 0)];
        for last in 1..g {
            let last_lane = lane(&mut body, last).name;
            let last_lane = body.delay(ACTIVATION, &last_lane, last - 1).name;
            let width = sum_bits(last + 1);
            let with = |body: &mut Body, sum: &Signal| {
                ["+ ", "- ", ""].map(|sign| {
                    let other = if sign.is_empty() { "" } else { &last_lane };
                    body.wire(width, &format!("{} {sign}{other}", sum.name))
                })
            };
            let mut more: Vec<Signal> = all.iter().flat_map(|sum| with(&mut body, sum)).collect();
            more.push(body.wire(width, &last_lane));
            // The last ones are registered together.
            if last < g - 1 {
                more = more.iter().map(|sum| body.register(width, &sum.name)).collect();
            }
            all = more;
        }
        made.extend(all.iter().map(|sum| body.wire(bits, &sum.name)));
    }
    body.made(lanes, &made)
}

/// One of `items` by the bits of `index`, the highest first.
fn select(body: &mut Body, items: &[Signal], index: &str, low: usize) -> Signal {
    if let [single] = items {
        return single.clone();
    }
    let half = items.len().next_power_of_two() / 2;
    let (low_half, high_half) = items.split_at(half);
    let (zero, one) = (select(body, low_half, index, low), select(body, high_half, index, low));
    let bit = low + half.trailing_zeros() as usize;
    body.wire(zero.bits, &format!("{index}[{bit}] ? {} : {}", one.name, zero.name))
}

fn structure<const G: usize>(lanes: usize) -> Structure {
    let (groups, bits, each) = (lanes.div_ceil(G), sum_bits(G), canonical(G).len());
    let mut body = Body::default();
    let partials = (0..groups)
        .map(|group| {
            let items: Vec<_> =
                (0..each).map(|i| body.slice("activation", bits * (each * group + i), bits)).collect();
            let selected = select(&mut body, &items, "trits", 2 * groups + index_bits(each) * group);
            let sum = body.cleared(bits, &selected.name, &format!("trits[{group}]"));
            Partial { sum, side: vec![body.register(1, &format!("trits[{}]", groups + group))] }
        })
        .collect();
    let (sum, cycles) = tree(&mut body, partials, 2, 1, join_signs);
    SHIPPED.signed(&mut body, &sum);
    let (activation_bits, trit_bits) = (groups * each * bits, groups * (2 + index_bits(each)));
    Structure {
        shared: sums(lanes, G),
        shared_cycles: G - 1,
        activation_bits,
        trit_bits,
        column: body.column(activation_bits, trit_bits, 1),
        cycles: 1 + cycles,
        ..Structure::plain(lanes, code::<G>)
    }
}

/// Bits a group of three lanes: zero and sign of the first, whether the sign of the others' sum differs, and which of the four sums of
/// the others are not there.
const THREE_BITS: usize = 7;

fn code_three(trits: &[Trit]) -> Vec<bool> {
    let pairs = canonical(2);
    let mut bits = vec![];
    for group in trits.chunks(3) {
        let mut group: Vec<i8> = group.iter().map(|trit| trit.value()).collect();
        group.resize(3, 0);
        let mut pair = group.split_off(1);
        let negative = pair.iter().find(|trit| **trit != 0) == Some(&-1);
        if negative {
            pair.iter_mut().for_each(|trit| *trit = -*trit);
        }
        bits.extend([group[0] == 0, group[0] < 0, negative != (group[0] < 0)]);
        bits.extend(pairs.iter().map(|sum| *sum != pair));
    }
    bits
}

/// Three lanes by one adder: the first lane is a cleared register, and its right operand is whichever of the four sums of the other
/// two is not cleared. Where a lookup table has six inputs, the adder's own also takes the four together: all that is selected costs
/// registers alone.
fn cleared_sums(lanes: usize) -> Structure {
    let (groups, bits) = (lanes.div_ceil(3), sum_bits(2));
    let each = ACTIVATION + 4 * bits;
    let mut body = Body::default();
    let partials = (0..groups)
        .map(|group| {
            let trits = |bit: usize| format!("trits[{}]", THREE_BITS * group + bit);
            let first = body.slice("activation", each * group, ACTIVATION).name;
            let first = body.cleared(ACTIVATION, &first, &trits(0));
            let (sign, minus) = (body.register(1, &trits(1)), body.register(1, &trits(2)));
            let others: Vec<String> = (0..4)
                .map(|i| {
                    let sum = body.slice("activation", each * group + ACTIVATION + bits * i, bits).name;
                    body.cleared(bits, &sum, &trits(3 + i)).name
                })
                .collect();
            let other = body.wire(bits, &others.join(" | "));
            let sum = body.add_or_subtract(&first, &other, &minus.name);
            Partial { sum, side: vec![sign] }.register(&mut body)
        })
        .collect();
    let (sum, cycles) = tree(&mut body, partials, 2, 1, |body, _, pair| join_signs(body, 1, pair));
    SHIPPED.signed(&mut body, &sum);
    let (mut made, mut all) = (Body::default(), vec![]);
    for group in 0..groups {
        let [first, c, d] = [0, 1, 2].map(|i| {
            let lane = 3 * group + i;
            if lane < lanes { activation(&mut made, lane).name } else { made.wire(ACTIVATION, "0").name }
        });
        all.push(made.wire(ACTIVATION, &first));
        // In the order of `canonical`.
        let sums = [format!("{c} + {d}"), format!("{c} - {d}"), c, d];
        all.extend(sums.map(|sum| made.wire(bits, &sum)));
    }
    Structure {
        shared: made.made(lanes, &all),
        shared_cycles: 1,
        activation_bits: groups * each,
        trit_bits: groups * THREE_BITS,
        column: body.column(groups * each, groups * THREE_BITS, 1),
        cycles: 2 + cycles,
        ..Structure::plain(lanes, code_three)
    }
}

pub(crate) fn rows() -> Vec<Row> {
    let sharing = [1, 2, 16];
    let rows = vec![
        Row::new("lookup: groups of 2", |lanes| Ok(structure::<2>(lanes))),
        Row::new("lookup: groups of 3", |lanes| Ok(structure::<3>(lanes))).up_to([80, 20, 9]),
        Row::new("lookup: groups of 4", |lanes| Ok(structure::<4>(lanes))).up_to([40, 12, 8]),
        Row::new("lookup: groups of 5", |lanes| Ok(structure::<5>(lanes))).up_to([20, 5, 5]),
        Row::new("lookup: a lane and one of 4 cleared sums of two", |lanes| Ok(cleared_sums(lanes))),
    ];
    rows.into_iter().map(|row| row.shared_by(&sharing)).collect()
}
