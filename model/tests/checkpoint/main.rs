//! Checkpoints: those that the framework's own tools wrote, and those that are damaged.

mod fixtures;
mod hostile;
mod image;
mod mutation;
