//! The array's results are the contract's, under stalls and after aborts, and a fault shows.

mod common;

use common::{expected, folder, parameters, steps, values};
use rtl::cosim::{Job, Random, Simulator};
use rtl::{Error, Parameters, verilog};

/// Random jobs back to back under random stalls, every third run aborted and started anew.
fn random_jobs_give_the_contracts_values(p: Parameters, runs: u32, steps: u32) {
    let dir = folder();
    let simulator = Simulator::build(&p, dir.path()).expect("an array that compiles");
    let mut random = Random::new(u64::from(p.lanes) << 32 | u64::from(p.columns));
    let mut schedule = vec![];
    let mut jobs_of = vec![];
    for i in 0..runs {
        let jobs: Vec<Job> = (0..1 + random.below(4)).map(|_| Job::random(&p, steps, &mut random)).collect();
        let mut run = Job::run(&p, &jobs).with_random_stalls(&mut random);
        if i % 3 == 1 {
            run.stop_after_cycles = Some(1 + random.below(run.weights.len() as u64 * 2));
        }
        schedule.push(run);
        jobs_of.push(jobs);
    }
    let traces = simulator.run(&schedule, 1).expect("a run to its end");
    for ((run, trace), jobs) in schedule.iter().zip(&traces).zip(&jobs_of) {
        let expected = expected(&p, jobs);
        let values = values(&trace.results);
        if run.stop_after_cycles.is_none() {
            assert_eq!(values, expected);
        } else {
            // Nothing of a former run is among the results, and none is missing in between.
            assert_eq!(values, expected[..values.len()]);
        }
    }
}

macro_rules! random_jobs {
    ($($name:ident: $lanes:literal x $columns:literal x $tokens:literal, $bits:literal, $runs:literal;)*) => {$(
        #[test]
        fn $name() {
            random_jobs_give_the_contracts_values(parameters($lanes, $columns, $tokens, $bits), $runs, 5);
        }
    )*};
}

random_jobs! {
    values_of_1x1x1: 1 x 1 x 1, 8, 300;
    values_of_7x3x2: 7 x 3 x 2, 16, 300;
    values_of_33x2x5: 33 x 2 x 5, 24, 150;
    values_of_80x1x4: 80 x 1 x 4, 128, 150;
    values_of_80x4x4: 80 x 4 x 4, 512, 100;
    values_of_128x16x8: 128 x 16 x 8, 512, 20;
}

#[test]
fn columns_without_weights_give_zero() {
    let p = parameters(3, 4, 2, 8);
    let mut job = Job::random(&p, 3, &mut Random::new(9));
    job.weights.truncate(2);
    let dir = folder();
    let simulator = Simulator::build(&p, dir.path()).expect("an array that compiles");
    let traces = simulator.run(&[Job::run(&p, std::slice::from_ref(&job))], 1).expect("a run");
    let expected = expected(&p, &[job]);
    assert!(expected.iter().all(|(_, values)| values.len() == 4 && values[2..] == [0, 0]));
    assert_eq!(values(&traces[0].results), expected);
}

#[test]
fn accumulators_reach_both_ends_of_their_range() {
    let p = Parameters { lanes: 4, columns: 2, tokens: 2, stream_bits: 8, acc_bits: 12 };
    let k = usize::try_from(contract::max_k(p.acc_bits)).expect("a small K");
    let row = |t| vec![contract::Trit::new(t).expect("a trit"); k];
    let job = Job { weights: vec![row(-1), row(1)], activations: vec![vec![-128; k], vec![127; k]] };
    assert_eq!(expected(&p, std::slice::from_ref(&job))[0], (0, vec![128 * k as i64, -128 * k as i64]));
    let dir = folder();
    let traces =
        Simulator::build(&p, dir.path()).and_then(|s| s.run(&[Job::run(&p, std::slice::from_ref(&job))], 2));
    assert_eq!(values(&traces.expect("a run")[0].results), expected(&p, &[job]));
}

/// The comparison is worth something: it sees a fault in a lane, in the tree, in an accumulator, in the control.
#[test]
fn a_fault_in_the_text_is_seen() {
    let p = parameters(3, 2, 2, 16);
    let text = verilog::mac_array(&p).expect("valid sizes");
    let mut random = Random::new(11);
    let jobs: Vec<Job> = (0..20).map(|_| Job::random(&p, 4, &mut random)).collect();
    let run = Job::run(&p, &jobs).with_random_stalls(&mut random);
    let faults = [
        ("if (zero) operand", "if (~zero) operand"),
        ("{9'd0, minus[0]}", "{9'd0, ~minus[0]}"),
        ("if (next_first) total_register", "if (~next_first) total_register"),
        ("if (again)", "if (~again)"),
        ("assign emit = accumulate & last_stage", "assign emit = accumulate | last_stage"),
        (
            "assign swap = loaded_register & (~held_register | release_tile);",
            "assign swap = loaded_register;",
        ),
    ];
    for (right, wrong) in faults {
        let dir = folder();
        let faulty = text.replacen(right, wrong, 1);
        assert_ne!(faulty, text, "{right} is not in the text");
        let simulator = Simulator::build_text(&p, &faulty, dir.path()).expect("a fault, but Verilog");
        // A run that comes to a standstill is an error.
        let traces = simulator.run(std::slice::from_ref(&run), 5);
        let survived = traces.is_ok_and(|traces| values(&traces[0].results) == expected(&p, &jobs));
        assert!(!survived, "{wrong} was not seen");
    }
}

#[test]
fn a_schedule_that_does_not_fit_is_refused() {
    let p = parameters(5, 1, 1, 8);
    let dir = folder();
    let simulator = Simulator::build(&p, dir.path()).expect("an array that compiles");
    let (_, good) = steps(&p, 1, 1);
    let mut short = good.clone();
    short.weights[0].pop();
    let mut beyond = good;
    beyond.activations[0].slot = 1;
    for run in [short, beyond] {
        assert!(matches!(simulator.run(&[run], 1), Err(Error::Schedule(_))));
    }
}
