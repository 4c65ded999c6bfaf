//! result_buffer.
