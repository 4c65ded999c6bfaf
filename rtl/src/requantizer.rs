//! requantizer.
