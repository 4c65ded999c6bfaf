//! stream_register.
