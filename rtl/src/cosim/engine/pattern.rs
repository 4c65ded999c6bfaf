//! When the ports are willing.

use crate::cosim::{Pattern, Random};

/// One pattern a port; by default all are always willing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    /// Senders of the input streams.
    pub weight_valid: Pattern,
    /// See above.
    pub activation_valid: Pattern,
    /// See above.
    pub vector_valid: Pattern,
    /// Receivers of the output streams.
    pub result_ready: Pattern,
    /// See above.
    pub quantized_ready: Pattern,
    /// The register port's channels.
    pub write_address_valid: Pattern,
    /// See above.
    pub write_data_valid: Pattern,
    /// See above.
    pub write_response_ready: Pattern,
    /// See above.
    pub read_address_valid: Pattern,
    /// See above.
    pub read_data_ready: Pattern,
    /// The memory's channels.
    pub burst_address_ready: Pattern,
    /// See above.
    pub burst_data_valid: Pattern,
    /// The sender of jobs, where they come by stream.
    pub job_valid: Pattern,
}

impl Patterns {
    /// Random stalls on every port of a top with registers.
    pub fn random(random: &mut Random) -> Self {
        Self {
            weight_valid: stalls(random),
            activation_valid: stalls(random),
            vector_valid: stalls(random),
            result_ready: stalls(random),
            quantized_ready: stalls(random),
            write_address_valid: stalls(random),
            write_data_valid: stalls(random),
            write_response_ready: stalls(random),
            read_address_valid: stalls(random),
            read_data_ready: stalls(random),
            burst_address_ready: stalls(random),
            burst_data_valid: stalls(random),
            job_valid: vec![],
        }
    }

    /// Random stalls on every port of the core.
    pub fn random_of_core(random: &mut Random) -> Self {
        Self {
            job_valid: stalls(random),
            weight_valid: stalls(random),
            activation_valid: stalls(random),
            result_ready: stalls(random),
            ..Self::default()
        }
    }

    /// In the order in which `engine.cpp` reads them.
    pub(crate) fn all(&self) -> [&Pattern; 13] {
        [
            &self.weight_valid,
            &self.activation_valid,
            &self.vector_valid,
            &self.result_ready,
            &self.quantized_ready,
            &self.write_address_valid,
            &self.write_data_valid,
            &self.write_response_ready,
            &self.read_address_valid,
            &self.read_data_ready,
            &self.burst_address_ready,
            &self.burst_data_valid,
            &self.job_valid,
        ]
    }
}

/// Always willing, in 1 to 3 of 4 cycles, seldom, or long willing and long not, so that what is behind fills and empties.
fn stalls(random: &mut Random) -> Pattern {
    // Lengths without a common factor, so that patterns drift against one another.
    let length = 61 + random.below(40);
    let mut pattern: Pattern = match random.below(8) {
        0 | 1 => return vec![],
        2 => (0..length).map(|_| random.chance(8)).collect(),
        3 | 4 => {
            let mut level = true;
            (0..4 * length)
                .map(|_| {
                    level ^= random.chance(4);
                    level
                })
                .collect()
        }
        quarters => (0..length).map(|_| random.chance(25 * (quarters - 4))).collect(),
    };
    // Never willing would be forever.
    pattern.push(true);
    pattern
}
