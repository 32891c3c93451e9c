//! The cloud Trust Service and auto-discovery.

mod host_registry;

pub use host_registry::HostRegistry;
