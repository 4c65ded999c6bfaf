//! What clocks the registers around an array, and how often it happens.

use crate::engine::{Counters, Job, Sizes};

/// What clocks registers of an engine. The ones of a counter are its [`Counters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Job,
    Burst,
    WeightBeat,
    Step,
    Tile,
    Token,
    ActivationBeat,
    ActivationWord,
    /// A token's results of a tile.
    Results,
    /// The same, where values from memory are tiles too.
    CollectedTile,
    Collected,
    /// A beat of values.
    Beat,
    RawBeat,
    UnscaledBeat,
    MaximumBeat,
    ScaledBeat,
    /// A beat of values from memory.
    VectorBeat,
    Busy,
    WeightStarved,
    ActivationStarved,
    OutputBlocked,
}

/// How often it happened, in an engine or in several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Occurrences {
    /// Jobs.
    pub jobs: u64,
    /// Bursts asked for.
    pub bursts: u64,
    /// Beats of weights.
    pub weight_beats: u64,
    /// Steps of tiles.
    pub steps: u64,
    /// Tiles of outputs, all steps of each.
    pub tiles: u64,
    /// Tokens that met a step.
    pub tokens: u64,
    /// Beats of activations.
    pub activation_beats: u64,
    /// Words of activations.
    pub activation_words: u64,
    /// Tokens' results of a tile.
    pub results: u64,
    /// Tiles of values, from the array or from memory.
    pub collected_tiles: u64,
    /// Tokens' values of a tile.
    pub collected: u64,
    /// Beats of values that entered the requantiser.
    pub beats: u64,
    /// Of these, those that went out as they were.
    pub raw_beats: u64,
    /// Those that counted for a maximum.
    pub maximum_beats: u64,
    /// Those that went out scaled.
    pub scaled_beats: u64,
    /// Those that came from memory.
    pub vector_beats: u64,
    /// Cycles with a job.
    pub busy: u64,
    /// Of these, cycles in which a token waited for a tile.
    pub weight_starved: u64,
    /// Cycles without a token.
    pub activation_starved: u64,
    /// Cycles without room for a result.
    pub output_blocked: u64,
}

impl Occurrences {
    /// Those of a job whose activations were kept by the job before or not. Cycles are not known from a job:
    /// [`Occurrences::with_cycles`].
    pub fn of(sizes: &Sizes, job: &Job, kept: bool) -> Occurrences {
        let tiles = job.outputs.div_ceil(sizes.columns);
        let (full, rest) = (job.outputs / sizes.columns, job.outputs % sizes.columns);
        let groups = full * sizes.columns.div_ceil(sizes.result_lanes) + rest.div_ceil(sizes.result_lanes);
        let beats = groups * job.tokens;
        let if_set = |flag| if flag { beats } else { 0 };
        let collected = Occurrences {
            jobs: 1,
            collected_tiles: tiles,
            collected: tiles * job.tokens,
            beats,
            raw_beats: if_set(job.raw),
            maximum_beats: if_set(job.maximum),
            scaled_beats: if_set(job.scale),
            vector_beats: if_set(job.matrix.is_none()),
            ..Occurrences::default()
        };
        let Some(matrix) = &job.matrix else { return collected };
        let input_steps = matrix.inputs.div_ceil(sizes.lanes);
        let steps = tiles * input_steps;
        let words = if kept { 0 } else { input_steps * job.tokens };
        let weight_beats = steps * sizes.beats();
        // A burst ends where the longest one would.
        let before = matrix.address / (sizes.stream_bits / 8) % sizes.burst_beats;
        Occurrences {
            bursts: (before + weight_beats).div_ceil(sizes.burst_beats),
            weight_beats,
            steps,
            tiles,
            tokens: steps * job.tokens,
            activation_beats: words * beats_of_word(sizes),
            activation_words: words,
            results: tiles * job.tokens,
            ..collected
        }
    }

    /// With the cycles of each of so many engines.
    pub fn with_cycles(self, counters: &Counters, engines: u64) -> Occurrences {
        Occurrences {
            busy: engines * counters.busy_cycles,
            weight_starved: engines * counters.weight_starved,
            activation_starved: engines * counters.activation_starved,
            output_blocked: engines * counters.output_blocked,
            ..self
        }
    }

    /// These and so many times the others.
    pub fn plus(&self, others: &Occurrences, times: u64) -> Occurrences {
        Occurrences {
            jobs: self.jobs + times * others.jobs,
            bursts: self.bursts + times * others.bursts,
            weight_beats: self.weight_beats + times * others.weight_beats,
            steps: self.steps + times * others.steps,
            tiles: self.tiles + times * others.tiles,
            tokens: self.tokens + times * others.tokens,
            activation_beats: self.activation_beats + times * others.activation_beats,
            activation_words: self.activation_words + times * others.activation_words,
            results: self.results + times * others.results,
            collected_tiles: self.collected_tiles + times * others.collected_tiles,
            collected: self.collected + times * others.collected,
            beats: self.beats + times * others.beats,
            raw_beats: self.raw_beats + times * others.raw_beats,
            maximum_beats: self.maximum_beats + times * others.maximum_beats,
            scaled_beats: self.scaled_beats + times * others.scaled_beats,
            vector_beats: self.vector_beats + times * others.vector_beats,
            busy: self.busy + times * others.busy,
            weight_starved: self.weight_starved + times * others.weight_starved,
            activation_starved: self.activation_starved + times * others.activation_starved,
            output_blocked: self.output_blocked + times * others.output_blocked,
        }
    }

    pub(super) fn of_event(&self, event: Event) -> u64 {
        match event {
            Event::Job => self.jobs,
            Event::Burst => self.bursts,
            Event::WeightBeat => self.weight_beats,
            Event::Step => self.steps,
            Event::Tile => self.tiles,
            Event::Token => self.tokens,
            Event::ActivationBeat => self.activation_beats,
            Event::ActivationWord => self.activation_words,
            Event::Results => self.results,
            Event::CollectedTile => self.collected_tiles,
            Event::Collected => self.collected,
            Event::Beat => self.beats,
            Event::RawBeat => self.raw_beats,
            Event::UnscaledBeat => self.beats - self.scaled_beats,
            Event::MaximumBeat => self.maximum_beats,
            Event::ScaledBeat => self.scaled_beats,
            Event::VectorBeat => self.vector_beats,
            Event::Busy => self.busy,
            Event::WeightStarved => self.weight_starved,
            Event::ActivationStarved => self.activation_starved,
            Event::OutputBlocked => self.output_blocked,
        }
    }
}

/// Beats of a word of activations.
pub(super) fn beats_of_word(sizes: &Sizes) -> u64 {
    (8 * sizes.activation_bytes * sizes.lanes).div_ceil(sizes.activation_bits)
}
