//! What tests share that run one engine as the simulator's and as Verilog.

use rtl::cosim::Random;
use rtl::cosim::engine::{
    Command, EngineJob, EngineTrace, JobLimits, OutputBeat, Patterns, Session, Source, Top,
};
use rtl::{EngineParameters, Parameters};
use sim::engine::{Counters, Job, Matrix, Sizes, Transfer};

/// From a register write accepted whole to the job in the queue: the write is held for a cycle, and then has its turn.
pub const START_CYCLES: i64 = contract::latency::AXI_LITE_CYCLES as i64 - 1;

/// What passed through the ports of an engine, and in which cycles.
#[derive(Debug, Default, PartialEq)]
pub struct Seen {
    /// Jobs, where they come by stream.
    pub jobs: Vec<i64>,
    /// Beats of weights.
    pub weights: Vec<i64>,
    /// Beats of activations.
    pub activations: Vec<i64>,
    /// Beats of vectors.
    pub vectors: Vec<i64>,
    /// Beats of results: offered, and taken.
    pub results: Vec<(i64, i64)>,
    /// Beats of INT8s: offered, and taken.
    pub quantized: Vec<(i64, i64)>,
    /// Bursts: offered, accepted, address, beats.
    pub requests: Vec<(i64, i64, u64, u64)>,
}

impl Seen {
    /// A transfer happened.
    pub fn note(&mut self, transfer: Transfer, cycle: i64) {
        match transfer {
            Transfer::Job => self.jobs.push(cycle),
            Transfer::Weight => self.weights.push(cycle),
            Transfer::Activation => self.activations.push(cycle),
            Transfer::Vector => self.vectors.push(cycle),
            Transfer::Result { offered } => self.results.push((offered, cycle)),
            Transfer::Quantized { offered } => self.quantized.push((offered, cycle)),
        }
    }
}

/// A cycle as the simulator counts it.
///
/// # Panics
/// Beyond 63 bits.
pub fn signed(n: u64) -> i64 {
    i64::try_from(n).expect("a cycle")
}

/// What the Verilog's ports saw.
pub fn seen(trace: &EngineTrace) -> Seen {
    let [segment] = trace.segments.as_slice() else { panic!("one segment") };
    let cycles = |cycles: &[u64]| cycles.iter().map(|&cycle| signed(cycle)).collect();
    let beats = |beats: &[OutputBeat]| {
        beats.iter().map(|beat| (signed(beat.offered_cycle), signed(beat.cycle))).collect()
    };
    Seen {
        jobs: cycles(&segment.job_cycles),
        weights: cycles(&segment.weight_cycles),
        activations: cycles(&segment.activation_cycles),
        vectors: cycles(&segment.vector_cycles),
        results: beats(&segment.results),
        quantized: beats(&segment.quantized),
        requests: trace
            .requests
            .iter()
            .map(|r| (signed(r.offered_cycle), signed(r.cycle), r.address, r.beats))
            .collect(),
    }
}

/// An engine of the Verilog's sizes.
pub fn sizes(p: &EngineParameters) -> Sizes {
    Sizes {
        lanes: p.array.lanes.into(),
        columns: p.array.columns.into(),
        tokens: p.array.tokens.into(),
        column_bytes: p.array.lanes.div_ceil(5).into(),
        activation_bytes: 1,
        stream_bits: p.array.stream_bits.into(),
        activation_bits: p.activation_bits.into(),
        activation_words: p.activation_words.into(),
        result_lanes: p.result_lanes.into(),
        dividers: p.dividers.into(),
        fifo_beats: p.fifo_beats.into(),
        burst_beats: p.burst_beats.into(),
    }
}

/// A job of the Verilog's, whose weights lie at `address`, as the simulator's.
pub fn job(job: &EngineJob, address: u64) -> Job {
    let matrix = match &job.source {
        Source::Matrix { keep, .. } => Some(Matrix { inputs: job.inputs() as u64, keep: *keep, address }),
        Source::Vector { .. } => None,
    };
    Job {
        outputs: job.outputs() as u64,
        tokens: job.tokens() as u64,
        matrix,
        raw: job.raw,
        maximum: job.maximum,
        scale: job.scale,
    }
}

