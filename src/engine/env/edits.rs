//! What a person has changed of an env file before it is written: kept for this run, shown like everything else, and written with it.

use crate::{
    core::{
        code::Code,
        failure::{Failure, Result},
        secret::Secret,
    },
    domain::dotenv::{EnvEdit, MaskedChange, beyond_limit, editable, restored},
    engine::{
        context::Cx,
        env::{
            inspection::{EditState, EnvInspection},
            values::stand_in,
        },
    },
    ports::editor::EditRefusal,
};

/// The text for an editor: what would be written to this file, with its secrets masked.
pub(crate) async fn text(cx: &Cx, file: &str) -> Result<Option<String>> {
    let inspection = EnvInspection::inspect(cx, stand_in).await?;
    let mut targets = inspection.targets.iter();
    let Some(target) = targets.find(|target| target.file == file) else {
        return Ok(None);
    };
    if target.edit == EditState::Dropped {
        // told by this, so that the next editor begins with what is there now
        drop_all(cx, &[file]);
        return Err(dropped(file));
    }
    Ok(Some(editable(&target.wanted, &target.notes)))
}

/// Keeps what a person has made of the text until the next write. `false`: nothing differs. A sentence about the text is for the line above it.
pub(crate) async fn keep(cx: &Cx, file: &str, edit: (&str, &str)) -> Result<bool, EditRefusal> {
    let (base, edited) = edit;
    let inspection = EnvInspection::inspect(cx, stand_in).await;
    let inspection = inspection.map_err(|failure| EditRefusal::Given(failure.to_string()))?;
    let mut targets = inspection.targets.iter();
    let target = targets
        .find(|target| target.file == file)
        .filter(|target| editable(&target.wanted, &target.notes) == base)
        .ok_or_else(|| {
            EditRefusal::Given(format!("`{file}` has changed since the editor was opened"))
        })?;
    let again = |why: String| EditRefusal::Again(why);
    let bytes = restored(&target.wanted, &target.notes, edited)
        .map_err(|MaskedChange(line)| again(MaskedChange(line + 1).to_string()))?;
    if bytes.contains(&0) {
        let why = "it contains a NUL byte, which no env file does";
        return Err(again(why.to_owned()));
    }
    if let Some(limit) = beyond_limit(&bytes) {
        return Err(again(limit.to_string()));
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

/// Forgets what was edited, and says of which files: it is written, or something else is.
pub(super) fn forget(cx: &Cx) -> Vec<String> {
    cx.with_env_edits(|edits| std::mem::take(edits).into_keys().collect())
}

/// Forgets the edits of these files, which is told.
pub(super) fn drop_all(cx: &Cx, files: &[&str]) {
    cx.with_env_edits(|edits| edits.retain(|file, _| !files.contains(&file.as_str())));
}

/// An edit doesn't fit what would be written now, so that nothing is.
pub(super) fn dropped(file: &str) -> Failure {
    Failure::new(
        Code::EnvEdited,
        format!("your changes to `{file}` no longer fit, so nothing was written"),
    )
    .why("the file, or what neonup would write to it, changed after you edited it")
    .hint("check what would be written now, and edit it again")
}
