//! stream_fifo.
