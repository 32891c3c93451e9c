//! Pins against keys.

mod cover_every_server;
mod sources_agree;
mod well_formed;

pub use cover_every_server::CoverEveryServer;
pub use sources_agree::SourcesAgree;
pub use well_formed::WellFormed;
