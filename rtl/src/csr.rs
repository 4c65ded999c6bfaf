//! csr.
