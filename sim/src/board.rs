//! A real board beside the chip that describes it: what was measured there, what is predicted, and how far one is from the other.

use model::{Shape, WeightFormat};
use serde::{Deserialize, Serialize};

use crate::result::{Phase, Run};

/// What was measured on a board that a chip describes, decoding one sequence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoardSpec {
    /// Who measured it, and where it is written.
    pub source: String,
    /// The model that it ran.
    pub model: String,
    /// What its head was held in.
    pub head: WeightFormat,
    /// The weights of all layers as they are streamed, bytes.
    pub layers_bytes: u64,
    /// How long that took, ms.
    pub layers_ms: f64,
    /// Those of the head.
    pub head_bytes: u64,
    /// See above.
    pub head_ms: f64,
    /// What the host takes besides for a token, ms: all that is not the engines'.
    pub host_ms: f64,
    /// Tokens a second.
    pub tokens_per_second: f64,
}

impl BoardSpec {
    /// The first field that is no measurement, with its value.
    pub(crate) fn out_of_range(&self) -> Option<(&'static str, f64)> {
        let fields = [
            ("board.layers_ms", self.layers_ms),
            ("board.head_ms", self.head_ms),
            ("board.host_ms", self.host_ms),
            ("board.tokens_per_second", self.tokens_per_second),
        ];
        fields.into_iter().find(|(_, value)| !(1e-6..=1e9).contains(value))
    }
}

/// Weights that were streamed: predicted by the simulator, and measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct StreamComparison {
    /// Bytes, predicted.
    pub bytes: u64,
    /// Bytes, measured.
    pub measured_bytes: u64,
    /// Predicted from ports and DRAM alone, seconds.
    pub seconds: f64,
    /// With the one calibrated constant, seconds; that of the layers is what it was calibrated by.
    pub calibrated_seconds: f64,
    /// Measured, seconds.
    pub measured_seconds: f64,
    /// Of `seconds`, percent of what was measured.
    pub error_percent: f64,
    /// Of `calibrated_seconds`, percent of what was measured.
    pub calibrated_error_percent: f64,
}

/// A decode step on the board.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BoardComparison {
    /// Who measured.
    pub source: String,
    /// The layers' weights.
    pub layers: StreamComparison,
    /// The head's.
    pub head: StreamComparison,
    /// The calibrated constant: what the board takes for a matrix besides its stream, seconds, so that the layers take what was
    /// measured.
    pub calibrated_seconds_per_matrix: f64,
    /// Measured: what the host takes for a token besides.
    pub measured_host_seconds: f64,
    /// Predicted: of the streams alone.
    pub predicted_tokens_per_second: f64,
    /// The calibrated streams' and the measured host's time together.
    pub calibrated_tokens_per_second: f64,
    /// Measured.
    pub measured_tokens_per_second: f64,
}

/// What a run is to the board, if it is what the board did.
pub(crate) fn compare(
    board: Option<&BoardSpec>,
    shape: &Shape,
    head: WeightFormat,
    run: &Run,
) -> Option<BoardComparison> {
    let board = board?;
    let is_same =
        board.model == shape.name && board.head == head && run.phase == Phase::Decode && run.tokens == 1;
    if !is_same {
        return None;
    }
    let seconds = |cycles: u64| run.seconds * cycles as f64 / run.cycles as f64;
    let (mut layers, mut last, mut matrices) = ((0, 0), (0, 0), 0);
    for operator in run.operators.iter().filter(|operator| operator.name.ends_with("_proj")) {
        layers = (layers.0 + operator.bytes, layers.1 + operator.cycles);
        matrices += operator.count;
    }
    for operator in run.operators.iter().filter(|operator| operator.name == "lm_head") {
        last = (last.0 + operator.bytes, last.1 + operator.cycles);
    }
    let [measured_layers, measured_head, host] =
        [board.layers_ms, board.head_ms, board.host_ms].map(|ms| ms * 1e-3);
    let constant = (measured_layers - seconds(layers.1)) / matrices as f64;
    let stream = |(bytes, cycles), matrices: u64, measured_bytes, measured_seconds: f64| {
        let seconds = seconds(cycles);
        let calibrated_seconds = seconds + constant * matrices as f64;
        let error = |seconds: f64| 100.0 * (seconds / measured_seconds - 1.0);
        StreamComparison {
            bytes,
            measured_bytes,
            seconds,
            calibrated_seconds,
            measured_seconds,
            error_percent: error(seconds),
            calibrated_error_percent: error(calibrated_seconds),
        }
    };
    let layers = stream(layers, matrices, board.layers_bytes, measured_layers);
    let head = stream(last, 1, board.head_bytes, measured_head);
    Some(BoardComparison {
        source: board.source.clone(),
        layers,
        head,
        calibrated_seconds_per_matrix: constant,
        measured_host_seconds: host,
        predicted_tokens_per_second: 1.0 / (layers.seconds + head.seconds),
        calibrated_tokens_per_second: 1.0 / (layers.calibrated_seconds + head.calibrated_seconds + host),
        measured_tokens_per_second: board.tokens_per_second,
    })
}
