//! Latency of table 1 and figure 2, and the throughput of table 3: a roofline of the A100.
//!
//! A kernel takes its bytes over the bandwidth or its operations over the tensor cores' rate, whichever is longer, each at the share that
//! such kernels reach; and a launch. Three parameters are fitted to the latencies: the share that FP16 kernels reach, the share of the
//! bandwidth that kernels with 2-bit weights reach (they unpack), and the time of a launch. Table 3 is predicted by them.
//!
//! Does not: overlap kernels, or know tiles, waves and caches: sizes that suit a kernel badly (a hidden size of 3200) are slower than
//! it says.

use model::Shape;

use crate::Error;
use crate::fit::least_squares;
use crate::memory::CacheHeads;
use crate::points::{Point, points};
use crate::published::Format;
use crate::setup::{Gpu, LatencyFit, Setup, Stated};

/// Operations of a multiply-accumulate.
const OPERATIONS: u64 = 2;

/// What a step of decode asks of a GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kernel {
    bytes: u64,
    operations: u64,
    /// Of the weights, if it has some that are not FP16.
    ternary: bool,
}

/// A step of decode: a token for each sequence.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// The model.
    pub shape: &'a Shape,
    /// Its weights.
    pub format: Format,
    /// Sequences.
    pub sequences: u64,
    /// Tokens in each one's cache.
    pub position: u64,
    /// How many heads have a cache.
    pub heads: CacheHeads,
}

impl Step<'_> {
    /// The kernels that move or compute anything to speak of, each with how often it runs.
    fn kernels(&self, stated: &Stated) -> Vec<(Kernel, u64)> {
        let shape = self.shape;
        let (hidden, inner, q, kv) =
            (shape.hidden_size, shape.intermediate_size, shape.q_size(), shape.kv_size());
        let product = |weights: u64, format: Format| Kernel {
            bytes: weights * stated.weight_bits.of(format) / 8,
            operations: OPERATIONS * weights * self.sequences,
            ternary: format == Format::Ternary,
        };
        let layers = shape.num_hidden_layers;
        let mut kernels: Vec<_> = [hidden * (q + 2 * kv), q * hidden, hidden * 2 * inner, inner * hidden]
            .map(|weights| (product(weights, self.format), layers))
            .into();
        let cached = 2 * self.sequences * self.position * self.heads.width(shape);
        let attention = Kernel {
            bytes: cached * stated.cache_bits.of(self.format) / 8,
            operations: OPERATIONS * 2 * self.sequences * self.position * q,
            ternary: false,
        };
        kernels.push((attention, layers));
        kernels.push((product(shape.embedding_parameters(), Format::Fp16), 1));
        kernels
    }

    /// How long it takes, seconds, where one GPU works at a time.
    pub fn seconds(&self, setup: &Setup, fit: &LatencyFit) -> f64 {
        let of = |(kernel, times): &(Kernel, u64)| *times as f64 * kernel.seconds(&setup.gpu, fit);
        let launches = self.shape.num_hidden_layers * setup.stated.kernels_per_layer.of(self.format);
        self.kernels(&setup.stated).iter().map(of).sum::<f64>() + launches as f64 * fit.launch_us * 1e-6
    }

    /// What multiplies 1 / FP16 efficiency, 1 / ternary efficiency and the launch in `seconds`, where every kernel is bound by the
    /// bandwidth, as with one sequence they are.
    fn coefficients(&self, setup: &Setup) -> [f64; 3] {
        let kernels = self.kernels(&setup.stated);
        let moved = |ternary: bool| {
            let bytes =
                kernels.iter().filter(|(kernel, _)| kernel.ternary == ternary).map(|(k, n)| k.bytes * n);
            bytes.sum::<u64>() as f64 / setup.gpu.bytes_per_s()
        };
        let launches = self.shape.num_hidden_layers * setup.stated.kernels_per_layer.of(self.format);
        [moved(false), moved(true), launches as f64 * 1e-6]
    }
}

impl Kernel {
    fn seconds(&self, gpu: &Gpu, fit: &LatencyFit) -> f64 {
        let of_bandwidth = if self.ternary { fit.ternary_efficiency } else { fit.fp16_efficiency };
        let moving = self.bytes as f64 / (gpu.bytes_per_s() * of_bandwidth);
        // Unpacked, ternary weights meet the tensor cores as FP16 does.
        let computing = self.operations as f64 / (gpu.operations_per_s() * fit.fp16_efficiency);
        moving.max(computing)
    }
}

/// The step that a measured latency is of.
fn step<'a>(point: &'a Point, setup: &Setup) -> Step<'a> {
    Step {
        shape: &point.shape,
        format: point.format,
        sequences: 1,
        position: setup.stated.sequence_tokens / 2,
        heads: CacheHeads::AsInTheModel,
    }
}

