//! weight_stream, provisional.
use rust_hdl::prelude::*;

use crate::EngineParameters;
use crate::hdl::{Bank, Bus, Pack, Recast, ResetRegister, Wires};
use crate::stream_fifo::StreamFifo;
use crate::trit_decoder::TritDecoder;

/// Provisional.
#[derive(LogicBlock, Debug)]
#[allow(missing_docs)]
pub struct WeightStream {
    pub clock: Signal<In, Clock>,
    pub reset: Bus<In>,
    pub weight_valid: Bus<In>,
    pub weight_ready: Bus<Out>,
    pub weight_data: Pack<Bus<In>>,
    pub beat_valid: Bus<Out>,
    pub beat_ready: Bus<In>,
    pub beat_nonzero: Pack<Bus<Out>>,
    pub beat_negative: Pack<Bus<Out>>,
    pub taken: Bus<Out>,
    pub invalid: Bus<Out>,
    stream_fifo: StreamFifo,
    trit_decoder: Vec<TritDecoder>,
    nonzero: Pack<Pack<Bus<Local>>>,
    negative: Pack<Pack<Bus<Local>>>,
    invalid_codes: Pack<Bus<Local>>,
    any_invalid: Pack<Bus<Local>>,
    nonzero_register: Bank,
    negative_register: Bank,
    valid_register: ResetRegister,
    invalid_register: ResetRegister,
    ready: Bus<Local>,
    take: Bus<Local>,
    _last: usize,
}

impl WeightStream {
    /// Provisional.
    pub fn new(p: &EngineParameters) -> Self {
        let bytes = p.array.stream_bits as usize / 8;
        Self {
            clock: Signal::default(),
            reset: Bus::new(1),
            weight_valid: Bus::new(1),
            weight_ready: Bus::new(1),
            weight_data: Pack::new(bytes, 8),
            beat_valid: Bus::new(1),
            beat_ready: Bus::new(1),
            beat_nonzero: Pack::new(bytes * 5, 1),
            beat_negative: Pack::new(bytes * 5, 1),
            taken: Bus::new(1),
            invalid: Bus::new(1),
            stream_fifo: StreamFifo::new(p.fifo_beats as usize, bytes, 8),
            trit_decoder: (0..bytes).map(|_| TritDecoder::default()).collect(),
            nonzero: Pack::of(bytes, || Pack::new(5, 1)),
            negative: Pack::of(bytes, || Pack::new(5, 1)),
            invalid_codes: Pack::new(bytes, 1),
            any_invalid: Pack::new(1, bytes),
            nonzero_register: Bank::new(bytes * 5, 1),
            negative_register: Bank::new(bytes * 5, 1),
            valid_register: ResetRegister::new(1),
            invalid_register: ResetRegister::new(1),
            ready: Bus::new(1),
            take: Bus::new(1),
            _last: bytes - 1,
        }
    }
}

impl Logic for WeightStream {
    #[hdl_gen]
    fn update(&mut self) {
        clock!(
            self,
            clock,
            stream_fifo,
            nonzero_register,
            negative_register,
            valid_register,
            invalid_register
        );
        self.stream_fifo.reset.next = self.reset.val();
        self.valid_register.reset.next = self.reset.val();
        self.invalid_register.reset.next = self.reset.val();
        self.stream_fifo.input_valid.next = self.weight_valid.val();
        self.weight_ready.next = self.stream_fifo.input_ready.val();
        Wires::join(&mut self.weight_data, &mut self.stream_fifo.input_data);
        self.ready.next = !self.valid_register.q.val() | self.beat_ready.val();
        self.take.next = self.stream_fifo.output_valid.val() & self.ready.val();
        self.stream_fifo.output_ready.next = self.ready.val();
        self.taken.next = self.take.val();
        for i in 0..self.trit_decoder.len() {
            self.trit_decoder[i].code.next = self.stream_fifo.output_data[i].val();
            Wires::join(&mut self.trit_decoder[i].nonzero, &mut self.nonzero[i]);
            Wires::join(&mut self.trit_decoder[i].negative, &mut self.negative[i]);
            self.invalid_codes[i].next = self.trit_decoder[i].invalid.val();
        }
        Recast::join(&mut self.invalid_codes, &mut self.any_invalid);
        self.nonzero_register.enable.next = self.take.val();
        self.negative_register.enable.next = self.take.val();
        Recast::join(&mut self.nonzero, &mut self.nonzero_register.d);
        Recast::join(&mut self.negative, &mut self.negative_register.d);
        Wires::join(&mut self.nonzero_register.q, &mut self.beat_nonzero);
        Wires::join(&mut self.negative_register.q, &mut self.beat_negative);
        self.valid_register.enable.next = self.ready.val();
        self.valid_register.d.next = self.stream_fifo.output_valid.val();
        self.beat_valid.next = self.valid_register.q.val();
        self.invalid_register.enable.next = true.into();
        self.invalid_register.d.next = self.take.val() & (self.any_invalid[0].val() != 0).into();
        self.invalid.next = self.invalid_register.q.val();
    }
}
