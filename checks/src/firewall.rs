//! The guide's firewall table: one check a row, each judged from its own source alone.

mod console_to_discovery;
mod device_services_to_discovery;
mod devices_to_trust_service;
mod discovery_to_device_services;

pub use console_to_discovery::ConsoleToDiscovery;
pub use device_services_to_discovery::DeviceServicesToDiscovery;
pub use devices_to_trust_service::DevicesToTrustService;
pub use discovery_to_device_services::DiscoveryToDeviceServices;
