//! weight_stream.
