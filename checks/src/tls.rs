//! TLS itself: who is spoken to, and how.

mod interception;
#[cfg(test)]
mod tests;
pub(crate) mod versions;

pub use interception::Interception;
pub use versions::Versions;
