//! Pins against keys.

mod cover_every_server;
mod host_matching;
mod sources_agree;
mod successor;
#[cfg(test)]
mod tests;
mod uploaded_set;
mod well_formed;

pub use cover_every_server::CoverEveryServer;
pub use host_matching::HostMatching;
pub use sources_agree::SourcesAgree;
pub use successor::Successor;
pub use uploaded_set::UploadedSet;
pub use well_formed::WellFormed;
