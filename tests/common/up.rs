//! A deployment that stays up while the binary asks it.

use pinflight_fixtures::{Running, Scenario, raise};

/// Ends when dropped.
pub struct Up {
    runtime: tokio::runtime::Runtime,
    /// There until it is dropped.
    pub running: Option<Running>,
    /// With the configuration of each vantage.
    pub folder: tempfile::TempDir,
}

impl Up {
    pub fn new(scenario: &Scenario) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let running = runtime.block_on(raise(scenario, folder.path())).unwrap();
        Self { runtime, running: Some(running), folder }
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}
