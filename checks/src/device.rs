//! What devices will do.

mod journey;

pub use journey::Journey;
