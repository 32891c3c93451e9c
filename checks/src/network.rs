//! What lies between the vantage and the servers, the firewall table left aside.

mod clock;
mod proxy;
mod reachable;

pub use clock::Clock;
pub use proxy::Proxy;
pub use reachable::Reachable;
