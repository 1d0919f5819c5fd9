//! What a front end asks for while it shows a proposed `neonup.toml`.

use crate::project::settings::Settings;

/// Proposes for the applications of a repository, writes what is proposed, and changes the file that exists. The error is a sentence for a
/// person.
pub(crate) trait Proposals: Send + Sync {
    /// The settings for the application in this folder, relative to the root.
    fn of_folder(&self, dir: &str) -> Result<Settings, String>;
    /// Writes this text as the `neonup.toml` of these settings, and gives the settings with it. An existing file is never touched.
    fn write(&self, proposed: &Settings, text: &str) -> Result<Settings, String>;
    /// Reads the `neonup.toml` of these settings.
    fn read(&self, present: &Settings) -> Result<String, String>;
    /// Writes this text in place of the `neonup.toml` of these settings, if that still is `before`, and gives the settings with it.
    fn replace(&self, present: &Settings, before: &str, text: &str) -> Result<Settings, String>;
}
