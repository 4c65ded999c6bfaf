//! Model shapes.

mod shape;

pub use shape::{Activation, Shape, WeightFormat};