/// Random jobs, queued as fast as a driver or a stream can or with pauses, under random stalls on every port and random latencies; and the same
/// jobs as the simulator's.
///
/// # Panics
/// If the sessions make a job that does not fit.
pub fn random_session(
    p: &EngineParameters,
    top: Top,
    random: &mut Random,
) -> (Session, Vec<(EngineJob, Job)>) {
    // A response that is not taken would hold up the next write, which is the driver's affair.
    let mut patterns = match top {
        Top::Core => Patterns::random_of_core(random),
        Top::Stream | Top::Axi => Patterns { write_response_ready: vec![], ..Patterns::random(random) },
    };
    // Now and then, jobs so long that weights are counted further ahead than a burst or two, short ones between them, and a memory that
    // accepts nothing for long and then whatever it is asked for.
    let is_long = random.chance(15);
    if is_long && random.chance(50) {
        let burst_address_ready = [vec![false; 90], vec![true; 160]].concat();
        patterns = Patterns { burst_address_ready, ..Patterns::default() };
    } else if random.chance(15) {
        patterns = Patterns::default();
    }
    let mut session = Session::new(p, top, patterns);
    let beat_bytes = u64::from(p.array.stream_bits / 8);
    session.run_mut().memory_latency_cycles =
        (0..1 + random.below(5)).map(|_| 1 + random.below(80)).collect();
    let mut jobs = vec![];
    for _ in 0..1 + random.below(8) {
        if top == Top::Axi {
            let address = session.next_address() + random.below(100) * beat_bytes;
            session.set_address(address);
        }
        let kept = session.kept().map(<[_]>::to_vec);
        let [tiles, steps] = match (is_long, random.chance(30)) {
            (false, _) => [4, 6],
            (true, false) => [20, 20],
            (true, true) => [1, 1],
        };
        let limits = JobLimits { tiles, steps };
        let next = match top {
            Top::Core => EngineJob::random_matrix(p, limits, kept.as_deref(), random),
            Top::Stream | Top::Axi => EngineJob::random(p, limits, kept.as_deref(), random),
        };
        let timed = job(&next, session.next_address());
        session.start(&next, random).expect("a job that fits");
        jobs.push((next, timed));
        match random.below(8) {
            _ if top == Top::Core => {}
            0 => session.idle(),
            1 => session.command(Command::Wait { cycles: random.below(300) }),
            _ => {}
        }
    }
    session.finish();
    (session, jobs)
}

/// The counters that were read.
pub fn counters(c: rtl::cosim::engine::Counters) -> Counters {
    Counters {
        busy_cycles: c.busy_cycles,
        issued: c.issued,
        weight_starved: c.weight_starved,
        activation_starved: c.activation_starved,
        output_blocked: c.output_blocked,
        weight_beats: c.weight_beats,
        activation_beats: c.activation_beats,
        result_beats: c.result_beats,
    }
}

/// An engine: lanes, columns, tokens, stream-bits; activation-bits, activation-words; result-lanes, dividers; fifo-beats,
/// burst-beats.
pub fn engine(array: [u32; 4], activations: [u32; 2], outputs: [u32; 2], fifo: [u32; 2]) -> EngineParameters {
    let [lanes, columns, tokens, stream_bits] = array;
    EngineParameters {
        array: Parameters { lanes, columns, tokens, stream_bits, acc_bits: contract::ACC_BITS },
        activation_bits: activations[0],
        activation_words: activations[1],
        result_lanes: outputs[0],
        dividers: outputs[1],
        fifo_beats: fifo[0],
        burst_beats: fifo[1],
    }
}

/// The Verilog's parameters for an engine of the simulator's sizes, with accumulators of [`contract::ACC_BITS`].
///
/// # Panics
/// Where a size exceeds 32 bits.
pub fn parameters(sizes: &Sizes) -> EngineParameters {
    let size = |size: u64| u32::try_from(size).expect("a size");
    engine(
        [sizes.lanes, sizes.columns, sizes.tokens, sizes.stream_bits].map(size),
        [sizes.activation_bits, sizes.activation_words].map(size),
        [sizes.result_lanes, sizes.dividers].map(size),
        [sizes.fifo_beats, sizes.burst_beats].map(size),
    )
}
