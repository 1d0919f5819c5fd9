//! Where this user's programs keep what is theirs.

use std::path::PathBuf;

/// What has to be set for a home folder to be known.
pub(crate) const HOME: &str = "HOME";
/// What moves the folder of configurations.
pub(crate) const CONFIG: &str = "XDG_CONFIG_HOME";
/// Where the folder of states is, as a person is told.
pub(crate) const STATE: &str = "$XDG_STATE_HOME, or ~/.local/state";

/// The folder of configurations: as this variable says, else below this home.
pub(crate) fn config(
    variable: impl Fn(&str) -> Option<PathBuf>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    variable(CONFIG).or_else(|| Some(home?.join(".config")))
}

/// The folder of states.
pub(crate) fn state(
    variable: impl Fn(&str) -> Option<PathBuf>,
    home: Option<PathBuf>,
) -> Option<PathBuf> {
    variable("XDG_STATE_HOME").or_else(|| Some(home?.join(".local/state")))
}

/// The folders in which Poetry keeps its cache (<https://python-poetry.org/docs/configuration/#cache-dir>).
pub(crate) fn poetry_caches(variable: impl Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    let below = variable(HOME).into_iter().flat_map(|home| {
        [".cache/pypoetry", "Library/Caches/pypoetry"].map(|below| home.join(below))
    });
    variable("XDG_CACHE_HOME")
        .map(|cache| cache.join("pypoetry"))
        .into_iter()
        .chain(below)
        .collect()
}

/// The folders in which Pipenv keeps its environments.
pub(crate) fn pipenv_environments(variable: impl Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
    variable("XDG_DATA_HOME")
        .into_iter()
        .chain(variable(HOME).map(|home| home.join(".local/share")))
        .map(|data| data.join("virtualenvs"))
        .collect()
}
