//! Names: asked of the operating system and of each named DNS server.

mod discovery_resolves;
mod names_resolve;
mod resolvers_agree;

pub use discovery_resolves::DiscoveryResolves;
pub use names_resolve::NamesResolve;
pub use resolvers_agree::ResolversAgree;
