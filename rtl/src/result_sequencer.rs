//! result_sequencer.
