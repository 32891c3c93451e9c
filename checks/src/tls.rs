//! TLS itself: who is spoken to, and how.

mod interception;
#[cfg(test)]
mod tests;

pub use interception::Interception;
