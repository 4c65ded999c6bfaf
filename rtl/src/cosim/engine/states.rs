//! The full, empty and stall states of a top, as nets that change when one is entered and left.

use super::Top;
use super::coverage::Coverage;

/// (block, net, what it says). A ready that is low is a full block, a valid that is low an empty one.
type State = (&'static str, &'static str, &'static str);

/// Of the matrix unit, which all tops have.
const MATRIX_STATES: [State; 10] = [
    ("weight_stream", "empty", "weight FIFO empty"),
    ("activation_buffer", "full", "activation buffer full"),
    ("activation_buffer", "word_valid", "no word for the array"),
    ("weight_tile", "loaded_register", "loading tile full"),
    ("weight_tile", "held_register", "no tile held"),
    ("mac_array", "activation_ready", "array stalls its tokens"),
    ("result_buffer", "room", "result buffer full"),
    ("result_buffer", "empty", "result buffer empty"),
    ("result_buffer", "values_valid", "no results offered"),
    ("result_buffer", "values_ready", "results stalled"),
];

/// Of what surrounds it where there are registers.
const ENGINE_STATES: [State; 15] = [
    ("stream_register_vector_input", "input_ready", "vector port full"),
    ("stream_register_vector_input", "output_valid", "vector port empty"),
    ("stream_register_result_output", "input_ready", "result port full"),
    ("stream_register_result_output", "output_valid", "result port empty"),
    ("stream_register_quantized_output", "input_ready", "quantized port full"),
    ("stream_register_quantized_output", "output_valid", "quantized port empty"),
    ("requantizer", "beat_ready", "requantiser stalls results"),
    ("requantizer", "idle", "requantiser empty"),
    ("job_queue", "busy", "no job"),
    ("job_queue", "free_slots", "jobs queued"),
    ("csr", "weight_starved", "weight-starved"),
    ("csr", "activation_starved", "activation-starved"),
    ("csr", "output_blocked", "output-blocked"),
    ("csr", "aborting", "aborting"),
    ("csr", "aborted", "aborted"),
];

/// Of the job at the array, and of the queue of those whose results have not come.
const CORE_STATES: [State; 4] = [
    ("controller", "job_ready", "a job waits for the array"),
    ("controller", "active", "no job at the array"),
    ("stream_fifo", "full", "queue of jobs full"),
    ("stream_fifo", "empty", "queue of jobs empty"),
];

/// Where weights come by stream.
const STREAM_STATES: [State; 1] = [("weight_stream", "full", "weight FIFO full")];
// Nothing is asked for that the FIFO has no room for, so that it never refuses a beat.
const AXI_STATES: [State; 4] = [
    ("weight_fetch", "held", "a burst waits for room"),
    ("weight_fetch", "arvalid", "no burst offered"),
    ("weight_fetch", "idle", "nothing outstanding"),
    ("weight_fetch", "job_ready", "a job is being fetched"),
];

/// A state, and how often it was entered or left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoveredState {
    /// What it is.
    pub state: &'static str,
    /// Changes of its net; with two of them it was entered and left.
    pub changes: u64,
}

impl CoveredState {
    /// It was entered and left.
    pub fn is_covered(&self) -> bool {
        self.changes >= 2
    }
}

/// Every full, empty and stall state of `top`, with what `coverage` saw of it.
pub fn covered_states(top: Top, coverage: &Coverage) -> Vec<CoveredState> {
    let (around, weights): (&[State], &[State]) = match top {
        Top::Core => (&CORE_STATES, &STREAM_STATES),
        Top::Stream => (&ENGINE_STATES, &STREAM_STATES),
        Top::Axi => (&ENGINE_STATES, &AXI_STATES),
    };
    MATRIX_STATES
        .iter()
        .chain(around)
        .chain(weights)
        .map(|&(block, net, state)| {
            // Where sizes coincide, several registers are one module, named by the first; their states count together.
            let changes = coverage.toggles(&format!("{block}.{net}"));
            let changes = changes.or_else(|| shared(block, net, coverage)).unwrap_or(0);
            CoveredState { state, changes }
        })
        .collect()
}

/// The changes of `net` in the modules of the same kind as `block`, the words before its instance's name.
fn shared(block: &str, net: &str, coverage: &Coverage) -> Option<u64> {
    ["stream_register", "stream_fifo"]
        .into_iter()
        .filter(|kind| block.starts_with(kind))
        .find_map(|kind| coverage.toggles_of_kind(kind, net))
}
