//! What a person has changed of an env file before it is written: kept for this run, shown like everything else, and written with it.

use crate::{
    core::{failure::Result, secret::Secret},
    domain::dotenv::{EnvEdit, EnvEdits, beyond_limit, editable, restored},
    engine::{
        context::Cx,
        env::{inspection::EnvInspection, values::stand_in},
    },
};

/// The text for an editor: what would be written to this file, with its secrets masked.
pub(crate) async fn text(cx: &Cx, file: &str) -> Result<Option<String>> {
    let inspection = EnvInspection::inspect(cx, stand_in).await?;
    let mut targets = inspection.targets.iter();
    let target = targets.find(|target| target.file == file);
    Ok(target.map(|target| editable(&target.wanted, &target.notes)))
}

/// Keeps what a person has made of the text until the next write. `false`: nothing differs. An error is a sentence for whoever can edit it again,
/// below one line that says it.
pub(crate) async fn keep(cx: &Cx, file: &str, edit: (&str, &str)) -> Result<bool, String> {
    let (base, edited) = edit;
    let inspection = EnvInspection::inspect(cx, stand_in).await;
    let inspection = inspection.map_err(|failure| failure.to_string())?;
    let mut targets = inspection.targets.iter();
    let changed = || format!("`{file}` has changed since the editor was opened");
    let target = targets
        .find(|target| target.file == file)
        .ok_or_else(changed)?;
    if editable(&target.wanted, &target.notes) != base {
        return Err(changed());
    }
    let bytes = restored(&target.wanted, &target.notes, edited)
        .map_err(|error| error.below(1).to_string())?;
    if bytes.contains(&0) {
        return Err("it contains a NUL byte, which no env file does".to_owned());
    }
    if let Some(limit) = beyond_limit(&bytes) {
        return Err(limit.to_string());
    }
    if bytes == target.wanted.bytes() {
        return Ok(false);
    }
    let edit = EnvEdit {
        base: base.to_owned(),
        text: Secret::new(edited),
    };
    cx.with_env_edits(|edits| edits.entry(file.to_owned()).or_default().push(edit));
    Ok(true)
}

/// Forgets what was edited: it is written, or something else is.
pub(super) fn forget(cx: &Cx) {
    cx.with_env_edits(EnvEdits::clear);
}
