//! Where this user's programs keep what is theirs.

use std::path::PathBuf;

/// What has to be set for a home folder to be known.
pub(crate) const HOME: &str = "USERPROFILE";
/// What moves the folder of configurations.
pub(crate) const CONFIG: &str = "APPDATA";
/// Where the folder of states is, as a person is told.
pub(crate) const STATE: &str = "%LOCALAPPDATA%";

/// The folder of configurations: as this variable says, else below this home.
pub(crate) fn config(
    variable: impl Fn(&str) -> Option<PathBuf>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    variable(CONFIG).or_else(|| Some(home?.join(r"AppData\Roaming")))
}

/// The folder of states.
pub(crate) fn state(
    variable: impl Fn(&str) -> Option<PathBuf>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    variable("LOCALAPPDATA").or_else(|| Some(home?.join(r"AppData\Local")))
}

/// The folders in which Poetry keeps its cache (<https://python-poetry.org/docs/configuration/#cache-dir>).
pub(crate) fn poetry_caches(variable: impl Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    variable("LOCALAPPDATA")
        .map(|local| local.join(r"pypoetry\Cache"))
        .into_iter()
        .collect()
}

/// The folders in which Pipenv keeps its environments.
pub(crate) fn pipenv_environments(variable: impl Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    variable(HOME)
        .map(|home| home.join(".virtualenvs"))
        .into_iter()
        .collect()
}
