//! The folders that a framework fills when the application is started: git has to ignore them before, or it would take them.

use serde_json::Value;

use crate::{
    core::{failure::Result, trust::CommandPurpose},
    domain::source::join,
    engine::{context::Cx, health::checks::startable, packages, trust},
};

/// What fills which folder beside its `package.json`.
const FILLED: &[(&str, &str)] = &[
    ("next", ".next"),
    ("nuxt", ".nuxt"),
    ("@sveltejs/kit", ".svelte-kit"),
    ("astro", ".astro"),
    ("@react-router/dev", ".react-router"),
];

/// Makes git ignore them, where the application may be started.
pub(super) async fn keep_out(cx: &Cx) -> Result<()> {
    let Some(backend) = startable(cx).filter(|_| trust::missing(cx, CommandPurpose::App).is_none())
    else {
        return Ok(());
    };
    let manifest = cx.settings.path(&join(&backend.dir, "package.json"));
    let text = cx.ports.files.read(&manifest).ok().flatten();
    let package = text.and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let Some(package) = package else {
        return Ok(());
    };
    for (name, folder) in FILLED {
        let has = |table: &str| package.get(table).and_then(|table| table.get(name));
        if has("dependencies")
            .or_else(|| has("devDependencies"))
            .is_some()
        {
            packages::keep_ignored(cx, &backend.dir, folder).await?;
        }
    }
    Ok(())
}
