//! Matrix jobs in, results of tokens out: everything that stands between the streams and the array.
//!
//! ```text
//!                  +---------------+
//!   job_*       ==>|               |==> values_data
//!   weight_*     =>|  matrix_unit  |--> values_valid, values_ready
//!   activation_* =>|               |<-- last_group
//!   reset       -->+------/\-------+--> what happens
//! ```
//!
//! | port | direction | width | meaning |
//! |---|---|---|---|
//! | `clock`, `reset` | in | 1, 1 | rising edge; synchronous, drops everything under way |
//! | `job_valid`, `job_ready` | in, out | 1, 1 | handshake of a job |
//! | `job_n`, `job_k`, `job_tokens`, `job_keep` | in | 21, 24, 11, 1 | its sizes, in range, and whether its activations stay |
//! | `weight_valid`, `weight_ready`, `weight_data` | in, out, in | 1, 1, STREAM_BITS / 8 x 8 | a beat of the weight image |
//! | `activation_valid`, `activation_ready`, `activation_data` | in, out, in | 1, 1, ACTIVATION_BITS / 8 x 8 | a beat of activations |
//! | `values_valid`, `values_ready` | out, in | 1, 1 | handshake of a group of results |
//! | `values_data` | out | RESULT_LANES x ACC_BITS | the group |
//! | `last_group` | in | 1 | it is the last that is wanted of its token's in this tile |
//! | `weight_taken` | out | 1 | a beat leaves the weight FIFO for a tile |
//! | `invalid_code` | out | 1 | a beat had a byte that is no code |
//! | `overflow` | out | 1 | a job waits for a word of activations that cannot come |
//! | `issued` | out | 1 | a token enters the array |
//! | `weight_starved`, `activation_starved`, `output_blocked` | out | 1, 1, 1 | why none does |
//!
//! Parameters: [`EngineParameters`]. Latencies: those of the blocks, [`contract::latency`]. Golden: `contract::dot`.
//!
//! The readies of weights and activations, and `values_valid`, are registers; `values_data` comes from registers through
//! log2(groups) multiplexers. `job_ready` depends on no input.
//!
//! Does not: count results, or check a job.

use rust_hdl::prelude::*;

use crate::activation_buffer::ActivationBuffer;
use crate::controller::Controller;
use crate::hdl::{Bus, Pack, Recast, Wires};
use crate::job_registers::{K_BITS, N_BITS, TOKENS_BITS};
use crate::mac_array::MacArray;
use crate::result_buffer::ResultBuffer;
use crate::weight_stream::WeightStream;
use crate::{EngineParameters, Error};

/// Buffers, array, and the walk through a job.
#[derive(LogicBlock, Debug)]
pub struct MatrixUnit {
    /// Rising edge.
    pub clock: Signal<In, Clock>,
    /// Drops everything under way.
    pub reset: Bus<In>,
    /// A job is offered.
    pub job_valid: Bus<In>,
    /// The job is taken.
    pub job_ready: Bus<Out>,
    /// Outputs.
    pub job_n: Bus<In>,
    /// Inputs.
    pub job_k: Bus<In>,
    /// Tokens.
    pub job_tokens: Bus<In>,
    /// Its activations stay for the next job.
    pub job_keep: Bus<In>,
    /// A beat of weights is offered.
    pub weight_valid: Bus<In>,
    /// It is taken.
    pub weight_ready: Bus<Out>,
    /// The beat.
    pub weight_data: Pack<Bus<In>>,
    /// A beat of activations is offered.
    pub activation_valid: Bus<In>,
    /// It is taken.
    pub activation_ready: Bus<Out>,
    /// The beat.
    pub activation_data: Pack<Bus<In>>,
    /// A group of results is offered.
    pub values_valid: Bus<Out>,
    /// The group is taken.
    pub values_ready: Bus<In>,
    /// The group.
    pub values_data: Pack<Bus<Out>>,
    /// It is the last of its token that is wanted.
    pub last_group: Bus<In>,
    /// A beat leaves the weight FIFO for a tile.
    pub weight_taken: Bus<Out>,
    /// A byte is no code.
    pub invalid_code: Bus<Out>,
    /// The word that is wanted cannot come.
    pub overflow: Bus<Out>,
    /// A token enters the array.
    pub issued: Bus<Out>,
    /// A token waits for a tile.
    pub weight_starved: Bus<Out>,
    /// A job is under way and no token is at the array.
    pub activation_starved: Bus<Out>,
    /// A token and a tile wait for room for a result.
    pub output_blocked: Bus<Out>,
    controller: Controller,
    activation_buffer: ActivationBuffer,
    weight_stream: WeightStream,
    mac_array: MacArray,
    result_buffer: ResultBuffer,
    offered: Bus<Local>,
    issue: Bus<Local>,
    taken: Bus<Local>,
}

