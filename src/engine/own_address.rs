//! An application whose code opens its database at an address of its own. It is not started, and neither are its commands: they would
//! reach that database, whoever's it is.

use crate::{
    core::{code::Code, finding::Finding},
    domain::source::decoded,
    engine::context::Cx,
    project::{
        detect::{self, OwnAddress},
        settings::EnvBasis,
    },
};

/// Finds the address that the code holds now. Where the env file is known to be read beside it, only one on another machine counts.
pub(super) fn find(cx: &Cx) -> Option<OwnAddress> {
    let settings = &cx.settings;
    let (dir, any) = match (&settings.env_basis, &settings.backend) {
        (EnvBasis::Fixed { dir, .. }, _) => (dir.as_str(), true),
        (_, Some(backend)) => (backend.dir.trim_matches('/'), false),
        (_, None) => ("", false),
    };
    let files = cx.ports.repository.project_files(&settings.root);
    let read = |path: &str| {
        let bytes = cx.ports.files.read(&settings.path(path)).ok()??;
        decoded(bytes)
    };
    detect::own_address(&files, &read, dir).filter(|own| any || own.foreign)
}

/// Whether the code still has the address that was found there when the program started.
pub(super) fn is_fixed(cx: &Cx) -> Option<OwnAddress> {
    matches!(cx.settings.env_basis, EnvBasis::Fixed { .. })
        .then(|| find(cx))
        .flatten()
}

/// Reports that the application was not started because of it.
pub(super) fn not_started(own: &OwnAddress) -> Finding {
    let file = &own.at.file;
    Finding::new(
        Code::HealthAppNotProved,
        format!("`{file}` connects to a hard-coded address, so the app wasn't started"),
    )
    .path(file)
    .line(own.at.line)
    .detail("a start would reach that database, and prove nothing about this project's")
    .hint(hint(own))
}

/// What a person does about it.
pub(super) fn hint(own: &OwnAddress) -> String {
    match &own.edit {
        Some(edit) => format!(
            "neonup setup --edit-code (changes {}, as `neonup setup backend --dry-run` shows)",
            edit.path
        ),
        None => format!(
            "make {} read its address from the environment, then run `neonup setup`",
            own.at.file
        ),
    }
}