/// Latency of a measured model, milliseconds.
pub(crate) fn latency_ms(point: &Point, setup: &Setup, fit: &LatencyFit) -> f64 {
    1e3 * step(point, setup).seconds(setup, fit)
}

/// The parameters that make the sum of squares of the relative errors over the points the least, those of the size `without` left out.
///
/// # Errors
/// The published data do not parse, or the points do not determine the parameters.
pub fn fit(setup: &Setup, without: Option<&str>) -> Result<LatencyFit, Error> {
    let points = points()?;
    let rows: Vec<_> = points
        .iter()
        .filter(|point| without != Some(point.size.as_str()))
        .map(|point| step(point, setup).coefficients(setup).map(|seconds| seconds * 1e3 / point.latency_ms))
        .collect();
    let undetermined = Error::Undetermined { what: "latencies" };
    let Some([fp16, ternary, launch_us]) = least_squares(&rows, &vec![1.0; rows.len()]) else {
        return Err(undetermined);
    };
    if fp16 <= 0.0 || ternary <= 0.0 || launch_us < 0.0 {
        return Err(undetermined);
    }
    Ok(LatencyFit { fp16_efficiency: 1.0 / fp16, ternary_efficiency: 1.0 / ternary, launch_us })
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;
    use crate::setup::setup;

    #[test]
    fn the_stored_parameters_are_those_of_a_new_fit() {
        let setup = setup().unwrap();
        let (new, stored) = (fit(&setup, None).unwrap(), setup.fitted.latency);
        assert_relative_eq!(new.fp16_efficiency, stored.fp16_efficiency, max_relative = 1e-3);
        assert_relative_eq!(new.ternary_efficiency, stored.ternary_efficiency, max_relative = 1e-3);
        assert_relative_eq!(new.launch_us, stored.launch_us, max_relative = 1e-3);
        // Shares of what the hardware can do.
        assert!(new.fp16_efficiency < 1.0 && new.ternary_efficiency < 1.0);
    }

    #[test]
    fn one_sequence_is_bound_by_the_bandwidth() {
        // What the fit takes for granted: the roofline is linear in its parameters.
        let setup = setup().unwrap();
        let fit = setup.fitted.latency;
        for point in points().unwrap() {
            let [fp16, ternary, launches] = step(&point, &setup).coefficients(&setup);
            let linear =
                fp16 / fit.fp16_efficiency + ternary / fit.ternary_efficiency + launches * fit.launch_us;
            assert_relative_eq!(1e3 * linear, latency_ms(&point, &setup, &fit), max_relative = 1e-12);
        }
    }

    #[test]
    fn kernels_worked_by_hand() {
        let shape = model::preset("70b").unwrap();
        let setup = setup().unwrap();
        let step = |format, heads| Step { shape: &shape, format, sequences: 2, position: 100, heads };
        let kernels = step(Format::Ternary, CacheHeads::AsInTheModel).kernels(&setup.stated);
        // Q, K and V of 8192 + 2 x 1024 outputs, four weights a byte; two sequences.
        let qkv = 8192 * 10240;
        assert_eq!(kernels[0], (Kernel { bytes: qkv / 4, operations: 4 * qkv, ternary: true }, 80));
        // Keys and values of 8 heads of 128, a byte each; every query head multiplies by both.
        let attention =
            Kernel { bytes: 2 * 2 * 100 * 1024, operations: 2 * 2 * 2 * 100 * 8192, ternary: false };
        assert_eq!(kernels[4], (attention, 80));
        assert_eq!(kernels[5].0.bytes, 32000 * 8192 * 2);
        let every_head = step(Format::Fp16, CacheHeads::OnePerQuery).kernels(&setup.stated);
        assert_eq!(every_head[4].0.bytes, 2 * 2 * 100 * 8192 * 2);
        assert_eq!(every_head[0], (Kernel { bytes: 2 * qkv, operations: 4 * qkv, ternary: false }, 80));
    }

    #[test]
    fn many_sequences_are_bound_by_the_tensor_cores() {
        let shape = model::preset("70b").unwrap();
        let setup = setup().unwrap();
        let seconds = |sequences| {
            let heads = CacheHeads::AsInTheModel;
            Step { shape: &shape, format: Format::Ternary, sequences, position: 1, heads }
                .seconds(&setup, &setup.fitted.latency)
        };
        assert!(seconds(16) < 1.02 * seconds(1), "the weights are read once");
        assert!(seconds(2048) > 1.9 * seconds(1024));
    }
}
