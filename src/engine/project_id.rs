//! The id of the project, from a flag or from `neonup.toml`.

use crate::{engine::context::Cx, project::config::Config};

/// Reads `neonup.toml` as it is now; `None` where it doesn't exist or can't be read.
fn config(cx: &Cx) -> Option<Config> {
    let bytes = cx.ports.files.read(&cx.settings.config_file).ok()??;
    Config::parse(std::str::from_utf8(&bytes).ok()?).ok()
}

/// The id that `neonup.toml` holds now: an earlier apply of this process may have written it.
pub(super) fn recorded(cx: &Cx) -> Option<String> {
    config(cx)?.project.id
}

/// The id of the right project: the flag's, else the recorded one. The id recorded at the start counts only where nothing can be
/// read now, since it may have been removed.
pub(super) fn known(cx: &Cx) -> Option<String> {
    let flag = cx.settings.flags.project.clone();
    flag.or_else(|| match config(cx) {
        Some(config) => config.project.id,
        None => cx.settings.project.id.clone(),
    })
}