impl MatrixUnit {
    /// The unit of the engine that `parameters` describe.
    ///
    /// # Errors
    ///
    /// A size outside its range.
    pub fn new(parameters: &EngineParameters) -> Result<Self, Error> {
        parameters.validate()?;
        let array = &parameters.array;
        Ok(Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            job_valid: Bus::new(1),
            job_ready: Bus::new(1),
            job_n: Bus::new(N_BITS),
            job_k: Bus::new(K_BITS),
            job_tokens: Bus::new(TOKENS_BITS),
            job_keep: Bus::new(1),
            weight_valid: Bus::new(1),
            weight_ready: Bus::new(1),
            weight_data: Pack::new(array.stream_bits as usize / 8, 8),
            activation_valid: Bus::new(1),
            activation_ready: Bus::new(1),
            activation_data: Pack::new(parameters.activation_bits as usize / 8, 8),
            values_valid: Bus::new(1),
            values_ready: Bus::new(1),
            values_data: Pack::new(parameters.result_lanes as usize, array.acc_bits as usize),
            last_group: Bus::new(1),
            weight_taken: Bus::new(1),
            invalid_code: Bus::new(1),
            overflow: Bus::new(1),
            issued: Bus::new(1),
            weight_starved: Bus::new(1),
            activation_starved: Bus::new(1),
            output_blocked: Bus::new(1),
            controller: Controller::new(array),
            activation_buffer: ActivationBuffer::new(parameters),
            weight_stream: WeightStream::new(parameters),
            mac_array: MacArray::new(array)?,
            result_buffer: ResultBuffer::new(parameters),
            offered: Bus::new(1),
            issue: Bus::new(1),
            taken: Bus::new(1),
        })
    }
}

impl Logic for MatrixUnit {
    #[hdl_gen]
    fn update(&mut self) {
        comment!("Matrix jobs in, results of tokens out.");
        clock!(self, clock, controller, activation_buffer, weight_stream, mac_array, result_buffer);
        self.controller.reset.next = self.reset.val();
        self.activation_buffer.reset.next = self.reset.val();
        self.weight_stream.reset.next = self.reset.val();
        self.mac_array.reset.next = self.reset.val();
        self.result_buffer.reset.next = self.reset.val();

        self.controller.job_valid.next = self.job_valid.val();
        self.job_ready.next = self.controller.job_ready.val();
        self.controller.job_n.next = self.job_n.val();
        self.controller.job_k.next = self.job_k.val();
        self.controller.job_tokens.next = self.job_tokens.val();
        self.controller.job_keep.next = self.job_keep.val();

        // Activations.
        self.activation_buffer.activation_valid.next = self.activation_valid.val();
        self.activation_ready.next = self.activation_buffer.activation_ready.val();
        Wires::join(&mut self.activation_data, &mut self.activation_buffer.activation_data);
        self.activation_buffer.word_ready.next =
            self.controller.active.val() & self.mac_array.activation_ready.val();
        self.activation_buffer.word_free.next = self.controller.free.val();
        self.activation_buffer.word_rewind.next = self.controller.rewind.val();
        self.activation_buffer.wanted.next = self.controller.active.val();
        self.overflow.next = self.activation_buffer.stuck.val();

        // Weights.
        self.weight_stream.weight_valid.next = self.weight_valid.val();
        self.weight_ready.next = self.weight_stream.weight_ready.val();
        Wires::join(&mut self.weight_data, &mut self.weight_stream.weight_data);
        self.taken.next = self.weight_stream.beat_valid.val() & self.mac_array.weight_ready.val();
        self.weight_taken.next = self.taken.val();
        self.mac_array.weight_valid.next = self.weight_stream.beat_valid.val();
        self.weight_stream.beat_ready.next = self.mac_array.weight_ready.val();
        Recast::join(&mut self.weight_stream.beat_zero, &mut self.mac_array.weight_zero);
        Recast::join(&mut self.weight_stream.beat_sign, &mut self.mac_array.weight_sign);
        self.invalid_code.next = self.weight_stream.invalid.val();

        // The array.
        self.offered.next = self.controller.active.val() & self.activation_buffer.word_valid.val();
        self.issue.next = self.offered.val() & self.mac_array.activation_ready.val();
        self.controller.step.next = self.issue.val();
        self.mac_array.activation_valid.next = self.offered.val();
        Wires::join(&mut self.activation_buffer.word_data, &mut self.mac_array.activation_data);
        self.mac_array.activation_slot.next = self.controller.slot.val();
        self.mac_array.activation_first.next = self.controller.first.val();
        self.mac_array.activation_last.next = self.controller.last.val();
        self.mac_array.activation_release.next = self.controller.release_tile.val();
        self.mac_array.result_room.next = self.result_buffer.room.val();

        // Results.
        self.result_buffer.reserve.next = self.issue.val() & self.controller.last.val();
        self.result_buffer.write.next = self.mac_array.result_valid.val();
        Wires::join(&mut self.mac_array.result_data, &mut self.result_buffer.write_data);
        self.values_valid.next = self.result_buffer.values_valid.val();
        self.result_buffer.values_ready.next = self.values_ready.val();
        self.result_buffer.last_group.next = self.last_group.val();
        Wires::join(&mut self.result_buffer.values_data, &mut self.values_data);

        // What happens in this cycle.
        self.issued.next = self.issue.val();
        self.weight_starved.next = self.offered.val() & !self.mac_array.tile_held.val();
        self.output_blocked.next =
            self.offered.val() & self.mac_array.tile_held.val() & !self.mac_array.activation_ready.val();
        self.activation_starved.next =
            self.controller.active.val() & !self.activation_buffer.word_valid.val();
    }
}
