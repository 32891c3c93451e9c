//! What lies between the vantage and the servers, the firewall table left aside.

mod address_families;
mod clock;
mod proxy;
mod reachable;

pub use address_families::AddressFamilies;
pub use clock::Clock;
pub use proxy::Proxy;
pub use reachable::Reachable;
