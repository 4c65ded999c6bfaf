//! ternary_engine_axi.
