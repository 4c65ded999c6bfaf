//! The engine's buffers, each rule at the cycle before its effect and at the cycle of it; the contract's latencies say which that is.

use contract::latency::{
    ACTIVATION_FREE_CYCLES, ACTIVATION_STORE_CYCLES, TILE_SWAP_CYCLES, WEIGHT_STORE_CYCLES,
};

use super::*;

/// Whatever is asked for is there at once, but for one beat of each kind, and results are taken from a cycle on.
#[derive(Clone, Debug, Default)]
struct Late {
    /// Which beat of weights comes no earlier than when.
    weight: (usize, i64),
    /// Of activations.
    activation: (usize, i64),
    results_from: i64,
    weights: Vec<i64>,
    activations: Vec<i64>,
    results: Vec<i64>,
    requests: Vec<i64>,
}

impl Ports for Late {
    fn weight(&mut self, from: i64) -> i64 {
        let (beat, cycle) = self.weight;
        if self.weights.len() == beat { from.max(cycle) } else { from }
    }

    fn activation(&mut self, from: i64) -> i64 {
        let (beat, cycle) = self.activation;
        if self.activations.len() == beat { from.max(cycle) } else { from }
    }

    fn vector(&mut self, from: i64) -> i64 {
        from
    }

    fn result(&mut self, from: i64) -> i64 {
        from.max(self.results_from)
    }

    fn quantized(&mut self, from: i64) -> i64 {
        from
    }

    fn request(&mut self, request: Request) -> i64 {
        self.requests.push(request.offered);
        request.offered
    }

    fn transfer(&mut self, transfer: Transfer, cycle: i64) {
        match transfer {
            Transfer::Weight => self.weights.push(cycle),
            Transfer::Activation => self.activations.push(cycle),
            Transfer::Result { .. } => self.results.push(cycle),
            Transfer::Job | Transfer::Vector | Transfer::Quantized { .. } => {}
        }
    }
}

/// Three beats a tile, one a word of activations.
const SIZES: Sizes = Sizes {
    lanes: 10,
    columns: 3,
    tokens: 4,
    column_bytes: 2,
    activation_bytes: 1,
    stream_bits: 16,
    activation_bits: 80,
    activation_words: 16,
    result_lanes: 4,
    dividers: 1,
    fifo_beats: 32,
    burst_beats: 4,
};

fn matrix(outputs: u64, inputs: u64, tokens: u64) -> Job {
    let matrix = Some(Matrix { inputs, keep: false, address: 0 });
    Job { outputs, tokens, matrix, raw: true, maximum: false, scale: false }
}

/// A job from cycle 0 on with weights from a stream.
fn run(sizes: Sizes, job: &Job, ports: Late) -> Engine<Late> {
    let mut engine = Engine::new(sizes, Top::Stream, ports);
    engine.job(job, 0, &mut StepAll).unwrap();
    engine
}

#[test]
fn a_step_more_takes_the_larger_of_tokens_and_beats() {
    for top in [Top::Stream, Top::Axi] {
        for tokens in 1..=4 {
            let cycles = |tiles: u64| {
                let mut engine = Engine::new(SIZES, top, Late::default());
                engine.job(&matrix(3 * tiles, 40, tokens), 0, &mut StepAll).unwrap();
                engine.issued()
            };
            // Four steps of three beats a tile.
            let expected = 4 * tokens.max(3).cast_signed();
            assert_eq!(cycles(21) - cycles(20), expected, "{top:?}, {tokens} tokens");
        }
    }
}

#[test]
fn a_job_whose_words_do_not_fit_the_ring_is_refused() {
    let run = |outputs, inputs| {
        let mut engine = Engine::new(SIZES, Top::Stream, Late::default());
        engine.job(&matrix(outputs, inputs, 4), 0, &mut StepAll)
    };
    assert!(run(6, 40).is_ok(), "sixteen words");
    assert_eq!(run(6, 50), Err(ActivationOverflow { words: 16 }));
    // A single tile frees each word as it is used.
    assert!(run(3, 50).is_ok());
}

/// A tile is loaded while the one before is used: its last beat may come so late that it takes the other's place at once.
#[test]
fn a_tile_that_is_loaded_when_the_held_one_is_released_costs_nothing() {
    let job = matrix(3, 20, 4);
    let first_tile = run(SIZES, &matrix(3, 10, 4), Late::default());
    let in_time = first_tile.issued() - i64::from(WEIGHT_STORE_CYCLES + TILE_SWAP_CYCLES) + 1;
    let starved = |cycle| {
        let engine = run(SIZES, &job, Late { weight: (5, cycle), ..Late::default() });
        engine.tally().weight_starved - first_tile.tally().weight_starved
    };
    assert_eq!([in_time, in_time + 1, in_time + 7].map(starved), [0, 1, 7]);
}

