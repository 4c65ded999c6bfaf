//! trit_decoder.
