//! What lies between the vantage and the servers, the firewall table left aside.

mod proxy;
mod reachable;

pub use proxy::Proxy;
pub use reachable::Reachable;
