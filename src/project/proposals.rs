//! What a front end asks for while it shows a proposed `neonup.toml`.

use crate::project::settings::Settings;

/// Proposes for the applications of a repository, and writes what is proposed. The error is a sentence for a person.
pub(crate) trait Proposals: Send + Sync {
    /// The settings for the application in this folder, relative to the root.
    fn of_folder(&self, dir: &str) -> Result<Settings, String>;
    /// Writes this text as the `neonup.toml` of these settings, and gives the settings with it. An existing file is never touched.
    fn write(&self, proposed: &Settings, text: &str) -> Result<Settings, String>;
}
