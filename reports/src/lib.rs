//! Turns results into what people and programs read: a table for the terminal, JSON, CSV and charts, and files that
//! are whole or absent, all or none. The JSON document's keys are in this crate's README.
//!
//! Does not: simulate, price, or decide what to show where; it divides by tokens and adds up shares, no more.

mod chart;
mod csv;
mod error;
mod file;
mod grid;
mod json;
mod machine;
mod operators;
mod paper;
mod printable;
mod profile;
mod sensitivity;
mod sweep;
mod table;
mod units;

#[cfg(test)]
mod example;

pub use chart::{
    Chart, GrowthSeries, ScaleSeries, conventions_chart, energy_chart, growth_chart, measured_chart,
    paper_chart, scale_chart, size_chart, tornado_chart,
};
pub use csv::{csv, energy_csv, operators_csv};
pub use error::Error;
pub use file::Staged;
pub use grid::Grid;
pub use json::json;
pub use paper::{paper_csv, paper_table};
pub use printable::printable;
pub use profile::profile;
pub use sensitivity::{sensitivity_csv, sensitivity_table};
pub use sweep::sweep_table;
pub use table::table;
