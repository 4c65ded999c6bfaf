//! weight_fetch.
