//! What the tests of the array share.
#![allow(dead_code, reason = "each test program uses some of it")]

use rtl::Parameters;
use rtl::cosim::{Job, Random, Run, Taken};

pub(crate) fn parameters(lanes: u32, columns: u32, tokens: u32, stream_bits: u32) -> Parameters {
    Parameters { lanes, columns, tokens, stream_bits, acc_bits: contract::ACC_BITS }
}

pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub(crate) fn expected(p: &Parameters, jobs: &[Job]) -> Vec<(u32, Vec<i64>)> {
    jobs.iter().flat_map(|job| job.expected(p).expect("a job that fits")).collect()
}

pub(crate) fn values(results: &[Taken]) -> Vec<(u32, Vec<i64>)> {
    results.iter().map(|taken| (taken.slot, taken.values.clone())).collect()
}

/// A run of `steps` steps with `tokens` tokens, without stalls.
pub(crate) fn steps(p: &Parameters, tokens: u32, steps: u32) -> (Job, Run) {
    let mut random = Random::new(7);
    let k = (p.lanes * steps) as usize;
    let mut job = Job::random(p, steps, &mut random);
    job.weights.iter_mut().for_each(|row| row.resize(k, contract::Trit::Plus));
    job.activations.resize(tokens as usize, vec![]);
    job.activations.iter_mut().for_each(|token| token.resize(k, 1));
    let run = Job::run(p, std::slice::from_ref(&job));
    (job, run)
}
