//! ternary_engine.
