//! The array's cycles are `contract::latency`'s and the README's, with and without stalls.

mod common;

use common::{expected, folder, parameters, steps, values};
use contract::latency::{TILE_SWAP_CYCLES, array_cycles};
use rtl::Parameters;
use rtl::cosim::{Job, Random, Run, Simulator, Trace};

/// The cycle in which every transfer happens when nothing stalls.
fn check_cycles(p: &Parameters, tokens: u32, steps: u32, trace: &Trace) {
    let (tokens, steps) = (u64::from(tokens), u64::from(steps));
    let step_cycles = tokens.max(p.beats());
    let first = p.beats() - 1 + u64::from(TILE_SWAP_CYCLES);
    for step in 0..steps {
        for token in 0..tokens {
            let i = usize::try_from(step * tokens + token).expect("a short run");
            assert_eq!(
                trace.activation_cycles[i],
                first + step * step_cycles + token,
                "step {step}, token {token}"
            );
        }
    }
    for (token, taken) in (0..).zip(&trace.results) {
        let accepted = first + (steps - 1) * step_cycles + token;
        assert_eq!(taken.cycle, accepted + u64::from(array_cycles(p.lanes)));
    }
    if tokens <= p.beats() {
        // Bound by the stream: a beat every cycle, none missed.
        assert!(trace.weight_cycles.iter().copied().eq(0..steps * p.beats()));
    }
}

#[test]
fn a_step_takes_exactly_the_larger_of_tokens_and_beats() {
    // Tiles of 1, 2, 3, 4 and 9 beats, each with fewer, as many and more tokens.
    for p in
        [parameters(5, 1, 4, 8), parameters(7, 3, 6, 24), parameters(16, 2, 12, 16), parameters(45, 1, 12, 8)]
    {
        let dir = folder();
        let simulator = Simulator::build(&p, dir.path()).expect("an array that compiles");
        let shapes: Vec<_> = (1..=p.tokens).flat_map(|tokens| [1, 2, 7].map(|n| (tokens, n))).collect();
        let runs: Vec<Run> = shapes.iter().map(|&(tokens, n)| steps(&p, tokens, n).1).collect();
        let traces = simulator.run(&runs, 3).expect("runs");
        for (&(tokens, n), trace) in shapes.iter().zip(&traces) {
            check_cycles(&p, tokens, n, trace);
        }
    }
}

/// The rules under "Cycle by cycle" in the README, and nothing else: when each transfer happens under any stalls.
fn cycles_by_the_rules(p: &Parameters, run: &Run) -> (Vec<u64>, Vec<u64>, Vec<u64>) {
    let willing = |pattern: &[bool], cycle: u64| {
        pattern.is_empty() || pattern[usize::try_from(cycle).expect("a short run") % pattern.len()]
    };
    let depth = array_cycles(p.lanes) as usize;
    let results_due = run.activations.iter().filter(|activation| activation.last).count();
    let (mut weights, mut activations, mut results) = (vec![], vec![], vec![]);
    let (mut beats, mut loaded, mut held) = (0, false, false);
    let (mut weight_offered, mut activation_offered) = (false, false);
    // What is under way, the result in front: whether there is a result in each place.
    let mut pipeline = std::collections::VecDeque::from(vec![false; depth]);
    for cycle in 0.. {
        if results.len() == results_due && weights.len() == run.weights.len() {
            break;
        }
        weight_offered |= weights.len() < run.weights.len() && willing(&run.weight_valid, cycle);
        activation_offered |=
            activations.len() < run.activations.len() && willing(&run.activation_valid, cycle);
        let room = willing(&run.result_room, cycle);
        let accepted = activation_offered.then(|| &run.activations[activations.len()]);
        let accepted = accepted.filter(|activation| held && (!activation.last || room));
        let released = accepted.is_some_and(|activation| activation.release);
        let swap = loaded && (!held || released);
        let beat = weight_offered && (!loaded || swap);
        if pipeline.pop_front() == Some(true) {
            results.push(cycle);
        }
        pipeline.push_back(accepted.is_some_and(|activation| activation.last));
        if accepted.is_some() {
            activations.push(cycle);
            activation_offered = false;
        }
        held = swap || held && !released;
        loaded &= !swap;
        if beat {
            weights.push(cycle);
            weight_offered = false;
            beats = (beats + 1) % p.beats();
            loaded = beats == 0;
        }
    }
    (weights, activations, results)
}

#[test]
fn every_transfer_happens_by_the_rules_under_any_stalls() {
    for p in [parameters(1, 1, 3, 8), parameters(7, 3, 4, 16), parameters(9, 2, 2, 24)] {
        let dir = folder();
        let simulator = Simulator::build(&p, dir.path()).expect("an array that compiles");
        let mut random = Random::new(p.lanes.into());
        let mut run = |_| {
            let jobs: Vec<Job> = (0..4).map(|_| Job::random(&p, 6, &mut random)).collect();
            Job::run(&p, &jobs).with_random_stalls(&mut random)
        };
        let runs: Vec<Run> = (0..200).map(&mut run).collect();
        let traces = simulator.run(&runs, 8).expect("runs");
        for (run, trace) in runs.iter().zip(traces) {
            let results = trace.results.iter().map(|taken| taken.cycle).collect();
            let counted = (trace.weight_cycles, trace.activation_cycles, results);
            assert_eq!(counted, cycles_by_the_rules(&p, run));
        }
    }
}

#[test]
fn a_beat_is_offered_when_it_has_arrived() {
    let p = parameters(5, 2, 2, 8);
    let dir = folder();
    let simulator = Simulator::build(&p, dir.path()).expect("an array that compiles");
    let (job, mut run) = steps(&p, 1, 3);
    run.weight_arrival_cycles = vec![3, 3, 20, 21, 90, 50];
    let trace = &simulator.run(&[run], 6).expect("a run")[0];
    // Two at once are taken one after the other; one that arrived before its predecessor waits for it.
    assert_eq!(trace.weight_cycles, [3, 4, 20, 21, 90, 91]);
    assert_eq!(trace.activation_cycles, [4, 21, 91].map(|cycle| cycle + u64::from(TILE_SWAP_CYCLES)));
    assert_eq!(values(&trace.results), expected(&p, &[job]));
}

#[test]
fn a_last_step_waits_for_room_and_others_do_not() {
    let p = parameters(7, 3, 2, 16);
    let dir = folder();
    let simulator = Simulator::build(&p, dir.path()).expect("an array that compiles");
    let (job, mut run) = steps(&p, 2, 3);
    let free = simulator.run(&[run.clone()], 4).expect("a run");
    // No room for 50 cycles, then in one of ten.
    run.result_room = (0..200).map(|cycle| cycle >= 50 && cycle % 10 == 0).collect();
    let stalled = simulator.run(&[run], 4).expect("a run");
    assert_eq!(values(&stalled[0].results), expected(&p, &[job]));
    assert_eq!(stalled[0].activation_cycles[..4], free[0].activation_cycles[..4]);
    assert_eq!(stalled[0].activation_cycles[4..], [50, 60]);
    let latency = u64::from(array_cycles(p.lanes));
    assert_eq!(stalled[0].results.iter().map(|taken| taken.cycle - latency).collect::<Vec<_>>(), [50, 60]);
}
