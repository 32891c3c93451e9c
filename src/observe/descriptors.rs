//! How many conversations this process can hold at once: where its file descriptors run out, a server must not be blamed.

use crate::platform;

/// What one conversation needs at most: A and AAAA side by side over TCP, each with a second handle for ICMP errors.
pub const EACH: u64 = 4;

/// What the process needs besides: standard streams, signals, the runtime, files, look-ups of the operating system.
pub const RESERVE: u64 = 32;

/// Fewer than were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// How many descriptors this process may have.
    pub limit: u64,
    /// How many conversations that is enough for.
    pub enough_for: usize,
    /// How many descriptors would be enough for as many as were asked for.
    pub needed: u64,
}

/// As many conversations as were asked for, or as there are descriptors for; at least one.
pub fn at_once(asked: usize) -> usize {
    shortage(asked).map_or(asked, |shortage| shortage.enough_for).max(1)
}

/// Whether the limit stays too low for so many, raised as far as this process may.
pub fn shortage(asked: usize) -> Option<Shortage> {
    let needed = u64::try_from(asked).unwrap_or(u64::MAX).saturating_mul(EACH).saturating_add(RESERVE);
    let limit = platform::descriptors(needed).filter(|limit| *limit < needed)?;
    let enough_for = usize::try_from(limit.saturating_sub(RESERVE) / EACH).unwrap_or(usize::MAX);
    Some(Shortage { limit, enough_for, needed })
}
