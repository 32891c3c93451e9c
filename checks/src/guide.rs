//! The guide's own list: its steps, and what only a person can confirm.

mod by_hand;
mod steps;

pub use by_hand::ByHand;
pub use steps::{Confirmation, STEPS, confirmations};
