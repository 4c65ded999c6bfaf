//! Energy.

pub mod events;