/// The FIFO takes a beat more when one of those that it holds has left.
#[test]
fn weights_wait_where_the_fifo_is_full() {
    let sizes = Sizes { fifo_beats: 4, ..SIZES };
    let activations_come = 200;
    let ports = Late { activation: (0, activations_come), ..Late::default() };
    let engine = run(sizes, &matrix(12, 10, 4), ports);
    let weights = &engine.ports().weights;
    // A tile is held, one is loaded, and the FIFO is full.
    assert!(weights[9] < 100 && weights[10] > activations_come);
    // The first tile's last token makes place for the next tile's first beat, and that for another in the FIFO.
    let first_token = activations_come + i64::from(ACTIVATION_STORE_CYCLES);
    assert_eq!(weights[10], first_token + 3 + 1);
    // With a beat more of FIFO that beat would have come long before.
    let larger = Sizes { fifo_beats: 8, ..SIZES };
    let ports = Late { activation: (0, activations_come), ..Late::default() };
    let larger = run(larger, &matrix(12, 10, 4), ports);
    assert!(larger.ports().weights[11] < 100);
}

/// A burst is asked for when the FIFO has room for all of it.
#[test]
fn a_burst_waits_for_room_for_all_its_beats() {
    let sizes = Sizes { fifo_beats: 8, ..SIZES };
    let activations_come = 200;
    let ports = Late { activation: (0, activations_come), ..Late::default() };
    let mut engine = Engine::new(sizes, Top::Axi, ports);
    engine.job(&matrix(18, 10, 4), 0, &mut StepAll).unwrap();
    let ports = engine.ports();
    // 18 beats in bursts of 4: six beats are in tiles, and two bursts fill the FIFO; of a third there would be 2 beats too many.
    let early = ports.requests.iter().filter(|&&cycle| cycle < activations_come).count();
    assert_eq!((early, ports.requests.len()), (3, 5));
    // From the cycle of the first tile's last token on a beat a cycle leaves for the loading tile. After the second one the FIFO has
    // room, which is found in the next cycle, and the burst offered in that after.
    let last_token = activations_come + i64::from(ACTIVATION_STORE_CYCLES) + 3;
    assert_eq!(ports.requests[3], last_token + 1 + 2);
}

#[test]
fn a_token_waits_for_its_word_of_activations() {
    let job = matrix(3, 20, 4);
    let usual = run(SIZES, &job, Late::default());
    // The second step's first word, of four a step, meets the array behind the first step's last token.
    let met = usual.issued() - 3;
    let in_time = met - i64::from(ACTIVATION_STORE_CYCLES);
    let starved = |cycle| {
        let engine = run(SIZES, &job, Late { activation: (4, cycle), ..Late::default() });
        engine.tally().activation_starved - usual.tally().activation_starved
    };
    assert_eq!([in_time, in_time + 1, in_time + 5].map(starved), [0, 1, 5]);
}

/// A place of the ring is written again when its word was used for the last time.
#[test]
fn activations_wait_where_the_ring_is_full() {
    let sizes = Sizes { activation_words: 4, ..SIZES };
    let weights_come = 200;
    let ports = Late { weight: (0, weights_come), ..Late::default() };
    // One tile, six steps, one token: a step takes three cycles, as many as its beats.
    let engine = run(sizes, &matrix(3, 60, 1), ports);
    let activations = &engine.ports().activations;
    let first_token = engine.issued() - 5 * 3;
    assert!(activations[3] < 100);
    assert_eq!(activations[4], first_token + i64::from(ACTIVATION_FREE_CYCLES));
    assert_eq!(activations[5], activations[4] + 3);
}

/// The last step of a token waits for room for its result.
#[test]
fn tokens_wait_where_the_result_buffer_is_full() {
    let depth = usize::try_from(SIZES.result_depth()).unwrap();
    // A step a tile, four tokens: a result of three columns a token.
    let job = matrix(3 * 4 * SIZES.result_depth() / 4, 10, 4);
    let late = |results_from| run(SIZES, &job, Late { results_from, ..Late::default() });
    let usual = late(0);
    assert_eq!((usual.tally().output_blocked, usual.ports().results.len()), (0, 4 * depth));
    let blocked = |results_from| late(results_from).tally().output_blocked;
    // While nothing is taken, tokens pass until every place is taken; the next one waits for the first result to leave.
    let first = (1..).find(|&cycle| blocked(cycle) == 1).unwrap();
    assert_eq!([first - 1, first, first + 1, first + 2].map(blocked), [0, 1, 2, 3]);
    let first_blocked = (1..=4 * depth).find(|&tokens| {
        let fewer = Job { outputs: 3 * tokens as u64, tokens: 1, ..job };
        run(SIZES, &fewer, Late { results_from: 10_000, ..Late::default() }).tally().output_blocked > 0
    });
    // Besides the buffer's rows there are the one read from it, the requantiser's operands, and the output's register.
    assert_eq!(first_blocked, Some(depth + 3 + 1));
}
