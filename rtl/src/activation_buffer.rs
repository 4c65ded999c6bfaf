//! activation_buffer.
